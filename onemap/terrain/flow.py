"""Where water runs: depressions filled, flow directions, the ground that drains through each pixel, wetness.

- filling: priority flood from the rim inwards (Barnes, Lehman & Mulla 2014), pits taken from a queue of their own.
- direction: the steepest of eight neighbours on the filled ground (D8, O'Callaghan & Mark 1984). Where none is lower (a
  flat, a filled depression) water goes to the neighbour from which the flood came, so every way ends at the rim.
- accumulation: D8, or over all lower neighbours in the ratio of slope^1.1 (Freeman 1991), for convex slopes.
- wetness: ln(a / tan b) (Beven & Kirkby 1979), a the square metres that drain through a metre of contour, b the slope.

The rim is the raster's edge and the pixels beside gaps. The flood needs the whole ground in memory, about 40 bytes a
pixel: `LIMIT` bounds it, and `flow` of a larger raster works on a coarser reading.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import rasterio
from numba import njit
from rasterio.transform import from_origin

from onemap.core.errors import TooLarge
from onemap.terrain.derive import derive
from onemap.terrain.raster import Doubles, Floats, Grid, Source, opened

#: Pixels that are flooded at once: 4,000 x 4,000, about 640 MB.
LIMIT = 16_000_000
#: Ground that drains nowhere else: the rim's pixels without a lower neighbour, and gaps.
OUT = -1
#: Gentler ground counts as this gentle (0.06 degrees): the wetness of a lake is not infinite.
LEAST_TAN = 0.001
Spread = Literal["single", "many"]
_EXPONENT = 1.1
#: Neighbours clockwise from the north, rows and columns.
_DR = np.array([-1, -1, 0, 1, 1, 1, 0, -1])
_DC = np.array([0, 1, 1, 1, 0, -1, -1, -1])


@dataclass(frozen=True)
class Flood:
    """A filled ground. `order` (known pixels,) has every pixel after the one it drains to.

    `filled` (rows, columns) metres, NaN in gaps; `to` (rows, columns) int8: the neighbour 0..7 clockwise from north
    that takes the water, OUT where it leaves the ground.
    """

    filled: Floats
    to: npt.NDArray[np.int8]
    order: npt.NDArray[np.int32]


@dataclass(frozen=True)
class Flow:
    """Water over a raster: `grid` may be coarser than the raster's own. Areas in square metres."""

    grid: Grid
    area_m2: Floats
    wetness: Floats


def flood(heights: Floats, dx_m: npt.ArrayLike, dy_m: npt.ArrayLike, *, limit: int = LIMIT) -> Flood:
    """Fill the depressions of (rows, columns) heights, NaN in gaps, and find where each pixel drains.

    `dx_m`, `dy_m`: metres of a pixel, single or by row. Raises TooLarge past `limit` pixels.
    """
    if heights.size > limit:
        raise TooLarge(f"{heights.size:,} pixels are too many to flood at once: {limit:,} at most.", reason="flow-size")
    z = np.ascontiguousarray(heights, np.float32)
    dx, dy = _by_row(dx_m, len(z)), _by_row(dy_m, len(z))
    filled, back, order = _fill(z)
    return Flood(filled, _directions(filled, back, dx, dy), order)


def accumulate(
    found: Flood, weights: npt.ArrayLike, dx_m: npt.ArrayLike, dy_m: npt.ArrayLike, spread: Spread = "single"
) -> Doubles:
    """What drains through each pixel, itself included: float64 (rows, columns), 0 in gaps.

    `weights` is what each pixel gives (its area, rain on it), single or (rows, columns).
    """
    rows = len(found.filled)
    total = np.array(np.broadcast_to(np.asarray(weights, np.float64), found.filled.shape))
    total[np.isnan(found.filled)] = 0.0
    dx, dy = _by_row(dx_m, rows), _by_row(dy_m, rows)
    if spread == "single":
        _pass_on(found.to, found.order, total)
    else:
        _pass_on_many(found.filled, found.to, found.order, dx, dy, total)
    return total


def wetness(area_m2: npt.ArrayLike, slope_deg: npt.ArrayLike, pixel_m: npt.ArrayLike) -> Floats:
    """ln(a / tan b) of pixels with a side of `pixel_m`; NaN where the slope is. Flat ground counts as LEAST_TAN."""
    steep = np.maximum(np.tan(np.radians(np.asarray(slope_deg, np.float64))), LEAST_TAN)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(np.asarray(area_m2, np.float64) / np.asarray(pixel_m, np.float64) / steep), np.float32)


