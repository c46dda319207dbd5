"""Cut the ground of faces along lines into cells whose linework matches exactly."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import MultiLineString, Polygon
from shapely.geometry.base import BaseGeometry

from onemap.planning.coverage.cover import Coverage
from onemap.planning.coverage.ground import area_m2, metres
from onemap.planning.coverage.model import FaceId, Floats, Vertex
from onemap.planning.coverage.refusal import Refused

# A millimetre: a drawn line that passes a corner or a border this near is meant to meet it.
TOUCH_DEG = 1e-8
# A strip narrower than this on average is no ground of its own: it goes where its longest side lies.
_STRIP_M = 0.02


@dataclass(frozen=True)
class Cells:
    """Cells, the face that each lies in, and the vertices that only cutting made (to be dropped where nothing ends)."""

    polygons: list[Polygon]
    owner: list[FaceId]
    passing: frozenset[Vertex]


def cut(
    cov: Coverage, faces: Iterable[FaceId], lines: Sequence[Floats], border: Sequence[Floats] | None = None
) -> Cells:
    """Return the cells of faces cut along lines; border: the linework to cut with instead of the faces' arcs."""
    named = sorted(set(faces))
    if border is None:
        numbers = sorted({number for face in named for number in cov.arcs_of(face)})
        border = [cov.arcs[number].xy for number in numbers]
    known = {place for xy in border for place in map(tuple, xy.tolist())}
    held, drawn, put = attach(border, lines)
    noded = node([*held, *drawn])
    made = [cell for cell in shapely.get_parts(shapely.polygonize(shapely.get_parts(noded))) if cell.area > 0]
    grounds = cov.polygons(named)
    tree = shapely.STRtree(grounds)
    cells: list[Polygon] = []
    owner: list[FaceId] = []
    inside = shapely.point_on_surface(np.array(made, dtype=object))
    hits, of = tree.query(inside, predicate="intersects")
    whose = dict(zip(reversed(hits.tolist()), reversed(of.tolist()), strict=True))
    for i, cell in enumerate(made):
        if i in whose:
            cells.append(cell)
            owner.append(named[whose[i]])
    known |= {place for xy in drawn for place in map(tuple, xy.tolist())} - put
    vertices = set(map(tuple, shapely.get_coordinates(np.array(cells, dtype=object)).tolist()))
    return Cells(cells, owner, frozenset(vertices - known))


def node(lines: Sequence[Floats]) -> BaseGeometry:
    """Return lines with a vertex wherever two meet; no given vertex is altered."""
    whole = MultiLineString([xy for xy in lines if len(xy) > 1])
    try:
        found: BaseGeometry = shapely.node(whole)
    except shapely.GEOSException:
        try:
            found = shapely.union_all(shapely.get_parts(whole))
        except shapely.GEOSException as error:
            raise Refused("crossing", where=whole) from error
    return found


def attach(border: Sequence[Floats], lines: Sequence[Floats]) -> tuple[list[Floats], list[Floats], set[Vertex]]:
    """Make drawn lines meet the border exactly where they nearly do.

    Returns the border with corners added, the lines, and those corners. A line's vertex goes to the border's; where
    there is none it is put into the border; the border's corners are put into a line that passes by them.
    """
    held = [np.asarray(xy) for xy in border]
    whole = MultiLineString([xy for xy in held if len(xy) > 1])
    corners = shapely.multipoints(np.concatenate(held))
    shapely.prepare(whole)
    drawn: list[Floats] = []
    put: set[Vertex] = set()
    for line in lines:
        snapped = shapely.get_coordinates(shapely.snap(shapely.linestrings(line), corners, TOUCH_DEG))
        near = shapely.dwithin(shapely.points(snapped), whole, TOUCH_DEG)
        for i in np.flatnonzero(near).tolist():
            snapped[i], new = _onto(held, snapped[i])
            if new:
                put.add((float(snapped[i, 0]), float(snapped[i, 1])))
        moved = np.ones(len(snapped), dtype=bool)
        moved[1:] = (np.diff(snapped, axis=0) != 0).any(axis=1)
        if moved.sum() > 1:
            drawn.append(snapped[moved])
    return held, drawn, put


def _onto(held: list[Floats], place: Floats) -> tuple[Floats, bool]:
    """Put a place on the nearest border: return where, and whether a corner was added there (in held)."""
    best = (np.inf, 0, 0, 0.0)
    for i, xy in enumerate(held):
        a, d = xy[:-1], np.diff(xy, axis=0)
        t = np.clip(((place - a) * d).sum(axis=1) / np.maximum((d * d).sum(axis=1), 1e-300), 0.0, 1.0)
        off = np.hypot(*(a + t[:, None] * d - place).T)
        j = int(np.argmin(off))
        if off[j] < best[0]:
            best = (float(off[j]), i, j, float(t[j]))
    _, i, j, t = best
    xy = held[i]
    spot = xy[j] + t * (xy[j + 1] - xy[j])
    for end in (j, j + 1):
        if np.hypot(*(xy[end] - spot)) <= TOUCH_DEG:
            return xy[end].copy(), False
    held[i] = np.insert(xy, j + 1, spot, axis=0)
    return spot, True


def without_strips(cells: Cells, labels: list[FaceId]) -> list[FaceId]:
    """Return the labels with every strip of no width given to the label beside its longest side."""
    found = list(labels)
    thin = [i for i, cell in enumerate(cells.polygons) if width_m(cell) < _STRIP_M]
    if not thin or len(thin) == len(found):
        return found
    tree = shapely.STRtree(cells.polygons)
    left = set(thin)
    # From the broadest to the narrowest, so that strips beside strips end at real ground.
    for i in sorted(thin, key=lambda i: -float(cells.polygons[i].area)):
        sides: dict[FaceId, float] = {}
        for j in tree.query(cells.polygons[i]).tolist():
            if j == i or (j in left and len(left) < len(found)):
                continue
            shared = shapely.intersection(cells.polygons[i].exterior, cells.polygons[j].boundary).length
            if shared > 0:
                sides[found[j]] = sides.get(found[j], 0.0) + shared
        if sides:
            found[i] = max(sorted(sides), key=lambda name: sides[name])
        left.discard(i)
    return found


def width_m(cell: Polygon) -> float:
    """Return the mean width of a polygon in metres: twice its area over its perimeter."""
    east, north = metres(float(cell.bounds[1]))
    xy = shapely.get_coordinates(cell) * (east, north)
    around = float(np.hypot(*np.diff(xy, axis=0).T).sum())
    return 2 * area_m2(cell) / around if around else 0.0


def joined(cells: Cells, labels: Sequence[FaceId]) -> dict[FaceId, BaseGeometry]:
    """Return the ground of each label: its cells with the linework between them dropped, nothing else altered."""
    of: dict[FaceId, list[Polygon]] = {}
    for cell, label in zip(cells.polygons, labels, strict=True):
        of.setdefault(label, []).append(cell)
    return {label: shapely.coverage_union_all(np.array(found, dtype=object)) for label, found in of.items()}
