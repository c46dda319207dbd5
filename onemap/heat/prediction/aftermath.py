"""What past events add to the present: kernels over cells and whole hours.

An event in cell d at hour h makes later ones likelier: by (1 - q) q^(k-1) in the k-th hour after it (a geometric delay,
the exponential one of Mohler et al. 2011 in whole hours; events of one hour do not raise each other, for their order is
not known), shared evenly among the cells at each distance. A geometric kernel forgets by multiplying, so a cell's past
is one number for each q, and a look-up costs the cells of a disc, not the events.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from onemap.heat.discs import Discs

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def pasts(hours: Int32, index: Int64, around: Discs, rings: int, keep: Floats) -> tuple[Floats, Floats]:
    """For each event what the events before it make of its cell, by kernel and distance, and the mean age in that.

    `hours` int32[N] ascending, `index` int64[N] of the cells, `keep` float64[J] the share q kept from hour to hour.
    Returns (excess float64[N, J, rings + 1] per hour and unit of productivity, age-weighted excess of the same shape).
    """
    if not len(keep):
        return np.zeros((len(hours), 0, rings + 1)), np.zeros((len(hours), 0, rings + 1))
    sizes = np.stack([np.maximum(around.sizes(ring), 1.0) for ring in range(rings + 1)], axis=1)
    found, ages = _pasts(
        np.ascontiguousarray(hours, np.int32), np.ascontiguousarray(index, np.int64), around.near, around.starts, sizes,
        rings, np.ascontiguousarray(keep, np.float64),
    )  # fmt: skip
    return found, ages


def states(hours: Int32, index: Int64, n: int, at: int, keep: Floats, weights: Floats | None = None) -> Floats:
    """The cells' memory at hour `at` of the events before it: float64[J, n], sums of q^(at - h - 1)."""
    age = at - 1 - np.asarray(hours, np.int64)
    ones = np.ones(len(age)) if weights is None else weights
    found = [np.bincount(index, ones * q ** age.astype(np.float64), minlength=n) for q in keep.tolist()]
    return np.array(found, np.float64).reshape(len(keep), n)


def expected(
    base: Floats, level: Floats, state: Floats, keep: Floats, productivity: Floats, around: Discs
) -> tuple[Floats, Floats]:
    """Expected events of each cell over coming hours: those that come by themselves, those caused, and so on.

    `base` float64[n] background per hour, `level` float64[H] the rhythm's factor on everything, `state` float64[J, n]
    the memory at the first hour, `productivity` float64[J, R]. Returns (events float64[n], memory afterwards [J, n]).
    The mean of a self-exciting process obeys its own equation, so this is exact, not a simulation.
    """
    rings = productivity.shape[1] - 1
    sizes = np.stack([np.maximum(around.sizes(ring), 1.0) for ring in range(rings + 1)], axis=1)
    total, after = _expected(
        np.ascontiguousarray(base, np.float64), np.ascontiguousarray(level, np.float64),
        np.array(state, np.float64, order="C"), np.ascontiguousarray(keep, np.float64),
        np.ascontiguousarray(productivity, np.float64), around.near, around.starts, sizes,
    )  # fmt: skip
    return total, after


def reach(level: Floats, keep: Floats) -> Floats:
    """How much of each kernel falls inside the hours after each hour, weighted with the rhythm: float64[J, H].

    `level` float64[H] covers the whole period; what would come after its end counts nothing.
    """
    out: Floats = _reach(np.ascontiguousarray(level, np.float64), np.ascontiguousarray(keep, np.float64))
    return out


def spread(values: Floats, around: Discs, ring: int) -> Floats:
    """Each cell's value shared evenly among the cells at exactly that distance: float64[n]."""
    shared = np.asarray(values, np.float64) / np.maximum(around.sizes(ring), 1.0)
    out: Floats = _gather(shared, around.near, around.starts, ring)
    return out


@njit(cache=True, nogil=True)
def _pasts(hours: Any, index: Any, near: Any, starts: Any, sizes: Any, rings: int, keep: Any) -> Any:
    n_events, n_kernels = len(hours), len(keep)
    excess = np.zeros((n_events, n_kernels, rings + 1))
    ages = np.zeros((n_events, n_kernels, rings + 1))
    memory = np.zeros((sizes.shape[0], n_kernels))
    aged = np.zeros((sizes.shape[0], n_kernels))
    last = np.full(sizes.shape[0], -1, np.int64)
    log_keep = np.log(keep)
    forgotten = -20.0 / log_keep.max()
    first = 0
    while first < n_events:
        now = hours[first]
        end = first
        while end < n_events and hours[end] == now:
            end += 1
        for event in range(first, end):
            cell = index[event]
            for ring in range(rings + 1):
                for at in range(starts[cell, ring], starts[cell, ring + 1]):
                    source = near[cell, at]
                    gone = now - last[source]
                    if last[source] < 0 or gone > forgotten:
                        continue
                    share = 1.0 / sizes[source, ring]
                    for kernel in range(n_kernels):
                        part = math.exp(log_keep[kernel] * (gone - 1)) * (1.0 - keep[kernel]) * share
                        excess[event, kernel, ring] += part * memory[source, kernel]
                        ages[event, kernel, ring] += part * (aged[source, kernel] + gone * memory[source, kernel])
        for event in range(first, end):
            cell = index[event]
            gone = now - last[cell] if last[cell] >= 0 else 0
            for kernel in range(n_kernels):
                left = math.exp(log_keep[kernel] * gone)
                aged[cell, kernel] = left * (aged[cell, kernel] + gone * memory[cell, kernel])
                memory[cell, kernel] = left * memory[cell, kernel] + 1.0
            last[cell] = now
        first = end
    return excess, ages


@njit(cache=True, nogil=True)
def _expected(
    base: Any, level: Any, state: Any, keep: Any, productivity: Any, near: Any, starts: Any, sizes: Any
) -> Any:
    n, n_kernels, n_rings = len(base), len(keep), productivity.shape[1]
    total = np.zeros(n)
    shared = np.zeros((n, n_rings))
    for hour in range(len(level)):
        for cell in range(n):
            for ring in range(n_rings):
                sent = 0.0
                for kernel in range(n_kernels):
                    sent += (1.0 - keep[kernel]) * productivity[kernel, ring] * state[kernel, cell]
                shared[cell, ring] = sent / sizes[cell, ring]
        for cell in range(n):
            rate = base[cell]
            for ring in range(n_rings):
                for at in range(starts[cell, ring], starts[cell, ring + 1]):
                    rate += shared[near[cell, at], ring]
            rate *= level[hour]
            total[cell] += rate
            for kernel in range(n_kernels):
                state[kernel, cell] = state[kernel, cell] * keep[kernel] + rate
    return total, state


@njit(cache=True, nogil=True)
def _reach(level: Any, keep: Any) -> Any:
    out = np.zeros((len(keep), len(level)))
    for kernel in range(len(keep)):
        for hour in range(len(level) - 2, -1, -1):
            out[kernel, hour] = (1.0 - keep[kernel]) * level[hour + 1] + keep[kernel] * out[kernel, hour + 1]
    return out


@njit(cache=True, nogil=True)
def _gather(shared: Any, near: Any, starts: Any, ring: int) -> Any:
    out = np.zeros(len(shared))
    for cell in range(len(shared)):
        for at in range(starts[cell, ring], starts[cell, ring + 1]):
            out[cell] += shared[near[cell, at]]
    return out
