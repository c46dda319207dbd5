"""Who is whose neighbour among many cells of one resolution, found by integer arithmetic.

A cell's digits are its place in a number system with seven digits: digit d at resolution r is one of the six unit
vectors of the triangular lattice (or 0), and a place is worth the coarser place times 3 + ω² (odd resolutions) or
3 + ω (even ones), ω a third of a turn. So a step to a neighbour is an addition with carry, and as long as the carry
stays inside a base cell that is no pentagon, the sum is the neighbour's index. Where it leaves the base cell, and in
the twelve pentagons, the h3 library is asked instead. Sources: H3 documentation, "Aperture 7 hexagons" and "H3Index";
Middleton & Sivaswamy, Hexagonal Image Processing (2005), on addition with carry. Held to h3's `grid_ring` by tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import h3.api.basic_int as h3
import numpy as np
import numpy.typing as npt
from numba import njit

from onemap.core.cell import Cells, Floats, resolution
from onemap.core.errors import BadInput

Positions = npt.NDArray[np.int32]
Sizes = npt.NDArray[np.int32]

#: More rings are a kernel's bandwidth, not a neighbourhood, and cost 8 bytes a cell and neighbour.
MAX_RINGS = 6
_BASE_SHIFT = 45
# Digits 1..6 as (a, b) of a + bω: the axes i = 1, j = ω, k = ω² and their sums, by the bits of the digit (i, j, k).
_UNITS = ((0, 0), (-1, -1), (0, 1), (-1, 0), (1, 0), (0, -1), (1, 1))
#: What the next coarser place is worth at even and at odd resolutions: 3 + ω and 3 + ω² = 2 - ω.
_WORTH = ((3, 1), (2, -1))


@dataclass(frozen=True)
class Lattice:
    """Cells of one resolution, ascending, and the places of those within `rings` steps of each.

    `neighbours` is int32 (n, 3·rings·(rings + 1)): positions in `cells`, -1 where the lattice has no such cell; the
    order inside a row means nothing. `sizes` is int32 (n,): how many there are, the cell itself included.
    """

    cells: Cells
    neighbours: Positions
    sizes: Sizes
    rings: int = 1
    res: int = 0

    def __len__(self) -> int:
        return len(self.cells)

    def place(self, cell: int) -> int:
        """The cell's position, -1 for a cell that is not in the lattice."""
        at = int(np.searchsorted(self.cells, cell))
        return at if at < len(self.cells) and int(self.cells[at]) == cell else -1


def lattice(cells: npt.ArrayLike, rings: int = 1) -> Lattice:
    """The neighbour table of valid cells of one resolution (any order, repeats are one).

    Raises BadInput for mixed resolutions ("resolution") and for rings outside 1..6 ("rings").
    """
    if not 1 <= rings <= MAX_RINGS:
        raise BadInput(f"A neighbourhood has 1 to {MAX_RINGS} rings.", reason="rings")
    own = np.asarray(cells, np.int64).ravel()
    if not bool((own[1:] > own[:-1]).all()):
        own = np.unique(own)
    # Writable, so that the kernels are compiled for one kind of array.
    own = np.require(own, requirements=["C", "W"])
    width = 3 * rings * (rings + 1)
    if not len(own):
        return Lattice(own, np.empty((0, width), np.int32), np.empty(0, np.int32), rings)
    res = resolution(int(own[0]))
    if resolution(int(own[-1])) != res:
        raise BadInput("A lattice has cells of one resolution.", reason="resolution")
    steps, origin = _steps(rings)
    sums, carries = _tables()
    starts, shift = _directory(own)
    found, outside = _disks(own, res, steps, origin, sums, carries, _pentagons(), starts, shift)
    for at in np.flatnonzero(outside).tolist():
        found[at] = _by_library(own, at, rings, width)
    return Lattice(own, found, _count(found), rings, res)


def ring_sums(grid: Lattice, values: Floats) -> Floats:
    """Per cell, the sum of its own value and those of its neighbours in the lattice, float64 (n,)."""
    found: Floats = _sums(grid.neighbours, np.ascontiguousarray(values, np.float64))
    return found


@cache
def _tables() -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """(sum digit, carry digit) of digit + digit at even [0] and odd [1] resolutions, each (2, 7, 7)."""
    sums, carries = np.zeros((2, 7, 7), np.int64), np.zeros((2, 7, 7), np.int64)
    for odd, worth in enumerate(_WORTH):
        known = {}
        for carry, (c, d) in enumerate(_UNITS):
            # (c + dω)(p + qω), with ω² = -1 - ω.
            a, b = c * worth[0] - d * worth[1], c * worth[1] + d * worth[0] - d * worth[1]
            for digit, (x, y) in enumerate(_UNITS):
                known[a + x, b + y] = (digit, carry)
        for one, (a, b) in enumerate(_UNITS):
            for other, (x, y) in enumerate(_UNITS):
                sums[odd, one, other], carries[odd, one, other] = known[a + x, b + y]
    return sums, carries


