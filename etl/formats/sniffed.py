"""One door for several formats: by media type, then by the name's ending, then by the first character."""

from __future__ import annotations

from collections.abc import Iterator

from etl.feed import Envelope, Row
from etl.formats import csv, geojson


def geojson_or_csv(payload: bytes, envelope: Envelope) -> Iterator[Row]:
    """Read GeoJSON or CSV. CSV rows come as {"properties": row}, so that one mapping serves both."""
    if _is_csv(payload, envelope):
        for row in csv.read(payload, envelope):
            yield Row(row.position, {"properties": row.data}, row.error)
    else:
        yield from geojson.read(payload, envelope)


def _is_csv(payload: bytes, envelope: Envelope) -> bool:
    media = envelope.media_type.partition(";")[0].strip().lower()
    name = envelope.source.lower()
    if media in ("text/csv", "application/csv") or name.endswith((".csv", ".txt")):
        return True
    if media.endswith("json") or name.endswith((".json", ".geojson", ".geojsonl")):
        return False
    return payload.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] not in (b"{", b"[")
