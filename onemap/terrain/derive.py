"""What follows from the heights around a pixel: slope, aspect, curvature, roughness, shade, relief.

Window of a pixel, north up:   1 2 3 / 4 5 6 / 7 8 9.

- slope, aspect, gradient: Horn (1981), as gdaldem. Aspect is the direction downhill, clockwise from north.
- curvature: Zevenbergen & Thorne (1987), 1/m, all three above zero where the ground is convex (ridges, spurs, brows)
  and below in hollows: `curvature` = -2 (D + E) = `profile_curvature` + `plan_curvature`; the two are 0 on a summit.
- tri: Riley (1999); tpi: Weiss (2001), height above the mean of the eight neighbours; roughness: range of the nine.
- hillshade: 1..255, single light (Burrough); multishade: four lights, each weighted by how far it lies along the slope
  (Mark 1992, as gdaldem reads it).
- relief: range of heights within a radius east-west and north-south: a square, which costs the same at any radius.

A pixel without height, or beside one, has no derivative, unless `edges`: then a missing neighbour outside the raster is
extrapolated and one inside takes the pixel's own height, as gdaldem's -compute_edges does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
import rasterio
from numba import njit
from rasterio.transform import from_origin
from rasterio.windows import Window
from scipy.ndimage import maximum_filter1d, minimum_filter1d

from onemap.core.errors import BadInput
from onemap.terrain.raster import Floats, Source, opened

#: Products of the 3 x 3 window with their units.
LOCAL = {
    "slope": "°", "aspect": "°", "hillshade": "1..255", "multishade": "1..255", "profile_curvature": "1/m",
    "plan_curvature": "1/m", "curvature": "1/m", "tpi": "m", "tri": "m", "roughness": "m", "east": "m/m",
    "north": "m/m",
}  # fmt: skip
RELIEF_M = 250.0
#: The light of `hillshade`: degrees clockwise from north, degrees above the horizon.
LIGHT = (315.0, 45.0)
_THREADS = ThreadPoolExecutor(2, thread_name_prefix="derive")
#: Fewer pixels than this are not worth a second thread.
_ALONE = 200_000


def derive(
    heights: Floats,
    dx_m: npt.ArrayLike,
    dy_m: npt.ArrayLike,
    want: Sequence[str],
    *,
    edges: bool = False,
    light: tuple[float, float] = LIGHT,
) -> dict[str, Floats]:
    """Products of an array of heights (rows, columns) in metres, NaN where none is known, row 0 in the north.

    `dx_m`, `dy_m` are the metres of a pixel, single or for each row. Each product is float32 of the same shape; NaN
    where it cannot be said (an aspect on flat ground). Raises BadInput for a product that is not in `LOCAL`.
    """
    _check(want, LOCAL)
    rows, columns = heights.shape
    out = np.full((len(want), rows, columns), np.nan, np.float32)
    place = np.array([want.index(name) if name in want else -1 for name in LOCAL], np.int64)
    dx, dy = (np.ascontiguousarray(np.broadcast_to(np.asarray(d, np.float64), rows)) for d in (dx_m, dy_m))
    z = np.ascontiguousarray(heights, np.float32)
    azimuth, altitude = math.radians(light[0]), math.radians(light[1])

    def part(first: int, last: int) -> None:
        _derive(z, dx, dy, first, last, edges, azimuth, altitude, place, out)

    if rows >= 2 and columns >= 2:
        in_rows(rows, z.size, part)
    return {name: out[at] for at, name in enumerate(want)}


def _check(want: Sequence[str], known: Collection[str]) -> None:
    unknown = [name for name in want if name not in known]
    if unknown:
        raise BadInput(f"There is no derivative {unknown[0]!r}; there are {', '.join(known)}.", reason="product")


def in_rows(rows: int, work: int, part: Callable[[int, int], None]) -> None:
    """Call `part(first, last)` over all rows: in two threads when the work is large. It must release the GIL."""
    if work < _ALONE or rows < 4:
        part(0, rows)
        return
    cuts = np.linspace(0, rows, 5).astype(int).tolist()
    list(_THREADS.map(lambda cut: part(*cut), pairwise(cuts)))


def relief(heights: Floats, dx_m: float, dy_m: float, radius_m: float = RELIEF_M) -> Floats:
    """Highest less lowest height within `radius_m` east-west and north-south of each pixel, metres, gaps left out."""
    across, down = halo_of(dx_m, radius_m), halo_of(dy_m, radius_m)
    gap = np.isnan(heights)
    top = np.where(gap, np.float32(-np.inf), heights)
    low = np.where(gap, np.float32(np.inf), heights)
    for axis, size in ((0, 2 * down + 1), (1, 2 * across + 1)):
        top = maximum_filter1d(top, size, axis=axis, mode="nearest")
        low = minimum_filter1d(low, size, axis=axis, mode="nearest")
    return np.where(gap, np.float32(np.nan), top - low).astype(np.float32)


def halo_of(pixel_m: float, radius_m: float) -> int:
    """Pixels that a radius reaches over, one at least."""
    return max(1, round(radius_m / pixel_m))


def blocks(
    source: Source, want: Sequence[str], *, edges: bool = False, radius_m: float = RELIEF_M
) -> Iterator[tuple[int, Floats, dict[str, Floats]]]:
    """(first row, heights, products) of a raster, block by block: the same numbers as of the whole in one piece.

    `want` may hold "relief" beside the products of `LOCAL`; its radius is in pixels of the middle row.
    """
    grid = source.grid
    mid = grid.height // 2
    local = [name for name in want if name != "relief"]
    with_relief = len(local) < len(want)
    halo = halo_of(grid.dy_m[mid], radius_m) if with_relief else 1
    for first, last, heights in source.blocks(halo):
        above = first - max(0, first - halo)
        own = slice(above, above + last - first)
        near = slice(max(0, above - 1), min(len(heights), own.stop + 1))
        rows = slice(max(0, first - 1), max(0, first - 1) + near.stop - near.start)
        found = derive(heights[near], grid.dx_m[rows], grid.dy_m[rows], local, edges=edges)
        skip = above - near.start
        products = {name: values[skip : skip + last - first] for name, values in found.items()}
        if with_relief:
            products["relief"] = relief(heights, grid.dx_m[mid], grid.dy_m[mid], radius_m)[own]
        yield first, heights[own], products


def derive_file(
    path: Path, target: Path, want: Sequence[str], *, edges: bool = False, radius_m: float = RELIEF_M
) -> None:
    """Write products of an elevation raster as bands of a tiled GeoTIFF (NaN for no data), in bounded memory.

    The bands stand in the order of `want` and carry its names. Raises BadInput as `derive` and `opened`.
    """
    _check(want, [*LOCAL, "relief"])
    with opened(path) as source:
        grid = source.grid
        with rasterio.open(
            target, "w", driver="GTiff", width=grid.width, height=grid.height, count=len(want), dtype="float32",
            crs=grid.crs, transform=from_origin(grid.west, grid.north, grid.across, grid.down), nodata=math.nan,
            tiled=True, blockxsize=256, blockysize=256, compress="deflate", BIGTIFF="IF_SAFER",
        ) as out:  # fmt: skip
            for band, name in enumerate(want, 1):
                out.set_band_description(band, name)
            for first, heights, products in blocks(source, want, edges=edges, radius_m=radius_m):
                window = Window(0, first, grid.width, len(heights))
                for band, name in enumerate(want, 1):
                    out.write(products[name], band, window=window)


def shade(heights: Floats, dx_m: npt.ArrayLike, dy_m: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Slope in degrees and shade 0..1 under four lights, of the inner pixels of a small array: (rows - 2, columns - 2).

    The same formulas as the kernel's, as array arithmetic: a tile in a request must not wait for a compiler.
    """
    z = heights.astype(np.float64)
    dx, dy = (np.broadcast_to(np.asarray(d, np.float64), len(z))[1:-1, None] for d in (dx_m, dy_m))
    east = ((z[:-2, 2:] + 2 * z[1:-1, 2:] + z[2:, 2:]) - (z[:-2, :-2] + 2 * z[1:-1, :-2] + z[2:, :-2])) / (8 * dx)
    north = ((z[:-2, :-2] + 2 * z[:-2, 1:-1] + z[:-2, 2:]) - (z[2:, :-2] + 2 * z[2:, 1:-1] + z[2:, 2:])) / (8 * dy)
    steep = np.where(np.isnan(z[1:-1, 1:-1]), np.nan, east**2 + north**2)
    lit, weights = np.zeros_like(steep), np.zeros_like(steep)
    for azimuth in np.radians(_LIGHTS):
        along = np.sin(azimuth) * east + np.cos(azimuth) * north
        # The square of the cosine between the light and the way downhill.
        weight = np.where(steep > 0, along**2 / np.where(steep > 0, steep, 1.0), 0.5)
        lit += weight * np.maximum(0.0, _SIN_LOW - _COS_LOW * along)
        weights += weight
    lit = lit / weights / np.sqrt(1.0 + steep)
    slope = np.degrees(np.arctan(np.sqrt(steep)))
    return cast(Floats, slope.astype(np.float32)), cast(Floats, lit.astype(np.float32))


