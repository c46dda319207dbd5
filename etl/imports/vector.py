"""GeoJSON by our own reader; GeoPackage, Shapefile, KML, FlatGeobuf and the rest through GDAL."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyogrio
import pyogrio.errors
import shapely

from etl.feed import Row
from etl.formats import geojson
from etl.formats.encoding import decode
from etl.imports import columns
from etl.imports.guess import layer_of
from etl.imports.spec import Found
from onemap.core.datum import parse_datum
from onemap.core.errors import BadInput, FeedMalformed

_AREAS = ("Polygon", "MultiPolygon", "Polygon Z", "MultiPolygon Z")
_MAX_UNZIPPED = 2 * 1024**3
_MAX_RATIO = 200


def read_geojson(path: Path, layer: str | None, datum: str | None, encoding: str | None) -> Found:
    """Read GeoJSON: its own old-style "crs" counts unless the caller names a datum."""
    text = decode(path.read_bytes(), encoding)[0]
    rows: list[Row] = []
    broken: BadInput | None = None
    try:
        for row in geojson.read_text(text):
            rows.append(row)
    except FeedMalformed as exc:
        if not rows:
            raise
        broken = exc
    declared = datum or _declared(text)
    good = [row.data["properties"] for row in rows if row.error is None]
    first = next((row.data["geometry"] for row in rows if row.error is None and row.data["geometry"]), None)
    polygons = isinstance(first, Mapping) and first.get("type") in _AREAS
    spec = layer_of(path.stem, layer, polygons=polygons, columns=good[0] if good else ())
    plan = columns.plan(spec, path.stem, good)

    def mapped() -> Iterator[Row]:
        for row in rows:
            if row.error is not None:
                yield Row(row.position, {"layer": spec.name, **row.data}, row.error)
                continue
            yield _row(row.position, plan, row.data["properties"], row.data["geometry"])
        if broken is not None:
            raise broken

    return Found(spec.name, declared, mapped(), plan.ignored)


def read_gdal(path: Path, layer: str | None, datum: str | None, encoding: str | None) -> Iterator[Found]:
    """Read every layer of a file that GDAL opens. Raises BadInput for what it cannot read or has no known CRS."""
    if path.suffix.lower() in (".zip", ".kmz"):
        _check_archive(path)
    try:
        names = [str(name) for name, kind in pyogrio.list_layers(path) if kind is not None]
        for name in names:
            yield _gdal_layer(path, name, layer if len(names) == 1 or layer is not None else None, datum, encoding)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as exc:
        raise BadInput(f"{path.name} cannot be read: {exc}.", reason="format") from exc
    if not names:
        raise BadInput(f"{path.name} holds no layer with geometry.", reason="empty")


def _gdal_layer(path: Path, name: str, layer: str | None, datum: str | None, encoding: str | None) -> Found:
    meta, _, wkb, values = pyogrio.raw.read(path, layer=name, encoding=encoding, datetime_as_string=True)
    if encoding is None and (better := _better_encoding(meta, values)) is not None:
        meta, _, wkb, values = pyogrio.raw.read(path, layer=name, encoding=better, datetime_as_string=True)
    declared = datum or _crs(path, meta["crs"])
    polygons = str(meta["geometry_type"]) in _AREAS
    names = [str(field) for field in meta["fields"]]
    try:
        spec = layer_of(name, layer, polygons=polygons)
    except BadInput:
        spec = layer_of(path.stem, layer, polygons=polygons, columns=names)
    rows = [dict(zip(names, map(_plain, row), strict=True)) for row in zip(*values, strict=True)] or [{}] * len(wkb)
    shapes = shapely.from_wkb(wkb, on_invalid="fix")
    plan = columns.plan(spec, path.stem, rows)

    def mapped() -> Iterator[Row]:
        for at, (row, shape) in enumerate(zip(rows, shapes, strict=True)):
            yield _row(f"{name}[{at}]", plan, row, shape)

    return Found(spec.name, declared, mapped(), plan.ignored)


def _better_encoding(meta: Mapping[str, Any], values: Sequence[Any]) -> str | None:
    """What a table is written in that does not say so: GDAL then calls it Latin-1, and most are UTF-8 or GB18030."""
    if meta.get("encoding") != "ISO-8859-1":
        return None
    texts = [str(field) for field in meta["fields"]]
    texts += [text for column in values for text in column[:2000] if isinstance(text, str)]
    raw = "\n".join(texts).encode("latin-1", "ignore")
    name = decode(raw)[1]
    return name if not raw.isascii() and name in ("utf-8", "gb18030") else None


def _row(position: str, plan: columns.Plan, values: Mapping[str, Any], geometry: Any) -> Row:
    layer = plan.layer.name
    try:
        found = plan.attributes(values)
        if geometry is None:
            raise BadInput("The geometry is empty.", reason="empty")
    except BadInput as exc:
        return Row(position, {"layer": layer, "properties": values, "geometry": geometry}, exc)
    key = plan.key(values, geometry)
    return Row(position, {"layer": layer, "key": key, "geometry": geometry, "attributes": found})


def _plain(value: Any) -> Any:
    """A numpy scalar as Python's own, NaN of a missing number as None."""
    found = value.item() if hasattr(value, "item") else value
    if isinstance(found, float) and found != found:
        return None
    return found.isoformat() if isinstance(found, datetime | date) else found


def _declared(text: str) -> str:
    name = geojson.declared_crs(text) if '"crs"' in text[:100_000] else None
    return parse_datum(name).label if name is not None else "WGS-84"


def _crs(path: Path, crs: str | None) -> str:
    if crs is None:
        raise BadInput(f"{path.name} names no coordinate system; say it with the option --datum.", reason="datum")
    try:
        return parse_datum(crs).label
    except BadInput as exc:
        raise BadInput(
            f"{path.name} uses a coordinate system without a known code; say it with the option --datum.",
            reason="datum",
        ) from exc


def _check_archive(path: Path) -> None:
    """Refuse an archive that unpacks to far more than it is, or that is none."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError) as exc:
        raise BadInput(f"{path.name} is no readable ZIP archive.", reason="format") from exc
    size = sum(member.file_size for member in members)
    packed = max(1, sum(member.compress_size for member in members))
    if size > _MAX_UNZIPPED or (size > 50 * 1024**2 and size > _MAX_RATIO * packed):
        raise BadInput(f"{path.name} would unpack to {size // 1024**2} MB; it is refused.", reason="archive")
