"""Hill shade, slope and the ground of a cell at the doors, over a plane whose slope is known."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from fastapi import FastAPI
from rasterio.transform import from_origin

from onemap.core import cell
from onemap.store.db import Connection
from onemap.terrain import cells, service
from onemap.terrain.cells import COLUMNS
from onemap.terrain.landcover import CODES, WEIGHTS
from onemap.terrain.paint import CLASSES, PRODUCTS, picture
from server.routes.terrain import FACTS, LANDCOVER
from tests.contract.test_layers import tile_at

Get = Callable[..., Any]
STEP, SIDE = 20.0, 200
#: West and north in metres of the UTM zone, and as degrees about there.
EAST_M, NORTH_M, LON, LAT = 640_000.0, 3_300_000.0, 106.458, 29.811


def plane(path: Path, deg: float, towards: float = 90.0) -> Path:
    """A plane that falls towards a bearing, with a hole in the north-west."""
    y, x = np.mgrid[0:SIDE, 0:SIDE] * STEP
    down = math.sin(math.radians(towards)) * x - math.cos(math.radians(towards)) * y
    z = (4000.0 - math.tan(math.radians(deg)) * down).astype(np.float32)
    z[:40, :40] = -9999
    with rasterio.open(
        path, "w", driver="GTiff", width=SIDE, height=SIDE, count=1, dtype="float32", crs="EPSG:32648",
        transform=from_origin(EAST_M, NORTH_M, STEP, STEP), nodata=-9999,
    ) as out:  # fmt: skip
        out.write(z, 1)
    return path


def decoded(png: bytes) -> np.ndarray:
    with rasterio.MemoryFile(png) as memory, memory.open() as found:
        assert (found.width, found.height, found.count) == (256, 256, 4)
        return np.moveaxis(found.read(), 0, -1)


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_pictures_and_cells_at_the_doors(get: Get, app: FastAPI, committed: Connection, tmp_path: Path) -> None:
    home = app.state.onemap.settings.home_path
    middle = tile_at(15, LON + 0.01, LAT - 0.012)
    here = cell.hex_of(cell.cell_of(LON + 0.01, LAT - 0.012, 11))
    for product in PRODUCTS:
        assert get(f"/tiles/{product}/15/{middle.x}/{middle.y}.png").status_code == 404
    assert get(f"/terrain/cells/{here}").status_code == 404
    service.register(committed, home, "plane", plane(tmp_path / "p.tif", 30.0))
    told = {one["name"]: one for one in get("/catalogue").json()["terrain"]["products"]}
    assert list(told) == list(PRODUCTS)
    assert [(one["from"], one["to"], one["colour"]) for one in told["slope"]["legend"]] == [
        (one.low, one.high, one.colour) for one in CLASSES
    ]
    url = told["slope"]["tiles"].format(z=15, x=middle.x, y=middle.y)
    answer = get(url)
    assert answer.headers["content-type"] == "image/png"
    pixels = decoded(answer.content)
    # True by the metres of the ground: in mercator's own the plane would look 26.6 degrees steep.
    expected = next(one for one in CLASSES if one.low <= 30 < one.high)
    assert {tuple(p) for p in pixels.reshape(-1, 4)} == {(*bytes.fromhex(expected.colour[1:]), 165)}  # type: ignore[index]
    assert get(url, If_None_Match=answer.headers["etag"]).status_code == 304
    assert get(f"/tiles/slope/15/{middle.x - 40}/{middle.y}.png").status_code == 404
    assert get("/tiles/hillshade/15/x/1.png").status_code == 400
    assert get("/terrain/cells/xyz").status_code == 400
    # The same name with other ground is another picture at once.
    service.register(committed, home, "plane", plane(tmp_path / "q.tif", 8.0))
    assert decoded(get(url).content)[128, 128].tolist() == [*bytes.fromhex("86d3a8"), 165]

    cells.refresh(committed, home)
    found = get(f"/terrain/cells/{here}").json()
    values = {one["name"]: one["value"] for one in found["values"]}
    assert (found["res"], found["from_res"], found["cells"], found["raster"]) == (11, 11, 1, "plane")
    assert values["slope_deg"] == pytest.approx(8, abs=0.01)
    assert values["aspect_deg"] == pytest.approx(90, abs=0.1)
    assert found["model"]["kind"] == "index"
    assert all(one["title"]["zh"] and one["unit"]["en"] for one in found["values"])
    # A coarser cell is told from its parts, a finer one from the cell it lies in.
    for res, count in ((9, 49), (13, 1)):
        other = get(f"/terrain/cells/{cell.hex_of(cell.cell_of(LON + 0.01, LAT - 0.012, res))}").json()
        assert (other["res"], other["from_res"], other["cells"]) == (res, 11, count)
        values = {one["name"]: one["value"] for one in other["values"]}
        assert values["aspect_deg"] == pytest.approx(90, abs=0.1)
        assert values["slope_deg"] == pytest.approx(8, abs=0.01)


def test_shade_falls_where_light_does_not(tmp_path: Path) -> None:
    bounds = tile_at(15, LON + 0.01, LAT - 0.012).bounds_3857()
    lit = picture("hillshade", [plane(tmp_path / "w.tif", 30.0, 300.0)], bounds)
    dark = picture("hillshade", [plane(tmp_path / "e.tif", 30.0, 120.0)], bounds)
    flat = picture("hillshade", [plane(tmp_path / "f.tif", 0.0)], bounds)
    assert lit is not None and dark is not None and flat is not None
    assert (lit[..., :3] == 255).all()
    assert (lit[..., 3] > 20).all()
    assert (dark[..., :3] == 0).all()
    assert (dark[..., 3] > 60).all()
    assert flat[..., 3].max() <= 1
    corner = tile_at(15, 106.453, 29.8189).bounds_3857()
    hole = picture("slope", [plane(tmp_path / "h.tif", 30.0)], corner)
    assert hole is not None
    assert 0.1 < (hole[..., 3] == 0).mean() < 1


def test_every_column_and_class_has_a_title() -> None:
    assert set(FACTS) - {"susceptibility_max"} == set(COLUMNS) - {"landcover"}
    assert set(LANDCOVER) == set(WEIGHTS)
    assert set(CODES.values()) <= set(WEIGHTS)


def test_no_slope_is_painted_like_a_warning() -> None:
    """Every class is far from the four levels' colours of the web map, in both of its themes."""
    tokens = (Path(__file__).resolve().parents[2] / "webmap/src/theme/tokens.css").read_text()
    levels = re.findall(r"--level-[1-4]: #([0-9a-f]{6});", tokens)
    assert len(levels) >= 8
    for one in CLASSES:
        for level in levels if one.colour else ():
            apart = np.array([*bytes.fromhex(one.colour[1:])]) - np.array([*bytes.fromhex(level)], int)  # type: ignore[index]
            assert np.sqrt((apart**2).sum()) > 75, (one, level)