#: Four lights from west to north (Mark 1992), as high as one would stand.
_LIGHTS = np.array([225.0, 270.0, 315.0, 360.0])
_COS_LOW, _SIN_LOW = math.cos(math.radians(LIGHT[1])), math.sin(math.radians(LIGHT[1]))


@njit(cache=True, nogil=True)
def _beyond(a, b):  # type: ignore[no-untyped-def]
    return 2.0 * a - b


@njit(cache=True, nogil=True)
def _edge_window(z, r, c, w):  # type: ignore[no-untyped-def]
    """The window of a pixel on the raster's edge: rows outside are extrapolated, in them columns are clamped."""
    rows, columns = z.shape
    for i in range(3):
        for j in range(3):
            rr, cc = r + i - 1, c + j - 1
            clamped = min(max(cc, 0), columns - 1)
            if r == 0 or r == rows - 1:
                if rr < 0:
                    value = _beyond(z[0, clamped], z[1, clamped])
                elif rr >= rows:
                    value = _beyond(z[rows - 1, clamped], z[rows - 2, clamped])
                else:
                    value = float(z[rr, clamped])
            elif cc < 0:
                value = _beyond(z[rr, 0], z[rr, 1])
            elif cc >= columns:
                value = _beyond(z[rr, columns - 1], z[rr, columns - 2])
            else:
                value = float(z[rr, cc])
            w[3 * i + j] = value