@cache
def _pentagons() -> npt.NDArray[np.bool_]:
    """Which of the 128 base cell numbers are pentagons."""
    found = np.zeros(128, np.bool_)
    for cell in h3.get_res0_cells():
        found[cell >> _BASE_SHIFT & 127] = h3.is_pentagon(cell)
    return found


@cache
def _steps(rings: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The disk without its centre as a walk: (digit to step by, index of the cell to step from, 0 the centre)."""
    seen = {(0, 0): 0}
    steps, origin = [], []
    edge = [(0, 0)]
    for _ in range(rings):
        outer = []
        for a, b in edge:
            for digit, (x, y) in enumerate(_UNITS[1:], 1):
                if (a + x, b + y) not in seen:
                    steps.append(digit)
                    origin.append(seen[a, b])
                    seen[a + x, b + y] = len(seen)
                    outer.append((a + x, b + y))
        edge = outer
    return np.array(steps), np.array(origin)


def _by_library(cells: Cells, at: int, rings: int, width: int) -> Positions:
    """One row of the table by h3's own disk."""
    near = np.array([cell for cell in h3.grid_disk(int(cells[at]), rings) if cell != int(cells[at])], np.int64)
    places = np.minimum(np.searchsorted(cells, near), len(cells) - 1)
    row = np.full(width, -1, np.int32)
    row[: len(near)] = np.where(cells[places] == near, places, -1)
    return row


@njit(cache=True, nogil=True)
def _directory(cells):  # type: ignore[no-untyped-def]
    """Starts of equal slices of the cells' range, about as many as cells, and the slices' width in bits."""
    n = len(cells)
    low, span = cells[0], cells[n - 1] - cells[0]
    shift = 0
    while (span >> shift) > 4 * n:
        shift += 1
    slices = (span >> shift) + 1
    starts = np.zeros(slices + 1, np.int32)
    for at in range(n):
        starts[((cells[at] - low) >> shift) + 1] += 1
    for at in range(slices):
        starts[at + 1] += starts[at]
    return starts, shift


@njit(cache=True, nogil=True, inline="always")
def _place(cells, starts, shift, cell):  # type: ignore[no-untyped-def]
    """The position of a cell, -1 if it is none of them: the slice it must be in, then halves of that."""
    low = cells[0]
    if cell < low or cell > cells[len(cells) - 1]:
        return -1
    at = (cell - low) >> shift
    first, last = starts[at], starts[at + 1]
    while first < last:
        middle = (first + last) >> 1
        if cells[middle] < cell:
            first = middle + 1
        else:
            last = middle
    if first < starts[at + 1] and cells[first] == cell:
        return first
    return -1


@njit(cache=True, nogil=True)
def stepped(cell, add, res, sums, carries):  # type: ignore[no-untyped-def]
    """The cell one step on, by adding digits with carry; and what is left to add: not 0 outside of the base cell."""
    r = res
    while add != 0 and r > 0:
        bit = 3 * (15 - r)
        digit = cell >> bit & 7
        cell += (sums[r & 1, digit, add] - digit) << bit
        add = carries[r & 1, digit, add]
        r -= 1
    return cell, add


@njit(cache=True, nogil=True)
def _disks(cells, res, steps, origin, sums, carries, pentagons, starts, shift):  # type: ignore[no-untyped-def]
    """Positions of every cell's neighbours, and which rows arithmetic cannot tell."""
    n, width = len(cells), len(steps)
    found = np.empty((n, width), np.int32)
    outside = np.zeros(n, np.bool_)
    walk = np.empty(width + 1, np.int64)
    for at in range(n):
        walk[0] = cells[at]
        if pentagons[walk[0] >> 45 & 127]:
            outside[at] = True
            continue
        for m in range(width):
            cell, add = walk[origin[m]], steps[m]
            cell, add = stepped(cell, add, res, sums, carries)
            if add != 0:
                outside[at] = True
                break
            walk[m + 1] = cell
            found[at, m] = _place(cells, starts, shift, cell)
    return found, outside


@njit(cache=True, nogil=True)
def _count(neighbours):  # type: ignore[no-untyped-def]
    """How many there are in each row, and one for the cell itself."""
    n, width = neighbours.shape
    found = np.empty(n, np.int32)
    for at in range(n):
        size = 1
        for m in range(width):
            size += neighbours[at, m] >= 0
        found[at] = size
    return found


@njit(cache=True, nogil=True)
def _sums(neighbours, values):  # type: ignore[no-untyped-def]
    """Own value and the neighbours'."""
    n, width = neighbours.shape
    found = np.empty(n, values.dtype)
    for at in range(n):
        total = values[at]
        for m in range(width):
            other = neighbours[at, m]
            if other >= 0:
                total += values[other]
        found[at] = total
    return found
