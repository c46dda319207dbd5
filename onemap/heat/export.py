"""Surfaces as files for notebooks and other systems: CSV, GeoJSON, GeoParquet, GeoTIFF. Each cell carries its id."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import numpy.typing as npt
import rasterio
import shapely
from rasterio.io import MemoryFile
from rasterio.transform import from_origin

from onemap.core.cell import area_km2, boundaries, cells_of, centers, hex_of
from onemap.core.errors import BadInput
from onemap.heat.window import HeatCells

#: How each format is called: the file's ending and its media type.
FORMATS: dict[str, tuple[str, str]] = {
    "csv": (".csv", "text/csv"),
    "geojson": (".geojson", "application/geo+json"),
    "geoparquet": (".parquet", "application/vnd.apache.parquet"),
    "geotiff": (".tif", "image/tiff; application=geotiff"),
    "html": (".html", "text/html"),
}
#: More cells than this in one file are a mistake in the resolution.
MAX_CELLS = 2_000_000
#: A raster larger than this is written coarser instead: its pixels then say so.
MAX_PIXELS = 36_000_000
#: Pixels across a cell: a hexagon's outline is then right to a quarter of its radius.
_ACROSS = 8.0


@dataclass(frozen=True)
class Extract:
    """One surface at one instant: cells (ascending) with values, and what is said of them.

    `about` goes into every file: surface, unit, window, resolution, when it was made.
    """

    found: HeatCells
    res: int
    about: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.found.cells) > MAX_CELLS:
            raise BadInput(
                f"{len(self.found.cells)} cells are more than a file holds ({MAX_CELLS}).", reason="export-size"
            )


def columns(extract: Extract) -> dict[str, npt.NDArray[Any]]:
    """The table of an extract: cell (15-digit text), res, lon, lat in degrees, value, rank (0..1), area_km2."""
    found = extract.found
    lon, lat = centers(found.cells)
    order = np.searchsorted(np.sort(found.values), found.values, side="right")
    n = len(found.cells)
    return {
        "cell": np.array([hex_of(cell) for cell in found.cells.tolist()], dtype=object),
        "res": np.full(n, extract.res, np.int64),
        "lon": lon,
        "lat": lat,
        "value": found.values,
        "rank": order / max(1, n),
        "area_km2": np.full(n, area_km2(extract.res)),
    }


def frame(extract: Extract) -> geopandas.GeoDataFrame:
    """The extract as a GeoDataFrame (EPSG:4326) with the outlines of its cells; `attrs` holds what is said of it."""
    table = geopandas.GeoDataFrame(columns(extract), geometry=boundaries(extract.found.cells), crs="EPSG:4326")
    table.attrs.update({str(name): value for name, value in extract.about.items()})
    return table


def as_csv(extract: Extract) -> bytes:
    """CSV with a header; lon and lat are the cells' centres."""
    table = columns(extract)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table)
    writer.writerows(zip(*(column.tolist() for column in table.values()), strict=True))
    return text.getvalue().encode()


def as_geojson(extract: Extract) -> bytes:
    """An RFC 7946 FeatureCollection: one polygon a cell, `about` as a foreign member."""
    table = columns(extract)
    names = [name for name in table if name not in ("lon", "lat")]
    shapes = shapely.to_geojson(shapely.set_precision(boundaries(extract.found.cells), 1e-7))
    rows = zip(*(table[name].tolist() for name in names), strict=True)
    features = []
    for shape, row in zip(shapes, rows, strict=True):
        told = dict(zip(names, row, strict=True))
        features.append({"type": "Feature", "id": row[0], "geometry": json.loads(shape), "properties": told})
    whole = {"type": "FeatureCollection", "about": dict(extract.about), "features": features}
    return json.dumps(whole, ensure_ascii=False, default=str).encode()


