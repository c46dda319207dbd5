"""Derivatives of a real elevation model beside gdaldem's."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
import rasterio

from onemap.terrain.derive import LOCAL, derive
from onemap.terrain.raster import opened

DEM = "mountain_dem_30m.tif"
#: Ours, gdaldem's mode and options, the largest difference. Whole numbers come from gdaldem as bytes.
PEERS = [
    ("slope", "slope", [], 1e-4),
    ("aspect", "aspect", [], 1e-4),
    ("tpi", "TPI", [], 1e-4),
    ("tri", "TRI", ["-alg", "Riley"], 1e-4),
    ("roughness", "roughness", [], 1e-4),
    ("hillshade", "hillshade", [], 0.51),
    ("multishade", "hillshade", ["-multidirectional"], 0.51),
]


@pytest.mark.parametrize("edges", [False, True])
def test_every_pixel_is_gdaldems(edges: bool, shared_data: Path, tmp_path: Path) -> None:
    path = shared_data / "raster" / DEM
    with opened(path) as source:
        grid = source.grid
        found = derive(source.rows(0, grid.height), grid.dx_m, grid.dy_m, list(LOCAL), edges=edges)
    for name, mode, options, tolerance in PEERS:
        target = tmp_path / f"{name}.tif"
        given = [*options, "-compute_edges"] if edges else options
        subprocess.run(["gdaldem", mode, path, target, "-q", *given], check=True)
        with rasterio.open(target) as peer:
            expected = peer.read(1).astype(float)
            expected[expected == peer.nodata] = np.nan
        got = found[name].astype(float)
        assert (np.isnan(got) == np.isnan(expected)).all(), name
        off = np.abs(got - expected)
        if name == "aspect":
            off = np.minimum(off, 360 - off)
        assert np.nanmax(off) <= tolerance, name
        assert np.isfinite(expected).sum() > 0.9 * expected.size


def test_degrees_are_gdaldems_with_its_scale(shared_data: Path, tmp_path: Path) -> None:
    """In degrees gdaldem knows one scale for both axes; on the equator ours is that too, within 1 %."""
    with rasterio.open(shared_data / "raster" / DEM) as source:
        profile = source.profile | {
            "crs": "EPSG:4326",
            "transform": rasterio.transform.from_origin(10, 0.08, 3e-4, 3e-4),
        }
        z = source.read(1)
    with rasterio.open(tmp_path / "equator.tif", "w", **profile) as out:
        out.write(z, 1)
    subprocess.run(["gdaldem", "slope", tmp_path / "equator.tif", tmp_path / "s.tif", "-q", "-s", "110950"], check=True)
    with opened(tmp_path / "equator.tif") as source, rasterio.open(tmp_path / "s.tif") as peer:
        grid = source.grid
        slope = derive(source.rows(0, grid.height), grid.dx_m, grid.dy_m, ["slope"])["slope"][1:-1, 1:-1]
        expected = peer.read(1)[1:-1, 1:-1]
    assert np.abs(slope - expected).max() < 0.25
