"""A warning's turn, and what its banner says of its grids."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from onemap.store import changelog
from onemap.store.db import Connection
from onemap.store.sqlfile import sql
from onemap.warnings import alerting
from onemap.warnings.calling import lines
from onemap.warnings.calling.ladder import OPEN, loudest


def turn(conn: Connection, warning_key: str) -> dict[str, Any] | None:
    """Wait for the warning's turn and hold it until the transaction ends; None when there is no such warning.

    Its alerts come with it: an answer to one lets the calls of others rest, and locked one by one as they come up, two
    transactions would wait for each other.
    """
    found = turn_alone(conn, warning_key)
    alerting.hold(conn, [warning_key])
    return found


def turn_alone(conn: Connection, warning_key: str) -> dict[str, Any] | None:
    """As `turn`, by who touches none of the warning's alerts afterwards, or locks them himself."""
    return conn.execute(sql("call_warning_lock"), {"key": warning_key}).fetchone()


def turn_of_alert(conn: Connection, alert_id: int) -> None:
    """Wait for the turn of an alert's warning: before the alert itself is locked."""
    row = conn.execute("SELECT warning_key FROM alert WHERE id = %s", (alert_id,)).fetchone()
    if row is not None:
        turn(conn, row["warning_key"])


def settle(conn: Connection, warning_key: str, at: datetime) -> None:
    """Write how all grids stand together into the warning, and tell who watches."""
    rows = conn.execute(sql("call_states"), {"key": warning_key}).fetchall()
    state = loudest([row["state"] for row in rows])
    waiting = sum(row["residents"] or 0 for row in rows if row["state"] in OPEN)
    before = conn.execute("SELECT calling FROM warning WHERE key = %s", (warning_key,)).fetchone()
    conn.execute(
        "UPDATE warning SET calling = %(state)s, residents_waiting = %(waiting)s WHERE key = %(key)s "
        "AND (calling, residents_waiting) IS DISTINCT FROM (%(state)s, %(waiting)s)",
        {"state": state, "waiting": waiting, "key": warning_key},
    )
    if before is not None and before["calling"] != state and state == "unanswered":
        grids = sum(row["grids"] for row in rows if row["state"] == "unanswered")
        lines.write(conn, warning_key, [lines.unanswered(grids, at)])
    done = state in ("answered", "confirmed")
    conn.execute(
        "UPDATE ladder SET answered_at = CASE WHEN %(answered)s THEN coalesce(answered_at, %(at)s) END, "
        "confirmed_at = CASE WHEN %(confirmed)s THEN coalesce(confirmed_at, %(at)s) END "
        "WHERE warning_key = %(key)s AND closed_at IS NULL",
        {"answered": done, "confirmed": state == "confirmed", "at": at, "key": warning_key},
    )
    changelog.log_event(conn, "calls", warning_key, {"warning_key": warning_key, "state": state})
