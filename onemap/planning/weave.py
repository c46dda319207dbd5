"""Borders taken apart into stretches from corner to corner, and woven into arcs again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import numpy as np

from onemap.core.errors import Conflict
from onemap.planning.coverage import Arc, FaceId

Corner = tuple[float, float]
Strip = tuple[float, float, float, float]  # from the lesser corner to the greater one
Sides = tuple[FaceId | None, FaceId | None]  # left and right in that direction


def stretches(arcs: Iterable[Arc]) -> dict[Strip, Sides]:
    """Every stretch of the arcs with its sides."""
    found: dict[Strip, Sides] = {}
    for arc in arcs:
        corners = arc.xy.tolist()
        ahead, back = (arc.left, arc.right), (arc.right, arc.left)
        for (ax, ay), (bx, by) in pairwise(corners):
            if (ax, ay) < (bx, by):
                found[(ax, ay, bx, by)] = ahead
            else:
                found[(bx, by, ax, ay)] = back
    return found


def woven(
    old: Sequence[Arc], strips: Mapping[Strip, Sides], ends: set[Corner], loose: set[Corner], first: int
) -> tuple[list[Arc], list[Arc]]:
    """Arcs of the stretches that take the place of `old`: (those that go, those that come, numbered from `first`).

    `ends`: loose corners where other arcs end. Old ends stay nodes unless they are `loose`; those become what the
    stretches make of them. An old arc that comes out as it was is in neither.
    """
    at: dict[Corner, list[Strip]] = defaultdict(list)
    for strip in strips:
        at[strip[:2]].append(strip)
        at[strip[2:]].append(strip)
    nodes = {corner for corner, met in at.items() if len(met) != 2 or corner in ends}
    for arc in old:
        if not arc.closed:
            nodes |= {end for end in (arc.first, arc.last) if end not in loose and end in at}
    lines: list[tuple[list[Corner], Sides]] = []
    left = dict.fromkeys(strips)  # in order, so that the same change gives the same arcs
    for start in [strip for strip in strips if strip[:2] in nodes or strip[2:] in nodes]:
        if start in left:
            lines.append(_walk(start, start[:2] if start[:2] in nodes else start[2:], strips, at, nodes, left))
    while left:  # rings without a node
        start = next(iter(left))
        lines.append(_walk(start, start[:2], strips, at, nodes, left))
    return _matched(old, lines, first)


def _walk(
    strip: Strip,
    corner: Corner,
    strips: Mapping[Strip, Sides],
    at: Mapping[Corner, list[Strip]],
    nodes: set[Corner],
    left: dict[Strip, None],
) -> tuple[list[Corner], Sides]:
    """From a corner along stretches to the next node, or round to the start. Raises Conflict where sides differ."""
    line, sides, origin = [corner], None, corner
    while True:
        del left[strip]
        ahead = strip[:2] == corner
        mine = strips[strip] if ahead else strips[strip][::-1]
        if sides is None:
            sides = mine
        elif mine != sides:
            raise Conflict("边界两侧的网格前后不一 · The grids beside a border differ along it.", reason="conflict")
        corner = strip[2:] if ahead else strip[:2]
        line.append(corner)
        if corner in nodes or corner == origin:
            return line, (sides[0], sides[1])
        strip = next(one for one in at[corner] if one in left)


def _matched(
    old: Sequence[Arc], lines: Sequence[tuple[list[Corner], Sides]], first: int
) -> tuple[list[Arc], list[Arc]]:
    standing = {(_key(arc.xy.tolist()), arc.left, arc.right): arc.id for arc in old}
    stay: set[int] = set()
    come: list[Arc] = []
    for line, (left, right) in lines:
        ahead = standing.get((_key(line), left, right))
        back = standing.get((_key(line[::-1]), right, left))
        found = ahead if ahead is not None else back
        if found is None and line[0] == line[-1]:
            found = _ring(old, line, (left, right))
        if found is not None:
            stay.add(found)
        else:
            come.append(Arc(first + len(come), np.array(line, dtype=np.float64), left, right))
    return [arc for arc in old if arc.id not in stay], come


def _ring(old: Sequence[Arc], line: list[Corner], sides: Sides) -> int | None:
    """The closed arc that runs through the same corners, wherever it starts."""
    mine = stretches([Arc(-1, np.array(line), *sides)])
    return next((arc.id for arc in old if arc.closed and stretches([arc]) == mine), None)


def _key(line: Sequence[Sequence[float]]) -> bytes:
    return np.array(line, dtype=np.float64).tobytes()
