"""`onemap terrain`: files that say what the engine says."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin
from typer.testing import CliRunner

from onemap.core import cell
from onemap.store.db import connect
from onemap.terrain import service
from onemap.terrain.zonal import zonal
from server.cli import app

RUNNER = CliRunner()


@pytest.fixture(scope="module")
def dem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dem") / "ramp.tif"
    y, x = np.mgrid[0:60, 0:80]
    with rasterio.open(path, "w", driver="GTiff", width=80, height=60, count=1, dtype="float32", crs="EPSG:32648",
                       transform=from_origin(600_000, 3_300_000, 10, 10)) as out:  # fmt: skip
        out.write((500 - 3.0 * x + np.abs(y - 30)).astype(np.float32), 1)
    return path


def test_derivatives_water_and_statistics_as_files(dem: Path, tmp_path: Path) -> None:
    given = ["terrain", "derive", str(dem), str(tmp_path / "d.tif"), "--product", "slope", "--product", "relief"]
    done = RUNNER.invoke(app, [*given, "--radius", "50", "--edges"])
    assert done.exit_code == 0, done.output
    with rasterio.open(tmp_path / "d.tif") as out:
        assert out.descriptions == ("slope", "relief")
        assert out.read(1)[10, 10] == pytest.approx(np.degrees(np.arctan(np.hypot(0.3, 0.1))), abs=1e-3)
        assert out.read(2)[10, 10] == pytest.approx(10 * 3 + 10)
    assert RUNNER.invoke(app, ["terrain", "water", str(dem), str(tmp_path / "w.tif")]).exit_code == 0
    with rasterio.open(tmp_path / "w.tif") as out:
        area = out.read(1)
        assert out.descriptions == ("area_m2", "wetness")
        assert area[30, 79] == area.max()
    done = RUNNER.invoke(app, ["terrain", "zonal", str(dem), "--res", "10", "--out", str(tmp_path / "z.csv")])
    assert done.exit_code == 0, done.output
    rows = list(csv.DictReader(io.StringIO((tmp_path / "z.csv").read_text())))
    cells = np.array([cell.cell_from_hex(row["cell"]) for row in rows])
    found = zonal(dem, cells)
    assert len(rows) > 20
    assert [float(row["mean"]) for row in rows] == found.mean.tolist()
    assert sum(float(row["count"]) for row in rows) == pytest.approx(80 * 60)


def test_what_cannot_be_done_is_said(dem: Path, tmp_path: Path) -> None:
    bad = RUNNER.invoke(app, ["terrain", "derive", str(dem), str(tmp_path / "d.tif"), "--product", "shadow"])
    assert "shadow" in str(bad.exception)
    assert not (tmp_path / "d.tif").exists()
    assert "resolution" in str(RUNNER.invoke(app, ["terrain", "zonal", str(dem), "--res", "17"]).exception)


def test_cells_are_made_when_asked(dsn: str, dem: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONEMAP_DATABASE_URL", dsn)
    monkeypatch.setenv("ONEMAP_HOME", str(tmp_path))
    with connect(dsn) as conn:
        service.register(conn, tmp_path, "ramp", dem)
    assert RUNNER.invoke(app, ["terrain", "cells"]).exit_code == 0
    with connect(dsn) as conn:
        count = conn.execute("SELECT count(*) AS n FROM terrain_cell").fetchone()
    assert count is not None
    assert count["n"] > 100
    again = RUNNER.invoke(app, ["terrain", "cells"])
    assert "nothing has changed" in again.output
