"""Cells as a Mapbox vector tile, made from arrays in one pass: a layer of clipped outlines with cell, value and rank.

What PostGIS does for features of any kind (Vector Tile Specification 2.1), done for thousands of small convex rings at
a fraction of its time. Outlines are clipped to the tile's buffer (Sutherland and Hodgman, exact for convex rings),
rounded to the tile's grid, and wound as the specification wants exterior rings.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from onemap.core.cell import Cells, Floats, outlines
from tiles.grid import BUFFER, EXTENT, HALF_M, TileId

_LAT_MAX = 85.0511287798066
_MOST_CORNERS = 16
#: Bytes that one feature can take: tags, type, and twice the corners a clipped ring can have.
_ROOM = 32 + 2 * _MOST_CORNERS * 5
_KEYS = ("cell", "value", "rank")


def encode(tile: TileId, name: str, cells: Cells, values: Floats, ranks: Floats) -> bytes:
    """The tile's bytes: polygons of the cells that reach into it, values and ranks as doubles; empty without any."""
    if not len(cells):
        return b""
    ring, starts = _in_tile(tile, cells)
    numbers, codes = np.unique(np.concatenate([values, ranks]), return_inverse=True)
    n = len(cells)
    tags = np.column_stack((np.arange(n), n + codes[:n], n + codes[n:])).astype(np.int64)
    room = np.empty(n * _ROOM, np.uint8)
    used, kept = _features(ring, starts, tags, -float(BUFFER), float(EXTENT + BUFFER), room)
    if not kept:
        return b""
    keys = b"".join(_field(3, key.encode()) for key in _KEYS)
    texts = b"".join((room[:used].tobytes(), keys, _strings(cells), _doubles(numbers)))
    layer = _field(1, name.encode()) + texts + b"\x28" + _varint(EXTENT) + b"\x78\x02"
    return _field(3, layer)


def _in_tile(tile: TileId, cells: Cells) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Corners of all outlines in tile coordinates, open rings, and where each ring starts (and the last one ends)."""
    ring, starts = outlines(cells)
    sizes = np.diff(starts)
    open_ring = np.ones(len(ring), np.bool_)
    open_ring[starts[1:] - 1] = False
    west, _, east, north = tile.bounds_3857()
    x = ring[:, 0] / 180.0 * HALF_M
    # A cell beyond the antimeridian is drawn where the tile is.
    turns = np.round((x[starts[:-1]] - (west + east) / 2.0) / (2.0 * HALF_M))
    x = x - np.repeat(turns, sizes) * 2.0 * HALF_M
    lat = np.clip(ring[:, 1], -_LAT_MAX, _LAT_MAX)
    y = np.log(np.tan(np.pi / 4.0 + np.radians(lat) / 2.0)) / np.pi * HALF_M
    scale = EXTENT / tile.width_m
    placed = np.column_stack(((x - west) * scale, (north - y) * scale))[open_ring]
    return placed, starts - np.arange(len(starts))


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    found.append(number)
    return bytes(found)


def _field(number: int, body: bytes) -> bytes:
    """A field of bytes."""
    return bytes((number << 3 | 2,)) + _varint(len(body)) + body


def _strings(cells: Cells) -> bytes:
    """Values that are the cells' 15 hexadecimal digits."""
    digits = (cells[:, None] >> (4 * np.arange(14, -1, -1))) & 15
    rows = np.empty((len(cells), 19), np.uint8)
    rows[:, :4] = (0x22, 17, 0x0A, 15)
    rows[:, 4:] = np.frombuffer(b"0123456789abcdef", np.uint8)[digits]
    return rows.tobytes()


def _doubles(numbers: Floats) -> bytes:
    """Values that are doubles."""
    rows = np.empty((len(numbers), 11), np.uint8)
    rows[:, :3] = (0x22, 9, 0x19)
    rows[:, 3:] = numbers.astype("<f8").view(np.uint8).reshape(-1, 8)
    return rows.tobytes()


@njit(cache=True, nogil=True, inline="always")
def _put(room, at, number):  # type: ignore[no-untyped-def]
    """A varint; returns the place behind it."""
    while number > 127:
        room[at] = number & 127 | 128
        number >>= 7
        at += 1
    room[at] = number
    return at + 1


