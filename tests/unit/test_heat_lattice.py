"""The neighbour table is h3's own ring, everywhere."""

from __future__ import annotations

import h3.api.basic_int as h3
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onemap.core.cell import Cells, cells_of
from onemap.core.errors import BadInput
from onemap.heat.lattice import Lattice, lattice, ring_sums


def patch(cell: int, radius: int) -> Cells:
    found = h3.grid_disk(cell, radius)
    return np.unique(np.fromiter(found, np.int64, len(found)))


def slow(there: set[int], cell: int, rings: int) -> set[int]:
    return {near for near in h3.grid_disk(cell, rings) if near in there and near != cell}


def hold(grid: Lattice, sample: int = 400) -> None:
    there = set(grid.cells.tolist())
    for at in np.unique(np.linspace(0, len(grid) - 1, sample).astype(int)).tolist():
        row = grid.neighbours[at]
        found = row[row >= 0]
        assert len(found) == len(set(found.tolist()))
        assert set(grid.cells[found].tolist()) == slow(there, int(grid.cells[at]), grid.rings)
        assert grid.sizes[at] == len(found) + 1


@settings(max_examples=60, deadline=None)
@given(
    lon=st.floats(-180, 180), lat=st.floats(-90, 90), res=st.integers(0, 15), radius=st.integers(0, 9),
    rings=st.integers(1, 3), keep=st.floats(0.3, 1.0), seed=st.integers(0, 999),
)  # fmt: skip
def test_random_patches_with_holes(
    lon: float, lat: float, res: int, radius: int, rings: int, keep: float, seed: int
) -> None:
    cells = patch(int(cells_of(lon, lat, res)), min(radius, res + 1))
    cells = cells[np.random.default_rng(seed).random(len(cells)) < keep]
    hold(lattice(np.random.default_rng(seed).permutation(cells), rings), 60) if len(cells) else None


@pytest.mark.parametrize("res", range(5, 13))
def test_pentagons_and_the_edges_of_base_cells(res: int) -> None:
    centers = h3.get_pentagons(res)[:4]
    # Corners of base cells: where three of them meet.
    for base in sorted(h3.get_res0_cells())[res * 3 : res * 3 + 3]:
        centers += [h3.latlng_to_cell(*corner, res) for corner in h3.cell_to_boundary(base)[:2]]
    for center in centers:
        cells = patch(center, 4)
        for rings in (1, 2):
            hold(lattice(cells, rings), 61)


@pytest.mark.parametrize("res", range(5, 13))
def test_across_the_antimeridian_and_at_the_poles(res: int) -> None:
    for lat, lon in ((-17.0, 180.0), (66.0, -180.0), (90.0, 0.0), (-90.0, 0.0)):
        hold(lattice(patch(h3.latlng_to_cell(lat, lon, res), 5)), 91)


def test_a_whole_base_cell_and_its_neighbours() -> None:
    base = h3.latlng_to_cell(29.6, 106.5, 0)
    cells = np.unique([cell for one in h3.grid_disk(base, 1) for cell in h3.cell_to_children(one, 5)]).astype(np.int64)
    grid = lattice(cells)
    hold(grid, 1500)
    # Who is my neighbour has me as his.
    at, column = np.nonzero(grid.neighbours >= 0)
    there = set(zip(at.tolist(), grid.neighbours[at, column].tolist(), strict=True))
    assert {(b, a) for a, b in there} == there


def test_sums_places_and_refusals() -> None:
    cells = patch(h3.latlng_to_cell(29.6, 106.5, 9), 6)
    grid = lattice(cells, 2)
    values = np.random.default_rng(1).random(len(cells))
    by_cell = dict(zip(cells.tolist(), values.tolist(), strict=True))
    sums = ring_sums(grid, values)
    for at in range(len(cells)):
        assert sums[at] == pytest.approx(
            by_cell[int(cells[at])] + sum(by_cell[c] for c in slow(set(by_cell), int(cells[at]), 2))
        )
        assert grid.place(int(cells[at])) == at
    assert grid.place(int(cells[0]) - 8) == -1
    assert grid.place(int(cells[-1]) + 1) == -1
    assert len(lattice([])) == 0
    with pytest.raises(BadInput, match="one resolution"):
        lattice([h3.latlng_to_cell(29.6, 106.5, 9), h3.latlng_to_cell(29.6, 106.5, 8)])
    with pytest.raises(BadInput, match="rings"):
        lattice(cells, 0)
