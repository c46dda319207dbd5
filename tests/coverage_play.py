"""Random planners for the tests of the coverage: any operation, with any arguments, sensible or not.

What they ask for is told as the doors tell it (`onemap/planning/edits.py`), so that it can be asked of a coverage here
and of a plan in `tests/plan_play.py`; only `snap` brings its own lines, and `replace` its parts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from shapely import LineString, MultiPoint, Point, box
from shapely.geometry.base import BaseGeometry

from onemap.planning.coverage import (
    Coverage,
    Delta,
    Face,
    Refused,
    describe,
    insert,
    merge,
    move,
    reassign,
    remove,
    replace,
    reshape,
    simplify,
    snap,
    split,
)

Draw = Callable[[], float]
Asked = Mapping[str, Any]


@dataclass
class Play:
    """A coverage that is worked on; `draw` gives numbers from 0 to 1."""

    cov: Coverage
    draw: Draw
    done: list[Delta] = field(default_factory=list)
    undone: list[Delta] = field(default_factory=list)
    count: Counter[tuple[str, str]] = field(default_factory=Counter)

    def step(self) -> str:
        """Do an operation, or undo or redo one; return its name."""
        name = self.pick([*KINDS, "undo", "undo", "redo"])
        if name == "undo" or name == "redo":
            back, onto = (self.done, self.undone) if name == "undo" else (self.undone, self.done)
            if back:
                delta = back.pop()
                self.cov.patch(delta.reversed() if name == "undo" else delta)
                onto.append(delta)
            self.count[name, "done" if back else "empty"] += 1
            return name
        try:
            delta = performed(self.cov, name, KINDS[name](self))
        except Refused as refused:
            assert refused.zh and refused.en
            self.count[name, refused.reason] += 1
            return name
        self.cov.patch(delta)
        self.done.append(delta)
        self.undone.clear()
        self.count[name, "done"] += 1
        return name

    def pick(self, among: Sequence[Any]) -> Any:
        return among[min(int(self.draw() * len(among)), len(among) - 1)]

    def face(self) -> str:
        return str(self.pick(list(self.cov.faces)))

    def beside(self, face: str) -> str:
        return str(self.pick(sorted(self.cov.neighbours(face)) or [face]))

    def inside(self, face: str, over: float = 0.3) -> tuple[float, float]:
        """A place in a face's box, or a little beyond it."""
        west, south, east, north = self.cov.polygon(face).bounds
        along, up = (self.draw() * (1 + 2 * over) - over for _ in range(2))
        return (west + along * (east - west), south + up * (north - south))

    def corner(self, face: str) -> np.ndarray[Any, Any]:
        xy = self.cov.arcs[self.pick(sorted(self.cov.arcs_of(face)))].xy
        return np.array(self.pick(list(xy)))

    def near(self, place: np.ndarray[Any, Any], face: str, how: float) -> tuple[float, float]:
        west, south, east, north = self.cov.polygon(face).bounds
        return (
            float(place[0] + (self.draw() - 0.5) * how * (east - west)),
            float(place[1] + (self.draw() - 0.5) * how * (north - south)),
        )


def _xy(place: Sequence[float] | np.ndarray[Any, Any]) -> tuple[float, float]:
    return float(place[0]), float(place[1])


def _split(play: Play) -> Asked:
    face = play.face()
    return {"grid": face, "line": [play.inside(face) for _ in range(play.pick([2, 3, 4]))]}


def _merge(play: Play) -> Asked:
    face = play.face()
    return {"grids": [face, *(play.beside(face) for _ in range(play.pick([1, 2])))]}


def _move(play: Play) -> Asked:
    face = play.face()
    at = play.corner(face)
    # Now and then exactly onto another corner, as a snapping pointer does.
    to = play.corner(play.beside(face)) if play.draw() < 0.2 else play.near(at, face, play.pick([0.05, 0.5]))
    return {"at": _xy(at), "to": _xy(to)}


def _insert(play: Play) -> Asked:
    face = play.face()
    arc = play.cov.arcs[play.pick(sorted(play.cov.arcs_of(face)))]
    i = play.pick(range(len(arc.xy) - 1))
    at = (arc.xy[i] + arc.xy[i + 1]) / 2
    to = at if play.draw() < 0.2 else play.near(at, face, 0.5)
    return {"arc": arc.id, "at": _xy(at), "to": _xy(to)}


def _remove(play: Play) -> Asked:
    return {"at": _xy(play.corner(play.face()))}


def _reshape(play: Play) -> Asked:
    face = play.face()
    start = play.corner(face)
    end = play.corner(face if play.draw() < 0.7 else play.beside(face))
    between = [play.near((start + end) / 2, face, 0.4) for _ in range(play.pick([1, 2]))]
    return {"line": [_xy(place) for place in (start, *between, end)]}


