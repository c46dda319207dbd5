"""Getis-Ord Gi* on a lattice of cells: where counts stand together higher or lower than chance would put them.

    z_i = (Σ_j w_ij x_j - W_i x̄) / (s √((n S1_i - W_i²) / (n - 1)))      s² = Σ x²/n - x̄²

with w_ij = 1 for the cell itself and for the cells within k rings that the lattice has, 0 otherwise. Hence W_i = S1_i =
the number of cells really there: a cell at the edge of the study area, or beside a hole, is weighed by its own number
of neighbours, not by that of a full ring. p is two-sided from the normal; q is Benjamini and Hochberg's false discovery
rate over all cells tested. Sources: Getis & Ord (1992), Geographical Analysis 24, 189-206; Ord & Getis (1995), same
journal 27, 286-306; Benjamini & Hochberg (1995), JRSS B 57, 289-300; the rate on local statistics: Caldas de Castro &
Singer (2006), Geographical Analysis 38, 180-208.

Counts are integers, so z depends only on the pair (W_i, local sum), and a million cells have a few hundred pairs: z, p
and q are computed per pair, from how many cells have it. All of it is integer sums until the last step.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit
from scipy.special import erfc

from onemap.core.cell import Floats
from onemap.core.errors import BadInput
from onemap.heat.lattice import Lattice, Sizes, ring_sums

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int8]

#: False discovery rates of the classes, strictest first, and the codes 3, 2, 1 (hot) and -3, -2, -1 (cold).
RATES = (0.01, 0.05, 0.10)
CLASSES = {3: "hot99", 2: "hot95", 1: "hot90", 0: "none", -1: "cold90", -2: "cold95", -3: "cold99"}
#: A table of pairs with more places than this, and more than this for each cell, costs more than sorting.
_LEAST_TABLE, _SPARE = 1 << 16, 8
#: Below this many cells a second thread costs more than it brings.
_SPLIT = 1 << 17
_SUM_BITS = 52


@dataclass(frozen=True)
class GiStar:
    """What Gi* says of every cell of a lattice, in its order: float64 z, p, q and int8 codes of `CLASSES`."""

    z: Floats
    p: Floats
    q: Floats
    codes: Codes


@dataclass(frozen=True)
class Pairs:
    """Every (size, local sum) that occurs, ascending, how many cells have it, and what Gi* says of them."""

    key: Ints
    cells: Ints
    told: GiStar


def gi_star(grid: Lattice, values: npt.ArrayLike) -> GiStar:
    """Gi* of every cell of the lattice, from its values (n,), finite.

    Whole values are counted by pairs; others (weighted, decayed) take the same formulas over all cells and one sort.
    Where nothing varies, z is 0 and p and q are 1. Raises BadInput (reason "counts") for values that do not fit.
    """
    given = np.asarray(values)
    if given.shape != (len(grid),) or not bool(np.isfinite(given).all()):
        raise BadInput("Values are finite, one for each cell.", reason="counts")
    return judged_sums(grid.sizes, local_sums(grid, given), given)


def local_sums(grid: Lattice, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Per cell, its own value and its neighbours': int64 for counts, float64 for other values, (n,)."""
    return integer_sums(grid, values.astype(np.int64)) if is_whole(values) else ring_sums(grid, values)


def judged_sums(sizes: Sizes, sums: npt.NDArray[Any], values: npt.NDArray[Any]) -> GiStar:
    """Gi* from the number of values in each local sum (n,), the sums (n,), and all values (n in any shape)."""
    if sums.dtype == np.int64:
        whole = values.astype(np.int64).ravel()
        table = tally(sizes, sums)
        pairs = pairs_of(sizes, sums, table, whole.size, int(whole.sum()), squares(whole))
        return spread(pairs, sizes, sums, table)
    n, size = values.size, sizes.astype(np.float64)
    if not n:
        return judged(np.empty(0), np.empty(0, np.int64))
    scale = float(values.std()) * np.sqrt(size * (n - size) / max(n - 1, 1))
    above = sums - size * float(values.mean())
    z = np.divide(above, scale, out=np.zeros(n), where=scale > 1e-12 * float(np.abs(values).max()))
    return judged(z, np.ones(n, np.int64))


def is_whole(values: npt.NDArray[Any]) -> bool:
    """Whether the values are counts: whole, not negative, and not so large that the sum of squares would overflow."""
    if not values.size:
        return True
    if values.dtype.kind not in "iub" and bool((values != np.rint(values)).any()):
        return False
    return bool(values.min() >= 0) and int(values.max()) ** 2 * values.size < 2**62


def judged(z: Floats, cells: Ints) -> GiStar:
    """z with its p, q and class; each z stands for so many cells."""
    p = two_sided(z)
    q = false_discovery(p, cells)
    return GiStar(z, p, q, classes(z, q))


def scores(size: Ints, total: Ints, n: int, everything: int, of_squares: int) -> Floats:
    """z of (number of cells, sum) pairs, given n cells with the sum and the sum of squares of all.

    Numerator and variance, each times n, are whole numbers: nothing is lost by cancelling.
    """
    variance = n * of_squares - everything * everything
    z = np.zeros(len(size))
    if n > 1 and variance > 0:
        above = (n * total - size * everything).astype(np.float64)
        scale = np.sqrt(variance / (n - 1) * (size * (n - size)).astype(np.float64))
        np.divide(above, scale, out=z, where=size < n)
    return z


