"""From the arcs of a face to its rings, and from rings to polygons with exactly the arcs' vertices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon

from onemap.planning.coverage.model import Arc, FaceId, Floats, Vertex


class Broken(Exception):
    """Arcs that do not close to polygons with the face on their left."""


@dataclass(frozen=True)
class Outline:
    """Rings as arc ids, ~id for one that runs backwards: shell first, then its holes; how many to each polygon."""

    rings: list[list[int]]
    polygons: list[int]
    geom: MultiPolygon


@dataclass(frozen=True)
class _Run:
    """An arc in the direction in which the face is on its left."""

    id: int
    xy: Floats

    @property
    def first(self) -> Vertex:
        return (float(self.xy[0, 0]), float(self.xy[0, 1]))

    @property
    def last(self) -> Vertex:
        return (float(self.xy[-1, 0]), float(self.xy[-1, 1]))


def outline(face: FaceId, arcs: Sequence[Arc]) -> Outline:
    """Return the rings and polygons of a face. Raises Broken."""
    runs = [_Run(arc.id, arc.xy) if arc.left == face else _Run(~arc.id, arc.xy[::-1]) for arc in arcs]
    rings = [_ring(loop) for loop in _loops(runs)]
    shells = [(ids, xy) for ids, xy, area in rings if area > 0]
    holes = [(ids, xy) for ids, xy, area in rings if area <= 0]
    if not shells:
        raise Broken
    if len(shells) == 1:
        mine = [list(range(len(holes)))]
    else:
        mine = _shared_out(shells, holes)
    ordered: list[list[int]] = []
    polygons, counts = [], []
    for (ids, xy), inside in zip(shells, mine, strict=True):
        ordered.append(ids)
        ordered.extend(holes[i][0] for i in inside)
        counts.append(1 + len(inside))
        polygons.append(Polygon(xy, [holes[i][1] for i in inside]))
    return Outline(ordered, counts, MultiPolygon(polygons))


def _loops(runs: list[_Run]) -> list[list[_Run]]:
    """Chain runs into loops that pass no node twice."""
    out: dict[Vertex, list[_Run]] = {}
    for run in runs:
        out.setdefault(run.first, []).append(run)
    loops = []
    while out:
        # A walk that comes back to a node it has passed cuts off a loop there: that keeps every ring simple.
        start = next(iter(out))
        way: list[_Run] = []
        passed: dict[Vertex, int] = {start: 0}
        at = start
        while True:
            step = _next(out, at, way[-1] if way else None)
            way.append(step)
            at = step.last
            if at in passed:
                loops.append(way[passed[at] :])
                for gone in way[passed[at] + 1 :]:
                    del passed[gone.first]
                del way[passed[at] :]
                if not way:
                    break
            else:
                passed[at] = len(way)
    return loops


def _next(out: dict[Vertex, list[_Run]], at: Vertex, came: _Run | None) -> _Run:
    """Take the run that leaves a node: where there are several, the first to the left of the interior's wedge."""
    choice = out.get(at)
    if not choice:
        raise Broken
    pick = 0
    if len(choice) > 1 and came is not None:
        back = _angle(at, came.xy[-2])
        # First clockwise from the way back: between the two lies nothing but the face.
        pick = min(range(len(choice)), key=lambda i: (back - _angle(at, choice[i].xy[1])) % (2 * math.pi) or 7.0)
    step = choice.pop(pick)
    if not choice:
        del out[at]
    return step


def _angle(at: Vertex, to: Floats) -> float:
    return math.atan2(float(to[1]) - at[1], float(to[0]) - at[0])


def _ring(loop: list[_Run]) -> tuple[list[int], Floats, float]:
    xy = loop[0].xy if len(loop) == 1 else np.concatenate([*(run.xy[:-1] for run in loop), loop[-1].xy[-1:]])
    if len(xy) < 4:
        raise Broken
    x, y = xy[:, 0] - xy[0, 0], xy[:, 1] - xy[0, 1]
    area = float(np.dot(x[:-1], y[1:]) - np.dot(x[1:], y[:-1]))
    return [run.id for run in loop], xy, area


def _shared_out(shells: list[tuple[list[int], Floats]], holes: list[tuple[list[int], Floats]]) -> list[list[int]]:
    """Return for each shell its holes: the smallest shell around a hole is its own."""
    mine: list[list[int]] = [[] for _ in shells]
    around = np.array([Polygon(xy) for _, xy in shells], dtype=object)
    areas = shapely.area(around)
    for i, (_, xy) in enumerate(holes):
        hole = Polygon(xy)
        try:
            found = np.flatnonzero(shapely.covers(around, hole))
        except shapely.GEOSException as error:
            raise Broken from error
        if not len(found):
            raise Broken
        mine[int(found[np.argmin(areas[found])])].append(i)
    return mine
