"""Cells, held against the h3 library."""

import itertools

import h3.api.basic_int as h3
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

from onemap.core import cell
from onemap.core.errors import BadCoordinate, BadInput

places = st.tuples(st.floats(-180, 180), st.floats(-90, 90))
HANGZHOU = (120.1551, 30.2741)


@settings(deadline=None)
@given(places, st.integers(0, 15))
def test_cells_are_those_of_h3(place, res):
    lon, lat = place
    assert cell.cell_of(lon, lat, res) == h3.latlng_to_cell(lat, lon, res)


def test_cells_keep_shape_and_are_signed():
    found = cell.cells_of([[120.0, 121.0]], [[30.0, 31.0]])
    assert found.shape == (1, 2)
    assert found.dtype == np.int64
    assert bool((found > 0).all())
    assert cell.cells_of([], []).shape == (0,)


@pytest.mark.parametrize(("lon", "lat"), [(np.nan, 30.0), (120.0, np.inf), (120.0, 91.0), (30.0, 120.0)])
def test_no_cell_for_a_bad_position(lon, lat):
    with pytest.raises(BadCoordinate):
        cell.cells_of([120.0, lon], [30.0, lat])


@settings(deadline=None)
@given(places, st.integers(0, 15))
def test_parents_are_those_of_h3(place, res):
    finest = cell.cell_of(*place)
    wanted = h3.cell_to_parent(finest, res)
    assert cell.parent(finest, res) == wanted
    assert cell.parents([finest], res).tolist() == [wanted]


def test_parents_of_pentagons_at_every_pair_of_resolutions():
    for fine in range(16):
        pentagons = h3.get_pentagons(fine)
        assert len(pentagons) == 12
        for coarse in range(fine + 1):
            wanted = [h3.cell_to_parent(p, coarse) for p in pentagons]
            assert cell.parents(pentagons, coarse).tolist() == wanted
            assert [cell.parent(p, coarse) for p in pentagons] == wanted


def test_mixed_resolutions_and_shapes():
    mixed = np.array([[cell.cell_of(*HANGZHOU, 9), cell.cell_of(*HANGZHOU, 15)]])
    found = cell.parents(mixed, 7)
    assert found.shape == (1, 2)
    assert found.dtype == np.int64
    assert set(found.ravel().tolist()) == {cell.cell_of(*HANGZHOU, 7)}


def test_a_coarse_cell_has_no_finer_parent():
    coarse = cell.cell_of(*HANGZHOU, 6)
    with pytest.raises(BadInput):
        cell.parent(coarse, 7)
    with pytest.raises(BadInput):
        cell.parents([coarse], 7)


@pytest.mark.parametrize("step", [0, 1, 2, 3])
def test_child_range_is_exactly_the_children(step):
    # Around a pentagon and over two base cells, so that a range that spilled would catch a neighbour.
    res = 3
    near = np.concatenate([cell.disk(h3.get_pentagons(res)[4], 2), cell.disk(cell.cell_of(*HANGZHOU, res), 2)])
    children = {int(c): set(h3.cell_to_children(int(c), res + step)) for c in near}
    everything = np.array(sorted(set().union(*children.values())))
    for one, wanted in children.items():
        lo, hi = cell.child_range(one, res + step)
        inside = everything[(everything >= lo) & (everything <= hi)]
        assert set(inside.tolist()) == wanted
        assert lo == min(wanted)
        assert hi == max(wanted)


def test_child_ranges_of_all_base_cells_are_disjoint_and_ordered():
    ranges = sorted(cell.child_range(c) for c in h3.get_res0_cells())
    assert len(ranges) == 122
    assert all(left[1] < right[0] for left, right in itertools.pairwise(ranges))
    assert ranges[-1][1] < 2**63


@settings(deadline=None)
@given(places, st.integers(0, 15))
def test_a_position_lies_in_the_range_of_its_every_ancestor(place, res):
    finest = cell.cell_of(*place)
    lo, hi = cell.child_range(cell.parent(finest, res))
    assert lo <= finest <= hi


@settings(deadline=None)
@given(places, st.integers(0, 14))
def test_a_cell_outside_is_outside_the_range(place, res):
    home = cell.cell_of(*place, res)
    lo, hi = cell.child_range(home)
    for other in set(cell.disk(home, 1).tolist()) - {home}:
        assert not lo <= h3.cell_to_center_child(other, 15) <= hi


def test_child_range_of_a_finer_cell_is_refused():
    with pytest.raises(BadInput):
        cell.child_range(cell.cell_of(*HANGZHOU, 9), 8)


