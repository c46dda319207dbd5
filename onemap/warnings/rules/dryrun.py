"""A rule against the past: the warnings that it would have raised, by the same engine that runs it live."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from onemap.core.clock import now
from onemap.core.errors import BadInput, NotFound
from onemap.store.db import Connection
from onemap.warnings.rules.around import Around
from onemap.warnings.rules.check import problems_of
from onemap.warnings.rules.engine import Compiled, Memory, Step, compiled, weigh
from onemap.warnings.rules.ground import Subject, subjects_of
from onemap.warnings.rules.spec import Rule
from onemap.warnings.rules.steps import SECOND, Steps, Stream, instant, micros
from onemap.warnings.rules.supply import AGE_S, MOST_READINGS, Supply, readings_of

#: Where a dry-run stops and says so: seconds, instants, warnings.
LONGEST_S, MOST_INSTANTS, MOST_WARNINGS = 25.0, 30_000_000, 500
#: Points of a curve that is sent to a page.
MOST_POINTS = 800
_DAY = 86_400 * SECOND


@dataclass
class Tried:
    """What came of a dry-run, before it is told: the steps of each subject's level."""

    steps: dict[str, list[Step]]
    instants: int
    truncated: bool


def dry_run(
    conn: Connection,
    rule: Rule,
    around: Around,
    *,
    days: float,
    subject: str | None = None,
    to: datetime | None = None,
    keep: Callable[[Subject], bool] | None = None,
) -> dict[str, Any]:
    """What the rule would have done in the `days` before `to` (default now), as the door gives it.

    `keep` says which objects the asker may see.

    Raises BadInput for a rule with problems, NotFound (reason "subject") for a subject that it does not watch.
    """
    began = time.monotonic()
    problems = problems_of(rule, feeds=frozenset(around.feeds), surfaces=around.surfaces or None)
    if problems:
        raise BadInput(f"{problems[0].where}: {problems[0].message}", reason="rule")
    ready = compiled(rule)
    subjects = subjects_of(conn, rule, feeds=around.titles)
    if keep is not None:
        subjects = [one for one in subjects if keep(one)]
    if subject is not None:
        subjects = [one for one in subjects if one.key == subject]
        if not subjects:
            raise NotFound("The rule does not watch such an object.", reason="subject")
    hi = micros(to or now())
    supply = Supply.wired(conn, rule, subjects, around)
    lo, shortened = _affordable(conn, supply, hi - round(days * _DAY), hi)
    readings = load(conn, supply, lo, hi)
    supply.load_events(conn, lo, hi, live=False)
    tried = try_subjects(ready, supply, readings, lo, hi, zone=around.zone, until=began + LONGEST_S)
    warnings = [one for k in subjects for one in warnings_of(k, tried.steps.get(k.key, []))]
    warnings.sort(key=lambda one: (one["level"], one["raised_at"]))
    shown = subject or (warnings[0]["subject"] if warnings else subjects[0].key if subjects else None)
    return {
        "from": instant(lo),
        "to": instant(hi),
        "subjects": len(subjects),
        "evaluated": tried.instants,
        "warnings": warnings[:MOST_WARNINGS],
        "by_level": {str(level): sum(one["level"] == level for one in warnings) for level in (1, 2, 3, 4)},
        "series": _series(ready, supply, readings, shown, lo, hi) if shown else [],
        "truncated": shortened or tried.truncated or len(warnings) > MOST_WARNINGS,
        "took_ms": round((time.monotonic() - began) * 1000, 1),
    }


def load(conn: Connection, supply: Supply, lo: int, hi: int) -> dict[int, Stream]:
    """The readings that the rule's inputs need from `lo` to `hi`."""
    far = any(one.kind == "reading" and one.aggregate == "age_s" for one in supply.rule.inputs)
    return readings_of(conn, supply.ids, lo - round(supply.reach_s * SECOND), hi, far_s=AGE_S if far else 0.0)


def try_subjects(
    ready: Compiled,
    supply: Supply,
    readings: Mapping[int, Stream],
    lo: int,
    hi: int,
    *,
    zone: str,
    until: float | None = None,
) -> Tried:
    """Take every subject through lo..hi, until a bound is met."""
    tried = Tried({}, 0, False)
    cache: dict[Any, Steps] = {}
    for one in supply.subjects:
        if tried.instants > MOST_INSTANTS or (until is not None and time.monotonic() > until):
            tried.truncated = True
            break
        inputs = supply.steps(one.key, readings, lo, hi, cache)
        weighed = weigh(ready, one, inputs, Memory(lo), hi, zone)
        tried.steps[one.key] = weighed.steps
        tried.instants += weighed.instants
    return tried


