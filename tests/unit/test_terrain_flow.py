"""Water: filled ground, directions and accumulation against slow, obvious versions; nothing is lost on the way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.transform import from_origin

from onemap.core.errors import TooLarge
from onemap.terrain.flow import OUT, accumulate, flood, flow, wetness
from onemap.terrain.raster import opened

STEPS = [(-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1)]


@st.composite
def grounds(draw: st.DrawFn) -> tuple[np.ndarray, float, float]:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    z = rng.normal(100, 10, shape).astype(np.float32)
    if draw(st.booleans()):
        z = np.round(z / 8).astype(np.float32) * 8  # flats
    z[rng.random(shape) < draw(st.sampled_from([0.0, 0.1, 0.4]))] = np.nan
    return z, draw(st.sampled_from([1.0, 7.5])), 5.0


def near(z: np.ndarray, r: int, c: int) -> list[tuple[int, int, int]]:
    found = [(k, r + a, c + b) for k, (a, b) in enumerate(STEPS)]
    return [(k, a, b) for k, a, b in found if 0 <= a < z.shape[0] and 0 <= b < z.shape[1] and not np.isnan(z[a, b])]


def slowly_filled(z: np.ndarray) -> np.ndarray:
    """Water stands everywhere and runs off until nothing changes (Planchon & Darboux 2002)."""
    rim = np.array([[len(near(z, r, c)) < 8 for c in range(z.shape[1])] for r in range(z.shape[0])])
    water = np.where(np.isnan(z), np.nan, np.where(rim, z, np.float32(np.inf)))
    while True:
        before = water.copy()
        for r, c in np.argwhere(~np.isnan(z)):
            around = [water[a, b] for _, a, b in near(z, r, c)]
            if not rim[r, c]:
                water[r, c] = max(z[r, c], min(water[r, c], min(around)))
        if np.array_equal(before, water, equal_nan=True):
            return water


@settings(max_examples=60, deadline=None)
@given(grounds())
def test_flood_and_flow(ground: tuple[np.ndarray, float, float]) -> None:
    z, dx, dy = ground
    found = flood(z, dx, dy)
    np.testing.assert_array_equal(found.filled, slowly_filled(z))
    known = ~np.isnan(z)
    assert sorted(found.order.tolist()) == np.flatnonzero(known.ravel()).tolist()
    place = {int(pixel): at for at, pixel in enumerate(found.order)}
    taken = np.zeros(z.shape)
    outlets = known & (found.to == OUT)
    for r, c in np.argwhere(known):
        steps = {
            k: (float(found.filled[r, c]) - float(found.filled[a, b]))
            / (dy if k % 4 == 0 else dx if k % 4 == 2 else np.hypot(dx, dy))
            for k, a, b in near(z, r, c)
        }
        k = int(found.to[r, c])
        if steps and max(steps.values()) > 0:
            assert steps[k] == pytest.approx(max(steps.values()))
        # By single steps to the rim: what each pixel sends, it sends through all on its way.
        at, way = (int(r), int(c)), 0
        while True:
            taken[at] += 1
            k = int(found.to[at])
            if k == OUT:
                assert len(near(z, *at)) < 8
                break
            after = at[0] + STEPS[k][0], at[1] + STEPS[k][1]
            assert place[after[0] * z.shape[1] + after[1]] < place[at[0] * z.shape[1] + at[1]]
            at, way = after, way + 1
            assert way <= z.size
    np.testing.assert_array_equal(accumulate(found, 1.0, dx, dy), taken)
    weights = np.random.default_rng(1).random(z.shape)
    for spread in ("single", "many"):
        total = accumulate(found, weights, dx, dy, spread)  # type: ignore[arg-type]
        assert total[outlets].sum() == pytest.approx(weights[known].sum())
        assert (total[known] >= weights[known] - 1e-12).all()
        assert (total[~known] == 0).all()


def test_water_of_a_plane_runs_straight_down_and_of_a_cone_spreads() -> None:
    plane = np.tile(np.arange(20.0, 0, -1, dtype=np.float32)[:, None], (1, 9))
    found = flood(plane, 10, 10)
    assert (found.to[:-1] == 4).all()
    np.testing.assert_array_equal(accumulate(found, 1.0, 10, 10), np.tile(np.arange(1.0, 21)[:, None], (1, 9)))
    y, x = np.mgrid[-20:21, -20:21]
    cone = (100 - np.hypot(x, y)).astype(np.float32)
    many = accumulate(flood(cone, 10, 10), 1.0, 10, 10, "many")
    ring = (np.hypot(x, y) > 9.5) & (np.hypot(x, y) < 10.5)
    single = accumulate(flood(cone, 10, 10), 1.0, 10, 10)
    assert many[ring].std() < single[ring].std() / 2


def test_wetness_grows_with_ground_and_flatness() -> None:
    found = wetness(np.array([100.0, 1000.0, 1000.0]), np.array([45.0, 45.0, 0.0]), 10.0)
    assert found[0] == pytest.approx(np.log(10), rel=1e-5)
    assert found[1] == pytest.approx(np.log(100), rel=1e-5)
    assert found[2] == pytest.approx(np.log(100 / 0.001), rel=1e-5)


def test_a_larger_raster_is_read_coarser_or_refused(tmp_path: Path) -> None:
    y, x = np.mgrid[0:60, 0:80].astype(np.float32)
    z = 500 - y + np.abs(x - 40)
    with rasterio.open(tmp_path / "v.tif", "w", driver="GTiff", width=80, height=60, count=1, dtype="float32",
                       crs="EPSG:32648", transform=from_origin(5e5, 3.3e6, 10, 10)) as out:  # fmt: skip
        out.write(z.astype(np.float32), 1)
    with pytest.raises(TooLarge, match="1,000"):
        flood(z, 10, 10, limit=1000)
    with opened(tmp_path / "v.tif") as source:
        whole, coarse = flow(source), flow(source, limit=1300)
    assert coarse.area_m2.shape == (31, 41)
    assert coarse.grid.pixel_m == pytest.approx(10 * np.sqrt(80 / 41 * 60 / 31))
    for one in (whole, coarse):
        assert np.unravel_index(one.area_m2.argmax(), one.area_m2.shape)[0] == one.area_m2.shape[0] - 1
        assert one.area_m2.max() == pytest.approx(80 * 60 * 100, rel=0.35)
