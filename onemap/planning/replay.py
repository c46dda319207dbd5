"""What an edit does, freed of arc ids, and the same thing done to a coverage that has changed since.

A delta is bound to the coverage it was made on. Its effect is not: stretches of border that go and come, each with the
grids on its sides, and the attributes that change. An effect fits another coverage when everything that it takes away
is there as it was; then exactly the same ground changes hands. When something is not, it clashes, and nothing is done.
Undo under later edits, edits of two planners at once, rebase and merge are all this one thing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import shapely
from shapely import LineString
from shapely.geometry.base import BaseGeometry

from onemap.core.errors import Conflict
from onemap.planning.coverage import Arc, Coverage, Delta, Face, FaceId
from onemap.planning.weave import Sides, Strip, stretches, woven

Because = Literal["changed", "locked", "crossing", "torn", "gone"]
Props = Mapping[str, Any]

_WHY: dict[Because, tuple[str, str]] = {
    "changed": ("这里的边界或属性已被改动", "The border or the attributes here were changed"),
    "locked": ("网格已被锁定", "The grid was locked"),
    "crossing": ("两处修改的边界会交叉", "The borders of the two changes would cross"),
    "torn": ("网格会断成几块", "A grid would fall into pieces"),
    "gone": ("网格已不存在", "The grid is no longer there"),
}


class Clash(Conflict):
    """An effect does not fit a coverage. `grids` are those of the clash, `where` the border it is about, if any."""

    code = "clash"

    def __init__(self, because: Because, grids: Iterable[FaceId], where: BaseGeometry | None = None) -> None:
        zh, en = _WHY[because]
        super().__init__(f"{zh} · {en}", reason="conflict")
        self.because = because
        self.zh, self.en = zh, en
        self.grids = tuple(sorted(set(grids)))
        self.where = where


@dataclass(frozen=True)
class Effect:
    """Stretches of border (two ends, in order) with their sides, and grids with their attributes before and after."""

    gone: Mapping[Strip, Sides]
    come: Mapping[Strip, Sides]
    faces: Mapping[FaceId, tuple[Props | None, Props | None]]

    @property
    def touched(self) -> frozenset[FaceId]:
        """Grids whose border or attributes change."""
        return frozenset(self.faces)


def effect_of(delta: Delta) -> Effect:
    """What a delta does."""
    gone, come = stretches(delta.arcs_gone), stretches(delta.arcs)
    same = {strip for strip, sides in gone.items() if come.get(strip) == sides}
    before = {face.id: face.props for face in delta.faces_gone}
    after = {face.id: face.props for face in delta.faces}
    return Effect(
        {strip: sides for strip, sides in gone.items() if strip not in same},
        {strip: sides for strip, sides in come.items() if strip not in same},
        {key: (before.get(key), after.get(key)) for key in {**before, **after}},
    )


def fitted(effect: Effect, cov: Coverage, names: Mapping[FaceId, FaceId] | None = None) -> Delta:
    """The effect as a delta on this coverage. `names`: ids here of grids that are called otherwise in the effect.

    Raises Clash; changes nothing.
    """
    called = names or {}
    gone = {strip: _called(sides, called) for strip, sides in effect.gone.items()}
    come = {strip: _called(sides, called) for strip, sides in effect.come.items()}
    ground = {side for sides in (*gone.values(), *come.values()) for side in sides}
    faces_gone, faces = _faces(effect, cov, called, ground)
    arcs_gone, arcs = _border(cov, gone, come) if ground else ([], [])
    delta = Delta(tuple(arcs_gone), tuple(arcs), tuple(faces_gone), tuple(faces))
    if ground:
        _sound(cov, delta)
    return delta


def newcomers(effect: Effect, cov: Coverage) -> dict[FaceId, FaceId]:
    """Ids that were never given on this coverage, for the new grids of an effect that comes from another plan."""
    new = [key for key, (before, _) in effect.faces.items() if before is None]
    return dict(zip(new, cov.next_ids(len(new)), strict=True))


def net(deltas: Sequence[Delta]) -> Delta:
    """Several deltas, each made on what the one before left, as one."""
    arcs_gone: dict[int, Arc] = {}
    arcs: dict[int, Arc] = {}
    faces_gone: dict[FaceId, Face] = {}
    faces: dict[FaceId, Face] = {}
    for delta in deltas:
        for arc in delta.arcs_gone:
            if arcs.pop(arc.id, None) is None:
                arcs_gone.setdefault(arc.id, arc)
        arcs.update((arc.id, arc) for arc in delta.arcs)
        for face in delta.faces_gone:
            if faces.pop(face.id, None) is None:
                faces_gone.setdefault(face.id, face)
        faces.update((face.id, face) for face in delta.faces)
    for key in [key for key, arc in arcs.items() if arcs_gone.get(key) == arc]:
        del arcs[key], arcs_gone[key]
    return Delta(tuple(arcs_gone.values()), tuple(arcs.values()), tuple(faces_gone.values()), tuple(faces.values()))


def _place(effect: Effect, keys: Collection[FaceId]) -> BaseGeometry | None:
    """The borders that an effect takes from some grids; None where it takes none."""
    gone = effect.gone.items()
    lines = [LineString([strip[:2], strip[2:]]) for strip, sides in gone if not set(keys).isdisjoint(sides)]
    return shapely.line_merge(shapely.multilinestrings(lines)) if lines else None


def _called(sides: Sides, called: Mapping[FaceId, FaceId]) -> Sides:
    left, right = sides
    return (
        left if left is None else called.get(left, left),
        right if right is None else called.get(right, right),
    )


def _faces(
    effect: Effect, cov: Coverage, called: Mapping[FaceId, FaceId], ground: Collection[FaceId | None]
) -> tuple[list[Face], list[Face]]:
    """Grids that go and come, with the attributes that they have here. Raises Clash."""
    gone: list[Face] = []
    come: list[Face] = []
    for key, (before, after) in effect.faces.items():
        here = called.get(key, key)
        standing = cov.faces.get(here)
        if before is None:
            if standing is not None:
                raise Clash("changed", [here], cov.polygon(here))
            assert after is not None  # noqa: S101  (what neither was nor will be is in no effect)
            come.append(Face(here, dict(after)))
            continue
        if standing is None:
            # No grid is left to be looked at: the borders that the edit is about say where it was.
            lost = [one for one, (was, _) in effect.faces.items() if was and called.get(one, one) not in cov.faces]
            raise Clash("gone", [called.get(one, one) for one in lost], _place(effect, lost))
        if here in ground and standing.locked and not before.get("locked"):
            raise Clash("locked", [here], cov.polygon(here))
        gone.append(standing)
        if after is not None:
            come.append(Face(here, {**standing.props, **_fields(here, before, after, standing.props)}))
        elif any(standing.props.get(name) != value for name, value in before.items()):
            raise Clash("changed", [here], cov.polygon(here))
    return gone, come


def _fields(key: FaceId, before: Props, after: Props, standing: Props) -> dict[str, Any]:
    changed = {name: after.get(name) for name in {**before, **after} if before.get(name) != after.get(name)}
    for name, value in changed.items():
        if standing.get(name) not in (before.get(name), value):
            raise Clash("changed", [key])
    return changed


def _border(cov: Coverage, gone: Mapping[Strip, Sides], come: Mapping[Strip, Sides]) -> tuple[list[Arc], list[Arc]]:
    """Arcs that go and come for stretches that go and come. Raises Clash for one that is not as it was."""
    beside = {side for sides in (*gone.values(), *come.values()) for side in sides if side is not None}
    near = [side for side in sorted(beside) if side in cov.faces]
    corners = {end for strip in (*gone, *come) for end in (strip[:2], strip[2:])}
    numbers = sorted({number for face in near for number in cov.arcs_of(face)})
    hit = [cov.arcs[number] for number in numbers if not corners.isdisjoint(map(tuple, cov.arcs[number].xy.tolist()))]
    strips = stretches(hit)
    for strip, sides in gone.items():
        if (found := strips.pop(strip, None)) != sides:
            there = {side for side in (*sides, *(found or ())) if side is not None}
            raise Clash("changed", there, LineString([strip[:2], strip[2:]]))
    for strip, sides in come.items():
        if strip in strips:
            raise Clash("changed", [side for side in sides if side], LineString([strip[:2], strip[2:]]))
        strips[strip] = sides
    mine = {arc.id for arc in hit}
    held = {corner for corner in corners if not mine.issuperset(cov.arcs_at(corner))}
    return woven(hit, strips, held, corners, cov.next_arc)


def _sound(cov: Coverage, delta: Delta) -> None:
    """Whether the grids that change still tile their ground, each in no more pieces than before. Raises Clash."""
    after = cov.copy()
    after.patch(delta)
    keys = sorted(face.id for face in delta.faces)
    shapes = np.array([after.polygon(key) for key in keys], dtype=object)
    wrong = np.array(keys)[~shapely.is_valid(shapes) | shapely.is_empty(shapes)]
    if len(wrong):
        raise Clash("crossing", wrong.tolist(), cov.polygon(wrong[0]) if wrong[0] in cov.faces else None)
    # GEOS takes some borders for wrong that are not, where a hole touches its own shell: it is asked pair by pair then.
    if not shapely.coverage_is_valid(shapes):
        one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
        for a, b in zip(one[one < other].tolist(), other[one < other].tolist(), strict=True):
            if shapely.relate_pattern(shapes[a], shapes[b], "T********"):
                raise Clash("crossing", [keys[a], keys[b]], shapely.intersection(shapes[a], shapes[b]))
    for key, shape in zip(keys, shapes, strict=True):
        before = shapely.get_num_geometries(cov.polygon(key)) if key in cov.faces else 1
        if shapely.get_num_geometries(shape) > before:
            raise Clash("torn", [key], shape)
