"""Grids into files: GeoJSON, GeoPackage, zipped Shapefile in UTF-8 or GBK. WGS-84, every coordinate to its last bit."""

from __future__ import annotations

import json
import re
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyogrio
import shapely

from onemap.planning.exchange.spec import Shapes, refused

Format = Literal["geojson", "gpkg", "shp"]
Encoding = Literal["utf-8", "gbk"]

#: Columns of all files: in our words, and in a Shapefile's ten letters.
COLUMNS = {
    "code": "code",
    "name": "name",
    "kind": "kind",
    "special": "special",
    "community_code": "community_",
    "team_key": "team_key",
    "edition": "edition",
    "area_m2": "area_m2",
    "id": "plan_id",
}
_TEXT_BYTES = 254
_STAMP = (1980, 1, 1, 0, 0, 0)
_MEDIA = {
    "geojson": "application/geo+json",
    "gpkg": "application/geopackage+sqlite3",
    "shp": "application/zip",
}


@dataclass(frozen=True)
class Written:
    """A file as it is sent."""

    data: bytes
    name: str
    media_type: str


def write_grids(
    rows: Sequence[Mapping[str, Any]], shapes: Shapes, *, name: str, format: str, encoding: str = "utf-8"
) -> Written:
    """Write grids with the columns of `COLUMNS` that rows have; `shapes` are WGS-84 polygons in the rows' order.

    `encoding` is of a Shapefile's table alone, its .cpg says it. Raises BadInput: reason "format"; "encoding" for a
    name that GBK cannot write, "too-long" for one that a Shapefile cannot hold: nothing is cut or replaced unsaid.
    """
    if format not in _MEDIA:
        raise refused("format", "格式为 geojson、gpkg 或 shp", "format is geojson, gpkg or shp")
    if encoding.lower() not in ("utf-8", "gbk"):
        raise refused("encoding", "编码为 utf-8 或 gbk", "encoding is utf-8 or gbk")
    stem = re.sub(r"[^\w.-]+", "_", name).strip("._")[:60] or "grids"
    shapes = np.asarray(shapely.force_2d(shapes), dtype=object)
    if format == "geojson":
        return Written(_geojson(rows, shapes), f"{stem}.geojson", _MEDIA[format])
    with tempfile.TemporaryDirectory(prefix="onemap-grids-") as folder:
        if format == "gpkg":
            path = Path(folder) / "grids.gpkg"
            _through_gdal(path, rows, shapes, "GPKG", {column: column for column in COLUMNS}, "UTF-8")
            return Written(path.read_bytes(), f"{stem}.gpkg", _MEDIA[format])
        said = "GBK" if encoding.lower() == "gbk" else "UTF-8"
        _check_texts(rows, said)
        path = Path(folder) / "grids.shp"
        _through_gdal(path, rows, shapes, "ESRI Shapefile", COLUMNS, said)
        path.with_suffix(".cpg").write_text(said, encoding="ascii")
        return Written(_zipped(Path(folder), stem), f"{stem}.zip", _MEDIA[format])


def _geojson(rows: Sequence[Mapping[str, Any]], shapes: Shapes) -> bytes:
    features = [
        {
            "type": "Feature",
            "properties": {column: row.get(column) for column in COLUMNS if column in row},
            # Python writes the shortest digits that read back as the same number.
            "geometry": {"type": "MultiPolygon", "coordinates": _coordinates(shape)},
        }
        for row, shape in zip(rows, shapes, strict=True)
    ]
    content = {"type": "FeatureCollection", "name": "grids", "features": features}
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _coordinates(shape: Any) -> list[Any]:
    return [
        [shapely.get_coordinates(ring).tolist() for ring in (polygon.exterior, *polygon.interiors)]
        for polygon in shapely.get_parts(shape)
    ]


def _through_gdal(
    path: Path, rows: Sequence[Mapping[str, Any]], shapes: Shapes, driver: str, names: Mapping[str, str], encoding: str
) -> None:
    columns = [column for column in names if any(column in row for row in rows) or column == "code"]
    values = []
    for column in columns:
        found = [row.get(column) for row in rows]
        if column == "area_m2":
            values.append(np.array([np.nan if value is None else float(value) for value in found]))
        else:
            values.append(np.array([None if value is None else str(value) for value in found], dtype=object))
    options = {} if driver == "GPKG" else {"SPATIAL_INDEX": "NO"}
    pyogrio.raw.write(
        path,
        np.asarray(shapely.to_wkb(shapes), dtype=object),
        values,
        [names[column] for column in columns],
        geometry_type="MultiPolygon" if driver == "GPKG" else "Polygon",
        promote_to_multi=driver == "GPKG",
        crs="EPSG:4326",
        driver=driver,
        layer="grid" if driver == "GPKG" else None,
        encoding=encoding,
        layer_options=options,
    )


def _check_texts(rows: Sequence[Mapping[str, Any]], encoding: str) -> None:
    for row in rows:
        for column in COLUMNS:
            value = row.get(column)
            if not isinstance(value, str):
                continue
            try:
                size = len(value.encode(encoding))
            except UnicodeEncodeError as exc:
                raise refused(
                    "encoding", f"GBK 写不出“{value[:40]}”,请用 UTF-8", f"GBK cannot write {value[:40]!r}; take UTF-8"
                ) from exc
            if size > _TEXT_BYTES:
                raise refused(
                    "too-long",
                    f"Shapefile 的字段最多 {_TEXT_BYTES} 字节:“{value[:20]}…”,请用 GeoPackage",
                    f"a Shapefile's field holds {_TEXT_BYTES} bytes, {value[:20]!r}… has {size}; take GeoPackage",
                )


def _zipped(folder: Path, stem: str) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for suffix in (".shp", ".shx", ".dbf", ".prj", ".cpg"):
            # One fixed time: the same grids are the same file.
            entry = zipfile.ZipInfo(stem + suffix, _STAMP)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, (folder / f"grids{suffix}").read_bytes())
    return out.getvalue()
