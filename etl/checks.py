"""What every record must pass before it is stored: columns typed and in range, codes well formed, geometry clean.

Conversion to WGS-84 happens here and nowhere else. Feeds and imports share these checks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
import shapely
from shapely import Point
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Boolean, DateTime, Double, Integer, Table
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

from etl import fields, parts
from etl.feed import Context, FeatureRecord, FixRecord
from onemap.core.code import (
    parse_address_code,
    parse_area_code,
    parse_camera_code,
    parse_grid_code,
    parse_part_id,
)
from onemap.core.datum import Datum, DatumRef, geometry_to_wgs84, to_wgs84
from onemap.core.errors import BadInput
from onemap.core.geometry import Wanted, check_point, clean_geometries, clean_geometry, read_geojson
from onemap.store.feature import FeatureRow
from onemap.store.layer import Attribute, LayerSpec
from onemap.store.schema import SYSTEM_COLUMNS

Convert = Callable[[Any, Context], Any]

# Columns whose form a standard fixes, on every layer that has them.
_CODES: dict[tuple[str, str], Callable[[str], object]] = {
    ("area", "code"): parse_area_code,
    ("area", "parent_code"): parse_area_code,
    ("grid", "code"): parse_grid_code,
    ("camera", "code"): parse_camera_code,
    ("building", "address_code"): parse_address_code,
    ("part", "code"): parse_part_id,
    ("part", "class_code"): parts.class_code,
    ("part", "grid_code"): parse_grid_code,
}
_TRUE = frozenset({"true", "t", "yes", "y", "1", "是"})
_FALSE = frozenset({"false", "f", "no", "n", "0", "否"})


def feature_rows(
    layer: LayerSpec, records: Sequence[FeatureRecord], contexts: Sequence[Context], datum: DatumRef
) -> list[FeatureRow | BadInput]:
    """Return for each record the row to store (WGS-84, typed columns), or what is wrong with it."""
    out: list[FeatureRow | BadInput] = []
    shapes: list[BaseGeometry | None] = []
    wanted: list[int] = []
    for record, context in zip(records, contexts, strict=True):
        try:
            key = fields.key(record.key)
            values = attributes(layer, record.attributes, context)
            if layer.name == "part":
                parts.settle(values, placed=record.geom is not None)
            shape = None if record.geom is None else _shape(record.geom)
        except BadInput as exc:
            out.append(exc)
            continue
        if shape is not None:
            wanted.append(len(out))
            shapes.append(shape)
        out.append(FeatureRow(key, None, values, datum.label))
    for at, found in zip(wanted, _placed(shapes, cast(Wanted, layer.geometry), datum), strict=True):
        row = out[at]
        if isinstance(row, FeatureRow):
            out[at] = found if isinstance(found, BadInput) else FeatureRow(row.key, found, row.attributes, datum.label)
    return out


def attributes(layer: LayerSpec, values: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Return the values typed as the layer's columns; BadInput names the column that is wrong."""
    converters = _converters(layer)
    try:
        return {
            name: None if value is None or value == "" else converters[name](value, context)
            for name, value in values.items()
        }
    except KeyError as exc:
        raise BadInput(f"Layer {layer.name} has no column {exc}.", reason="unknown-column") from exc


def position(record: FixRecord, datum: DatumRef) -> tuple[float, float]:
    """Return the fix's WGS-84 lon and lat; BadCoordinate when it is none."""
    if _same_datum(datum):
        check_point(record.lon, record.lat)
        return record.lon, record.lat
    lon, lat = to_wgs84([record.lon], [record.lat], datum)
    return float(lon[0]), float(lat[0])


def _shape(geom: BaseGeometry | Mapping[str, Any] | tuple[float, float]) -> BaseGeometry:
    if isinstance(geom, BaseGeometry):
        return geom
    if isinstance(geom, tuple):
        return Point(geom)
    return read_geojson(geom).geom


def _placed(
    shapes: Sequence[BaseGeometry | None], wanted: Wanted, datum: DatumRef
) -> Iterator[BaseGeometry | BadInput]:
    """Convert the shapes to WGS-84 and clean them, in order."""
    array = np.full(len(shapes), None, dtype=object)
    array[:] = shapes
    refused = {} if _same_datum(datum) else _convert(array, datum)
    if wanted == "LineStringZM":
        # Tracks come few at a time, and their times must be looked at one by one.
        cleaned, bad = array, {}
        for at, shape in enumerate(array):
            try:
                cleaned[at] = clean_geometry(shape, wanted).geom
            except BadInput as exc:
                bad[at] = exc
    else:
        cleaned, _, bad = clean_geometries(array, wanted)
    for at, geom in enumerate(cleaned):
        yield refused.get(at) or bad.get(at) or geom