@pytest.mark.parametrize("res", [-1, 16])
def test_resolutions_outside_are_refused(res):
    fine = cell.cell_of(*HANGZHOU)
    for call in (
        lambda: cell.cells_of([120.0], [30.0], res),
        lambda: cell.parent(fine, res),
        lambda: cell.parents([fine], res),
        lambda: cell.child_range(fine, res),
        lambda: cell.area_km2(res),
        lambda: cell.cover(box(120, 30, 120.1, 30.1), res),
    ):
        with pytest.raises(BadInput) as caught:
            call()
        assert caught.value.reason == "resolution"


def test_resolution_is_read_from_the_bits():
    assert [cell.resolution(cell.cell_of(*HANGZHOU, r)) for r in range(16)] == list(range(16))


def test_boundaries():
    one = cell.cell_of(*HANGZHOU, 9)
    outline = cell.boundary(one)
    assert outline.contains(Point(HANGZHOU))
    assert len(outline.exterior.coords) == 7
    many = cell.boundaries([one, h3.get_pentagons(4)[0]])
    assert many[0].equals(outline)
    assert len(many) == 2
    assert cell.boundaries([]).shape == (0,)


def test_an_outline_across_the_antimeridian_has_no_long_edge():
    outline = cell.boundary(cell.cell_of(179.9999, 10.0, 3))
    west, _, east, _ = outline.bounds
    assert east > 180.0
    assert east - west < 3


def test_centers():
    one = cell.cell_of(*HANGZHOU, 9)
    lon, lat = cell.centers([[one]])
    assert (lat[0, 0], lon[0, 0]) == pytest.approx(h3.cell_to_latlng(one))
    assert cell.centers([])[0].shape == (0,)


@settings(max_examples=40, deadline=None)
@given(st.floats(119, 121), st.floats(29, 31), st.floats(0.0005, 0.02), st.floats(0.00005, 0.02))
def test_a_cover_leaves_no_part_out(west, south, width, height):
    area = box(west, south, west + width, south + height)
    found = cell.cover(area, 9)
    corners = [(west, south), (west + width, south + height), (west + width / 2, south + height / 2)]
    assert {cell.cell_of(*corner, 9) for corner in corners} <= set(found.tolist())
    assert found.tolist() == sorted(set(found.tolist()))
    assert all(outline.distance(area) < 1e-9 for outline in cell.boundaries(found))


def test_a_strip_narrower_than_a_cell_is_covered():
    strip = box(120.0, 30.0, 120.02, 30.00001)
    assert len(cell.cover(strip, 8)) >= 2


def test_cover_of_parts_and_of_nothing():
    both = MultiPolygon([box(120.0, 30.0, 120.01, 30.01), box(121.0, 31.0, 121.01, 31.01)])
    parts = [set(cell.cover(part, 8).tolist()) for part in both.geoms]
    assert set(cell.cover(both, 8).tolist()) == parts[0] | parts[1]
    assert cell.cover(Polygon(), 8).shape == (0,)


def test_cover_respects_holes():
    ring = Polygon(box(120, 30, 120.2, 30.2).exterior.coords, [box(120.05, 30.05, 120.15, 30.15).exterior.coords])
    assert cell.cell_of(120.1, 30.1, 9) not in cell.cover(ring, 9)


@pytest.mark.parametrize(
    ("area", "res", "reason"),
    [(box(70, 10, 130, 50), 12, "cover-size"), (LineString([(120, 30), (121, 30)]), 8, "wrong-type")],
)
def test_covers_that_are_refused(area, res, reason):
    with pytest.raises(BadInput) as caught:
        cell.cover(area, res)
    assert caught.value.reason == reason


def test_disks():
    home = cell.cell_of(*HANGZHOU, 9)
    assert cell.disk(home, 0).tolist() == [home]
    assert len(cell.disk(home, 2)) == 19
    with pytest.raises(BadInput):
        cell.disk(home, -1)
    with pytest.raises(BadInput):
        cell.disk(12345, 1)


@settings(deadline=None)
@given(places, st.integers(0, 15))
def test_text_form_round_trip(place, res):
    one = cell.cell_of(*place, res)
    assert cell.hex_of(one) == h3.int_to_str(one)
    assert cell.cell_from_hex(cell.hex_of(one)) == one


@pytest.mark.parametrize(
    "text", ["", "zz", "8928308280fffff0", "0x928308280ffff", "000000000000000", "892830828_fffff"]
)
def test_bad_text_is_refused(text):
    with pytest.raises(BadInput) as caught:
        cell.cell_from_hex(text)
    assert caught.value.reason == "cell"


def test_areas_shrink_by_seven():
    assert cell.area_km2(9) == pytest.approx(0.105, abs=0.01)
    assert cell.area_km2(8) / cell.area_km2(9) == pytest.approx(7, rel=0.01)
