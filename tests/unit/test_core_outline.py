"""Centres and outlines in bulk, held against the h3 library."""

import sys

import h3.api.basic_int as h3
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from onemap.core import cell
from onemap.core.outline import hexagons, positions

TOLERANCE_DEG = 1e-9


def globe(n, seed):
    random = np.random.default_rng(seed)
    return random.uniform(-180, 180, n), np.degrees(np.arcsin(random.uniform(-1, 1, n)))


def apart(lon, lat, wanted):
    """The greater of both differences, longitudes over the short way and at their latitude's scale."""
    wanted = np.asarray(wanted)
    turn = np.abs((lon - wanted[:, 1] + 180.0) % 360.0 - 180.0) * np.cos(np.radians(wanted[:, 0]))
    return max(float(turn.max()), float(np.abs(lat - wanted[:, 0]).max()))


@pytest.mark.parametrize("res", range(16))
def test_centres_and_corners_are_those_of_the_library(res):
    cells = np.unique(np.concatenate([cell.cells_of(*globe(1500, res), res), h3.get_pentagons(res)]))
    lon, lat = positions(cells)
    assert apart(lon, lat, [h3.cell_to_latlng(int(one)) for one in cells]) < TOLERANCE_DEG
    rings, sure = hexagons(cells)
    assert sure.mean() > {0: 0.15, 1: 0.5, 2: 0.75}.get(res, 0.9)
    for one, ring in zip(cells[sure].tolist(), rings[sure], strict=True):
        wanted = h3.cell_to_boundary(one)
        assert len(wanted) == 6
        assert apart(ring[:6, 0], ring[:6, 1], wanted) < TOLERANCE_DEG
        assert np.array_equal(ring[6], ring[0])


@pytest.mark.parametrize("res", [0, 1, 3, 5])
def test_outlines_have_all_corners_also_where_cells_bend(res):
    cells = np.unique(np.concatenate([cell.cells_of(*globe(1500, res), res), h3.get_pentagons(res)]))
    xy, starts = cell.outlines(cells)
    assert len(starts) == len(cells) + 1
    for one, ring in zip(cells.tolist(), np.split(xy, starts[1:-1]), strict=True):
        wanted = h3.cell_to_boundary(one)
        assert len(ring) == len(wanted) + 1
        assert apart(ring[:-1, 0], ring[:-1, 1], wanted) < TOLERANCE_DEG
        assert np.ptp(ring[:, 0]) < 180 or shapely.polygons(ring).area > 5000 or abs(ring[:, 1]).max() > 60


def test_a_few_and_many_cells_give_the_same_polygons():
    cells = np.unique(cell.cells_of(*globe(400, 1), 5))
    many = cell.boundaries(cells)
    assert len(many) == len(cells) > 150
    few = np.concatenate([cell.boundaries(cells[at : at + 50]) for at in range(0, len(cells), 50)])
    for left, right, one in zip(many, few, cells.tolist(), strict=True):
        assert shapely.equals_exact(left, right, tolerance=TOLERANCE_DEG)
        assert shapely.equals_exact(left, cell.boundary(one), tolerance=TOLERANCE_DEG)


def test_rings_across_the_antimeridian_run_on():
    lat = np.linspace(-60, 60, 400)
    for polygon in cell.boundaries(np.unique(cell.cells_of(np.full(400, 179.999), lat, 6))):
        west, _, east, _ = polygon.bounds
        assert east - west < 1.0


@settings(deadline=None, max_examples=40)
@given(st.floats(-180, 180), st.floats(-89, 89), st.integers(2, 15))
def test_centres_go_back_to_their_cells(lon, lat, res):
    cells = cell.disk(cell.cell_of(lon, lat, res), 6)
    assert len(cells) >= 100
    again = cell.cells_of(*cell.centers(cells), res)
    assert np.array_equal(again, cells)


def test_what_warms_the_kernels_loads_both():
    index, hexes = sys.modules["onemap.core.index"], sys.modules["onemap.core.outline"]
    cell.warm()
    assert index._index.signatures
    assert hexes._positions.signatures


def test_centres_keep_the_shape():
    cells = cell.cells_of(*globe(240, 3), 8).reshape(12, 20)
    lon, lat = cell.centers(cells)
    assert lon.shape == lat.shape == (12, 20)
    assert positions(cells.ravel()[:0])[0].shape == (0,)
