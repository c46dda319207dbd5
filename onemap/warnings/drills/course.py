"""The course of a drill: what made-up readings say of a point, by the same state machine that real readings pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from onemap.warnings import wording
from onemap.warnings.threshold import Threshold, run

#: A made-up reading: datastream, when, value.
Made = tuple[str, datetime, float]
#: How far a made-up reading lies past a limit, as a share of it: clear, and not absurd.
PAST = 0.05
_LEAST = 0.1


def past(limit: float, op: str) -> float:
    """A value that meets `value op limit`, a little past it."""
    away = max(abs(limit) * PAST, _LEAST)
    return limit + away if op in (">", ">=") else limit - away


def exceed(rules: Sequence[Mapping[str, Any]], level: int, at: datetime) -> list[Made]:
    """A reading at which a point stands at a level, and at nothing worse.

    A point without a threshold of that level stands at the next milder one that it has, else at the mildest it has.
    """
    wanted = min(rules, key=lambda rule: (rule["level"] < level, abs(rule["level"] - level), rule["key"]))
    value = past(wanted["enter"], wanted["op"])
    worse = [r for r in rules if r["datastream_key"] == wanted["datastream_key"] and r["level"] < wanted["level"]]
    if worse:  # stay between this limit and the next
        nearest = min((abs(rule["enter"] - wanted["enter"]), rule["enter"]) for rule in worse)[1]
        if abs(value - wanted["enter"]) >= abs(nearest - wanted["enter"]):
            value = (wanted["enter"] + nearest) / 2
    return [(wanted["datastream_key"], at, value)]


def ease(rules: Sequence[Mapping[str, Any]], at: datetime) -> list[Made]:
    """Readings at which every threshold of a point is left."""
    values: dict[str, float] = {}
    for rule in rules:
        opposite = "<" if rule["op"] in (">", ">=") else ">"
        limit = min if opposite == "<" else max
        value = past(limit(rule["leave"], rule["enter"]), opposite)
        stream = rule["datastream_key"]
        values[stream] = limit(values.get(stream, value), value)
    return [(stream, at, value) for stream, value in sorted(values.items())]


def standing(rules: Sequence[Mapping[str, Any]], readings: Sequence[Made]) -> dict[str, Any] | None:
    """The cause of the worst level at which the readings leave a point; None when no threshold is raised.

    The state machine is the one of real readings, with one difference: a made-up reading counts as having held for as
    long as its threshold asks, because a scenario of minutes cannot wait for hours.
    """
    raised: list[tuple[Mapping[str, Any], datetime, float, datetime]] = []
    for row in rules:
        rule = Threshold(
            row["key"], row["datastream_key"], row["hazard_key"], row["level"], row["op"], row["enter"], row["leave"]
        )
        own = [(at, value) for stream, at, value in readings if stream == rule.datastream_key]
        state, _ = run(rule, None, own)
        if state is not None and state.raised:
            raised.append((row, state.last_at, state.last_value, state.since or state.last_at))
    if not raised:
        return None
    row, at, value, since = min(raised, key=lambda one: (one[0]["level"], -one[1].timestamp(), one[0]["key"]))
    cause: dict[str, Any] = {
        "threshold_key": row["key"],
        **{name: row[name] for name in ("datastream_key", "sensor_key", "sensor_name", "property", "name", "unit")},
        **{name: row[name] for name in ("op", "enter", "leave", "hold_s", "level")},
        "value": value,
        "at": at.isoformat(),
        "since": since.isoformat(),
    }
    cause["text_zh"] = wording.marked(wording.cause_zh(cause), drill=True)
    cause["text_en"] = f"[Exercise] {wording.cause_en(cause)}"
    return cause
