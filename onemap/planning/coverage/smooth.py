"""Operations on the borders of many faces together: simplify them, or pull them onto lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import shapely
from shapely import LineString, Point
from shapely.geometry.base import BaseGeometry

from onemap.planning.coverage.bend import bent, kept_apart
from onemap.planning.coverage.cover import Coverage
from onemap.planning.coverage.ground import metres
from onemap.planning.coverage.model import Arc, Delta, FaceId, Floats, Vertex
from onemap.planning.coverage.refusal import Refused
from onemap.planning.coverage.trace import Broken, outline

_ROUNDS = 12


def simplify(cov: Coverage, faces: Iterable[FaceId], tolerance_m: float) -> Delta:
    """Drop corners of the borders between these faces, none of which lies farther than the tolerance off the new one.

    A border that stays (community, whole, locked) and every place where borders meet stay as they are; so does the
    border of a face that would come to cross itself. Raises Refused (no-face, nothing).
    """
    named = {cov.face(name).id for name in faces}
    changed: dict[int, Floats] = {}
    for arc in _borders(cov, named, both=True):
        xy = _fewer(arc.xy, tolerance_m)
        if len(xy) < len(arc.xy):
            changed[arc.id] = xy

    def give_up(bad: set[FaceId]) -> dict[int, Floats]:
        for number in [number for number in changed if cov.arcs[number].sides & bad]:
            del changed[number]
        return changed

    return kept_apart(cov, _settled(cov, changed, give_up))


def snap(cov: Coverage, faces: Iterable[FaceId], lines: Sequence[BaseGeometry], tolerance_m: float) -> Delta:
    """Pull the borders of faces onto lines within the tolerance; between two pulled corners they follow the line.

    Borders that stay (community, whole, locked) are not pulled, nor a face's borders where that would make it cross
    itself or vanish. Raises Refused (no-face, nothing, crossing, torn).
    """
    named = {cov.face(name).id for name in faces}
    arcs = _borders(cov, named, both=False)
    if not arcs or not lines:
        raise Refused("nothing")
    rails = _Rails(lines, tolerance_m, arcs[0].first)
    still: set[FaceId] = set()

    def runs(bad: set[FaceId]) -> dict[int, Floats]:
        still.update(bad)
        changed = {}
        for arc in arcs:
            ends = tuple(_free_node(cov, place, still) for place in (arc.first, arc.last))
            xy = rails.pulled(arc.xy, ends, follow=not (arc.sides & still))
            if xy.shape != arc.xy.shape or (xy != arc.xy).any():
                changed[arc.id] = xy
        moved = {place for arc in arcs for place in (arc.first, arc.last) if _free_node(cov, place, still)}
        for number in {number for place in moved for number in cov.arcs_at(place)} - {arc.id for arc in arcs}:
            beyond = cov.arcs[number]
            xy = rails.ends_only(beyond.xy, (beyond.first in moved, beyond.last in moved))
            if (xy != beyond.xy).any():
                changed[number] = xy
        return changed

    return bent(cov, _settled(cov, runs(set()), runs))


def _borders(cov: Coverage, named: set[FaceId], *, both: bool) -> list[Arc]:
    """Return the borders of faces that may move, in order."""
    numbers = sorted({number for name in named for number in cov.arcs_of(name)})
    found = []
    for arc in (cov.arcs[number] for number in numbers):
        if cov.fixed(arc) or any(cov.face(side).locked for side in arc.sides):
            continue
        if not both or arc.sides <= named:
            found.append(arc)
    return found


def _free_node(cov: Coverage, place: Vertex, still: set[FaceId]) -> bool:
    """Whether the place where borders meet may move: none of them stays."""
    for number in cov.arcs_at(place):
        arc = cov.arcs[number]
        if cov.fixed(arc) or arc.sides & still or any(cov.face(side).locked for side in arc.sides):
            return False
    return True


def _settled(
    cov: Coverage, changed: dict[int, Floats], give_up: Callable[[set[FaceId]], dict[int, Floats]]
) -> dict[int, Floats]:
    """Return the changes without those of faces that would break. Raises Refused (nothing) if none is left."""
    for _ in range(_ROUNDS):
        bad = _broken(cov, changed)
        if not bad:
            break
        changed = give_up(bad)
    else:
        changed = {}
    if not changed:
        raise Refused("nothing")
    return changed


def _broken(cov: Coverage, changed: dict[int, Floats]) -> set[FaceId]:
    """Return the faces that would not be valid."""
    names = sorted({side for number in changed for side in cov.arcs[number].sides})
    bad: set[FaceId] = set()
    shapes, whose = [], []
    for name in names:
        arcs = []
        for number in cov.arcs_of(name):
            arc = cov.arcs[number]
            arcs.append(Arc(number, changed[number], arc.left, arc.right) if number in changed else arc)
        try:
            found = outline(name, arcs)
        except Broken:
            bad.add(name)
            continue
        if found.polygons != cov.outline(name).polygons:
            bad.add(name)
        shapes.append(found.geom)
        whose.append(name)
    good = shapely.is_valid(np.array(shapes, dtype=object))
    return bad | {whose[i] for i in np.flatnonzero(~good).tolist()}


def _fewer(xy: Floats, tolerance_m: float) -> Floats:
    """Return a line with fewer vertices by Douglas and Peucker, in metres; its ends stay, a ring keeps three."""
    scale = np.array(metres(float(xy[0, 1])))
    flat = (xy - xy[0]) * scale
    kept = shapely.get_coordinates(shapely.simplify(LineString(flat), tolerance_m, preserve_topology=False))
    closed = bool((xy[0] == xy[-1]).all())
    if closed and len(kept) < 4:
        return xy
    index, at = [], 0
    for place in kept:
        while (flat[at] != place).any():
            at += 1
        index.append(at)
        at += 1
    return np.asarray(xy[index])


class _Rails:
    """The lines that borders are pulled onto, in a plane of metres around a place."""

    def __init__(self, lines: Sequence[BaseGeometry], tolerance_m: float, around: Vertex) -> None:
        self._origin = np.array(around)
        self._scale = np.array(metres(around[1]))
        self._tolerance = tolerance_m
        parts = shapely.get_parts(shapely.force_2d(np.array(lines, dtype=object)))
        parts = np.array([part for part in parts if part.geom_type in ("LineString", "LinearRing")], dtype=object)
        self._own = [shapely.get_coordinates(part) for part in parts]
        self._lines = [LineString((xy - self._origin) * self._scale) for xy in self._own]
        self._tree = shapely.STRtree(self._lines)

    def _seat(self, place: Floats) -> tuple[int, float] | None:
        """Return the nearest line within the tolerance, and how far along it."""
        flat = Point((place - self._origin) * self._scale)
        near = self._tree.query(flat, predicate="dwithin", distance=self._tolerance)
        if not len(near):
            return None
        best = min(near.tolist(), key=lambda i: (self._lines[i].distance(flat), i))
        return best, float(self._lines[best].project(flat))

    def _place(self, line: int, along: float) -> Floats:
        """Return a place on a line: a vertex of the line to the bit, where it is one."""
        flat = shapely.get_coordinates(self._lines[line].interpolate(along))[0]
        own = self._own[line]
        off = np.hypot(*((own - self._origin) * self._scale - flat).T)
        i = int(np.argmin(off))
        return np.asarray(own[i] if off[i] < 1e-6 else flat / self._scale + self._origin)

    def ends_only(self, xy: Floats, ends: tuple[bool, ...]) -> Floats:
        """Return a line with its ends pulled, where they may be."""
        made = xy.copy()
        for i, free in ((0, ends[0]), (-1, ends[1])):
            seat = self._seat(xy[i]) if free else None
            if seat is not None:
                made[i] = self._place(*seat)
        return _once(made, xy)

    def pulled(self, xy: Floats, ends: tuple[bool, ...], *, follow: bool) -> Floats:
        """Return a border pulled onto the lines: every corner that may be, and along the line between two of them."""
        if not follow:
            return self.ends_only(xy, ends)
        free = [ends[0], *([True] * (len(xy) - 2)), ends[1]]
        seats = [self._seat(place) if may else None for place, may in zip(xy, free, strict=True)]
        made: list[Floats] = []
        before: tuple[int, float] | None = None
        for place, seat in zip(xy, seats, strict=True):
            if seat is None:
                made.append(place)
            else:
                if before is not None and before[0] == seat[0]:
                    made.extend(self._between(before, seat))
                made.append(self._place(*seat))
            before = seat
        return _once(np.array(made), xy)

    def _between(self, start: tuple[int, float], end: tuple[int, float]) -> list[Floats]:
        """Return the line's own corners between two places on it, if it does not stray from the straight way."""
        line, (low, high) = start[0], sorted((start[1], end[1]))
        flat = shapely.get_coordinates(self._lines[line])
        along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(flat, axis=0).T))])
        inside = np.flatnonzero((along > low + 1e-6) & (along < high - 1e-6))
        straight = LineString([self._lines[line].interpolate(low), self._lines[line].interpolate(high)])
        off = shapely.distance(shapely.points(flat[inside]), straight)
        if not len(inside) or float(off.max()) > self._tolerance:
            return []
        found = [self._own[line][i] for i in inside.tolist()]
        return found if start[1] <= end[1] else found[::-1]


def _once(made: Floats, old: Floats) -> Floats:
    """Return a line without repeated vertices; the old one if nothing of it would be left."""
    keep = np.ones(len(made), dtype=bool)
    keep[1:] = (np.diff(made, axis=0) != 0).any(axis=1)
    closed = bool((old[0] == old[-1]).all())
    return np.asarray(made[keep]) if keep.sum() >= (4 if closed else 2) else old
