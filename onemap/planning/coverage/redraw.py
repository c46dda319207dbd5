"""Operations that redraw ground along a line or an area: split, reassign."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import shapely
from shapely import LineString, Point
from shapely.geometry.base import BaseGeometry

from onemap.planning.coverage.cells import Cells, cut, joined, width_m, without_strips
from onemap.planning.coverage.cover import Coverage
from onemap.planning.coverage.ground import area_m2, metres
from onemap.planning.coverage.model import Delta, Face, FaceId, Floats
from onemap.planning.coverage.parts import something, unlocked
from onemap.planning.coverage.refusal import Refused
from onemap.planning.coverage.settle import rebuild

# A line that stops this short of the border was meant to reach it.
REACH_M = 10.0
LEAST_M2 = 1.0
# A line this long that crosses itself is no border: it could cross itself millions of times.
_SCRIBBLE = 500
# Pieces this small (or a hundredth of a grid) that come off when ground changes hands go along with it.
CRUMB_M2 = 50.0
_STRIP_M = 0.02

Line = npt.ArrayLike


def line_of(line: Line | BaseGeometry) -> Floats:
    """Return the vertices of a drawn line. Raises Refused (no-cut) unless it has two different ones."""
    xy = shapely.get_coordinates(line) if isinstance(line, BaseGeometry) else np.asarray(line, dtype=np.float64)
    xy = xy.reshape(-1, 2)[:, :2] + 0.0
    keep = np.ones(len(xy), dtype=bool)
    keep[1:] = (np.diff(xy, axis=0) != 0).any(axis=1)
    xy = xy[keep]
    if len(xy) < 2 or not np.isfinite(xy).all():
        raise Refused("no-cut")
    if len(xy) > _SCRIBBLE and not LineString(xy).is_simple:
        raise Refused("crossing", where=LineString(xy))
    return xy


def split(cov: Coverage, face: FaceId, line: Line | BaseGeometry) -> Delta:
    """Cut a face along a line; ends that stop short of the border by up to 10 m reach it, and may lie beyond.

    The larger part keeps the id; the others are new, with the same attributes and no code. Raises Refused (no-face,
    locked, no-cut, too-small, crossing).
    """
    unlocked(cov, [face])
    ground = cov.polygon(face)
    drawn = _reaching(ground, line_of(line))
    cells = cut(cov, [face], [drawn])
    real = [i for i, cell in enumerate(cells.polygons) if width_m(cell) >= _STRIP_M]
    pieces = shapely.get_parts(ground)
    if len(real) <= len(pieces):
        raise Refused("no-cut", where=LineString(drawn))
    labels = [face] * len(cells.polygons)
    for piece in pieces:
        shapely.prepare(piece)
        mine = [i for i in real if piece.intersects(cells.polygons[i].point_on_surface())]
        mine.sort(key=lambda i: -float(cells.polygons[i].area))
        for i in mine[1:]:
            labels[i] = ""
    old = cov.face(face)
    new = [i for i in range(len(labels)) if labels[i] == ""]
    parts = [old]
    for i, name in zip(new, cov.next_ids(len(new)), strict=True):
        labels[i] = name
        parts.append(Face(name, {**old.props, "code": None}))
    grounds = joined(cells, without_strips(cells, labels))
    for name, found in grounds.items():
        if area_m2(found) < LEAST_M2:
            raise Refused("too-small", name, where=found, least=LEAST_M2)
    return rebuild(cov, [face], [(part, grounds[part.id]) for part in parts], passing=cells.passing)


def _reaching(ground: BaseGeometry, xy: Floats) -> Floats:
    """Return the line with ends that nearly reach the border drawn on to it."""
    border = shapely.boundary(ground)
    shapely.prepare(ground)
    for last in (False, True):
        end = Point(xy[-1] if last else xy[0])
        if not ground.contains(end):
            continue
        way = shapely.get_coordinates(shapely.shortest_line(end, border))
        east, north = metres(end.y)
        if np.hypot(*((way[1] - way[0]) * (east, north))) <= REACH_M and (way[1] != way[0]).any():
            xy = np.concatenate([xy, way[1:]] if last else [way[1:], xy])
    return xy


def reassign(cov: Coverage, region: BaseGeometry, to: FaceId) -> Delta:
    """Give the ground of a region to a face, which it must adjoin; only ground of its own community can be given.

    What the region reaches of other communities by less than a thousandth of its area is left out. Raises Refused
    (no-face, locked, border, apart, cut-off, empty, torn, nothing).
    """
    receiver = cov.face(to)
    unlocked(cov, [to])
    region = _area(region)
    givers = []
    slack = max(LEAST_M2, area_m2(region) / 1000)
    for name in cov.meeting(region):
        if name == to:
            continue
        taken = shapely.intersection(cov.polygon(name), region)
        if not taken.area:
            continue
        foreign = cov.face(name).community != receiver.community
        if foreign or cov.face(name).locked:
            if area_m2(taken) > slack:
                raise Refused("border" if foreign else "locked", name, where=taken)
            continue
        givers.append(name)
    if not givers:
        raise Refused("nothing")
    named = [to, *givers]
    rings = [shapely.get_coordinates(ring) for ring in shapely.get_rings(shapely.get_parts(region))]
    cells = cut(cov, named, rings)
    shapely.prepare(region)
    given = shapely.intersects(region, shapely.point_on_surface(cells.polygons))
    labels = [to if inside else owner for inside, owner in zip(given.tolist(), cells.owner, strict=True)]
    wanted = without_strips(cells, labels)
    labels = _without_crumbs(cov, cells, wanted, to)
    if labels == cells.owner and labels != wanted:
        raise Refused("apart", to, where=region)
    grounds = joined(cells, labels)
    for name in named:
        if name not in grounds:
            raise Refused("empty", name, where=cov.polygon(name))
    for name in named:
        _in_one(cov, name, grounds[name], "apart" if name == to else "cut-off")
    parts: Sequence[tuple[Face, BaseGeometry]] = [(cov.face(name), grounds[name]) for name in named]
    return something(rebuild(cov, named, parts, passing=cells.passing))


def _in_one(cov: Coverage, face: FaceId, ground: BaseGeometry, reason: str) -> None:
    """Raise Refused where a face would have more pieces than it has, with those pieces that are not what it was.

    Of who gets ground that is what lies apart from all it had; of who gives, all but its largest pieces.
    """
    pieces = sorted(shapely.get_parts(ground), key=lambda piece: -float(piece.area))
    allowed = len(cov.outline(face).polygons)
    if len(pieces) <= allowed:
        return
    off = pieces[allowed:]
    if reason == "apart":
        had = cov.polygon(face)
        off = [one for one in pieces if area_m2(shapely.intersection(one, had)) < LEAST_M2]
    if off:
        raise Refused(reason, face, where=shapely.union_all(np.array(off, dtype=object)))


def _without_crumbs(cov: Coverage, cells: Cells, labels: list[FaceId], to: FaceId) -> list[FaceId]:
    """Return the labels with small pieces that would come off given to the other side.

    A crumb of a giver goes along to the receiver; a crumb of the region that does not reach the receiver stays.
    """
    found = list(labels)
    inside = [cell.point_on_surface() for cell in cells.polygons]
    for name, ground in joined(cells, labels).items():
        pieces = sorted(shapely.get_parts(ground), key=lambda piece: -float(piece.area))
        allowed = len(cov.outline(name).polygons)
        limit = max(CRUMB_M2, area_m2(cov.polygon(name)) / 100)
        for piece in pieces[allowed:]:
            if area_m2(piece) > limit:
                continue
            shapely.prepare(piece)
            for i in np.flatnonzero(shapely.intersects(piece, inside)).tolist():
                if labels[i] == name:
                    found[i] = cells.owner[i] if name == to else to
    return found


def _area(region: BaseGeometry) -> BaseGeometry:
    """Return a valid (multi)polygon. Raises Refused (nothing) if the region has no area."""
    if not shapely.is_valid(region):
        region = shapely.make_valid(region, method="structure")
    parts = [part for part in shapely.get_parts(region) if part.geom_type in ("Polygon", "MultiPolygon")]
    whole: BaseGeometry = shapely.union_all(np.array(parts, dtype=object)) if len(parts) != 1 else parts[0]
    if whole.is_empty or whole.area <= 0:
        raise Refused("nothing")
    return whole
