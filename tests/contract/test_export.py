"""A surface as a file holds what its tiles show, for the asker who fetches it; the command line writes the same."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import shapely
from rasterio.io import MemoryFile
from shapely.geometry import Point

from onemap.core.cell import boundary, cell_from_hex, cell_of, hex_of
from onemap.layers import BY_NAME
from onemap.store import feature
from onemap.store.db import connect
from onemap.store.feature import FeatureRow
from server.static import DIST
from tests.contract.conftest import AREA

Get = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("one_hour")
ROOT = Path(__file__).resolve().parents[2]
HEAPS = [(106.5012, 29.6012, 3), (106.505, 29.603, 2), (106.508, 29.6, 4), (106.62, 29.70, 6)]


@pytest.fixture(scope="module", autouse=True)
def incidents(filled: str) -> None:
    at = datetime.now(UTC)
    rows = [
        FeatureRow(
            f"cut-{number}-{i}",
            Point(lon, lat),
            {
                "kind": "matter",
                "code": "06010",
                "occurred_at": at,
                "severity": 2,
                "title": "暴露垃圾",
                "source": "patrol",
            },
        )
        for number, (lon, lat, count) in enumerate(HEAPS)
        for i in range(count)
    ]
    with connect(filled) as conn:
        feature.upsert(conn, BY_NAME["incident"], rows, feed="test")
        conn.commit()


def table(answer: Any) -> dict[str, float]:
    assert answer.status_code == 200, answer.text
    return {one["properties"]["cell"]: one["properties"]["value"] for one in answer.json()["features"]}


def test_the_file_holds_what_is_there(get: Get) -> None:
    answer = get("/heat/incidents/export?format=geojson&res=9&category=matter-06&source=patrol")
    found = table(answer)
    wanted: dict[str, float] = {}
    for lon, lat, count in HEAPS:
        name = hex_of(cell_of(lon, lat, 9))
        wanted[name] = wanted.get(name, 0.0) + count
    assert found == wanted
    assert 'filename="incidents-r9.geojson"' in answer.headers["content-disposition"]
    about = answer.json()["about"]
    assert about["categories"] == "matter-06"
    assert about["from"] < about["to"]


def test_every_format_holds_the_same(get: Get) -> None:
    query = "res=8&category=matter-06"
    found = table(get(f"/heat/incidents/export?format=geojson&{query}"))
    rows = get(f"/heat/incidents/export?format=csv&{query}").text.splitlines()
    assert {row.split(",")[0]: float(row.split(",")[4]) for row in rows[1:]} == found
    parquet = geopandas.read_parquet(io.BytesIO(get(f"/heat/incidents/export?format=geoparquet&{query}").content))
    assert dict(zip(parquet["cell"], parquet["value"], strict=True)) == found
    with MemoryFile(get(f"/heat/incidents/export?format=geotiff&{query}").content) as memory, memory.open() as source:
        for name, value in found.items():
            centre = boundary(cell_from_hex(name)).centroid
            assert next(source.sample([(centre.x, centre.y)]))[0] == value


def test_a_page_opens_without_a_network(get: Get) -> None:
    page = get("/heat/incidents/export?format=html&res=8").text
    assert (DIST / "vendor" / "leaflet.js").exists()
    assert not re.search(r"<(?:script|link|img)[^>]+(?:src|href)=", page)
    assert "事件密度" in page


def test_a_box_cuts_and_an_area_hides(get: Get) -> None:
    south_west = "106.49,29.59,106.52,29.62"
    cut = table(get(f"/heat/incidents/export?res=9&bbox={south_west}"))
    everywhere = table(get("/heat/incidents/export?res=9"))
    assert cut.items() < everywhere.items()
    inside = table(get("/heat/incidents/export?res=11", "command in area"))
    assert inside
    assert all(shapely.contains(AREA, boundary(cell_from_hex(name))) for name in inside)


def test_published_counts_stay_published_in_files(get: Get) -> None:
    answer = get("/heat/incidents/export?res=12&window=90d", "viewer")
    values = np.array(list(table(answer).values()))
    assert (values % 5 == 0).all()
    assert answer.json()["about"]["published"] is True


@pytest.mark.parametrize(
    ("query", "status", "reason"),
    [
        ("format=xlsx", 400, "format"),
        ("bbox=1,2,3", 400, "bbox"),
        ("bbox=170,-10,-170,10", 400, "export-antimeridian"),
        ("window=forever", 400, "window"),
        ("res=99", 400, None),
        ("format=geotiff&bbox=10,10,11,11", 400, "export-empty"),
    ],
)
def test_what_cannot_be_had_says_why(get: Get, query: str, status: int, reason: str | None) -> None:
    answer = get(f"/heat/incidents/export?{query}")
    assert answer.status_code == status, answer.text
    if reason:
        assert reason in answer.text


def test_the_command_line_writes_and_tells_the_same(get: Get, filled: str, tmp_path: Path) -> None:
    def onemap(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "server.cli", "heat", *words],
            cwd=ROOT,
            env={**os.environ, "ONEMAP_DATABASE_URL": filled, "ONEMAP_HOME": str(tmp_path), "COLUMNS": "200"},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    path = tmp_path / "heat.geojson"
    onemap("export", "incidents", str(path), "--res", "9", "--category", "matter-06", "--source", "patrol")
    written = {one["id"]: one["properties"]["value"] for one in json.loads(path.read_text())["features"]}
    assert written == table(get("/heat/incidents/export?res=9&category=matter-06&source=patrol"))
    cell, value = max(written.items(), key=lambda item: item[1])
    told = json.loads(onemap("explain", "incidents", cell, "--category", "matter-06", "--json"))
    assert told["value"] == sum(part["value"] for part in told["parts"])
    assert told["value"] >= value
    assert "incidents" in onemap("run", "incidents")
