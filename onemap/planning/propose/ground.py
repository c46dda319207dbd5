"""The units of a question: the ground of some grids cut by streets, barriers and today's borders, with its loads.

Cut by today's borders as well, so that the grids as they are can be told in units, and what stays, stays exactly. Water
that is a barrier is no unit of its own: each piece of it goes with the land of the same grid that it touches most, and
banks do not touch across it. So do scraps without load.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from onemap.core.cell import boundaries
from onemap.core.errors import BadInput
from onemap.planning import parting
from onemap.planning.balance import work_of
from onemap.planning.coverage import Coverage
from onemap.planning.facts import Facts
from onemap.planning.plane import areas_m2
from onemap.planning.propose.graph import Drawing, Flags, Floats, Geoms, Ints, Named, Units, drawing_of, graph_of
from onemap.planning.shapes import Feature
from onemap.planning.tessellation import blocks, tessellate

MOST_UNITS = 30_000
MOST_BUILDINGS = 5_000
RAILS = ("rail", "railway", "light_rail", "subway", "tram", "monorail")
#: Classes of road that a grid should not lie across, besides the model's own.
MAIN_ROADS = ("motorway", "trunk", "primary")
_SCRAP_M2 = 150.0
_CELLS = ((12, 250_000.0), (11, 4_000_000.0), (10, 40_000_000.0), (9, 1e12))  # resolution, up to so much ground
_NAMELESS = {
    "river": ("河道", "the river"), "railway": ("铁路", "the railway"), "road": ("道路", "the road"),
}  # fmt: skip


@dataclass(frozen=True)
class Ground:
    """Units with the measures of each, shape (n, m)."""

    units: Units
    measures: Floats


def ground_of(cov: Coverage, facts: Facts, faces: Sequence[str], *, units: str, barriers: Sequence[str]) -> Ground:
    """The units of some grids. Raises BadInput (no-units, too-many)."""
    if not faces:
        raise BadInput(
            "没有可重划的网格：锁定、专属或分成几块的网格不动 · "
            "No grid to redraw: locked and special grids, and those in several pieces, stay as they are",
            reason="no-units",
        )
    shapes = np.array(cov.polygons(list(faces)), dtype=object)
    walls = barriers_of(facts, shapes, barriers)
    pieces, owner = _pieces(cov, facts, faces, shapes, units, walls)
    if len(pieces) > MOST_UNITS:
        raise BadInput(
            f"范围太大（{len(pieces)} 个地块），请缩小范围 · Too much ground at once ({len(pieces)} blocks)",
            reason="too-many",
        )
    rivers = [line.geom for line in walls if line.kind == "river"]
    bed = _inside(pieces, rivers)
    measures = facts.measures(pieces)
    load = work_of(measures, facts.model)
    unit = _joined(pieces, owner, bed, load)
    drawn = drawing_of(pieces, unit, bed, walls)
    count = len(drawn.geoms)
    sums = np.zeros((count, measures.shape[1]))
    np.add.at(sums, unit, measures)
    first = np.full(count, -1)
    first[unit[::-1]] = np.arange(len(unit))[::-1]
    home = [faces[int(owner[at])] for at in first]
    group = [cov.faces[face].props.get("community_code") for face in home]
    found = graph_of(drawn, work_of(sums, facts.model), home=home, group=group, lines=_named(facts, drawn))
    return Ground(found, sums)


def barriers_of(facts: Facts, shapes: Geoms, kinds: Sequence[str]) -> list[Named]:
    """The barriers of the kinds asked for (rivers, roads, railways) that reach the ground."""
    found = []
    whole = shapely.box(*shapely.total_bounds(shapes))
    roads = {*MAIN_ROADS, *facts.model.barriers.roads} - set(RAILS)
    for one in facts.features.near(whole.bounds):
        if one.layer == "water":
            kind = "river" if "rivers" in kinds and one.kind in facts.model.barriers.water else None
        elif one.layer == "road" and not one.bridge:
            rail = one.kind in RAILS
            main = one.kind in roads
            kind = "railway" if rail and "railways" in kinds else "road" if main and "roads" in kinds else None
        else:
            kind = None
        if kind is not None:
            found.append(_name(one, kind))
    # The many ways of one road are one barrier: a grid across it crosses once.
    together: dict[tuple[str, str], list[Named]] = {}
    for line in found:
        together.setdefault((line.kind, line.zh), []).append(line)
    return [
        Named(shapely.union_all(np.array([one.geom for one in lines], dtype=object)), zh, lines[0].en, kind)
        for (kind, zh), lines in together.items()
    ]


def _pieces(
    cov: Coverage, facts: Facts, faces: Sequence[str], shapes: Geoms, units: str, walls: Sequence[Named]
) -> tuple[Geoms, Ints]:
    """Pieces that tile the grids with shared corners, and which grid each lies in."""
    ground = shapely.coverage_union_all(shapes)
    lines: list[Any] = [shapely.boundary(shape) for shape in shapes]
    lines += [shapely.boundary(one.geom) if one.kind == "river" else one.geom for one in walls]
    streets = parting.streets(facts, ground.bounds)
    water = [line.geom for line in walls if line.kind == "river"]
    if water and len(streets):
        # A bridge parts no water: a river's bed is cut by borders alone.
        streets = shapely.difference(streets, shapely.union_all(np.array(water, dtype=object)))
    streets = np.asarray([one for one in streets if not one.is_empty], dtype=object)
    if units == "buildings":
        rows = facts.footprints.meeting(ground.bounds)
        rows = rows[shapely.contains_xy(ground, facts.footprints.middles[rows])] if len(rows) else rows
        if not 0 < len(rows) <= MOST_BUILDINGS:
            raise BadInput(
                f"按楼划分须有 1 至 {MOST_BUILDINGS} 栋建筑，这里有 {len(rows)} 栋 · "
                f"By buildings: 1 to {MOST_BUILDINGS}, here are {len(rows)}",
                reason="too-many" if len(rows) else "no-units",
            )
        cut = np.array([*streets, *lines], dtype=object)
        seeds = np.ones(len(rows), np.bool_)
        parts = [part for part in tessellate(ground, facts.footprints.take(rows), cut, seeds) if part is not None]
        # A part is drawn round its building, over a border that cuts it too: the border cuts the part.
        lines = [*lines, *(shapely.boundary(part) for part in parts)]
    elif units == "cells":
        res = next(res for res, most in _CELLS if float(areas_m2(shapes).sum()) <= most)
        lines = [
            *lines,
            *(shapely.boundary(cell) for cell in boundaries(list(parting.cells(ground.buffer(0.003), res)))),
        ]
    else:
        lines = [*lines, *streets]
    pieces = np.array(blocks(ground, np.array(lines, dtype=object)), dtype=object)
    tree = shapely.STRtree(shapes)
    piece, face = tree.query(shapely.point_on_surface(pieces), predicate="intersects")
    owner = np.zeros(len(pieces), np.int32)
    owner[piece] = face
    return pieces, owner


def _inside(pieces: Geoms, rivers: Sequence[Any]) -> Flags:
    """Which pieces are water."""
    if not rivers:
        return np.zeros(len(pieces), np.bool_)
    water = shapely.union_all(np.array(rivers, dtype=object))
    shapely.prepare(water)
    return np.asarray(shapely.intersects(water, shapely.point_on_surface(pieces)), np.bool_)


def _joined(pieces: Geoms, owner: Ints, bed: Flags, load: Floats) -> Ints:
    """Which unit each piece belongs to: water and scraps go with the neighbour of their grid that they touch most."""
    small = bed | ((load == 0) & (areas_m2(pieces) < _SCRAP_M2))
    alone = drawing_of(pieces, np.arange(len(pieces), dtype=np.int32), np.zeros(len(pieces), np.bool_), ())
    into = np.arange(len(pieces))
    near: dict[int, list[tuple[float, int]]] = {}
    for a, b, metres in zip(alone.left.tolist(), alone.right.tolist(), alone.shared.tolist(), strict=True):
        if owner[a] == owner[b]:
            near.setdefault(a, []).append((metres, b))
            near.setdefault(b, []).append((metres, a))
    settled = ~small
    waiting = [int(at) for at in np.flatnonzero(small)]
    while waiting:
        later = []
        for at in waiting:
            best = max(((metres, b) for metres, b in near.get(at, ()) if settled[b]), default=None)
            if best is None:
                later.append(at)
            else:
                into[at] = into[best[1]]
        for at in set(waiting) - set(later):
            settled[at] = True
        if len(later) == len(waiting):
            break  # a grid of nothing but water, or scraps: units of their own
        waiting = later
    return np.unique(into, return_inverse=True)[1].reshape(-1).astype(np.int32)


def _named(facts: Facts, drawn: Drawing) -> list[Named]:
    """Lines with a name that a border may be told by: streets and water."""
    found = []
    for one in facts.features.near(tuple(shapely.total_bounds(drawn.geoms))):
        if one.layer == "road" and one.kind not in parting.NO_STREETS:
            found.append(_name(one, "railway" if one.kind in RAILS else "road"))
        elif one.layer == "water":
            found.append(_name(one, "river"))
    return [Named(shapely.boundary(one.geom), one.zh, one.en, one.kind) if one.geom.area > 0 else one for one in found]


def _name(one: Feature, kind: str) -> Named:
    zh, en = _NAMELESS[kind]
    return Named(one.geom, one.name or zh, one.name or en, kind)
