"""Draw a stretch of border anew, from where a line first meets it to where it last does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import LineString, MultiLineString, Point
from shapely.geometry.base import BaseGeometry

from onemap.planning.coverage.cells import cut, joined, without_strips
from onemap.planning.coverage.cover import Coverage
from onemap.planning.coverage.ground import metres
from onemap.planning.coverage.model import Arc, Delta, Face, FaceId, Floats, Vertex
from onemap.planning.coverage.parts import something, unlocked
from onemap.planning.coverage.redraw import REACH_M, Line, line_of
from onemap.planning.coverage.refusal import Refused
from onemap.planning.coverage.settle import rebuild
from onemap.planning.coverage.slide import by_side

_END_DEG = 1e-12


def reshape(cov: Coverage, line: Line | BaseGeometry) -> Delta:
    """Draw a stretch of border anew: the line takes the place of the border between its first and last meeting.

    The line begins and ends on (or within 10 m of) the border between the same two faces; one end may instead lie on
    another border of one of them, then the border's nearer end moves there. Raises Refused (no-line, border, locked,
    crossing, torn, empty, nothing).
    """
    drawn = line_of(line)
    if not LineString(drawn).is_simple:
        raise Refused("crossing", where=LineString(drawn))
    pair, chain = _meant(cov, drawn)
    unlocked(cov, pair)
    laid = _laid(cov, pair, chain, drawn)
    old = {number for name in pair for number in cov.arcs_of(name)}
    between = {number for number in old if cov.arcs[number].sides == set(pair)}
    border = [cov.arcs[number].xy for number in sorted(old - between)]
    others = [cov.arcs[number] for number in sorted(between - {arc.id for arc in chain})]
    kept = [xy for xy in laid.kept if len(xy) > 1]
    cells = cut(cov, pair, [laid.line], [*border, *(arc.xy for arc in others), *kept])
    sides = [(arc.left, arc.xy, arc.right) for arc in others]
    sides += [(laid.left, xy, laid.right) for xy in kept]
    labels = by_side(cells, [*sides, (laid.left, laid.line, laid.right)], pair)
    grounds = joined(cells, without_strips(cells, labels))
    for name in pair:
        if name not in grounds:
            raise Refused("empty", name, where=cov.polygon(name))
    parts: list[tuple[Face, BaseGeometry]] = [(cov.face(name), grounds[name]) for name in pair]
    return something(rebuild(cov, pair, parts, passing=cells.passing))


def _meant(cov: Coverage, drawn: Floats) -> tuple[list[FaceId], list[Arc]]:
    """Return the two faces whose border the line redraws, and the chain of arcs of that border."""
    faces = cov.meeting(LineString(drawn).buffer(REACH_M / metres(float(drawn[0, 1]))[1]))
    arcs = {number: cov.arcs[number] for face in faces for number in cov.arcs_of(face)}
    line = LineString(drawn)
    best: tuple[float, list[FaceId], list[Arc]] | None = None
    shut = False
    seen: set[frozenset[FaceId]] = set()
    for arc in arcs.values():
        if len(arc.sides) < 2:
            shut = shut or max(_ends_off_m([arc], line)) <= REACH_M
            continue
        if arc.sides in seen:
            continue
        seen.add(arc.sides)
        for chain in _chains([one for one in arcs.values() if one.sides == arc.sides]):
            off = _ends_off_m(chain, line)
            # Both ends on this border; or one on it, and the other at least on a border of its two faces.
            if max(off) > REACH_M and not (min(off) <= REACH_M and _other_end(cov, arc.sides, drawn, off)):
                continue
            if cov.fixed(arc):
                shut = True
                continue
            cost = sum(min(one, 1000.0) for one in off)
            if best is None or cost < best[0]:
                best = (cost, sorted(arc.sides), chain)
    if best is None:
        raise Refused("border" if shut else "no-line", where=line)
    return best[1], best[2]


def _chains(arcs: Sequence[Arc]) -> list[list[Arc]]:
    """Group the arcs between two faces into runs that hang together."""
    groups: list[tuple[set[Vertex], list[Arc]]] = []
    for arc in arcs:
        ends, run = {arc.first, arc.last}, [arc]
        apart = []
        for other in groups:
            if other[0] & ends:
                ends |= other[0]
                run += other[1]
            else:
                apart.append(other)
        groups = [*apart, (ends, run)]
    return [run for _, run in groups]


def _ends_off_m(chain: Sequence[Arc], line: LineString) -> tuple[float, float]:
    """Return how far the line's ends are from a chain in metres; 0 where the line crosses it."""
    whole = MultiLineString([arc.xy for arc in chain])
    xy = shapely.get_coordinates(line)
    crossed = shapely.intersection(line, whole)
    off = []
    for end in (xy[0], xy[-1]):
        way = shapely.get_coordinates(shapely.shortest_line(Point(end), whole))
        off.append(float(np.hypot(*((way[1] - way[0]) * metres(float(end[1]))))))
    if not crossed.is_empty:
        where = shapely.line_locate_point(line, shapely.points(shapely.get_coordinates(crossed)))
        # Crossed twice or more: whatever lies before the first and after the last crossing is let go.
        if float(np.ptp(where)) > line.length / 2:
            return 0.0, 0.0
    return off[0], off[1]


