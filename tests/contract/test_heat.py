"""Heat doors: what is counted is in the next tile, ranks are places among all cells, parts sum to the cell."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import mapbox_vector_tile
import numpy as np
import pytest
import shapely
from fastapi import FastAPI
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point

from onemap.core.cell import boundary, cell_from_hex, cell_of, hex_of, resolution
from onemap.heat import service
from onemap.layers import BY_NAME
from onemap.store import feature
from onemap.store.db import Connection, connect
from onemap.store.feature import FeatureRow
from tests.contract.conftest import AREA
from tests.contract.test_layers import tile_at
from tiles.grid import TileId
from tiles.heat import moved, ranks

Get = Callable[..., Any]
INCIDENT = BY_NAME["incident"]
pytestmark = pytest.mark.usefixtures("one_hour")
HERE = (106.505, 29.603)
LEGEND = {
    "res", "unit", "breaks", "cell_km2", "from", "to", "window", "bandwidth_m", "kernel", "half_life_h", "weight",
    "published", "rule",
}  # fmt: skip
OF_RISK = [("risk", "command"), ("landslide", "viewer"), ("landslide", "viewer in area")]


@pytest.fixture(scope="module", autouse=True)
def incidents(filled: str) -> None:
    """Incidents of this hour: three heaps of 1, 2 and 4 in the samples' ground, and one far away."""
    at = datetime.now(UTC)
    heaps = [(106.5012, 29.6012, 1), (106.505, 29.603, 2), (106.508, 29.6, 4), (106.55, 29.65, 1)]
    rows = [
        FeatureRow(
            f"heap-{number}-{i}",
            Point(lon, lat),
            {"kind": "matter", "code": "06010", "occurred_at": at, "severity": 2, "title": "暴露垃圾"},
        )
        for number, (lon, lat, count) in enumerate(heaps)
        for i in range(count)
    ]
    with connect(filled) as conn:
        feature.upsert(conn, INCIDENT, rows, feed="test")
        conn.commit()
        service.rebuild(conn, "risk")


def url(tile: TileId, surface: str = "incidents", query: str = "") -> str:
    return f"/tiles/heat/{surface}/{tile.z}/{tile.x}/{tile.y}.mvt{query}"


def cells(answer: Any) -> dict[str, dict[str, Any]]:
    if answer.status_code == 204:
        return {}
    assert answer.status_code == 200, answer.text
    decoded = mapbox_vector_tile.decode(answer.content)
    assert list(decoded) == ["heat"]
    return {one["properties"]["cell"]: one["properties"] for one in decoded["heat"]["features"]}


@pytest.mark.parametrize("zoom", [6, 9, 11, 13, 15])
def test_a_tile_holds_the_cells_of_the_zooms_resolution(zoom: int, get: Get) -> None:
    found = cells(get(url(tile_at(zoom, *HERE))))
    assert found
    for name, properties in found.items():
        assert set(properties) == {"cell", "value", "rank"}
        assert resolution(cell_from_hex(name)) == service.res_for_zoom(zoom)
        assert properties["value"] > 0
        assert 0 < properties["rank"] <= 1
    if zoom == 13:
        assert sum(one["value"] for one in found.values()) >= 7


def test_a_committed_incident_is_in_the_next_heat_tile(get: Get, committed: Connection) -> None:
    place, tile = (106.62, 29.70), tile_at(14, 106.62, 29.70)
    assert cells(get(url(tile))) == {}
    row = FeatureRow("hot", Point(*place), {"kind": "matter", "code": "06010", "occurred_at": datetime.now(UTC)})
    with committed.transaction():
        feature.upsert(committed, INCIDENT, [row], feed="test")
    first = get(url(tile))
    (found,) = cells(first).values()
    assert found["value"] == 1
    assert get(url(tile), If_None_Match=first.headers["etag"]).status_code == 304
    with committed.transaction():
        moved = FeatureRow("hot", Point(106.66, 29.74), {})
        feature.upsert(committed, INCIDENT, [moved], feed="test")
    assert cells(get(url(tile))) == {}
    assert len(cells(get(url(tile_at(14, 106.66, 29.74))))) == 1
    feature.delete(committed, INCIDENT, ["hot"])
    assert cells(get(url(tile_at(14, 106.66, 29.74)))) == {}


