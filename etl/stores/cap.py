"""CAP messages of others: each becomes a claim, ends one, or is kept; what is refused goes to quarantine."""

from __future__ import annotations

from collections.abc import Sequence

from etl.feed import CapRecord
from etl.stores.item import Item, Outcome, Reject
from onemap.core.errors import BadInput
from onemap.core.settings import CaseSettings
from onemap.store.db import Connection
from onemap.warnings.telling import received


def store(conn: Connection, items: Sequence[Item[CapRecord]], clocks: CaseSettings) -> Outcome:
    """Take messages, oldest first: an update that came in one payload with its alert finds it."""
    outcome = Outcome()
    for item in sorted(items, key=lambda one: one.record.at):
        record = item.record
        try:
            done = received.take(conn, record.message, record.root, clocks, raw_id=item.raw_id)
        except BadInput as exc:
            outcome.rejects.append(Reject(item.raw_id, item.row, exc))
            continue
        outcome.saw(record.at)
        outcome.stored += done.stored
        outcome.unchanged += not done.stored
    return outcome
