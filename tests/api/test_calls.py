"""Rosters, ladders, board and answers through the doors, for everyone who may and nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from shapely.geometry import MultiPolygon, box

from onemap.core.clock import now
from onemap.core.policy import Role
from onemap.store import account
from onemap.store.db import connect
from onemap.warnings.calling import service
from tests.api.conftest import PASSWORD, Running, wait_until
from tests.api.listening import Listener
from tests.db import call_ground as ground
from tests.db.call_ground import GRIDS


@pytest.fixture(scope="module")
def city(server: Running) -> Running:
    """The small city, with accounts of its teams and one commander of the western half."""
    with connect(server.dsn) as conn:
        ground.city(conn)
        west = MultiPolygon([box(ground.LON, ground.LAT, ground.LON + 1.9 * ground.SIDE, ground.LAT + ground.SIDE)])
        for team in ("g1", "g3", "dc1"):
            account.create_account(conn, team, f"post {team}", Role.TEAM, PASSWORD, team_key=team)
        account.create_account(conn, "west", "west post", Role.COMMAND, PASSWORD)
        conn.execute("UPDATE account SET area = st_geomfromwkb(%s, 4326) WHERE login = 'west'", (west.wkb,))
    return server


@pytest.fixture
def warning(city: Running, request: pytest.FixtureRequest) -> Iterator[str]:
    """A warning over the first and the third grid, ended after the test."""
    key = f"w:{request.node.name}"
    with connect(city.dsn) as conn:
        ground.warn(conn, key, grids=(0, 2), level=3, at=now())
        service.begin(conn, key, now())
    yield key
    with connect(city.dsn) as conn:
        conn.execute("UPDATE warning SET state = 'ended' WHERE key = %s", (key,))
        service.closed(conn, key, now())


def step(city: Running, later_s: float = 0.0) -> None:
    with connect(city.dsn) as conn:
        service.step(conn, now() + timedelta(seconds=later_s))


def test_command_starts_the_ladder_and_a_team_answers(city: Running, warning: str) -> None:
    with city.client("command") as command, city.client("g1") as team, Listener(city.client("command")) as live:
        live.started()
        assert command.get("/ladders", params={"warning": warning}).json()["state"] == "waiting"
        started = command.post("/ladders/start", params={"warning": warning}).json()
        assert started["state"] == "calling" and {call["team_key"] for call in started["calls"]} == {"g1", "g3"}
        again = command.post("/ladders/start", params={"warning": warning}).json()
        assert again["calls"] == started["calls"]
        board = command.get("/calls/board").json()
        assert (board["calling"], board["residents_waiting"], board["unanswered"]) == (2, 20, 0)
        assert board["worst"][0]["deadline_at"] and board["oldest_waiting_at"]
        (alert,) = [one for one in team.get("/alerts").json() if one["warning_key"] == warning]
        assert alert["answer_due_at"]
        assert team.post(f"/alerts/{alert['id']}/confirm-again").json()["code"] == "conflict"
        assert team.post(f"/alerts/{alert['id']}/acknowledge").status_code == 200
        second = team.post(f"/alerts/{alert['id']}/confirm-again").json()
        assert second["second_at"] and team.post(f"/alerts/{alert['id']}/confirm-again").json() == second
        found = command.get("/ladders", params={"warning": warning}).json()
        assert {one["grid_code"]: one["state"] for one in found["grids"]} == {
            GRIDS[0]: "confirmed",
            GRIDS[2]: "calling",
        }
        assert found["residents_waiting"] == 10 and found["households_waiting"] == 3
        wait_until(lambda: [one for one in live.heard if one.name == "calls" and one.data["warning_key"] == warning])
        listed = next(one for one in command.get("/warnings").json() if one["key"] == warning)
        assert (listed["calling"], listed["residents_waiting"]) == ("calling", 10)


def test_declining_climbs_and_command_writes_answers_down(city: Running, warning: str) -> None:
    with city.client("command") as command, city.client("g1") as team, city.client("g3") as other:
        command.post("/ladders/start", params={"warning": warning})
        (alert,) = [one for one in team.get("/alerts").json() if one["warning_key"] == warning]
        assert other.post(f"/alerts/{alert['id']}/decline").status_code == 403
        assert team.post(f"/alerts/{alert['id']}/decline").json()["declined_at"]
        calls = command.get("/ladders", params={"warning": warning}).json()["calls"]
        call = next(one for one in calls if one["team_key"] == "dc1")
        said = command.post(f"/calls/{call['id']}/answer", json={"answer": "here", "note": "电台回复"}).json()
        assert said["state"] == "answered" and said["note"] == "电台回复"
        assert command.post("/calls/999999/answer", json={}).status_code == 404
        found = command.get("/ladders", params={"warning": warning}).json()
        answered = next(one for one in found["grids"] if one["grid_code"] == GRIDS[0])
        assert (answered["state"], answered["answered_by"], answered["team_key"]) == ("answered", "command", "dc1")


def test_who_sees_what_of_a_ladder(city: Running, warning: str) -> None:
    with city.client("command") as command:
        command.post("/ladders/start", params={"warning": warning})
        assert command.get("/ladders", params={"warning": "w:none"}).status_code == 404
        with connect(city.dsn) as conn:
            ground.warn(conn, "w:east", grids=(3,))
            service.begin(conn, "w:east", now())
    for login, status, teams in (
        ("command", 200, {"g1", "g3"}), ("g1", 200, {"g1"}), ("dc1", 200, set()), ("planner", 200, set()),
        ("viewer", 404, None), ("west", 200, {"g1", "g3"}),
    ):  # fmt: skip
        with city.client(login) as client:
            answer = client.get("/ladders", params={"warning": warning})
            assert answer.status_code == status, (login, answer.text)
            if teams is not None:
                assert {call["team_key"] for call in answer.json()["calls"]} == teams, login
    with city.client("west") as west, city.client("command") as command:
        assert west.get("/ladders", params={"warning": "w:east"}).status_code == 404
        assert west.post("/ladders/start", params={"warning": "w:east"}).status_code == 404
        codes = {one["properties"]["grid_code"] for one in west.get("/calls/grids").json()["features"]}
        assert codes == {GRIDS[0]}
        everywhere = {one["properties"]["grid_code"] for one in command.get("/calls/grids").json()["features"]}
        assert everywhere == {GRIDS[0], GRIDS[2], GRIDS[3]}
        assert west.get(f"/rosters/{GRIDS[3]}").status_code == 404
        assert west.put(f"/rosters/{GRIDS[3]}", json=[]).status_code == 404
    with connect(city.dsn) as conn:
        service.closed(conn, "w:east", now())


def test_rosters_are_read_written_and_handed_over(city: Running) -> None:
    with city.client("operator") as client:
        whole = client.get("/rosters").json()
        assert len(whole["organisations"]) == 8
        below = client.get("/rosters", params={"parent": ground.COMMUNITIES[0]}).json()["organisations"]
        assert [(one["code"], one["rung"], one["on_duty"][0]["source"]) for one in below] == [
            (GRIDS[0], "grid", "grid"),
            (GRIDS[1], "grid", "grid"),
        ]
        duties = [
            {"team_key": "g1", "hours": "8-20"},
            {"team_key": "g2", "hours": "20-8", "weekdays": [0, 1, 2, 3, 4]},
            {"team_key": "g3", "rank": 2},
        ]
        put = client.put(f"/rosters/{GRIDS[1]}", json=duties)
        assert put.status_code == 200 and put.json()["duties"][0]["team_name"] == "队伍g1"
        assert client.get(f"/rosters/{GRIDS[1]}").json()["duties"] == put.json()["duties"]
        twice = client.put(f"/rosters/{GRIDS[1]}", json=[*duties, {"team_key": "g4", "hours": "7-9"}])
        assert twice.status_code == 409 and twice.json()["detail"]
        assert client.put(f"/rosters/{GRIDS[1]}", json=[{"team_key": "g1", "hours": "8"}]).status_code == 400
        assert client.put("/rosters/none", json=[]).status_code == 404
        assert client.get("/rosters", params={"at": "2026-07-01T12:00:00"}).status_code == 400
        at_night = client.get("/rosters", params={"at": "2026-07-01T21:00:00+08:00", "parent": GRIDS[1][:12]}).json()
        assert at_night["organisations"][1]["on_duty"][0]["team_key"] == "g2"
        handed = client.post(
            f"/rosters/{GRIDS[3]}/hand-over", json={"from_team": "g4", "to_team": "g2", "note": "换班"}
        )
        assert handed.status_code == 200 and handed.json()["hand_overs"][0]["by"] == "operator"
        now_on = handed.json()["organisation"]["on_duty"]
        assert [(one["team_key"], one["source"]) for one in now_on] == [("g2", "hand_over")] and now_on[0]["until"]
        wrong = client.post(f"/rosters/{GRIDS[3]}/hand-over", json={"from_team": "g4", "to_team": "g3"})
        assert wrong.status_code == 409


def test_templates_and_measures(city: Running, warning: str) -> None:
    with city.client("operator") as client:
        found = {one["key"]: one for one in client.get("/calls/templates").json()}
        assert set(found) >= {"631", "default", "feed"}
        assert [phase["before_h"] for phase in found["631"]["phases"]] == [6, 3, 1, 0.5]
        assert found["631"]["levels"][0]["start_s"] == 0 and not found["feed"]["levels"]
        text = client.get("/metrics").text
        assert 'onemap_calls{state="waiting"} 2.0' in text and "onemap_calls_unanswered 0.0" in text
        with connect(city.dsn) as conn:
            service.start(conn, warning, "command", now())
            for later in (0, 2000, 4000, 6000, 8000):
                service.step(conn, now() + timedelta(seconds=later))
        assert "onemap_calls_unanswered 2.0" in client.get("/metrics").text
        assert client.get("/calls/board").json()["worst"][0]["state"] == "unanswered"
