"""Zonal statistics of a large elevation raster in H3 cells, beside exactextract called for each cell."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import rasterio
import shapely
from exactextract import exact_extract
from rasterio.transform import from_origin
from rasterio.warp import transform_bounds
from rasterio.windows import Window
from scipy.ndimage import gaussian_filter

from bench.ground import Ground
from bench.row import Row, faster, interleaved
from onemap.core.cell import Cells, boundaries, cover
from onemap.terrain.zonal import zonal

SIDE, PIXEL_M, TILE = 16_384, 5.0, 512
WEST, NORTH = 600_000.0, 3_300_000.0
RES = 9
STATS = ["mean", "min", "max", "stdev", "count"]
#: All cells take the peer about a minute; it gets this many, neighbours of each other.
PEER_CELLS = 20_000


def rows(ground: Ground) -> list[Row]:
    """`heat.zonal`: megapixels of the raster gone through in a second."""
    path = ground.home / "dem-1gb.tif"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        make(path)
    cells = cells_of_raster(path)
    part = cells[: min(PEER_CELLS, len(cells))]
    zonal(path, part[:10])  # compile
    frame = gpd.GeoDataFrame({"cell": part}, geometry=boundaries(part), crs="EPSG:4326").to_crs("EPSG:32648")
    kept: dict[str, Any] = {}

    def ours() -> float:
        began = time.perf_counter()
        kept["ours"] = zonal(path, cells)
        return SIDE * SIDE / 1e6 / (time.perf_counter() - began)

    def theirs() -> float:
        began = time.perf_counter()
        kept["theirs"] = exact_extract(str(path), frame, STATS, output="pandas")
        pixels = float(kept["theirs"]["count"].sum())
        return pixels / 1e6 / (time.perf_counter() - began)

    mine, peer = interleaved(2, ours, theirs)
    gap, apart = difference(kept["ours"], len(part), kept["theirs"])
    note = (
        f"{SIDE} x {SIDE} float32, {PIXEL_M:g} m, uncompressed tiles; ours: all {len(cells):,} cells of resolution"
        f" {RES} from their ids; the peer: {len(part):,} of them, outlines ready; mean, deviation and count of those"
        f" differ by {gap:.1e} of themselves at most, least or greatest in {apart} (slivers under 1e-9 of a pixel)"
    )
    return [faster("heat.zonal", mine, peer, "exactextract.exact_extract, per cell", "Mpx/s", 5.0, note)]


def cells_of_raster(path: Path) -> Cells:
    """The cells that overlap the raster, sorted: neighbours in the list are neighbours on the ground."""
    with rasterio.open(path) as source:
        box = shapely.segmentize(shapely.box(*transform_bounds(source.crs, "EPSG:4326", *source.bounds)), 0.01)
    return cover(box, RES)


def difference(ours: Any, first: int, theirs: Any) -> tuple[float, int]:
    """The largest relative difference of mean, deviation and count, and how many cells have another least or greatest.

    The latter are cells that touch a pixel with less than a billionth of it: the peer counts it, we do not.
    """
    known = theirs["count"].to_numpy() > 0

    def pair(name: str, mine: Any) -> tuple[Any, Any]:
        return mine[:first][known], theirs[name].to_numpy()[known]

    worst = 0.0
    for a, b in (pair("mean", ours.mean), pair("stdev", ours.std), pair("count", ours.count)):
        worst = max(worst, float(np.max(np.abs(a - b) / np.maximum(np.abs(b), 1e-6))))
    apart = [a != b for a, b in (pair("min", ours.min), pair("max", ours.max))]
    return worst, int((apart[0] | apart[1]).sum())


def make(path: Path) -> None:
    """Write hills of several sizes, band by band of rows."""
    rng = np.random.default_rng(20_260_601)
    part = path.with_suffix(".part.tif")
    coarse = gaussian_filter(rng.standard_normal((SIDE // 64 + 2, SIDE // 64 + 2)), 4) * 4_000
    with rasterio.open(
        part, "w", driver="GTiff", width=SIDE, height=SIDE, count=1, dtype="float32", crs="EPSG:32648",
        transform=from_origin(WEST, NORTH, PIXEL_M, PIXEL_M), tiled=True, blockxsize=TILE, blockysize=TILE,
        nodata=-9999.0,
    ) as out:  # fmt: skip
        for first in range(0, SIDE, TILE):
            out.write(1_000.0 + _hills(coarse, first, rng), 1, window=Window(0, first, SIDE, TILE))
    part.replace(path)


def _hills(coarse: npt.NDArray[np.float64], first: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Rows first.. of the coarse hills, drawn between their points, with a grain of half a metre."""
    at = np.arange(first, first + TILE) / 64
    below = at.astype(int)
    share = (at - below)[:, None]
    lines = coarse[below] * (1 - share) + coarse[below + 1] * share
    columns = np.arange(SIDE) / 64
    left = columns.astype(int)
    share = columns - left
    ground = lines[:, left] * (1 - share) + lines[:, left + 1] * share
    return (ground + rng.normal(0.0, 0.5, ground.shape)).astype(np.float32)
