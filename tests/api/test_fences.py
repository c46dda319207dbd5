"""Doors of fences: declared, tried, listed, changed and taken away, each as far as the asker may see."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import shapely
from shapely.geometry import MultiPolygon, Point, box

from onemap.core.policy import Role
from onemap.fences.follow import Follower
from onemap.layers import BY_NAME
from onemap.store import account, changelog, feature
from onemap.store.db import acting, connect
from onemap.store.feature import FeatureRow
from onemap.store.partition import Partitions
from tests.api.conftest import Running
from tests.api.listening import listen

LON, LAT = 110.40, 29.10
FAR_OUT = {"type": "Polygon", "coordinates": [[[200, 0], [1, 1], [2, 0]]]}


def square(lon: float = LON, lat: float = LAT, half: float = 0.001) -> dict[str, Any]:
    return dict(shapely.geometry.mapping(box(lon - half, lat - half, lon + half, lat + half)))


def spec(name: str = "试飞场", **more: Any) -> dict[str, Any]:
    return {"name": name, "kind": "nofly", "source": {"type": "polygon", "geometry": square()}, **more}


@pytest.fixture(scope="module", autouse=True)
def ground(server: Running) -> None:
    """Two grids, a hazard point with its zone, a house, a camera, and a drone in the middle."""
    layers: dict[str, list[FeatureRow]] = {
        "grid": [
            FeatureRow(
                f"e1/50000{n}", MultiPolygon([box(LON + n * 0.01, LAT, LON + (n + 1) * 0.01, LAT + 0.01)]),
                {"edition": "e1", "code": f"50000{n}", "name": f"{n}格"},
            )
            for n in range(2)
        ],
        "hazard": [FeatureRow("h1", Point(LON, LAT), {"name": "h1", "kind": "landslide", "level": 3})],
        "hazard_zone": [
            FeatureRow("z1", MultiPolygon([box(LON, LAT, LON + 0.002, LAT + 0.002)]), {"hazard_key": "h1"})
        ],
        "building": [
            FeatureRow(
                "b1", MultiPolygon([box(LON, LAT, LON + 0.0001, LAT + 0.0001)]), {"residents": 3, "households": 2}
            )
        ],
        "camera": [FeatureRow("c1", Point(LON, LAT), {"name": "c1"})],
        "mover": [FeatureRow("d1", Point(LON, LAT), {"name": "无人机 1", "kind": "drone"})],
    }  # fmt: skip
    with connect(server.dsn) as conn, acting(conn, "test"):
        for name, rows in layers.items():
            feature.upsert(conn, BY_NAME[name], rows, feed="test")


def test_a_fence_is_made_changed_and_taken_away(server: Running) -> None:
    with server.client("command") as client:
        answer = client.post("/fences", json=spec(level=2, warn_on=["enter"], ceiling_m=120, hours="22-6"))
        assert answer.status_code == 201, answer.text
        made = answer.json()
        assert made["geometry"]["type"] == "MultiPolygon"
        assert made["state"] in ("in_force", "resting")
        assert made["changed_by"] == "command"
        assert made["area_m2"] == pytest.approx(43_200, rel=0.02)
        key = made["key"]
        assert key in [one["key"] for one in client.get("/fences").json()]
        again = client.put(
            f"/fences/{key}", json=spec("新名", source={"type": "polygon", "geometry": square(half=0.002)})
        )
        assert again.status_code == 200, again.text
        assert again.json()["name"] == "新名"
        assert again.json()["area_m2"] > 3.9 * made["area_m2"]
        assert client.get(f"/fences/{key}").json() == again.json()
        assert client.delete(f"/fences/{key}").status_code == 204
        assert client.get(f"/fences/{key}").status_code == 404
        assert client.delete(f"/fences/{key}").status_code == 404
        assert client.put(f"/fences/{key}", json=spec()).status_code == 404


@pytest.mark.parametrize(
    ("source", "area_m2"),
    [
        ({"type": "grids", "codes": ["500000", "500001"]}, 2_160_000),
        ({"type": "hazard_zone", "key": "h1"}, 43_200),
        ({"type": "cells", "cells": ["8a3f2e6a1067fff"]}, None),
        ({"type": "buffer", "layer": "camera", "key": "c1", "radius_m": 100}, 31_350),
        ({"type": "mover", "key": "d1", "radius_m": 200}, 125_400),
    ],
)
def test_the_ground_comes_from_its_source(server: Running, source: dict[str, Any], area_m2: float | None) -> None:
    with server.client("planner") as client:
        answer = client.post("/fences", json=spec("源", source=source))
        assert answer.status_code == 201, answer.text
        if area_m2 is not None:
            assert answer.json()["area_m2"] == pytest.approx(area_m2, rel=0.02)
        assert client.delete(f"/fences/{answer.json()['key']}").status_code == 204


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"source": {"type": "grids", "codes": ["nowhere"]}}, 404),
        ({"source": {"type": "hazard_zone", "key": "nobody"}}, 404),
        ({"source": {"type": "mover", "key": "nobody", "radius_m": 5}}, 404),
        ({"source": {"type": "buffer", "layer": "account", "key": "x", "radius_m": 5}}, 400),
        ({"source": {"type": "polygon"}}, 400),
        ({"source": {"type": "polygon", "geometry": FAR_OUT}}, 400),
        ({"enter_p": 0.3, "exit_p": 0.4}, 400),
        ({"floor_m": 100, "ceiling_m": 50}, 400),
        ({"hours": "25-3"}, 400),
        ({"weekdays": [8]}, 400),
        ({"warn_on": ["enter"]}, 400),
        ({"valid_from": "2026-01-02T00:00:00+08:00", "valid_until": "2026-01-01T00:00:00+08:00"}, 400),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_a_reason(server: Running, change: dict[str, Any], status: int) -> None:
    with server.client("command") as client:
        answer = client.post("/fences", json=spec(**change))
        assert answer.status_code == status, answer.text
        assert answer.json()["detail"]
        tried = client.post("/fences/preview", json=spec(**change))
        if status == 400:
            assert tried.json()["problems"]


def test_a_preview_counts_and_makes_nothing(server: Running) -> None:
    with server.client("command") as client:
        before = client.get("/fences").json()
        found = client.post("/fences/preview", json=spec(warn_on=["dwell"], level=1)).json()
        assert found["buildings"] == 1
        assert found["residents"] == 3
        assert found["hazards"] == found["cameras"] == 1
        assert found["grids"] == ["500000"]
        assert [mover["key"] for mover in found["movers"]] == ["d1"]
        assert len(found["problems"]) == 2
        assert client.get("/fences").json() == before


def test_fences_are_inside_matters(server: Running) -> None:
    with server.client("viewer") as client:
        for path in ("/fences", "/fences/events", "/fences/x", "/fences/x/inside"):
            assert client.get(path).status_code == 404
    with server.client("team") as client:
        assert client.get("/fences").status_code == 200
        assert client.post("/fences", json=spec()).status_code == 403
    with server.client() as client:
        assert client.get("/fences").status_code == 401


def test_an_area_bounds_what_is_seen_and_made(server: Running) -> None:
    with server.client("command") as client:
        inside = client.post("/fences", json=spec("内")).json()["key"]
        outside = client.post(
            "/fences", json=spec("外", source={"type": "polygon", "geometry": square(lon=LON + 1)})
        ).json()["key"]  # fmt: skip
    area = MultiPolygon([box(LON - 0.05, LAT - 0.05, LON + 0.05, LAT + 0.05)])
    with connect(server.dsn) as conn, acting(conn, "test"):
        account.create_account(conn, "near", "近处", Role.COMMAND, "a-password-of-no-account")
        conn.execute("UPDATE account SET area = st_multi(st_geomfromwkb(%s, 4326)) WHERE login = 'near'", (area.wkb,))
        key = account.create_api_key(conn, "roads", Role.COMMAND, layers=["road"], feeds=[])
    with server.client("near") as client:
        assert [one["key"] for one in client.get("/fences").json()] == [inside]
        assert client.get(f"/fences/{outside}").status_code == 404
        assert client.delete(f"/fences/{outside}").status_code == 404
        far = spec("外", source={"type": "polygon", "geometry": square(lon=LON + 1)})
        assert client.post("/fences", json=far).status_code == 403
        assert client.put(f"/fences/{inside}", json=far).status_code == 403
    with server.with_key(key) as client:
        assert client.get("/fences").status_code == 404


def test_an_event_is_heard_live_by_those_it_is_for(server: Running) -> None:
    follower, now = Follower(ZoneInfo("Asia/Shanghai")), datetime.now(UTC)
    with connect(server.dsn, autocommit=True) as conn, server.client("command") as client:
        key = client.post("/fences", json=spec("听", events=["enter", "exit"])).json()["key"]
        with conn.transaction():
            Partitions().ensure(conn, "fix", {now})
        while follower.step(conn):
            pass
        with listen(server, "command", layers="") as ears, listen(server, "team", layers="") as others:
            ears.started(), others.started()
            for ago_s, lon in ((60, LON + 0.003), (30, LON + 0.0002)):
                conn.execute(
                    "INSERT INTO fix (mover_id, at, geom, h3, accuracy_m) SELECT id, %s, "
                    "st_setsrid(st_makepoint(%s, %s, 0), 4326), 0, 5 FROM mover WHERE key = 'd1'",
                    (now - timedelta(seconds=ago_s), lon, LAT),
                )
            while follower.step(conn):
                pass
            heard = ears.wait(lambda one: one.name == "fence" and one.data["fence_key"] == key).data
            assert (heard["fence_key"], heard["kind"], heard["mover_key"]) == (key, "enter", "d1")
            with conn.transaction():
                changelog.log_event(conn, "alert", "1", {"id": 1, "team_key": "t1", "lon": LON, "lat": LAT})
            others.wait(lambda one: one.name == "alert")
            assert [one.name for one in others.heard] == ["alert"]
        client.delete(f"/fences/{key}")