def two_sided(z: Floats) -> Floats:
    """Chance of a normal deviate at least as far from 0 on either side."""
    found: Floats = erfc(np.abs(z) * math.sqrt(0.5))
    return found


def false_discovery(p: Floats, cells: Ints) -> Floats:
    """Benjamini and Hochberg's adjusted p of tests that occur `cells` times each: the least rate that still names it.

    Of m tests in order, q_(k) is the least of m p_(l) / l over l ≥ k. Of equal p the last one's step is the least, so
    counting them does what sorting all of them would.
    """
    if not len(p):
        return np.empty(0)
    order = np.argsort(p)
    rank = np.cumsum(cells[order])
    steps = p[order] * float(rank[-1]) / rank
    q = np.empty(len(p))
    q[order] = np.minimum(np.minimum.accumulate(steps[::-1])[::-1], 1.0)
    return q


def classes(z: Floats, q: Floats) -> Codes:
    """Codes of `CLASSES`: 3, 2, 1 by the strictest rate that q keeps, with the sign of z; 0 where it keeps none."""
    level = np.searchsorted(-np.array(RATES[::-1]), -q, side="right")
    return np.asarray(np.where(z > 0, level, -level), np.int8)


def integer_sums(grid: Lattice, values: Ints) -> Ints:
    """Per cell, its own count and its neighbours', int64 (n,)."""
    found = np.empty(len(values), np.int64)
    # Half as wide is half as much to fetch from all over the memory.
    narrow = values.astype(np.int32) if len(values) and int(values.max()) < 2**31 else values

    def fill(part: slice) -> None:
        _local(grid.neighbours[part], narrow, part.start, found[part])

    _in_halves(len(values), fill)
    return found


def squares(values: Ints) -> int:
    """The sum of squares."""
    return int(_squares(values))


def tally(sizes: Sizes, sums: Ints) -> Ints | None:
    """How many cells have each [size, sum], with room for sums to grow; None where sums are too large for a table."""
    width = 2 * (int(sums.max()) if len(sums) else 0) + 8
    deep = (int(sizes.max()) if len(sizes) else 0) + 1
    if width * deep > max(_LEAST_TABLE, _SPARE * len(sums)):
        return None
    table = np.zeros((deep, width), np.int64)
    _tally(sizes, sums, table)
    return table


def pairs_of(sizes: Sizes, sums: Ints, table: Ints | None, n: int, everything: int, of_squares: int) -> Pairs:
    """The pairs that occur, from their table or else by sorting, and what Gi* says of each."""
    if table is not None:
        size, total = np.nonzero(table)
        cells = table[size, total]
        key = pair_key(size, total)
    else:
        key, counted = np.unique(pair_key(sizes, sums), return_counts=True)
        size, total, cells = key >> _SUM_BITS, key & ((1 << _SUM_BITS) - 1), counted.astype(np.int64)
    return Pairs(key, cells, judged(scores(size, total, n, everything, of_squares), cells))


def pair_key(size: npt.ArrayLike, total: npt.ArrayLike) -> Ints:
    """One integer for each pair, in the order of pairs."""
    return np.asarray(np.asarray(size, np.int64) << _SUM_BITS | np.asarray(total, np.int64), np.int64)


def spread(pairs: Pairs, sizes: Sizes, sums: Ints, table: Ints | None) -> GiStar:
    """What is said of the pairs, for every cell."""
    told, n = pairs.told, len(sums)
    if table is None:
        row = np.searchsorted(pairs.key, pair_key(sizes, sums))
        return GiStar(told.z[row], told.p[row], told.q[row], told.codes[row])
    rows = np.zeros(table.shape, np.int32)
    rows[pairs.key >> _SUM_BITS, pairs.key & ((1 << _SUM_BITS) - 1)] = np.arange(len(pairs.key))
    out = GiStar(np.empty(n), np.empty(n), np.empty(n), np.empty(n, np.int8))

    def fill(part: slice) -> None:
        _spread(
            sizes[part], sums[part], rows, told.z, told.p, told.q, told.codes,
            out.z[part], out.p[part], out.q[part], out.codes[part],
        )  # fmt: skip

    _in_halves(n, fill)
    return out


def _in_halves(n: int, work: Callable[[slice], None]) -> None:
    """Do the work over all of n, on two threads when it is worth it."""
    if n < _SPLIT:
        work(slice(0, n))
        return
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, (slice(0, n // 2), slice(n // 2, n))))


@njit(cache=True, nogil=True)
def _local(neighbours, values, start, found):  # type: ignore[no-untyped-def]
    n, width = neighbours.shape
    for at in range(n):
        total = np.int64(values[start + at])
        for m in range(width):
            other = neighbours[at, m]
            if other >= 0:
                total += values[other]
        found[at] = total


@njit(cache=True, nogil=True)
def _squares(values):  # type: ignore[no-untyped-def]
    total = np.int64(0)
    for value in values:
        total += value * value
    return total


@njit(cache=True, nogil=True)
def _tally(sizes, sums, table):  # type: ignore[no-untyped-def]
    for at in range(len(sums)):
        table[sizes[at], sums[at]] += 1


@njit(cache=True, nogil=True)
def _spread(sizes, sums, rows, z, p, q, codes, to_z, to_p, to_q, to_codes):  # type: ignore[no-untyped-def]
    for at in range(len(sums)):
        row = rows[sizes[at], sums[at]]
        to_z[at], to_p[at], to_q[at], to_codes[at] = z[row], p[row], q[row], codes[row]
