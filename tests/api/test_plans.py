"""Doors of plans over HTTP: the map, edits and what they answer, refusals with a place, who may see and do what."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import shapely
from shapely.geometry import shape

from onemap.core.policy import Role
from onemap.planning.finding import RULES
from onemap.store import account
from onemap.store.db import acting, connect
from server.plan_models import Heir, Plan, PlanDelta, PlanEdit, PlanMap, Replayed
from tests.api.conftest import PASSWORD, Running
from tests.db.plans_ground import EAST, EDITION, WEST, city, grid, named, split
from tests.unit.plan_ground import LAT, LON, STEP


@pytest.fixture(scope="module", autouse=True)
def ground(server: Running) -> None:
    """The small city, a second planner, and one who is held to the western community."""
    with connect(server.dsn, autocommit=True) as conn:
        city(conn)
        row = conn.execute(
            "SELECT st_asbinary(st_multi(st_buffer(geom, 1e-5))) AS wkb FROM area WHERE key = %s", (WEST,)
        )
        wkb = bytes(row.fetchone()["wkb"])  # type: ignore[index]
        with acting(conn, "test"):
            account.create_account(conn, "planner2", "other planner", Role.PLANNER, PASSWORD)
            account.create_account(conn, "western", "planner of the west", Role.PLANNER, PASSWORD)
            account.limit_account(conn, "western", wkb)


def made(client: httpx.Client, name: str = "方案", **more: Any) -> str:
    answer = client.post("/plans", json={"name": name, **more})
    assert answer.status_code == 201, answer.text
    return str(Plan.model_validate(answer.json()).key)


def edit(client: httpx.Client, key: str, version: int, operation: dict[str, Any]) -> dict[str, Any]:
    answer = client.post(f"/plans/{key}/edits", json={"version": version, "operation": operation})
    assert answer.status_code == 200, answer.text
    return PlanDelta.model_validate(answer.json()).model_dump()


def drawn(client: httpx.Client, key: str) -> dict[str, Any]:
    answer = client.get(f"/plans/{key}/map")
    assert answer.status_code == 200, answer.text
    return PlanMap.model_validate(answer.json()).model_dump()


def applied(screen: dict[str, Any], delta: dict[str, Any]) -> dict[str, Any]:
    """A screen's map after an answer, as the page does it."""
    arcs = {arc["id"]: arc for arc in screen["arcs"] if arc["id"] not in set(delta["arcs_gone"])}
    grids = {one["id"]: one for one in screen["grids"] if one["id"] not in set(delta["grids_gone"])}
    lines = {row["community_code"]: row for row in (*screen["balance"], *delta["balance"])}
    told = {*delta["grids_gone"], *(one["id"] for one in delta["grids"])}
    problems = [one for one in screen["problems"] if one["grid"] not in told] + delta["problems"]
    return {
        **screen,
        "history": delta["history"],
        "balance": [lines[code] for code in sorted(lines, key=lambda code: code or "")],
        "problems": sorted(
            problems, key=lambda one: (one["severity"] != "error", RULES.index(one["rule"]), one["grid"])
        ),
        "plan": {**screen["plan"], "version": delta["version"]},
        "arcs": list({**arcs, **{arc["id"]: arc for arc in delta["arcs"]}}.values()),
        "grids": list({**grids, **{one["id"]: one for one in delta["grids"]}}.values()),
    }


