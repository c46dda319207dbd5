"""Building and editing the tree of grids: cells are cut when crowded, lists grow in blocks that are used again.

An edit touches the lists of the cells that the fence itself meets and nothing else; there is no log to merge and no
rebuild to wait for. `store` is (cells, place, entries, heads, used): `place` rows are (x, y, shift, capacity of the
list), `heads` the first free block of each power of two, `used` the counts of cells and entries given out.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from onemap.fences.grid import CROWDED, LEAST_SHIFT, MORE, MOST_BITS, ROOT_SHIFT, spread


def empty(cells: int = 4096, entries: int = 4096) -> tuple[Any, ...]:
    """A store of one root cell, with room (not yet touched memory) for some cells and entries."""
    store = (
        np.empty((cells, 4), np.int32),
        np.empty((cells, 4), np.int32),
        np.empty((entries, 4), np.int32),
        np.full(32, -1, np.int32),
        np.array([1, 0], np.int64),
    )
    store[0][0] = (-1, 0, 0, 0)
    store[1][0] = (0, 0, ROOT_SHIFT, 0)
    return store


@njit(cache=True, nogil=True)
def rings(xy: Any, slot: int, first: int, count: int, out: Any) -> int:
    """The fence's rings (parted by NaN) as rows of the root; how many they are, or -1 when `out` is too short."""
    rows, begun = 0, first
    for i in range(first, first + count + 1):
        if i == first + count or np.isnan(xy[i, 0]):
            if i - begun > 1:
                if rows == len(out):
                    return -1
                out[rows, 0], out[rows, 1], out[rows, 2], out[rows, 3] = slot, begun, i - 1 - begun, MORE
                rows += 1
            begun = i + 1
    if rows:
        out[rows - 1, 3] = 0
    return rows


@njit(cache=True, nogil=True)
def seed(xy: Any, span: Any, store: Any) -> Any:
    """Put all fences into the list of the root, by slot."""
    cells, place, entries, heads, used = store
    at = 0
    for slot in range(len(span)):
        while True:
            rows = rings(xy, slot, span[slot, 0], span[slot, 1], entries[at:])
            if rows >= 0:
                break
            entries = _longer(entries, at)
        at += rows
    cells[0, 3] = at
    place[0, 3] = at
    used[1] = at
    return cells, place, entries, heads, used


@njit(cache=True, nogil=True)
def cut(store: Any, xy: Any, box: Any, first: Any, crowded: int, usual: int, most_cells: int, most_entries: int) -> Any:
    """Cut the cells of `first` with more border than `crowded`, then their children, level by level, within a budget.

    Below the `usual` shift a cell must be twice as crowded for every halving: corners where many fences meet are few.
    """
    cells, place, entries, heads, used = store
    out = np.empty((4096, 5), np.int32)
    last, turns = np.empty(4**MOST_BITS, np.int32), np.empty(4**MOST_BITS + 2**MOST_BITS, np.uint8)
    counts = np.empty(4**MOST_BITS + 1, np.int64)
    known = used[0]
    waiting = len(first)
    number = 0
    while number < waiting + used[0] - known:
        cell = first[number] if number < waiting else known + number - waiting
        number += 1
        begin, count, shift = cells[cell, 2] + 0, cells[cell, 3] + 0, place[cell, 2] + 0
        if cells[cell, 0] >= 0 or shift <= LEAST_SHIFT or used[0] > most_cells or used[1] > most_entries:
            continue
        cost = 0
        for i in range(begin, begin + count):
            if entries[i, 2] > 0:
                cost += entries[i, 2] + 2
        if cost <= crowded << max(0, usual - shift):
            continue
        bits = 1
        while bits < min(MOST_BITS, shift - LEAST_SHIFT + 1) and 4**bits * CROWDED < 2 * cost:
            bits += 1
        filled, kept, i = 0, begin, begin
        while i < begin + count:
            j = i + 1
            while entries[j - 1, 3] & MORE:
                j += 1
            if entries[i, 2] == 0:
                for column in range(4):
                    entries[kept, column] = entries[i, column]
                kept += 1
            else:
                while True:
                    more = spread(xy, box, entries, i, j, place[cell], bits, out, filled, last, turns)
                    if more >= 0:
                        break
                    out = _longer(out, filled)
                filled = more
            i = j
        cells[cell, 3] = kept - begin
        wide = 4**bits
        while used[0] + wide > len(cells):
            cells, place = _longer(cells, used[0]), _longer(place, used[0])
        while used[1] + filled > len(entries):
            entries = _longer(entries, used[1])
        cells[cell, 0], cells[cell, 1] = used[0], bits
        _sorted_by_child(out, filled, counts, wide, entries, used[1])
        for child in range(wide):
            at = used[0] + child
            start, stop = (counts[child - 1] if child else 0), counts[child]
            cells[at, 0], cells[at, 1], cells[at, 2], cells[at, 3] = -1, 0, used[1] + start, stop - start
            place[at, 0] = place[cell, 0] + ((child & ((1 << bits) - 1)) << (shift - bits))
            place[at, 1] = place[cell, 1] + ((child >> bits) << (shift - bits))
            place[at, 2], place[at, 3] = shift - bits, stop - start
        used[0] += wide
        used[1] += filled
    return cells, place, entries, heads, used


