"""Questions to the tree of grids: the fences at a point, and the borders near it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from onemap.core.orientation import side
from onemap.fences.grid import BASE, END, HALF, MORE, START, UNITS

#: Points that descend together, so that waits for memory overlap.
_ABREAST = 512
_DEEPEST = 30

OUTSIDE, INSIDE, BORDER = 0, 1, 2


@njit(cache=True, nogil=True, forceinline=True)
def stand(xy: Any, entries: Any, at: Any, px: float, py: float) -> Any:
    """How a point stands to the fence whose rows begin at `at`: outside, inside, or on its border."""
    parity = 0
    while True:
        first, edges, flags = entries[at, 1], entries[at, 2], entries[at, 3]
        parity ^= flags & BASE
        ax, ay = xy[first, 0], xy[first, 1]
        above = ay > py
        if flags & START and not above:
            parity ^= 1
        for v in range(first + 1, first + edges + 1):
            bx, by = xy[v, 0], xy[v, 1]
            rises = by > py
            if rises != above:
                s = side(ax, ay, bx, by, px, py)
                if s == 0.0:
                    return BORDER
                parity ^= (s > 0.0) == rises
            elif by == py and (bx == px or (ay == py and (ax <= px) != (bx <= px))):
                return BORDER
            ax, ay, above = bx, by, rises
        if flags & END and not above:
            parity ^= 1
        if not flags & MORE:
            return parity
        at += 1


@njit(cache=True, nogil=True)
def gathered(lon: Any, lat: Any, lo: int, hi: int, extent: Any, bits: int) -> Any:
    """Which of points lo..hi-1 lie in the extent (west, south, east, north), those of a tile together.

    The extent is cut into 4^bits tiles. Points of a tile ask the same few cells, which then stay in the cache.
    """
    side_ = 1 << bits
    across = side_ / max(extent[2] - extent[0], 1e-9) * (1.0 - 1e-9)
    up = side_ / max(extent[3] - extent[1], 1e-9) * (1.0 - 1e-9)
    tiles, starts = np.empty(hi - lo, np.int32), np.zeros(side_ * side_ + 1, np.int64)
    for p in range(lo, hi):
        x, y = lon[p], lat[p]
        tile = -1
        if x >= extent[0] and x <= extent[2] and y >= extent[1] and y <= extent[3]:
            tile = int((y - extent[1]) * up) * side_ + int((x - extent[0]) * across)
            starts[tile + 1] += 1
        tiles[p - lo] = tile
    for tile in range(side_ * side_):
        starts[tile + 1] += starts[tile]
    many = starts[side_ * side_]
    point, x_of, y_of = np.empty(many, np.int32), np.empty(many), np.empty(many)
    for p in range(lo, hi):
        tile = tiles[p - lo]
        if tile >= 0:
            to = starts[tile]
            starts[tile] += 1
            point[to], x_of[to], y_of[to] = p, lon[p], lat[p]
    return point, x_of, y_of


@njit(cache=True, nogil=True)
def inside(
    point: Any, x_of: Any, y_of: Any, top: int, below: int, cells: Any, entries: Any, xy: Any, counts: Any
) -> Any:
    """Slots of the fences that contain the gathered points, in their order; `counts[point]` gets how many of each.

    All points lie in the cell `top` of shift `below`, and no fence is listed above it.
    """
    known = len(point)
    slots = np.empty(2 * known + 64, np.int32)
    total = 0
    cell, ix, iy = np.empty(_ABREAST, np.int64), np.empty(_ABREAST, np.int64), np.empty(_ABREAST, np.int64)
    shift, passed = np.empty(_ABREAST, np.int64), np.empty(_ABREAST, np.int64)
    path = np.empty((_ABREAST, _DEEPEST), np.int32)
    for begin in range(0, known, _ABREAST):
        many = min(_ABREAST, known - begin)
        for j in range(many):
            ix[j], iy[j] = int((x_of[begin + j] + HALF) * UNITS), int((y_of[begin + j] + HALF) * UNITS)
            cell[j], shift[j], passed[j] = top, below, 0
        deeper = True
        while deeper:
            deeper = False
            for j in range(many):
                at = cell[j]
                if cells[at, 0] >= 0:
                    if cells[at, 3]:
                        path[j, passed[j]] = at
                        passed[j] += 1
                    bits = cells[at, 1]
                    shift[j] -= bits
                    mask = (1 << bits) - 1
                    row, column = (iy[j] >> shift[j]) & mask, (ix[j] >> shift[j]) & mask
                    cell[j] = cells[at, 0] + (row << bits) + column
                    deeper = True
        for j in range(many):
            found = total
            x, y = x_of[begin + j], y_of[begin + j]
            path[j, passed[j]] = cell[j]
            for step in range(passed[j] + 1):
                at = np.int64(cells[path[j, step], 2])
                stop = at + cells[path[j, step], 3]
                if total + stop - at > len(slots):
                    longer = np.empty(2 * (total + stop - at), np.int32)
                    for i in range(total):
                        longer[i] = slots[i]
                    slots = longer
                while at < stop:
                    if entries[at, 2] == 0 or stand(xy, entries, at, x, y):
                        slots[total] = entries[at, 0]
                        total += 1
                    while entries[at, 3] & MORE:
                        at += 1
                    at += 1
            counts[point[begin + j]] = total - found
    return slots[:total]


@njit(cache=True, nogil=True)
def pairs(point: Any, slots: Any, counts: Any, ends: Any, ids: Any, who: Any, fence: Any) -> None:
    """Write (point, id) of the gathered points to their places, which end at `ends`; ids ascend within a point."""
    at = 0
    for j in range(len(point)):
        p = point[j]
        begin = ends[p] - counts[p]
        for to in range(begin, ends[p]):
            who[to] = p
            this = ids[slots[at]]
            at += 1
            # Covers of larger cells come first; the few ids of a point are put in order as they are written.
            while to > begin and fence[to - 1] > this:
                fence[to] = fence[to - 1]
                to -= 1
            fence[to] = this


@njit(cache=True, nogil=True, forceinline=True)
def _reach(xy: Any, first: int, edges: int, px: float, py: float, east: float, north: float) -> float:
    """The least squared distance (m²) of a point to a chain of edges, in the plane tangent at the point."""
    best = np.inf
    ax, ay = (xy[first, 0] - px) * east, (xy[first, 1] - py) * north
    for v in range(first + 1, first + edges + 1):
        bx, by = (xy[v, 0] - px) * east, (xy[v, 1] - py) * north
        dx, dy = bx - ax, by - ay
        long = dx * dx + dy * dy
        share = -(ax * dx + ay * dy) / long if long > 0.0 else 0.0
        share = min(1.0, max(0.0, share))
        qx, qy = ax + share * dx, ay + share * dy
        away = qx * qx + qy * qy
        if away < best:  # not so for NaN between rings
            best = away
        ax, ay = bx, by
    return best


@njit(cache=True, nogil=True)
def around(
    lon: Any, lat: Any, radius_m: Any, lo: int, hi: int, north: float, store: Any, xy: Any, span: Any, ids: Any,
    counts: Any, seen: Any, where: Any, stamp: int,
) -> Any:  # fmt: skip
    """Slots and signed metres of the fences near points lo..hi-1, ids ascending; `counts` gets how many of each.

    `seen` and `where` are scratch for every slot; `seen` holds no number from `stamp` on.
    """
    cells, place, entries, _, _ = store
    slots, metres = np.empty(4 * (hi - lo) + 64, np.int32), np.empty(4 * (hi - lo) + 64)
    ways = np.empty(4096, np.int64)
    total = 0
    for p in range(lo, hi):
        found = total
        px, py, r = lon[p], lat[p], radius_m[p]
        counts[p] = 0
        if not (px >= -HALF and px < HALF and py >= -HALF and py < HALF and r >= 0.0):
            continue
        east = north * np.cos(np.radians(py))
        # A little wider than the radius: what is left out is surely further away.
        dy = min(2 * HALF, r / north * 1.000001 + 1e-9)
        dx = min(2 * HALF, r / abs(east) * 1.000001 + 1e-9) if east != 0.0 else 2 * HALF
        ux, uy = int((px + HALF) * UNITS), int((py + HALF) * UNITS)
        x0, x1 = int((max(px - dx, -HALF) + HALF) * UNITS) - 1, int((min(px + dx, HALF) + HALF) * UNITS) + 1
        y0, y1 = int((max(py - dy, -HALF) + HALF) * UNITS) - 1, int((min(py + dy, HALF) + HALF) * UNITS) + 1
        ways[0] = 0
        depth = 1
        while depth:
            depth -= 1
            cell = ways[depth]
            wide = 1 << place[cell, 2]
            here = place[cell, 0] <= ux < place[cell, 0] + wide and place[cell, 1] <= uy < place[cell, 1] + wide
            at = np.int64(cells[cell, 2])
            stop = at + cells[cell, 3]
            while at < stop:
                begin, slot = at, entries[at, 0]
                away = np.inf
                while True:
                    if entries[at, 2]:
                        away = min(away, _reach(xy, entries[at, 1], entries[at, 2], px, py, east, north))
                    at += 1
                    if not entries[at - 1, 3] & MORE:
                        break
                how = OUTSIDE
                if here:
                    how = INSIDE if entries[begin, 2] == 0 else stand(xy, entries, begin, px, py)
                away = np.sqrt(away)
                if how == BORDER:
                    away = 0.0
                if how == OUTSIDE and away > r:
                    continue
                if seen[slot] != stamp + p - lo:
                    if total == len(slots):
                        more = np.empty(2 * total, np.int32)
                        more[:total] = slots
                        slots = more
                        further = np.empty(2 * total)
                        further[:total] = metres
                        metres = further
                    seen[slot], where[slot] = stamp + p - lo, total
                    slots[total], metres[total] = slot, np.inf
                    total += 1
                # Until the point is done, inside is kept as the sign; a border at 0 stays 0.
                old = metres[where[slot]]
                sign = -1.0 if how == INSIDE or old < 0.0 else 1.0
                metres[where[slot]] = sign * min(abs(old), away)
            if cells[cell, 0] >= 0:
                bits = cells[cell, 1]
                k, s = 1 << bits, place[cell, 2] - bits
                ca, cb = max(0, (x0 - place[cell, 0]) >> s), min(k - 1, (x1 - place[cell, 0]) >> s)
                ra, rb = max(0, (y0 - place[cell, 1]) >> s), min(k - 1, (y1 - place[cell, 1]) >> s)
                while depth + (rb - ra + 1) * (cb - ca + 1) > len(ways):
                    longer = np.empty(2 * len(ways), np.int64)
                    longer[: len(ways)] = ways
                    ways = longer
                for row in range(ra, rb + 1):
                    for column in range(ca, cb + 1):
                        ways[depth] = cells[cell, 0] + (row << bits) + column
                        depth += 1
        for i in range(found, total):
            slot, away = slots[i], metres[i]
            if away < 0.0 and -away > r:
                # Inside, and no border within the radius was looked at: all of its border is.
                away = -np.sqrt(_reach(xy, span[slot, 0], span[slot, 1] - 1, px, py, east, north))
            to = i
            while to > found and ids[slots[to - 1]] > ids[slot]:
                slots[to], metres[to] = slots[to - 1], metres[to - 1]
                to -= 1
            slots[to], metres[to] = slot, away
        counts[p] = total - found
    return slots[:total], metres[:total]
