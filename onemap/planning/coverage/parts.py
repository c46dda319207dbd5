"""Operations that say of whole faces what becomes of them: merge, replace, describe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from onemap.planning.coverage.cover import Coverage
from onemap.planning.coverage.match import matched
from onemap.planning.coverage.model import Delta, Face, FaceId
from onemap.planning.coverage.refusal import Refused
from onemap.planning.coverage.settle import rebuild

# A ten-thousandth of a square metre, in square degrees: borders of communities are held to this.
_SLIVER_DEG2 = 1e-14


def describe(cov: Coverage, face: FaceId, props: Mapping[str, Any]) -> Delta:
    """Change attributes of a face, its lock among them; nothing of its ground. Raises Refused (no-face, nothing)."""
    old = cov.face(face)
    new = Face(face, {**old.props, **props})
    if new == old:
        raise Refused("nothing")
    return Delta(faces_gone=(old,), faces=(new,))


def merge(cov: Coverage, faces: Sequence[FaceId]) -> Delta:
    """Make one of several; the first keeps its name. Raises Refused (no-face, not-neighbours, border, locked)."""
    named = list(dict.fromkeys(faces))
    if len(named) < 2:
        raise Refused("nothing")
    unlocked(cov, named)
    if len({cov.face(face).community for face in named}) > 1:
        raise Refused("border")
    reached, todo = {named[0]}, [named[0]]
    while todo:
        for other in cov.neighbours(todo.pop()):
            if other in named and other not in reached:
                reached.add(other)
                todo.append(other)
    if len(reached) < len(named):
        apart = shapely.union_all([cov.polygon(face) for face in named if face not in reached])
        raise Refused("not-neighbours", where=apart)
    pieces = sum(len(cov.outline(face).polygons) for face in named) - len(named) + 1
    whole = shapely.coverage_union_all(cov.polygons(named))
    return rebuild(cov, named, [(cov.face(named[0]), whole)], pieces={named[0]: pieces})


def replace(cov: Coverage, faces: Sequence[FaceId], parts: Sequence[tuple[Face, BaseGeometry]]) -> Delta:
    """Put parts in the place of faces; they must tile their ground.

    Parts need not match exactly: what is off by less than a tenth of a millimetre is brought together, and always to
    the border of the faces, which stays. A part keeps a face's name by carrying its id. Raises Refused (no-face,
    locked, gap, overlap, border, torn, empty, nothing).
    """
    named = list(dict.fromkeys(faces))
    unlocked(cov, named)
    ids = [face.id for face, _ in parts]
    if len(set(ids)) < len(ids):
        raise Refused("overlap", where=None)
    for name in ids:
        if name in cov.faces and name not in named:
            raise Refused("overlap", name, where=cov.polygon(name))
    for face, geom in parts:
        if geom.is_empty or geom.area <= 0:
            raise Refused("empty", face.id)
    pieces = {face.id: max(1, len(cov.outline(face.id).polygons) if face.id in cov.faces else 1) for face, _ in parts}
    try:
        delta = rebuild(cov, named, parts, pieces=pieces)
    except Refused as refused:
        if refused.reason not in ("gap", "overlap", "crossing"):
            raise
        delta = rebuild(cov, named, matched(cov, named, parts), pieces=pieces)
    inside_communities(cov, delta)
    return something(delta)


def unlocked(cov: Coverage, faces: Sequence[FaceId]) -> None:
    """Raise Refused (no-face, locked) unless all may be changed."""
    for name in faces:
        if cov.face(name).locked:
            raise Refused("locked", name, where=cov.polygon(name))


def inside_communities(cov: Coverage, delta: Delta) -> None:
    """Raise Refused (border) if the ground of a community would be another after the delta."""
    before = {face.community for face in delta.faces_gone}
    if len(before | {face.community for face in delta.faces}) < 2:
        return
    after = cov.copy()
    after.patch(delta)
    for community in before | {face.community for face in delta.faces}:
        old = [cov.polygon(face.id) for face in delta.faces_gone if face.community == community]
        new = [after.polygon(face.id) for face in delta.faces if face.community == community]
        differ = shapely.symmetric_difference(shapely.union_all(np.array(old)), shapely.union_all(np.array(new)))
        if differ.area > _SLIVER_DEG2:
            raise Refused("border", where=differ)


def something(delta: Delta) -> Delta:
    """Return the delta. Raises Refused (nothing) if it changes nothing."""
    if delta == Delta():
        raise Refused("nothing")
    return delta
