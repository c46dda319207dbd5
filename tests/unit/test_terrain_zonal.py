"""Zonal statistics against intersections of shapely, whatever the blocks; class shares; cells on real projections."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer
from rasterio.transform import from_origin

from onemap.core import cell
from onemap.terrain import raster
from onemap.terrain.coverage import rings
from onemap.terrain.raster import Grid
from onemap.terrain.zonal import Shares, Zonal, class_shares, zonal

TOLERANCE = 1e-9


def covered(polygon: shapely.Geometry, shape: tuple[int, int]) -> np.ndarray:
    """The share of each pixel that a polygon in pixel coordinates covers."""
    share = np.zeros(shape)
    west, north, east, south = np.clip(polygon.bounds, 0, [shape[1], shape[0]] * 2).astype(int)
    own = slice(north, south + 1), slice(west, east + 1)
    y, x = np.mgrid[: shape[0], : shape[1]]
    x, y = x[own], y[own]
    share[own] = shapely.area(shapely.intersection(shapely.box(x, y, x + 1, y + 1), polygon))
    return share


def slow(polygon: shapely.Geometry, z: np.ndarray) -> list[float]:
    share = covered(polygon, z.shape)
    ok = (share > TOLERANCE) & ~np.isnan(z)
    share, values = np.where(ok, share, 0.0), np.where(ok, z, 0.0).astype(float)
    n = share.sum()
    if not ok.any():
        return [0.0, np.nan, np.nan, np.nan, np.nan, 0.0]
    mean = (share * values).sum() / n
    spread = np.sqrt((share * (values - mean) ** 2).sum() / n)
    return [n, mean, spread, values[ok].min(), values[ok].max(), (share * values).sum()]


@st.composite
def scenes(draw: st.DrawFn) -> tuple[np.ndarray, list[shapely.Polygon], list[int]]:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows, columns = draw(st.integers(1, 30)), draw(st.integers(1, 30))
    z = rng.normal(1000, 30, (rows, columns)).astype(np.float32)
    z[rng.random(z.shape) < draw(st.sampled_from([0.0, 0.1, 0.6]))] = np.nan
    polygons = []
    for _ in range(6):
        corners = int(rng.integers(3, 10))
        angle, reach = np.sort(rng.random(corners) * 2 * np.pi), rng.random(corners) * 0.7 + 0.3
        size = rng.choice([0.2, 2.0, 10.0, 40.0])
        x, y = (rng.random(2) * 1.6 - 0.3) * (columns, rows)
        points = np.column_stack((x + size * reach * np.cos(angle), y + size * reach * np.sin(angle)))
        if rng.random() < 0.3:
            points = np.round(points * 2) / 2  # edges along pixels' borders
        polygon = shapely.Polygon(points[:: rng.choice([-1, 1])])
        if polygon.is_valid and polygon.area > 1e-3:
            polygons.append(polygon)
    cuts = sorted({0, rows, *rng.integers(0, rows + 1, 2).tolist()})
    return z, polygons, cuts


def pixels(polygons: list[shapely.Polygon]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    points = [shapely.get_coordinates(one)[:-1] for one in polygons]
    every = np.concatenate(points) if points else np.empty((0, 2))
    return every[:, 0], every[:, 1], np.cumsum([0, *(len(one) for one in points)])


def plain(shape: tuple[int, int]) -> Grid:
    return Grid("EPSG:32648", shape[1], shape[0], 0, 0, 1, 1, np.full(shape[0], 2.0), np.full(shape[0], 3.0))


@settings(max_examples=60, deadline=None)
@given(scenes())
def test_every_statistic_is_that_of_the_intersections(
    scene: tuple[np.ndarray, list[shapely.Polygon], list[int]],
) -> None:
    z, polygons, cuts = scene
    gathered = Zonal(rings(*pixels(polygons)), plain(z.shape))
    for first, last in reversed(list(pairwise(cuts))):
        gathered.add(first, z[first:last])
    found = gathered.result()
    for at, polygon in enumerate(polygons):
        n, mean, spread, low, top, total = slow(polygon, z)
        assert found.count[at] == pytest.approx(n, rel=TOLERANCE, abs=1e-9)
        np.testing.assert_allclose(found.mean[at], mean, rtol=TOLERANCE)
        np.testing.assert_allclose(found.std[at], spread, rtol=TOLERANCE, atol=1e-6)
        np.testing.assert_array_equal((found.min[at], found.max[at]), (low, top))
        np.testing.assert_allclose(found.sum[at], total, rtol=TOLERANCE, atol=1e-6)
        np.testing.assert_allclose(found.area_m2[at], 6.0 * n, rtol=TOLERANCE, atol=1e-8)
        np.testing.assert_allclose(found.known[at], n / polygon.area, rtol=1e-6, atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(scenes())
def test_class_shares_are_those_of_the_intersections(
    scene: tuple[np.ndarray, list[shapely.Polygon], list[int]],
) -> None:
    z, polygons, cuts = scene
    classes = np.where(np.isnan(z), -1, np.nan_to_num(z).astype(int) % 3).astype(np.int32)
    gathered = Shares(rings(*pixels(polygons)), plain(z.shape), 3)
    for first, last in pairwise(cuts):
        gathered.add(first, classes[first:last])
    shares, known = gathered.result()
    for at, polygon in enumerate(polygons):
        share = covered(polygon, z.shape)
        expected = np.array([share[classes == k].sum() for k in range(3)])
        assert known[at] * polygon.area == pytest.approx(expected.sum(), abs=1e-6 * max(1.0, polygon.area))
        if expected.sum() > 1e-6:
            np.testing.assert_allclose(shares[at], expected / expected.sum(), atol=1e-8)


@pytest.mark.parametrize(
    ("crs", "step"), [("EPSG:32648", 40.0), ("EPSG:4326", 4e-4), ("EPSG:3857", 50.0), ("EPSG:4490", 4e-4)]
)
def test_cells_on_real_projections_and_in_many_blocks(
    crs: str, step: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    to_crs = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    west, north = to_crs.transform(106.5, 29.6)
    rng = np.random.default_rng(5)
    z = np.cumsum(rng.normal(0, 3, (70, 90)), axis=0).astype(np.float32) + 300
    z[30:40, 30:40] = -9999
    with rasterio.open(tmp_path / "d.tif", "w", driver="GTiff", width=90, height=70, count=1, dtype="float32", crs=crs,
                       transform=from_origin(west, north, step, step), nodata=-9999) as out:  # fmt: skip
        out.write(z, 1)
    cells = cell.cover(shapely.box(106.495, 29.57, 106.54, 29.605), 9)
    monkeypatch.setattr(raster, "BLOCK_BYTES", 90 * 4 * 16)
    found = zonal(tmp_path / "d.tif", cells)
    z = np.where(z == -9999, np.nan, z)
    outside = 0
    for at, one in enumerate(cells.tolist()):
        x, y = to_crs.transform(*shapely.get_coordinates(cell.boundary(one)).T)
        polygon = shapely.Polygon(np.column_stack(((np.array(x) - west) / step, (north - np.array(y)) / step)))
        n, mean, spread, low, top, _ = slow(polygon, z)
        outside += n == 0
        np.testing.assert_allclose(
            (found.count[at], found.mean[at], found.std[at]), (n, mean, spread), rtol=1e-7, atol=1e-7
        )
        np.testing.assert_array_equal((found.min[at], found.max[at]), (low, top))
    assert 0 < outside < len(cells) / 2
    whole = found.known > 0.999999
    truth = cell.area_km2(9) * 1e6
    assert np.abs(found.area_m2[whole] / truth - 1).max() < 0.2
    assert zonal(tmp_path / "d.tif", cells[:0]).mean.shape == (0,)


def test_cells_across_the_antimeridian(tmp_path: Path) -> None:
    with rasterio.open(tmp_path / "d.tif", "w", driver="GTiff", width=200, height=100, count=1, dtype="float32",
                       crs="EPSG:4326", transform=from_origin(179.0, 1.0, 0.01, 0.02)) as out:  # fmt: skip
        out.write(np.full((100, 200), 7.0, np.float32), 1)
    cells = cell.cells_of(np.array([179.99, -179.99, 179.5]), np.array([0.0, 0.0, 0.3]), 6)
    found = zonal(tmp_path / "d.tif", cells)
    assert (found.mean == 7).all()
    np.testing.assert_allclose(found.known, 1.0)


def test_codes_of_a_raster_that_are_not_asked_for_are_unknown(tmp_path: Path) -> None:
    codes = np.full((40, 40), 10, np.uint8)
    codes[:, 20:] = 60
    codes[:5] = 99
    codes[:, :3] = 255
    with rasterio.open(tmp_path / "c.tif", "w", driver="GTiff", width=40, height=40, count=1, dtype="uint8",
                       crs="EPSG:4326", transform=from_origin(106.5, 29.6, 1e-4, 1e-4), nodata=255) as out:  # fmt: skip
        out.write(codes, 1)
    cells = cell.cover(shapely.box(106.5, 29.596, 106.504, 29.6), 11)
    shares, known = class_shares(tmp_path / "c.tif", cells, [60, 10])
    lon, _ = cell.centers(cells)
    whole = known > 0.999
    assert whole.any()
    np.testing.assert_allclose(shares[whole].sum(axis=1), 1.0)
    assert (shares[whole & (lon > 106.5026), 0] == 1).all()
    assert (shares[whole & (lon < 106.5014), 1] == 1).all()
    assert np.isnan(shares[known == 0]).all()
