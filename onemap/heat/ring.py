"""Ring smoothing: every cell gives of its value to its neighbours, and the sum over the map stays what it was.

The kernel is Epanechnikov's (1969), quadratic in the distance: over `k` rings of the lattice a ring at distance r gets
1 - (r / (k + 1))², scaled to sum to one. Its bandwidth, where it would come to nothing, is k + 1 steps of the lattice.
"""

from __future__ import annotations

import math

import h3.api.basic_int as h3
import numpy as np
from numba import njit

from onemap.core.cell import Cells, Floats, area_km2, resolution
from onemap.heat.lattice import _pentagons, _steps, _tables, stepped

KERNEL = "epanechnikov"


def weights(k: int) -> tuple[float, ...]:
    """Share that each single cell at ring 0..k gets; a full disk's shares sum to one. k = 1: 4/22, 3/22."""
    falls = [1.0 - (ring / (k + 1)) ** 2 for ring in range(k + 1)]
    total = sum(fall * max(1, 6 * ring) for ring, fall in enumerate(falls))
    return tuple(fall / total for fall in falls)


def bandwidth_m(res: int, k: int) -> float:
    """Where the kernel over `k` rings comes to nothing: k + 1 steps between the centres of average hexagons."""
    return (k + 1) * math.sqrt(area_km2(res) * 2.0 / math.sqrt(3.0)) * 1000.0


def smooth(cells: Cells, values: Floats, k: int) -> tuple[Cells, Floats]:
    """Spread values over `k` rings; returns sorted cells and their values, with the same sum.

    Near a pentagon a disk has fewer cells: there the weights are scaled so that nothing is lost.
    """
    order = np.argsort(cells)
    if k == 0 or not len(cells):
        return cells[order], values[order]
    cells, values = np.ascontiguousarray(cells[order]), np.ascontiguousarray(values[order], np.float64)
    share = np.array(weights(k))
    steps, origin = _steps(k)
    rings = np.repeat(np.arange(1, k + 1), [6 * ring for ring in range(1, k + 1)])
    around, told = _around(cells, resolution(int(cells[0])), steps, origin, *_tables(), _pentagons())
    given = np.concatenate([np.full((len(cells), 1), share[0]), np.broadcast_to(share[rings], around.shape)], axis=1)
    to = [np.concatenate([cells[:, None], around], axis=1)[told].ravel()]
    amounts = [(given * values[:, None])[told].ravel()]
    for at in np.flatnonzero(~told).tolist():
        disks = [h3.grid_ring(int(cells[at]), ring) for ring in range(k + 1)]
        parts = np.concatenate([np.full(len(disk), share[ring]) for ring, disk in enumerate(disks)])
        to.append(np.concatenate([np.asarray(disk, np.int64) for disk in disks]))
        amounts.append(values[at] * parts / parts.sum())
    found, where = np.unique(np.concatenate(to), return_inverse=True)
    return found, np.bincount(where, weights=np.concatenate(amounts)).astype(np.float64)


@njit(cache=True, nogil=True)
def _around(cells, res, steps, origin, sums, carries, pentagons):  # type: ignore[no-untyped-def]
    """The cells of every disk in the order of the steps, and which disks integer arithmetic can tell."""
    n, width = len(cells), len(steps)
    found = np.empty((n, width), np.int64)
    told = np.ones(n, np.bool_)
    walk = np.empty(width + 1, np.int64)
    for at in range(n):
        walk[0] = cells[at]
        if pentagons[walk[0] >> 45 & 127]:
            told[at] = False
            continue
        for m in range(width):
            cell, add = walk[origin[m]], steps[m]
            cell, add = stepped(cell, add, res, sums, carries)
            if add != 0:
                told[at] = False
                break
            walk[m + 1] = cell
            found[at, m] = cell
    return found, told
