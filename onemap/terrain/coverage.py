"""How much of each pixel a polygon covers, exactly: signed areas under its edges, summed along the rows.

An edge that runs down through a row adds, to every pixel east of it, the share of the row's height it spans, and to the
pixels it crosses the part of that which lies east of it; an edge that runs up takes the same away. Prefix sums of these
along a row are the covered shares: exact for any polygon without self-crossings, in as many steps as it has border
pixels. (The accumulation that font rasterisers use.)
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit
from pyproj import Transformer

from onemap.core.cell import Cells, outlines
from onemap.terrain.raster import Doubles, Grid

#: A pixel covered by less than this share of itself is not touched: a corner that rounding put there.
LEAST = 1e-9


@dataclass(frozen=True)
class Rings:
    """Outlines in pixels of a grid: `x` from its west edge, `y` from its north edge; ring i is start[i]:start[i + 1].

    Rings are open, of either sense, without holes. `area_px` is each one's area in pixels, of which some may lie
    outside the grid.
    """

    x: Doubles
    y: Doubles
    start: npt.NDArray[np.int64]
    top: Doubles
    bottom: Doubles
    area_px: Doubles

    def __len__(self) -> int:
        return len(self.start) - 1

    @property
    def rows(self) -> tuple[float, float]:
        """The northernmost and the southernmost row that any ring may touch."""
        return (float(self.top.min()), float(self.bottom.max())) if len(self) else (0.0, 0.0)


def rings(x: npt.ArrayLike, y: npt.ArrayLike, start: npt.ArrayLike) -> Rings:
    """Outlines of points (points,) and starts (rings + 1,); every ring is turned to run the same way round."""
    x, y = np.array(x, np.float64), np.array(y, np.float64)
    start = np.ascontiguousarray(start, np.int64)
    if len(start) < 2:
        empty = np.empty(0)
        return Rings(x, y, start, empty, empty, empty)
    area = _turned(x, y, start)
    top, bottom = np.minimum.reduceat(y, start[:-1]), np.maximum.reduceat(y, start[:-1])
    return Rings(x, y, start, top, bottom, area)


def cell_rings(cells: Cells, grid: Grid) -> Rings:
    """Outlines of H3 cells on a grid: their corners in its CRS, joined by straight lines there.

    Across the antimeridian a cell is laid beside the grid's middle.
    """
    if not len(cells):
        return rings([], [], [0])
    lon, lat, start = _corners(cells)
    to_grid = Transformer.from_crs("EPSG:4326", grid.crs, always_xy=True)
    x, y = to_grid.transform(lon, lat)
    x, y = np.asarray(x), np.asarray(y)
    if to_grid.target_crs is not None and to_grid.target_crs.is_geographic:
        middle = grid.west + grid.width * grid.across / 2
        first = np.repeat(x[start[:-1]], np.diff(start))
        x = x - 360.0 * np.round((first - middle) / 360.0)
    return rings((x - grid.west) / grid.across, (grid.north - y) / grid.down, start)


def _corners(cells: Cells) -> tuple[Doubles, Doubles, npt.NDArray[np.int64]]:
    points, start = outlines(cells)
    # Each ring's last point is its first again.
    keep = np.ones(len(points), np.bool_)
    keep[start[1:] - 1] = False
    return points[keep, 0], points[keep, 1], start - np.arange(len(start))


@njit(cache=True, nogil=True)
def _turned(x, y, start):  # type: ignore[no-untyped-def]
    """The rings' areas; rings that run the other way are turned round in place."""
    area = np.empty(len(start) - 1)
    for i in range(len(start) - 1):
        a, b = start[i], start[i + 1]
        total = 0.0
        for k in range(a, b):
            n = k + 1 if k + 1 < b else a
            total += (x[k] - x[a]) * (y[n] - y[a]) - (x[n] - x[a]) * (y[k] - y[a])
        area[i] = abs(total) / 2.0
        if total > 0.0:
            x[a:b] = x[a:b][::-1].copy()
            y[a:b] = y[a:b][::-1].copy()
    return area


