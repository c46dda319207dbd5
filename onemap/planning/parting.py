"""Ground by what stands on it: what painting buildings, street blocks or cells means, and one building, one grid."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely import MultiPolygon, Point, Polygon
from shapely.geometry.base import BaseGeometry

from onemap.core.cell import boundaries, cell_from_hex, cover
from onemap.core.errors import BadInput
from onemap.planning.facts import Facts
from onemap.planning.shapes import Box
from onemap.planning.tessellation import blocks, tessellate

if TYPE_CHECKING:
    from onemap.planning.coverage import Coverage

Geoms = npt.NDArray[Any]
#: Streets that part blocks: ways on which nobody drives through enclose nothing.
NO_STREETS = ("footway", "path", "steps", "track", "cycleway")
#: Buildings of one grid that are parted at most; a grid has some hundreds.
MOST = 3_000
_KEPT = 32

__all__ = ["NoParting", "blocks", "cells", "per_building", "region_of", "street_blocks", "streets"]


class NoParting(BadInput):
    """What was painted is not there; the message says it in both languages."""

    code = "bad-input"


def streets(facts: Facts, bounds: Box) -> Geoms:
    """Centre lines that part street blocks, in a box: all roads and railways but footways and the like."""
    kinds = {one.kind for one in facts.features.near(bounds) if one.layer == "road"} - set(NO_STREETS)
    return facts.roads(bounds, kinds)


def street_blocks(cov: Coverage, facts: Facts, faces: Sequence[str]) -> list[Polygon]:
    """The street blocks of the ground of some faces together."""
    ground = shapely.coverage_union_all(cov.polygons(faces))
    return blocks(ground, streets(facts, ground.bounds))


def cells(polygon: BaseGeometry, res: int) -> npt.NDArray[np.int64]:
    """H3 cells whose middles lie in a polygon; those of polygons side by side share none."""
    return cover(polygon, res, mode="center")


def per_building(cov: Coverage, facts: Facts, face: str, *, least_households: int = 0) -> list[MultiPolygon]:
    """The parts of a grid, one for each of its buildings with at least so many households, in the buildings' order.

    The others' ground goes to the nearest part. Raises NoParting (reasons "no-building", "too-many").
    """
    polygon = cov.polygon(face)
    rows = _inside(facts, polygon)
    seeds = facts.households[rows] >= least_households
    if not seeds.any():
        raise NoParting(
            f"网格内没有户数不少于 {least_households} 的建筑"
            f" · The grid has no building of {least_households} households or more",
            reason="no-building",
        )
    parts = tessellate(polygon, facts.footprints.take(rows), streets(facts, polygon.bounds), seeds)
    return [_multi(part) for part in parts if part is not None]


def region_of(
    cov: Coverage,
    facts: Facts,
    *,
    to: str,
    buildings: Iterable[str] = (),
    blocks: Iterable[Any] = (),
    cells: Iterable[str] = (),
    area: BaseGeometry | None = None,
) -> BaseGeometry:
    """The ground that painting means, in degrees, as far as it lies in the community of the face that shall have it.

    A building stands for the ground around it, half way to its neighbours and to the streets; a block is named by a
    point in it, a cell by its 15 digits. Raises NotFound (building), BadInput, NoParting (reason "nothing").
    """
    community = cov.face(to).community
    pieces: list[BaseGeometry] = [] if area is None else [area]
    houses, hexagons = list(buildings), list(cells)
    places = [one if isinstance(one, Point) else Point(*one) for one in blocks]
    if houses:
        pieces += _around(cov, facts, facts.rows(houses), community)
    pieces += boundaries([cell_from_hex(text) for text in hexagons]).tolist()
    near = [face for place in places if (face := cov.at(place.x, place.y)) is not None]
    if near:
        pieces += _blocks_at(cov, facts, sorted(set(near)), places, community)
    if not pieces:
        raise NoParting("没有选中任何地块 · Nothing was painted", reason="nothing")
    region = pieces[0] if len(pieces) == 1 else shapely.union_all(np.array(pieces, dtype=object))
    mine = [face for face in cov.meeting(region) if cov.face(face).community == community]
    if not mine:
        raise NoParting("所选地块不在该网格的社区内 · What was painted lies in another community", reason="nothing")
    # The ground of single buildings and blocks is made of the grids' own corners: cutting it again would move them.
    if area is None and not hexagons:
        return region
    return shapely.intersection(region, shapely.coverage_union_all(cov.polygons(mine)))


def _around(cov: Coverage, facts: Facts, rows: npt.NDArray[np.int64], community: str | None) -> list[BaseGeometry]:
    """The ground around buildings, each inside the grid that has it."""
    by_face: dict[str, list[int]] = {}
    for row in rows.tolist():
        x, y = facts.xy[row]
        face = cov.at(float(x), float(y))
        if face is not None and cov.face(face).community == community:
            by_face.setdefault(face, []).append(row)
    found: list[BaseGeometry] = []
    for face, wanted in by_face.items():
        polygon = cov.polygon(face)
        inside = _inside(facts, polygon)
        parts = _cells_of(polygon, facts, inside)
        found += [parts[n] for n in np.flatnonzero(np.isin(inside, wanted)).tolist() if parts[n] is not None]
    return found


def _cells_of(polygon: BaseGeometry, facts: Facts, rows: npt.NDArray[np.int64]) -> Geoms:
    """The cells of all buildings of a grid, remembered: one brush asks for the same grid again and again."""
    name = polygon.wkb
    found = facts.memo.get(name)
    if found is None:
        every = np.ones(len(rows), np.bool_)
        found = tessellate(polygon, facts.footprints.take(rows), streets(facts, polygon.bounds), every)
        if len(facts.memo) >= _KEPT:
            facts.memo.clear()
        facts.memo[name] = found
    return found


def _blocks_at(
    cov: Coverage, facts: Facts, faces: Sequence[str], places: Sequence[Point], community: str | None
) -> list[BaseGeometry]:
    """The street blocks that hold the places, over the grids of the community around them."""
    around = set(faces)
    for face in faces:
        around |= set(cov.neighbours(face))
    here = [face for face in sorted(around) if cov.face(face).community == community]
    if not here:
        return []
    found = np.array(street_blocks(cov, facts, here), dtype=object)
    hit = shapely.intersects(found[:, None], np.array(places, dtype=object)[None, :]).any(axis=1)
    return list(found[hit])


def _inside(facts: Facts, polygon: BaseGeometry) -> npt.NDArray[np.int64]:
    """Rows of the buildings of a polygon. Raises NoParting (too-many)."""
    _, point, _ = facts.scatter.within(np.array([polygon], dtype=object))
    rows = np.sort(point[point < len(facts.footprints)])
    if len(rows) > MOST:
        raise NoParting(
            f"网格内有 {len(rows)} 栋建筑，一次最多 {MOST} 栋"
            f" · The grid has {len(rows)} buildings, at most {MOST} are parted at a time",
            reason="too-many",
        )
    return rows


def _multi(geom: BaseGeometry) -> MultiPolygon:
    return geom if isinstance(geom, MultiPolygon) else MultiPolygon([geom])  # type: ignore[list-item]