@njit(cache=True, nogil=True)
def _sorted_by_child(out: Any, filled: int, counts: Any, wide: int, into: Any, at: int) -> None:
    """Copy (slot, first, edges, flags) by child, in the order found; `counts` then holds where each child's end."""
    for child in range(wide + 1):
        counts[child] = 0
    for i in range(filled):
        counts[out[i, 0] + 1] += 1
    for child in range(wide):
        counts[child + 1] += counts[child]
    for i in range(filled):
        to = at + counts[out[i, 0]]
        counts[out[i, 0]] += 1
        into[to, 0], into[to, 1], into[to, 2], into[to, 3] = out[i, 1], out[i, 2], out[i, 3], out[i, 4]


@njit(cache=True, nogil=True)
def _longer(rows: Any, used: Any) -> Any:
    """The rows in a new array of twice the length."""
    longer = np.empty((2 * len(rows) + 64, rows.shape[1]), rows.dtype)
    for row in range(used):
        for column in range(rows.shape[1]):
            longer[row, column] = rows[row, column]
    return longer


@njit(cache=True, nogil=True)
def packed(store: Any, spare: float) -> Any:
    """The same tree without gaps: lists in the order of their cells, and room for `spare` times as much again."""
    cells, place, entries, heads, used = store
    total = 0
    for cell in range(used[0]):
        total += cells[cell, 3]
    new_cells = np.empty((int(used[0] * (1.0 + spare)) + 4096, 4), np.int32)
    new_place = np.empty((len(new_cells), 4), np.int32)
    new_entries = np.empty((int(total * (1.0 + spare)) + 4096, 4), np.int32)
    at = 0
    for cell in range(used[0]):
        for column in range(4):
            new_cells[cell, column], new_place[cell, column] = cells[cell, column], place[cell, column]
        begin, count = cells[cell, 2], cells[cell, 3]
        for row in range(count):
            for column in range(4):
                new_entries[at + row, column] = entries[begin + row, column]
        new_cells[cell, 2] = at
        new_place[cell, 3] = count
        at += count
    for power in range(len(heads)):
        heads[power] = -1
    used[1] = at
    return new_cells, new_place, new_entries, heads, used


