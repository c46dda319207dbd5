"""Which fences contain a point, exactly, and how far the borders near it are; fences come and go between questions.

Longitude and latitude are a plane, as in PostGIS and GEOS; borders and vertices count as inside.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from onemap.core.errors import BadGeometry, BadInput
from onemap.fences.grid import CROWDED, HALF, LEAST_SHIFT, ROOT_SHIFT, UNITS
from onemap.fences.lookup import around, gathered, inside, pairs
from onemap.fences.tree import cut, empty, enter, leave, packed, seed, walk

#: Metres in a degree of latitude, and of longitude at the equator.
METRES_PER_DEGREE = 111_195.0
#: Points one thread takes at a time; fewer than this are not worth a second thread.
_SHARE = 1 << 16
_MOST = 1 << 23
#: Address space kept for growth, as a multiple of what a build needs: a growing array is copied only past it.
_SPARE = 3.0
#: Edits let cells get this much fuller than a build does before they cut them: an edit stays short.
_PATIENCE = 4

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class FenceIndex:
    """Fences by id. One owner: no thread may ask while another edits."""

    def __init__(self) -> None:
        self._slots: dict[int, int] = {}
        self._ids = np.empty(64, np.int64)
        self._box = np.empty((64, 4))
        # First vertex, how many (NaN between rings included), and how many there is room for.
        self._span = np.zeros((64, 3), np.int64)
        self._xy = np.empty((1024, 2))
        self._store = empty()
        self._extent = np.array([np.inf, np.inf, -np.inf, -np.inf])
        self._usual = ROOT_SHIFT
        self._scratch: list[Ints] = []
        self._asked = 0  # points asked of `near` so far: a stamp that no later question uses again
        self._vertices = 0
        self._made = 0  # slots given out so far
        self._free_slots: list[int] = []
        self._free_vertices: dict[int, list[int]] = {}

    @classmethod
    def build(cls, ids: npt.ArrayLike, geoms: npt.ArrayLike) -> FenceIndex:
        """An index of the polygons and multipolygons `geoms` (valid, WGS-84 degrees) under their `ids`.

        Raises `BadInput` for an id given twice and `BadGeometry` for what is no polygon of degrees.
        """
        index = cls()
        named, shapes = np.asarray(ids, np.int64), np.asarray(geoms, object)
        if named.shape != shapes.shape or named.ndim != 1:
            raise BadInput("every fence has one id and one geometry")
        order = np.argsort(named, kind="stable")
        named, shapes = named[order], shapes[order]
        if (named[1:] == named[:-1]).any():
            raise BadInput("an id is given to two fences")
        if not len(named):
            return index
        xy, index._span, index._box = _laid_out(shapes)
        count = len(named)
        index._slots = dict(zip(named.tolist(), range(count), strict=True))
        index._ids, index._made, index._vertices = named.copy(), count, len(xy)
        index._xy = _roomy(xy, len(xy))
        index._widen(index._box)
        store = seed(xy, index._span, empty(4096, len(xy) // 16 + 4096))
        index._store = packed(index._cut(store, np.zeros(1, np.int64), CROWDED), _SPARE)
        return index

    def __len__(self) -> int:
        return len(self._slots)

    def __contains__(self, fid: object) -> bool:
        return fid in self._slots

    def room(self) -> tuple[int, int, int]:
        """How many vertices, cells and rows of cells have been given room so far: what memory grows by."""
        return self._vertices, int(self._store[4][0]), int(self._store[4][1])

    def put(self, fid: int, geom: BaseGeometry) -> None:
        """Add a fence or give it another border, in force for the next question; raises `BadGeometry`."""
        xy, span, box = _laid_out(np.array([geom], object))
        self.drop(fid)
        count = int(span[0, 1])
        slot = self._new_slot(int(fid))
        first, room = self._new_vertices(count)
        self._xy[first : first + count] = xy[:count]
        self._span[slot], self._box[slot] = (first, count, room), box[0]
        self._slots[int(fid)] = slot
        self._widen(box)
        found = walk(self._store, self._xy, self._box, slot, first, count)
        self._store = enter(self._store, self._ids, found)
        self._store = self._cut(self._store, np.unique(found[:, 0]).astype(np.int64), CROWDED * _PATIENCE)

    def drop(self, fid: int) -> None:
        """Forget a fence; one that is not there is no error."""
        slot = self._slots.pop(int(fid), None)
        if slot is None:
            return
        first, count, room = self._span[slot].tolist()
        leave(self._store, walk(self._store, self._xy, self._box, slot, first, count))
        self._span[slot] = 0
        self._free_slots.append(slot)
        if room:
            # A block of the build may be a little longer than the power of two that it is kept under.
            self._free_vertices.setdefault(room.bit_length() - 1, []).append(first)

    def match(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[Ints, Ints]:
        """Pairs (index of the point, id of a fence that contains it), by point, then id; NaN matches nothing."""
        x, y = np.ascontiguousarray(lon, np.float64), np.ascontiguousarray(lat, np.float64)
        cells, _, entries, _, used = self._store
        counts = np.zeros(len(x), np.int32)
        # Gathering pays when many points ask each cell.
        bits = 6 if len(x) > used[0] // 8 else 0
        top, below = self._top()

        def ask(lo: int, hi: int) -> Any:
            point, x_of, y_of = gathered(x, y, lo, hi, self._extent, bits)
            return point, inside(point, x_of, y_of, top, below, cells, entries, self._xy, counts)

        parts = _each(ask, _shares(len(x), _MOST))
        ends = np.cumsum(counts, dtype=np.int64)
        total = int(ends[-1]) if len(x) else 0
        point, fence = np.empty(total, np.int64), np.empty(total, np.int64)
        _each(lambda asked, slots: pairs(asked, slots, counts, ends, self._ids, point, fence), parts)
        return point, fence

    def near(self, lon: npt.ArrayLike, lat: npt.ArrayLike, radius_m: npt.ArrayLike) -> tuple[Ints, Ints, Floats]:
        """Pairs as `match`, of all fences whose border or inside is within the radius, and metres to the border.

        Metres are signed (negative inside, 0 on the border), in the plane tangent at the point.
        """
        x, y = np.ascontiguousarray(lon, np.float64), np.ascontiguousarray(lat, np.float64)
        radius = np.ascontiguousarray(np.broadcast_to(np.asarray(radius_m, np.float64), x.shape))
        counts = np.zeros(len(x), np.int32)

        shares = _shares(len(x), _MOST)
        if len(self._scratch) < len(shares) or any(len(kept) < len(self._ids) for kept in self._scratch):
            self._scratch = [np.full((len(self._ids), 2), -1) for _ in shares]
        stamp, self._asked = self._asked, self._asked + len(x)

        def ask(lo: int, hi: int, scratch: Ints) -> Any:
            return around(
                x, y, radius, lo, hi, METRES_PER_DEGREE, self._store, self._xy, self._span, self._ids, counts,
                scratch[:, 0], scratch[:, 1], stamp,
            )  # fmt: skip

        scratches = self._scratch[: len(shares)]
        parts = _each(ask, [(*share, scratch) for share, scratch in zip(shares, scratches, strict=True)])
        slots = np.concatenate([slots for slots, _ in parts]) if parts else np.empty(0, np.int32)
        metres = np.concatenate([metres for _, metres in parts]) if parts else np.empty(0)
        return np.repeat(np.arange(len(x)), counts), self._ids[slots], metres

    def _top(self) -> tuple[int, int]:
        """The smallest cell that holds the extent, and its shift: all above it have nothing to say."""
        cells, place, _, _, _ = self._store
        cell, shift = 0, ROOT_SHIFT
        if not self._extent[0] <= self._extent[2]:
            return cell, shift
        low, high = ((self._extent.reshape(2, 2) + HALF) * UNITS).astype(np.int64).tolist()
        while cells[cell, 0] >= 0 and not cells[cell, 3]:
            bits = int(cells[cell, 1])
            shift -= bits
            if low[0] >> shift != high[0] >> shift or low[1] >> shift != high[1] >> shift:
                return cell, shift + bits
            mask = (1 << bits) - 1
            cell = int(cells[cell, 0]) + ((low[1] >> shift & mask) << bits) + (low[0] >> shift & mask)
        return cell, int(place[cell, 2])

    def _cut(self, store: Any, cells: Ints, crowded: int) -> Any:
        """Cut crowded cells within a budget that follows what there is to index."""
        most_cells = 4096 + 16 * self._made + self._vertices
        most_entries = 65_536 + 32 * self._made + 2 * self._vertices
        return cut(store, self._xy, self._box, cells, crowded, self._usual, most_cells, most_entries)

    def _widen(self, box: Floats) -> None:
        """Take these bounds into the extent, outside of which no point is looked up; and how large a cell should be."""
        known = box[~np.isnan(box[:, 0])]
        if len(known):
            self._extent[:2] = np.minimum(self._extent[:2], known[:, :2].min(axis=0))
            self._extent[2:] = np.maximum(self._extent[2:], known[:, 2:].max(axis=0))
            across = float(np.median(np.maximum(known[:, 2] - known[:, 0], known[:, 3] - known[:, 1])))
            usual = max(LEAST_SHIFT, int(np.log2(max(across * UNITS / 8, 1.0))))
            self._usual = usual if self._usual == ROOT_SHIFT else min(self._usual, max(usual, LEAST_SHIFT))

    def _new_slot(self, fid: int) -> int:
        if self._free_slots:
            slot = self._free_slots.pop()
        else:
            slot = self._made
            self._made += 1
            if slot == len(self._ids):
                self._ids, self._box, self._span = (_roomy(a, slot) for a in (self._ids, self._box, self._span))
                self._span[slot:] = 0
        self._ids[slot] = fid
        return slot

    def _new_vertices(self, count: int) -> tuple[int, int]:
        """Where that many vertices can be kept and how many fit: a block used before, or new room."""
        power = max(0, count - 1).bit_length()
        waiting = self._free_vertices.get(power)
        if waiting:
            return waiting.pop(), 1 << power
        first = self._vertices
        # Blocks of edits are whole powers of two, so that any fence of like size can use them again.
        self._vertices += 1 << power
        if self._vertices > len(self._xy):
            self._xy = _roomy(self._xy, first, self._vertices)
        return first, 1 << power


def _laid_out(geoms: npt.NDArray[np.object_]) -> tuple[Floats, Ints, Floats]:
    """Vertices of all fences with NaN after every ring, each fence's part of them, and its bounds."""
    kinds = shapely.get_type_id(geoms)
    if not ((kinds == 3) | (kinds == 6)).all():
        raise BadGeometry("a fence is a polygon or a multipolygon")
    kind, coords, offsets = shapely.to_ragged_array(geoms, include_z=False)
    if not (np.abs(coords) < HALF).all():
        raise BadGeometry("a fence's coordinates are degrees")
    rings, parts = np.asarray(offsets[0], np.int64), np.asarray(offsets[1], np.int64)
    if kind == shapely.GeometryType.MULTIPOLYGON:
        parts = parts[np.asarray(offsets[2], np.int64)]
    number = len(rings) - 1
    xy = np.full((len(coords) + number, 2), np.nan)
    xy[np.arange(len(coords)) + np.repeat(np.arange(number), np.diff(rings))] = coords
    starts = rings[parts] + parts
    span = np.column_stack((starts[:-1], np.maximum(np.diff(starts) - 1, 0), np.diff(starts)))
    return xy, span, np.asarray(shapely.bounds(geoms), np.float64)


def _roomy(rows: Any, used: int, wanted: int = 0) -> Any:
    """The used rows in a new array with memory to grow, which costs nothing until it is touched."""
    room = np.empty((int(max(used, wanted) * (1.0 + _SPARE)) + 1024, *rows.shape[1:]), rows.dtype)
    room[:used] = rows[:used]
    return room


def _shares(count: int, most: int) -> list[tuple[int, int]]:
    """Shares of the points for the threads: as equal as can be, none above `most`, none too small to be worth it."""
    cores = os.cpu_count() or 1
    number = max(min(cores, -(-count // _SHARE)), -(-count // most))
    bounds = np.linspace(0, count, number + 1).astype(int).tolist() if count else [0]
    return list(pairwise(bounds))


def _each(work: Any, shares: list[Any]) -> list[Any]:
    """The kernel's answers for all shares of the points, on all cores when there are several."""
    if len(shares) < 2:
        return [work(*share) for share in shares]
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return list(pool.map(lambda share: work(*share), shares))
