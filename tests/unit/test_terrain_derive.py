"""Slope, aspect, curvature, shade and relief: against array arithmetic, analytic ground, and themselves in blocks."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod
from rasterio.transform import from_origin

from onemap.core.errors import BadInput
from onemap.terrain import derive, raster
from onemap.terrain.derive import LOCAL, blocks, derive_file, relief, shade
from onemap.terrain.raster import opened


def write(path: Path, heights: np.ndarray, *, crs: str, west: float, north: float, step: float) -> Path:
    with rasterio.open(
        path, "w", driver="GTiff", width=heights.shape[1], height=heights.shape[0], count=1, dtype="float32", crs=crs,
        transform=from_origin(west, north, step, step), nodata=-9999.0,
    ) as out:  # fmt: skip
        out.write(np.where(np.isnan(heights), -9999.0, heights).astype(np.float32), 1)
    return path


@pytest.fixture(scope="module")
def hills(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random hills in degrees, with gaps."""
    rng = np.random.default_rng(3)
    z = np.cumsum(np.cumsum(rng.normal(0, 1, (90, 70)), axis=0), axis=1) + 400
    z[rng.random(z.shape) < 0.02] = np.nan
    return write(tmp_path_factory.mktemp("dem") / "hills.tif", z, crs="EPSG:4326", west=106.0, north=60.0, step=3e-4)


def slow(z: np.ndarray, dx: float, dy: float) -> dict[str, np.ndarray]:
    """Every product by its published formula, pixel by pixel."""
    out = {name: np.full(z.shape, np.nan) for name in LOCAL}
    for r in range(1, z.shape[0] - 1):
        for c in range(1, z.shape[1] - 1):
            (a, b, d), (e, x, f), (g, h, i) = w = z[r - 1 : r + 2, c - 1 : c + 2].astype(float)
            if np.isnan(w).any():
                continue
            east = ((d + 2 * f + i) - (a + 2 * e + g)) / (8 * dx)
            north = ((a + 2 * b + d) - (g + 2 * h + i)) / (8 * dy)
            out["slope"][r, c] = math.degrees(math.atan(math.hypot(east, north)))
            if east or north:
                out["aspect"][r, c] = math.degrees(math.atan2(-east, -north)) % 360
            normal = np.array([-east, -north, 1.0]) / math.sqrt(east**2 + north**2 + 1)
            light = np.array([-0.5, 0.5, math.sqrt(0.5)])  # from the north-west, 45 degrees high
            out["hillshade"][r, c] = 1 + 254 * max(0.0, float(normal @ light))
            zt_d, zt_e = ((e + f) / 2 - x) / dx**2, ((b + h) / 2 - x) / dy**2
            zt_f, zt_g, zt_h = (-a + d + g - i) / (4 * dx * dy), (f - e) / (2 * dx), (b - h) / (2 * dy)
            steep = zt_g**2 + zt_h**2
            out["curvature"][r, c] = -2 * (zt_d + zt_e)
            out["profile_curvature"][r, c] = out["plan_curvature"][r, c] = 0.0
            if steep:
                across = zt_d * zt_h**2 + zt_e * zt_g**2 - zt_f * zt_g * zt_h
                out["plan_curvature"][r, c] = -2 * across / steep
                along = zt_d * zt_g**2 + zt_e * zt_h**2 + zt_f * zt_g * zt_h
                out["profile_curvature"][r, c] = -2 * along / steep
            out["tpi"][r, c] = x - (w.sum() - x) / 8
            out["tri"][r, c] = math.sqrt(((w - x) ** 2).sum())
            out["roughness"][r, c] = w.max() - w.min()
            out["east"][r, c], out["north"][r, c] = east, north
    return out


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(3, 12), st.integers(3, 12), st.floats(0, 0.2), st.booleans())
def test_every_product_follows_its_formula(seed: int, rows: int, columns: int, gaps: float, whole: bool) -> None:
    rng = np.random.default_rng(seed)
    z = rng.normal(500, 20, (rows, columns)).astype(np.float32)
    if whole:
        z = np.round(z / 20) * 20
    z[rng.random(z.shape) < gaps] = np.nan
    dx, dy = rng.uniform(2, 40, 2)
    found = derive.derive(z, dx, dy, list(LOCAL))
    for name, expected in slow(z, dx, dy).items():
        if name == "multishade":
            continue
        got = found[name].astype(float)
        assert (np.isnan(got) == np.isnan(expected)).all(), name
        off = np.abs(got - expected)
        if name == "aspect":
            off = np.minimum(off, 360 - off)
        assert np.nan_to_num(off).max() <= 2e-5 * max(1.0, np.nanmax(np.abs(expected), initial=0)), name
    parts = found["profile_curvature"] + found["plan_curvature"]
    leaning = ~np.isclose(parts, 0)  # a summit or a pit has no direction that profile and plan could follow
    np.testing.assert_allclose(found["curvature"][leaning], parts[leaning], atol=1e-3, rtol=1e-4)
    slope, lit = shade(z, dx, dy)
    np.testing.assert_allclose(slope, found["slope"][1:-1, 1:-1], atol=1e-5)
    np.testing.assert_allclose(1 + 254 * lit, found["multishade"][1:-1, 1:-1], atol=1e-3)


