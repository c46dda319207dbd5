"""Imports as a feed: their records are mapped by the reader of the file, then checked and stored like any other's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import shapely

from etl import fields
from etl.feed import Context, FeatureRecord, FeedSpec, Record, Row
from etl.formats import json
from onemap.core.errors import BadInput
from onemap.store.layer import Text


def mapped(record: Mapping[str, Any], context: Context) -> Iterable[Record]:
    """Map {"layer", "key", "geometry", "attributes"}: as a file's reader gives it, or as quarantine kept it."""
    if "_truncated" in record:
        raise BadInput("The record was too large to be kept here; import its file again.", reason="too-large")
    values = record.get("attributes")
    if not isinstance(values, Mapping):
        raise BadInput("The record has no attributes.", reason="missing")
    layer = fields.text(fields.needed(record, "layer"), "layer")
    geometry = record.get("geometry")
    if isinstance(geometry, Mapping) and "wkt" in geometry:
        geometry = shapely.from_wkt(geometry["wkt"], on_invalid="ignore")
    elif isinstance(geometry, list) and len(geometry) == 2:
        geometry = (fields.number(geometry[0], "x"), fields.number(geometry[1], "y"))
    yield FeatureRecord(layer, fields.key(fields.needed(record, "key")), geometry, values)


@dataclass(frozen=True, slots=True)
class Skip:
    """A row that the map has no place for: nothing is wrong with it."""

    layer: str
    reason: str


IMPORT = FeedSpec(
    name="import",
    title=Text("文件导入", "Imported files"),
    format=json.read,
    mapping=mapped,
)


def import_spec(datum: str, zone: str | None) -> FeedSpec:
    """The import feed for one file: in that datum, with times without offset read in that zone."""
    return replace(IMPORT, datum=datum, zone=zone or "")


@dataclass(frozen=True)
class Found:
    """What a reader found in a file: rows in the form `mapped` reads, in one datum; `layer` is the one unnamed rows
    count for. Columns that were not used are named."""

    layer: str
    datum: str
    rows: Iterable[Row | Skip]
    ignored: Sequence[str] = ()
