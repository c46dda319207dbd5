"""Readings in, warnings out: thresholds evaluated and warnings raised, changed and ended in the ingest transaction."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from psycopg.types.json import Jsonb

from onemap.core.cell import cells_of
from onemap.core.clock import now
from onemap.core.geometry import representatives
from onemap.core.settings import CaseSettings
from onemap.store.db import Connection
from onemap.store.sqlfile import sql
from onemap.warnings import alerting, wording
from onemap.warnings.ledger import record
from onemap.warnings.threshold import State, Threshold, Transition, run

ACTOR = "system"

#: (reading time, value) in time order.
Points = list[tuple[datetime, float]]


@dataclass(frozen=True, slots=True)
class Reading:
    """One stored observation."""

    datastream_id: int
    datastream_key: str
    at: datetime
    value: float


@dataclass(frozen=True, slots=True)
class Raised:
    """A threshold that is raised, with the reading that says so."""

    threshold: Threshold
    at: datetime
    value: float
    since: datetime


def evaluate(conn: Connection, readings: Sequence[Reading], clocks: CaseSettings) -> list[str]:
    """Take stored readings through their thresholds; return the keys of warnings raised, changed or ended.

    Call it once in the transaction that stored them: what it decides commits with its cause. The same readings again
    change nothing, nor do readings older than those already taken. Two transactions on one hazard point take turns.
    """
    series: dict[str, Points] = defaultdict(list)
    for reading in readings:
        series[reading.datastream_key].append((reading.at, reading.value))
    rules = _thresholds(conn, list(series))
    if not rules:
        return []
    for points in series.values():
        points.sort()
    firsts: dict[str, str] = {}
    for rule in rules:
        firsts.setdefault(rule.datastream_key, rule.key)
    states = _locked_states(conn, rules, firsts)
    moved: dict[str, State] = {}
    transitions: list[Transition] = []
    for rule in rules:
        before = states[rule.key]
        after, found = run(rule, before, series[rule.datastream_key])
        transitions += found
        # A threshold at rest is not written at each reading: the first of its datastream remembers how far they are.
        busy = found or (before and (before.raised or before.since)) or (after and after.since)
        if after is not None and after != before and (busy or firsts[rule.datastream_key] == rule.key):
            moved[rule.key] = after
    before_batch = _raised_now(conn, transitions) if transitions else {}
    if moved:
        _write_states(conn, moved)
    changed: dict[str, None] = {}
    for hazard, raised in before_batch.items():
        own = [transition for transition in transitions if transition.threshold.hazard_key == hazard]
        for key in _decide(conn, hazard, raised, own, series, clocks):
            changed[key] = None
    return list(changed)


def _thresholds(conn: Connection, datastreams: list[str]) -> list[Threshold]:
    rows = conn.execute(sql("warn_thresholds"), {"datastreams": datastreams}).fetchall()
    fresh = [row["key"] for row in rows if not row["known"]]
    if fresh:
        conn.execute(sql("warn_states_make"), {"keys": fresh})
    return [_threshold(row) for row in rows]


def _threshold(row: Mapping[str, Any]) -> Threshold:
    return Threshold(
        row["key"], row["datastream_key"], row["hazard_key"], row["level"], row["op"], row["enter"], row["leave"],
        row["hold_s"],
    )  # fmt: skip


def _locked_states(conn: Connection, rules: Sequence[Threshold], firsts: Mapping[str, str]) -> dict[str, State | None]:
    """The state of every threshold, none for those never evaluated, once it is our turn for their datastreams."""
    taken: dict[str, State] = {}
    for row in conn.execute(sql("warn_states_lock"), {"firsts": sorted(firsts.values())}).fetchall():
        if not math.isnan(row["last_value"]):
            taken[row["threshold_key"]] = State(row["last_at"], row["last_value"])
    resting: dict[str, State] = {stream: taken[first] for stream, first in firsts.items() if first in taken}
    if unknown := firsts.keys() - resting.keys():
        # Never evaluated, or a threshold that came later now stands first: then the others know.
        for row in conn.execute(sql("warn_states_newest"), {"datastreams": sorted(unknown)}).fetchall():
            resting[row["datastream_key"]] = State(row["last_at"], math.nan)
    states: dict[str, State | None] = {rule.key: resting.get(rule.datastream_key) for rule in rules}
    for row in conn.execute(sql("warn_states_busy"), {"keys": list(states)}).fetchall():
        states[row["threshold_key"]] = State(row["last_at"], row["last_value"], row["since"], row["raised"])
    return states


def _write_states(conn: Connection, states: Mapping[str, State]) -> None:
    conn.execute(
        sql("warn_states_write"),
        {
            "keys": list(states),
            "last_at": [state.last_at for state in states.values()],
            "last_value": [state.last_value for state in states.values()],
            "since": [state.since for state in states.values()],
            "raised": [state.raised for state in states.values()],
        },
    )


def _raised_now(conn: Connection, transitions: Iterable[Transition]) -> dict[str, dict[str, Raised]]:
    """The raised thresholds of each hazard point concerned, as they stood before this batch, under the points' locks.

    Thresholds of other datastreams are read after the lock is held, so a change that another transaction committed
    while we waited counts.
    """
    hazards = sorted({transition.threshold.hazard_key for transition in transitions})
    conn.execute(sql("warn_hazards_lock"), {"hazards": hazards})
    raised: dict[str, dict[str, Raised]] = {hazard: {} for hazard in hazards}
    for row in conn.execute(sql("warn_raised"), {"hazards": hazards}).fetchall():
        rule = _threshold(row)
        raised[rule.hazard_key][rule.key] = Raised(rule, row["last_at"], row["last_value"], row["since"])
    return raised


def _decide(
    conn: Connection,
    hazard: str,
    raised: dict[str, Raised],
    transitions: list[Transition],
    series: Mapping[str, Points],
    clocks: CaseSettings,
) -> list[str]:
    """Go through one hazard point's transitions in reading time; what happens at one instant is one step."""
    found = conn.execute(sql("warn_open"), {"hazards": [hazard]}).fetchone()
    warning: dict[str, Any] | None = dict(found) if found else None
    keys: list[str] = []
    steps: dict[datetime, list[Transition]] = defaultdict(list)
    for transition in transitions:
        steps[transition.at].append(transition)
    for at, step in sorted(steps.items()):
        for transition in step:
            if transition.raised:
                raised[transition.threshold.key] = Raised(
                    transition.threshold, transition.at, transition.value, transition.since
                )
            else:
                raised.pop(transition.threshold.key, None)
        worst = min((entry.threshold.level for entry in raised.values()), default=None)
        if warning is None:
            # A falling level reopens nothing: a person may have ended the warning while its thresholds stay raised.
            if worst is not None and any(transition.raised for transition in step):
                warning = _raise(conn, hazard, _cause(conn, raised.values(), worst, at, series), clocks)
        elif worst is None:
            _end(conn, warning)
        elif worst != warning["level"]:
            _change(conn, warning, _cause(conn, raised.values(), worst, at, series), clocks)
        else:
            continue
        if warning is not None:
            keys.append(warning["key"])
            if warning["state"] == "ended":
                warning = None
    return keys