def same(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Two screens show the same."""
    for name, key in (("arcs", "id"), ("grids", "id"), ("problems", None), ("balance", None)):
        a, b = one[name], other[name]
        if key is not None:
            a, b = sorted(a, key=lambda x: x[key]), sorted(b, key=lambda x: x[key])
        assert a == b, name


def polygon(screen: dict[str, Any], face: str) -> Any:
    """A grid's ground put together from arcs, as the page does it."""
    arcs = {arc["id"]: arc["xy"] for arc in screen["arcs"]}
    found = next(one for one in screen["grids"] if one["id"] == face)
    rings = []
    for ring in found["rings"]:
        xy: list[list[float]] = []
        for number in ring:
            line = arcs[number] if number >= 0 else arcs[~number][::-1]
            assert not xy or xy[-1] == line[0]
            xy += line if not xy else line[1:]
        assert xy[0] == xy[-1]
        rings.append(xy)
    parts, at = [], 0
    for count in found["polygons"]:
        parts.append(shapely.Polygon(rings[at], rings[at + 1 : at + count]))
        at += count
    return shapely.MultiPolygon(parts)


def test_the_map_holds_everything_that_is_drawn(server: Running) -> None:
    with server.client("planner") as client:
        key = made(client, note="第一稿")
        screen = drawn(client, key)
        assert screen["plan"]["base"] == EDITION
        assert len(screen["grids"]) == 24
        assert screen["model"]["key"] == "standard"
        shapes = [polygon(screen, one["id"]) for one in screen["grids"]]
        assert shapely.coverage_is_valid(shapes)
        sides = {side for arc in screen["arcs"] for side in (arc["left"], arc["right"]) if side}
        assert sides == {one["id"] for one in screen["grids"]}
        fixed = [arc for arc in screen["arcs"] if arc["fixed"]]
        assert all(
            arc["left"] is None or arc["right"] is None or arc["left"][:12] != arc["right"][:12] for arc in fixed
        )
        assert sum(one["measures"]["households"] for one in screen["grids"]) > 1000
        assert screen["balance"][0]["community_code"] is None
        assert {row["community_code"] for row in screen["balance"][1:]} == {WEST, EAST}
        assert screen["history"] == {"undo": None, "redo": None}
        grids = {one["id"]: one for one in screen["grids"]}
        assert grids[grid(1, 1)]["label"] == "006"
        assert shapely.intersects_xy(polygon(screen, grid(1, 1)), *grids[grid(1, 1)]["at"])


def test_a_screen_that_applies_every_answer_shows_what_is_saved(server: Running) -> None:
    with server.client("planner") as client, server.client("planner2") as other:
        key = made(client)
        screen = theirs = drawn(client, key)
        for operation in (
            split(1, 1),
            named(1, 1, "新名"),
            {"op": "merge", "grids": [grid(0, 0), grid(0, 1)]},
            {"op": "reassign", "to": grid(4, 1), "area": shapely.geometry.mapping(
                shapely.box(LON + 3.7 * STEP, LAT + 1.3 * STEP, LON + 4.3 * STEP, LAT + 1.6 * STEP))},
            {"op": "simplify", "grids": [grid(4, 1), grid(3, 1)], "tolerance_m": 60},
            {"op": "describe", "grid": grid(5, 3), "locked": True},
        ):  # fmt: skip
            delta = edit(client, key, screen["plan"]["version"], operation)
            screen = applied(screen, delta)
            same(screen, drawn(client, key))
        for door in ("undo", "undo", "undo", "redo", "undo", "undo", "redo", "redo"):
            answer = client.post(f"/plans/{key}/{door}", json={"version": screen["plan"]["version"]})
            assert answer.status_code == 200, answer.text
            screen = applied(screen, PlanDelta.model_validate(answer.json()).model_dump())
            same(screen, drawn(client, key))
        # One who has not looked since the start catches up with one answer, and may edit from there at once.
        theirs_now = applied(theirs, other.get(f"/plans/{key}/since/0").json())
        same(theirs_now, drawn(other, key))
        late = edit(other, key, 0, named(5, 0, "晚来"))
        same(applied(theirs, late), drawn(other, key))
        lines = [PlanEdit.model_validate(one) for one in client.get(f"/plans/{key}/edits").json()]
        assert [one.version for one in lines] == list(range(15, 0, -1))
        assert lines[0].by == "planner2"
        assert [one.kind for one in lines[1:9]] == ["redo", "redo", "undo", "undo", "redo", "undo", "undo", "undo"]


def test_what_cannot_be_done_is_refused_with_reason_and_place(server: Running) -> None:
    with server.client("planner") as client:
        key = made(client)

        def refused(operation: dict[str, Any], reason: str) -> dict[str, Any]:
            answer = client.post(f"/plans/{key}/edits", json={"version": 0, "operation": operation})
            assert answer.status_code in (400, 404), answer.text
            assert answer.json().get("reason", answer.json()["code"]) == reason, answer.text
            found: dict[str, Any] = answer.json()
            return found

        problem = refused({"op": "split", "grid": grid(1, 1), "line": [[LON, LAT - 1], [LON + 1, LAT - 1]]}, "no-cut")
        assert " · " in problem["detail"]
        assert shape(problem["where"]).geom_type == "LineString"
        refused({"op": "merge", "grids": [grid(2, 1), grid(3, 1)]}, "border")
        refused({"op": "merge", "grids": [grid(0, 0), grid(2, 2)]}, "not-neighbours")
        refused({"op": "describe", "grid": grid(0, 0)}, "nothing")
        refused({"op": "describe", "grid": "nobody", "name": "x"}, "no-face")
        refused({"op": "reassign", "to": grid(0, 0), "buildings": ["no-such-house"]}, "building")
        refused({"op": "split", "grid": grid(1, 1), "line": [[LON, 91.0], [LON, 92.0]]}, "line")
        refused(
            {"op": "reassign", "to": grid(0, 0), "area": {"type": "Point", "coordinates": [LON, LAT]}}, "wrong-type"
        )
        for bad in ({"op": "cut"}, {"op": "split", "grid": "x", "line": [[0, 0]]}, {"op": "merge", "grids": ["x"]}):
            answer = client.post(f"/plans/{key}/edits", json={"version": 0, "operation": bad})
            assert answer.status_code == 400
        for version in ("x", "-1", "99999999999"):
            assert client.get(f"/plans/{key}/since/{version}").status_code in (400, 409)
        assert client.get(f"/plans/{key}").json()["version"] == 0


def test_a_clash_says_who_and_what(server: Running) -> None:
    with server.client("planner") as client, server.client("planner2") as other:
        key = made(client)
        edit(client, key, 0, split(1, 1))
        answer = other.post(f"/plans/{key}/edits", json={"version": 0, "operation": split(1, 1, 0.3)})
        assert answer.status_code == 409
        problem = answer.json()
        assert problem["reason"] == "conflict"
        assert "planner" in problem["detail"]
        assert "拆分 g1-1" in problem["detail"]
        assert problem["where"]["type"] in ("LineString", "MultiPolygon", "Polygon")
        assert edit(other, key, 0, split(4, 1))["version"] == 2
        answer = client.post(f"/plans/{key}/edits", json={"version": 9, "operation": split(4, 2)})
        assert (answer.status_code, answer.json()["reason"]) == (409, "reload")


def test_trying_shows_and_keeps_nothing(server: Running) -> None:
    with server.client("planner") as client:
        key = made(client)
        screen = drawn(client, key)
        answer = client.post(f"/plans/{key}/try", json={"version": 0, "operation": split(1, 1)})
        assert answer.status_code == 200, answer.text
        ghost = PlanDelta.model_validate(answer.json()).model_dump()
        assert {one["label"] for one in ghost["grids"]} >= {"006甲", "006乙"}
        assert ghost["moved"]["households"] > 0
        same(screen, drawn(client, key))


def test_painting_by_buildings_blocks_and_cells(server: Running) -> None:
    with server.client("planner") as client:
        key = made(client)
        found = {
            kind: client.get(f"/plans/{key}/blocks", params={"grid": grid(1, 1), "kind": kind}).json()["features"]
            for kind in ("buildings", "blocks", "cells")
        }
        assert found["buildings"][0]["properties"]["key"].startswith("b")
        assert len(found["blocks"]) == 1
        assert len(found["cells"][0]["properties"]["cell"]) == 15
        cells = [one["properties"]["cell"] for one in found["cells"]]
        west = min(cells, key=lambda cell: shape(found["cells"][cells.index(cell)]["geometry"]).centroid.x)
        delta = edit(client, key, 0, {"op": "reassign", "to": grid(0, 1), "cells": [west]})
        assert delta["text"] == {"zh": "划给 g0-1：g1-1", "en": "Given to g0-1: g1-1"}
        houses = [one["properties"]["key"] for one in found["buildings"]][:1]
        answer = client.post(
            f"/plans/{key}/edits", json={"version": 1, "operation": {"op": "per_building", "grid": grid(4, 2)}}
        )
        assert answer.status_code == 200, answer.text
        assert len(answer.json()["grids"]) > 3
        # Neighbours whose border has one corner more are no parts of it.
        parts = 1 + sum(one["id"].startswith("~") for one in answer.json()["grids"])
        assert answer.json()["text"]["zh"] == f"一楼栋一网格：g4-2 分为 {parts} 个"
        assert houses
        assert client.get(f"/plans/{key}/blocks", params={"grid": "nobody"}).status_code == 400


def test_plans_are_renamed_weighed_otherwise_copied_and_discarded(server: Running) -> None:
    with server.client("planner") as client:
        key = made(client)
        edit(client, key, 0, split(1, 1))
        answer = client.patch(f"/plans/{key}", json={"name": "改名", "model": "households"})
        assert answer.status_code == 200, answer.text
        assert (answer.json()["name"], answer.json()["model"]) == ("改名", "households")
        assert drawn(client, key)["model"]["key"] == "households"
        assert client.patch(f"/plans/{key}", json={"model": "no-such"}).status_code == 404
        copy = made(client, "副本", copy_of=key)
        assert client.get(f"/plans/{copy}").json()["version"] == 1
        assert client.delete(f"/plans/{copy}").status_code == 204
        assert copy not in [one["key"] for one in client.get("/plans").json()]
        assert client.get(f"/plans/{copy}").json()["state"] == "discarded"
        answer = client.post(f"/plans/{copy}/edits", json={"version": 1, "operation": split(4, 1)})
        assert (answer.status_code, answer.json()["reason"]) == (409, "state")


def test_merging_over_the_doors(server: Running) -> None:
    with server.client("planner") as client:
        key = made(client)
        other = made(client, "另一个")
        edit(client, other, 0, split(4, 1))
        edit(client, other, 1, split(1, 1))
        edit(client, key, 0, split(1, 1, 0.3))
        asked = {"version": 1, "other": other}
        found = Replayed.model_validate(client.post(f"/plans/{key}/merge", json=asked).json())
        assert (found.done, found.applied) == (False, 1)
        assert [(one.version, one.text.zh) for one in found.conflicts] == [(2, "拆分 g1-1")]
        assert found.conflicts[0].where is not None
        found = Replayed.model_validate(client.post(f"/plans/{key}/merge", json={**asked, "skip": [2]}).json())
        assert (found.done, found.applied, found.delta_version) == (True, 1, 2)
        assert len(drawn(client, key)["grids"]) == 26
        assert client.post(f"/plans/{key}/merge", json={"version": 2}).status_code == 400
        answer = client.post(f"/plans/{key}/rebase", json={"version": 2})
        assert (answer.status_code, answer.json()["reason"]) == (409, "base")
        # Of a grid that is no more it is said who has its ground.
        lone, whole = made(client, "改名"), made(client, "合并")
        edit(client, lone, 0, {"op": "describe", "grid": grid(1, 2), "name": "新名"})
        edit(client, whole, 0, {"op": "merge", "grids": [grid(1, 1), grid(1, 2)]})
        answer = client.post(f"/plans/{whole}/merge", json={"version": 1, "other": lone})
        (one,) = Replayed.model_validate(answer.json()).conflicts
        assert (one.reason, one.where) == ("gone", None) and [(lost.grid, lost.into) for lost in one.became] == [
            (grid(1, 2), [Heir(grid=grid(1, 1), name="g1-1", share=1.0)])
        ]


def test_a_planner_with_an_area_sees_and_edits_plans_inside_it(server: Running) -> None:
    with server.client("planner") as client, server.client("western") as western:
        keys = {scope: made(client, scope=scope) for scope in (WEST, EAST)}
        city_wide = made(client)
        assert [one["key"] for one in western.get("/plans").json()] == [keys[WEST]]
        assert {one["community_code"] for one in drawn(western, keys[WEST])["grids"]} == {WEST}
        edit(western, keys[WEST], 0, split(1, 1))
        for key in (keys[EAST], city_wide):
            for path in ("", "/map", "/edits", "/since/0"):
                assert western.get(f"/plans/{key}{path}").status_code == 404
            for path, ask in (
                ("edits", {"version": 0, "operation": split(4, 1)}),
                ("try", {"version": 0, "operation": split(4, 1)}),
                ("undo", {"version": 0}),
                ("redo", {"version": 0}),
                ("rebase", {"version": 0}),
                ("merge", {"version": 0, "other": keys[WEST]}),
            ):
                assert western.post(f"/plans/{key}/{path}", json=ask).status_code == 404
            assert western.patch(f"/plans/{key}", json={"name": "x"}).status_code == 404
            assert western.delete(f"/plans/{key}").status_code == 404
            assert western.post("/plans", json={"name": "x", "copy_of": key}).status_code == 404
        assert western.post("/plans", json={"name": "x"}).status_code == 400
        assert western.post("/plans", json={"name": "x", "scope": EAST}).status_code == 404
        answer = western.post(f"/plans/{keys[WEST]}/merge", json={"version": 1, "other": keys[EAST]})
        assert answer.status_code == 404


def test_command_looks_on(server: Running) -> None:
    with server.client("planner") as client, server.client("command") as command:
        key = made(client)
        assert command.get(f"/plans/{key}/map").status_code == 200
        answer = command.post(f"/plans/{key}/edits", json={"version": 0, "operation": split(1, 1)})
        assert answer.status_code == 403
    with server.client("viewer") as viewer:
        assert viewer.get(f"/plans/{key}").status_code == 403


def test_edits_are_counted(server: Running) -> None:
    with server.client("planner") as client:
        key = made(client)
        edit(client, key, 0, split(1, 1))
    with server.client("command") as command:
        text = command.get("/metrics").text
    assert 'onemap_plan_edits_total{op="split",result="done"}' in text
    assert 'onemap_plan_edit_seconds_count{op="split"}' in text
    assert "onemap_plan_workspaces" in text
