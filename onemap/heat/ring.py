"""Ring smoothing: every cell gives of its value to its neighbours, and the sum over the map stays what it was."""

from __future__ import annotations

from collections import defaultdict

import h3.api.basic_int as h3
import numpy as np

from onemap.core.cell import Cells, Floats


def weights(k: int) -> tuple[float, ...]:
    """Share that each single cell at ring 0..k gets: falling linearly, (k + 1 - ring), over the sum of a full disk.

    k = 1: 1/4, 1/8. k = 2: 3/27, 2/27, 1/27.
    """
    total = sum((k + 1 - ring) * max(1, 6 * ring) for ring in range(k + 1))
    return tuple((k + 1 - ring) / total for ring in range(k + 1))


def smooth(cells: Cells, values: Floats, k: int) -> tuple[Cells, Floats]:
    """Spread values over `k` rings; returns sorted cells and their values, with the same sum.

    Near a pentagon a disk has fewer cells: there the weights are scaled so that nothing is lost.
    """
    if k == 0 or not len(cells):
        order = np.argsort(cells)
        return cells[order], values[order]
    share = weights(k)
    sums: defaultdict[int, float] = defaultdict(float)
    for cell, value in zip(cells.tolist(), values.tolist(), strict=True):
        rings = [h3.grid_ring(cell, ring) for ring in range(k + 1)]
        amount = value / sum(weight * len(ring) for weight, ring in zip(share, rings, strict=True))
        for weight, ring in zip(share, rings, strict=True):
            part = amount * weight
            for member in ring:
                sums[member] += part
    found = np.fromiter(sums.keys(), np.int64, len(sums))
    spread = np.fromiter(sums.values(), np.float64, len(sums))
    order = np.argsort(found)
    return found[order], spread[order]