def _cause(
    conn: Connection, raised: Iterable[Raised], level: int, at: datetime, series: Mapping[str, Points]
) -> dict[str, Any]:
    """Why a warning stands at its level at an instant: the newest reading at that level, and the rule it passed."""
    entry = max((r for r in raised if r.threshold.level == level), key=lambda r: (r.at, r.threshold.key))
    rule = entry.threshold
    points = series.get(rule.datastream_key, [])
    newest = bisect_right(points, (at, math.inf)) - 1
    if newest >= 0 and points[newest][0] > entry.at:  # raised before, and still so by a newer reading of this batch
        entry = replace(entry, at=points[newest][0], value=points[newest][1])
    source = conn.execute(sql("warn_source"), {"datastream": rule.datastream_key}).fetchone()
    return {
        "threshold_key": rule.key,
        "datastream_key": rule.datastream_key,
        "sensor_key": source["sensor_key"] if source else "",
        "sensor_name": source["sensor_name"] if source else rule.datastream_key,
        "property": source["property"] if source else "",
        "name": source["name"] if source else "",
        "unit": source["unit"] if source else "",
        "op": rule.op,
        "enter": rule.enter,
        "leave": rule.leave,
        "hold_s": rule.hold_s,
        "value": entry.value,
        "at": entry.at.isoformat(),
        "since": entry.since.isoformat(),
        "level": level,
    }


