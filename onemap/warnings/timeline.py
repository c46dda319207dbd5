"""A warning's timeline and its alerts as rows: what ledger, sending and calling all write and read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from onemap.store import changelog
from onemap.store.db import Connection
from onemap.store.sqlfile import sql


def record(
    conn: Connection, warning_key: str, kind: str, actor: str, zh: str, en: str,
    *, alert_id: int | None = None, at: datetime | None = None, attachment: str | None = None,
) -> None:  # fmt: skip
    """Write one line of a warning's timeline."""
    conn.execute(
        sql("warn_event"),
        {
            "warning": warning_key, "alert": alert_id, "at": at, "kind": kind, "actor": actor, "zh": zh, "en": en,
            "attachment": attachment,
        },
    )  # fmt: skip


def announce(conn: Connection, alert_ids: Sequence[int]) -> None:
    """Put these alerts as they stand into the change log, oldest first, for the live stream."""
    if alert_ids:
        rows = reversed(alerts_of(conn, alert_ids))
        changelog.log_events(conn, "alert", [(str(alert["id"]), alert) for alert in rows])


def alerts_of(conn: Connection, alert_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Some alerts by id, newest first."""
    return query(conn, ids=list(alert_ids))


def query(conn: Connection, **given: Any) -> list[dict[str, Any]]:
    """Alerts by `ids`, `team`, `state`, `warning`, newest first, at most `limit`, as the doors give them."""
    asked = {"ids": None, "team": None, "state": None, "warning": None, "limit": 10_000} | given
    return [plain(row) for row in conn.execute(sql("warn_alerts"), asked).fetchall()]


def plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as JSON takes it: times as ISO 8601 text in UTC."""
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}
