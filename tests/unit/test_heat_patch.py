"""Outlines equal the union that GEOS makes; study areas hold the cells whose centres lie in them."""

from __future__ import annotations

import h3.api.basic_int as h3
import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st

from onemap.core.cell import boundaries, centers
from onemap.core.errors import BadInput
from onemap.heat.domain import cells_inside
from onemap.heat.patch import patches


@settings(max_examples=40, deadline=None)
@example(seed=0, radius=6, keep=0.875, res=6)
@given(seed=st.integers(0, 10**6), radius=st.integers(0, 8), keep=st.floats(0.1, 1.0), res=st.integers(5, 11))
def test_outlines_are_the_union(seed: int, radius: int, keep: float, res: int) -> None:
    rng = np.random.default_rng(seed)
    cells = np.array(h3.grid_disk(h3.latlng_to_cell(29.6 + rng.random(), 106.5, res), radius), np.int64)
    cells = np.unique(cells[rng.random(len(cells)) < keep])
    found = patches(cells)
    assert sorted(cell for patch in found for cell in patch.cells.tolist()) == cells.tolist()
    whole = shapely.union_all(boundaries(cells), grid_size=1e-9)
    assert len(found) == len(shapely.get_parts(whole[()] if isinstance(whole, np.ndarray) else whole)) or not len(cells)
    side = h3.average_hexagon_edge_length(res) / 111.0
    for patch in found:
        outline = patch.outline
        assert outline.is_valid
        assert outline.exterior.is_ccw and not any(hole.is_ccw for hole in outline.interiors)
        own = shapely.union_all(boundaries(patch.cells), grid_size=1e-9)
        assert outline.symmetric_difference(own).area < 2e-6 * outline.length + 1e-6 * side
        # Rounding leaves the union a sliver now and then: a hole is as large as a cell, or nearly.
        holes = [hole for hole in own.interiors if shapely.Polygon(hole).area > 0.1 * side**2]
        assert len(outline.interiors) == len(holes)


@pytest.mark.parametrize("res", [5, 6, 7, 8])
def test_around_pentagons_and_over_the_edges_of_the_icosahedron(res: int) -> None:
    """There cells have five corners, or one more where they bend."""
    rng = np.random.default_rng(res)
    for centre in h3.get_pentagons(res)[1:11:3]:
        lat, lon = h3.cell_to_latlng(centre)
        if abs(lat) > 80 or abs(lon) > 175:
            continue
        cells = np.unique(np.array(h3.grid_disk(centre, 5), np.int64))
        for own in (cells, cells[rng.random(len(cells)) < 0.7]):
            whole = shapely.union_all(boundaries(own), grid_size=1e-9)
            found = shapely.MultiPolygon([patch.outline for patch in patches(own)])
            assert found.is_valid
            assert found.symmetric_difference(whole).area < 2e-6 * whole.length


def test_one_across_the_antimeridian_runs_on() -> None:
    cells = np.unique(np.array(h3.grid_disk(h3.latlng_to_cell(-17.0, 180.0, 7), 2), np.int64))
    (patch,) = patches(cells)
    assert patch.outline.bounds[2] - patch.outline.bounds[0] < 1
    assert patches(cells[:0]) == []


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), res=st.integers(5, 9), lat=st.floats(-60, 60), lon=st.floats(-170, 170))
def test_a_study_area_is_the_centres_inside(seed: int, res: int, lat: float, lon: float) -> None:
    rng = np.random.default_rng(seed)
    angle = np.sort(rng.random(40)) * 2 * np.pi
    reach = 0.08 * (0.2 + rng.random(40))
    ring = np.column_stack((lon + reach * np.cos(angle), lat + reach * np.sin(angle)))
    area = shapely.make_valid(shapely.Polygon(ring, [shapely.Point(lon, lat).buffer(0.005).exterior.coords]))
    wide = h3.grid_disk(h3.latlng_to_cell(lat, lon, res), int(0.2 * 111 / h3.average_hexagon_edge_length(res)) + 2)
    near = np.unique(np.array(wide, np.int64))
    x, y = centers(near)
    assert cells_inside(area, res).tolist() == near[shapely.contains_xy(area, x, y)].tolist()


def test_a_study_area_too_large_is_refused_before_it_is_made() -> None:
    with pytest.raises(BadInput, match="larger ones"):
        cells_inside(shapely.box(100, 20, 120, 40), 11)
    assert len(cells_inside(shapely.Polygon(), 9)) == 0