def test_a_cone_and_a_ball_are_what_geometry_says() -> None:
    y, x = np.mgrid[40:-41:-1, -40:41].astype(float) * 5.0
    cone = derive.derive((1000 - 0.5 * np.hypot(x, y)).astype(np.float32), 5.0, 5.0, ["slope", "aspect"])
    far = (np.hypot(x, y) > 100) & (np.abs(x) < 195) & (np.abs(y) < 195)
    assert np.abs(cone["slope"][far] - math.degrees(math.atan(0.5))).max() < 0.1
    away = np.degrees(np.arctan2(x, y)) % 360
    off = np.abs(cone["aspect"] - away)[far]
    assert np.minimum(off, 360 - off).max() < 0.2
    bowl = derive.derive((0.001 * (x**2 + y**2)).astype(np.float32), 5.0, 5.0, ["curvature", "plan_curvature"])
    assert np.nanmax(np.abs(bowl["curvature"] + 0.004)) < 1e-4
    assert (bowl["plan_curvature"][20, 1:-1] < 0).all()


def test_degrees_are_measured_in_metres(hills: Path) -> None:
    geod = Geod(ellps="WGS84")
    with opened(hills) as source:
        grid = source.grid
        for row in (0, 44, 89):
            lat = 60.0 - (row + 0.5) * 3e-4
            assert grid.dx_m[row] == pytest.approx(geod.inv(106, lat, 106 + 3e-4, lat)[2], rel=1e-6)
            assert grid.dy_m[row] == pytest.approx(geod.inv(106, lat - 1.5e-4, 106, lat + 1.5e-4)[2], rel=1e-6)


def test_web_mercator_is_not_taken_at_its_word(tmp_path: Path) -> None:
    plane = np.tile(np.arange(40.0), (40, 1))
    path = write(tmp_path / "m.tif", plane, crs="EPSG:3857", west=11_800_000, north=8_400_000, step=20)
    with opened(path) as source:
        assert source.grid.dx_m[0] == pytest.approx(20 * math.cos(math.radians(60.07)), rel=0.01)
    path = write(tmp_path / "u.tif", plane, crs="EPSG:32648", west=500_000, north=3_300_000, step=20)
    with opened(path) as source:
        assert (source.grid.dx_m == 20.0).all()


def test_blocks_give_the_numbers_of_the_whole(hills: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    want = [*LOCAL, "relief"]
    with opened(hills) as source:
        whole = [found for _, _, found in blocks(source, want, edges=True, radius_m=100.0)]
        z = source.rows(0, 1000)
    assert len(whole) == 1
    monkeypatch.setattr(raster, "BLOCK_BYTES", 70 * 4 * 17)
    with opened(hills) as source:
        parts = [found for _, _, found in blocks(source, want, edges=True, radius_m=100.0)]
    assert len(parts) == 6
    for name in want:
        np.testing.assert_array_equal(np.vstack([part[name] for part in parts]), whole[0][name], name)
        assert (np.isnan(z) <= np.isnan(whole[0][name])).all()
    derive_file(hills, tmp_path / "out.tif", ["slope", "relief"], edges=True, radius_m=100.0)
    with rasterio.open(tmp_path / "out.tif") as out:
        assert out.descriptions == ("slope", "relief")
        np.testing.assert_array_equal(out.read(1), whole[0]["slope"])
        np.testing.assert_array_equal(out.read(2), whole[0]["relief"])


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 15), st.integers(2, 15), st.integers(1, 4))
def test_relief_is_the_range_around(seed: int, rows: int, columns: int, reach: int) -> None:
    rng = np.random.default_rng(seed)
    z = rng.normal(0, 50, (rows, columns)).astype(np.float32)
    z[rng.random(z.shape) < 0.1] = np.nan
    found = relief(z, 10.0, 10.0, 10.0 * reach)
    for r in range(rows):
        for c in range(columns):
            near = z[max(0, r - reach) : r + reach + 1, max(0, c - reach) : c + reach + 1]
            expected = np.nan if np.isnan(z[r, c]) else np.nanmax(near) - np.nanmin(near)
            np.testing.assert_equal(found[r, c], np.float32(expected))


def test_an_unknown_product_and_a_sliver() -> None:
    with pytest.raises(BadInput, match="shadow"):
        derive.derive(np.zeros((3, 3), np.float32), 1, 1, ["shadow"])
    assert np.isnan(derive.derive(np.zeros((1, 9), np.float32), 1, 1, ["slope"], edges=True)["slope"]).all()


def test_a_raster_that_is_not_north_up_is_turned(tmp_path: Path) -> None:
    path = tmp_path / "south-up.tif"
    z = np.arange(20.0, dtype=np.float32).reshape(4, 5)
    with rasterio.open(path, "w", driver="GTiff", width=5, height=4, count=1, dtype="float32", crs="EPSG:32648",
                       transform=rasterio.Affine(10, 0, 500_000, 0, 10, 3_300_000)) as out:  # fmt: skip
        out.write(z, 1)
    with opened(path) as source:
        np.testing.assert_array_equal(source.rows(0, 4), z[::-1])
