"""On which side of a line a point lies, decided exactly: a floating-point filter, then expansion arithmetic.

After J. R. Shewchuk, "Adaptive Precision Floating-Point Arithmetic and Fast Robust Geometric Predicates" (1997). Exact
for coordinates within 1,024 of zero, down to the smallest of numbers on one axis as long as the other's are not under
1e-280. No fused multiply-add and no reordering is assumed or allowed, so these kernels never use fastmath.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_EPSILON = 2.0**-53
#: Shewchuk's bound of the rounding errors of the determinant, relative to the sum of its terms.
_FILTER = (3.0 + 16.0 * _EPSILON) * _EPSILON
#: Far above what underflow can add to the determinant, far below any that is not in doubt.
_TINY = 1e-300
_SPLITTER = 2.0**27 + 1.0
#: Both axes are stretched before the exact sum, so that products of tiny numbers stay representable.
_STRETCH = 2.0**500


@njit(cache=True, nogil=True, forceinline=True)
def side(ax: float, ay: float, bx: float, by: float, px: float, py: float) -> float:
    """Positive when p is left of a → b, negative when right, zero exactly when on its line."""
    left = (ax - px) * (by - py)
    right = (ay - py) * (bx - px)
    determinant = left - right
    if abs(determinant) > _FILTER * (abs(left) + abs(right)) + _TINY:
        return determinant
    return exact_side(ax, ay, bx, by, px, py)


@njit(cache=True, nogil=True)
def exact_side(ax: float, ay: float, bx: float, by: float, px: float, py: float) -> float:
    """`side` without rounding: ax·by - ax·py - px·by - ay·bx + ay·px + py·bx as an expansion of 12 components."""
    ax, ay, bx, by, px, py = (
        ax * _STRETCH, ay * _STRETCH, bx * _STRETCH, by * _STRETCH, px * _STRETCH, py * _STRETCH,
    )  # fmt: skip
    total = np.zeros(12)
    length = 0
    for term in range(6):
        if term == 0:
            a, b = ax, by
        elif term == 1:
            a, b = -ax, py
        elif term == 2:
            a, b = -px, by
        elif term == 3:
            a, b = -ay, bx
        elif term == 4:
            a, b = ay, px
        else:
            a, b = py, bx
        product = a * b
        c = _SPLITTER * a
        a_high = c - (c - a)
        a_low = a - a_high
        c = _SPLITTER * b
        b_high = c - (c - b)
        b_low = b - b_high
        rest = a_low * b_low - (((product - a_high * b_high) - a_low * b_high) - a_high * b_low)
        for part in (rest, product):
            # Grow-expansion: the sum stays exact and its components do not overlap, the largest last.
            carried = part
            for i in range(length):
                higher = carried + total[i]
                virtual = higher - carried
                total[i] = (carried - (higher - virtual)) + (total[i] - virtual)
                carried = higher
            total[length] = carried
            length += 1
    for i in range(length - 1, -1, -1):
        if total[i] != 0.0:
            return float(total[i])
    return 0.0
