"""Covers of areas and lines, held against looking at every cell around."""

import h3.api.basic_int as h3
import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiLineString, MultiPolygon, Point, Polygon, box

from onemap.core import cell
from onemap.core.along import cover_line
from onemap.core.errors import BadInput

RES = 8


def around(shape, res):
    """All cells near a small shape and their outlines in the shape's own turn."""
    west, south, east, north = shape.bounds
    # Points at most 0.9 km apart, three rings around each (0.8 km and more at resolution 9): none is missed.
    lon, lat = np.meshgrid(np.linspace(west - 0.06, east + 0.06, 30), np.linspace(south - 0.06, north + 0.06, 30))
    cells = np.unique(cell.cells_of((lon.ravel() + 180) % 360 - 180, lat.ravel(), res))
    cells = np.unique(np.concatenate([cell.disk(int(one), 3) for one in cells]))
    outlines = cell.boundaries(cells)
    middle = (west + east) / 2
    turns = [360.0 * round((middle - outline.centroid.x) / 360.0) for outline in outlines]
    moved = [shapely.transform(o, np.array((t, 0.0)).__add__) if t else o for o, t in zip(outlines, turns, strict=True)]
    return cells, np.array(moved, dtype=object)


def kept(shape, res, mode):
    cells, outlines = around(shape, res)
    if mode == "overlap":
        return cells[shapely.intersects(outlines, shape)]
    if mode == "full":
        return cells[shapely.covers(shape, outlines)]
    lon, lat = cell.centers(cells)
    middle = shape.centroid.x
    return cells[shapely.contains_xy(shape, lon + 360 * np.rint((middle - lon) / 360), lat)]


offsets = st.tuples(st.floats(-0.05, 0.05), st.floats(-0.05, 0.05))
places = st.sampled_from([(120.2, 30.2), (-70.0, -33.0), (180.0, 17.0), (-179.99, -40.0), (0.0, 0.0)])


@settings(deadline=None, max_examples=25)
@given(places, st.lists(offsets, min_size=3, max_size=7, unique=True), st.sampled_from(["overlap", "center", "full"]))
def test_each_mode_is_what_it_says(place, corners, mode):
    area = shapely.convex_hull(shapely.MultiPoint([(place[0] + x, place[1] + y) for x, y in corners]))
    if area.geom_type != "Polygon" or area.area < 1e-5:
        return
    wanted = kept(area, RES, mode)
    assert cell.cover(area, RES, mode=mode).tolist() == wanted.tolist()
    jumping = shapely.transform(area, lambda xy: np.column_stack(((xy[:, 0] + 180) % 360 - 180, xy[:, 1])))
    assert cell.cover(jumping, RES, mode=mode).tolist() == wanted.tolist()


def test_modes_nest_and_overlap_is_the_default():
    area = box(120.0, 30.0, 120.2, 30.1)
    full, center, overlap = (set(cell.cover(area, RES, mode=m).tolist()) for m in ("full", "center", "overlap"))
    assert full < center < overlap
    assert set(cell.cover(area, RES).tolist()) == overlap


def test_centre_mode_silently_drops_what_is_thinner_than_a_cell():
    # A river bank 20 m wide and 20 km long, on cells of 460 m: hardly any centre happens to lie on it.
    bank = box(120.0, 30.1, 120.2, 30.1002)
    assert len(cell.cover(bank, RES, mode="full")) == 0
    assert len(cell.cover(bank, RES, mode="center")) <= 2
    assert len(cell.cover(bank, RES, mode="overlap")) >= 20


def test_areas_side_by_side_share_no_centre_cell():
    left, right = box(120.0, 30.0, 120.1, 30.1), box(120.1, 30.0, 120.2, 30.1)
    both = [cell.cover(part, RES, mode="center") for part in (left, right)]
    assert not np.intersect1d(*both).size
    assert np.array_equal(np.union1d(*both), cell.cover(box(120.0, 30.0, 120.2, 30.1), RES, mode="center"))


