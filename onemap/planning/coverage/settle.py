"""From the new shapes of a few faces to the delta that puts them in, or the reason why they cannot be.

Why nothing can go wrong unseen: every segment of the new shapes is either met by its twin or is, corner by corner, the
border of what was there before. So the borders of the new shapes add up to the old border, and if each shape is a
valid polygon with its interior on the left, they cover each place exactly as often as the old shapes did: once.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise

import numpy as np
import shapely
from shapely import LineString, Point
from shapely.geometry.base import BaseGeometry
from shapely.validation import explain_validity

from onemap.planning.coverage.chain import MISSING, OUTSIDE, Chains, Doubled, Rings, chains, rings_of
from onemap.planning.coverage.cover import Coverage
from onemap.planning.coverage.model import Arc, Delta, Face, FaceId, Floats, Vertex
from onemap.planning.coverage.refusal import Refused
from onemap.planning.coverage.trace import Broken, Outline, outline

Segment = tuple[Vertex, Vertex]
# 1e-9 degrees is a tenth of a millimetre: a corner this near to a border lies on it.
ON_BORDER_DEG = 1e-9
# What rounding moves a place by where two lines are cut: ten nanometres are a hundred times that.
_STRAIGHT_DEG = 1e-12


def rebuild(
    cov: Coverage,
    gone: Collection[FaceId],
    parts: Sequence[tuple[Face, BaseGeometry]],
    *,
    passing: Collection[Vertex] = (),
    pieces: Mapping[FaceId, int] | None = None,
) -> Delta:
    """Return the delta that puts parts in the place of faces. Their linework must match exactly.

    Parts may add corners on the outer border; the neighbours then share them. passing: vertices that came only from
    cutting lines; they are dropped on straight stretches where no border ends. pieces: how many pieces a face may
    have, if not as many as it had. Raises Refused (gap, overlap, crossing, torn, empty).
    """
    leaving = set(gone)
    old = {number: cov.arcs[number] for face in leaving for number in cov.arcs_of(face)}
    shapes = np.empty(len(parts), dtype=object)
    shapes[:] = [geom for _, geom in parts]
    names: list[FaceId | None] = [face.id for face, _ in parts]
    walks = _walks(cov, leaving, old.values(), names)
    rings = rings_of(shapes)
    walks = _with_corners(rings, walks)
    try:
        cut = chains(rings, walks, _held(cov, old))
    except Doubled as error:
        raise Refused("overlap", where=LineString(error.at)) from error
    for xy, right in zip(cut.xy, cut.right.tolist(), strict=True):
        if right == MISSING:
            raise Refused("gap", where=LineString(xy))
    arcs_gone, arcs = _arcs(cov, old, cut, names, frozenset(passing))
    return settle(cov, arcs_gone, arcs, [cov.face(face) for face in leaving], [face for face, _ in parts], pieces)


def settle(
    cov: Coverage,
    arcs_gone: Sequence[Arc],
    arcs: Sequence[Arc],
    faces_gone: Sequence[Face],
    faces: Sequence[Face],
    pieces: Mapping[FaceId, int] | None = None,
) -> Delta:
    """Return the delta of these arcs and faces after checking every face whose border changes.

    faces_gone and faces need name only those that go, come or get other attributes. Raises Refused.
    """
    of: dict[FaceId, set[int]] = {}
    for arc in (*arcs_gone, *arcs):
        for side in arc.sides:
            of.setdefault(side, set())
    before = {face: set(cov.arcs_of(face)) if face in cov.faces else set() for face in of}
    leaving, coming = {face.id: face for face in faces_gone}, {face.id: face for face in faces}
    gone = {arc.id for arc in arcs_gone}
    new: dict[FaceId, list[Arc]] = {face: [] for face in of}
    for arc in arcs:
        for side in arc.sides:
            new[side].append(arc)
    taken, put, outlines = [], [], {}
    for name in sorted({*of, *leaving, *coming}):
        stays = name not in leaving or name in coming
        if stays and name in of:
            kept = [cov.arcs[number] for number in before[name] - gone]
            same = {arc.id for arc in (*kept, *new[name])} == before[name]
            same = same and all(_same_side(arc, cov.arcs[arc.id], name) for arc in new[name])
            if not same:
                outlines[name] = _checked(cov, name, [*kept, *new[name]], pieces)
            props = coming[name] if name in coming else cov.face(name)
            if same and name in cov.faces and props == cov.face(name):
                continue
            put.append(props)
            if name in cov.faces:
                taken.append(cov.face(name))
        elif stays:
            if coming[name] != cov.faces.get(name):
                put.append(coming[name])
                if name in cov.faces:
                    taken.append(cov.face(name))
        else:
            taken.append(leaving[name])
    for face in coming:
        if face not in of and face not in cov.faces:
            raise Refused("empty", face)
    return Delta(tuple(arcs_gone), tuple(arcs), tuple(taken), tuple(put))


def _same_side(new: Arc, old: Arc, face: FaceId) -> bool:
    """Whether an arc under its old id, perhaps with another face beyond, is still the same border of a face."""
    return (new.left == face) == (old.left == face) and np.array_equal(new.xy, old.xy)


def _checked(cov: Coverage, face: FaceId, arcs: list[Arc], pieces: Mapping[FaceId, int] | None) -> Outline:
    """Return the outline of a face with these arcs. Raises Refused (empty, crossing, torn)."""
    if not arcs:
        raise Refused("empty", face)
    try:
        found = outline(face, arcs)
    except Broken as error:
        raise Refused("crossing", where=shapely.multilinestrings([LineString(arc.xy) for arc in arcs])) from error
    if not shapely.is_valid(found.geom):
        raise Refused("crossing", where=_place(found.geom))
    allowed = 1
    if pieces is not None and face in pieces:
        allowed = pieces[face]
    elif face in cov.faces:
        allowed = len(cov.outline(face).polygons)
    if len(found.polygons) > allowed:
        raise Refused("torn", face, where=found.geom)
    return found


def _place(geom: BaseGeometry) -> BaseGeometry:
    """Return where a polygon is not valid."""
    said = explain_validity(geom)
    if "[" in said:
        x, y = said[said.index("[") + 1 : said.index("]")].split()[:2]
        return Point(float(x), float(y))
    return geom


def _walks(
    cov: Coverage, leaving: set[FaceId], old: Collection[Arc], names: list[FaceId | None]
) -> list[tuple[Floats, int]]:
    """Return the outer border of the faces, seen from the other side; outer neighbours are added to names."""
    number: dict[FaceId, int] = {}
    walks = []
    for arc in old:
        if arc.left in leaving and arc.right in leaving:
            continue
        other, xy = (arc.right, arc.xy[::-1]) if arc.left in leaving else (arc.left, arc.xy)
        if other is None:
            walks.append((xy, OUTSIDE))
            continue
        if other not in number:
            number[other] = len(names)
            names.append(other)
        walks.append((xy, number[other]))
    return walks


def _held(cov: Coverage, old: Mapping[int, Arc]) -> list[Vertex]:
    """Return the nodes of these arcs, once for each other arc that ends there."""
    nodes = {end for arc in old.values() for end in (arc.first, arc.last)}
    return [node for node in nodes for number in cov.arcs_at(node) if number not in old]


def _with_corners(rings: Rings, walks: list[tuple[Floats, int]]) -> list[tuple[Floats, int]]:
    """Return the walks with the corners that the rings have on them. Raises Refused (gap)."""
    given = _segments(rings)
    spare: dict[Vertex, list[Vertex]] = {}
    wanted = {(b, a) for xy, _ in walks for a, b in _pairs(xy)}
    for a, b in given:
        if (b, a) not in given and (a, b) not in wanted:
            spare.setdefault(a, []).append(b)
    if wanted <= given:
        if spare:
            raise Refused("overlap", where=Point(next(iter(spare))))
        return walks
    done = []
    for xy, label in walks:
        way: list[Vertex] = []
        for a, b in _pairs(xy):
            way.append(a)
            if (b, a) not in given:
                # The rings run from b to a, through corners that the border did not have.
                way.extend(reversed(_between(b, a, spare)))
        way.append((float(xy[-1, 0]), float(xy[-1, 1])))
        done.append((np.array(way), label))
    if any(spare.values()):
        at = next(a for a, ahead in spare.items() if ahead)
        raise Refused("overlap", where=Point(at))
    return done


def _between(start: Vertex, end: Vertex, spare: dict[Vertex, list[Vertex]]) -> list[Vertex]:
    """Follow spare segments from the start to the end of a border's segment; return the corners between."""
    way: list[Vertex] = []
    line = shapely.LineString([start, end])
    at = start
    while True:
        ahead = spare.get(at, [])
        best, gap = None, ON_BORDER_DEG
        for i, place in enumerate(ahead):
            off = 0.0 if place == end else float(shapely.distance(line, Point(place)))
            if off <= gap:
                best, gap = i, off
        if best is None:
            raise Refused("gap", where=line)
        at = ahead.pop(best)
        if at == end:
            return way
        way.append(at)