@njit(cache=True, nogil=True)
def _clip(ring, count, low, high, other):  # type: ignore[no-untyped-def]
    """A convex ring cut to a square, in place; returns how many corners are left."""
    for side in range(4):
        axis, sign = side >> 1, 1.0 if side & 1 else -1.0
        limit = high if side & 1 else -low
        kept = 0
        for i in range(count):
            j = i + 1 if i + 1 < count else 0
            a, b = limit - sign * ring[i, axis], limit - sign * ring[j, axis]
            if a >= 0.0:
                other[kept, 0], other[kept, 1] = ring[i, 0], ring[i, 1]
                kept += 1
            if (a > 0.0 and b < 0.0) or (a < 0.0 and b > 0.0):
                t = a / (a - b)
                other[kept, 0] = ring[i, 0] + t * (ring[j, 0] - ring[i, 0])
                other[kept, 1] = ring[i, 1] + t * (ring[j, 1] - ring[i, 1])
                kept += 1
        count = kept
        for i in range(count):
            ring[i, 0], ring[i, 1] = other[i, 0], other[i, 1]
    return count


@njit(cache=True, nogil=True)
def _features(corners, starts, tags, low, high, room):  # type: ignore[no-untyped-def]
    """Writes every feature that is left after clipping; returns the bytes used and how many there are."""
    ring, other = np.empty((_MOST_CORNERS, 2)), np.empty((_MOST_CORNERS, 2))
    grid = np.empty((_MOST_CORNERS, 2), np.int64)
    body = np.empty(_ROOM, np.uint8)
    at = features = 0
    for f in range(len(starts) - 1):
        count = starts[f + 1] - starts[f]
        for i in range(count):
            ring[i, 0], ring[i, 1] = corners[starts[f] + i, 0], corners[starts[f] + i, 1]
        count = _clip(ring, count, low, high, other)
        left = 0
        for i in range(count):
            x, y = np.int64(np.round(ring[i, 0])), np.int64(np.round(ring[i, 1]))
            if left == 0 or x != grid[left - 1, 0] or y != grid[left - 1, 1]:
                grid[left, 0], grid[left, 1] = x, y
                left += 1
        if left > 1 and grid[0, 0] == grid[left - 1, 0] and grid[0, 1] == grid[left - 1, 1]:
            left -= 1
        area = 0
        for i in range(left):
            j = i + 1 if i + 1 < left else 0
            area += grid[i, 0] * grid[j, 1] - grid[j, 0] * grid[i, 1]
        if left < 3 or area == 0:
            continue
        end = _geometry(grid, left, area > 0, body)
        features += 1
        # Tags are small numbers: their packed length is found by writing them behind the geometry.
        mark = end
        for k in range(3):
            end = _put(body, _put(body, end, k), tags[f, k])
        room[at] = 0x12
        size = end + 4 + _width(end - mark) + _width(mark)
        at = _put(room, at + 1, size)
        room[at] = 0x12
        at = _put(room, at + 1, end - mark)
        for i in range(mark, end):
            room[at] = body[i]
            at += 1
        room[at], room[at + 1], room[at + 2] = 0x18, 3, 0x22
        at = _put(room, at + 3, mark)
        for i in range(mark):
            room[at] = body[i]
            at += 1
    return at, features


@njit(cache=True, nogil=True, inline="always")
def _width(number):  # type: ignore[no-untyped-def]
    """Bytes of a varint."""
    width = 1
    while number > 127:
        number >>= 7
        width += 1
    return width


@njit(cache=True, nogil=True)
def _geometry(grid, count, wound, body):  # type: ignore[no-untyped-def]
    """The commands of one exterior ring, turned round unless it is `wound` as it should be; returns their length."""
    at = 0
    x = y = 0
    for i in range(count):
        corner = i if wound else count - 1 - i
        if i == 0:
            at = _put(body, at, 9)
        elif i == 1:
            at = _put(body, at, (count - 1) << 3 | 2)
        dx, dy = grid[corner, 0] - x, grid[corner, 1] - y
        at = _put(body, at, (dx << 1) ^ (dx >> 63))
        at = _put(body, at, (dy << 1) ^ (dy >> 63))
        x, y = grid[corner, 0], grid[corner, 1]
    return _put(body, at, 15)
