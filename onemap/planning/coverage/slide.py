"""Borders that end on a border that stays: their end slides along it, or a stretch is drawn anew between two faces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import shapely
from shapely import LineString, MultiLineString, Point
from shapely.geometry.base import BaseGeometry

from onemap.planning.coverage.cells import Cells, cut, joined, width_m, without_strips
from onemap.planning.coverage.cover import Coverage
from onemap.planning.coverage.ground import metres
from onemap.planning.coverage.model import Arc, Delta, Face, FaceId, Floats, Vertex
from onemap.planning.coverage.refusal import Refused
from onemap.planning.coverage.settle import rebuild

_STRIP_M = 0.02


def slid(cov: Coverage, found: Vertex, around: Sequence[Arc], spot: Vertex, reach_m: float) -> Delta:
    """Slide the end of free arcs along the fixed arcs that meet there, to the place nearest to `spot`.

    Raises Refused (border, crossing, torn, empty).
    """
    fixed = [arc for arc in around if cov.fixed(arc)]
    free = [arc for arc in around if not cov.fixed(arc)]
    rail = MultiLineString([arc.xy for arc in fixed])
    way = shapely.get_coordinates(shapely.shortest_line(Point(spot), rail))
    if np.hypot(*((way[1] - way[0]) * metres(spot[1]))) > reach_m:
        raise Refused("border", where=rail)
    end = way[1]
    if len(free) > 1:
        # Faces that only meet the border in this one place would lose it: which of them gains is not to be guessed.
        raise Refused("border", where=Point(found))
    arc = free[0]
    xy = arc.xy.copy()
    xy[(xy == found).all(axis=1)] = end
    return relaid(cov, {arc.id: xy})


def relaid(cov: Coverage, changed: Mapping[int, Floats]) -> Delta:
    """Return the delta of free arcs that run otherwise and may end elsewhere on the borders around them.

    Raises Refused (crossing, torn, empty, gap).
    """
    faces = sorted({side for number in changed for side in cov.arcs[number].sides})
    numbers = sorted({number for face in faces for number in cov.arcs_of(face)} - set(changed))
    border = [cov.arcs[number].xy for number in numbers]
    cells = cut(cov, faces, list(changed.values()), border)
    free = [cov.arcs[n] for n in numbers if cov.arcs[n].sides <= set(faces) and not cov.fixed(cov.arcs[n])]
    sided = [(cov.arcs[n].left, xy, cov.arcs[n].right) for n, xy in changed.items()]
    labels = by_side(cells, [*sided, *((arc.left, arc.xy, arc.right) for arc in free)], faces)
    grounds = joined(cells, without_strips(cells, labels))
    for name in faces:
        if name not in grounds:
            raise Refused("empty", name, where=cov.polygon(name))
    parts: list[tuple[Face, BaseGeometry]] = [(cov.face(name), grounds[name]) for name in faces]
    return rebuild(cov, faces, parts, passing=cells.passing)


def by_side(
    cells: Cells, sided: Sequence[tuple[FaceId | None, Floats, FaceId | None]], faces: Sequence[FaceId]
) -> list[FaceId]:
    """Return the face of each cell: the one on whose side of a border (left, line, right) it lies.

    A cell at none of them stays with its owner. Raises Refused (crossing) where a cell lies on both sides.
    """
    labels = []
    for cell, owner in zip(cells.polygons, cells.owner, strict=True):
        turned = shapely.orient_polygons(cell, exterior_cw=False)
        told: dict[FaceId, float] = {}
        for ring in shapely.get_rings(turned):
            run = shapely.get_coordinates(ring)
            for left, xy, right in sided:
                for name, length in _beside(run, left, xy, right).items():
                    told[name] = told.get(name, 0.0) + length
        named = [name for name in told if name in faces]
        if len(named) > 1 and width_m(cell) >= _STRIP_M:
            raise Refused("crossing", where=cell)
        labels.append(max(sorted(named), key=lambda name: told[name]) if named else owner)
    return labels


def _beside(run: Floats, left: FaceId | None, xy: Floats, right: FaceId | None) -> dict[FaceId, float]:
    """Return how much of a ring, its interior on the left, runs along a border, by the face on that side."""
    line = LineString(xy)
    mids = (run[:-1] + run[1:]) / 2
    steps = np.diff(run, axis=0)
    on = np.flatnonzero(shapely.dwithin(shapely.points(mids), line, 1e-11))
    found: dict[FaceId, float] = {}
    for i in on.tolist():
        here = shapely.line_locate_point(line, Point(mids[i]))
        length = float(np.hypot(*steps[i]))
        ahead = shapely.line_interpolate_point(line, min(here + length / 4, line.length))
        back = shapely.line_interpolate_point(line, max(here - length / 4, 0.0))
        along = (ahead.x - back.x) * steps[i, 0] + (ahead.y - back.y) * steps[i, 1]
        side = left if along > 0 else right
        if side is not None:
            found[side] = found.get(side, 0.0) + length
    return found
