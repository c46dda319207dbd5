"""Surfaces as files: every format holds the same cells and values, and the page asks nobody for anything."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import geopandas
import numpy as np
import pyarrow.parquet
import pytest
import rasterio
import shapely
from rasterio.io import MemoryFile

from onemap.core.cell import cell_from_hex, cell_of, centers, disk, resolution
from onemap.core.errors import BadInput, SetupError
from onemap.heat import export
from onemap.heat.export import Extract
from onemap.heat.report import MAX_REPORT_CELLS, report
from onemap.heat.window import HeatCells

ABOUT = {"surface": "incidents", "title": "事件密度", "unit": "起", "window": "24h", "made_at": "2026-06-01T00:00:00Z"}


@pytest.fixture(scope="module")
def extract() -> Extract:
    cells = disk(cell_of(106.5, 29.6, 9), 4)[::2]
    return Extract(HeatCells(cells, np.arange(1.0, len(cells) + 1.0)), 9, ABOUT)


def test_csv_holds_cells_centres_and_values(extract: Extract) -> None:
    rows = list(csv.DictReader(io.StringIO(export.as_csv(extract).decode())))
    assert [cell_from_hex(row["cell"]) for row in rows] == extract.found.cells.tolist()
    assert [float(row["value"]) for row in rows] == extract.found.values.tolist()
    lon, lat = centers(extract.found.cells)
    assert [float(row["lon"]) for row in rows] == lon.tolist()
    assert [float(row["lat"]) for row in rows] == lat.tolist()
    assert {row["res"] for row in rows} == {"9"}
    assert max(float(row["rank"]) for row in rows) == 1.0


def test_geojson_holds_one_polygon_a_cell(extract: Extract) -> None:
    whole = json.loads(export.as_geojson(extract))
    assert whole["about"]["unit"] == "起"
    assert [cell_from_hex(one["id"]) for one in whole["features"]] == extract.found.cells.tolist()
    assert all(len(one["geometry"]["coordinates"][0]) == 7 for one in whole["features"])


def test_geoparquet_reads_back_with_what_was_said_of_it(extract: Extract, tmp_path: Path) -> None:
    path = tmp_path / "heat.parquet"
    assert export.write(extract, path, "geoparquet") == path.stat().st_size
    table = geopandas.read_parquet(path)
    assert table.crs == "EPSG:4326"
    assert table["value"].tolist() == extract.found.values.tolist()
    assert shapely.contains_xy(table.geometry.array, table["lon"], table["lat"]).all()
    metadata = pyarrow.parquet.read_schema(path).metadata
    assert json.loads(metadata[b"onemap"])["surface"] == "incidents"
    assert b"geo" in metadata


def test_geotiff_has_each_cells_value_at_its_centre_and_nothing_between(extract: Extract) -> None:
    with MemoryFile(export.as_geotiff(extract)) as memory, memory.open() as source:
        assert source.crs == rasterio.CRS.from_epsg(4326)
        assert source.tags()["unit"] == "起"
        lon, lat = centers(extract.found.cells)
        read = [value[0] for value in source.sample(zip(lon, lat, strict=True))]
        np.testing.assert_allclose(read, extract.found.values)
        hole = np.setdiff1d(disk(cell_of(106.5, 29.6, 9), 3), extract.found.cells)
        lon, lat = centers(hole)
        assert all(np.isnan(value[0]) for value in source.sample(zip(lon, lat, strict=True)))


def test_the_page_asks_nobody_for_anything(extract: Extract, tmp_path: Path) -> None:
    (tmp_path / "leaflet.js").write_text("var L = {}; // {{ not a template }} </script>")
    (tmp_path / "leaflet.css").write_text(".a { background: url(images/layers.png) }")
    page = report(extract, tmp_path).decode()
    assert not re.search(r"<(?:script|link|img)[^>]+(?:src|href)=", page)
    assert "url(" not in page
    assert "{{ not a template }}" in page
    assert "事件密度" in page
    assert all(f'"{name}"' in page for name in (f"{cell:x}" for cell in extract.found.cells.tolist()))


def test_what_cannot_be_written_says_why(extract: Extract, tmp_path: Path) -> None:
    nothing = Extract(HeatCells(np.empty(0, np.int64), np.empty(0)), 9, ABOUT)
    assert export.as_csv(nothing).count(b"\n") == 1
    assert json.loads(export.as_geojson(nothing))["features"] == []
    with pytest.raises(BadInput, match="nothing to draw"):
        export.as_geotiff(nothing)
    with pytest.raises(BadInput, match="no format"):
        export.write(extract, tmp_path / "x", "xlsx")
    with pytest.raises(SetupError, match="make setup"):
        report(extract, tmp_path)
    many = np.arange(MAX_REPORT_CELLS + 1, dtype=np.int64)
    with pytest.raises(BadInput, match="coarser"):
        report(Extract(HeatCells(many, many * 1.0), 9), tmp_path)
    assert resolution(int(extract.found.cells[0])) == 9
