"""What a planner asks for, as it is done: an operation becomes a difference of the coverage and a line of history."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely import LineString, Point
from shapely.geometry.base import BaseGeometry

from onemap.core.errors import BadInput
from onemap.core.geometry import clean_geometry, read_geojson
from onemap.planning import coverage as ops
from onemap.planning import parting
from onemap.planning.coverage import Coverage, Delta, Face, FaceId, Refused
from onemap.planning.facts import Facts

Operation = Mapping[str, Any]
#: The operations that only say something of a grid, and nothing of its ground.
_FIELDS = ("name", "kind", "special", "team_key", "locked")


@dataclass(frozen=True)
class Said:
    """An operation as it is done: its difference, and its line in the history."""

    delta: Delta
    zh: str
    en: str


def performed(cov: Coverage, facts: Facts, operation: Operation) -> Said:
    """What an operation does to a coverage. Raises Refused, BadInput, NotFound; changes nothing."""
    delta = _DO[operation["op"]](cov, facts, operation)
    zh, en = _text(cov, operation, delta)
    return Said(delta, zh, en)


def called(cov: Coverage, face: FaceId) -> str:
    """How a grid is called in texts: its name, or the last digits of its code, or its id."""
    found = cov.faces.get(face)
    if found is None:
        return face
    code = found.props.get("code")
    return str(found.props.get("name") or (code[-3:] if code else face))


def listed(cov: Coverage, faces: Sequence[FaceId], most: int = 3) -> tuple[str, str]:
    """Some grids in a text, in both languages: the first of them, and how many more."""
    names = [called(cov, face) for face in faces[:most]]
    more = len(faces) - len(names)
    zh, en = "、".join(names), ", ".join(names)
    return (f"{zh}等 {len(faces)} 个网格", f"{en} and {more} more") if more else (zh, en)


def _split(cov: Coverage, facts: Facts, asked: Operation) -> Delta:
    return ops.split(cov, asked["grid"], _line(asked["line"]))


def _merge(cov: Coverage, facts: Facts, asked: Operation) -> Delta:
    return ops.merge(cov, asked["grids"])


def _move(cov: Coverage, facts: Facts, asked: Operation) -> Delta:
    return ops.move(cov, _place(asked["at"]), _place(asked["to"]))


def _insert(cov: Coverage, facts: Facts, asked: Operation) -> Delta:
    return ops.insert(cov, asked["arc"], _place(asked["at"]), _place(asked["to"]))


def _remove(cov: Coverage, facts: Facts, asked: Operation) -> Delta:
    return ops.remove(cov, _place(asked["at"]))


def _reshape(cov: Coverage, facts: Facts, asked: Operation) -> Delta:
    return ops.reshape(cov, _line(asked["line"]))


def _reassign(cov: Coverage, facts: Facts, asked: Operation) -> Delta:
    area = asked.get("area")
    painted = clean_geometry(read_geojson(area).geom, "MultiPolygon").geom if area is not None else None
    region = parting.region_of(
        cov, facts, to=asked["to"], buildings=asked.get("buildings") or (), cells=asked.get("cells") or (),
        blocks=[_place(at) for at in asked.get("blocks") or ()], area=painted,
    )  # fmt: skip
    return ops.reassign(cov, region, asked["to"])


def _snap(cov: Coverage, facts: Facts, asked: Operation) -> Delta:
    faces = _known(cov, asked["grids"])
    west, south, east, north = shapely.total_bounds(cov.polygons(faces))
    margin = 0.0015  # degrees, more than the widest tolerance
    box = (west - margin, south - margin, east + margin, north + margin)
    lines: list[BaseGeometry] = []
    if "roads" in asked["to"]:
        lines += list(facts.roads(box))
    if "rivers" in asked["to"]:
        lines += [shapely.boundary(one) for one in facts.rivers(box)]
    if "parents" in asked["to"]:
        parents = {cov.faces[face].community for face in faces}
        lines += [shapely.boundary(facts.areas[code].geom) for code in sorted(p for p in parents if p in facts.areas)]
    if not lines:
        raise Refused("nothing")
    return ops.snap(cov, faces, lines, asked.get("tolerance_m", 15.0))


def _simplify(cov: Coverage, facts: Facts, asked: Operation) -> Delta:
    return ops.simplify(cov, _known(cov, asked["grids"]), asked.get("tolerance_m", 2.0))


def _per_building(cov: Coverage, facts: Facts, asked: Operation) -> Delta:
    old = cov.face(asked["grid"])
    parts = parting.per_building(cov, facts, old.id, least_households=asked.get("least_households", 0))
    if len(parts) < 2:
        raise Refused("nothing")
    order = sorted(range(len(parts)), key=lambda n: (-parts[n].area, n))
    ids = [old.id, *cov.next_ids(len(parts) - 1)]
    new = [(old if n == 0 else Face(ids[n], {**old.props, "code": None}), parts[at]) for n, at in enumerate(order)]
    return ops.replace(cov, [old.id], new)


def _describe(cov: Coverage, facts: Facts, asked: Operation) -> Delta:
    said = {name: asked[name] for name in _FIELDS if asked.get(name) is not None}
    for name in ("special", "team_key"):
        if said.get(name) == "":
            said[name] = None
    if said.get("special") and "kind" not in said:
        said["kind"] = "special"
    if not said:
        raise Refused("nothing")
    return ops.describe(cov, asked["grid"], said)


_DO: dict[str, Callable[[Coverage, Facts, Operation], Delta]] = {
    "split": _split, "merge": _merge, "move": _move, "insert": _insert, "remove": _remove, "reshape": _reshape,
    "reassign": _reassign, "snap": _snap, "simplify": _simplify, "per_building": _per_building, "describe": _describe,
}  # fmt: skip

#: What was done, by operation. {grids}: those that changed; {to}: who got the ground; {n}: how many came of it.
_TEXTS: dict[str, tuple[str, str]] = {
    "split": ("拆分 {grids}", "Split {grids}"),
    "merge": ("合并 {grids}", "Merged {grids}"),
    "move": ("移动界点：{grids}", "Moved a corner: {grids}"),
    "insert": ("增加界点：{grids}", "Added a corner: {grids}"),
    "remove": ("删除界点：{grids}", "Removed a corner: {grids}"),
    "reshape": ("重画边界：{grids}", "Redrew a border: {grids}"),
    "reassign": ("划给 {to}：{grids}", "Given to {to}: {grids}"),
    "snap": ("边界吸附：{grids}", "Snapped borders: {grids}"),
    "simplify": ("化简边界：{grids}", "Simplified borders: {grids}"),
    "per_building": ("一楼栋一网格：{grids} 分为 {n} 个", "One building, one grid: {grids} in {n}"),
    "describe": ("修改属性：{grids}", "Changed attributes: {grids}"),
    "lock": ("锁定 {grids}", "Locked {grids}"),
    "unlock": ("解锁 {grids}", "Unlocked {grids}"),
}


def _text(cov: Coverage, asked: Operation, delta: Delta) -> tuple[str, str]:
    op = asked["op"]
    if op == "describe" and asked.get("locked") is not None and all(asked.get(name) is None for name in _FIELDS[:-1]):
        op = "lock" if asked["locked"] else "unlock"
    # A corner on a straight border moves nobody's ground: it is still said whose border it is.
    named = [asked["grid"]] if "grid" in asked else asked.get("grids") or sorted(delta.redrawn or delta.touched)
    to = asked.get("to") if op == "reassign" else None
    zh, en = listed(cov, [face for face in named if face != to])
    new = {face.id for face in delta.faces} - {face.id for face in delta.faces_gone}
    values = {"to": called(cov, to) if to else "", "n": 1 + len(new)}
    return _TEXTS[op][0].format(grids=zh, **values), _TEXTS[op][1].format(grids=en, **values)


def _known(cov: Coverage, faces: Sequence[FaceId]) -> list[FaceId]:
    return [cov.face(face).id for face in dict.fromkeys(faces)]


def _line(positions: Sequence[Sequence[float]]) -> LineString:
    xy = np.array(positions, dtype=np.float64)
    if not np.isfinite(xy).all() or (np.abs(xy) > (180.0, 90.0)).any():
        raise BadInput("线上有无效的坐标 · A position of the line is not on the earth.", reason="line")
    return LineString(xy)


def _place(position: Sequence[float]) -> tuple[float, float]:
    at = Point(position)
    if not np.isfinite((at.x, at.y)).all() or abs(at.x) > 180.0 or abs(at.y) > 90.0:
        raise BadInput("坐标无效 · The position is not on the earth.", reason="position")
    return at.x, at.y
