"""Which points lie in which polygons, exactly: an even grid over the points, and the exact side of each border's line.

A point is inside, outside, or on the border; never both of two polygons that only touch. With the same corners on both
sides of a shared border, every point off the borders is inside exactly one polygon of a coverage.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from numba import njit

from onemap.core.orientation import side

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
INSIDE, BORDER = 1, 2
#: Points in a cell of the grid, about, and cells on a side at most.
_CROWD = 4
_MOST = 4096


class Scatter:
    """Points in degrees that do not change, in the cells of an even grid."""

    def __init__(self, xy: Floats) -> None:
        self.xy = np.ascontiguousarray(xy, np.float64).reshape(-1, 2)
        count = len(self.xy)
        low = self.xy.min(axis=0) if count else np.zeros(2)
        high = self.xy.max(axis=0) if count else np.ones(2)
        across = int(np.clip(np.sqrt(count / _CROWD), 1, _MOST))
        self.low = low
        self.across = across
        self.rate = across / np.maximum(high - low, 1e-9) * (1.0 - 1e-12)
        column, row = _cells(self.xy, self.low, self.rate, across)
        cell = row * across + column
        #: Points in the order of their cells, and where each cell's begin.
        self.order = np.argsort(cell, kind="stable").astype(np.int64)
        self.starts = np.searchsorted(cell[self.order], np.arange(across * across + 1)).astype(np.int64)
        self.sorted = np.ascontiguousarray(self.xy[self.order])

    def within(self, polygons: npt.NDArray[Any]) -> tuple[Ints, Ints, npt.NDArray[np.int8]]:
        """Pairs of polygon and point: (index of polygon, index of point, INSIDE or BORDER), by polygon.

        Polygons are polygons or multipolygons; a missing one holds nothing.
        """
        xy, corners, first = _edges(np.asarray(polygons, dtype=object))
        return _within(  # type: ignore[no-any-return]
            self.sorted, self.order, self.starts, self.low, self.rate, self.across, xy, corners, first
        )

    def between(self, west: float, south: float, east: float, north: float) -> Ints:
        """Points in a box, its border included, in no particular order."""
        box = np.array([west, south, east, north], np.float64)
        return _between(self.sorted, self.order, self.starts, self.low, self.rate, self.across, box)  # type: ignore[no-any-return]


def _cells(xy: Floats, low: Floats, rate: Floats, across: int) -> tuple[Ints, Ints]:
    at = np.clip(((xy - low) * rate).astype(np.int64), 0, across - 1)
    return at[:, 0], at[:, 1]


def _edges(polygons: npt.NDArray[Any]) -> tuple[Floats, Ints, Ints]:
    """All rings' corners in a row, where each ring begins, and each polygon's first ring; both with the end."""
    parts, polygon = shapely.get_parts(polygons, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    owner = polygon[part]
    corners = np.concatenate([[0], np.cumsum(shapely.get_num_coordinates(rings))]).astype(np.int64)
    first = np.searchsorted(owner, np.arange(len(polygons) + 1)).astype(np.int64)
    return np.ascontiguousarray(shapely.get_coordinates(rings)), corners, first


@njit(cache=True, nogil=True)
def _cell(value: float, low: float, rate: float, across: int) -> int:
    return min(max(int((value - low) * rate), 0), across - 1)


@njit(cache=True, nogil=True)
def _within(
    points: Any, order: Any, starts: Any, low: Any, rate: Any, across: int, xy: Any, corners: Any, first: Any
) -> Any:
    """Row by row of the grid: the edges that reach into the row, then its points against those edges.

    A ray runs east from the point; an edge counts when it spans the point's latitude, its lower end included.
    """
    room = 1024
    polygon, point, stand = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.int8)
    found = 0
    active = np.empty(256, np.int64)
    for p in range(len(first) - 1):
        begin, end = corners[first[p]], corners[first[p + 1]]
        if begin == end:
            continue
        west, south, east, north = xy[begin, 0], xy[begin, 1], xy[begin, 0], xy[begin, 1]
        for v in range(begin + 1, end):
            west, east = min(west, xy[v, 0]), max(east, xy[v, 0])
            south, north = min(south, xy[v, 1]), max(north, xy[v, 1])
        left, right = _cell(west, low[0], rate[0], across), _cell(east, low[0], rate[0], across)
        for row in range(_cell(south, low[1], rate[1], across), _cell(north, low[1], rate[1], across) + 1):
            lo, hi = starts[row * across + left], starts[row * across + right + 1]
            if lo == hi:
                continue
            edges = 0
            for ring in range(first[p], first[p + 1]):
                for v in range(corners[ring], corners[ring + 1] - 1):
                    down, up = min(xy[v, 1], xy[v + 1, 1]), max(xy[v, 1], xy[v + 1, 1])
                    if _cell(down, low[1], rate[1], across) <= row <= _cell(up, low[1], rate[1], across):
                        if edges == len(active):
                            grown = np.empty(2 * edges, np.int64)
                            grown[:edges] = active
                            active = grown
                        active[edges] = v
                        edges += 1
            for i in range(lo, hi):
                x, y = points[i, 0], points[i, 1]
                if x < west or x > east or y < south or y > north:
                    continue
                parity = 0
                for k in range(edges):
                    v = active[k]
                    ax, ay, bx, by = xy[v, 0], xy[v, 1], xy[v + 1, 0], xy[v + 1, 1]
                    rises = by > y
                    if rises != (ay > y):
                        if x > max(ax, bx):
                            continue
                        if x < min(ax, bx):
                            parity ^= 1
                            continue
                        s = side(ax, ay, bx, by, x, y)
                        if s == 0.0:
                            parity = BORDER
                            break
                        parity ^= (s > 0.0) == rises
                    elif (
                        (by == y and bx == x)
                        or (ay == y and ax == x)
                        or (ay == y and by == y and (ax <= x) != (bx <= x))
                    ):
                        parity = BORDER
                        break
                if parity:
                    if found == room:
                        room *= 2
                        bigger, more, wider = (
                            np.empty(room, np.int64),
                            np.empty(room, np.int64),
                            np.empty(room, np.int8),
                        )
                        bigger[:found], more[:found], wider[:found] = polygon, point, stand
                        polygon, point, stand = bigger, more, wider
                    polygon[found], point[found], stand[found] = p, order[i], parity
                    found += 1
    return polygon[:found], point[:found], stand[:found]


@njit(cache=True, nogil=True)
def _between(points: Any, order: Any, starts: Any, low: Any, rate: Any, across: int, box: Any) -> Any:
    out = np.empty(64, np.int64)
    found = 0
    left, right = _cell(box[0], low[0], rate[0], across), _cell(box[2], low[0], rate[0], across)
    for row in range(_cell(box[1], low[1], rate[1], across), _cell(box[3], low[1], rate[1], across) + 1):
        for i in range(starts[row * across + left], starts[row * across + right + 1]):
            if box[0] <= points[i, 0] <= box[2] and box[1] <= points[i, 1] <= box[3]:
                if found == len(out):
                    bigger = np.empty(2 * found, np.int64)
                    bigger[:found] = out
                    out = bigger
                out[found] = order[i]
                found += 1
    return out[:found]
