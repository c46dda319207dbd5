"""Operations on corners of shared borders: move, insert, remove. What borders on both sides moves with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import cast

import numpy as np
import numpy.typing as npt
import shapely
from shapely import LineString, MultiPoint, Point
from shapely.geometry.base import BaseGeometry

from onemap.planning.coverage.cells import TOUCH_DEG
from onemap.planning.coverage.cover import Coverage
from onemap.planning.coverage.ground import metres
from onemap.planning.coverage.model import Arc, Delta, Face, FaceId, Floats, Vertex
from onemap.planning.coverage.parts import something, unlocked
from onemap.planning.coverage.redraw import REACH_M
from onemap.planning.coverage.refusal import Refused
from onemap.planning.coverage.settle import rebuild, settle
from onemap.planning.coverage.slide import slid
from onemap.planning.coverage.trace import Broken, outline

# A corner is meant when it lies this near to the place that was pointed at.
CORNER_M = 0.5

Place = Sequence[float] | npt.NDArray[np.float64]


def move(cov: Coverage, at: Place, to: Place) -> Delta:
    """Move a corner of shared borders; where borders meet, all ends move.

    A place where a border ends on the border of a community or of the whole slides along that, if `to` is within 10 m
    of it. Raises Refused (no-corner, border, locked, crossing, torn, nothing).
    """
    spot = place_of(to)
    arc, i = corner(cov, place_of(at))
    found = (float(arc.xy[i, 0]), float(arc.xy[i, 1]))
    if found == spot:
        raise Refused("nothing")
    ends = cov.arcs_at(found)
    around = [cov.arcs[number] for number in dict.fromkeys(ends)] if ends else [arc]
    unlocked(cov, sorted({side for one in around for side in one.sides}))
    if any(cov.fixed(one) for one in around):
        if all(cov.fixed(one) for one in around):
            raise Refused("border", where=Point(found))
        return something(slid(cov, found, around, spot, REACH_M))
    spot = _corner_or(cov, spot, {one.id for one in around})
    return bent(cov, {one.id: _moved(one.xy, found, spot) for one in around})


def insert(cov: Coverage, arc: int | None, at: Place, to: Place) -> Delta:
    """Add a corner to a border and pull it to a place. An unknown arc (or None): the border nearest to `at`.

    Raises Refused (no-arc, border, locked, crossing, torn).
    """
    there, spot = place_of(at), place_of(to)
    found = cov.arcs.get(arc) if arc is not None else None
    if found is None or _off_m(found.xy, there)[0] > REACH_M:
        found = _arc_near(cov, there)
    _free(cov, found)
    _, i, _ = _off_m(found.xy, there)
    spot = _corner_or(cov, spot, {found.id})
    if spot in {(float(x), float(y)) for x, y in found.xy[i : i + 2]}:
        raise Refused("nothing")
    return bent(cov, {found.id: np.insert(found.xy, i + 1, spot, axis=0)})


def remove(cov: Coverage, at: Place) -> Delta:
    """Take a corner out of a border. Raises Refused (no-corner, node, border, locked, crossing, torn)."""
    arc, i = corner(cov, place_of(at))
    found = (float(arc.xy[i, 0]), float(arc.xy[i, 1]))
    ends = cov.arcs_at(found)
    _free(cov, arc)
    if len(set(ends)) == len(ends) == 2:
        # Others undid what ended here, and so only two stretches of one border meet.
        return _joined(cov, *(cov.arcs[number] for number in ends))
    if len(ends) > 2:
        raise Refused("node", where=Point(found))
    if i in (0, len(arc.xy) - 1):
        turned = np.concatenate([arc.xy[1:-1], arc.xy[1:2]])
    else:
        turned = np.delete(arc.xy, i, axis=0)
    return kept_apart(cov, {arc.id: turned})


def _joined(cov: Coverage, one: Arc, other: Arc) -> Delta:
    """Return the delta that makes one border of two stretches, without the corner where they meet."""
    place = one.last if one.last in (other.first, other.last) else one.first
    ahead = one.xy if one.last == place else one.xy[::-1]
    left, right = (one.left, one.right) if one.last == place else (one.right, one.left)
    onward = other.xy if other.first == place else other.xy[::-1]
    whole = Arc(cov.next_arc, np.concatenate([ahead[:-1], onward[1:]]), left, right)
    return something(settle(cov, [one, other], [whole], [], []))


def bent(cov: Coverage, changed: Mapping[int, Floats]) -> Delta:
    """Return the delta of arcs that run otherwise, in the same direction. Borders that come to touch are joined there.

    Raises Refused (crossing, torn, empty, gap, nothing).
    """
    faces = sorted({side for number in changed for side in cov.arcs[number].sides})
    old = {place for number in changed for place in map(tuple, cov.arcs[number].xy.tolist())}
    new = {place for xy in changed.values() for place in map(tuple, xy.tolist())} - old
    grounds = {name: redrawn(cov, name, changed) for name in faces}
    if new:
        # A face beyond that has a corner just there must be looked at too: a node comes into being.
        for name in cov.meeting(MultiPoint(sorted(new))):
            ground = cov.polygon(name)
            if name not in grounds and new & set(map(tuple, shapely.get_coordinates(ground).tolist())):
                grounds[name] = ground
    parts: list[tuple[Face, BaseGeometry]] = [(cov.face(name), grounds[name]) for name in sorted(grounds)]
    return something(rebuild(cov, sorted(grounds), parts))


def kept_apart(cov: Coverage, changed: Mapping[int, Floats]) -> Delta:
    """Return the delta of arcs that only lost corners, so that no two can come to share one. Raises Refused."""
    gone, come = [], []
    for fresh, (number, xy) in enumerate(sorted(changed.items()), cov.next_arc):
        old = cov.arcs[number]
        gone.append(old)
        alone = set(cov.arcs_at(old.first)) == {number}
        come.append(Arc(fresh, _lowest_first(xy) if alone else xy, old.left, old.right))
    return something(settle(cov, gone, come, [], []))


def redrawn(cov: Coverage, face: FaceId, changed: Mapping[int, Floats]) -> BaseGeometry:
    """Return the ground of a face with some arcs run otherwise. Raises Refused (crossing)."""
    arcs = []
    for number in cov.arcs_of(face):
        arc = cov.arcs[number]
        arcs.append(Arc(arc.id, changed[number], arc.left, arc.right) if number in changed else arc)
    try:
        found = outline(face, arcs).geom
    except Broken as error:
        raise Refused("crossing", where=LineString(next(iter(changed.values())))) from error
    if not shapely.is_valid(found):
        raise Refused("crossing", where=LineString(next(iter(changed.values()))))
    return found


def place_of(place: Place) -> Vertex:
    """Return a place as a vertex. Raises Refused (no-corner) unless it is one."""
    xy = np.asarray(place, dtype=np.float64).ravel() + 0.0
    if xy.shape != (2,) or not np.isfinite(xy).all():
        raise Refused("no-corner")
    return (float(xy[0]), float(xy[1]))


def corner(cov: Coverage, at: Vertex) -> tuple[Arc, int]:
    """Return an arc and the index of its corner nearest to a place. Raises Refused (no-corner)."""
    best: tuple[float, int, int] | None = None
    east, north = metres(at[1])
    for arc in _arcs_near(cov, at, CORNER_M):
        off = np.hypot(*((arc.xy - at) * (east, north)).T)
        i = int(np.argmin(off))
        if off[i] <= CORNER_M and (best is None or (float(off[i]), arc.id) < best[:2]):
            best = (float(off[i]), arc.id, i)
    if best is None:
        raise Refused("no-corner", where=Point(at))
    return cov.arcs[best[1]], best[2]


def _arcs_near(cov: Coverage, at: Vertex, reach_m: float) -> Iterable[Arc]:
    east, north = metres(at[1])
    dx, dy = reach_m / east, reach_m / north
    faces = cov.meeting(shapely.box(at[0] - dx, at[1] - dy, at[0] + dx, at[1] + dy))
    return [cov.arcs[number] for number in sorted({number for face in faces for number in cov.arcs_of(face)})]


def _arc_near(cov: Coverage, at: Vertex) -> Arc:
    near = [(_off_m(arc.xy, at)[0], arc.id) for arc in _arcs_near(cov, at, REACH_M)]
    if not near or min(near)[0] > REACH_M:
        raise Refused("no-arc", where=Point(at))
    return cov.arcs[min(near)[1]]


def _off_m(xy: Floats, at: Vertex) -> tuple[float, int, float]:
    """Return how far a line is from a place in metres, on which of its segments, and where on that (0 to 1)."""
    scale = np.array(metres(at[1]))
    a, d = (xy[:-1] - at) * scale, np.diff(xy, axis=0) * scale
    t = np.clip(-(a * d).sum(axis=1) / np.maximum((d * d).sum(axis=1), 1e-300), 0.0, 1.0)
    off = np.hypot(*(a + t[:, None] * d).T)
    i = int(np.argmin(off))
    return float(off[i]), i, float(t[i])


def _free(cov: Coverage, arc: Arc) -> None:
    unlocked(cov, sorted(arc.sides))
    if cov.fixed(arc):
        raise Refused("border", where=LineString(arc.xy))


def _corner_or(cov: Coverage, spot: Vertex, moving: set[int]) -> Vertex:
    """Return the corner within a millimetre of a place, or the place: corners so near are meant to be one."""
    for arc in _arcs_near(cov, spot, 0.01):
        if arc.id in moving:
            continue
        off = np.hypot(*(arc.xy - spot).T)
        i = int(np.argmin(off))
        if off[i] <= TOUCH_DEG:
            return (float(arc.xy[i, 0]), float(arc.xy[i, 1]))
    return spot


def _moved(xy: Floats, found: Vertex, spot: Vertex) -> Floats:
    """Return a line with every vertex at a place moved; vertices that fall on the next one are one."""
    made = xy.copy()
    made[(xy == found).all(axis=1)] = spot
    keep = np.ones(len(made), dtype=bool)
    keep[1:] = (np.diff(made, axis=0) != 0).any(axis=1)
    if keep.sum() < 2:
        raise Refused("crossing", where=Point(spot))
    return made[keep]


def _lowest_first(xy: Floats) -> Floats:
    """Return a closed line turned to begin at its lowest vertex, as every ring without a node does."""
    if len(xy) < 3 or (xy[0] != xy[-1]).any():
        return xy
    ring = xy[:-1]
    first = int(np.lexsort((ring[:, 1], ring[:, 0]))[0])
    turned = np.roll(ring, -first, axis=0)
    return cast(Floats, np.concatenate([turned, turned[:1]]))