def _convert(array: npt.NDArray[Any], datum: DatumRef) -> dict[int, BadInput]:
    """Turn the shapes into WGS-84 in place, all flat ones in one go; return what cannot be, by index."""
    refused: dict[int, BadInput] = {}
    flat = np.flatnonzero(~(shapely.is_missing(array) | shapely.has_z(array) | shapely.has_m(array)))
    coords, owner = shapely.get_coordinates(array[flat], return_index=True)
    if len(coords):
        lon, lat = to_wgs84(coords[:, 0], coords[:, 1], datum, on_bad="nan")
        bad = np.unique(owner[~(np.isfinite(lon) & np.isfinite(lat))])
        good = np.setdiff1d(np.arange(len(flat)), bad)
        keep = np.isin(owner, good)
        array[flat[good]] = shapely.set_coordinates(array[flat[good]], np.column_stack([lon, lat])[keep])
        careful = set(flat[bad].tolist())
    else:
        careful = set()
    careful |= set(np.flatnonzero(shapely.has_z(array) | shapely.has_m(array)).tolist())
    seen: dict[bytes, BadInput] = {}  # lists of a city hold thousands of rows at 0,0
    for at in sorted(careful):
        shape = array[at].wkb
        try:
            if shape in seen:
                raise seen[shape]
            array[at] = geometry_to_wgs84(array[at], datum)
        except BadInput as exc:
            refused[at] = seen[shape] = exc
            array[at] = None
    return refused


def _same_datum(datum: DatumRef) -> bool:
    """CGCS2000 equals WGS-84 at the decimetre level: nothing to convert."""
    return datum.datum in (Datum.WGS84, Datum.CGCS2000)


_CONVERTERS: WeakKeyDictionary[Table, dict[str, Convert]] = WeakKeyDictionary()


def _converters(layer: LayerSpec) -> dict[str, Convert]:
    """One converter for each column that a feed may set, built once a layer."""
    found = _CONVERTERS.get(layer.table)
    if found is None:
        found = {
            column.name: _converter(layer, column.name, column.type)
            for column in layer.table.columns
            if column.name not in SYSTEM_COLUMNS and column.name != "key"
        }
        _CONVERTERS[layer.table] = found
    return found


def _converter(layer: LayerSpec, name: str, kind: TypeEngine[Any]) -> Convert:
    attribute = layer.attribute(name)
    if isinstance(kind, DateTime) and layer.name == "part":
        return partial(parts.day, name=name)
    if isinstance(kind, DateTime):
        return partial(_time, name=name, future=name.startswith(("due_", "valid_")))
    if isinstance(kind, Boolean):
        return partial(_boolean, name=name)
    if isinstance(kind, JSONB):
        return lambda value, context: value
    if isinstance(kind, Integer):
        low, high = _whole_range(attribute)
        return lambda value, context: fields.integer(value, name, low=low, high=high)
    if isinstance(kind, Double):
        if name == "heading_deg":
            return lambda value, context: fields.heading(value, name)
        low_f, high_f = _range(name, attribute)
        return lambda value, context: fields.number(value, name, low=low_f, high=high_f)
    code = _CODES.get((layer.name, name))
    if code is not None:
        return lambda value, context: str(code(fields.text(value, name, longest=200)))
    allowed = frozenset(attribute.values) if attribute is not None else frozenset()
    return partial(_text, name=name, allowed=allowed)


def _whole_range(attribute: Attribute | None) -> tuple[int, int]:
    if attribute is not None and attribute.kind == "level":
        return 1, 4
    return 0, 2_000_000_000


def _range(name: str, attribute: Attribute | None) -> tuple[float, float]:
    """Physical bounds by what the column measures: wide enough for any city, too narrow for a wrong unit."""
    if attribute is not None and attribute.unit == "%":
        return 0.0, 100.0
    if name in ("elevation_m", "altitude_m"):
        return -500.0, 12_000.0
    if name in ("fov_deg",):
        return 0.0, 360.0
    if name in ("slope_deg",):
        return 0.0, 90.0
    if name in ("height_m", "mount_height_m"):
        return 0.0, 1_500.0
    return (0.0, float("inf")) if name.endswith(("_m", "_m2", "_mps")) else (float("-inf"), float("inf"))


def _time(value: Any, context: Context, *, name: str, future: bool) -> datetime:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise BadInput(f"{name} has no time zone.", reason="no-zone")
        return value.astimezone(UTC)
    try:
        return context.time(value, future=future)
    except BadInput as exc:
        raise BadInput(f"{name}: {exc.message}", reason=exc.reason) from exc


def _boolean(value: Any, context: Context, *, name: str) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise BadInput(f"{name} is {value!r}; yes or no is wanted.", reason="boolean")


def _text(value: Any, context: Context, *, name: str, allowed: frozenset[str]) -> str | None:
    found = fields.text(value, name)
    if allowed and found not in allowed:
        known = ", ".join(sorted(allowed))
        raise BadInput(f"{name} is {found[:60]!r}; known values are {known}.", reason="unknown-value")
    return found or None