def flow(source: Source, *, limit: int = LIMIT, spread: Spread = "many") -> Flow:
    """Accumulation and wetness of a raster; one of more than `limit` pixels is averaged to a coarser grid first."""
    heights, grid = source.coarse(limit)
    found = flood(heights, grid.dx_m, grid.dy_m, limit=limit)
    area = accumulate(found, (grid.dx_m * grid.dy_m)[:, None], grid.dx_m, grid.dy_m, spread)
    del found  # the slope needs its room
    slope = derive(heights, grid.dx_m, grid.dy_m, ["slope"], edges=True)["slope"]
    area[np.isnan(heights)] = np.nan
    wet = wetness(area, slope, np.sqrt(grid.dx_m * grid.dy_m)[:, None])
    return Flow(grid, area.astype(np.float32), wet)


def flow_file(path: Path, target: Path, *, limit: int = LIMIT) -> None:
    """Write accumulation (m²) and wetness of an elevation raster as two bands of a GeoTIFF. Raises as `opened`."""
    with opened(path) as source:
        found = flow(source, limit=limit)
    grid = found.grid
    with rasterio.open(
        target, "w", driver="GTiff", width=grid.width, height=grid.height, count=2, dtype="float32", crs=grid.crs,
        transform=from_origin(grid.west, grid.north, grid.across, grid.down), nodata=math.nan, compress="deflate",
    ) as out:  # fmt: skip
        for band, (name, values) in enumerate((("area_m2", found.area_m2), ("wetness", found.wetness)), 1):
            out.set_band_description(band, name)
            out.write(values, band)


def _by_row(metres: npt.ArrayLike, rows: int) -> Doubles:
    return np.ascontiguousarray(np.broadcast_to(np.asarray(metres, np.float64), rows))


@njit(cache=True, nogil=True)
def _less(heights, numbers, a, b):  # type: ignore[no-untyped-def]
    """Whether heap entry a comes before b: lower first, and of equals the one that was found first."""
    return heights[a] < heights[b] or (heights[a] == heights[b] and numbers[a] < numbers[b])


@njit(cache=True, nogil=True)
def _push(heights, numbers, pixels, size, height, number, pixel):  # type: ignore[no-untyped-def]
    at = size
    heights[at], numbers[at], pixels[at] = height, number, pixel
    while at > 0:
        up = (at - 1) >> 1
        if not _less(heights, numbers, at, up):
            break
        _swap(heights, numbers, pixels, at, up)
        at = up


@njit(cache=True, nogil=True)
def _swap(heights, numbers, pixels, a, b):  # type: ignore[no-untyped-def]
    heights[a], heights[b] = heights[b], heights[a]
    numbers[a], numbers[b] = numbers[b], numbers[a]
    pixels[a], pixels[b] = pixels[b], pixels[a]


@njit(cache=True, nogil=True)
def _sink(heights, numbers, pixels, size):  # type: ignore[no-untyped-def]
    """Take the first entry out: the last takes its place and sinks."""
    heights[0], numbers[0], pixels[0] = heights[size - 1], numbers[size - 1], pixels[size - 1]
    at, size = 0, size - 1
    while True:
        low = 2 * at + 1
        if low >= size:
            return
        if low + 1 < size and _less(heights, numbers, low + 1, low):
            low += 1
        if not _less(heights, numbers, low, at):
            return
        _swap(heights, numbers, pixels, at, low)
        at = low


@njit(cache=True, nogil=True)
def _on_rim(z, r, c):  # type: ignore[no-untyped-def]
    """Whether a known pixel lies at the edge or beside a gap."""
    rows, columns = z.shape
    if r == 0 or c == 0 or r == rows - 1 or c == columns - 1:
        return True
    for k in range(8):
        if math.isnan(z[r + _DR[k], c + _DC[k]]):
            return True
    return False


