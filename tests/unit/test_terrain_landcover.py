"""Land cover: what lies on top, what is unknown, and the same answer whatever the blocks."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from onemap.core import cell
from onemap.terrain import raster
from onemap.terrain.landcover import WEIGHTS, of_polygons
from onemap.terrain.raster import Grid

WEST, NORTH, STEP, SIDE = 106.5, 29.6, 1e-4, 120


def test_polygons_cover_cells_by_their_area(monkeypatch: pytest.MonkeyPatch) -> None:
    grid = Grid("EPSG:4326", SIDE, SIDE, WEST, NORTH, STEP, STEP, np.full(SIDE, 9.7), np.full(SIDE, 11.1))
    east, south = WEST + SIDE * STEP, NORTH - SIDE * STEP
    farm, wood = shapely.box(WEST, south, east, NORTH - 0.004), shapely.box(WEST, south, WEST + 0.006, NORTH)
    areas = [("farm", farm), ("forest", wood), ("rock garden", shapely.box(east - 0.003, NORTH - 0.003, east, NORTH)),
             ("park", shapely.Polygon())]  # fmt: skip
    cells = cell.cover(shapely.box(WEST, south, east + 0.002, NORTH), 11)
    found = of_polygons(areas, cells, grid)
    monkeypatch.setattr(raster, "BLOCK_BYTES", SIDE * 4 * 16)
    parts = of_polygons(areas, cells, grid)
    np.testing.assert_allclose(found.exposure, parts.exposure)
    assert found.kind == parts.kind
    unit = shapely.box(WEST, south, east, NORTH)
    for at, outline in enumerate(cell.boundaries(cells)):
        own = shapely.intersection(outline, unit)
        in_wood, in_other = own.intersection(wood).area, own.intersection(areas[2][1]).area
        in_farm = own.intersection(farm.difference(wood)).area
        known = in_wood + in_other + in_farm
        if known < 0.05 * outline.area:
            continue
        expected = (0.1 * in_wood + WEIGHTS["other"] * in_other + 0.7 * in_farm) / known
        # Pixels are drawn by their centres: a cell has about 20 of them.
        assert found.exposure[at] == pytest.approx(expected, abs=0.12)
        shares = {"forest": in_wood, "other": in_other, "farm": in_farm}
        if max(shares.values()) > 0.8 * known:
            assert found.kind[at] == max(shares, key=shares.__getitem__)
    nowhere = cell.cells_of([east + 0.01], [NORTH], 11)
    assert np.isnan(of_polygons(areas, nowhere, grid).exposure[0])
    assert of_polygons([], cells[:3], grid).kind == ("", "", "")
