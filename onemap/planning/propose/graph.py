"""Units and how they touch: blocks, buildings' parts or cells with their loads, as a graph that the search works on.

A unit is never cut. Two units touch where their borders share segments; the length shared, and whether it runs along a
barrier (a river, a railway, a main road), are the graph's. Lengths and areas are metres in the plane at the units'
middle (`onemap/planning/plane.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TypedDict, Unpack

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from onemap.core.errors import BadInput
from onemap.planning.plane import Plane

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]
Geoms = npt.NDArray[np.object_]
#: A border runs along a line when it is no farther from it than this: borders were cut by the very lines.
NEAR_M = 3.0
#: Units that share less land than this meet in a corner, or across water.
_TOUCH_M = 0.5


@dataclass(frozen=True)
class Named:
    """A line that borders may follow or may not cross: its name in both languages, and what it is."""

    geom: BaseGeometry
    zh: str
    en: str
    kind: str  # river, road, railway, …


@dataclass(frozen=True)
class Units:
    """n units and m directed links between them (each pair twice), in rows as of a sparse matrix.

    weight: load of each; area_m2, rim_m: ground and outline; at: start of each unit's links; to, shared_m: the unit
    on the other side and the length shared; wall: 1 + index of the barrier that the shared border runs along, or 0;
    along: index of the line that it follows, or -1; group: units of different groups (communities) never share a
    grid; home: today's grid as an index into `names`, -1 for none; fixed: stays in its grid of today.
    """

    weight: Floats
    area_m2: Floats
    rim_m: Floats
    at: npt.NDArray[np.int64]
    to: Ints
    shared_m: Floats
    wall: Ints
    along: Ints
    group: Ints
    home: Ints
    fixed: Flags
    names: tuple[str, ...] = ()
    geoms: Geoms = field(default_factory=lambda: np.empty(0, object))
    lines: tuple[Named, ...] = ()
    barriers: tuple[Named, ...] = ()

    def __len__(self) -> int:
        return len(self.weight)

    @property
    def source(self) -> Ints:
        """The unit that each link starts from."""
        return np.repeat(np.arange(len(self), dtype=np.int32), np.diff(self.at))

    def only(self, keep: Flags) -> tuple[Units, npt.NDArray[np.int64]]:
        """The graph of some units, and where each stood; grids' names stay as they are."""
        kept = np.flatnonzero(keep)
        new = np.full(len(self), -1, np.int32)
        new[kept] = np.arange(len(kept), dtype=np.int32)
        source = self.source
        links = keep[source] & keep[self.to]
        counts = np.bincount(new[source[links]], minlength=len(kept))
        geoms = self.geoms[kept] if len(self.geoms) else self.geoms
        part = replace(
            self, weight=self.weight[kept], area_m2=self.area_m2[kept], rim_m=self.rim_m[kept],
            at=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), to=new[self.to[links]],
            shared_m=self.shared_m[links], wall=self.wall[links], along=self.along[links],
            group=self.group[kept], home=self.home[kept], fixed=self.fixed[kept], geoms=geoms,
        )  # fmt: skip
        return part, kept


class Known(TypedDict, total=False):
    """What may be known of units, by name or one for each, as in `Units`; what is left out is nowhere."""

    home: Sequence[str | None]
    group: Sequence[str | None]
    fixed: Flags
    lines: Sequence[Named]


def units_of(geoms: Geoms, weight: Floats, *, barriers: Sequence[Named] = (), **known: Unpack[Known]) -> Units:
    """The graph of polygons in degrees whose borders match corner by corner, as parts of one cutting do.

    Raises BadInput when there are none, or a load is negative or not a number.
    """
    n = len(geoms)
    return graph_of(drawing_of(geoms, np.arange(n, dtype=np.int32), np.zeros(n, bool), barriers), weight, **known)


@dataclass(frozen=True)
class Drawing:
    """Pieces of ground put together into units, and the borders between units: pairs, metres, segments, walls."""

    geoms: Geoms
    plane: Plane
    left: Ints
    right: Ints
    shared: Floats
    middle: Floats  # of each segment: middle, length, start, end (seven columns, metres)
    pair: Ints  # of each segment
    barriers: tuple[Named, ...]
    walls: Ints  # index of the barrier between the units of each pair, or -1


