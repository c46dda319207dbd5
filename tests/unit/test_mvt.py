"""Cells in a vector tile: decoded again they are the outlines, clipped, with what was said of them."""

from __future__ import annotations

import h3.api.basic_int as h3
import mapbox_vector_tile
import numpy as np
import pytest
import shapely

from onemap.core.cell import boundary, cover, hex_of
from tiles.grid import TileId, mercator
from tiles.mvt import encode


def _tile(z: int, lon: float, lat: float) -> TileId:
    x, y = mercator(lon, lat)
    width = 2 * 20037508.342789244 / (1 << z)
    return TileId(z, int((x + 20037508.342789244) / width), int((20037508.342789244 - y) / width))


def _drawn(cell: int, tile: TileId) -> shapely.Polygon:
    """The cell in tile coordinates, y down, cut to the buffer."""
    west, _, east, north = tile.bounds_3857()
    points = [mercator(lon, lat) for lon, lat in boundary(cell).exterior.coords]
    turns = round((points[0][0] - (west + east) / 2) / (2 * 20037508.342789244))
    scale = 4096 / tile.width_m
    ring = [((x - turns * 2 * 20037508.342789244 - west) * scale, (north - y) * scale) for x, y in points]
    return shapely.Polygon(ring).intersection(shapely.box(-64, -64, 4160, 4160))


PLACES = [
    (12, 106.5, 29.6, 9), (13, 106.5, 29.6, 9), (8, 106.5, 29.6, 6), (20, 106.5, 29.6, 11), (10, 179.99, -16.7, 7),
    (6, 10.5, 58.2, 5),
]  # fmt: skip


@pytest.mark.parametrize(("z", "lon", "lat", "res"), PLACES)
def test_a_tile_holds_the_cells_cut_to_its_buffer(z: int, lon: float, lat: float, res: int) -> None:
    tile = _tile(z, lon, lat)
    west, south, east, north = tile.bounds_lonlat(1 / 64)
    cells = cover(shapely.box(west, south, min(east, 180.0), north), res)
    if lon > 179:
        cells = np.unique(np.concatenate([h3.grid_disk(int(cell), 1) for cell in cells.tolist()]).astype(np.int64))
    values = np.round(np.linspace(0.5, 300.0, len(cells)), 4)
    ranks = np.round(np.linspace(0.0, 1.0, len(cells)), 4)
    decoded = mapbox_vector_tile.decode(
        encode(tile, "heat", cells, values, ranks), default_options={"y_coord_down": True}
    )
    assert list(decoded) == ["heat"] and decoded["heat"]["extent"] == 4096 and decoded["heat"]["version"] == 2
    told = {
        hex_of(cell): (value, rank)
        for cell, value, rank in zip(cells.tolist(), values.tolist(), ranks.tolist(), strict=True)
    }
    wanted = {hex_of(cell): _drawn(cell, tile) for cell in cells.tolist()}
    found = {one["properties"]["cell"]: one for one in decoded["heat"]["features"]}
    assert {name for name, shape in wanted.items() if shape.area > 60} <= found.keys() <= told.keys()
    for name, one in found.items():
        assert (one["properties"]["value"], one["properties"]["rank"]) == told[name]
        assert one["geometry"]["type"] == "Polygon"
        (ring,) = one["geometry"]["coordinates"]
        drawn = shapely.Polygon(ring)
        assert drawn.is_valid and drawn.hausdorff_distance(wanted[name]) < 1.5
        # Exterior rings run clockwise on the screen, where y goes down.
        assert shapely.is_ccw(drawn.exterior)


def test_nothing_is_an_empty_tile() -> None:
    tile = _tile(12, 106.5, 29.6)
    none = np.empty(0, np.int64), np.empty(0), np.empty(0)
    assert encode(tile, "heat", *none) == b""
    far = np.array([h3.latlng_to_cell(-10.0, 0.0, 9)], np.int64)
    assert encode(tile, "heat", far, np.ones(1), np.ones(1)) == b""