def test_so_it_is_while_an_older_transaction_is_open(get: Get, committed: Connection, dsn: str) -> None:
    """The log's final order waits for the older one; the tile does not, and nothing is counted twice afterwards."""
    tile = tile_at(14, 106.64, 29.66)
    with connect(dsn) as older:
        older.execute("SELECT pg_current_xact_id()")
        row = FeatureRow("early", Point(106.64, 29.66), {"kind": "part", "occurred_at": datetime.now(UTC)})
        with committed.transaction():
            feature.upsert(committed, INCIDENT, [row], feed="test")
        for _ in range(2):
            (found,) = cells(get(url(tile))).values()
            assert found["value"] == 1
        older.rollback()
    (found,) = cells(get(url(tile))).values()
    assert found["value"] == 1
    feature.delete(committed, INCIDENT, ["early"])
    assert cells(get(url(tile))) == {}


def test_window_category_and_smoothing_select(get: Get, committed: Connection) -> None:
    tile = tile_at(14, 106.58, 29.58)
    old = datetime.now(UTC) - timedelta(days=3)
    row = FeatureRow("old", Point(106.58, 29.58), {"kind": "matter", "code": "09001", "occurred_at": old})
    with committed.transaction():
        feature.upsert(committed, INCIDENT, [row], feed="test")
    assert cells(get(url(tile, query="?window=24h"))) == {}
    assert len(cells(get(url(tile, query="?window=7d")))) == 1
    assert len(cells(get(url(tile, query="?window=7d&category=")))) == 1
    assert len(cells(get(url(tile, query="?window=7d&category=matter-09")))) == 1
    assert cells(get(url(tile, query="?window=7d&category=matter-06"))) == {}
    smoothed = cells(get(url(tile, query="?window=7d&smooth=1")))
    assert len(smoothed) == 7
    assert sum(one["value"] for one in smoothed.values()) == pytest.approx(1, abs=1e-3)
    feature.delete(committed, INCIDENT, ["old"])


def test_bad_questions_are_refused(get: Get) -> None:
    tile = tile_at(12, *HERE)
    for query in (
        "?window=1y",
        "?category=nothing",
        "?source=x",
        "?severity=7",
        "?weight=x",
        "?decay=nan",
        "?smooth=9",
        "?smooth=x",
        "?smooth=-1",
    ):
        assert get(url(tile, query=query)).status_code == 400, query
    assert get(url(tile, "nothing")).status_code == 404
    assert get("/heat/nothing/legend").status_code == 404
    assert get("/heat/incidents/legend?z=x").status_code == 400
    assert get("/heat/incidents/cells/zzz").status_code == 400
    assert get("/heat/incidents/cells/8f283473fffffff").status_code == 400
    assert get("/tiles/heat/incidents/1/9/0.mvt").status_code == 400


@pytest.mark.parametrize(
    ("surface", "who"),
    [("incidents", "command"), ("incidents", "planner in area"), *OF_RISK],
)
def test_the_parts_of_a_cell_sum_to_what_the_tile_says(surface: str, who: str, get: Get) -> None:
    found = cells(get(url(tile_at(15, 106.5012, 29.6012), surface), who))
    assert found
    for name, properties in list(found.items())[:5]:
        told = get(f"/heat/{surface}/cells/{name}", who).json()
        assert told["cell"] == name
        assert told["value"] == pytest.approx(properties["value"], abs=2e-3)
        assert sum(part["value"] for part in told["parts"]) == pytest.approx(told["value"])
        for part in told["parts"]:
            assert set(part) == {"source_layer", "source_key", "name", "kind", "value", "detail", "at"}
            if who.startswith("viewer"):
                assert not {"residents", "households"} & set(part["detail"])


