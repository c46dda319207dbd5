"""What is to be delivered, and what became of it: rows committed with their cause."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from onemap.core.errors import Conflict, NotFound
from onemap.store.db import Connection
from onemap.store.sqlfile import sql
from onemap.warnings.timeline import plain

STATES = ("held", "queued", "sending", "delivered", "received", "dead", "moot")


def enqueue(conn: Connection, alert_ids: Sequence[int]) -> None:
    """Write the deliveries of new alerts: the live page, and the team's channels by rank, hour and level.

    Again: nothing. The best rank is queued; later ones are held until their wait has passed without an answer.
    """
    conn.execute(sql("send_enqueue"), {"ids": list(alert_ids), "again": False})


def enqueue_again(conn: Connection, alert_ids: Sequence[int]) -> None:
    """Alerts that a ladder calls with once more ring again: new lines with keys of their own, by rank as at first.

    A channel whose last line still waits is not asked twice.
    """
    conn.execute(sql("send_enqueue"), {"ids": list(alert_ids), "again": True})


def moot(conn: Connection, alert_ids: Sequence[int], why: str) -> int:
    """Deliveries that need not go out any more (answered, ended); what was sent stays as it is. Returns how many.

    Whatever is held goes, and what is queued for people. A queued webhook is delivered all the same: the system behind
    it keeps a record.
    """
    return conn.execute(sql("send_moot"), {"ids": list(alert_ids), "why": why[:500]}).rowcount


def deliveries(
    conn: Connection, *, area_wkb: bytes | None = None, limit: int = 100, **only: Any
) -> list[dict[str, Any]]:
    """Lines of the ledger, newest first. `only`: id, state, channel, alert, warning, before (an id)."""
    asked = {"id": None, "state": None, "channel": None, "alert": None, "warning": None, "before": None} | only
    found = conn.execute(sql("send_deliveries"), asked | {"area": area_wkb, "limit": limit}).fetchall()
    return [plain(row) for row in found]


def summary(conn: Connection, *, area_wkb: bytes | None = None) -> dict[str, Any]:
    """States of the last 48 hours, what waits to go out and since when, dead letters that nobody has seen."""
    rows = conn.execute(sql("send_summary"), {"area": area_wkb}).fetchall()
    by_state = {row["state"]: row for row in rows}
    waiting = [by_state[state] for state in ("queued", "sending") if state in by_state]
    oldest = min((row["oldest_at"] for row in waiting), default=None)
    return {
        "states": {state: by_state[state]["lately"] if state in by_state else 0 for state in STATES},
        "backlog": sum(row["n"] for row in waiting),
        "oldest_queued_at": oldest.isoformat() if oldest else None,
        "dead_unseen": sum(row["unseen"] for row in rows),
    }


def retry(conn: Connection, delivery_id: int) -> dict[str, Any]:
    """Queue a dead delivery again for another 48 hours. Raises NotFound; Conflict when it is not dead."""
    row = conn.execute("SELECT state FROM delivery WHERE id = %s FOR NO KEY UPDATE", (delivery_id,)).fetchone()
    if row is None:
        raise NotFound(f"There is no delivery {delivery_id}.", reason="delivery")
    if row["state"] != "dead":
        raise Conflict(f"The delivery is {row['state']}: only a dead one is queued again.", reason="not-dead")
    conn.execute(
        "UPDATE delivery SET state = 'queued', attempts = 0, next_at = now(), seen_at = NULL, error = NULL, "
        "receipt = NULL, give_up_at = now() + interval '48 hours' WHERE id = %s",
        (delivery_id,),
    )
    return deliveries(conn, id=delivery_id)[0]


def seen(conn: Connection, through: int, *, area_wkb: bytes | None = None) -> int:
    """Somebody of the staff has seen the dead letters up to this id. Returns how many were new to them."""
    found = deliveries(conn, area_wkb=area_wkb, state="dead", before=through + 1, limit=10_000)
    return conn.execute(
        "UPDATE delivery SET seen_at = now() WHERE id IN (SELECT id FROM delivery WHERE id = ANY(%s) "
        "AND state = 'dead' AND seen_at IS NULL ORDER BY id FOR NO KEY UPDATE)",
        ([one["id"] for one in found],),
    ).rowcount
