"""Emerging hot and cold spots: Gi* in space and time, and where it is going.

The cube is T steps of time (oldest first) by n cells. A bin's neighbourhood is its cell's disk in its own step and in
the step before; the first step has none before it, and is weighed by the bins really there. Mean and variance are those
of the whole cube, and the false discovery rate is over all its bins. A bin is *hot* when z > 0 and q ≤ alpha, *cold*
when z < 0 and q ≤ alpha. The trend of a cell is Mann and Kendall's test on its z over the steps (variance corrected for
ties, continuity correction, two-sided): *rising* or *falling* when p ≤ alpha.

Kinds of hot spots, the first that fits; kinds of cold ones with hot and cold, rising and falling exchanged:

- `intensifying`: hot in the last step and in at least 90 % of all steps, rising.
- `diminishing`: likewise, falling.
- `persistent`: likewise, neither.
- `new`: hot in the last step alone, never before.
- `consecutive`: one unbroken run of at least two hot steps up to the last, never hot before it, less than 90 %.
- `oscillating`: hot in the last step and on and off before, less than 90 %, and cold in an earlier step.
- `sporadic`: likewise, and never cold.
- `historical`: not hot in the last step, hot in at least 90 % of all.

A cell is told by its last step first: one that is hot now is no historical cold spot. Definitions after Esri, "How
Emerging Hot Spot Analysis works" (ArcGIS Pro documentation), which leaves the order of overlapping kinds open; test:
Mann (1945), Econometrica 13, 245-259; Kendall (1975), Rank Correlation Methods; Gi* as in `onemap.heat.hotspot.gistar`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit
from scipy.special import erfc

from onemap.core.cell import Floats
from onemap.core.errors import BadInput
from onemap.heat.hotspot.gistar import Codes, GiStar, Ints, integer_sums, is_whole, judged_sums
from onemap.heat.lattice import Lattice, ring_sums

Bools = npt.NDArray[np.bool_]

#: Kinds by code; the code's sign says hot (+) or cold (-).
KINDS = (
    "none", "new", "consecutive", "intensifying", "persistent", "diminishing", "sporadic", "oscillating", "historical",
)  # fmt: skip
#: Fewer steps have no trend that could be significant; more than a year of weeks is another question.
STEPS = (4, 60)
#: Bins of one cube: past this the arrays take gigabytes.
MAX_BINS = 12_000_000


@dataclass(frozen=True)
class Emerging:
    """What the cube says of every cell: `kinds` int8 (n,), `z` float64 (T, n), `tau` and `p` of the trend (n,)."""

    kinds: Codes
    z: Floats
    tau: Floats
    p: Floats


def emerging(grid: Lattice, cube: npt.ArrayLike, *, alpha: float = 0.05) -> Emerging:
    """Classify every cell by its values (T, n), finite, oldest step first.

    Raises BadInput: reason "steps" for a number of steps outside 4..60, "cube-size" for too many bins, "counts" for
    values that do not fit the lattice.
    """
    values = np.asarray(cube)
    if values.ndim != 2 or values.shape[1] != len(grid) or not bool(np.isfinite(values).all()):
        raise BadInput("Values are finite, one for each step and cell.", reason="counts")
    if not STEPS[0] <= len(values) <= STEPS[1]:
        raise BadInput(f"Emerging hot spots take {STEPS[0]} to {STEPS[1]} steps.", reason="steps")
    if values.size > MAX_BINS:
        raise BadInput(f"{values.size} bins are too many: take fewer steps or larger cells.", reason="cube-size")
    told = space_time(grid, values)
    shape = values.shape
    z, significant = told.z.reshape(shape), (told.q <= alpha).reshape(shape)
    tau, p, rising = mann_kendall(z)
    trend = np.where(p <= alpha, np.sign(rising), 0)
    return Emerging(kinds(significant & (z > 0), significant & (z < 0), trend), z, tau, p)


def space_time(grid: Lattice, values: npt.NDArray[Any]) -> GiStar:
    """Gi* of every bin of a cube (T, n), flattened step by step."""
    sizes = np.concatenate([grid.sizes * (1 + (step > 0)) for step in range(len(values))]).astype(np.int32)
    whole = is_whole(values)
    local = np.array([integer_sums(grid, step.astype(np.int64)) if whole else ring_sums(grid, step) for step in values])
    local[1:] += local[:-1].copy()
    return judged_sums(sizes, local.ravel(), values)


def mann_kendall(z: Floats) -> tuple[Floats, Floats, Ints]:
    """Kendall's tau-b against time, two-sided p, and S, of each column of z (T, n); tau 0 and p 1 for a constant."""
    steps = len(z)
    rises, ties = _kendall(np.ascontiguousarray(z.T))
    variance = (steps * (steps - 1) * (2 * steps + 5) - ties[:, 1]) / 18.0
    pairs = steps * (steps - 1) / 2.0
    tau = np.divide(rises, np.sqrt(pairs * (pairs - ties[:, 0])), out=np.zeros(len(rises)), where=ties[:, 0] < pairs)
    deviate = np.divide(
        np.maximum(np.abs(rises) - 1, 0), np.sqrt(variance), out=np.zeros(len(rises)), where=variance > 0
    )
    return tau, np.asarray(erfc(deviate * math.sqrt(0.5)), np.float64), rises


def kinds(hot: Bools, cold: Bools, trend: npt.NDArray[np.integer]) -> Codes:
    """Codes of `KINDS` (n,), negative for cold, from hot and cold bins (T, n) and whether z rises (1, 0, -1)."""
    warm, cool = _one_sign(hot, cold, trend), _one_sign(cold, hot, -trend)
    return np.asarray(np.where(hot[-1], warm, np.where(cold[-1], -cool, warm - cool)), np.int8)


def name_of(code: int) -> str:
    """The class of a code: hot-new, cold-historical, none."""
    return KINDS[0] if code == 0 else f"{'hot' if code > 0 else 'cold'}-{KINDS[abs(code)]}"


def _one_sign(on: Bools, other: Bools, trend: npt.NDArray[np.integer]) -> Codes:
    steps = len(on)
    number = on.sum(axis=0)
    run = np.where(on.all(axis=0), steps, (~on[::-1]).argmax(axis=0))
    often = 10 * number >= 9 * steps
    now = on[-1]
    cases = [
        now & often & (trend > 0), now & often & (trend < 0), now & often, now & (number == 1), now & (number == run),
        now & other.any(axis=0), now, often,
    ]  # fmt: skip
    names = (
        "intensifying", "diminishing", "persistent", "new", "consecutive", "oscillating", "sporadic", "historical",
    )  # fmt: skip
    return np.asarray(np.select(cases, [KINDS.index(name) for name in names], 0), np.int8)


@njit(cache=True, nogil=True)
def _kendall(series):  # type: ignore[no-untyped-def]
    """S of every row, and of its ties: how many pairs are equal, and what they take from the variance (times 18)."""
    n, steps = series.shape
    rises = np.zeros(n, np.int64)
    ties = np.zeros((n, 2), np.int64)
    for at in range(n):
        row = series[at]
        total = 0
        for one in range(steps):
            equal = 1
            for other in range(steps):
                if other != one and row[other] == row[one]:
                    equal += 1
                if other > one:
                    total += (row[other] > row[one]) - (row[other] < row[one])
            # Each of `equal` members brings its share of the group's t (t - 1) and t (t - 1) (2 t + 5).
            ties[at, 0] += equal - 1
            ties[at, 1] += (equal - 1) * (2 * equal + 5)
        rises[at] = total
        ties[at, 0] //= 2
    return rises, ties