def _other_end(cov: Coverage, sides: frozenset[FaceId], drawn: Floats, off: tuple[float, float]) -> bool:
    end = Point(drawn[0] if off[0] > off[1] else drawn[-1])
    for name in sides:
        way = shapely.get_coordinates(shapely.shortest_line(end, shapely.boundary(cov.polygon(name))))
        if np.hypot(*((way[1] - way[0]) * metres(end.y))) <= REACH_M:
            return True
    return False


@dataclass(frozen=True)
class _Laid:
    """The new stretch in the direction of the old border, the faces on its sides, and what stays of the old."""

    line: Floats
    left: FaceId | None
    right: FaceId | None
    kept: list[Floats]


def _laid(cov: Coverage, pair: Sequence[FaceId], chain: Sequence[Arc], drawn: Floats) -> _Laid:
    """Return the new stretch, its ends on borders. Raises Refused (no-line)."""
    whole = shapely.line_merge(MultiLineString([arc.xy for arc in chain]))
    if not isinstance(whole, LineString):
        raise Refused("no-line", where=LineString(drawn))
    old = shapely.get_coordinates(whole)
    left, right = _sides(old, chain[0])
    length = float(whole.length)
    asked = LineString(drawn)
    start, drawn = _foot(cov, pair, whole, drawn)
    if len(drawn) < 2:
        raise Refused("no-line", where=asked)
    end, back = _foot(cov, pair, whole, drawn[::-1])
    drawn = back[::-1]
    if len(drawn) < 2:
        raise Refused("no-line", where=asked)
    closed = bool((old[0] == old[-1]).all())
    if start is None or end is None:
        on = end if start is None else start
        if on is None or closed:
            raise Refused("no-line", where=LineString(drawn))
        loose = drawn[0] if start is None else drawn[-1]
        # The end of the border that lies nearer to where the line ends is the one that moves there.
        first = bool(np.hypot(*(old[0] - loose)) <= np.hypot(*(old[-1] - loose)))
        if min(on, length - on) <= _END_DEG:
            first = on > _END_DEG
        kept = _substring(old, on, length) if first else _substring(old, 0.0, on)
        return _Laid(drawn if first == (start is None) else drawn[::-1], left, right, [kept])
    if abs(start - end) <= _END_DEG:
        raise Refused("no-line", where=LineString(drawn))
    ahead = drawn if start < end else drawn[::-1]
    low, high = sorted((start, end))
    inner, outer = _substring(old, low, high), _around(old, low, high, length)
    if not closed:
        return _Laid(ahead, left, right, [_substring(old, 0.0, low), _substring(old, high, length)])
    # Of the two ways round, the one that the line runs nearer to is drawn anew.
    far = [float(shapely.hausdorff_distance(LineString(way), LineString(drawn))) for way in (inner, outer)]
    if far[0] <= far[1]:
        return _Laid(ahead, left, right, [outer])
    return _Laid(ahead[::-1], left, right, [inner])


