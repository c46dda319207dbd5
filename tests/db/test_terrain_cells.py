"""The ground of cells in the database: made from rasters, land use and slides, and made anew only when those change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin
from shapely.geometry import MultiPolygon, Point, box

from etl.importer import import_file
from onemap.core import cell
from onemap.layers import BY_NAME
from onemap.store import changelog, feature
from onemap.store.db import Connection, connect
from onemap.store.feature import FeatureRow
from onemap.terrain import cells, service

WEST, NORTH, STEP, SIDE = 106.5, 29.6, 0.0003, 60
EAST, SOUTH = WEST + SIDE * STEP, NORTH - SIDE * STEP


def write(path: Path, values: np.ndarray, *, west: float = WEST, nodata: float = -9999.0) -> Path:
    with rasterio.open(
        path, "w", driver="GTiff", width=values.shape[1], height=values.shape[0], count=1, dtype=values.dtype,
        crs="EPSG:4326", transform=from_origin(west, NORTH, STEP, STEP), nodata=nodata,
    ) as out:  # fmt: skip
        out.write(values, 1)
    return path


@pytest.fixture
def slope(tmp_path: Path) -> Path:
    """Ground that falls to the east: 1 m a pixel in the west half, flat in the east half."""
    x = np.minimum(np.arange(SIDE), SIDE // 2) * 12.0
    return write(tmp_path / "slope.tif", np.tile(900.0 - x, (SIDE, 1)).astype(np.float32))


@pytest.fixture
def autocommit(dsn: str) -> Iterator[Connection]:
    with connect(dsn, autocommit=True) as conn:
        yield conn
        for table in ("raster", "terrain_cell", "terrain_run", "landuse", "water", "hazard"):
            conn.execute(f"DELETE FROM {table}")


def store(conn: Connection, layer: str, rows: list[FeatureRow]) -> None:
    with conn.transaction():
        feature.upsert(conn, BY_NAME[layer], rows, feed="t")


def test_cells_follow_what_they_are_made_of(autocommit: Connection, slope: Path, tmp_path: Path) -> None:
    conn, home = autocommit, tmp_path / "home"
    assert cells.refresh(conn, home) == 1
    assert cells.refresh(conn, home) == 0
    service.register(conn, home, "hill", slope)
    forest = MultiPolygon([box(WEST, SOUTH, WEST + 0.006, NORTH)])
    store(conn, "landuse", [FeatureRow("w", forest, {"kind": "forest"})])
    lake = MultiPolygon([box(WEST + 0.002, SOUTH + 0.006, WEST + 0.005, SOUTH + 0.009)])
    store(conn, "water", [FeatureRow("l", lake, {"kind": "lake"})])
    start = changelog.head(conn)
    made = cells.refresh(conn, home)
    assert made > 500
    told = [change for change in changelog.read(conn, start, limit=10_000) if change.layer == "terrain"]
    assert [(one.op, one.key, one.note) for one in told] == [("E", "cells", {"cells": made})]
    assert cells.refresh(conn, home) == 0
    lon = np.array([WEST + 0.0035, WEST + 0.001, WEST + 0.0035, EAST - 0.002, EAST + 0.1])
    lat = np.array([NORTH - 0.003, NORTH - 0.003, SOUTH + 0.0075, NORTH - 0.003, NORTH])
    found = cells.of(conn, cell.cells_of(lon, lat, 11))
    assert found["landcover"].tolist() == ["forest", "forest", "water", None, None]
    np.testing.assert_allclose(found["exposure"][:3], [0.1, 0.1, 0.0])
    tan = 12 / (STEP * 111_195 * np.cos(np.radians(29.59)))
    np.testing.assert_allclose(found["slope_deg"][:3], np.degrees(np.arctan(tan)), atol=0.1)
    np.testing.assert_allclose(found["aspect_deg"][:3], 90.0, atol=0.1)
    np.testing.assert_allclose(found["elevation_m"][0], 900 - 0.0035 / STEP * 12 + 6, atol=6)
    assert found["slope_deg"][3] == 0
    assert np.isnan(found["aspect_deg"][3])
    assert found["susceptibility"][3] == 0
    assert (found["susceptibility"][:2] > 0.4).all()
    assert np.isnan([found[name][4] for name in cells.COLUMNS if name != "landcover"]).all()
    # A finer cell has its ancestor's ground.
    fine = cells.of(conn, cell.cells_of(lon, lat, 13))
    np.testing.assert_array_equal(fine["slope_deg"], found["slope_deg"])
    # What is cut down is bare in the next round, and the stale rows are gone.
    store(conn, "landuse", [FeatureRow("w", forest, {"kind": "farm"})])
    assert cells.refresh(conn, home) == made
    assert cells.of(conn, cell.cells_of(lon[:1], lat[:1], 11))["exposure"][0] == pytest.approx(0.7)
    stored = conn.execute("SELECT count(*) AS n, count(DISTINCT at) AS runs FROM terrain_cell").fetchone()
    assert stored == {"n": made, "runs": 1}


def test_a_later_raster_and_a_land_cover_raster_lie_on_top(autocommit: Connection, slope: Path, tmp_path: Path) -> None:
    conn, home = autocommit, tmp_path / "home"
    service.register(conn, home, "old", slope)
    flat = np.full((SIDE, SIDE), 50.0, np.float32)
    flat[:, :30] = -9999
    service.register(conn, home, "new", write(tmp_path / "flat.tif", flat))
    codes = np.full((SIDE, SIDE), 60, np.uint8)
    codes[30:] = 0
    cover = write(tmp_path / "cover.tif", codes, nodata=0)
    assert import_file(conn.info.dsn, cover, layer="landcover", home=home).layers["raster"].taken == 1
    assert import_file(conn.info.dsn, cover, layer="landcover", home=home).layers["raster"].unchanged == 1
    assert [dem.name for dem in service.dems(conn, home)] == ["old", "new"]
    assert cells.refresh(conn, home) > 500
    found = cells.of(
        conn, cell.cells_of([WEST + 0.004, EAST - 0.004] * 2, [NORTH - 0.004] * 2 + [SOUTH + 0.004] * 2, 11)
    )
    np.testing.assert_array_equal(found["elevation_m"] == 50, [False, True, False, True])
    assert found["landcover"].tolist() == ["bare", "bare", None, None]
    np.testing.assert_allclose(found["exposure"][:2], 1.0)
    names = conn.execute("SELECT raster, count(*) > 100 AS many FROM terrain_cell GROUP BY 1 ORDER BY 1").fetchall()
    assert names == [{"raster": "new", "many": True}, {"raster": "old", "many": True}]


def test_slides_in_the_register_fit_a_model(autocommit: Connection, tmp_path: Path) -> None:
    conn, home = autocommit, tmp_path / "home"
    rng = np.random.default_rng(11)
    y, x = np.mgrid[0:300, 0:300] * 0.06
    hills = 900 + 250 * np.sin(x) * np.cos(0.7 * y) + 60 * np.sin(2.3 * x + y)
    service.register(conn, home, "hills", write(tmp_path / "hills.tif", hills.astype(np.float32)))
    cells.refresh(conn, home)
    before = conn.execute("SELECT model FROM terrain_run").fetchone()
    assert before == {"model": {"kind": "index"}}
    rows = conn.execute("SELECT cell, slope_deg FROM terrain_cell ORDER BY cell").fetchall()
    chance = np.array([max(0.0, row["slope_deg"] - 15.0) ** 2 for row in rows])
    chosen = rng.choice([row["cell"] for row in rows], 60, replace=False, p=chance / chance.sum())
    points = np.column_stack(cell.centers(chosen))
    slid = [FeatureRow(f"s{at}", Point(xy), {"kind": "landslide"}) for at, xy in enumerate(points)]
    store(conn, "hazard", slid)
    assert cells.refresh(conn, home) == len(rows)
    run = conn.execute("SELECT model FROM terrain_run").fetchone()
    assert run is not None
    model = run["model"]["fitted"]
    assert model["slides"] == 60
    assert dict(zip(model["factors"], model["coefficients"], strict=True))["slope_deg"] > 0.3
    assert run["model"]["kind"] == ("fitted" if model["auc"] > model["auc_index"] else "index")
    assert model["auc"] > 0.6
