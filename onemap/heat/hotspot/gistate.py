"""Gi* kept while counts change: one more incident moves seven sums and a few whole numbers, whatever the city's size.

Every quantity that is kept is an integer: counts, local sums, the sum, the sum of squares, and how many cells have each
(number of cells, local sum). z, p, q and classes are derived from them when they are asked for. So after any number of
additions and removals the state is the one that would be computed anew, to the last bit.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from onemap.core.errors import BadInput
from onemap.heat.hotspot.gistar import (
    CLASSES,
    GiStar,
    Ints,
    Pairs,
    integer_sums,
    is_whole,
    pair_key,
    pairs_of,
    spread,
    squares,
    tally,
)
from onemap.heat.lattice import Lattice


class GiState:
    """Counts on a lattice, and what Gi* says of them. Not for several threads at once."""

    def __init__(self, grid: Lattice, counts: npt.ArrayLike) -> None:
        """Start from counts (n,). Raises BadInput (reason "counts") unless they are whole and not negative."""
        given = np.asarray(counts)
        if given.shape != (len(grid),) or not is_whole(given):
            raise BadInput("Counts are whole and not negative, one for each cell.", reason="counts")
        self.grid = grid
        self.counts: Ints = given.astype(np.int64)
        self.sums: Ints = integer_sums(grid, self.counts)
        self.total = int(self.counts.sum())
        self.squares = squares(self.counts)
        self._table = tally(grid.sizes, self.sums)
        self._pairs: Pairs | None = None
        self._all: GiStar | None = None

    def add(self, place: int, amount: int = 1) -> None:
        """Change the count of the cell at `place` by `amount`; BadInput ("counts") if it would fall below 0."""
        before = int(self.counts[place])
        if place < 0 or before + amount < 0:
            raise BadInput("A count cannot fall below 0.", reason="counts")
        self._pairs = self._all = None
        self.total += amount
        self.squares += amount * (2 * before + amount)
        if self._table is None:
            _move_sums(self.grid.neighbours, self.counts, self.sums, place, amount)
        elif not _move(self.grid.neighbours, self.grid.sizes, self.counts, self.sums, self._table, place, amount):
            # A sum has outgrown the table; the next one is twice as wide as its sums.
            self._table = tally(self.grid.sizes, self.sums)

    @property
    def pairs(self) -> Pairs:
        """z, p, q and class of every pair that occurs; computed when asked for after a change."""
        if self._pairs is None:
            self._pairs = pairs_of(self.grid.sizes, self.sums, self._table, len(self.grid), self.total, self.squares)
        return self._pairs

    def at(self, place: int) -> tuple[float, float, float, str]:
        """(z, p, q, class) of the cell at `place`."""
        key, told = self.pairs.key, self.pairs.told
        row = int(np.searchsorted(key, pair_key(self.grid.sizes[place], self.sums[place])))
        return float(told.z[row]), float(told.p[row]), float(told.q[row]), CLASSES[int(told.codes[row])]

    def all(self) -> GiStar:
        """What Gi* says of every cell; kept until a count changes."""
        if self._all is None:
            self._all = spread(self.pairs, self.grid.sizes, self.sums, self._table)
        return self._all


@njit(cache=True, nogil=True)
def _move(neighbours, sizes, counts, sums, table, place, amount):  # type: ignore[no-untyped-def]
    """Move a count, the sums it is in and their places in the table; False when the table has become too narrow."""
    counts[place] += amount
    fits = True
    for m in range(-1, neighbours.shape[1]):
        at = place if m < 0 else neighbours[place, m]
        if at < 0:
            continue
        before = sums[at]
        sums[at] = before + amount
        fits = fits and sums[at] < table.shape[1]
        if fits:
            table[sizes[at], before] -= 1
            table[sizes[at], before + amount] += 1
    return fits


@njit(cache=True, nogil=True)
def _move_sums(neighbours, counts, sums, place, amount):  # type: ignore[no-untyped-def]
    """The same where no table is kept."""
    counts[place] += amount
    sums[place] += amount
    for m in range(neighbours.shape[1]):
        at = neighbours[place, m]
        if at >= 0:
            sums[at] += amount
