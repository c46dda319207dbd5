"""Discs around the cells of a lattice: who lies how many steps away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Discs:
    """Cells within `rings` steps of each of n cells, by distance.

    `near` int32[n, 1 + 3 rings (rings + 1)] holds lattice indices, nearest first and -1 at the end of a row; cells at
    distance r of cell i stand at `starts[i, r]` to `starts[i, r + 1]` (int32[n, rings + 2]).
    """

    near: Int32
    starts: Int32

    @property
    def rings(self) -> int:
        """The largest distance held."""
        return int(self.starts.shape[1]) - 2

    def sizes(self, ring: int) -> Floats:
        """How many cells of the lattice lie at exactly that distance of each cell: float64[n]."""
        return np.asarray(self.starts[:, ring + 1] - self.starts[:, ring], np.float64)


def discs(neighbours: Int32, rings: int) -> Discs:
    """Discs of a lattice given by its neighbours, int32[n, 6] with -1 for none. Distances are steps inside it."""
    near, starts = _walk(np.ascontiguousarray(neighbours, np.int32), rings)
    return Discs(near, starts)


def disc_sums(values: Floats, around: Discs, ring: int) -> Floats:
    """Sums of `values` (float64[n]) over the cells within `ring` steps: float64[n]."""
    return np.asarray(_sums(np.ascontiguousarray(values, np.float64), around.near, around.starts, ring), np.float64)


@njit(cache=True, nogil=True)
def _walk(neighbours: Any, rings: int) -> Any:
    n = neighbours.shape[0]
    near = np.full((n, 1 + 3 * rings * (rings + 1)), -1, np.int32)
    starts = np.zeros((n, rings + 2), np.int32)
    seen = np.full(n, -1, np.int64)
    for i in range(n):
        near[i, 0] = i
        seen[i] = i
        filled = 1
        starts[i, 1] = 1
        for ring in range(1, rings + 1):
            for at in range(starts[i, ring - 1], starts[i, ring]):
                for k in range(neighbours.shape[1]):
                    other = neighbours[near[i, at], k]
                    if other >= 0 and seen[other] != i:
                        seen[other] = i
                        near[i, filled] = other
                        filled += 1
            starts[i, ring + 1] = filled
    return near, starts


@njit(cache=True, nogil=True)
def _sums(values: Any, near: Any, starts: Any, ring: int) -> Any:
    out = np.zeros(len(values))
    for i in range(len(values)):
        total = 0.0
        for at in range(starts[i, ring + 1]):
            total += values[near[i, at]]
        out[i] = total
    return out