@njit(cache=True, nogil=True)
def _fill(z):  # type: ignore[no-untyped-def]
    """Filled heights, the neighbour the flood came from (OUT on the rim), and the order in which it came."""
    rows, columns = z.shape
    filled = z.copy()
    back = np.full((rows, columns), OUT, np.int8)
    seen = np.zeros((rows, columns), np.bool_)
    known = 0
    for r in range(rows):
        for c in range(columns):
            if not math.isnan(z[r, c]):
                known += 1
    order = np.empty(known, np.int32)
    heights, numbers, pixels = np.empty(known, np.float32), np.empty(known, np.int32), np.empty(known, np.int32)
    queue = np.empty(known, np.int32)
    size, number, done, head, tail = 0, 0, 0, 0, 0
    for r in range(rows):
        for c in range(columns):
            if not math.isnan(z[r, c]) and _on_rim(z, r, c):
                _push(heights, numbers, pixels, size, z[r, c], number, r * columns + c)
                size += 1
                number += 1
                seen[r, c] = True
    while size > 0 or head < tail:
        # Pixels that were raised to the level of the one before them are at least as low as the heap's first.
        if head < tail:
            pixel = queue[head]
            head += 1
        else:
            pixel = pixels[0]
            _sink(heights, numbers, pixels, size)
            size -= 1
        r, c = pixel // columns, pixel % columns
        order[done] = pixel
        done += 1
        level = filled[r, c]
        for k in range(8):
            rr, cc = r + _DR[k], c + _DC[k]
            if rr < 0 or cc < 0 or rr >= rows or cc >= columns or seen[rr, cc] or math.isnan(z[rr, cc]):
                continue
            seen[rr, cc] = True
            back[rr, cc] = (k + 4) % 8
            if z[rr, cc] <= level:
                filled[rr, cc] = level
                queue[tail] = rr * columns + cc
                tail += 1
            else:
                _push(heights, numbers, pixels, size, z[rr, cc], number, rr * columns + cc)
                size += 1
                number += 1
    return filled, back, order


@njit(cache=True, nogil=True)
def _apart(k, dx, dy):  # type: ignore[no-untyped-def]
    """Metres to neighbour k."""
    if k % 4 == 0:
        return dy
    if k % 4 == 2:
        return dx
    return math.sqrt(dx * dx + dy * dy)


@njit(cache=True, nogil=True)
def _directions(filled, back, dx, dy):  # type: ignore[no-untyped-def]
    """The steepest lower neighbour (the first clockwise from north of equals); the flood's own where none is lower."""
    rows, columns = filled.shape
    to = back.copy()
    for r in range(rows):
        for c in range(columns):
            if math.isnan(filled[r, c]):
                continue
            best = 0.0
            for k in range(8):
                rr, cc = r + _DR[k], c + _DC[k]
                if rr < 0 or cc < 0 or rr >= rows or cc >= columns or math.isnan(filled[rr, cc]):
                    continue
                fall = (float(filled[r, c]) - float(filled[rr, cc])) / _apart(k, dx[r], dy[r])
                if fall > best:
                    best = fall
                    to[r, c] = k
    return to


@njit(cache=True, nogil=True)
def _pass_on(to, order, total):  # type: ignore[no-untyped-def]
    """Give every pixel's water to the one it drains to, from the last of the order to the first."""
    columns = to.shape[1]
    for i in range(len(order) - 1, -1, -1):
        r, c = order[i] // columns, order[i] % columns
        k = to[r, c]
        if k >= 0:
            total[r + _DR[k], c + _DC[k]] += total[r, c]


@njit(cache=True, nogil=True)
def _pass_on_many(filled, to, order, dx, dy, total):  # type: ignore[no-untyped-def]
    """As `_pass_on`, over all lower neighbours; on flats to the one of `to`."""
    rows, columns = to.shape
    parts = np.empty(8)
    for i in range(len(order) - 1, -1, -1):
        r, c = order[i] // columns, order[i] % columns
        whole = 0.0
        for k in range(8):
            parts[k] = 0.0
            rr, cc = r + _DR[k], c + _DC[k]
            if rr < 0 or cc < 0 or rr >= rows or cc >= columns or math.isnan(filled[rr, cc]):
                continue
            fall = (float(filled[r, c]) - float(filled[rr, cc])) / _apart(k, dx[r], dy[r])
            if fall > 0.0:
                parts[k] = fall**_EXPONENT
                whole += parts[k]
        if whole > 0.0:
            for k in range(8):
                if parts[k] > 0.0:
                    total[r + _DR[k], c + _DC[k]] += total[r, c] * parts[k] / whole
        elif to[r, c] >= 0:
            total[r + _DR[to[r, c]], c + _DC[to[r, c]]] += total[r, c]
