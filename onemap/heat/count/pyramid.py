"""Counts of stored cells at every resolution of a surface, from one sort.

A parent is a cell with its finer digits masked out, so cells that are sorted are sorted at every coarser resolution
too: the finest counts are the run lengths of one sort, each coarser resolution is the run lengths of the finer runs.
Cells are dealt into buckets by the highest bits that differ at all; what is left of a city's cells then fits 32 bits,
and a bucket the cache, where numpy's vector sort takes two nanoseconds a cell. Buckets ascend, so nothing has to be
merged: groups of buckets are sorted, counted and written straight to their place in the result, each by one thread.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from onemap.core.cell import Cells, Floats, parents
from onemap.core.errors import BadInput

Counts = npt.NDArray[np.int64]
Map = Callable[..., list[Any]]

#: Buckets are told apart by the highest varying bits, of which a city across a border of coarse cells fills few values,
#: and those by some bits more: about so many buckets keep both cores and their caches busy.
_TOP_BITS, _BUCKETS_BITS = 16, 13
#: Below this many cells one thread is done before a second is started.
_FEW = 100_000
_RES_MASK = 0xF << 52


@dataclass(frozen=True)
class Level:
    """One resolution: cells ascending (int64), how many stored cells lie in each, and their weights' sum if asked."""

    cells: Cells
    counts: Counts
    weights: Floats | None = None