def test_a_cell_says_how_fresh_and_firm_it_is_and_what_it_was(get: Get, committed: Connection) -> None:
    place = (106.7, 29.5)
    now = datetime.now(UTC)
    ages = {"n1": 1, "n2": 2, "o1": 26, "o2": 27, "o3": 28, "o4": 200}
    rows = [
        FeatureRow(key, Point(*place), {"kind": "matter", "code": "06010", "occurred_at": now - timedelta(hours=h)})
        for key, h in ages.items()
    ]
    with committed.transaction():
        feature.upsert(committed, INCIDENT, rows, feed="test")
    cell = hex_of(cell_of(*place, 9))
    told = get(f"/heat/incidents/cells/{cell}").json()
    assert told["value"] == 2 and told["yesterday"] == {
        "value": 3,
        "delta": -1,
        "changed": [{"source_layer": "incident", "source_key": None, "name": told["yesterday"]["changed"][0]["name"],
                     "before": 3, "after": 2}],
    }  # fmt: skip
    assert told["confidence"] == pytest.approx(1 - 0.5**0.5, abs=1e-3) and "2" in told["confidence_why"]["en"]
    (source,) = told["sources"]
    assert not source["stale"] and source["age_s"] < 2 * 3600
    days = get(f"/heat/incidents/cells/{cell}/history?days=15&step=day").json()
    assert days["step"] == "day" and len(days["points"]) == 15
    assert sum(value for _, value in days["points"]) == 6
    hours = get(f"/heat/incidents/cells/{cell}/history?days=1&step=hour").json()["points"]
    assert len(hours) == 24 and sum(value for _, value in hours) == 2
    assert get(f"/heat/incidents/cells/{cell}/history?days=15&category=part-01").json()["points"][-1][1] == 0
    for query in ("step=week", "days=0", "days=9999", "days=400&step=hour", "days=x"):
        assert get(f"/heat/incidents/cells/{cell}/history?{query}").status_code == 400, query
    feature.delete(committed, INCIDENT, list(ages))


def test_the_legend_says_what_the_colours_mean(get: Get) -> None:
    found = get("/heat/incidents/legend?z=13").json()
    assert set(found) == LEGEND
    assert found["res"] == service.res_for_zoom(13)
    assert found["breaks"] == sorted(found["breaks"])
    assert found["window"] == {"zh": "近 24 小时", "en": "last 24 h"} and found["kernel"] is None
    smoothed = get("/heat/incidents/legend?z=13&smooth=2&decay=6&weight=severity&window=90d@fri18-24~1y").json()
    assert smoothed["kernel"] == "epanechnikov" and smoothed["bandwidth_m"] > 100
    assert (smoothed["half_life_h"], smoothed["weight"]) == (6.0, "severity")
    assert smoothed["window"]["zh"] == "近 90 天，周五 18–24 时（去年同期）"
    assert set(get("/heat/incidents/legend?z=13", "viewer").json()) == LEGEND
    assert get("/heat/risk/legend?z=13").json()["breaks"] == [1, 3, 8, 16, 32]


@pytest.mark.parametrize("surface", ["incidents", "risk"])
def test_an_area_shows_the_cells_that_lie_in_it_whole(surface: str, get: Get) -> None:
    tile = tile_at(13, *HERE)
    part, whole = cells(get(url(tile, surface), "planner in area")), cells(get(url(tile, surface), "planner"))
    assert 0 < len(part) < len(whole)
    for name, properties in part.items():
        assert AREA.contains(boundary(cell_from_hex(name)))
        assert properties["value"] == whole[name]["value"]
    for name in whole.keys() - part.keys():
        assert get(f"/heat/{surface}/cells/{name}", "planner in area").status_code == 404
    # Smoothing would carry values over the border.
    assert cells(get(url(tile, surface, "?smooth=2"), "planner in area")) == part
    outside = set(get(f"/heat/{surface}/cells/{next(iter(part))}", "planner in area").json())
    assert {"cell", "value", "parts"} <= outside


