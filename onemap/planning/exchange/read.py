"""Files of grids from outside, into rows and polygons in WGS-84: GeoJSON, GeoPackage, zipped Shapefile.

What a file is follows from its bytes, never from its name. What cannot be read for certain is refused with a reason;
nothing of the ground is mended here (see `mend`).
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pyogrio.errors
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError

from onemap.core import geometry
from onemap.core.datum import parse_datum, to_wgs84
from onemap.core.errors import BadCoordinate, BadInput
from onemap.planning.exchange import archive, dbf, shapefile
from onemap.planning.exchange.geojson import read_geojson
from onemap.planning.exchange.spec import MAX_BYTES, MAX_VERTICES, GridFile, Shapes, bounded, refused
from onemap.store.layer import Text

_POLYGONS = (3, 6)


def read_grids(
    data: bytes, name: str, *, datum: str | None = None, encoding: str | None = None, layer: str | None = None
) -> GridFile:
    """Read a file of grids.

    `datum` (a name or "EPSG:n") is what the asker says the positions are in: it counts more than what the file says,
    which the notes then tell. `encoding` names the characters of an attribute table, `layer` one of several layers.
    Raises BadInput with reasons: empty, too-large, format, broken, archive, layer, datum, encoding, not-polygons,
    and those of positions (axes-swapped, outside-area, lat-range, …).
    """
    if not data:
        raise refused("empty", "文件是空的", "the file is empty")
    if len(data) > MAX_BYTES:
        raise refused("too-large", "文件超过 64 MB", "the file is larger than 64 MB")
    said = None if datum is None else parse_datum(datum).label
    with tempfile.TemporaryDirectory(prefix="onemap-grids-") as folder:
        found, declared = _opened(data, Path(folder), name, encoding, layer)
    notes = list(found.notes)
    if said is not None and declared is not None and _label(declared) not in (None, said):
        notes.append(
            Text(
                f"文件自称 {_label(declared)},按 {said} 读", f"The file says {_label(declared)}; it was read as {said}."
            )
        )
    if said is None:
        said = _datum(declared)
    shapes = _polygons(found.shapes)
    return replace(found, shapes=in_wgs84(shapes, said), datum=said, notes=tuple(notes))


def in_wgs84(shapes: Shapes, datum: str) -> Shapes:
    """Convert polygons to WGS-84 degrees: vertices that were one stay one, to the last bit. Raises BadCoordinate."""
    at = shapely.get_coordinates(shapes)
    corners, where = np.unique(at, axis=0, return_inverse=True)
    try:
        lon, lat = to_wgs84(corners[:, 0], corners[:, 1], parse_datum(datum))
        geometry_ok, reasons = geometry.check_points(lon, lat)
        if not geometry_ok.all():
            raise BadCoordinate(
                geometry.describe_reason(str(reasons[~geometry_ok][0])), reason=str(reasons[~geometry_ok][0])
            )
    except BadCoordinate as exc:
        raise BadCoordinate(f"{_WRONG.get(exc.reason, '坐标无法使用')} · {exc.message}", reason=exc.reason) from exc
    return shapely.set_coordinates(shapes.copy(), np.column_stack([lon, lat])[where.ravel()])


_WRONG = {
    "axes-swapped": "坐标轴可能颠倒了(先经度、后纬度)",
    "outside-area": "坐标不在所声明坐标系的范围内",
    "not-finite": "有坐标不是数字",
    "null-island": "有坐标为 0,0",
    "lat-range": "纬度超出范围",
    "lon-range": "经度超出范围;平面坐标须说明坐标系",
}


def _opened(
    data: bytes, folder: Path, name: str, encoding: str | None, layer: str | None
) -> tuple[GridFile, str | None]:
    """Read by what the bytes are; return the file, its shapes untouched, and the system it declares."""
    if data[:4] == b"PK\x03\x04" or data[:4] == b"PK\x05\x06":
        return _archive(data, folder, name, encoding, layer)
    if data[:16] == b"SQLite format 3\0":
        path = folder / "grids.gpkg"
        path.write_bytes(data)
        return _geopackage(path, name, layer)
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
        return read_geojson(data, name, encoding)
    if data[:4] == b"\0\0\x27\x0a":
        raise refused(
            "format",
            "单独的 .shp 不够:请把 .shp、.dbf、.prj 等一起压缩成 ZIP",
            "a .shp alone is not enough: pack it with its .dbf and .prj into a ZIP",
        )
    raise refused(
        "format",
        "只接受 GeoJSON、GeoPackage 和压缩的 Shapefile",
        "it is neither GeoJSON, GeoPackage nor a zipped Shapefile, or not whole",
    )


def _archive(
    data: bytes, folder: Path, name: str, encoding: str | None, layer: str | None
) -> tuple[GridFile, str | None]:
    members = archive.unpack(data, folder)
    heads = [one for one in members if one.suffix in (".shp", ".gpkg", ".geojson")]
    heads = heads or [one for one in members if one.suffix == ".json"]
    if layer is not None:
        heads = [one for one in heads if Path(one.stem).name == layer.lower()] or heads
    if not heads:
        raise refused("empty", "压缩包里没有网格文件", "the archive holds no file of grids (.shp, .gpkg, .geojson)")
    if len(heads) > 1:
        names = "、".join(sorted(Path(one.stem).name + one.suffix for one in heads)[:8])
        raise refused(
            "layer", f"压缩包里有多个图层,请说明用哪一个:{names}", f"the archive holds several layers: {names}"
        )
    head = heads[0]
    if head.suffix == ".gpkg":
        return _geopackage(head.path, name, layer)
    if head.suffix != ".shp":
        return read_geojson(head.path.read_bytes(), name, encoding)
    parts = {one.suffix: one.path for one in members if one.stem == head.stem}
    return _shapefile(parts, folder, name, encoding)


def _shapefile(parts: Mapping[str, Path], folder: Path, name: str, encoding: str | None) -> tuple[GridFile, str | None]:
    notes: list[Text] = []
    shapes_at = folder / "grids.shp"
    parts[".shp"].rename(shapes_at)
    records = shapefile.check_shapes(shapes_at)
    if ".dbf" not in parts:
        raise refused("broken", "缺少属性表 .dbf", "the attribute table (.dbf) is missing")
    table = dbf.read_table(parts[".dbf"].read_bytes(), records)
    said, told = dbf.encoding_of(table, parts[".cpg"].read_bytes() if ".cpg" in parts else None, encoding)
    notes += told
    if ".shx" not in parts:
        notes.append(Text("缺少 .shx,已从 .shp 重建", "The .shx is missing; it was made anew from the .shp."))
    # An index made from the records themselves cannot point elsewhere than they lie.
    shapefile.write_index(shapes_at, folder / "grids.shx")
    if ".prj" in parts:
        parts[".prj"].rename(folder / "grids.prj")
    meta, fids, wkb, _ = _raw(shapes_at, None)
    columns, rows = table.rows(said)
    return _file(name, [rows[int(fid)] for fid in fids], wkb, columns, notes), meta["crs"]


def _geopackage(path: Path, name: str, layer: str | None) -> tuple[GridFile, str | None]:
    try:
        layers = {str(found): str(kind) for found, kind in pyogrio.list_layers(path) if kind is not None}
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as exc:
        raise refused("broken", "GeoPackage 损坏或不完整", "the GeoPackage is broken or not whole") from exc
    areas = [found for found, kind in layers.items() if "Polygon" in kind or "Surface" in kind] or list(layers)
    if not areas:
        raise refused("empty", "GeoPackage 里没有图层", "the GeoPackage holds no layer with shapes")
    wanted = layer if layer is not None else ("grid" if "grid" in areas else None)
    if wanted is None and len(areas) > 1:
        names = "、".join(areas[:8])
        raise refused("layer", f"有多个图层,请说明用哪一个:{names}", f"there are several layers, say which: {names}")
    chosen = wanted if wanted is not None else areas[0]
    if chosen not in layers:
        raise refused("layer", f"没有图层 {chosen[:60]}", f"there is no layer {chosen[:60]!r}")
    meta, _, wkb, values = _raw(path, chosen)
    columns = [str(column) for column in meta["fields"]]
    rows = [dict(zip(columns, map(_plain, row), strict=True)) for row in zip(*values, strict=True)]
    return _file(name, rows or [{} for _ in wkb], wkb, columns, []), meta["crs"]


def _raw(path: Path, layer: str | None) -> tuple[dict[str, Any], Any, Any, Any]:
    """Read through GDAL, bounded before the shapes are made. Raises BadInput for what it cannot read to the end."""
    try:
        info = pyogrio.read_info(path, layer=layer, force_feature_count=True)
        bounded(int(info["features"]))
        only: list[str] | None = [] if layer is None else None
        return pyogrio.raw.read(path, layer=layer, columns=only, return_fids=True, datetime_as_string=True)  # type: ignore[no-any-return]
    except (
        pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FeatureError,
        pyogrio.errors.GeometryError, pyogrio.errors.FieldError, UnicodeDecodeError,
    ) as exc:  # fmt: skip
        raise refused("broken", "文件损坏或不完整", f"the file is broken or not whole: {str(exc)[:200]}") from exc


def _file(name: str, rows: Sequence[Any], wkb: Any, columns: Sequence[str], notes: Sequence[Text]) -> GridFile:
    shapes = shapely.from_wkb(wkb, on_invalid="fix")
    return GridFile(name, rows, np.asarray(shapes, dtype=object), "", tuple(columns), tuple(notes))


def _datum(declared: str | None) -> str:
    """The datum of what a file declares. Raises BadInput (reason "datum") when it declares none, or none known."""
    label = None if declared is None else _label(declared)
    if label is None:
        raise refused(
            "datum",
            "没有坐标系说明(.prj),请说明坐标系" if declared is None else "坐标系没有通用代号,请说明坐标系",
            "the file names no coordinate system (.prj); say which it is"
            if declared is None
            else "its coordinate system has no known code; say which it is",
        )
    return label


def _label(declared: str) -> str | None:
    try:
        return parse_datum(declared).label
    except BadInput:
        pass
    try:
        found = CRS.from_user_input(declared).to_authority(min_confidence=70)
        return None if found is None else parse_datum(":".join(found)).label
    except (BadInput, CRSError):
        return None


def _polygons(shapes: Shapes) -> Shapes:
    """The shapes flat, all polygons. Raises BadInput: empty ones, others, too many vertices."""
    if len(shapes) == 0:
        raise refused("empty", "文件里没有网格", "the file holds no grid")
    missing = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    if missing.any():
        number = int(np.flatnonzero(missing)[0]) + 1
        raise refused(
            "empty-shape", f"第 {number} 个网格没有图形", f"grid {number} has no shape ({int(missing.sum())} in all)"
        )
    other = ~np.isin(shapely.get_type_id(shapes), _POLYGONS)
    if other.any():
        number = int(np.flatnonzero(other)[0])
        kind = shapes[number].geom_type
        raise refused(
            "not-polygons",
            f"网格须为面,第 {number + 1} 个是 {kind}",
            f"grids are polygons; number {number + 1} is a {kind}",
        )
    if int(shapely.get_num_coordinates(shapes).sum()) > MAX_VERTICES:
        raise refused("too-large", f"顶点超过 {MAX_VERTICES} 个", f"there are more than {MAX_VERTICES} vertices")
    return np.asarray(shapely.force_2d(shapes), dtype=object)


def _plain(value: Any) -> Any:
    """A numpy scalar as Python's own, NaN of a missing number as None."""
    found = value.item() if hasattr(value, "item") else value
    return None if isinstance(found, float) and found != found else found
