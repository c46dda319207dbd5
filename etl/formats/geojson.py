"""GeoJSON: a FeatureCollection, one Feature, an array, or one Feature a line; of half a file, the whole features."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from etl.feed import Envelope, Row
from etl.formats import json as json_format
from etl.formats.encoding import decode
from onemap.core.errors import FeedMalformed


def read(payload: bytes, envelope: Envelope) -> Iterator[Row]:
    """Yield {"id", "geometry", "properties"} of each feature. FeedMalformed when there is none."""
    yield from read_text(decode(payload)[0])


def read_text(text: str) -> Iterator[Row]:
    """As `read`, from text."""
    try:
        data = json_format.loads(text)
    except FeedMalformed as exc:
        yield from _salvage(text, exc)
        return
    if isinstance(data, Mapping) and data.get("type") == "FeatureCollection":
        found: Any = data.get("features")
        if not isinstance(found, list):
            raise FeedMalformed("The FeatureCollection has no array of features.", reason="geojson")
        for at, feature in enumerate(found):
            yield _row(feature, f"features[{at}]")
    elif isinstance(data, list):
        for at, feature in enumerate(data):
            yield _row(feature, f"[{at}]")
    else:
        yield _row(data, "")


def declared_crs(text: str) -> str | None:
    """Return the old-style "crs" member's name, such as urn:ogc:def:crs:EPSG::4490; None where the file has none."""
    try:
        data = json_format.loads(text)
        name = data["crs"]["properties"]["name"]
    except (FeedMalformed, KeyError, TypeError):
        return None
    return name if isinstance(name, str) else None


def _salvage(text: str, broken: FeedMalformed) -> Iterator[Row]:
    marker = text.find('"features"')
    start = text.find("[", marker) if marker >= 0 else -1
    if start >= 0:
        for row in json_format.salvage(text, start, "features", broken):
            yield _row(row.data, row.position) if row.error is None else row
        return
    lines = [line.strip("\x1e \r") for line in text.splitlines()]
    try:
        json_format.loads(next((line for line in lines if line), ""))
    except FeedMalformed:
        raise broken from None  # not even its first line: this is no file of features at all
    for at, line in enumerate(lines, start=1):
        if not line:
            continue
        try:
            feature = json_format.loads(line)
        except FeedMalformed as exc:
            yield Row(f"line {at}", {"rest": line[:2000]}, exc)
            continue
        yield _row(feature, f"line {at}")


def _row(feature: Any, position: str) -> Row:
    if not isinstance(feature, Mapping) or feature.get("type") != "Feature":
        kept = feature if isinstance(feature, Mapping) else {"value": feature}
        return Row(position, kept, FeedMalformed("A GeoJSON Feature is wanted here.", reason="geojson"))
    properties = feature.get("properties")
    return Row(
        position,
        {
            "id": feature.get("id"),
            "geometry": feature.get("geometry"),
            "properties": properties if isinstance(properties, Mapping) else {},
        },
    )
