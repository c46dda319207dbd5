"""Parting between buildings and streets: parts tile exactly, hold their building, are connected. GEOS is the judge."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import shapely
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from shapely import LineString, MultiPolygon, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from onemap.core.cell import boundary, cell_of, hex_of
from onemap.core.errors import BadInput, NotFound
from onemap.planning import parting
from onemap.planning.coverage import Coverage, Face, reassign, replace
from onemap.planning.facts import Facts
from onemap.planning.tessellation import blocks, tessellate
from tests.unit import planning_town as town

_S, _W, _D = town.SOUTH, town.WEST, town.STEP
_FIRST = "330102001001001"


def _tiles(parts: list[BaseGeometry], ground: BaseGeometry) -> None:
    array = np.array(parts, dtype=object)
    assert shapely.coverage_is_valid(array)
    assert shapely.is_valid(array).all()
    assert float(shapely.area(array).sum()) == pytest.approx(ground.area, rel=1e-12)
    # Every corner of the ground is a corner of a part, bit for bit.
    corners = {tuple(at) for at in shapely.get_coordinates(ground).tolist()}
    assert corners <= {tuple(at) for at in shapely.get_coordinates(array).tolist()}


@st.composite
def _grounds(draw: st.DrawFn) -> tuple[BaseGeometry, npt.NDArray[np.object_], npt.NDArray[np.object_]]:
    rng = np.random.default_rng(draw(st.integers(0, 100_000)))
    angles = np.sort(rng.uniform(0.0, 2.0 * np.pi, 9))
    far = rng.uniform(0.4, 1.0, 9) * _D
    ring = np.array([_W, _S]) + np.column_stack([far * np.cos(angles), far * np.sin(angles)])
    ground = shapely.make_valid(Polygon(ring), method="structure", keep_collapsed=False)
    if draw(st.booleans()):
        ground = ground.difference(Point(_W, _S).buffer(0.1 * _D, quad_segs=3))
    ground = max(shapely.get_parts(ground), key=lambda part: part.area)
    west, south, east, north = ground.bounds
    at = rng.uniform([west, south], [east, north], (draw(st.integers(1, 14)), 2))
    size = rng.uniform(2e-5, 3e-4, (len(at), 2))
    walls = shapely.box(at[:, 0], at[:, 1], at[:, 0] + size[:, 0], at[:, 1] + size[:, 1])
    if draw(st.booleans()):  # wall to wall, and on top of one another
        walls[len(walls) // 2 :] = shapely.affinity.translate(walls[0], float(size[0, 0]), 0.0)
    ends = rng.uniform([west, south], [east, north], (draw(st.integers(0, 4)), 2, 2))
    lines = np.array([LineString(pair) for pair in ends], dtype=object)
    return MultiPolygon([ground]), np.asarray(walls), lines


@given(_grounds())
@examples(max_examples=60)
def test_parts_tile_and_hold_their_building(
    drawn: tuple[BaseGeometry, npt.NDArray[np.object_], npt.NDArray[np.object_]],
) -> None:
    ground, walls, lines = drawn
    middles = shapely.point_on_surface(walls)
    got = tessellate(ground, walls, lines, np.ones(len(walls), np.bool_))
    parts = [part for part in got if part is not None]
    if not parts:
        assert not shapely.contains(ground, middles).any()
        return
    _tiles(parts, ground)
    assert all(shapely.get_num_geometries(part) == 1 for part in parts)
    for part, middle in zip(got, middles, strict=True):
        # Of buildings with the same middle one gets the part.
        assert part is None or part.distance(middle) < 1e-9
    for n, middle in enumerate(middles):
        if ground.contains_properly(middle) and got[n] is None:
            assert sum(part.distance(middle) < 1e-9 for part in parts) >= 1


def test_the_line_runs_half_way_and_along_the_street() -> None:
    ground = MultiPolygon([box(_W, _S, _W + _D, _S + _D)])
    at = [(0.2, 0.2), (0.2, 0.7), (0.8, 0.45)]
    walls = np.array([box(_W + (x - 0.05) * _D, _S + (y - 0.05) * _D, _W + (x + 0.05) * _D, _S + (y + 0.05) * _D) for x, y in at], dtype=object)  # noqa: E501  # fmt: skip
    street = LineString([(_W + 0.4 * _D, _S - _D), (_W + 0.4 * _D, _S + 2 * _D)])
    low, high, east = tessellate(ground, walls, np.array([street], dtype=object), np.ones(3, np.bool_))
    assert shapely.bounds(east)[0] == pytest.approx(_W + 0.4 * _D, abs=1e-12)
    assert shapely.bounds(low)[3] == pytest.approx(_S + 0.45 * _D, abs=2e-5)
    assert low.area + high.area == pytest.approx(0.4 * _D**2, rel=1e-9)
    # A house that stands on the street keeps the blocks together there.
    across = np.append(walls, box(_W + 0.3 * _D, _S + 0.4 * _D, _W + 0.5 * _D, _S + 0.5 * _D))
    parts = tessellate(ground, across, np.array([street], dtype=object), np.ones(4, np.bool_))
    assert across[3].difference(parts[3]).area < 0.02 * across[3].area


def test_buildings_that_are_no_seeds_go_to_a_neighbour() -> None:
    rng = np.random.default_rng(3)
    ground = MultiPolygon([box(_W, _S, _W + 4 * _D, _S + 4 * _D)])
    walls = town.houses(40, 4, rng)
    seeds = np.arange(40) < 7
    got = tessellate(ground, walls, np.empty(0, dtype=object), seeds)
    parts = [part for part in got if part is not None]
    assert len(parts) == 7
    assert all(part is None for part in got[7:])
    _tiles(parts, ground)
    nobody = tessellate(ground, walls, np.empty(0, dtype=object), np.zeros(40, np.bool_))
    assert all(part is None for part in nobody)


@given(st.lists(st.tuples(*[st.integers(-200, 1200).map(lambda n: n / 1000.0)] * 4), max_size=6))
def test_blocks_tile(ends: list[tuple[float, float, float, float]]) -> None:
    ground = MultiPolygon([Polygon([(_W, _S), (_W + _D, _S), (_W + 0.8 * _D, _S + _D), (_W, _S + 0.9 * _D)])])
    lines = [
        LineString([(_W + a * _D, _S + b * _D), (_W + c * _D, _S + d * _D)]) for a, b, c, d in ends if (a, b) != (c, d)
    ]
    array = np.empty(len(lines), dtype=object)
    array[:] = lines
    found = blocks(ground, array)
    _tiles(list(found), ground)
    # A line that crosses the whole ground parts it; one that ends inside is a dead end.
    through = [
        line for line in lines
        if not ground.contains(line.boundary.geoms[0]) and not ground.contains(line.boundary.geoms[1])
        and shapely.get_num_geometries(shapely.difference(ground, line.buffer(1e-9))) > 1
    ]  # fmt: skip
    assert len(found) >= 1 + bool(through)


def _plan() -> tuple[Coverage, Facts]:
    rng = np.random.default_rng(21)
    return town.grids(4, rng), town.facts(4, rng, count=150)


def test_one_building_one_grid_through_the_coverage() -> None:
    cov, facts = _plan()
    parts = parting.per_building(cov, facts, _FIRST, least_households=10)
    _, inside, _ = facts.scatter.within(cov.polygons([_FIRST]))
    wanted = [row for row in sorted(inside.tolist()) if row < len(facts.keys) and facts.households[row] >= 10]
    assert len(parts) == len(wanted)
    for row, part in zip(wanted, parts, strict=True):
        assert shapely.intersects_xy(part, *facts.xy[row])
    face = cov.face(_FIRST)
    names = [_FIRST, *cov.next_ids(len(parts) - 1)]
    cov.patch(replace(cov, [_FIRST], [(Face(name, face.props), part) for name, part in zip(names, parts, strict=True)]))
    assert shapely.coverage_is_valid(cov.polygons(list(cov.faces)))
    with pytest.raises(BadInput) as none:
        parting.per_building(cov, facts, "330102001001002", least_households=10_000)
    assert none.value.reason == "no-building"


def test_painting_a_building_brings_the_ground_around_it() -> None:
    cov, facts = _plan()
    beside = sorted(face for face in cov.neighbours(_FIRST) if cov.face(face).community == cov.face(_FIRST).community)
    border = shapely.intersection(cov.polygon(_FIRST), cov.polygon(beside[0]))
    _, inside, _ = facts.scatter.within(cov.polygons([beside[0]]))
    rows = [row for row in inside.tolist() if row < len(facts.keys)]
    nearest = min(rows, key=lambda row: border.distance(Point(facts.xy[row])))
    region = parting.region_of(cov, facts, to=_FIRST, buildings=[facts.keys[nearest]])
    assert shapely.intersects_xy(region, *facts.xy[nearest])
    assert sum(bool(shapely.intersects_xy(region, *facts.xy[row])) for row in rows) == 1
    delta = reassign(cov, region, _FIRST)
    cov.patch(delta)
    assert cov.at(*facts.xy[nearest]) == _FIRST
    assert shapely.coverage_is_valid(cov.polygons(list(cov.faces)))
    with pytest.raises(NotFound, match="b9999"):
        parting.region_of(cov, facts, to=_FIRST, buildings=["b9999"])


def test_painting_blocks_cells_and_areas_stays_in_the_community() -> None:
    cov, facts = _plan()
    home = shapely.coverage_union_all(cov.polygons([f for f in cov.faces if f.startswith("330102001001")]))
    place = (_W + 1.6 * _D, _S + 1.6 * _D)
    block = parting.region_of(cov, facts, to=_FIRST, blocks=[place])
    assert shapely.intersects_xy(block, *place)
    assert block.difference(home).area < 1e-15
    cell = cell_of(*place, 9)
    painted = parting.region_of(cov, facts, to=_FIRST, cells=[hex_of(cell)])
    assert painted.symmetric_difference(boundary(cell).intersection(home)).area < 1e-15
    area = box(_W + 1.5 * _D, _S + 1.5 * _D, _W + 2.5 * _D, _S + 2.5 * _D)
    assert parting.region_of(cov, facts, to=_FIRST, area=area).area == pytest.approx((0.5 * _D) ** 2, rel=0.01)
    for asked in ({}, {"area": box(0, 0, 1, 1)}, {"blocks": [(0.0, 0.0)]}):
        with pytest.raises(BadInput) as nothing:
            parting.region_of(cov, facts, to=_FIRST, **asked)  # type: ignore[arg-type]
        assert nothing.value.reason == "nothing"


def test_cells_of_polygons_side_by_side() -> None:
    cov, _ = _plan()
    found = [set(parting.cells(polygon, 10).tolist()) for polygon in cov.polygons(list(cov.faces))]
    assert sum(map(len, found)) == len(set().union(*found)) > 50
