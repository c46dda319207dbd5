"""Statistics of a raster in cells, exact by area: each pixel counts by the share of it that the cell's outline covers.

Read by blocks of rows: what a cell has gathered in one block is kept as sums that the next block goes on with, so a
raster larger than memory works. Values are summed as differences from the cell's first value, so that a spread of
centimetres survives on heights of kilometres. Outlines are `Rings`: H3 cells, or anything else that is simple.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from numba import njit

from onemap.core.cell import Cells
from onemap.terrain.coverage import LEAST, Rings, cell_rings, cover_rows
from onemap.terrain.raster import Doubles, Floats, Grid, block_rows, opened

Ints = npt.NDArray[np.int32]
_Block = TypeVar("_Block")

_THREADS = ThreadPoolExecutor(2, thread_name_prefix="zonal")
#: Rings of one task: enough to be worth the call, few enough that both threads end together.
_TASK = 512
#: Columns whose gaps are looked for together: runs of pixels without a gap are summed without looking.
_SEGMENT = 256
#: In pixels on each side: corners may be rounded past their own ring's box.
_MARGIN = 1


@dataclass(frozen=True)
class Stats:
    """What each ring covers, float64 (rings,); NaN where it covers no known pixel.

    `count` is in pixels (covered shares summed), `area_m2` the known ground, `known` its share of the whole outline.
    `std` is of the population.
    """

    count: Doubles
    mean: Doubles
    std: Doubles
    min: Doubles
    max: Doubles
    sum: Doubles
    area_m2: Doubles
    known: Doubles


class Zonal:
    """Statistics of rings on a grid, gathered block by block; each row once, in any order of blocks."""

    def __init__(self, outlines: Rings, grid: Grid) -> None:
        self._rings, self._width = outlines, grid.width
        self._pixel_m2 = grid.dx_m * grid.dy_m
        n = len(outlines)
        # count, sum and sum of squares of differences from the first value, first value, least, greatest, area
        self._sums = np.zeros((n, 7))
        self._sums[:, 3] = np.nan
        self._sums[:, 4], self._sums[:, 5] = np.inf, -np.inf

    def add(self, first: int, values: Floats) -> None:
        """Gather rows first.. of the grid, (rows, width) float32, finite, or NaN where nothing is known."""
        values = np.ascontiguousarray(values, np.float32)
        gaps = np.zeros((len(values), self._width // _SEGMENT + 1), np.bool_)
        own, pixel_m2 = self._rings, self._pixel_m2

        def task(which: npt.NDArray[np.int64]) -> None:
            _gather(own.x, own.y, own.start, which, first, values, gaps, pixel_m2, self._sums)

        half = len(values) // 2
        list(_THREADS.map(lambda cut: _find_gaps(values, cut[0], cut[1], gaps), ((0, half), (half, len(values)))))
        _in_tasks(own, first, first + len(values), task)

    def result(self) -> Stats:
        """The statistics of all that was gathered."""
        count, by, square, base, low, top, area = self._sums.T
        none = count <= 0.0
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = by / count
            std = np.sqrt(np.maximum(0.0, square / count - mean * mean))
            known = np.minimum(1.0, count / self._rings.area_px)
        nan = np.nan
        return Stats(
            count.copy(), np.where(none, nan, base + mean), np.where(none, nan, std), np.where(none, nan, low),
            np.where(none, nan, top), np.where(none, 0.0, count * np.where(none, 0.0, base) + by), area.copy(),
            np.where(none, 0.0, known),
        )  # fmt: skip


class Shares:
    """Shares of classes in rings on a grid, gathered block by block."""

    def __init__(self, outlines: Rings, grid: Grid, classes: int) -> None:
        self._rings, self._width = outlines, grid.width
        self._sums = np.zeros((len(outlines), classes))

    def add(self, first: int, places: Ints) -> None:
        """Gather rows first.. of the grid: (rows, width) int32, the class's place 0..classes - 1, below 0 unknown."""
        places = np.ascontiguousarray(places, np.int32)
        own = self._rings

        def task(which: npt.NDArray[np.int64]) -> None:
            _gather_classes(own.x, own.y, own.start, which, first, places, self._sums)

        _in_tasks(own, first, first + len(places), task)

    def result(self) -> tuple[Doubles, Doubles]:
        """Shares of the known ground (rings, classes), NaN where none is known, and the known share (rings,)."""
        total = self._sums.sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            shares = self._sums / np.where(total > 0.0, total, np.nan)[:, None]
            return shares, np.minimum(1.0, total / self._rings.area_px)


