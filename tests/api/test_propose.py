"""Doors of proposals over HTTP: asked, told by the log, looked at, taken; who may, and what is bounded."""

from __future__ import annotations

from typing import Any

import pytest

from onemap.core.policy import Role
from onemap.planning.propose import service
from onemap.store import account
from onemap.store.db import acting, connect
from server.plan_models import PlanDelta
from server.proposal_models import Proposal
from tests.api.conftest import PASSWORD, Running
from tests.db.plans_ground import EAST, WEST, city

ASK: dict[str, Any] = {"version": 0, "community": WEST, "units": "buildings", "seconds": 0.5, "tolerance": 0.3}


@pytest.fixture(scope="module", autouse=True)
def ground(server: Running) -> None:
    """The small city, and a planner who is held to the eastern community."""
    with connect(server.dsn, autocommit=True) as conn:
        city(conn)
        row = conn.execute(
            "SELECT st_asbinary(st_multi(st_buffer(geom, 1e-5))) AS wkb FROM area WHERE key = %s", (EAST,)
        ).fetchone()
        assert row is not None
        with acting(conn, "test"):
            account.create_account(conn, "eastern", "planner of the east", Role.PLANNER, PASSWORD)
            account.limit_account(conn, "eastern", bytes(row["wkb"]))


@pytest.fixture(scope="module")
def plan(server: Running) -> str:
    with server.client("planner") as client:
        return str(client.post("/plans", json={"name": "建议"}).json()["key"])


def test_asked_worked_out_looked_at_and_taken(server: Running, plan: str) -> None:
    with server.client("planner") as client, connect(server.dsn, autocommit=True) as conn:
        answer = client.post(f"/plans/{plan}/proposals", json=ASK)
        assert answer.status_code == 202, answer.text
        put = Proposal.model_validate(answer.json())
        assert put.state == "queued"
        assert put.options == []
        assert service.step(conn) == 1
        found = Proposal.model_validate(client.get(f"/plans/{plan}/proposals/{put.id}").json())
        assert found.state == "done"
        assert found.seconds is not None
        assert found.today is not None
        assert found.options[0].moves
        told = conn.execute(
            "SELECT count(*) AS n FROM change_log WHERE layer = 'plan' AND key = %s AND note->>'what' = 'proposal'",
            (plan,),
        ).fetchone()
        assert told is not None
        assert told["n"] >= 3  # asked, taken up, done
        listed = client.get(f"/plans/{plan}/proposals").json()
        assert [Proposal.model_validate(one).id for one in listed] == [put.id]
        assert listed[0]["options"] == []
        taken = client.post(f"/plans/{plan}/proposals/{put.id}/adopt", json={"version": 0, "option": 0})
        assert taken.status_code == 200, taken.text
        delta = PlanDelta.model_validate(taken.json())
        assert delta.version == 1
        assert {grid.id for grid in delta.grids} >= {move.to for move in found.options[0].moves}
        loads = {grid["properties"]["id"]: grid["properties"]["load"] for grid in found.options[0].grids}
        for grid in delta.grids:
            if grid.id in loads:
                assert grid.load == pytest.approx(loads[grid.id], abs=0.02)
        undone = client.post(f"/plans/{plan}/undo", json={"version": 1})
        assert undone.status_code == 200, undone.text


def test_cancelled(server: Running, plan: str) -> None:
    with server.client("planner") as client:
        put = client.post(f"/plans/{plan}/proposals", json=ASK).json()["id"]
        for _ in range(2):
            assert client.delete(f"/plans/{plan}/proposals/{put}").status_code == 204
        assert client.get(f"/plans/{plan}/proposals/{put}").json()["state"] == "cancelled"


@pytest.mark.parametrize(
    "wrong",
    [
        {"seconds": 601}, {"seconds": 0.1}, {"count": 0}, {"count": 3001}, {"tolerance": 0}, {"units": "parcels"},
        {"barriers": ["walls"]}, {"keep": 2}, {"version": -1}, {"grids": ["g"] * 3001},
    ],
)  # fmt: skip
def test_questions_are_bounded(server: Running, plan: str, wrong: dict[str, Any]) -> None:
    with server.client("planner") as client:
        assert client.post(f"/plans/{plan}/proposals", json=ASK | wrong).status_code in (400, 422)


def test_what_is_not_there(server: Running, plan: str) -> None:
    with server.client("planner") as client:
        assert client.get(f"/plans/{plan}/proposals/999").status_code == 404
        assert client.get("/plans/nowhere/proposals").status_code == 404
        assert client.post("/plans/nowhere/proposals", json=ASK).status_code == 404
        assert client.delete(f"/plans/{plan}/proposals/999").status_code == 404
        taken = client.post(f"/plans/{plan}/proposals/999/adopt", json={"version": 0, "option": 0})
        assert taken.status_code == 404


def test_who_may(server: Running, plan: str) -> None:
    with server.client("team") as client:
        assert client.get(f"/plans/{plan}/proposals").status_code == 403
    with server.client("command") as client:
        assert client.get(f"/plans/{plan}/proposals").status_code == 200
        assert client.post(f"/plans/{plan}/proposals", json=ASK).status_code == 403
    with server.client("eastern") as client:
        assert client.get(f"/plans/{plan}/proposals").status_code == 404
        assert client.post(f"/plans/{plan}/proposals", json=ASK).status_code == 404
    with server.client() as client:
        assert client.get(f"/plans/{plan}/proposals").status_code == 401