def _segments(rings: Rings) -> set[Segment]:
    places = list(map(tuple, rings.xy.tolist()))
    found: set[Segment] = set()
    for i, j in zip(rings.starts[:-1].tolist(), rings.starts[1:].tolist(), strict=True):
        ring = places[i:j]
        found.update(zip(ring, [*ring[1:], ring[0]], strict=True))
    return found


def _pairs(xy: Floats) -> list[Segment]:
    places = list(map(tuple, xy.tolist()))
    return list(pairwise(places))


def _arcs(
    cov: Coverage, old: Mapping[int, Arc], cut: Chains, names: list[FaceId | None], passing: frozenset[Vertex]
) -> tuple[list[Arc], list[Arc]]:
    """Return the arcs that go and those that come; what is the same border keeps its id."""
    known: dict[bytes, Arc] = {}
    for border in old.values():
        known[border.xy.tobytes()] = border
    kept: set[int] = set()
    gone, come = [], []
    fresh = cov.next_arc
    for xy, left, right in zip(cut.xy, cut.left.tolist(), cut.right.tolist(), strict=True):
        sides = (names[left], None if right == OUTSIDE else names[right])
        if passing:
            xy = _without(xy, passing)
        arc = known.get(xy.tobytes())
        if arc is None and (back := known.get(np.ascontiguousarray(xy[::-1]).tobytes())) is not None:
            arc, sides = back, (sides[1], sides[0])
        if arc is None:
            come.append(Arc(fresh, xy, *sides))
            fresh += 1
            continue
        kept.add(arc.id)
        if (arc.left, arc.right) != sides:
            gone.append(arc)
            come.append(Arc(arc.id, arc.xy, *sides))
    gone.extend(border for number, border in old.items() if number not in kept)
    return gone, come


def _without(xy: Floats, passing: frozenset[Vertex]) -> Floats:
    """Return a line without the vertices that cutting put on a straight stretch; ends and real corners stay."""
    places = list(map(tuple, xy.tolist()))
    keep = [0]
    for i in range(1, len(places) - 1):
        if places[i] not in passing or _off_deg(places[keep[-1]], places[i], places[i + 1]) > _STRAIGHT_DEG:
            keep.append(i)
    keep.append(len(places) - 1)
    return xy if len(keep) == len(places) else xy[keep]


def _off_deg(a: Vertex, place: Vertex, b: Vertex) -> float:
    """Return how far a place is from the straight line between two others, or from the nearer if it is not between."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    length = dx * dx + dy * dy
    t = ((place[0] - a[0]) * dx + (place[1] - a[1]) * dy) / length if length else 0.0
    t = min(max(t, 0.0), 1.0)
    return math.hypot(a[0] + t * dx - place[0], a[1] + t * dy - place[1])