def pyramid(
    cells: Cells,
    resolutions: Sequence[int] = range(5, 13),
    *,
    weights: Floats | None = None,
    workers: int | None = None,
) -> dict[int, Level]:
    """Return the level of every resolution from stored cells (int64 of one resolution, any order).

    Equal to `np.unique(parents(cells, res), return_counts=True)` at each. Weights (float64) are summed at every level
    from the single ones, equal cells in the order they came. BadInput (reason "resolution") when cells are of several
    resolutions or coarser than the finest asked, "shape" when weights do not match.
    """
    wanted = sorted(set(resolutions), reverse=True)
    values = np.ascontiguousarray(cells, np.int64).ravel()
    if weights is not None and np.shape(weights) != values.shape:
        raise BadInput(f"{np.shape(weights)} weights for {values.shape} cells.", reason="shape")
    if not wanted or not len(values):
        none = np.empty(0, np.int64)
        return {res: Level(none, none, None if weights is None else np.empty(0)) for res in wanted}
    same, seen = int(np.bitwise_and.reduce(values)), int(np.bitwise_or.reduce(values))
    if (same ^ seen) & _RES_MASK:
        raise BadInput("The cells are of several resolutions.", reason="resolution")
    parents(values[:1], wanted[0])  # refuses cells coarser than the finest level
    if weights is not None:
        return _weighted(values, wanted, np.ascontiguousarray(weights, np.float64))
    parts = min(workers or os.cpu_count() or 1, 1 + len(values) // _FEW)
    with ThreadPoolExecutor(parts) as pool:
        return _Buckets(values, wanted, same, seen, parts, lambda *given: list(pool.map(*given))).levels()


def _tail(res: int) -> int:
    return (1 << 3 * (15 - res)) - 1


def _weighted(values: Cells, wanted: list[int], weights: Floats) -> dict[int, Level]:
    order = np.argsort(values | _tail(wanted[0]), kind="stable")
    ordered, weighed = values[order], weights[order]
    found = {}
    for res in wanted:
        keys = parents(ordered, res)
        new = np.concatenate([[True], keys[1:] != keys[:-1]])
        run = np.cumsum(new) - 1
        found[res] = Level(keys[new], np.bincount(run).astype(np.int64), np.bincount(run, weighed).astype(np.float64))
    return found


class _Buckets:
    """The cells of one call, dealt and sorted: `room` holds their lower bits, bucket b from edges[b] on."""

    def __init__(self, values: Cells, wanted: list[int], same: int, seen: int, parts: int, spread: Map) -> None:
        tail = _tail(wanted[0])
        varying = (same ^ seen) & ~tail
        self.low = max((varying & -varying).bit_length() - 1, 0)
        width = varying.bit_length() - self.low if varying else 0
        top = max(width - _TOP_BITS, 0)
        self.common, self.wanted, self.spread = same & ~tail & ~_RES_MASK, wanted, spread
        # A level's tail as it lies in the keys: they leave out the lowest bits, which all cells have in common.
        self.tails = np.array([_tail(res) >> self.low for res in wanted], np.int64)
        cuts = [len(values) * part // parts for part in range(parts + 1)]
        pieces = [values[cuts[part] : cuts[part + 1]] for part in range(parts)]
        seen_at = np.zeros((parts, 1 << (width - top)), np.bool_)
        spread(lambda piece, own: _KERNELS.meet(piece, varying, self.low, top, own), pieces, seen_at)
        tops = np.flatnonzero(seen_at.any(axis=0))
        # Each value that occurs is parted by as many bits more as bring the buckets to their number.
        more = min(top, max(_BUCKETS_BITS - int(len(tops) - 1).bit_length(), 0))
        self.shift = top - more
        ranks = np.zeros(1 << (width - top), np.int64)
        ranks[tops] = np.arange(len(tops))
        self.uppers = ((tops[:, None] << more) | np.arange(1 << more)).ravel()
        buckets = len(self.uppers)
        self.room = np.empty(len(values), np.uint32 if self.shift <= 32 else np.uint64)
        sizes = np.zeros((parts, buckets), np.int64)
        given = (varying, self.low, self.shift, more, ranks)
        spread(lambda piece, own: _KERNELS.measure(piece, *given, own), pieces, sizes)
        totals = sizes.sum(axis=0)
        self.edges = np.concatenate([[0], np.cumsum(totals)])
        starts = self.edges[:-1] + np.cumsum(sizes, axis=0) - sizes
        spread(lambda piece, own: _KERNELS.deal(piece, *given, own, self.room), pieces, starts)
        # Many groups for each core, cut where about equally many cells lie, so that a crowded bucket holds up one only.
        evenly = np.linspace(0, len(values), 1 if parts == 1 else 16 * parts + 1)[1:-1]
        bounds = np.unique(np.concatenate([[0], np.searchsorted(self.edges, evenly), [buckets]])).tolist()
        pairs = itertools.pairwise(bounds)
        self.groups = [(first, end) for first, end in pairs if self.edges[end] > self.edges[first]]

    def levels(self) -> dict[int, Level]:
        """Sort, find out how much room each group needs at each level, write."""
        sizes = np.array(self.spread(self._sorted, self.groups)).T
        ends_of = [self._key(self.edges[end] - 1) for _, end in self.groups]
        starts_of = [self._key(self.edges[first]) for first, _ in self.groups]
        # A group that begins in the parent in which the one before it ends shares that parent's slot.
        shared = np.zeros(sizes.shape, np.bool_)
        for group in range(1, len(self.groups)):
            shared[:, group] = (ends_of[group - 1] ^ starts_of[group]) <= self.tails
        at = np.cumsum(sizes - shared, axis=1) - sizes
        totals = (sizes - shared).sum(axis=1).tolist()
        cells = [np.empty(total, np.int64) for total in totals]
        ends = [np.empty(total, np.int64) for total in totals]

        def write(group: int) -> None:
            first, end = self.groups[group]
            head = self.common | _tail(self.wanted[0]) | self.wanted[0] << 52
            _KERNELS.finest(
                self.room, self.edges, self.uppers, first, end, self.shift, self.low, head, at[0, group], cells[0],
                ends[0],
            )  # fmt: skip
            for level in range(1, len(cells)):
                begin = at[level - 1, group]
                finer = slice(begin, begin + sizes[level - 1, group])
                _KERNELS.coarser(
                    cells[level - 1][finer], ends[level - 1][finer], _tail(self.wanted[level]), self.wanted[level],
                    at[level, group], cells[level], ends[level],
                )  # fmt: skip

        self.spread(write, range(len(self.groups)))
        # Two threads may have written the end of a shared parent: it is found anew.
        for level, group in zip(*np.nonzero(shared), strict=True):
            ends[level][at[level, group]] = self._position(starts_of[group] | int(self.tails[level]))
        self.spread(_KERNELS.lengths, ends)
        return {res: Level(*found) for res, *found in zip(self.wanted, cells, ends, strict=True)}

    def _sorted(self, group: tuple[int, int]) -> Counts:
        first, end = group
        edges = self.edges[first : end + 1]
        for at in np.flatnonzero(np.diff(edges) > 1).tolist():
            self.room[edges[at] : edges[at + 1]].sort()
        sizes = np.ones(len(self.tails), np.int64)
        _KERNELS.distinct(self.room, self.edges, self.uppers, *group, self.shift, self.tails, sizes)
        return sizes

    def _key(self, position: int) -> int:
        bucket = int(np.searchsorted(self.edges, position, side="right")) - 1
        return int(self.uppers[bucket]) << self.shift | int(self.room[position])

    def _position(self, key: int) -> int:
        """How many keys are at most this one."""
        upper = key >> self.shift
        bucket = int(np.searchsorted(self.uppers, upper))
        if bucket == len(self.uppers) or self.uppers[bucket] != upper:
            return int(self.edges[bucket])
        first, end = self.edges[bucket], self.edges[bucket + 1]
        lower = self.room.dtype.type(key & ((1 << self.shift) - 1))
        return int(first + np.searchsorted(self.room[first:end], lower, side="right"))


@njit(cache=True, nogil=True)
def _meet(cells, varying, low, top, seen):  # type: ignore[no-untyped-def]
    """Mark the values of the highest bits that occur."""
    for cell in cells:
        seen[((cell & varying) >> low) >> top] = True


@njit(cache=True, nogil=True)
def _measure(cells, varying, low, shift, more, ranks, sizes):  # type: ignore[no-untyped-def]
    """Count the cells of each bucket."""
    rest = (np.int64(1) << more) - 1
    for cell in cells:
        upper = ((cell & varying) >> low) >> shift
        sizes[ranks[upper >> more] << more | upper & rest] += 1


@njit(cache=True, nogil=True)
def _deal(cells, varying, low, shift, more, ranks, starts, room):  # type: ignore[no-untyped-def]
    """Put what tells the cells of a bucket apart into the bucket's room."""
    mask = (np.int64(1) << shift) - 1
    rest = (np.int64(1) << more) - 1
    for cell in cells:
        key = (cell & varying) >> low
        upper = key >> shift
        bucket = ranks[upper >> more] << more | upper & rest
        room[starts[bucket]] = key & mask
        starts[bucket] += 1


@njit(cache=True, nogil=True)
def _distinct(room, edges, uppers, first, end, shift, tails, sizes):  # type: ignore[no-untyped-def]
    """Add to `sizes` how many new parents begin at each level after the first key of buckets first..end."""
    last = np.int64(-1)
    for bucket in range(first, end):
        start, stop = edges[bucket], edges[bucket + 1]
        if start == stop:
            continue
        key = uppers[bucket] << shift | np.int64(room[start])
        for level in range(len(tails)):
            tail = tails[level]
            # Two keys have the same parent when they differ in its tail only.
            new = 0
            for i in range(start + 1, stop):
                new += np.int64(room[i]) ^ np.int64(room[i - 1]) > tail
            sizes[level] += new
            if last >= 0:
                sizes[level] += (key ^ last) > tail
        last = uppers[bucket] << shift | np.int64(room[stop - 1])


@njit(cache=True, nogil=True)
def _finest(room, edges, uppers, first, end, shift, low, head, at, cells, ends):  # type: ignore[no-untyped-def]
    """Cells of sorted buckets from slot `at` on, and the position in the sorted column where each ends."""
    at -= 1
    last = np.int64(-1)
    for bucket in range(first, end):
        upper = uppers[bucket] << shift
        for i in range(edges[bucket], edges[bucket + 1]):
            key = upper | np.int64(room[i])
            at += key != last
            # Written again until the run is over: cheaper than a branch nobody can foresee.
            cells[at] = key << low | head
            ends[at] = i + 1
            last = key


@njit(cache=True, nogil=True)
def _coarser(finer, finer_ends, tail, res, at, cells, ends):  # type: ignore[no-untyped-def]
    """The same for parents, from ascending finer cells."""
    at -= 1
    last = np.int64(-1)
    clear = ~(np.int64(0xF) << 52)
    for i in range(len(finer)):
        key = (finer[i] | tail) & clear | np.int64(res) << 52
        at += key != last
        cells[at] = key
        ends[at] = finer_ends[i]
        last = key


@njit(cache=True, nogil=True)
def _lengths(ends):  # type: ignore[no-untyped-def]
    """Turn ends into lengths, in place."""
    for i in range(len(ends) - 1, 0, -1):
        ends[i] -= ends[i - 1]


class _Kernels:
    """The kernels as the checker may see them: the compiler's stubs know no arrays of ours."""

    meet: Any = staticmethod(_meet)
    measure: Any = staticmethod(_measure)
    deal: Any = staticmethod(_deal)
    distinct: Any = staticmethod(_distinct)
    finest: Any = staticmethod(_finest)
    coarser: Any = staticmethod(_coarser)
    lengths: Any = staticmethod(_lengths)


_KERNELS = _Kernels
