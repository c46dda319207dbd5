"""Geologic-hazard bulletins: stored once by key, a newer issue replaces an older one, each change is logged."""

from __future__ import annotations

from collections.abc import Sequence

from etl.feed import BulletinRecord
from etl.stores.item import Item, Outcome
from onemap.store import changelog
from onemap.store.db import Connection
from onemap.store.sqlfile import sql


def store(conn: Connection, items: Sequence[Item[BulletinRecord]]) -> Outcome:
    """Store bulletins, oldest issue first; what changed goes into the change log as an event."""
    outcome = Outcome()
    for item in sorted(items, key=lambda i: (i.record.issued_at, i.record.key)):
        record = item.record
        changed = conn.execute(
            sql("ingest_bulletin"),
            {
                "key": record.key,
                "level": record.level,
                "area_codes": list(record.area_codes),
                "issued_at": record.issued_at,
                "valid_until": record.valid_until,
                "text": record.text,
                "raw_id": item.raw_id,
            },
        ).rowcount
        outcome.saw(record.issued_at)
        if not changed:
            outcome.unchanged += 1
            continue
        outcome.stored += 1
        note = {
            "key": record.key,
            "level": record.level,
            "area_codes": list(record.area_codes),
            "issued_at": record.issued_at.isoformat(),
            "valid_until": record.valid_until.isoformat() if record.valid_until else None,
            "text": record.text,
        }
        changelog.log_event(conn, "bulletin", record.key, note)
    return outcome