def drawing_of(pieces: Geoms, unit: Ints, bed: Flags, barriers: Sequence[Named]) -> Drawing:
    """Put pieces that match corner by corner together as `unit` says (0 … n - 1, each with a piece).

    bed: pieces that are water themselves. Units that meet on dry land nowhere meet across the water: a wall.
    Raises BadInput when there are none.
    """
    if len(pieces) == 0:
        raise BadInput("没有可划分的地块 · There is nothing to part", reason="no-units")
    west, south, east, north = shapely.total_bounds(pieces)
    plane = Plane(float(west + east) / 2, float(south + north) / 2)
    left, right, shared, middle, of = _shared(plane.flat(pieces), pieces)
    wet = bed[left] | bed[right]
    a, b = np.minimum(unit[left], unit[right]), np.maximum(unit[left], unit[right])
    between = a != b
    pairs, which = np.unique(np.stack([a[between], b[between]], axis=1), axis=0, return_inverse=True)
    which = which.reshape(-1)
    number = np.full(len(left), -1, np.int32)
    number[between] = which
    total: Floats = np.asarray(np.bincount(which, weights=shared[between], minlength=len(pairs)), np.float64)
    land = np.bincount(which, weights=np.where(wet, 0.0, shared)[between], minlength=len(pairs))
    seats = np.flatnonzero(number[of] >= 0)
    pair = number[of[seats]]
    dry = ~wet[of[seats]]
    # Along the land that two units share, where they share any; across the water otherwise.
    counted = dry | (land[pair] < _TOUCH_M)
    walls = _followed(
        np.where(land < _TOUCH_M, total, land), middle[seats[counted]], pair[counted], plane, barriers
    )  # fmt: skip
    rivers = [at for at, line in enumerate(barriers) if line.kind == "river"]
    over = (
        np.flatnonzero((land < _TOUCH_M) & (total > land) & (walls < 0))
        if rivers and bed.any()
        else np.empty(0, np.int64)
    )
    if len(over):
        banks = _Banks(left, right, bed)
        apart = [int(at) for at in over if not banks.same(unit, pairs[at], np.flatnonzero(number == at))]
        walls[apart] = rivers[0]
    return Drawing(
        _together(pieces, unit), plane, pairs[:, 0].astype(np.int32), pairs[:, 1].astype(np.int32), total,
        middle[seats], pair.astype(np.int32), tuple(barriers), walls,
    )  # fmt: skip


class _Banks:
    """Which land beside water lies on the same bank: what hangs together around the water without crossing it."""

    def __init__(self, left: Ints, right: Ints, bed: Flags) -> None:
        self.left, self.right, self.bed = left, right, bed
        self.near: dict[int, list[int]] = {}
        for a, b in zip(left.tolist(), right.tolist(), strict=True):
            self.near.setdefault(a, []).append(b)
            self.near.setdefault(b, []).append(a)

    def same(self, unit: Ints, pair: Ints, links: npt.NDArray[np.int64]) -> bool:
        """Whether two units that meet at these links alone, all of them wet, have land on one bank."""
        wet = {int(at) for at in (*self.left[links], *self.right[links]) if self.bed[at]}
        ring = {at for water in wet for at in self.near[water] if not self.bed[at]}
        todo = [at for at in ring if unit[at] == pair[0]]
        seen = set(todo)
        while todo:
            at = todo.pop()
            if unit[at] == pair[1]:
                return True
            for other in self.near[at]:
                if other in ring and other not in seen:
                    seen.add(other)
                    todo.append(other)
        return False


def _together(pieces: Geoms, unit: Ints) -> Geoms:
    """The ground of each unit."""
    order = np.argsort(unit, kind="stable")
    cuts = np.searchsorted(unit[order], np.arange(int(unit.max()) + 2))
    out = np.empty(len(cuts) - 1, dtype=object)
    for at in range(len(out)):
        own = order[cuts[at] : cuts[at + 1]]
        out[at] = pieces[own[0]] if len(own) == 1 else shapely.coverage_union_all(pieces[own])
    return out


