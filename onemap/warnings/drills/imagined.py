"""Made-up weather of a drill, and what the real rules say of it.

Rules look at stored readings. So the made-up ones are stored, the rules are asked, and all of it is undone, within one
savepoint: nobody else ever sees them, and the drill needs no second rule engine that could say something else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from onemap.core.errors import BadInput, NotFound
from onemap.store.db import Connection
from onemap.store.partition import Partitions
from onemap.store.sqlfile import sql
from onemap.warnings.drills.course import Made
from onemap.warnings.rules.around import Around
from onemap.warnings.rules.dryrun import dry_run
from onemap.warnings.rules.spec import Rule, parse
from onemap.warnings.wording import marked, number

#: Made-up gauges report as often as real ones.
EVERY = timedelta(minutes=10)
#: How far back rules look at real readings beside the made-up ones.
DAYS = 3.0


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


def standing(
    conn: Connection, around: Around, hazards: Iterable[str], readings: Sequence[Made], now: datetime
) -> list[Found]:
    """The rules that are on and that the made-up readings raise at a scenario's hazard points, at `now`.

    What a rule says of the real readings alone is left out: that is no exercise.
    """
    rules = [
        parse(row["spec"])
        for row in conn.execute("SELECT spec FROM rule WHERE enabled AND spec->>'scope' = 'hazard' ORDER BY key")
    ]
    asked = [(rule, f"hazard:{key}") for rule in rules for key in sorted(set(hazards))]
    if not readings or not asked:
        return []
    # Kept when the readings are undone: what was not read in these days has no place for readings yet.
    Partitions().ensure(conn, "observation", {at for _, at, _ in readings})
    real = {(found.rule_key, found.subject): found.level for found in _raised(conn, asked, around, now)}
    with conn.transaction(force_rollback=True):
        conn.execute(
            sql("drill_imagine"),
            {
                "keys": [stream for stream, _, _ in readings],
                "at": [at for _, at, _ in readings],
                "value": [value for _, _, value in readings],
            },
        )
        imagined = _raised(conn, asked, around, now)
    return [found for found in imagined if real.get((found.rule_key, found.subject), 9) > found.level]


def _raised(conn: Connection, asked: Iterable[tuple[Rule, str]], around: Around, now: datetime) -> list[Found]:
    found = []
    for rule, subject in asked:
        try:
            tried = dry_run(conn, rule, around, days=DAYS, subject=subject, to=now)
        except (NotFound, BadInput):  # it does not watch this point, or names what is no longer there
            continue
        for one in tried["warnings"]:
            if one["ended_at"] is None:
                level = one["steps"][-1][1]
                found.append(Found(rule.key, subject, level, _cause(rule, one, level)))
    return found


def _cause(rule: Rule, raised: Mapping[str, Any], level: int) -> dict[str, Any]:
    values = {name: value for name, value in raised["values"].items() if value is not None}
    said = {one.name: one for one in rule.inputs}
    zh = "，".join(f"{said[n].title.zh} {number(v)} {said[n].unit}".rstrip() for n, v in values.items() if n in said)
    en = ", ".join(f"{said[n].title.en} {number(v)} {said[n].unit}".rstrip() for n, v in values.items() if n in said)
    return {
        "rule_key": rule.key,
        "level": level,
        "values": raised["values"],
        "since": raised["raised_at"].isoformat(),
        "text_zh": marked(f"{rule.title.zh}（{zh}）", drill=True),
        "text_en": f"[Exercise] {rule.title.en} ({en})",
    }
