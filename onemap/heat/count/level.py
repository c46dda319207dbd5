"""One resolution of a cube: events sorted by cell and hour, so that the place in the row is the cumulative count.

How many events a cell has in an interval of hours is the distance between two places in its segment: two searches, no
table of counts, whatever the interval. Where cells hold many events a second order (cell, category, hour) answers
filters by category in the same way; other filters, weights and fading walk over the window's events.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from onemap.core.cell import Cells, Floats, centers, parents
from onemap.heat.window import Box, radius_m, widened

Ints = npt.NDArray[np.int32]
Codes = npt.NDArray[np.int16]
#: Below this mean of events in a cell, walking over them is as quick as a second order, and saves its memory.
GROUPED_FROM = 32.0
#: Resolutions from a cell to its block: 49 cells away from pentagons.
BLOCK = 2


@dataclass(frozen=True)
class Level:
    """The events of one resolution. Arrays are never written after they are made.

    `cells` int64 (c,) ascending; the events of cell i are `hours[first[i]:first[i + 1]]`, int32 ascending, and
    `classes`, int16, beside them. `grouped` is empty or holds the same hours ordered by cell, category, hour: those of
    category k in cell i start at `group_first[i * categories + k]`. `lon`, `lat` are the cells' centres; cells of one
    ancestor two resolutions up are a block, from `block_first` on, `block_lon`, `block_lat` that ancestor's centre.
    """

    res: int
    cells: Cells
    first: npt.NDArray[np.int64]
    hours: Ints
    classes: Codes
    grouped: Ints
    group_first: npt.NDArray[np.int64]
    categories: int
    lon: Floats
    lat: Floats
    block_first: npt.NDArray[np.int64]
    block_lon: Floats
    block_lat: Floats

    @property
    def nbytes(self) -> int:
        """Bytes of all its arrays."""
        return sum(one.nbytes for one in vars(self).values() if isinstance(one, np.ndarray))

    def within(self, box: Box) -> npt.NDArray[np.int64]:
        """Places of the cells whose centre lies in the box or a cell's radius around it, as `inside_mask` tells."""
        inner = widened(box, radius_m(self.res))
        outer = widened(box, radius_m(self.res) + 1.3 * radius_m(max(0, self.res - BLOCK)))
        if outer[0] <= -180.0 or outer[2] >= 180.0 or max(-outer[1], outer[3]) > 85.0:
            outer = (-180.0, -90.0, 180.0, 90.0)  # a block there may have its centre on the other side
        found: npt.NDArray[np.int64] = _within(
            self.lon, self.lat, self.block_first, self.block_lon, self.block_lat, inner, outer
        )
        return found


@dataclass(frozen=True)
class Sorted:
    """Events by hour, then class: every level is one stable distribution of these over its cells."""

    place: Ints  # of the event's cell among the finest cells
    hours: Ints
    classes: Codes