@njit(cache=True, nogil=True)
def _shaded(east, north, azimuth, altitude):  # type: ignore[no-untyped-def]
    """Cosine between the light and the ground's normal, 0 in its own shade."""
    along = math.sin(azimuth) * east + math.cos(azimuth) * north
    lit = (math.sin(altitude) - math.cos(altitude) * along) / math.sqrt(1.0 + east * east + north * north)
    return max(0.0, lit)


@njit(cache=True, nogil=True)
def _multishaded(east, north, altitude):  # type: ignore[no-untyped-def]
    """The four lights of Mark (1992)."""
    steep = east * east + north * north
    lit, weights = 0.0, 0.0
    for k in range(4):
        azimuth = math.radians(225.0 + 45.0 * k)
        along = math.sin(azimuth) * east + math.cos(azimuth) * north
        weight = along * along / steep if steep > 0.0 else 0.5
        lit += weight * max(0.0, math.sin(altitude) - math.cos(altitude) * along)
        weights += weight
    return lit / weights / math.sqrt(1.0 + steep)


@njit(cache=True, nogil=True)
def _curve(w, dx, dy, place, out, r, c):  # type: ignore[no-untyped-def]
    """Profile, plan and general curvature of a window (Zevenbergen & Thorne 1987, equations 7-9)."""
    d = ((w[3] + w[5]) / 2.0 - w[4]) / (dx * dx)
    e = ((w[1] + w[7]) / 2.0 - w[4]) / (dy * dy)
    f = (-w[0] + w[2] + w[6] - w[8]) / (4.0 * dx * dy)
    g = (w[5] - w[3]) / (2.0 * dx)
    h = (w[1] - w[7]) / (2.0 * dy)
    steep = g * g + h * h
    profile, plan = 0.0, 0.0
    if steep > 0.0:
        profile = -2.0 * (d * g * g + e * h * h + f * g * h) / steep
        plan = -2.0 * (d * h * h + e * g * g - f * g * h) / steep
    if place[4] >= 0:
        out[place[4], r, c] = profile
    if place[5] >= 0:
        out[place[5], r, c] = plan
    if place[6] >= 0:
        out[place[6], r, c] = -2.0 * (d + e)


