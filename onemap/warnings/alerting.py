"""Alerts: one to a team for each level of a warning, with its clocks and the deliveries that carry it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from onemap.core.settings import CaseSettings
from onemap.store.db import Connection
from onemap.store.sqlfile import sql
from onemap.warnings import wording
from onemap.warnings.sending.ledger import enqueue, enqueue_again, moot
from onemap.warnings.timeline import announce, record

ACTOR = "system"


def teams_of_zone(conn: Connection, warning_key: str) -> list[str]:
    """Teams with a duty area that meets the warning's zone, in key order."""
    return [row["key"] for row in conn.execute(sql("warn_teams"), {"key": warning_key}).fetchall()]


def alert_teams(
    conn: Connection,
    warning_key: str,
    teams: Sequence[str],
    clocks: CaseSettings,
    *,
    origin: Literal["fence", "call"],
    at: datetime,
    told: bool = True,
) -> dict[str, int]:
    """Alert teams of a warning at its present level, in the caller's transaction.

    A team is alerted once for each level; one that has its alert already keeps it. Without `told` the caller writes
    the timeline and announces the alerts, because it has more to say of them. Returns every team's alert id.
    """
    if not teams:
        return {}
    warning = conn.execute(sql("warn_alert_of"), {"key": warning_key}).fetchone()
    assert warning is not None  # noqa: S101  (the caller holds it)
    text = wording.alert_text(
        warning["level"],
        warning["title"].partition(" · ")[2] or warning["title"],
        warning["cause"] or {},
        households=warning["households"],
        residents=warning["residents"],
        actions=warning["actions"],
        drill=warning["drill"],
    )
    made = conn.execute(
        sql("warn_alert_make"),
        {
            "key": warning_key,
            "level": warning["level"],
            "title": wording.marked(warning["title"], drill=warning["drill"]),
            "text": text,
            "at": at,
            "teams": sorted(set(teams)),
            "origin": origin,
            "drill": warning["drill"],
            "due_on_site_at": at + timedelta(seconds=clocks.on_site_s),
            "due_resolved_at": at + timedelta(seconds=clocks.resolved_s),
            "due_followup_at": at + timedelta(seconds=clocks.followup_s),
        },
    ).fetchall()
    ids = [row["id"] for row in made]
    if ids:
        enqueue(conn, ids)
    if ids and told:
        for row in made:
            record(conn, warning_key, "alerted", ACTOR, f"通知{row['name']}", f"Alert to {row['name']}",
                   alert_id=row["id"], at=at)  # fmt: skip
        announce(conn, ids)
    found = conn.execute(
        "SELECT team_key, id FROM alert WHERE warning_key = %s AND level = %s AND team_key = ANY(%s)",
        (warning_key, warning["level"], list(teams)),
    ).fetchall()
    return {row["team_key"]: row["id"] for row in found}


def hold(conn: Connection, warning_keys: Sequence[str]) -> list[dict[str, int]]:
    """Lock all alerts of warnings whose turn the caller has: before any delivery of theirs, and in order of id."""
    return conn.execute(
        "SELECT id FROM alert WHERE warning_key = ANY(%s) ORDER BY id FOR NO KEY UPDATE", (list(warning_keys),)
    ).fetchall()


def ring(conn: Connection, alert_ids: Sequence[int], *, again: Sequence[int] = ()) -> None:
    """Alerts that a ladder calls with: they go out live, and what rested of their deliveries rings.

    Those of them that were called with before (`again`) ring once more on every channel.
    """
    conn.execute(sql("call_ring_again"), {"ids": list(alert_ids)})
    if again:
        enqueue_again(conn, again)
    announce(conn, alert_ids)


def rest(conn: Connection, alert_ids: Sequence[int], why: str) -> int:
    """Deliveries of these alerts need not go out any more. Returns how many."""
    return moot(conn, alert_ids, why) if alert_ids else 0