def level_of(res: int, finest: Cells, events: Sorted, category_of: Ints, categories: int) -> Level:
    """The level of `res` out of events sorted by hour; `category_of` gives each class its category's number."""
    up = parents(finest, res) if len(finest) else finest
    begins = np.flatnonzero(np.diff(up, prepend=-1))
    cells = up[begins]
    ranks = np.zeros(len(up), np.int32)
    ranks[begins[1:]] = 1
    ranks = np.cumsum(ranks, dtype=np.int32)
    first, hours, classes = _distribute(ranks, events.place, events.hours, events.classes, len(cells))
    grouped, group_first = np.empty(0, np.int32), np.empty(0, np.int64)
    if len(cells) and len(hours) / len(cells) >= GROUPED_FROM and categories > 1:
        grouped, group_first = _group(first, hours, classes, category_of, categories)
    above = parents(cells, max(0, res - BLOCK)) if len(cells) else cells
    starts = np.flatnonzero(np.diff(above, prepend=-1))
    block_first = np.append(starts, len(cells)).astype(np.int64)
    return Level(
        res, cells, first, hours, classes, grouped, group_first, categories, *centers(cells), block_first,
        *centers(above[starts]),
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _within(lon, lat, block_first, block_lon, block_lat, inner, outer):  # type: ignore[no-untyped-def]
    """Places of the centres inside `inner`, looked for in blocks whose centre is inside `outer`."""
    size = 0
    chosen = np.empty(len(block_lon), np.int64)
    blocks = 0
    for b in range(len(block_lon)):
        if outer[0] <= block_lon[b] <= outer[2] and outer[1] <= block_lat[b] <= outer[3]:
            chosen[blocks] = b
            blocks += 1
            size += block_first[b + 1] - block_first[b]
    found = np.empty(size, np.int64)
    n = 0
    for m in range(blocks):
        for i in range(block_first[chosen[m]], block_first[chosen[m] + 1]):
            if inner[0] <= lon[i] <= inner[2] and inner[1] <= lat[i] <= inner[3]:
                found[n] = i
                n += 1
    return found[:n]


@njit(cache=True, nogil=True)
def places(keys, span):  # type: ignore[no-untyped-def]
    """Each key's place among the distinct ones, and the first event that has each: stable digits of 12 bits.

    Keys are 0..span; cells of one city share their high bits, so three passes do instead of a comparison sort.
    """
    n = len(keys)
    order, other = np.arange(n).astype(np.int32), np.empty(n, np.int32)
    shift = 0
    while shift == 0 or span >> shift:
        starts = np.zeros(4097, np.int64)
        for i in range(n):
            starts[(keys[i] >> shift & 4095) + 1] += 1
        for k in range(4096):
            starts[k + 1] += starts[k]
        for j in range(n):
            i = order[j]
            k = keys[i] >> shift & 4095
            other[starts[k]] = i
            starts[k] += 1
        order, other = other, order
        shift += 12
    place = np.empty(n, np.int32)
    firsts = other  # room that is free now
    at = -1
    for j in range(n):
        i = order[j]
        if j == 0 or keys[i] != keys[order[j - 1]]:
            at += 1
            firsts[at] = i
        place[i] = at
    return place, firsts[: at + 1].copy()


@njit(cache=True, nogil=True)
def by_hour(place, hours, classes, class_count):  # type: ignore[no-untyped-def]
    """Events sorted by hour, then class (two stable distributions): place, hours, classes."""
    n = len(hours)
    order = np.empty(n, np.int32)
    starts = np.zeros(class_count + 1, np.int64)
    for i in range(n):
        starts[classes[i] + 1] += 1
    for k in range(class_count):
        starts[k + 1] += starts[k]
    for i in range(n):
        k = classes[i]
        order[starts[k]] = i
        starts[k] += 1
    low, high = hours[0], hours[0]
    for i in range(n):
        low, high = min(low, hours[i]), max(high, hours[i])
    bins = np.zeros(high - low + 2, np.int64)
    for i in range(n):
        bins[hours[i] - low + 1] += 1
    for k in range(len(bins) - 1):
        bins[k + 1] += bins[k]
    places, sorted_hours, codes = np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n, np.int16)
    for j in range(n):
        i = order[j]
        k = hours[i] - low
        at = bins[k]
        bins[k] += 1
        places[at], sorted_hours[at], codes[at] = place[i], hours[i], classes[i]
    return places, sorted_hours, codes


@njit(cache=True, nogil=True)
def _distribute(ranks, place, hours, classes, count):  # type: ignore[no-untyped-def]
    """A stable distribution of events over cells: where each cell starts, hours and classes in that order."""
    n = len(hours)
    first = np.zeros(count + 1, np.int64)
    for i in range(n):
        first[ranks[place[i]] + 1] += 1
    for k in range(count):
        first[k + 1] += first[k]
    at = first[:count].copy()
    sorted_hours, codes = np.empty(n, np.int32), np.empty(n, np.int16)
    for i in range(n):
        k = ranks[place[i]]
        j = at[k]
        at[k] = j + 1
        sorted_hours[j], codes[j] = hours[i], classes[i]
    return first, sorted_hours, codes


@njit(cache=True, nogil=True)
def _group(first, hours, classes, category_of, categories):  # type: ignore[no-untyped-def]
    """Within each cell a stable distribution over categories."""
    cells = len(first) - 1
    starts = np.zeros(cells * categories + 1, np.int64)
    found = np.empty(len(hours), np.int32)
    at = np.zeros(categories, np.int64)
    for c in range(cells):
        base = c * categories
        for k in range(categories):
            at[k] = 0
        for i in range(first[c], first[c + 1]):
            at[category_of[classes[i]]] += 1
        total = first[c]
        for k in range(categories):
            starts[base + k] = total
            total += at[k]
            at[k] = starts[base + k]
        for i in range(first[c], first[c + 1]):
            k = category_of[classes[i]]
            found[at[k]] = hours[i]
            at[k] += 1
    starts[cells * categories] = len(hours)
    return found, starts


