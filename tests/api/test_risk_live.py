"""A reading past its threshold darkens its slope on an open map, with a worker beside the server as in a real house."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import mapbox_vector_tile
import pytest
from shapely.geometry import MultiPolygon, box

from onemap.core.cell import cell_of, hex_of, parent
from onemap.core.policy import Role
from onemap.core.settings import Settings
from onemap.layers import BY_NAME
from onemap.store import account, changelog, feature
from onemap.store.db import Connection, connect
from onemap.store.feature import FeatureRow
from server.worker import Wake, _listen, _run_loop, loops
from tests.api.conftest import Running, wait_until
from tests.api.listening import Listener, listen
from tests.contract.test_layers import tile_at
from tests.db import warnings_ground as ground

CELL = cell_of(ground.LON + 0.0001, ground.LAT + 0.0001, 11)
TILE = tile_at(15, ground.LON, ground.LAT)


@pytest.fixture(scope="module")
def house(server: Running, server_settings: Settings) -> Iterator[Running]:
    """The server with a slope, a worker in threads beside it, and the first risk computed."""
    with connect(server.dsn, autocommit=True) as conn:
        with conn.transaction():
            ground.slope(conn)
            home = MultiPolygon([box(ground.LON, ground.LAT, ground.LON + 0.0002, ground.LAT + 0.0002)])
            feature.upsert(conn, BY_NAME["building"], [FeatureRow("b1", home, {"residents": 99})], feed="test")
        stop, wake = threading.Event(), Wake()
        risk = next(loop for loop in loops(server_settings) if loop.name == "risk")
        threads = [
            threading.Thread(target=_listen, args=(server.dsn, wake, stop), daemon=True),
            threading.Thread(target=_run_loop, args=(risk, server.dsn, wake.subscribe(), stop), daemon=True),
        ]
        for thread in threads:
            thread.start()
        wait_until(lambda: conn.execute("SELECT 1 FROM risk_chunk WHERE surface = 'risk'").fetchone(), timeout_s=30)
        yield server
        stop.set()
        for thread in threads:
            thread.join(20)


def shown(client: Any, surface: str) -> float:
    answer = client.get(f"/tiles/heat/{surface}/{TILE.z}/{TILE.x}/{TILE.y}.mvt")
    assert answer.status_code == 200
    found = mapbox_vector_tile.decode(answer.content)["heat"]["features"]
    return next(float(one["properties"]["value"]) for one in found if one["properties"]["cell"] == hex_of(CELL))


def test_a_reading_past_its_threshold_darkens_its_slope_by_itself(house: Running) -> None:
    with house.client("operator") as sender, house.client("command") as screen, listen(house, "command") as ears:
        ears.started()
        before = {surface: shown(screen, surface) for surface in ("landslide", "risk")}
        fire = screen.get(f"/tiles/heat/fire/{TILE.z}/{TILE.x}/{TILE.y}.mvt").headers.get("etag")
        body = {"datastream": "h1-crack-ds", "at": datetime.now(UTC).isoformat(), "value": 33.0}
        assert sender.post("/feeds/iot", json=body).json()["stored"] == 1
        committed = time.monotonic()
        for surface in ("landslide", "risk"):
            heard = ears.wait(lambda one, name=surface: one.name == "heat" and one.data["surface"] == name)  # type: ignore[misc]
            assert heard.at - committed < 15.0  # a bench measures; here a loaded machine has room
            assert shown(screen, surface) > before[surface] + 5
        again = screen.get(f"/tiles/heat/fire/{TILE.z}/{TILE.x}/{TILE.y}.mvt")
        assert again.headers.get("etag") == fire and not [h for h in ears.heard if h.data.get("surface") == "fire"]
        told = screen.get(f"/heat/risk/cells/{hex_of(CELL)}").json()
        crack = next(part for part in told["parts"] if part["kind"] == "excess")
        assert (crack["source_key"], crack["name"]) == ("h1-crack", "裂缝计01")
        assert crack["detail"]["value"] == 33.0 and crack["detail"]["enter"] == 30.0
        assert told["value"] == pytest.approx(sum(part["value"] for part in told["parts"]))
        assert told["value"] == pytest.approx(shown(screen, "risk"), abs=2e-3)
        assert {factor["name"] for factor in told["factors"]} == {"exposure", "vulnerability", "coping"}
        assert told["factors"][0]["detail"]["residents"] == 99 and "layers" not in told["factors"][0]


def test_the_public_hears_of_surfaces_it_sees_and_of_no_counts(house: Running, committed: Connection) -> None:
    key = account.create_api_key(committed, "two-layers", Role.COMMAND, ["camera", "building"])
    with listen(house, "viewer") as public, Listener(house.with_key(key)) as machine:
        public.started()
        machine.started()
        with committed.transaction():
            for surface in ("risk", "landslide"):
                changelog.log_event(committed, f"heat.{surface}", surface, {"surface": surface})
            feature.upsert(
                committed, BY_NAME["building"], [FeatureRow("far", ground.ZONE, {"residents": 9})], feed="test"
            )
        public.wait(lambda one: one.name == "heat" and one.data["surface"] == "landslide")
        assert {one.data["surface"] for one in public.heard if one.name == "heat"} <= {
            "landslide", "debris_flow", "subsidence",
        }  # fmt: skip
        assert not [one for one in machine.heard if one.name == "heat"]
    with house.client("viewer") as public_map:
        told = public_map.get(f"/heat/landslide/cells/{hex_of(CELL)}").json()
        assert all(factor["detail"] == {} for factor in told["factors"])
        assert not {"team", "camera"} & {source["layer"] for source in told["sources"]}
        assert public_map.get(f"/heat/risk/cells/{hex_of(parent(CELL, 9))}").status_code == 404


def test_many_changes_of_a_surface_are_one_word_a_second(house: Running, committed: Connection) -> None:
    with listen(house, "command") as ears:
        ears.started()
        began = time.monotonic()
        for _ in range(40):
            with committed.transaction():
                changelog.log_event(committed, "heat.subsidence", "subsidence", {"surface": "subsidence"})
        sent_in = time.monotonic() - began
        row = committed.execute("SELECT max(at) AS at FROM change_log WHERE layer = 'heat.subsidence'").fetchone()
        assert row is not None
        ears.wait(lambda one: one.name == "heat" and one.data["at"] == row["at"].isoformat())
        mine = [one for one in ears.heard if one.name == "heat" and one.data["surface"] == "subsidence"]
        assert mine[0].at - began < 10.0  # the first is not put off to the last
        assert 1 <= len(mine) <= 2 + sent_in
        place = mine[0].id
    with listen(house, "command", after=place) as back:
        back.wait(lambda one: one.name == "heat" and one.data["surface"] == "subsidence")
