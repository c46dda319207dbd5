"""Receipts: what a gateway says later of a letter that it took, signed with the channel's secret as our letters are."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar

from onemap.core.errors import BadInput, NotSignedIn, TooLarge
from onemap.store.db import Connection
from onemap.store.sqlfile import sql
from onemap.warnings.sending import outcome
from onemap.warnings.sending.channels.webhook import sign
from onemap.warnings.sending.ledger import deliveries

#: A receipt signed longer ago, or ahead, than this is not taken: it may be an old one that somebody sends again. Within
#: the window a repetition changes nothing.
WINDOW_S = 300.0
State = Literal["received", "read", "failed"]
T = TypeVar("T")


def parse(body: bytes, read: Callable[[bytes], T], *, most: int) -> T:
    """The receipt in a body. Raises BadInput, TooLarge."""
    if len(body) > most:
        raise TooLarge(f"A receipt has {most} bytes at most.")
    try:
        return read(body)
    except ValueError as error:
        raise BadInput("The receipt is not what it should be: idempotency_key, state, at, note.") from error


def check(conn: Connection, key: str, body: bytes, timestamp: str, signature: str, *, at: float) -> None:
    """Whether the body was signed by who has the secret of the letter's channel, just now (`at`, epoch seconds).

    Raises NotSignedIn; the same for an unknown key, a channel without secret, a wrong or an old signature.
    """
    row = conn.execute(
        "SELECT c.secret FROM delivery d JOIN channel c ON c.id = d.channel_id WHERE d.idempotency_key = %s", (key,)
    ).fetchone()
    secret = row["secret"] if row else ""
    fresh = timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 12 and abs(int(timestamp) - at) <= WINDOW_S
    wanted = sign(secret or "none", timestamp, body)
    same = hmac.compare_digest(wanted.encode(), signature.encode(errors="replace"))
    if not (secret and fresh and same):
        raise NotSignedIn("The receipt is not signed by this channel's secret just now.", reason="signature")


def take(conn: Connection, key: str, state: State, at: datetime, note: str) -> dict[str, Any]:
    """Write the receipt, in the caller's transaction; again, or an older one late: nothing. Returns the delivery.

    `failed` is a dead letter, and what was held for later goes at once; it does not undo a receipt that it arrived.
    """
    row = conn.execute(sql("send_receipt_lock"), {"key": key}).fetchone()
    assert row is not None  # noqa: S101  (its signature was checked)
    at = min(at if at.tzinfo else at.replace(tzinfo=UTC), datetime.now(UTC))
    if state == "failed":
        if row["received_at"] is None and row["state"] != "dead":
            outcome.bury(conn, [(row["id"], f"The gateway says that it failed. {note}".strip())])
            conn.execute("UPDATE delivery SET receipt = 'failed' WHERE id = %s", (row["id"],))
    elif row["receipt"] != "read" and row["receipt"] != state:
        conn.execute(
            "UPDATE delivery SET state = 'received', receipt = %s, received_at = coalesce(received_at, %s), "
            "delivered_at = coalesce(delivered_at, %s), error = NULL WHERE id = %s",
            (state, at, at, row["id"]),
        )
        if row["received_at"] is None:
            outcome.reached(conn, [(row["alert_id"], row["kind"])], at, "received")
    return deliveries(conn, id=row["id"])[0]
