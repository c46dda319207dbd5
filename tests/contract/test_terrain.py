"""Terrain: a real elevation model at the door, its contours, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from fastapi import FastAPI
from rasterio.transform import from_origin

from onemap.core.errors import BadInput
from onemap.layers import BY_NAME
from onemap.store import feature
from onemap.store.db import Connection, connect
from onemap.terrain import service
from onemap.terrain.dem import describe
from tests.contract.test_layers import tile_at

Get = Callable[..., Any]
WEST, NORTH, STEP = 106.5, 29.7, 0.0003


def write(path: Path, heights: Any, *, crs: str | None = "EPSG:4326", nodata: float | None = -9999.0) -> Path:
    with rasterio.open(
        path, "w", driver="GTiff", width=heights.shape[1], height=heights.shape[0], count=1, dtype="float32", crs=crs,
        transform=from_origin(WEST, NORTH, STEP, STEP), nodata=nodata,
    ) as target:  # fmt: skip
        target.write(heights.astype(np.float32), 1)
    return path


@pytest.fixture
def slope(tmp_path: Path) -> Path:
    """A plane that climbs 1 m a pixel to the east from 200 m, with a hole."""
    heights = np.tile(200.0 + np.arange(300), (300, 1))
    heights[100:110, 100:110] = -9999.0
    return write(tmp_path / "slope.tif", heights)


def decoded(png: bytes) -> Any:
    with rasterio.MemoryFile(png) as memory, memory.open() as found:
        assert (found.width, found.height, found.count) == (256, 256, 3)
        red, green, blue = found.read().astype(float)
    return red * 256 + green + blue / 256 - 32768


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_a_registered_model_is_served_as_terrarium(
    get: Get, app: FastAPI, committed: Connection, slope: Path, tmp_path: Path
) -> None:
    home = app.state.onemap.settings.home_path
    assert get("/catalogue").json()["terrain"] is None
    where = tile_at(13, WEST + 150 * STEP, NORTH - 150 * STEP)
    url = f"/tiles/terrain/{where.z}/{where.x}/{where.y}.png"
    assert get(url).status_code == 404
    dem = service.register(committed, home, "city", slope)
    told = get("/catalogue").json()["terrain"]
    assert told["encoding"] == "terrarium"
    assert told["tiles"] == "/tiles/terrain/{z}/{x}/{y}.png"
    assert told["minzoom"] <= 13 <= told["maxzoom"]
    answer = get(url)
    assert answer.headers["content-type"] == "image/png"
    found = decoded(answer.content)
    west, _, east, _ = where.bounds_lonlat()
    lon = west + (np.arange(256) + 0.5) / 256 * (east - west)
    expected = 200.0 + (lon - WEST) / STEP - 0.5
    known = (lon > WEST + STEP) & (lon < WEST + 99 * STEP)
    assert np.abs(found[128, known] - expected[known]).max() < 0.6
    assert get(url, If_None_Match=answer.headers["etag"]).status_code == 304
    assert get("/tiles/terrain/13/0/0.png").status_code == 404
    assert get("/tiles/terrain/13/9999/0.png").status_code == 400
    # The same name with other content is another tile at once.
    service.register(committed, home, "city", write(tmp_path / "flat.tif", np.full((300, 300), 50.0)))
    assert decoded(get(url).content).max() == 50
    assert [one.name for one in service.dems(committed, home)] == ["city"]
    rows = service.contour_rows(dem, 50.0)
    assert [row.attributes["elevation_m"] for row in rows] == [200, 250, 300, 350, 400, 450]
    assert [row.attributes["index"] for row in rows] == [False, True, False, False, False, False]
    for row in rows[1:]:
        assert row.geom is not None
        lon = WEST + (row.attributes["elevation_m"] - 200 + 0.5) * STEP
        assert abs(row.geom.bounds[0] - lon) < 2e-4
    with connect(committed.info.dsn) as conn:
        assert feature.upsert(conn, BY_NAME["contour"], rows, feed="test").inserted == len(rows)


def test_what_is_no_elevation_is_refused(tmp_path: Path, conn: Connection) -> None:
    with pytest.raises(BadInput, match="coordinate system"):
        describe(write(tmp_path / "lost.tif", np.ones((4, 4)), crs=None))
    (tmp_path / "text.tif").write_text("no raster")
    with pytest.raises(BadInput):
        service.register(conn, tmp_path / "home", "text", tmp_path / "text.tif")
    with pytest.raises(BadInput, match="name"):
        service.register(conn, tmp_path / "home", "../evil", tmp_path / "text.tif")
    with pytest.raises(BadInput):
        describe(tmp_path / "nothing.tif")