def zonal(path: Path, cells: Cells) -> Stats:
    """Statistics of a raster's first band in H3 cells, int64 (cells,), of any resolutions. Raises as `opened`."""
    with opened(path) as source:
        outlines = cell_rings(cells, source.grid)
        gathered = Zonal(outlines, source.grid)
        with closing(ahead(source.blocks(among=outlines.rows))) as blocks:
            for first, _, heights in blocks:
                gathered.add(first, heights)
    return gathered.result()


def class_shares(path: Path, cells: Cells, codes: npt.ArrayLike) -> tuple[Doubles, Doubles]:
    """Shares of the classes `codes` of a categorical raster in H3 cells, as `Shares.result`; others are unknown."""
    wanted = np.asarray(codes, np.int32)
    order = np.argsort(wanted)
    with opened(path) as source:
        grid = source.grid
        outlines = cell_rings(cells, grid)
        gathered = Shares(outlines, grid, len(wanted))
        step = block_rows(grid.width)
        for first in range(0, grid.height, step):
            if first >= outlines.rows[1] or first + step <= outlines.rows[0]:
                continue
            block = source.codes(first, first + step)
            at = np.minimum(np.searchsorted(wanted[order], block), len(wanted) - 1)
            gathered.add(first, np.where(wanted[order][at] == block, order[at], -1).astype(np.int32))
    return gathered.result()


def ahead(blocks: Iterable[_Block]) -> Generator[_Block, None, None]:
    """The same blocks, the next one being read while the caller works on this one. Close it before what it reads."""
    walk = iter(blocks)
    with ThreadPoolExecutor(1, thread_name_prefix="read") as reader:
        coming = reader.submit(next, walk, None)
        while (block := coming.result()) is not None:
            coming = reader.submit(next, walk, None)
            yield block


def _in_tasks(own: Rings, first: int, last: int, task: Callable[[npt.NDArray[np.int64]], None]) -> None:
    met = np.flatnonzero((own.top < last) & (own.bottom > first))
    list(_THREADS.map(task, (met[at : at + _TASK] for at in range(0, len(met), _TASK))))


@njit(cache=True, nogil=True)
def _find_gaps(values, first, last, gaps):  # type: ignore[no-untyped-def]
    """Mark the segments of rows first..last that hold a NaN."""
    width = values.shape[1]
    for r in range(first, last):
        for s in range(gaps.shape[1]):
            bad = 0
            for c in range(s * _SEGMENT, min(width, (s + 1) * _SEGMENT)):
                bad += values[r, c] != values[r, c]
            gaps[r, s] = bad > 0


@njit(cache=True, nogil=True, fastmath=True)
def _whole_run(row, a, b, base):  # type: ignore[no-untyped-def]
    """Sum, sum of squares, least and greatest of row[a:b] less `base`; no NaN is there, so order is of no matter."""
    by, square = 0.0, 0.0
    low, top = row[a], row[a]
    for c in range(a, b):
        value = row[c]
        off = value - base
        by += off
        square += off * off
        low, top = min(low, value), max(top, value)
    return by, square, low, top


@njit(cache=True, nogil=True, inline="always")
def _pixel(value, share, base, sums, i):  # type: ignore[no-untyped-def]
    off = value - base
    sums[i, 0] += share
    sums[i, 1] += share * off
    sums[i, 2] += share * off * off
    sums[i, 4] = min(sums[i, 4], value)
    sums[i, 5] = max(sums[i, 5], value)


