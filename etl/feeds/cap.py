"""Warnings of other systems as CAP 1.2 messages, pushed or pulled; see onemap/warnings/telling/received.py."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from etl import fields
from etl.feed import CapRecord, Context, FeedSpec, Record
from etl.formats import cap
from onemap.core.errors import BadInput
from onemap.store.layer import Text
from onemap.warnings.telling import reading


def message(record: Mapping[str, Any], context: Context) -> Iterable[Record]:
    """Read the message and check it against the schema's rules."""
    text = fields.needed(record, "xml")
    if not isinstance(text, str):
        raise BadInput("The message is no text.", reason="xml")
    found, root = reading.read(text.encode("utf-8"))
    return [CapRecord(found, root, context.time(found.sent_text))]


FEED = FeedSpec(
    name="cap",
    title=Text("预警信息（CAP）", "Warnings of others (CAP)"),
    format=cap.message,
    mapping=message,
    pulled=True,
    pushed=True,
)
