"""The coverage: faces, and the arcs between them. It keeps no polygons, so it cannot hold a gap or an overlap."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import shapely
from shapely import LineString, MultiPolygon, Point
from shapely.geometry.base import BaseGeometry

from onemap.planning.coverage.chain import MISSING, Doubled, chains, rings_of
from onemap.planning.coverage.ground import length_m
from onemap.planning.coverage.model import Arc, Delta, Face, FaceId, Vertex
from onemap.planning.coverage.near import Near
from onemap.planning.coverage.refusal import NotACoverage, Refused, Stale
from onemap.planning.coverage.trace import Outline, outline


class Coverage:
    """Faces and arcs. Changed by `patch` alone; `copy` is cheap, for both go on by themselves.

    Arc ids and names of new faces are never given twice, also when what they named was undone: whoever makes a
    coverage from a log must patch every delta that was ever made.
    """

    def __init__(self) -> None:
        self._faces: dict[FaceId, Face] = {}
        self._arcs: dict[int, Arc] = {}
        self._of: dict[FaceId, tuple[int, ...]] = {}
        self._ends: dict[Vertex, tuple[int, ...]] = {}
        self._outlines: dict[FaceId, Outline] = {}
        self._near = Near()
        self._next_arc = 1
        self._next_face = 1

    @classmethod
    def from_polygons(cls, faces: Sequence[Face], geoms: Sequence[BaseGeometry] | npt.NDArray[np.object_]) -> Coverage:
        """Make a coverage of polygons that already match, corner by corner. Raises NotACoverage."""
        made = cls()
        shapes = np.empty(len(faces), dtype=object)
        shapes[:] = list(geoms)
        _check(faces, shapes)
        for face in faces:
            made._enter(face)
        if not len(faces):
            return made
        try:
            cut = chains(rings_of(shapes))
        except Doubled as error:
            raise NotACoverage("overlap", where=LineString(error.at)) from error
        sides = zip(cut.xy, cut.left.tolist(), cut.right.tolist(), strict=True)
        of: dict[FaceId, list[int]] = {face.id: [] for face in faces}
        ends: dict[Vertex, list[int]] = {}
        for number, (xy, left, right) in enumerate(sides, 1):
            arc = Arc(number, xy, faces[left].id, None if right == MISSING else faces[right].id)
            made._arcs[number] = arc
            for side in (arc.left, arc.right):
                if side is not None:
                    of[side].append(number)
            for end in (arc.first, arc.last):
                ends.setdefault(end, []).append(number)
        made._of = {face: tuple(numbers) for face, numbers in of.items()}
        made._ends = {end: tuple(numbers) for end, numbers in ends.items()}
        made._next_arc = len(made._arcs) + 1
        made._near = Near([face.id for face in faces], list(shapes))
        return made

    @property
    def faces(self) -> Mapping[FaceId, Face]:
        """The faces by id."""
        return MappingProxyType(self._faces)

    @property
    def arcs(self) -> Mapping[int, Arc]:
        """The arcs by id."""
        return MappingProxyType(self._arcs)

    def face(self, face: FaceId) -> Face:
        """Return a face. Raises Refused (no-face)."""
        found = self._faces.get(face)
        if found is None:
            raise Refused("no-face", face)
        return found

    def arcs_of(self, face: FaceId) -> list[int]:
        """Return the ids of the arcs around a face, in no order. Raises Refused (no-face)."""
        self.face(face)
        return list(self._of[face])

    def arcs_at(self, place: Vertex) -> tuple[int, ...]:
        """Return the arcs that end at a node, twice one that begins and ends there; () where there is no node."""
        return self._ends.get(place, ())

    def outline(self, face: FaceId) -> Outline:
        """Return rings and polygons of a face. Raises Refused (no-face)."""
        found = self._outlines.get(face)
        if found is None:
            self.face(face)
            found = self._outlines[face] = outline(face, [self._arcs[number] for number in self._of[face]])
        return found

    def rings(self, face: FaceId) -> tuple[list[list[int]], list[int]]:
        """Return the arcs of each ring (~id: backwards), shell before holes, and how many rings each polygon has."""
        found = self.outline(face)
        return found.rings, found.polygons

    def polygon(self, face: FaceId) -> MultiPolygon:
        """Return the ground of a face, its vertices exactly those of its arcs. Raises Refused (no-face)."""
        return self.outline(face).geom

    def polygons(self, faces: Iterable[FaceId]) -> npt.NDArray[np.object_]:
        """Return the grounds of faces as an array."""
        found = [self.polygon(face) for face in faces]
        made = np.empty(len(found), dtype=object)
        made[:] = found
        return made

    def at(self, lon: float, lat: float) -> FaceId | None:
        """Return the face at a place, on a shared border the lower id; None outside."""
        found = self.meeting(Point(lon, lat))
        return found[0] if found else None

    def meeting(self, geom: BaseGeometry) -> list[FaceId]:
        """Return the faces that a geometry meets, borders included, in order of id."""
        return self._near.meeting(geom, self.polygon, self._faces)

    def neighbours(self, face: FaceId) -> dict[FaceId, float]:
        """Return the faces that share a border with one, and how much of it in metres."""
        found: dict[FaceId, float] = {}
        for number in self.arcs_of(face):
            arc = self._arcs[number]
            other = arc.beside(face)
            if other is not None:
                found[other] = found.get(other, 0.0) + length_m(arc.xy)
        return found

    def next_id(self) -> FaceId:
        """Return a name that no face has or had."""
        return f"~{self._next_face}"

    def next_ids(self, count: int) -> list[FaceId]:
        """Return names that no face has or had."""
        return [f"~{self._next_face + i}" for i in range(count)]

    @property
    def next_arc(self) -> int:
        """An arc id that was never given; so are all above it."""
        return self._next_arc

    def fixed(self, arc: Arc) -> bool:
        """Whether an arc is border of a community or of the whole, and cannot be moved."""
        if arc.left is None or arc.right is None:
            return True
        return self._faces[arc.left].community != self._faces[arc.right].community

    def copy(self) -> Coverage:
        """Return a coverage that goes on by itself; arcs, faces and the index are shared."""
        made = Coverage()
        made._faces, made._arcs, made._of = self._faces.copy(), self._arcs.copy(), self._of.copy()
        made._ends, made._outlines, made._near = self._ends.copy(), self._outlines.copy(), self._near.copy()
        made._next_arc, made._next_face = self._next_arc, self._next_face
        return made

    def patch(self, delta: Delta, outlines: Mapping[FaceId, Outline] | None = None) -> None:
        """Apply a delta, exactly or not at all. Raises Stale when what it takes out is not there as it was.

        outlines: of the faces that the delta puts in, if the caller has them already.
        """
        self._fits(delta)
        changed = Counter[FaceId]()
        for arc in delta.arcs_gone:
            del self._arcs[arc.id]
            for side in arc.sides:
                changed[side] += 1
                self._of[side] = tuple(number for number in self._of[side] if number != arc.id)
            for end in {arc.first, arc.last}:
                left = tuple(number for number in self._ends[end] if number != arc.id)
                if left:
                    self._ends[end] = left
                else:
                    del self._ends[end]
        for face in delta.faces_gone:
            del self._faces[face.id]
        for face in delta.faces:
            self._enter(face)
            self._of.setdefault(face.id, ())
        for face in delta.faces_gone:
            if face.id not in self._faces:
                del self._of[face.id]
                changed[face.id] += 1
        for arc in delta.arcs:
            self._arcs[arc.id] = arc
            for side in arc.sides:
                changed[side] += 1
                self._of[side] = (*self._of[side], arc.id)
            for end in (arc.first, arc.last):
                self._ends[end] = (*self._ends.get(end, ()), arc.id)
        for name in changed:
            self._outlines.pop(name, None)
            self._near.change(name)
        for name, found in (outlines or {}).items():
            self._outlines[name] = found
        self._next_arc = max(self._next_arc, *(arc.id + 1 for arc in (*delta.arcs_gone, *delta.arcs)), 0)
        for face in delta.faces_gone:
            self._count(face.id)

    def _fits(self, delta: Delta) -> None:
        gone = {arc.id for arc in delta.arcs_gone}
        for arc in delta.arcs_gone:
            if self._arcs.get(arc.id) != arc:
                raise Stale(arc.left or arc.right or str(arc.id))
        for arc in delta.arcs:
            if arc.id in self._arcs and arc.id not in gone:
                raise Stale(arc.left or arc.right or str(arc.id))
        leaving = {face.id for face in delta.faces_gone}
        coming = {face.id for face in delta.faces}
        for face in delta.faces_gone:
            if self._faces.get(face.id) != face:
                raise Stale(face.id)
            if face.id not in coming and not gone.issuperset(self._of[face.id]):
                raise Stale(face.id)
        for face in delta.faces:
            if face.id in self._faces and face.id not in leaving:
                raise Stale(face.id)
        for arc in delta.arcs:
            for side in arc.sides:
                if side not in coming and (side not in self._faces or side in leaving):
                    raise Stale(side)

    def _enter(self, face: Face) -> None:
        self._faces[face.id] = face
        self._count(face.id)

    def _count(self, face: FaceId) -> None:
        if face.startswith("~") and face[1:].isdecimal():
            self._next_face = max(self._next_face, int(face[1:]) + 1)


def _check(faces: Sequence[Face], shapes: npt.NDArray[np.object_]) -> None:
    """Raise NotACoverage unless every polygon is valid and all match."""
    doubled = [name for name, count in Counter(face.id for face in faces).items() if count > 1]
    if doubled:
        raise NotACoverage("double", doubled[0])
    good = shapely.is_valid(shapes) & ~shapely.is_empty(shapes) & np.isin(shapely.get_type_id(shapes), (3, 6))
    if not good.all():
        first = int(np.flatnonzero(~good)[0])
        raise NotACoverage("invalid", faces[first].id, where=shapes[first])
    if len(shapes) and not shapely.coverage_is_valid(shapes):
        wrong = not_matching(shapes)
        if wrong is not None:
            raise NotACoverage("overlap", where=wrong)


def not_matching(shapes: npt.NDArray[np.object_]) -> BaseGeometry | None:
    """Return where polygons overlap or share a border without sharing its corners; None where nowhere.

    GEOS takes some borders for wrong that end where a hole of a polygon touches its shell. So each border that it
    doubts is looked at again: alone against each polygon that it meets.
    """
    edges = shapely.coverage_invalid_edges(shapes)
    doubted = np.flatnonzero(~shapely.is_empty(edges))
    tree = shapely.STRtree(shapes)
    wrong = []
    for i in doubted.tolist():
        others = shapes[[j for j in tree.query(edges[i]).tolist() if j != i]]
        over = others[shapely.relate_pattern(shapes[i], others, "T********")]
        wrong += [shapely.intersection(shapes[i], other) for other in over]
        wrong += _unmatched(edges[i], others)
    wrong = [found for found in wrong if not found.is_empty]
    return shapely.union_all(np.array(wrong, dtype=object)) if wrong else None


def _unmatched(border: BaseGeometry, others: npt.NDArray[np.object_]) -> list[BaseGeometry]:
    """Return the segments of a border that lie on the border of another polygon without being one of its own."""
    theirs = {frozenset(pair) for other in others for pair in _segments(other)}
    alone = [pair for pair in _segments(border) if frozenset(pair) not in theirs]
    lines = [LineString(pair) for pair in alone]
    shared = [shapely.intersection(line, shapely.boundary(other)) for line in lines for other in others]
    return [found for found in shared if found.length > 0]


def _segments(geom: BaseGeometry) -> list[tuple[Vertex, Vertex]]:
    parts = shapely.get_parts(geom)
    lines = shapely.get_rings(parts) if geom.geom_type.endswith("Polygon") else parts
    runs = [list(map(tuple, shapely.get_coordinates(line).tolist())) for line in lines]
    return [pair for run in runs for pair in pairwise(run)]