@njit(cache=True, nogil=True)
def _run(row, gaps, a, b, share, sums, i):  # type: ignore[no-untyped-def]
    """Pixels a..b of a row, all covered by the same share."""
    if a >= b or share < LEAST:
        return
    whole = not math.isnan(sums[i, 3])
    for s in range(a // _SEGMENT, (b - 1) // _SEGMENT + 1):
        whole = whole and not gaps[s]
    if whole:
        by, square, low, top = _whole_run(row, a, b, sums[i, 3])
        sums[i, 0] += share * (b - a)
        sums[i, 1] += share * by
        sums[i, 2] += share * square
        sums[i, 4], sums[i, 5] = min(sums[i, 4], low), max(sums[i, 5], top)
        return
    for c in range(a, b):
        value = float(row[c])
        if not math.isnan(value):
            if math.isnan(sums[i, 3]):
                sums[i, 3] = value
            _pixel(value, share, sums[i, 3], sums, i)


@njit(cache=True, nogil=True)
def _border(row, acc, left, a, b, carried, sums, i):  # type: ignore[no-untyped-def]
    """Pixels a..b of a row, each with a share of its own; returns the prefix sum after them."""
    for c in range(a, b):
        carried += acc[c - left]
        if carried < LEAST:
            continue
        value = float(row[c])
        if not math.isnan(value):
            if math.isnan(sums[i, 3]):
                sums[i, 3] = value
            _pixel(value, min(carried, 1.0), sums[i, 3], sums, i)
    return carried


@njit(cache=True, nogil=True)
def _pieces(span, width, cuts):  # type: ignore[no-untyped-def]
    """Cut a row into border, run, border, run: `cuts` holds the five ends. All is border where the two borders meet."""
    if span[1] < span[2]:
        cuts[0], cuts[1] = span[0], min(span[1] + 1, width)
        cuts[2] = max(cuts[1], min(span[2], width))
        cuts[3] = max(cuts[2], min(span[3] + 1, width))
    else:
        cuts[0] = min(span[0], span[2])
        cuts[1] = min(max(span[1], span[3]) + 1, width)
        cuts[2] = cuts[1]
        cuts[3] = cuts[1]
    cuts[4] = width


@njit(cache=True, nogil=True)
def _frame(x, y, a, b, first, last, width):  # type: ignore[no-untyped-def]
    """The rows and columns that a ring may touch: first row, last row, first column, columns."""
    left, right, top, low = x[a], x[a], y[a], y[a]
    for k in range(a, b):
        left, right = min(left, x[k]), max(right, x[k])
        top, low = min(top, y[k]), max(low, y[k])
    c0 = max(0, min(math.floor(max(left, -1.0)) - _MARGIN, width - 1))
    c1 = max(c0, min(math.ceil(min(right, width + 1.0)) + _MARGIN, width))
    r0, r1 = math.floor(max(top, -1.0)), math.ceil(min(low, last + 1.0))
    return max(r0, first), min(r1, last), c0, c1 - c0 + 2


@njit(cache=True, nogil=True)
def _gather(x, y, start, which, first, values, gaps, pixel_m2, sums):  # type: ignore[no-untyped-def]
    """Add rows of values to the sums of some rings."""
    rows, width = values.shape
    cuts = np.empty(5, np.int64)
    acc, spans = np.empty((16, 64)), np.empty((16, 4), np.int64)
    for i in which:
        a, b = start[i], start[i + 1]
        r0, r1, left, columns = _frame(x, y, a, b, first, first + rows, width)
        if r1 <= r0:
            continue
        if r1 - r0 > acc.shape[0] or columns > acc.shape[1]:
            acc = np.empty((max(r1 - r0, acc.shape[0]), max(columns, acc.shape[1])))
            spans = np.empty((acc.shape[0], 4), np.int64)
        shares = acc[:, :columns]
        cover_rows(x[a:b], y[a:b], r0, r1, width, left, shares, spans)
        for r in range(r0, r1):
            _pieces(spans[r - r0], width, cuts)
            row, gap, part = values[r - first], gaps[r - first], shares[r - r0]
            before = sums[i, 0]
            carried = _border(row, part, left, cuts[0], cuts[1], 0.0, sums, i)
            _run(row, gap, cuts[1], cuts[2], min(carried, 1.0), sums, i)
            carried = _border(row, part, left, cuts[2], cuts[3], carried, sums, i)
            _run(row, gap, cuts[3], cuts[4], min(carried, 1.0), sums, i)
            sums[i, 6] += (sums[i, 0] - before) * pixel_m2[r]


@njit(cache=True, nogil=True)
def _gather_classes(x, y, start, which, first, places, sums):  # type: ignore[no-untyped-def]
    """Add rows of classes to the sums of some rings."""
    rows, width = places.shape
    cuts = np.empty(5, np.int64)
    acc, spans = np.empty((16, 64)), np.empty((16, 4), np.int64)
    for i in which:
        a, b = start[i], start[i + 1]
        r0, r1, left, columns = _frame(x, y, a, b, first, first + rows, width)
        if r1 <= r0:
            continue
        if r1 - r0 > acc.shape[0] or columns > acc.shape[1]:
            acc = np.empty((max(r1 - r0, acc.shape[0]), max(columns, acc.shape[1])))
            spans = np.empty((acc.shape[0], 4), np.int64)
        shares = acc[:, :columns]
        cover_rows(x[a:b], y[a:b], r0, r1, width, left, shares, spans)
        for r in range(r0, r1):
            _pieces(spans[r - r0], width, cuts)
            row, part = places[r - first], shares[r - r0]
            carried = 0.0
            for c in range(cuts[0], width):
                if c < cuts[1] or cuts[2] <= c < cuts[3]:
                    carried += part[c - left]
                elif carried < LEAST and c >= cuts[3]:
                    break
                if carried >= LEAST and row[c] >= 0:
                    sums[i, row[c]] += min(carried, 1.0)