@njit(cache=True, nogil=True, inline="always")
def _lower(hours, a, b, x):  # type: ignore[no-untyped-def]
    """First place in a..b whose hour is not before x: from the end in growing steps, because windows end late."""
    if a == b or hours[b - 1] < x:
        return b
    step = 1
    high = b - 1
    while high - step >= a and hours[high - step] >= x:
        high -= step
        step *= 2
    low = max(a, high - step)
    while low < high:
        middle = (low + high) >> 1
        if hours[middle] < x:
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True, nogil=True, inline="always")
def _segment(hours, a, b, spans, wanted, base):  # type: ignore[no-untyped-def]
    """Events of a segment in the spans: by two searches for each, or by walking where that is less."""
    k = len(spans)
    high = _lower(hours, a, b, spans[k - 1, 1])
    if k == 1:
        return high - _lower(hours, a, high, spans[0, 0])
    low = _lower(hours, a, high, spans[0, 0])
    total = 0
    if high - low <= 8 * k:
        for i in range(low, high):
            total += wanted[hours[i] - base] > 0.0
        return total
    for s in range(k - 1, -1, -1):
        end = _lower(hours, low, high, spans[s, 1])
        high = _lower(hours, low, end, spans[s, 0])
        total += end - high
        if high == low:
            break
    return total


@njit(cache=True, nogil=True)
def counted(first, hours, which, spans, wanted, base, found):  # type: ignore[no-untyped-def]
    """Adds to `found` the events of each cell in the spans."""
    for i in range(len(which)):
        c = which[i]
        found[i] += _segment(hours, first[c], first[c + 1], spans, wanted, base)


@njit(cache=True, nogil=True)
def counted_in(group_first, grouped, categories, chosen, which, spans, wanted, base, found):  # type: ignore[no-untyped-def]
    """As `counted`, of some categories."""
    for i in range(len(which)):
        row = which[i] * categories
        for m in range(len(chosen)):
            at = row + chosen[m]
            if group_first[at] < group_first[at + 1]:
                found[i] += _segment(grouped, group_first[at], group_first[at + 1], spans, wanted, base)


@njit(cache=True, nogil=True)
def weighed(first, hours, classes, which, low, high, by_class, by_hour_of, base, found):  # type: ignore[no-untyped-def]
    """Adds to `found` each cell's sum of class weight times hour weight over the hours low..high."""
    for i in range(len(which)):
        c = which[i]
        a, b = first[c], first[c + 1]
        b = _lower(hours, a, b, high)
        a = _lower(hours, a, b, low)
        total = 0.0
        for j in range(a, b):
            total += by_class[classes[j]] * by_hour_of[hours[j] - base]
        found[i] += total


@njit(cache=True, nogil=True, inline="always")
def _runs(hours, a, b, by_hour_of, base):  # type: ignore[no-untyped-def]
    """Sum of hour weights over a segment, hour by hour: equal hours are passed in growing steps."""
    total = 0.0
    j = a
    while j < b:
        hour = hours[j]
        step = 1
        low = j
        while low + step < b and hours[low + step] == hour:
            low += step
            step *= 2
        high = min(b, low + step)
        low += 1
        while low < high:
            middle = (low + high) >> 1
            if hours[middle] == hour:
                low = middle + 1
            else:
                high = middle
        total += (low - j) * by_hour_of[hour - base]
        j = low
    return total


@njit(cache=True, nogil=True)
def faded(first, hours, which, low, high, by_hour_of, base, found):  # type: ignore[no-untyped-def]
    """As `weighed` with every class alike."""
    for i in range(len(which)):
        c = which[i]
        b = _lower(hours, first[c], first[c + 1], high)
        found[i] += _runs(hours, _lower(hours, first[c], b, low), b, by_hour_of, base)


@njit(cache=True, nogil=True)
def faded_in(group_first, grouped, categories, chosen, which, low, high, by_hour_of, base, found):  # type: ignore[no-untyped-def]
    """As `faded`, of some categories."""
    for i in range(len(which)):
        row = which[i] * categories
        for m in range(len(chosen)):
            a = group_first[row + chosen[m]]
            b = _lower(grouped, a, group_first[row + chosen[m] + 1], high)
            found[i] += _runs(grouped, _lower(grouped, a, b, low), b, by_hour_of, base)


@njit(cache=True, nogil=True)
def amounts(hours, kinds, signs, low, high, by_class, by_hour_of):  # type: ignore[no-untyped-def]
    """What each signed difference adds to a question's sums."""
    found = np.zeros(len(hours), np.float64)
    for i in range(len(hours)):
        if low <= hours[i] < high:
            found[i] = signs[i] * by_class[kinds[i]] * by_hour_of[hours[i] - low]
    return found


def levels_equal(one: Level, other: Level) -> bool:
    """Whether two levels hold the very same arrays."""
    names = ("cells", "first", "hours", "classes", "grouped", "group_first")
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)


def zeros(count: int) -> Floats:
    """A row of sums to add to."""
    return np.zeros(count, np.float64)