@njit(cache=True, nogil=True)
def walk(store: Any, xy: Any, box: Any, slot: int, first: int, count: int) -> Any:
    """Where a fence's rows belong: (cell, slot, first, edges, flags), rows of a cell together."""
    cells, place, _, _, _ = store
    nothing = len(cells) - len(cells)  # an integer of the same width as others, so that kernels compile once
    todo = np.empty((256, 4), np.int32)
    while True:
        rows = rings(xy, slot, first, count, todo)
        if rows >= 0:
            break
        todo = _longer(todo, nothing)
    ranges = np.empty((4 * 4**MOST_BITS * (ROOT_SHIFT - LEAST_SHIFT), 3), np.int64)
    found, out = np.empty((256, 5), np.int32), np.empty((4096, 5), np.int32)
    last, turns = np.empty(4**MOST_BITS, np.int32), np.empty(4**MOST_BITS + 2**MOST_BITS, np.uint8)
    counts = np.empty(4**MOST_BITS + 1, np.int64)
    results, depth = 0, 0
    if rows:
        ranges[0, 0], ranges[0, 1], ranges[0, 2] = 0, 0, rows
        depth = 1
    while depth:
        depth -= 1
        cell, lo, hi = ranges[depth, 0], ranges[depth, 1], ranges[depth, 2]
        if cells[cell, 0] < 0 or todo[lo, 2] == 0:
            while results + hi - lo > len(found):
                found = _longer(found, results)
            for i in range(lo, hi):
                found[results, 0] = cell
                for j in range(4):
                    found[results, j + 1] = todo[i, j]
                results += 1
            continue
        bits = cells[cell, 1] + 0
        while True:
            filled = spread(xy, box, todo, lo, hi, place[cell], bits, out, nothing, last, turns)
            if filled >= 0:
                break
            out = _longer(out, nothing)
        while lo + filled > len(todo):
            todo = _longer(todo, lo)
        _sorted_by_child(out, filled, counts, 4**bits, todo, lo)
        start = 0
        for child in range(4**bits):
            if counts[child] > start:
                ranges[depth, 0], ranges[depth, 1], ranges[depth, 2] = (
                    cells[cell, 0] + child,
                    lo + start,
                    lo + counts[child],
                )
                depth += 1
                start = counts[child]
    return found[:results]


@njit(cache=True, nogil=True)
def enter(store: Any, ids: Any, found: Any) -> Any:
    """Add rows to the lists of their cells, keeping the order of ids."""
    cells, place, entries, heads, used = store
    i = 0
    while i < len(found):
        j, cell, slot = i, found[i, 0], found[i, 1]
        while j < len(found) and found[j, 0] == cell:
            j += 1
        begin, count, room = cells[cell, 2], cells[cell, 3], place[cell, 3]
        if count + j - i > room:
            power = 0
            while 1 << power < count + j - i:
                power += 1
            to = np.int64(heads[power])
            if to >= 0:
                heads[power] = entries[to, 0]
            else:
                to = used[1]
                used[1] += 1 << power
                while used[1] > len(entries):
                    entries = _longer(entries, to)
            for row in range(count):
                for column in range(4):
                    entries[to + row, column] = entries[begin + row, column]
            if room:
                # The old block waits for the next list of the largest power of two that fits it.
                fits = 0
                while 2 << fits <= room:
                    fits += 1
                entries[begin, 0] = heads[fits]
                heads[fits] = begin
            begin = to
            cells[cell, 2], place[cell, 3] = to, 1 << power
        at = begin + count
        while at > begin and ids[entries[at - 1, 0]] > ids[slot]:
            for column in range(4):
                entries[at - 1 + j - i, column] = entries[at - 1, column]
            at -= 1
        for row in range(i, j):
            for column in range(4):
                entries[at + row - i, column] = found[row, column + 1]
        cells[cell, 3] = count + j - i
        i = j
    return cells, place, entries, heads, used


@njit(cache=True, nogil=True)
def leave(store: Any, found: Any) -> None:
    """Take the fence of these rows out of the lists of their cells."""
    cells, _, entries, _, _ = store
    cell = -1
    for i in range(len(found)):
        if found[i, 0] == cell:
            continue
        cell = found[i, 0]
        begin = kept = cells[cell, 2]
        for row in range(begin, begin + cells[cell, 3]):
            if entries[row, 0] != found[i, 1]:
                if kept != row:
                    for column in range(4):
                        entries[kept, column] = entries[row, column]
                kept += 1
        cells[cell, 3] = kept - begin