def _raise(conn: Connection, hazard: str, cause: dict[str, Any], clocks: CaseSettings) -> dict[str, Any] | None:
    place = conn.execute(sql("warn_place"), {"hazard": hazard, "sensor": cause["sensor_key"]}).fetchone()
    if place is None:  # neither the point nor the sensor is on the map: there is nowhere to draw a warning
        record(conn, f"w:{hazard}", "unplaced", ACTOR, f"隐患点 {hazard} 不在图上，无法发布预警",
               f"Hazard point {hazard} is not on the map: no warning can be drawn")  # fmt: skip
        return None
    at = now()
    geom = shapely.from_wkb(bytes(place["wkb"]))
    lon, lat = representatives(np.array([geom], dtype=object))
    warning: dict[str, Any] = {
        "key": f"w:{hazard}:{at:%Y%m%dT%H%M%S%fZ}",
        "hazard": hazard,
        "hazard_key": hazard,
        "level": cause["level"],
        "state": "active",
        "title": wording.title(cause["level"], place["name"]),
        "name": place["name"],
        "households": place["households"],
        "residents": place["residents"],
    }
    conn.execute(
        sql("warn_raise"),
        {**warning, "wkb": bytes(place["wkb"]), "h3": int(cells_of(lon, lat)[0]), "at": at, "cause": Jsonb(cause)},
    )
    level_zh, level_en = wording.level_zh(cause["level"]), wording.level_en(cause["level"])
    record(conn, warning["key"], "raised", ACTOR, f"发布{level_zh}预警：{wording.cause_zh(cause)}",
           f"Warning raised at {level_en}: {wording.cause_en(cause)}", at=at)  # fmt: skip
    _alert(conn, warning, cause, at, clocks)
    return warning


def _change(conn: Connection, warning: dict[str, Any], cause: dict[str, Any], clocks: CaseSettings) -> None:
    at, worse = now(), cause["level"] < warning["level"]
    name = warning.get("name") or warning["title"].partition(" · ")[2]
    warning |= {
        "level": cause["level"],
        # A confirmation was of the level that was seen: a worse one asks for a new one.
        "state": "active" if worse else warning["state"],
        "title": wording.title(cause["level"], name),
        "name": name,
    }
    conn.execute(sql("warn_change"), {**warning, "at": at, "cause": Jsonb(cause)})
    level_zh, level_en = wording.level_zh(cause["level"]), wording.level_en(cause["level"])
    record(
        conn, warning["key"], "upgraded" if worse else "downgraded", ACTOR,
        f"{'升级' if worse else '降级'}为{level_zh}：{wording.cause_zh(cause)}",
        f"{'Raised' if worse else 'Lowered'} to {level_en}: {wording.cause_en(cause)}", at=at,
    )  # fmt: skip
    if worse:
        _alert(conn, warning, cause, at, clocks)


def _end(conn: Connection, warning: dict[str, Any]) -> None:
    at = now()
    warning["state"] = "ended"
    conn.execute(sql("warn_state"), {"key": warning["key"], "state": "ended", "at": at})
    record(conn, warning["key"], "ended", ACTOR, "监测值回落，预警解除", "Readings fell back: warning ended", at=at)


def _alert(
    conn: Connection, warning: Mapping[str, Any], cause: dict[str, Any], at: datetime, clocks: CaseSettings
) -> None:
    """One alert for every team whose geofence meets the zone, with its deliveries."""
    teams = alerting.teams_of_zone(conn, warning["key"])
    if not teams:
        record(conn, warning["key"], "no_team", ACTOR, "没有队伍的责任围栏与威胁区相交，请人工指派",
               "No team's geofence meets the zone: assign one by hand", at=at)  # fmt: skip
        return
    alerting.alert_teams(conn, warning["key"], teams, clocks, origin="fence", at=at)