def _reassign(play: Play) -> Asked:
    face = play.face()
    low, high = play.inside(face), play.inside(face)
    west, south, east, north = play.cov.polygon(face).bounds
    spot = Point(play.corner(face)).buffer((0.05 + 0.4 * play.draw()) * min(east - west, north - south))
    around = MultiPoint([play.inside(face, 0.0) for _ in range(5)]).convex_hull
    region: BaseGeometry = play.pick([box(*low, *high), spot, spot, around])
    return {"area": region, "to": play.pick([face, play.beside(face)])}


def _replace(play: Play) -> Asked:
    face = play.face()
    named = list(dict.fromkeys([face, play.beside(face) if play.draw() < 0.5 else face]))
    whole = shapely.union_all(play.cov.polygons(named))
    seeds = MultiPoint([play.inside(face, 0.0) for _ in range(play.pick([2, 3, 5]))])
    spread = whole.envelope.buffer(10 * max(whole.bounds[2] - whole.bounds[0], 1e-6))
    # Cut by GEOS, so that parts do not quite match each other nor the border.
    grounds = [
        piece
        for cell in shapely.get_parts(shapely.voronoi_polygons(seeds, extend_to=spread))
        for piece in shapely.get_parts(shapely.intersection(cell, whole))
        if piece.geom_type == "Polygon"
    ]
    ids = [face, *play.cov.next_ids(len(grounds))]
    props = play.cov.faces[face].props
    return {"grids": named, "parts": [(Face(ids[i], props), ground) for i, ground in enumerate(grounds)]}


def _several(play: Play) -> list[str]:
    face = play.face()
    return [face, *sorted(play.cov.neighbours(face))[: play.pick([1, 2, 3])]]


def _snap(play: Play) -> Asked:
    faces = _several(play)
    lines = [LineString([play.inside(faces[0]) for _ in range(3)]) for _ in range(play.pick([1, 2]))]
    return {"grids": faces, "lines": lines, "tolerance_m": play.pick([5.0, 15.0, 60.0])}


def _simplify(play: Play) -> Asked:
    return {"grids": _several(play), "tolerance_m": play.pick([0.5, 2.0, 20.0])}


def _describe(play: Play) -> Asked:
    return {"grid": play.face(), "name": str(play.draw())}


#: What each kind of operation asks for, but for its name.
KINDS: dict[str, Callable[[Play], Asked]] = {
    "split": _split,
    "merge": _merge,
    "move": _move,
    "insert": _insert,
    "remove": _remove,
    "reshape": _reshape,
    "reassign": _reassign,
    "replace": _replace,
    "snap": _snap,
    "simplify": _simplify,
    "describe": _describe,
}


def performed(cov: Coverage, name: str, asked: Asked) -> Delta:
    """What is asked for, as a difference of the coverage. Raises Refused."""
    match name:
        case "split":
            return split(cov, asked["grid"], asked["line"])
        case "merge":
            return merge(cov, asked["grids"])
        case "move":
            return move(cov, asked["at"], asked["to"])
        case "insert":
            return insert(cov, asked["arc"], asked["at"], asked["to"])
        case "remove":
            return remove(cov, asked["at"])
        case "reshape":
            return reshape(cov, asked["line"])
        case "reassign":
            return reassign(cov, asked["area"], asked["to"])
        case "replace":
            return replace(cov, asked["grids"], asked["parts"])
        case "snap":
            return snap(cov, asked["grids"], asked["lines"], asked["tolerance_m"])
        case "simplify":
            return simplify(cov, asked["grids"], asked["tolerance_m"])
    return describe(cov, asked["grid"], {"name": asked["name"]})


def written(cov: Coverage) -> set[tuple[bytes, str | None, str | None]]:
    """The arcs of a coverage without ids, direction and where a ring begins: equal for equal coverages."""
    found = set()
    for arc in cov.arcs.values():
        xy, left, right = arc.xy, arc.left, arc.right
        if set(cov.arcs_at(arc.first)) == {arc.id} and arc.closed:
            ring = xy[:-1]
            ring = np.roll(ring, -int(np.lexsort((ring[:, 1], ring[:, 0]))[0]), axis=0)
            xy = np.concatenate([ring, ring[:1]])
        if xy[::-1].tobytes() < xy.tobytes():
            xy, left, right = xy[::-1], right, left
        found.add((xy.tobytes(), left, right))
    return found


def judged(cov: Coverage, area: float) -> None:
    """GEOS finds no gap, no overlap, nothing invalid; and polygons alone give the same arcs again."""
    grounds = cov.polygons(cov.faces)
    assert shapely.is_valid(grounds).all()
    # Pair by pair: coverage_is_valid takes borders for wrong that end where a hole touches its own shell.
    tree = shapely.STRtree(grounds)
    one, other = tree.query(grounds)
    apart = one < other
    assert not shapely.relate_pattern(grounds[one[apart]], grounds[other[apart]], "T********").any()
    assert abs(float(shapely.area(grounds).sum()) - area) <= 1e-9 * area
    assert abs(float(shapely.union_all(grounds).area) - area) <= 1e-9 * area
    again = Coverage.from_polygons(list(cov.faces.values()), grounds)
    assert written(again) == written(cov)
