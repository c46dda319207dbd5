"""Ring smoothing: every cell gives of its value to its neighbours, and the sum over the map stays what it was."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from onemap.core.cell import Cells, Floats, disk


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
    targets: list[Cells] = []
    amounts: list[npt.NDArray[np.float64]] = []
    for cell, value in zip(cells.tolist(), values.tolist(), strict=True):
        members = disk(cell, k)
        kernel = np.full(len(members), share[k])
        for ring in range(k - 1, -1, -1):
            kernel[np.isin(members, disk(cell, ring), assume_unique=True)] = share[ring]
        targets.append(members)
        amounts.append(value * kernel / kernel.sum())
    found, where = np.unique(np.concatenate(targets), return_inverse=True)
    sums = np.bincount(where, weights=np.concatenate(amounts), minlength=len(found))
    return found, sums.astype(np.float64)