def graph_of(drawn: Drawing, weight: Floats, **known: Unpack[Known]) -> Units:
    """The graph of a drawing with the units' loads. Raises BadInput for loads that are negative or no numbers."""
    n = len(drawn.geoms)
    home, group = known.get("home") or [None] * n, known.get("group") or ()
    fixed, lines = known.get("fixed"), known.get("lines", ())
    if len(weight) != n or not np.all(np.isfinite(weight)) or np.any(weight < 0):
        raise BadInput("工作量须为非负数 · Loads must be numbers, none negative", reason="weight")
    flat = np.asarray(drawn.plane.flat(drawn.geoms), dtype=object)
    along = _followed(drawn.shared, drawn.middle, drawn.pair, drawn.plane, lines)
    source, to = np.concatenate([drawn.left, drawn.right]), np.concatenate([drawn.right, drawn.left])
    order = np.lexsort((to, source))
    names = tuple(sorted({name for name in home if name is not None}))
    index = {name: at for at, name in enumerate(names)}
    groups = {name: at for at, name in enumerate(dict.fromkeys(group))}
    return Units(
        weight=np.array(weight, np.float64),  # a copy: for arrays that may not be written kernels compile anew
        area_m2=np.asarray(shapely.area(flat), np.float64),
        rim_m=np.asarray(shapely.length(flat), np.float64),
        at=np.concatenate([[0], np.cumsum(np.bincount(source, minlength=n))]).astype(np.int64),
        to=to[order].astype(np.int32),
        shared_m=np.concatenate([drawn.shared, drawn.shared])[order],
        wall=(np.concatenate([drawn.walls, drawn.walls])[order] + 1).astype(np.int32),
        along=np.concatenate([along, along])[order].astype(np.int32),
        group=np.array([groups[name] for name in group], np.int32) if group else np.zeros(n, np.int32),
        home=np.array([-1 if name is None else index[name] for name in home], np.int32),
        fixed=np.zeros(n, bool) if fixed is None else np.asarray(fixed, bool),
        names=names,
        geoms=drawn.geoms,
        lines=tuple(lines),
        barriers=drawn.barriers,
    )


def _shared(flat: Geoms, exact: Geoms) -> tuple[Ints, Ints, Floats, Floats, Ints]:
    """Pairs of units that share segments: both, metres shared; then each segment's middle in the plane and its pair.

    Segments are matched by their corners in degrees, bit by bit; metres are of the plane.
    """
    rings, of = shapely.get_rings(exact, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    metres = shapely.get_coordinates(shapely.get_rings(flat))
    inner = np.flatnonzero(ring[1:] == ring[:-1])
    a, b = xy[inner], xy[inner + 1]
    swap = (a[:, 0] > b[:, 0]) | ((a[:, 0] == b[:, 0]) & (a[:, 1] > b[:, 1]))
    low, high = np.where(swap[:, None], b, a), np.where(swap[:, None], a, b)
    order = np.lexsort((high[:, 1], high[:, 0], low[:, 1], low[:, 0]))
    key = np.concatenate([low, high], axis=1)[order]
    twice = np.flatnonzero((key[1:] == key[:-1]).all(axis=1))
    unit = of[ring[inner]][order]
    first, second = unit[twice], unit[twice + 1]
    other = first != second
    first, second, seat = first[other], second[other], inner[order[twice[other]]]
    start, end = metres[seat], metres[seat + 1]
    length = np.hypot(*(end - start).T)
    pair = np.stack([np.minimum(first, second), np.maximum(first, second)], axis=1)
    pairs, piece_of = np.unique(pair, axis=0, return_inverse=True)
    piece_of = piece_of.reshape(-1)
    total = np.asarray(np.bincount(piece_of, weights=length, minlength=len(pairs)), np.float64)
    middle = np.asarray(np.column_stack([(start + end) / 2, length, start, end]), np.float64)
    return (
        pairs[:, 0].astype(np.int32), pairs[:, 1].astype(np.int32), total, middle, piece_of.astype(np.int32)
    )  # fmt: skip


def _followed(shared: Floats, middle: Floats, pair: Ints, plane: Plane, lines: Sequence[Named]) -> Ints:
    """For every pair the line that at least half of its `shared` metres runs along, or -1."""
    found = np.full(len(shared), -1, np.int32)
    if not lines or not len(middle):
        return found
    geoms = [shapely.boundary(line.geom) if line.geom.area > 0 else line.geom for line in lines]
    flat = np.asarray(plane.flat(np.array(geoms, dtype=object)), dtype=object)
    tree = shapely.STRtree(flat)
    seg, line = tree.query_nearest(shapely.points(middle[:, :2]), max_distance=NEAR_M, all_matches=False)
    # Along it, not away from it: a short border that ends at a river is near it as well.
    shapely.prepare(flat)
    off = [shapely.distance(flat[line], shapely.points(middle[seg, at : at + 2])) for at in (3, 5)]
    beside = (np.maximum(*off) <= NEAR_M) & (np.abs(off[0] - off[1]) <= 0.5 * middle[seg, 2])
    seg, line = seg[beside], line[beside]
    keys = pair[seg].astype(np.int64) * len(lines) + line
    seen, which = np.unique(keys, return_inverse=True)
    length = np.bincount(which.reshape(-1), weights=middle[seg, 2], minlength=len(seen))
    for at in np.argsort(length, kind="stable"):
        one, of = divmod(int(seen[at]), len(lines))
        if length[at] >= 0.5 * shared[one]:
            found[one] = of
    return found