def warnings_of(subject: Subject, steps: Sequence[Step]) -> list[dict[str, Any]]:
    """The warnings in a subject's steps: each from its first level until there is none."""
    found: list[dict[str, Any]] = []
    for step in steps:
        if step.level is None:
            found[-1]["ended_at"] = instant(step.at)
            found[-1]["steps"].append((instant(step.at), 0))
            continue
        if not found or found[-1]["ended_at"] is not None:
            found.append(
                {"subject": subject.key, "name": subject.name, "level": step.level, "raised_at": instant(step.at),
                 "ended_at": None, "steps": [], "values": step.values}
            )  # fmt: skip
        if step.level < found[-1]["level"]:
            found[-1] |= {"level": step.level, "values": step.values}
        found[-1]["steps"].append((instant(step.at), step.level))
    return found


def _affordable(conn: Connection, supply: Supply, lo: int, hi: int) -> tuple[int, bool]:
    """From when the readings can be taken without exceeding their bound, and whether that is later than asked."""
    ids = sorted(supply.ids)
    row = conn.execute(
        "SELECT count(*) AS n FROM observation WHERE datastream_id = ANY(%s) AND at > %s AND at <= %s",
        (ids, instant(lo), instant(hi)),
    ).fetchone()
    n = row["n"] if row is not None else 0
    if n <= MOST_READINGS:
        return lo, False
    return hi - round((hi - lo) * MOST_READINGS / n), True


def _series(
    ready: Compiled, supply: Supply, readings: Mapping[int, Stream], subject: str, lo: int, hi: int
) -> list[dict[str, Any]]:
    """The inputs of one subject as curves, each with the limits that conditions hold it against."""
    limits: dict[str, list[tuple[int, float]]] = {}
    for level, when, _, _ in ready.levels:
        for limit in when.bulk.limits if when.bulk else ():
            limits.setdefault(limit.input, []).append((level, limit.value))
    curves = supply.steps(subject, readings, lo, hi)
    return [
        {
            "subject": subject,
            "input": one.name,
            "title": {"zh": one.title.zh, "en": one.title.en},
            "unit": one.unit,
            "points": points(curves[one.name], lo, hi),
            "limits": limits.get(one.name, []),
        }
        for one in ready.rule.inputs
    ]


def points(curve: Steps, lo: int, hi: int) -> list[tuple[str, float]]:
    """A curve in at most MOST_POINTS points; of each stretch of a long one the value that lies farthest out."""
    times, values = curve.times, curve.values
    if len(times) > MOST_POINTS:
        width = -(-(hi - lo + 1) // (MOST_POINTS - 2))
        slot = (times - lo) // width
        starts = np.flatnonzero(np.concatenate(([True], slot[1:] != slot[:-1])))
        kept = []
        for a, b in zip(starts.tolist(), [*starts[1:].tolist(), len(times)], strict=True):
            part = np.abs(values[a:b])
            kept.append(a + (int(np.nanargmax(part)) if not np.isnan(part).all() else 0))
        times, values = times[kept], values[kept]
    known = np.isfinite(values)
    return [
        (instant(at).isoformat(), float(f"{value:.6g}"))
        for at, value in zip(times[known].tolist(), values[known].tolist(), strict=True)
    ]


def standing(
    conn: Connection, rules: Sequence[Rule], around: Around, since: datetime, at: datetime
) -> list[tuple[Supply, Subject, Step]]:
    """The rules and subjects that stand raised at an instant, had the rules been on since another.

    Drills ask it of the real rules over made-up readings.
    """
    lo, hi = micros(since), micros(at)
    found: list[tuple[Supply, Subject, Step]] = []
    for rule in rules:
        subjects = subjects_of(conn, rule, feeds=around.titles)
        supply = Supply.wired(conn, rule, subjects, around)
        readings = load(conn, supply, lo, hi)
        supply.load_events(conn, lo, hi, live=False)
        tried = try_subjects(
            compiled(rule), supply, readings, lo, hi, zone=around.zone, until=time.monotonic() + LONGEST_S
        )
        for one in subjects:
            steps = tried.steps.get(one.key, [])
            if steps and steps[-1].level is not None:
                found.append((supply, one, steps[-1]))
    return found
