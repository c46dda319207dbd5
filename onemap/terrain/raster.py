"""Rasters as the engine reads them: north up, gaps as NaN, block by block, with the metres of a pixel on the ground."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
from pyproj import Geod, Transformer
from rasterio.enums import Resampling
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window

from onemap.core.errors import BadInput
from onemap.terrain.dem import HIGHEST_M, LOWEST_M

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

#: A block of rows read at once takes about this much as float32.
BLOCK_BYTES = 32 * 1024 * 1024
#: Ellipsoid of WGS-84, metres and the square of its eccentricity.
_A, _E2 = 6378137.0, 6.69437999014e-3
#: A projection that is truer than this is taken at its word, as gdaldem does (UTM is within 0.1 %).
_TRUE = 0.01
_GEOD = Geod(ellps="WGS84")


@dataclass(frozen=True)
class Grid:
    """Where the pixels of a north-up raster lie.

    `west`, `north` and the steps (`across`, `down`, both above zero) are in units of `crs`; `dx_m`, `dy_m` (rows,) are
    the metres from a pixel's centre to the next one east and south on the ground.
    """

    crs: str
    width: int
    height: int
    west: float
    north: float
    across: float
    down: float
    dx_m: Doubles
    dy_m: Doubles

    @property
    def pixel_m(self) -> float:
        """The side of a pixel in the middle row, metres."""
        mid = self.height // 2
        return float(math.sqrt(self.dx_m[mid] * self.dy_m[mid]))

    def coarser(self, width: int, height: int) -> Grid:
        """The grid of the same ground with fewer pixels."""
        rows = (np.arange(height) + 0.5) * self.height / height - 0.5
        own = np.arange(self.height)
        return Grid(
            self.crs, width, height, self.west, self.north, self.across * self.width / width,
            self.down * self.height / height, np.interp(rows, own, self.dx_m) * self.width / width,
            np.interp(rows, own, self.dy_m) * self.height / height,
        )  # fmt: skip


class Source:
    """An open raster: `grid`, and its first band by rows."""

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset
        self.grid = _grid(dataset)
        self._nodata = dataset.nodata
        self._masked = any("per_dataset" in flag.name for flag in dataset.mask_flag_enums[0])

    def rows(self, first: int, last: int) -> Floats:
        """Heights of rows first..last (exclusive, cut to the raster) as (rows, width) float32, NaN where unknown."""
        first, last = max(0, first), min(self.grid.height, last)
        window = Window(0, first, self.grid.width, last - first)
        band = self._dataset.read(1, window=window, out_dtype="float32")
        return self._known(band, window)

    def codes(self, first: int, last: int) -> npt.NDArray[np.int32]:
        """Class codes of rows first..last as int32, -1 where there is no data."""
        first, last = max(0, first), min(self.grid.height, last)
        band = self._dataset.read(1, window=Window(0, first, self.grid.width, last - first), masked=True)
        return np.asarray(band.astype(np.int32).filled(-1), np.int32)

    def coarse(self, max_cells: int) -> tuple[Floats, Grid]:
        """The whole raster, averaged to at most `max_cells` pixels where it has more, and its grid."""
        shrink = math.sqrt(self.grid.width * self.grid.height / max_cells)
        if shrink <= 1.0:
            return self.rows(0, self.grid.height), self.grid
        grid = self.grid.coarser(max(1, int(self.grid.width / shrink)), max(1, int(self.grid.height / shrink)))
        shape = (grid.height, grid.width)
        band = self._dataset.read(1, out_shape=shape, resampling=Resampling.average, masked=True, out_dtype="float32")
        return clean(np.asarray(band.filled(np.nan), np.float32)), grid

    def blocks(self, halo: int = 0, among: tuple[float, float] = (0, math.inf)) -> Iterator[tuple[int, int, Floats]]:
        """(first, last, heights of rows first - halo .. last + halo, cut to the raster), from north to south.

        Blocks outside the rows `among` are left out.
        """
        step = block_rows(self.grid.width)
        for first in range(0, self.grid.height, step):
            last = min(first + step, self.grid.height)
            if first < among[1] and last > among[0]:
                yield first, last, self.rows(first - halo, last + halo)

    def _known(self, band: Floats, window: Window) -> Floats:
        if self._masked:
            band[self._dataset.dataset_mask(window=window) == 0] = np.nan
        elif self._nodata is not None and not math.isnan(self._nodata):
            band[band == np.float32(self._nodata)] = np.nan
        return clean(band)


def clean(heights: Floats) -> Floats:
    """The same array with what is no height on earth as NaN."""
    with np.errstate(invalid="ignore"):
        heights[~((heights >= LOWEST_M) & (heights <= HIGHEST_M))] = np.nan
    return heights


def block_rows(width: int) -> int:
    """Rows of one block: whole tiles of 512 where they fit, 16 at least."""
    rows = BLOCK_BYTES // (4 * width)
    return int(max(16, rows // 512 * 512 if rows >= 512 else rows))


@contextmanager
def opened(path: Path) -> Iterator[Source]:
    """Open a raster for reading; one that is not north up is turned on the way. Raises BadInput without a CRS."""
    with rasterio.open(path) as dataset:
        if dataset.crs is None:
            raise BadInput("The raster has no coordinate system, so its place is unknown.", reason="no-crs")
        a, b, _, d, e, _ = tuple(dataset.transform)[:6]
        if b == 0 and d == 0 and a > 0 and e < 0:
            yield Source(dataset)
        else:
            with WarpedVRT(dataset, crs=dataset.crs, resampling=Resampling.bilinear, nodata=dataset.nodata) as turned:
                yield Source(turned)


def _grid(dataset: Any) -> Grid:
    a, _, west, _, e, north = tuple(dataset.transform)[:6]
    dx, dy = _metres(dataset, a, -e, west, north)
    return Grid(dataset.crs.to_string(), dataset.width, dataset.height, west, north, a, -e, dx, dy)


def _metres(dataset: Any, across: float, down: float, west: float, north: float) -> tuple[Doubles, Doubles]:
    """Metres of a pixel east and south for every row.

    Geographic: by the ellipsoid's radii of curvature at the row's latitude. Projected: the projection's own metres
    where they are within 1 % of the ground's; else (web mercator) the ground's, row by row, in the middle column.
    """
    rows = np.arange(dataset.height)
    if dataset.crs.is_geographic:
        lat = np.radians(np.clip(north - (rows + 0.5) * down, -89.999, 89.999))
        w = np.sqrt(1.0 - _E2 * np.sin(lat) ** 2)
        east_m, south_m = _A / w * np.cos(lat), _A * (1.0 - _E2) / w**3
        return np.radians(across) * east_m, np.radians(down) * south_m
    unit = float(dataset.crs.linear_units_factor[1])
    x, at = west + dataset.width / 2 * across, np.linspace(0, dataset.height - 1, min(dataset.height, 65))
    y = north - (at + 0.5) * down
    to_lonlat = Transformer.from_crs(dataset.crs, "EPSG:4326", always_xy=True).transform

    def apart(dx: float, dy: float) -> Doubles:
        lon0, lat0 = to_lonlat(np.full_like(y, x - dx / 2), y + dy / 2)
        lon1, lat1 = to_lonlat(np.full_like(y, x + dx / 2), y - dy / 2)
        return np.asarray(_GEOD.inv(lon0, lat0, lon1, lat1)[2], np.float64)

    found = []
    for step, true in ((across, apart(across, 0.0)), (down, apart(0.0, down))):
        own = step * unit
        near = bool(np.all(np.abs(true / own - 1.0) < _TRUE))
        found.append(np.full(dataset.height, own) if near else np.interp(rows, at, true))
    return found[0], found[1]