def as_geoparquet(extract: Extract) -> bytes:
    """GeoParquet 1.1 with the cells' outlines; `about` stands in the file's metadata under `onemap`."""
    import pyarrow.parquet

    raw = io.BytesIO()
    frame(extract).to_parquet(raw, index=False, schema_version="1.1.0", write_covering_bbox=False)
    # The metadata of the table itself is what other readers keep; pandas' attrs are not.
    table = pyarrow.parquet.read_table(io.BytesIO(raw.getvalue()))
    about = json.dumps(dict(extract.about), ensure_ascii=False, default=str).encode()
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), b"onemap": about})
    out = io.BytesIO()
    pyarrow.parquet.write_table(table, out, compression="zstd")
    return out.getvalue()


def as_geotiff(extract: Extract) -> bytes:
    """A float32 GeoTIFF (EPSG:4326): every pixel has the value of the cell its centre lies in, NaN where there is none.

    Exact at pixel centres. Raises BadInput (reason "export-empty") when there is no cell, "export-antimeridian" when
    the cells lie on both sides of it.
    """
    cells, values = extract.found.cells, extract.found.values
    if not len(cells):
        raise BadInput("The surface has no cell there, so there is nothing to draw.", reason="export-empty")
    west, south, east, north = shapely.total_bounds(boundaries(cells)).tolist()
    if east - west > 180.0 or east > 180.0:
        raise BadInput("A raster across the antimeridian cannot be written.", reason="export-antimeridian")
    across_m = 2.0 * math.sqrt(area_km2(extract.res) * 2.0 / (3.0 * math.sqrt(3.0))) * 1000.0
    step = across_m / _ACROSS / 111_195.0
    step = max(step, math.sqrt((east - west) * (north - south) / MAX_PIXELS))
    width, height = math.ceil((east - west) / step), math.ceil((north - south) / step)
    transform = from_origin(west, north, step, step)
    about = {name: str(value) for name, value in extract.about.items()}
    with MemoryFile() as memory:
        with memory.open(
            driver="GTiff", width=width, height=height, count=1, dtype="float32", crs="EPSG:4326", transform=transform,
            nodata=float("nan"), compress="deflate", predictor=3, tiled=True, blockxsize=256, blockysize=256,
        ) as target:  # fmt: skip
            rows = max(1, 4_000_000 // width)
            lon = west + (np.arange(width) + 0.5) * step
            for top in range(0, height, rows):
                lat = north - (np.arange(top, min(height, top + rows)) + 0.5) * step
                band = _pixels(lon, lat, cells, values, extract.res)
                target.write(band, 1, window=rasterio.windows.Window(0, top, width, len(lat)))
            target.update_tags(**about)
            target.set_band_description(1, about.get("surface", "value"))
        return bytes(memory.read())


def _pixels(
    lon: npt.NDArray[np.float64],
    lat: npt.NDArray[np.float64],
    cells: npt.NDArray[np.int64],
    values: npt.NDArray[np.float64],
    res: int,
) -> npt.NDArray[np.float32]:
    x, y = np.meshgrid(lon, np.clip(lat, -90.0, 90.0))
    wanted = cells_of(np.clip(x, -180.0, 180.0), y, res)
    at = np.minimum(np.searchsorted(cells, wanted), len(cells) - 1)
    return np.where(cells[at] == wanted, values[at], np.nan).astype(np.float32)


WRITERS = {"csv": as_csv, "geojson": as_geojson, "geoparquet": as_geoparquet, "geotiff": as_geotiff}


def write(extract: Extract, path: Path, kind: str) -> int:
    """Write an extract to a file, whole or not at all; returns its bytes. Raises BadInput for an unknown format."""
    if kind not in WRITERS:
        raise BadInput(f"{kind[:20]!r} is no format: {', '.join(WRITERS)}.", reason="format")
    return put(path, WRITERS[kind](extract))


def put(path: Path, data: bytes) -> int:
    """Write bytes to a file under its name only once they are all there."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.write_bytes(data)
    part.replace(path)
    return len(data)