def test_an_area_across_the_antimeridian_with_a_hole():
    outer, hole = box(179.8, 10.0, 180.2, 10.4), box(179.95, 10.15, 180.05, 10.25)
    ring = Polygon(outer.exterior.coords, [hole.exterior.coords])
    found = cell.cover(ring, RES)
    assert found.tolist() == kept(ring, RES, "overlap").tolist()
    halves = MultiPolygon(
        [box(179.8, 10.0, 180, 10.4) - hole, box(-180, 10.0, -179.8, 10.4) - box(-180, 10.15, -179.95, 10.25)]
    )
    assert cell.cover(halves, RES).tolist() == found.tolist()


def test_a_ring_around_a_pole_is_refused():
    with pytest.raises(BadInput) as caught:
        cell.cover(Polygon([(-120, 80), (0, 80), (120, 80)]), 3)
    assert caught.value.reason == "around-pole"


@settings(deadline=None, max_examples=25)
@example((0.0, 0.0), [(0.046875, 0.03125), (-0.03125, 0.0)], 9)
@given(places, st.lists(offsets, min_size=2, max_size=6), st.integers(6, 9))
def test_a_line_has_every_cell_it_touches(place, corners, res):
    line = LineString([(place[0] + x, place[1] + y) for x, y in corners])
    cells, outlines = around(line, res)
    wanted = (
        cells[shapely.intersects(outlines, line)]
        if line.length
        else cells[shapely.covers(outlines, Point(line.coords[0]))]
    )
    found = cover_line(line, res)
    assert found.tolist() == wanted.tolist()
    jumping = shapely.transform(line, lambda xy: np.column_stack(((xy[:, 0] + 180) % 360 - 180, xy[:, 1])))
    assert cover_line(jumping, res).tolist() == wanted.tolist()


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6), st.integers(10, 15))
def test_a_fine_line_touches_a_corner_only(seed, res):
    # Through a corner of a cell, from one neighbour into another: the cell itself is touched in one point or a sliver.
    random = np.random.default_rng(seed)
    home = cell.cell_of(120 + random.random(), 30 + random.random(), res)
    ring = np.array(cell.boundary(home).exterior.coords)
    corner, away = ring[seed % 6], ring[seed % 6] - ring[(seed + 3) % 6]
    across = np.array([-away[1], away[0]]) * 0.8
    line = LineString([corner - across, corner + across])
    near = cell.disk(home, 4)
    wanted = near[shapely.intersects(cell.boundaries(near), line)]
    assert cover_line(line, res).tolist() == wanted.tolist()


def test_parts_of_a_line_and_nothing():
    parts = [LineString([(120, 30), (120.01, 30.01)]), LineString([(121, 31), (121.01, 31)])]
    both = set().union(*(cover_line(part, 9).tolist() for part in parts))
    assert set(cover_line(MultiLineString(parts), 9).tolist()) == both
    assert cover_line(LineString(), 9).shape == (0,)
    assert cover_line(MultiLineString(), 9).shape == (0,)


@pytest.mark.parametrize("res", [0, 1, 2])
def test_coarse_cells_along_a_meridian_over_a_pole(res):
    line = LineString([(30.0, -89.9), (30.0, 89.9)])
    found = set(cover_line(line, res).tolist())
    assert {h3.latlng_to_cell(lat, 30.0, res) for lat in np.linspace(-89.9, 89.9, 200)} <= found


@pytest.mark.parametrize(
    ("line", "res", "reason"),
    [
        (LineString([(100, 30), (130, 30)]), 15, "cover-size"),
        (box(120, 30, 121, 31), 8, "wrong-type"),
        (Point(120, 30), 8, "wrong-type"),
        (LineString([(120, 30), (120.1, 30)]), 16, "resolution"),
    ],
)
def test_lines_that_are_refused(line, res, reason):
    with pytest.raises(BadInput) as caught:
        cover_line(line, res)
    assert caught.value.reason == reason
