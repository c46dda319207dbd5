"""The tree of grids under a fence index: cells that know the fences covering them and the borders crossing them.

The root cell is 1,024 degrees wide, so every cell is a dyadic square and its bounds are exact numbers. A cell with too
much border is cut into k x k children. `cells` rows are (first child or -1, log2 k, start, count): its list is
`entries[start : start + count]`, ordered by fence id, of rows (slot, first vertex, edges, flags):

- no edges: the fence covers the whole cell;
- else a chain of the fence's edges that come near the cell; a row for each chain, with `MORE` on all but the last.

**Why a few edges suffice, exactly.** Whether p is inside is the parity of edges crossed by the ray from p to the
right. Take all edges that meet the cell, widened by `MARGIN`. The rest of the ring joins ends of chains outside the
widened cell and may be moved there at will; parity changes for all points of the cell alike. So an end right of the
cell goes straight up (the ray meets that when the end is not above p), any other end straight left (the ray never
does), and what this changes for all is kept as the row's `BASE` bit. Clipping happens in floating point with errors
far below the margin; the decision for a point uses original vertices only.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from onemap.core.orientation import side

Rows = npt.NDArray[np.int32]

#: Cells are counted in units of 2^-20 degree (0.1 m) from -512 degrees.
UNITS = 2.0**20
HALF = 512.0
ROOT_SHIFT = 30
#: Widening of a cell, as a share of its side; rounding moves a clipped edge by less than 2^-20 of it.
MARGIN = 2.0**-10

BASE, START, END, MORE = 1, 2, 4, 8

#: A cell is cut when a point in it would have to look at more than about this many edges.
CROWDED = 16
#: Cells of about a metre are not cut further.
LEAST_SHIFT = 4
#: At most 16 x 16 children: with more, a large fence would be told to very many cells that it covers.
MOST_BITS = 4


@njit(cache=True, nogil=True)
def spread(
    xy: Any, box: Any, group: Any, lo: Any, hi: Any, place: Any, bits: Any, out: Any, filled: Any, last: Any, turns: Any
) -> Any:  # fmt: skip
    """Hand one fence's rows of a cell to its k x k children.

    Appends (child, slot, first, edges, flags) to `out` from `filled` and returns how many are there then, or -1 when
    `out` was too short (nothing of it counts then). `last` and `turns` are scratch of k² and k (k + 1).
    """
    k = 1 << bits
    size = 2.0 ** (place[2] - bits) / UNITS
    per = 1.0 / size
    x0, y0 = place[0] / UNITS - HALF, place[1] / UNITS - HALF
    slot = group[lo, 0]
    c0 = max(0, int(np.floor((box[slot, 0] - x0) * per - MARGIN)))
    r0 = max(0, int(np.floor((box[slot, 1] - y0) * per - MARGIN)))
    c1 = min(k - 1, int(np.floor((box[slot, 2] - x0) * per + MARGIN)))
    r1 = min(k - 1, int(np.floor((box[slot, 3] - y0) * per + MARGIN)))
    if c0 > c1 or r0 > r1:
        return filled
    if len(out) - filled < k * k + hi - lo:
        return -1
    if (
        c0 == c1 and r0 == r1 and box[slot, 0] >= x0 + c0 * size and box[slot, 2] <= x0 + (c0 + 1) * size
        and box[slot, 1] >= y0 + r0 * size and box[slot, 3] <= y0 + (r0 + 1) * size
    ):  # fmt: skip
        # All of the fence lies in one child: its rings go on as they are.
        for i in range(lo, hi):
            out[filled, 0] = r0 * k + c0
            for j in range(4):
                out[filled, j + 1] = group[i, j]
            filled += 1
        return filled
    begun = filled
    # turns[r, c]: the ray leftward of column c changes sides; the parity of a cell is of all turns right of it.
    for r in range(r0, r1 + 1):
        for c in range(c0, c1 + 1):
            last[r * k + c] = -1
            turns[r * (k + 1) + c] = 0
        turns[r * (k + 1) + c1 + 1] = 0
    base = 0
    for i in range(lo, hi):
        flags = group[i, 3]
        base ^= flags & BASE
        first, beyond = group[i, 1], group[i, 1] + group[i, 2]
        for end in range(2):
            if flags & (START if end == 0 else END):
                vy = xy[first if end == 0 else beyond, 1]
                for r in range(r0, r1 + 1):
                    if vy <= y0 + (r + 0.5) * size:
                        turns[r * (k + 1) + c1 + 1] ^= 1
        for e in range(first, beyond):
            if len(out) - filled < 3 * k + k * k + 8:
                return -1
            ax, ay, bx, by = xy[e, 0], xy[e, 1], xy[e + 1, 0], xy[e + 1, 1]
            u1, v1, u2, v2 = (ax - x0) * per, (ay - y0) * per, (bx - x0) * per, (by - y0) * per
            ul, uh, vl, vh = min(u1, u2), max(u1, u2), min(v1, v2), max(v1, v2)
            if not (vh >= r0 - MARGIN and vl <= r1 + 1 + MARGIN and uh >= c0 - MARGIN):
                continue  # below, above or left of all; or between rings
            ra, rb = max(r0, int(np.floor(vl - MARGIN))), min(r1, int(np.floor(vh + MARGIN)))
            if ul > c1 + 1 + MARGIN:
                for r in range(ra, rb + 1):
                    middle = y0 + (r + 0.5) * size
                    if (ay <= middle) != (by <= middle):
                        turns[r * (k + 1) + c1 + 1] ^= 1
                continue
            steep = vh - vl >= uh - ul
            if steep:
                slope = (u2 - u1) / (v2 - v1) if v2 != v1 else 0.0
                for r in range(ra, rb + 1):
                    one = u1 + (max(vl, r - MARGIN) - v1) * slope
                    two = u1 + (min(vh, r + 1 + MARGIN) - v1) * slope
                    ca, cb = int(np.floor(min(one, two) - MARGIN)), int(np.floor(max(one, two) + MARGIN))
                    for c in range(max(ca, c0), min(cb, c1) + 1):
                        filled = _chain(out, filled, last, r * k + c, slot, e)
                    middle = y0 + (r + 0.5) * size
                    if (ay <= middle) != (by <= middle):
                        turns[r * (k + 1) + min(max(ca, c0), c1 + 1)] ^= 1
                continue
            slope = (v2 - v1) / (u2 - u1)
            ca, cb = max(c0, int(np.floor(ul - MARGIN))), min(c1, int(np.floor(uh + MARGIN)))
            for r in range(ra, rb + 1):
                middle = y0 + (r + 0.5) * size
                crosses = (ay <= middle) != (by <= middle)
                leftmost = -1
                # A flat edge lies in few columns of a row; they are next to each other, as rounding is monotone.
                wa, wb = ca, cb
                if rb > ra and slope != 0.0:
                    one, two = u1 + (r - 1.0 - v1) / slope, u1 + (r + 2.0 - v1) / slope
                    wa = max(ca, int(min(max(min(one, two), -1.0), k + 1.0)) - 1)
                    wb = min(cb, int(min(max(max(one, two), -1.0), k + 1.0)) + 1)
                for c in range(wa, wb + 1):
                    one = v1 + (max(ul, c - MARGIN) - u1) * slope
                    two = v1 + (min(uh, c + 1 + MARGIN) - u1) * slope
                    if min(one, two) - MARGIN <= r + 1 and max(one, two) + MARGIN >= r:
                        filled = _chain(out, filled, last, r * k + c, slot, e)
                        if leftmost < 0:
                            leftmost = c
                if crosses:
                    if leftmost < 0:
                        s = side(ax, ay, bx, by, x0 + (c0 + 0.5) * size, middle)
                        leftmost = c1 + 1 if (s > 0.0) == (by > ay) else c0
                    turns[r * (k + 1) + leftmost] ^= 1
    chained = filled
    for r in range(r0, r1 + 1):
        parity = base ^ turns[r * (k + 1) + c1 + 1]
        for c in range(c1, c0 - 1, -1):
            at = last[r * k + c]
            if at >= 0:
                out[at, 4] ^= parity
            elif parity:
                out[filled, 0], out[filled, 1], out[filled, 2], out[filled, 3] = r * k + c, slot, 0, 0
                out[filled, 4] = BASE
                filled += 1
            parity ^= turns[r * (k + 1) + c]
    for i in range(begun, chained):
        r, c = out[i, 0] // k, out[i, 0] % k
        # Half the margin: an end exactly on the widened cell is an end right of it as well.
        right, middle = x0 + (c + 1 + MARGIN / 2) * size, y0 + (r + 0.5) * size
        a, b = out[i, 2], out[i, 2] + out[i, 3]
        if xy[a, 0] > right:
            out[i, 4] |= START
            out[i, 4] ^= BASE if xy[a, 1] <= middle else 0
        if xy[b, 0] > right:
            out[i, 4] |= END
            out[i, 4] ^= BASE if xy[b, 1] <= middle else 0
    return filled


@njit(cache=True, nogil=True, forceinline=True)
def _chain(out: Any, filled: int, last: Any, child: int, slot: int, edge: int) -> int:
    """Add an edge to the child's open chain, or begin one."""
    at = last[child]
    if at >= 0:
        beyond = out[at, 2] + out[at, 3]
        if edge < beyond:
            return filled
        if edge == beyond:
            out[at, 3] += 1
            return filled
        out[at, 4] |= MORE
    out[filled, 0], out[filled, 1], out[filled, 2], out[filled, 3], out[filled, 4] = child, slot, edge, 1, 0
    last[child] = filled
    return filled + 1