@njit(cache=True, nogil=True)
def _texture(w, place, out, r, c):  # type: ignore[no-untyped-def]
    """Height above the neighbours, Riley's ruggedness and the range of a window."""
    around, square, low, top = 0.0, 0.0, w[4], w[4]
    for k in range(9):
        if k != 4:
            around += w[k]
            square += (w[k] - w[4]) ** 2
            low, top = min(low, w[k]), max(top, w[k])
    if place[7] >= 0:
        out[place[7], r, c] = w[4] - around / 8.0
    if place[8] >= 0:
        out[place[8], r, c] = math.sqrt(square)
    if place[9] >= 0:
        out[place[9], r, c] = top - low


@njit(cache=True, nogil=True)
def _lie(w, dx, dy, azimuth, altitude, place, out, r, c):  # type: ignore[no-untyped-def]
    """Slope, aspect, shades and gradient of a window (Horn 1981)."""
    east = ((w[2] + 2.0 * w[5] + w[8]) - (w[0] + 2.0 * w[3] + w[6])) / (8.0 * dx)
    north = ((w[0] + 2.0 * w[1] + w[2]) - (w[6] + 2.0 * w[7] + w[8])) / (8.0 * dy)
    if place[0] >= 0:
        out[place[0], r, c] = math.degrees(math.atan(math.sqrt(east * east + north * north)))
    if place[1] >= 0 and (east != 0.0 or north != 0.0):
        aspect = math.degrees(math.atan2(-east, -north))
        out[place[1], r, c] = aspect if aspect >= 0.0 else aspect + 360.0
        if out[place[1], r, c] >= 360.0:
            out[place[1], r, c] = 0.0
    if place[2] >= 0:
        out[place[2], r, c] = 1.0 + 254.0 * _shaded(east, north, azimuth, altitude)
    if place[3] >= 0:
        out[place[3], r, c] = 1.0 + 254.0 * _multishaded(east, north, altitude)
    if place[10] >= 0:
        out[place[10], r, c] = east
    if place[11] >= 0:
        out[place[11], r, c] = north


@njit(cache=True, nogil=True)
def _derive(z, dx, dy, first, last, edges, azimuth, altitude, place, out):  # type: ignore[no-untyped-def]
    """Fill the products of rows first..last."""
    rows, columns = z.shape
    w = np.empty(9)
    curved = place[4] >= 0 or place[5] >= 0 or place[6] >= 0
    textured = place[7] >= 0 or place[8] >= 0 or place[9] >= 0
    for r in range(first, last):
        for c in range(columns):
            if math.isnan(z[r, c]):
                continue
            if 0 < r < rows - 1 and 0 < c < columns - 1:
                for i in range(3):
                    for j in range(3):
                        w[3 * i + j] = z[r + i - 1, c + j - 1]
            elif edges:
                _edge_window(z, r, c, w)
            else:
                continue
            whole = True
            for k in range(9):
                if math.isnan(w[k]):
                    whole = False
                    w[k] = w[4]
            if not whole and not edges:
                continue
            _lie(w, dx[r], dy[r], azimuth, altitude, place, out, r, c)
            if curved:
                _curve(w, dx[r], dy[r], place, out, r, c)
            if textured:
                _texture(w, place, out, r, c)
