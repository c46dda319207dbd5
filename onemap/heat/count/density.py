"""The incident surface in the database: one row for each counted incident, exactly as the change log stands.

`heat_event` is what is counted, `heat_change` how that changed, in the same transaction: whoever keeps sums of it in
memory reads which changes became visible since it last looked, and adds them up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from onemap.heat.ask import SEVERITY_WEIGHTS, Ask
from onemap.heat.count.rollup import Event, event_of
from onemap.heat.ring import smooth as smoothed
from onemap.heat.surface import FINEST
from onemap.heat.window import Box, HeatCells, at_hour, heat_cells, inside, radius_m, ranges, widened
from onemap.store import changelog
from onemap.store.db import Connection
from onemap.store.sqlfile import sql

SURFACE, CONSUMER, LAYER = "incidents", "heat", "incident"
#: The rule by which incidents are counted; a database counted by another one is counted anew.
VERSION = 2
_CHUNK = 5000


def follow(conn: Connection, *, limit: int = 5000) -> int:
    """Bring what is counted up to the change log, in one transaction with the position; returns changes seen.

    Each changed incident is read as it stands and compared with what was counted of it. So late data, updates, deletes,
    several changes at once and the same change again all end in the exact count. What was counted by an older rule is
    counted anew first.
    """
    with conn.transaction():
        position = changelog.consumer_position(conn, CONSUMER)
        if not _counted_by_this_rule(conn):
            return max(1, rebuild(conn))
        changes = changelog.read(conn, position, limit=limit)
        if not changes:
            return 0
        fids = sorted({change.fid for change in changes if change.layer == LAYER and change.fid is not None})
        if fids and (moved := count(conn, fids)):
            changelog.log_event(conn, f"heat.{SURFACE}", SURFACE, {"surface": SURFACE, "events": moved})
        changelog.advance(conn, CONSUMER, changes[-1].position)
        return len(changes)


def count_early(conn: Connection) -> int:
    """Count also what was committed while an older transaction is still open; returns how many incidents differ.

    The log's final order waits for the older one. Counting compares, so doing it again later changes nothing.
    """
    with conn.transaction():
        position = changelog.consumer_position(conn, CONSUMER)  # its lock keeps other counters away
        rows = conn.execute(sql("heat_early"), {"xid": position.xid, "seq": position.seq}).fetchall()
        moved = count(conn, [row["fid"] for row in rows]) if rows else 0
        if moved:
            changelog.log_event(conn, f"heat.{SURFACE}", SURFACE, {"surface": SURFACE, "events": moved})
        return moved


def _counted_by_this_rule(conn: Connection) -> bool:
    row = conn.execute("SELECT version FROM heat_state WHERE surface = %s", (SURFACE,)).fetchone()
    return row is not None and row["version"] == VERSION


def count(conn: Connection, fids: Sequence[int]) -> int:
    """Count these incidents as they stand now instead of as they were counted; returns how many of them differ."""
    now = _as_they_stand(conn, fids)
    rows = conn.execute(sql("heat_events"), {"surface": SURFACE, "fids": list(fids)}).fetchall()
    was = {row["fid"]: Event(**row) for row in rows}
    differing = sorted(fid for fid in now.keys() | was.keys() if now.get(fid) != was.get(fid))
    if not differing:
        return 0
    gone = [fid for fid in differing if fid not in now]
    if gone:
        conn.execute("DELETE FROM heat_event WHERE surface = %s AND fid = ANY(%s)", (SURFACE, gone))
    removed = [was[fid] for fid in differing if fid in was]
    added = [now[fid] for fid in differing if fid in now]
    if added:
        conn.execute(sql("heat_events_write"), _columns(added))
    signed = _columns([*removed, *added])
    signed["ns"] = [-event.n for event in removed] + [event.n for event in added]
    conn.execute(sql("heat_change_write"), signed)
    return len(differing)


def _as_they_stand(conn: Connection, fids: Sequence[int]) -> dict[int, Event]:
    rows = conn.execute(sql("heat_incidents"), {"fids": list(fids)}).fetchall()
    return {
        row["id"]: event_of(
            row["id"], row["h3"], row["at"], row["kind"], row["code"], row["source"], row["severity"]
        )
        for row in rows
    }  # fmt: skip


def _columns(events: Sequence[Event]) -> dict[str, Any]:
    return {
        "surface": SURFACE,
        "fids": [event.fid for event in events],
        "cells": [event.cell for event in events],
        "hours": [event.hour for event in events],
        "categories": [event.category for event in events],
        "sources": [event.source for event in events],
        "severities": [event.severity for event in events],
        "ns": [event.n for event in events],
    }


def rebuild(conn: Connection) -> int:
    """Count everything anew; returns how many incidents there are. Ends in the same rows as `follow`.

    Its changes are not written one by one: a new epoch tells followers to load anew.
    """
    with conn.transaction():
        changelog.consumer_position(conn, CONSUMER)  # its lock keeps the follower away
        conn.execute("DELETE FROM heat_event WHERE surface = %s", (SURFACE,))
        fids = [row["id"] for row in conn.execute("SELECT id FROM incident ORDER BY id").fetchall()]
        for start in range(0, len(fids), _CHUNK):
            standing = _as_they_stand(conn, fids[start : start + _CHUNK])
            conn.execute(sql("heat_events_write"), _columns(list(standing.values())))
        conn.execute(sql("heat_epoch"), {"surface": SURFACE, "version": VERSION})
        changelog.log_event(conn, f"heat.{SURFACE}", SURFACE, {"surface": SURFACE, "events": len(fids)})
        return len(fids)


def cells(conn: Connection, ask: Ask, res: int, box: Box | None) -> HeatCells:
    """The sum of the window in every cell at `res` that touches the box, spread over `smooth` rings, by SQL alone."""
    asked = parameters(ask)
    if asked is None:
        return heat_cells([])
    # What lies up to `smooth` rings outside the box is spread into it; a ring is two inner radii wide.
    spans = ranges(widened(box, 2.0 * ask.smooth * radius_m(res)), res, FINEST) if box else None
    lo, hi = spans or ([0], [2**63 - 1])
    rows = conn.execute(sql("heat_cells"), {**asked, "res": res, "lo": lo, "hi": hi}).fetchall()
    found = heat_cells(rows)
    if ask.smooth:
        found = HeatCells(*smoothed(found.cells, found.values, ask.smooth))
    return inside(found, box, res) if box else found


def parameters(ask: Ask) -> dict[str, Any] | None:
    """The parameters of a question; None when its window holds no hour."""
    hours = ask.hours()
    if not len(hours):
        return None
    return {
        "surface": ask.surface,
        "from": at_hour(hours[0, 0]),
        "to": at_hour(hours[-1, 1]),
        "starts": [at_hour(hour) for hour in hours[:, 0]],
        "ends": [at_hour(hour) for hour in hours[:, 1]],
        "last": int(hours[-1, 1]) - 1,
        "half_life": ask.half_life_h,
        "weights": list(SEVERITY_WEIGHTS if ask.weight == "severity" else (1.0,) * 5),
        "categories": list(ask.categories) or None,
        "sources": list(ask.sources) or None,
        "severities": list(ask.severities) or None,
    }
