"""Elevation models: a GeoTIFF is copied beside the database and entered in the table of rasters."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import rasterio
import rasterio.errors
from psycopg.types.json import Jsonb
from rasterio.warp import transform_bounds
from shapely import box

from etl.imports.summary import ImportSummary
from onemap.core.errors import BadInput
from onemap.store.db import Connection, acting
from onemap.store.sqlfile import sql

FOLDER = "rasters"
_MAX_PIXELS = 4_000_000_000


def import_dem(conn: Connection, path: Path, home: Path, actor: str) -> ImportSummary:
    """Take in one elevation model. Raises BadInput when it has no coordinate system or is no single-band raster."""
    info, bounds = _look(path)
    summary = ImportSummary()
    row = conn.execute(sql("ingest_raster_known"), {"name": path.stem}).fetchone()
    conn.rollback()
    target = home / FOLDER / f"{path.stem}.tif"
    summary.reach(bounds)
    if row is not None and row["sha256"] == info["sha256"] and target.is_file():
        summary.count("raster").unchanged = 1
        return summary
    target.parent.mkdir(parents=True, exist_ok=True)
    # Written beside and renamed: a reader of the old file never sees half of the new one.
    beside = target.with_suffix(".tif.part")
    shutil.copyfile(path, beside)
    os.replace(beside, target)
    params = {
        "name": path.stem,
        "path": f"{FOLDER}/{target.name}",
        "bounds": box(*bounds).wkb,
        "info": Jsonb(info),
    }
    with acting(conn, actor):
        conn.execute(sql("ingest_raster"), params)
    summary.count("raster").taken = 1
    return summary


def _look(path: Path) -> tuple[dict[str, object], tuple[float, float, float, float]]:
    try:
        with rasterio.open(path) as raster:
            if raster.crs is None:
                points = " (it has control points: warp it first, for example with gdalwarp)" if raster.gcps[0] else ""
                raise BadInput(
                    f"{path.name} has no coordinate system, so its place is unknown{points}.", reason="datum"
                )
            if raster.count != 1 or raster.dtypes[0] not in ("float32", "float64", "int16", "uint16", "int32", "uint8"):
                raise BadInput(f"{path.name} is no elevation model: one band of numbers is wanted.", reason="format")
            if raster.width * raster.height > _MAX_PIXELS:
                raise BadInput(
                    f"{path.name} is too large: {raster.width} by {raster.height} pixels.", reason="too-large"
                )
            west, south, east, north = transform_bounds(raster.crs, "EPSG:4326", *raster.bounds)
            info: dict[str, object] = {
                "crs": raster.crs.to_string(),
                "width": raster.width,
                "height": raster.height,
                "dtype": raster.dtypes[0],
                "nodata": None if raster.nodata is None or raster.nodata != raster.nodata else float(raster.nodata),
                "pixel": [float(abs(raster.res[0])), float(abs(raster.res[1]))],
            }
    except rasterio.errors.RasterioIOError as exc:
        raise BadInput(f"{path.name} is no readable GeoTIFF.", reason="format") from exc
    info["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    return info, (west, south, east, north)
