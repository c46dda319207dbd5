"""Readings in, warnings out: thresholds evaluated and warnings raised, changed and ended in the ingest transaction."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from onemap.core.errors import NotFound
from onemap.core.settings import CaseSettings
from onemap.store.db import Connection
from onemap.store.sqlfile import sql
from onemap.warnings import lifecycle, wording
from onemap.warnings.threshold import State, Threshold, Transition, run
from onemap.warnings.timeline import record

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
    lifecycle.lock(conn, [f"hazard:{hazard}" for hazard in hazards])
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
    """Go through one hazard point's transitions in reading time; what happens at one instant is one step.

    Of a batch that storms up and down only what is new is told: each level worse than any before in it, and the end.
    """
    subject, claimant = f"hazard:{hazard}", f"threshold:{hazard}"
    worst_yet = min((entry.threshold.level for entry in raised.values()), default=9)
    steps: dict[datetime, list[Transition]] = defaultdict(list)
    for transition in transitions:
        steps[transition.at].append(transition)
    last = max(steps)
    anew = False
    keys: list[str] = []
    for at, step in sorted(steps.items()):
        for transition in step:
            if transition.raised:
                anew = True
                raised[transition.threshold.key] = Raised(
                    transition.threshold, transition.at, transition.value, transition.since
                )
            else:
                raised.pop(transition.threshold.key, None)
        worst = min((entry.threshold.level for entry in raised.values()), default=9)
        if at < last and worst >= worst_yet:
            continue
        worst_yet = min(worst, worst_yet)
        if not raised:
            done = lifecycle.release(
                conn, subject, claimant, "fell_back", clocks,
                text_zh="监测值回落，预警解除", text_en="Readings fell back: warning ended",
            )  # fmt: skip
        else:
            done = _claim(conn, hazard, _cause(conn, raised.values(), worst, at, series), clocks, anew=anew)
        if done.warning_key is not None and done.what != "nothing":
            keys.append(done.warning_key)
    return keys


def _claim(
    conn: Connection, hazard: str, cause: dict[str, Any], clocks: CaseSettings, *, anew: bool
) -> lifecycle.Outcome:
    said = lifecycle.Claim(
        subject=f"hazard:{hazard}",
        claimant=f"threshold:{hazard}",
        level=cause["level"],
        source="threshold",
        kind="geohazard",
        cause=cause,
        at=datetime.fromisoformat(cause["at"]),
        since=datetime.fromisoformat(cause["since"]),
        hazard_key=hazard,
        anew=anew,
    )
    try:
        return lifecycle.claim(conn, said, clocks)
    except NotFound:  # neither the point nor the sensor is on the map: there is nowhere to draw a warning
        record(conn, f"w:{hazard}", "unplaced", ACTOR, f"隐患点 {hazard} 不在图上，无法发布预警",
               f"Hazard point {hazard} is not on the map: no warning can be drawn")  # fmt: skip
        return lifecycle.Outcome("nothing")


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
    cause = {
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
    return cause | {"text_zh": wording.cause_zh(cause), "text_en": wording.cause_en(cause)}
