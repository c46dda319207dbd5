"""Drills over a connection: start, go on, stop, and their worth. All of it runs in the caller's transaction."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from psycopg.errors import UniqueViolation
from psycopg.types.json import Jsonb

from onemap.core.errors import Conflict, NotFound
from onemap.core.settings import CaseSettings
from onemap.store import changelog
from onemap.store.db import Connection
from onemap.store.sqlfile import sql
from onemap.warnings import lifecycle
from onemap.warnings.drills import course, imagined
from onemap.warnings.drills.scenario import Scenario
from onemap.warnings.drills.score import score_of
from onemap.warnings.ledger import plain
from onemap.warnings.rules.around import Around

EVENT = "drill"
#: A scenario may end with its warnings open; they are then cancelled, so that no exercise hangs over the map.
_END_ZH, _END_EN = "演练结束", "The drill has ended"


def start(
    conn: Connection, scenario: Scenario, *, speed: float, actor: str, note: str, now: datetime
) -> dict[str, Any]:
    """Start a drill. Raises Conflict when one runs, or when the city has too few points with thresholds."""
    points = conn.execute(sql("drill_points"), {"limit": scenario.points}).fetchall()
    if len(points) < scenario.points:
        raise Conflict(
            f"The scenario needs {scenario.points} hazard points with thresholds; the city has {len(points)}.",
            reason="points",
        )
    steps = [
        step.model_dump() | {name: points[step.point - 1][name] for name in ("key", "name", "lon", "lat")}
        for step in scenario.step
    ]
    key = f"drill-{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    try:
        with conn.transaction():
            conn.execute(
                "INSERT INTO drill (key, scenario, title_zh, title_en, state, started_at, started_by, speed, length_s, "
                "note, steps) VALUES (%s, %s, %s, %s, 'running', %s, %s, %s, %s, %s, %s)",
                (
                    key, scenario.key, scenario.title.zh, scenario.title.en, now, actor, speed,
                    scenario.minutes * 60.0, note, Jsonb(steps),
                ),
            )  # fmt: skip
    except UniqueViolation:
        raise Conflict("A drill is running: stop it first.", reason="running") from None
    _announce(conn, key, "running")
    return one(conn, key, now)


def listed(conn: Connection, now: datetime, *, limit: int = 100) -> list[dict[str, Any]]:
    """Drills, newest first."""
    return [_entry(conn, row, now) for row in conn.execute(sql("drill_list"), {"key": None, "limit": limit}).fetchall()]


def one(conn: Connection, key: str, now: datetime) -> dict[str, Any]:
    """One drill with its score so far. Raises NotFound."""
    row = conn.execute(sql("drill_list"), {"key": key, "limit": 1}).fetchone()
    if row is None:
        raise NotFound("There is no such drill.", reason="drill")
    return _entry(conn, row, now)


def step(conn: Connection, now: datetime, clocks: CaseSettings, around: Around) -> int:
    """Take the running drill as far as it is due; returns how many steps were done, its end included."""
    row = conn.execute(sql("drill_running")).fetchone()
    if row is None:
        return 0
    elapsed_s = (now - row["started_at"]).total_seconds() * row["speed"]
    due = [one for one in row["steps"][row["position"] :] if one["at_min"] * 60.0 <= elapsed_s]
    for one_step in due:
        _take(conn, row, one_step, now, clocks, around)
    if due:
        conn.execute(
            "UPDATE drill SET position = %s, readings = %s, claims = %s WHERE key = %s",
            (row["position"] + len(due), Jsonb(row["readings"]), Jsonb(row["claims"]), row["key"]),
        )
        _announce(conn, row["key"], "running")
    if elapsed_s >= row["length_s"]:
        _finish(conn, row, "ended", now, clocks)
        return len(due) + 1
    return len(due)


def stop(conn: Connection, key: str, now: datetime, clocks: CaseSettings) -> dict[str, Any]:
    """Stop a drill: its warnings are cancelled, its score is kept. Again: the same. Raises NotFound."""
    one(conn, key, now)
    # Waits for a worker that moves it just now: the lock is held for one step at most.
    conn.execute("SELECT FROM drill WHERE key = %s FOR UPDATE", (key,))
    row = conn.execute(sql("drill_running")).fetchone()
    if row is not None and row["key"] == key:
        _finish(conn, row, "stopped", now, clocks)
    return one(conn, key, now)


def _take(
    conn: Connection, row: dict[str, Any], step: Mapping[str, Any], now: datetime, clocks: CaseSettings, around: Around
) -> None:
    """One step: its made-up readings, then every claim that they hold up, or no longer do."""
    hazard = step["key"]
    rules = conn.execute(sql("drill_thresholds"), {"hazard": hazard}).fetchall()
    before = [(stream, datetime.fromisoformat(at), value) for stream, at, value in row["readings"]]
    if step["do"] == "exceed" and rules:
        made = course.exceed(rules, step["level"], now)
    elif step["do"] == "ease":
        made = [*course.ease(rules, now), *imagined.dry(conn, before, now)]
    else:
        made = imagined.rain(conn, step, now) if step["do"] == "rain" else []
    row["readings"] += [(stream, at.isoformat(), value) for stream, at, value in made]
    readings = sorted([*before, *made], key=lambda one: one[1])
    cause = course.standing(rules, readings)
    wanted: dict[str, tuple[str, int, dict[str, Any]]] = {}
    if cause is not None:
        wanted[f"threshold:{hazard}"] = (f"hazard:{hazard}", cause["level"], cause)
    hazards = {one["key"] for one in row["steps"]}
    for found in imagined.standing(conn, around, hazards, readings, now):
        wanted[f"rule:{found.rule_key}:{found.subject}"] = (found.subject, found.level, found.cause)
    _claim(conn, row, wanted, {f"threshold:{hazard}"}, now, clocks)


def _claim(
    conn: Connection,
    row: dict[str, Any],
    wanted: Mapping[str, tuple[str, int, dict[str, Any]]],
    weighed: set[str],
    now: datetime,
    clocks: CaseSettings,
) -> None:
    """Claim what is wanted, release what this step weighed (or a rule held) and is no longer wanted."""
    for claimant, (subject, level, cause) in wanted.items():
        if row["claims"].get(claimant, [None, None])[1] == level:
            continue
        lifecycle.claim(
            conn,
            lifecycle.Claim(
                subject=subject,
                claimant=claimant,
                level=level,
                source="drill",
                kind="geohazard",
                cause=cause,
                at=now,
                hazard_key=subject.partition(":")[2] if subject.startswith("hazard:") else None,
                rule_key=cause.get("rule_key"),
                drill_key=row["key"],
            ),
            clocks,
            at=now,
        )
        row["claims"][claimant] = [subject, level]
    for claimant in [c for c in row["claims"] if c not in wanted and (c in weighed or c.startswith("rule:"))]:
        subject, _ = row["claims"].pop(claimant)
        lifecycle.release(conn, subject, claimant, "fell_back", clocks, drill_key=row["key"], at=now)


def _finish(conn: Connection, row: dict[str, Any], state: str, now: datetime, clocks: CaseSettings) -> None:
    # Scored before the warnings end: an end closes calls that nobody has answered.
    score = score_of(conn, row["key"], now)
    for claimant, (subject, _) in row["claims"].items():
        lifecycle.release(
            conn, subject, claimant, "cancelled", clocks, drill_key=row["key"], at=now, text_zh=_END_ZH, text_en=_END_EN
        )
    conn.execute(
        "UPDATE drill SET state = %s, ended_at = %s, score = %s, claims = '{}' WHERE key = %s",
        (state, now, Jsonb(score), row["key"]),
    )
    _announce(conn, row["key"], state)


def _entry(conn: Connection, row: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    elapsed_s = ((row["ended_at"] or now) - row["started_at"]).total_seconds() * row["speed"]
    return {
        **plain(
            {n: row[n] for n in ("key", "scenario", "state", "started_at", "started_by", "ended_at", "speed", "note")}
        ),
        "title": {"zh": row["title_zh"], "en": row["title_en"]},
        "progress": 1.0 if row["state"] == "ended" else max(0.0, min(1.0, elapsed_s / row["length_s"])),
        "warnings": row["warnings"],
        "score": row["score"] if row["score"] is not None else score_of(conn, row["key"], now),
    }


def _announce(conn: Connection, key: str, state: str) -> None:
    changelog.log_event(conn, EVENT, key, {"drill": key, "state": state})
