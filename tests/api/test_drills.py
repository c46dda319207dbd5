"""A drill at every door and channel: marked, and never part of what really happened."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import mapbox_vector_tile
import pytest
from lxml import etree

from onemap.core import clock
from onemap.core.policy import Role
from onemap.core.settings import CaseSettings
from onemap.store.db import connect
from onemap.warnings.drills import service as drills
from onemap.warnings.sending.adapter import Letter, Way
from onemap.warnings.sending.channels import BY_KIND
from onemap.warnings.sending.post import Post
from server import call_models, ruling
from tests.api.conftest import Running
from tests.contract.test_layers import tile_at
from tests.db import call_ground, warnings_ground
from tests.db.endpoints import Endpoint

MARK = "【演练】"
CAP = "{urn:oasis:names:tc:emergency:cap:1.2}"


@pytest.fixture(scope="module")
def ground(server: Running) -> Running:
    with connect(server.dsn) as conn:
        call_ground.city(conn)
        warnings_ground.teams(conn)
        warnings_ground.slope(conn)
    return server


def read(server: Running, value: float) -> None:
    """A real reading of the point's crack meter, now."""
    with connect(server.dsn) as conn:
        warnings_ground.feed(conn, (value, (clock.now() - warnings_ground.T0).total_seconds() / 60))


@pytest.fixture
def running(ground: Running) -> Iterator[tuple[Running, dict[str, Any]]]:
    """A drill whose first step is done, beside a real warning at the same point that was raised before it."""
    read(ground, 12.0)
    with ground.client(Role.COMMAND) as client:
        answer = client.post("/drills", json={"scenario": "first-call", "note": "抽查"})
        assert answer.status_code == 201, answer.text
        made = call_models.Drill.model_validate(answer.json())
        with connect(ground.dsn) as conn:
            assert drills.step(conn, clock.now(), CaseSettings(), ruling.around("Asia/Shanghai")) == 1
        (warning,) = [one for one in client.get("/warnings").json() if one["drill"]]
        assert warning["drill_key"] == made.key
        yield ground, warning
        stopped = client.post(f"/drills/{made.key}/stop").json()
        assert stopped["state"] == "stopped"
        read(ground, 1.0)
        assert client.get("/warnings").json() == []


def test_lists_say_that_it_is_an_exercise(running: tuple[Running, dict[str, Any]]) -> None:
    server, warning = running
    key = warning["key"]
    assert warning["title"].startswith(MARK)
    with server.client(Role.COMMAND) as client:
        (real,) = [one for one in client.get("/warnings").json() if not one["drill"]]
        assert MARK not in real["title"] and real["hazard_key"] == warning["hazard_key"]
        (shape,) = [f for f in client.get("/warnings/geojson").json()["features"] if f["properties"]["key"] == key]
        assert shape["properties"]["drill"] is True and shape["properties"]["title"].startswith(MARK)
        episodes = client.get("/warnings/episodes").json()
        assert {one["drill"]: one["warnings"] for one in episodes} == {True: [key], False: [real["key"]]}
        alerts = client.get("/alerts", params={"warning": key}).json()
        assert alerts and all(one["drill"] and one["title"].startswith(MARK) for one in alerts)
        assert not any(one["drill"] for one in client.get("/alerts", params={"warning": real["key"]}).json())
        (item,) = client.get("/ogc/collections/warning/items", params={"drill": "true"}).json()["features"]
        assert item["properties"]["key"] == key and item["properties"]["title"].startswith(MARK)
        spot = tile_at(14, warning["lon"], warning["lat"])
        tile = client.get(f"/tiles/warning/{spot.z}/{spot.x}/{spot.y}.mvt")
        drawn = mapbox_vector_tile.decode(tile.content)["warning"]["features"]
        assert {one["properties"]["key"]: one["properties"]["drill"] for one in drawn} == {
            key: True,
            real["key"]: False,
        }


def test_messages_are_exercises(running: tuple[Running, dict[str, Any]]) -> None:
    server, warning = running
    with server.client(Role.COMMAND) as client:
        (told,) = client.get("/warnings/messages", params={"warning": warning["key"]}).json()
        assert told["status"] == "Exercise" and told["title"].startswith(MARK)
        alert = etree.fromstring(client.get(told["cap"]).content)
        assert alert.findtext(f"{CAP}status") == "Exercise"
        for info in alert.findall(f"{CAP}info"):
            said = (info.findtext(f"{CAP}headline") or "") + (info.findtext(f"{CAP}description") or "")
            assert MARK in said or "[EXERCISE]" in said
        feed = etree.fromstring(client.get("/warnings/atom").content)
        atom = "{http://www.w3.org/2005/Atom}"
        titles = [one.findtext(f"{atom}title") or "" for one in feed.findall(f"{atom}entry")]
        assert any(title.startswith(MARK) for title in titles) and not all(title.startswith(MARK) for title in titles)


def test_what_happened_knows_nothing_of_it(running: tuple[Running, dict[str, Any]]) -> None:
    server, warning = running
    with server.client(Role.COMMAND) as client:
        assert warning["key"] not in [one["key"] for one in client.get("/timeline").json()["warnings"]]
        (real,) = [one for one in client.get("/warnings").json() if not one["drill"]]
        for one, other in ((real, warning), (warning, real)):
            previous = client.get(f"/warnings/{one['key']}").json()["previous"]
            assert other["key"] not in [before["key"] for before in previous]


@pytest.mark.parametrize("kind", ["webhook", "sms", "voice", "dingtalk", "wecom", "feishu", "apprise"])
def test_every_channel_carries_the_mark(running: tuple[Running, dict[str, Any]], kind: str) -> None:
    server, warning = running
    with server.client(Role.COMMAND) as client:
        alert = client.get("/alerts", params={"warning": warning["key"]}).json()[0]
    there = Endpoint()
    try:
        url = f"{there.url}/ok" if kind != "apprise" else f"{there.url}/ok".replace("http://", "json://")
        BY_KIND[kind].send(Way(kind, url, "a-secret-of-sixteen"), Letter("k-1", alert), Post())
    finally:
        there.close()
    ((_, _, heard),) = there.seen
    body = json.loads(heard)
    assert MARK in json.dumps(body, ensure_ascii=False)
    if kind == "webhook":
        assert body["alert"]["drill"] is True and body["alert"]["text"].startswith(MARK)
    if kind in ("sms", "voice"):
        assert body["drill"] is True and body["text"].startswith(MARK)


def test_who_may_and_what_there_is(ground: Running) -> None:
    with ground.client(Role.OPERATOR) as client:
        found = client.get("/drills/scenarios").json()
        assert {"first-call", "wet-night"} <= {call_models.Scenario.model_validate(one).key for one in found}
        assert client.post("/drills", json={"scenario": "first-call"}).status_code == 403
        assert client.get("/drills/drill-none").status_code == 404
    with ground.client(Role.COMMAND) as client:
        assert client.post("/drills", json={"scenario": "none"}).status_code == 404
        assert client.post("/drills", json={"scenario": "wet-night"}).json()["reason"] == "points"
        assert client.post("/drills", json={"scenario": "first-call", "speed": 0}).status_code == 400