def test_risk_parts_from_outside_the_area_keep_their_value_alone(get: Get) -> None:
    tile = tile_at(13, *HERE)
    hidden = 0
    for name in cells(get(url(tile, "landslide"), "viewer in area")):
        for part in get(f"/heat/landslide/cells/{name}", "viewer in area").json()["parts"]:
            key = part["source_key"]
            if key is None:
                hidden += 1
                if part["source_layer"] in ("building", "terrain"):
                    continue
                assert (part["name"], part["detail"]) == ("", {})
            else:
                assert get(f"/ogc/collections/{part['source_layer']}/items/{key}", "viewer in area").status_code == 200
    assert hidden


def test_a_surface_of_a_hidden_layer_does_not_exist(get: Get) -> None:
    who = "key two layers"
    for path in (url(tile_at(13, *HERE)), "/heat/incidents/legend", "/heat/incidents/cells/8828308281fffff"):
        assert get(path, who).status_code == 404
    assert get("/catalogue", who).json()["surfaces"] == []


def test_a_tile_is_the_same_from_memory_while_it_is_merged_and_without_it(
    app: FastAPI, get: Get, committed: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    heat = app.state.onemap.heat
    for thread in list(heat.cubes._threads):
        thread.join()
    assert heat.cubes.ready and get("/health").json()["heat"]
    assert "onemap_cube_bytes" in get("/metrics", "operator").text
    tile = tile_at(13, *HERE)
    (cube,) = heat.cubes.by_surface.values()
    monkeypatch.setattr("onemap.heat.count.cube.MERGE_FROM", 0)
    monkeypatch.setattr("onemap.heat.count.cube.MERGE_SHARE", 0.0)
    row = FeatureRow("merged", Point(*HERE), {"kind": "matter", "code": "06010", "occurred_at": datetime.now(UTC)})
    with committed.transaction():
        feature.upsert(committed, INCIDENT, [row], feed="test")
    before = cells(get(url(tile)))
    for thread in list(heat.cubes._threads):
        thread.join()
    assert len(cube.view().changes) == 0
    # The same in other words is another tile: rendered anew, first from the new base, then by SQL.
    assert cells(get(url(tile, query="?severity=0&severity=1&severity=2&severity=3&severity=4"))) == before
    monkeypatch.setattr(type(heat), "view", lambda *_: None)
    assert cells(get(url(tile, query="?category=matter-06"))).keys() <= before.keys()
    assert cells(get(url(tile, query="?decay=87600"))).keys() == before.keys()
    feature.delete(committed, INCIDENT, ["merged"])


@settings(deadline=None)
@given(st.lists(st.integers(1, 6), max_size=30), st.lists(st.integers(1, 6), max_size=8), st.data())
def test_moved_values_rank_as_if_sorted_again(values: list[int], after: list[int], data: st.DataObject) -> None:
    before = data.draw(st.lists(st.sampled_from(range(len(values))), unique=True)) if values else []
    left = [value for at, value in enumerate(values) if at not in before]
    gone = np.array([values[at] for at in before], np.float64)
    found = moved(np.sort(np.array(values, np.float64)), gone, np.array(after, np.float64))
    assert found is not None and found.tolist() == sorted(left + after)
    assert moved(np.array([1.0, 2.0]), np.array([3.0]), np.empty(0)) is None


def test_ranks_are_shares() -> None:
    every = np.array([1.0, 1.0, 2.0, 5.0])
    assert ranks(np.array([1.0, 2.0, 5.0]), every).tolist() == [0.5, 0.75, 1.0]
    assert ranks(np.array([]), np.array([])).tolist() == []
    assert shapely.area(boundary(cell_from_hex("8828308281fffff"))) > 0
