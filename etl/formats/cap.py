"""CAP 1.2: one message a payload, decoded and found harmless; what it says is read by the mapping."""

from __future__ import annotations

from collections.abc import Iterator

from etl.feed import Envelope, Row
from onemap.warnings.telling import reading


def message(payload: bytes, envelope: Envelope) -> Iterator[Row]:
    """Yield the message's text as {"xml": …}. Raises BadInput (reasons size, encoding, dtd, xml, depth)."""
    yield Row("", {"xml": reading.text_of(payload)})