@njit(cache=True, nogil=True)
def _strip(x0, y0, x1, y1, sign, r, width, left, acc):  # type: ignore[no-untyped-def]
    """One edge within one row of pixels, y0 <= y1, x within the grid: its shares into the row `acc`."""
    height = (y1 - y0) * sign
    if x0 > x1:
        x0, x1 = x1, x0
    c0, c1 = min(int(x0), width - 1), min(math.ceil(x1) - 1, width - 1)
    if c1 <= c0:
        inside = 1.0 - ((x0 + x1) / 2.0 - c0)
        acc[c0 - left] += height * inside
        acc[c0 + 1 - left] += height * (1.0 - inside)
        return c0, c0 + 1
    slope = height / (x1 - x0)
    carried = 0.0
    for c in range(c0, c1 + 1):
        a, b = max(x0, float(c)), min(x1, float(c + 1))
        part = slope * (b - a)
        inside = 1.0 - ((a + b) / 2.0 - c)
        acc[c - left] += carried + part * inside
        carried = part * (1.0 - inside)
    acc[c1 + 1 - left] += carried
    return c0, c1 + 1


@njit(cache=True, nogil=True)
def _edge(x0, y0, x1, y1, sign, r, width, left, acc):  # type: ignore[no-untyped-def]
    """As `_strip`, for an edge that may leave the grid in the west (it then counts at its rim) or in the east."""
    lo, hi = width, -1
    if x0 <= 0.0 and x1 <= 0.0:
        acc[0 - left] += (y1 - y0) * sign
        return 0, 0
    if x0 >= width and x1 >= width:
        return lo, hi
    if x0 < 0.0 or x1 < 0.0:
        y = y0 + (y1 - y0) * (0.0 - x0) / (x1 - x0)
        if x0 < 0.0:
            acc[0 - left] += (y - y0) * sign
            x0, y0 = 0.0, y
        else:
            acc[0 - left] += (y1 - y) * sign
            x1, y1 = 0.0, y
        lo, hi = 0, 0
    if x0 > width or x1 > width:
        y = y0 + (y1 - y0) * (width - x0) / (x1 - x0)
        if x0 > width:
            x0, y0 = float(width), y
        else:
            x1, y1 = float(width), y
    a, b = _strip(x0, y0, x1, y1, sign, r, width, left, acc)
    return min(lo, a), max(hi, b)


@njit(cache=True, nogil=True)
def cover_rows(x, y, first, last, width, left, acc, spans):  # type: ignore[no-untyped-def]
    """Shares of a ring (x, y in pixels) in rows first..last, before the prefix sum, into `acc` (rows, columns + 2).

    Column 0 of `acc` is column `left` of the grid. `spans` (rows, 4) gets the touched columns: first and last of the
    edges that run down, first and last of those that run up (first > last: none).
    """
    acc[: last - first] = 0.0
    for r in range(last - first):
        spans[r, 0], spans[r, 1], spans[r, 2], spans[r, 3] = width, -1, width, -1
    n = len(x)
    for k in range(n):
        m = k + 1 if k + 1 < n else 0
        xa, ya, xb, yb = x[k], y[k], x[m], y[m]
        sign, side = 1.0, 0
        if ya > yb:
            xa, ya, xb, yb = xb, yb, xa, ya
            sign, side = -1.0, 2
        if yb <= first or ya >= last or ya == yb:
            continue
        run = (xb - xa) / (yb - ya)
        r0, r1 = max(math.floor(ya), first), min(math.ceil(yb), last)
        for r in range(r0, r1):
            top, low = max(ya, float(r)), min(yb, float(r + 1))
            if low <= top:
                continue
            x0 = xa if top == ya else xa + run * (top - ya)
            x1 = xb if low == yb else xa + run * (low - ya)
            a, b = _edge(x0, top, x1, low, sign, r, width, left, acc[r - first])
            spans[r - first, side] = min(spans[r - first, side], a)
            spans[r - first, side + 1] = max(spans[r - first, side + 1], b)
