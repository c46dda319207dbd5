"""Writing what the engine decided: states, last believed fixes, events, and what warnings hear of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from onemap.fences import machine, service
from onemap.fences.absence import Absence
from onemap.fences.crew import Crew, Result
from onemap.fences.engine import ENDED
from onemap.fences.memory import BECAUSE, Array
from onemap.store import changelog
from onemap.store.db import Connection
from onemap.store.sqlfile import sql

#: Events of one step that go out live one by one; a screen that gets more is told how many more there are.
MAX_LIVE = 200
LIVE = "fence_event"


@dataclass(frozen=True)
class Happening:
    """An event of a fence that warns. `warn`: it is among those that raise; `kind` may be one that is never written."""

    event_id: int | None
    fence_id: int
    kind: str
    at: datetime | None
    mover_key: str | None
    mover_name: str | None
    warn: bool
    stale: bool
    told: dict[str, Any] | None


def write(
    conn: Connection,
    crew: Crew,
    result: Result,
    at: datetime,
    warn: Callable[[Connection, Sequence[Happening]], dict[int, str]] | None,
    stale_s: float,
) -> int:
    """Write a step's result in the caller's transaction; returns how many events were written."""
    _moves(conn, result.moves)
    _tracks(conn, crew)
    _ground(conn, result)
    events = result.events
    chosen = np.flatnonzero(events["write"])
    ids = np.full(len(events), -1, np.int64)
    if len(chosen):
        ids[chosen] = [row["id"] for row in conn.execute(sql("fence_event_write"), _columns(events[chosen])).fetchall()]
    absent = _absences(conn, result.absences, crew)
    told = np.flatnonzero(events["tells"])
    wanted = {int(one) for one in (*ids[chosen[:MAX_LIVE]], *ids[told]) if one >= 0} | {one[0] for one in absent}
    found = conn.execute(sql("fence_event_some"), {"ids": sorted(wanted)}).fetchall() if wanted else []
    rows = {row["id"]: row for row in found}
    if warn is not None:
        said = [_happening(events[i], int(ids[i]), rows, crew, at, stale_s) for i in told.tolist()]
        said += [_absent(rows[eid], fid, who, warns=warns) for eid, fid, who, warns in absent]
        if said:
            for eid, key in warn(conn, said).items():
                rows[eid]["warning_key"] = key
                conn.execute("UPDATE fence_event SET warning_key = %s WHERE id = %s", (key, eid))
    live = [(str(rows[eid]["fence_key"]), _note(rows[eid])) for eid in sorted(rows)[:MAX_LIVE]]
    count = len(chosen) + len(absent)
    if count > len(live) and live:
        live.append((live[-1][0], {"more": count - len(live)}))
    if live:
        changelog.log_events(conn, LIVE, live)
    return count


def _moves(conn: Connection, moves: Array) -> None:
    if not len(moves):
        return
    # The last word on each pair.
    order = np.lexsort((np.arange(len(moves)), moves["mover"], moves["fence"]))
    ranked = moves[order]
    last = np.ones(len(ranked), bool)
    last[:-1] = (ranked["fence"][1:] != ranked["fence"][:-1]) | (ranked["mover"][1:] != ranked["mover"][:-1])
    ranked = ranked[last]
    held, gone = ranked[ranked["state"] != 0], ranked[ranked["state"] == 0]
    if len(gone):
        conn.execute(sql("fence_state_drop"), {"fences": gone["fence"].tolist(), "movers": gone["mover"].tolist()})
    if len(held):
        conn.execute(
            sql("fence_state_write"),
            {
                "fences": held["fence"].tolist(), "movers": held["mover"].tolist(), "states": held["state"].tolist(),
                "sinces": held["since_s"].tolist(),
            },
        )  # fmt: skip


def _tracks(conn: Connection, crew: Crew) -> None:
    engine = crew.engine
    for c, limit in enumerate(engine.limits):
        slots = np.flatnonzero(engine.tracks[c]["moved"])
        slots = slots[np.isfinite(engine.tracks[c]["at_s"][slots])]
        if not len(slots):
            continue
        tracks = engine.tracks[c][slots]
        conn.execute(
            sql("fence_mover_write"),
            {
                "limit": limit, "movers": engine.mover_ids[slots].tolist(), "takens": engine.taken[slots].tolist(),
                "ats": tracks["at_s"].tolist(), "lons": tracks["lon"].tolist(), "lats": tracks["lat"].tolist(),
                "alts": tracks["altitude_m"].tolist(), "accuracies": tracks["accuracy_m"].tolist(),
                "runs": tracks["run"].tolist(), "doubts": tracks["doubt_s"].tolist(),
                "doubt_lons": tracks["doubt_lon"].tolist(), "doubt_lats": tracks["doubt_lat"].tolist(),
                "doubt_accuracies": tracks["doubt_accuracy_m"].tolist(),
            },
        )  # fmt: skip
        # If this transaction fails, the follower forgets its memory and starts anew.
        engine.tracks[c]["moved"] = False


def _ground(conn: Connection, result: Result) -> None:
    for fid, (wkb, problem) in result.grounds.items():
        conn.execute(sql("fence_ground_write"), {"id": fid, "wkb": wkb, "problem": problem})
    for fid, stage in result.stages.items():
        if stage is None:
            conn.execute("DELETE FROM fence_life WHERE fence_id = %s", (fid,))
        else:
            conn.execute(
                "INSERT INTO fence_life VALUES (%s, %s) ON CONFLICT (fence_id) DO UPDATE SET stage = excluded.stage",
                (fid, stage),
            )
    if result.gone:
        conn.execute("DELETE FROM fence_state WHERE fence_id = ANY(%s)", (result.gone,))
        conn.execute("DELETE FROM fence_absence WHERE fence_id = ANY(%s)", (result.gone,))


def _columns(events: Array) -> dict[str, list[Any]]:
    return {
        "fences": events["fence"].tolist(), "movers": events["mover"].tolist(),
        "kinds": [machine.EVENT_NAMES[kind] for kind in events["kind"].tolist()], "ats": events["at_s"].tolist(),
        "lons": events["lon"].tolist(), "lats": events["lat"].tolist(), "ps": np.round(events["p"], 4).tolist(),
        "metres": np.round(events["distance_m"], 1).tolist(), "accuracies": events["accuracy_m"].tolist(),
        "values": events["value"].tolist(), "because": [BECAUSE[one] for one in events["because"].tolist()],
    }  # fmt: skip


def _absences(conn: Connection, absences: Sequence[Absence], crew: Crew) -> list[tuple[int, int, str, bool]]:
    """Write who is away; returns event id, fence, who and whether it warns of those to be told of now."""
    told = []
    for one in absences:
        said = crew.declared.get(one.fence)
        if said is None or said.due is None:
            continue
        params = {
            "fence": one.fence, "who": one.who, "window": one.window, "since": one.since, "told": one.told,
            "grace": said.due.grace_s, "team": one.who.partition(":")[2] if one.who.startswith("team:") else None,
            "mover": one.who.partition(":")[2] if one.who.startswith("mover:") else None,
        }  # fmt: skip
        fresh = conn.execute(sql("fence_absence_write"), params).fetchone()
        wanted = "absent_when_due" in said.events | said.warn_on
        if fresh is not None and fresh["tell"] and wanted:
            row = conn.execute(sql("fence_absence_event"), params).fetchone()
            if row is not None:
                told.append((row["id"], one.fence, one.who, "absent_when_due" in said.warn_on))
    return told


def _absent(row: dict[str, Any], fid: int, who: str, *, warns: bool) -> Happening:
    key, name = row["mover_key"] or who, row["mover_name"]
    return Happening(row["id"], fid, "absent_when_due", row["at"], key, name, warns, False, row)


def _happening(
    event: Any, eid: int, rows: dict[int, dict[str, Any]], crew: Crew, at: datetime, stale_s: float
) -> Happening:
    row = rows.get(eid)
    kind = "ended" if event["kind"] == ENDED else machine.EVENT_NAMES[event["kind"]]
    when = None if np.isnan(event["at_s"]) else datetime.fromtimestamp(float(event["at_s"]), at.tzinfo)
    mover = int(event["mover"])
    key = row["mover_key"] if row is not None else crew.key_of(mover)
    return Happening(
        eid if eid >= 0 else None, int(event["fence"]), kind, when, key, row["mover_name"] if row else None,
        bool(event["warn"]), when is not None and (at - when).total_seconds() > stale_s,
        row if row is not None else _bare(event, kind, when),
    )  # fmt: skip


def _bare(event: Any, kind: str, when: datetime | None) -> dict[str, Any]:
    """What is known of an event that is not written."""

    def number(name: str) -> float | None:
        value = float(event[name])
        return value if np.isfinite(value) else None

    return {
        "kind": kind, "at": when, "lon": number("lon"), "lat": number("lat"), "probability": number("p"),
        "distance_m": number("distance_m"), "accuracy_m": number("accuracy_m"), "value": number("value"),
        "because": BECAUSE[int(event["because"])],
    }  # fmt: skip


def _note(row: dict[str, Any]) -> dict[str, Any]:
    note = service.told(row)
    return {**note, "at": note["at"].isoformat()}