def _sides(old: Floats, arc: Arc) -> tuple[FaceId | None, FaceId | None]:
    """Return the faces left and right of a line of which an arc is a part."""
    for i in np.flatnonzero((old[:-1] == arc.xy[0]).all(axis=1)).tolist():
        if (old[i + 1] == arc.xy[1]).all():
            return arc.left, arc.right
    return arc.right, arc.left


def _foot(cov: Coverage, pair: Sequence[FaceId], whole: LineString, drawn: Floats) -> tuple[float | None, Floats]:
    """Return where on the border the line begins, and the line from there; None where it begins on another border."""
    line = LineString(drawn)
    first = Point(drawn[0])
    scale = np.array(metres(first.y))
    way = shapely.get_coordinates(shapely.shortest_line(first, whole))
    crossed = shapely.get_coordinates(shapely.intersection(line, whole))
    where = np.array([line.project(Point(place)) for place in crossed])
    soon = len(where) and float(where.min()) * float(scale.min()) <= 2 * REACH_M
    if not soon and np.hypot(*((way[1] - way[0]) * scale)) <= REACH_M:
        spot = way[1]
        along = drawn if (way[1] == way[0]).all() else np.concatenate([way[1:], drawn])
        return float(whole.project(Point(spot))), along
    if soon:
        return _from(whole, line, drawn, crossed)
    boundary = shapely.union_all([shapely.boundary(cov.polygon(name)) for name in pair])
    way = shapely.get_coordinates(shapely.shortest_line(first, boundary))
    if np.hypot(*((way[1] - way[0]) * scale)) <= REACH_M and len(crossed) < 2:
        return None, drawn if (way[1] == way[0]).all() else np.concatenate([way[1:], drawn])
    if not len(crossed):
        return None, drawn
    return _from(whole, line, drawn, crossed)


def _from(whole: LineString, line: LineString, drawn: Floats, crossed: Floats) -> tuple[float, Floats]:
    """Return where the line first crosses the border, along the border, and the line from there."""
    where = np.array([line.project(Point(place)) for place in crossed])
    i = int(np.argmin(where))
    rest = _substring(drawn, float(where[i]), line.length)
    rest[0] = crossed[i]
    return float(whole.project(Point(crossed[i]))), rest


def _substring(xy: Floats, low: float, high: float) -> Floats:
    """Return the part of a line between two distances along it; its own vertices are kept to the bit."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
    inside = (along > low + 1e-12) & (along < high - 1e-12)
    line = LineString(xy)
    ends = [xy[0] if low <= 1e-12 else np.array(line.interpolate(low).coords[0])]
    last = xy[-1] if high >= along[-1] - 1e-12 else np.array(line.interpolate(high).coords[0])
    # A distance that is that of a vertex is that vertex.
    for i, distance in ((0, low), (1, high)):
        near = int(np.argmin(np.abs(along - distance)))
        if abs(along[near] - distance) <= 1e-12:
            if i == 0:
                ends[0] = xy[near]
            else:
                last = xy[near]
    made = np.concatenate([[ends[0]], xy[inside], [last]])
    keep = np.ones(len(made), dtype=bool)
    keep[1:] = (np.diff(made, axis=0) != 0).any(axis=1)
    return np.asarray(made[keep])


def _around(xy: Floats, low: float, high: float, length: float) -> Floats:
    tail, head = _substring(xy, high, length), _substring(xy, 0.0, low)
    return np.concatenate([tail, head[1:]]) if len(tail) > 1 else head
