"""The closed loop of an incident: one step after the other, with its clocks, by those who may."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
import shapely

from onemap.core.policy import Role
from onemap.layers import BY_NAME
from onemap.store import account, feature
from onemap.store.db import Connection, acting
from onemap.store.feature import FeatureRow
from server import models
from tests.api.conftest import PASSWORD, Running
from tests.api.listening import listen

ORDER = ("reported", "dispatched", "on_site", "resolved", "closed")


@pytest.fixture
def key(committed: Connection, request: pytest.FixtureRequest) -> str:
    name = f"hotline/{request.node.name}"
    with acting(committed, "test"):
        row = FeatureRow(name, shapely.Point(121.5, 31.2), {"status": "reported", "title": "t"})
        feature.upsert(committed, BY_NAME["incident"], [row], feed="incident")
    return name


def step(client: Any, key: str, status: str, **more: str) -> Any:
    return client.post(f"/incidents/{key}/status", json={"status": status, **more})


def test_the_steps_in_order_set_their_times_and_clocks(server: Running, committed: Connection, key: str) -> None:
    with server.client("command") as command, listen(server, "command", layers="incident") as ears:
        ears.started()
        for number, status in enumerate(ORDER[1:], start=1):
            for other in ORDER:
                if other not in (status, ORDER[number - 1]):
                    refused = step(command, key, other)
                    assert (refused.status_code, refused.json()["reason"]) == (409, "order"), (status, other)
            more = {"team_key": "t1"} if status == "dispatched" else {}
            answer = step(command, key, status, **more)
            assert answer.status_code == 200, answer.text
            state = models.IncidentState.model_validate(answer.json())
            assert state.status == status and getattr(state, f"{status}_at") is not None
            assert step(command, key, status).json() == answer.json()  # again: the same
            ears.wait(lambda one, s=status: one.data["feature"]["properties"]["status"] == s)  # type: ignore[misc]
        assert step(command, key, "reported").status_code == 409
    row = committed.execute("SELECT * FROM incident WHERE key = %s", (key,)).fetchone()
    assert row is not None and row["changed_by"] == "command" and row["feed"] == "incident"
    assert row["team_key"] == "t1"
    times = [row[f"{status}_at"] for status in ORDER[1:]]
    assert times == sorted(times) and len(set(times)) == 4
    sent: datetime = row["dispatched_at"]
    due = [(row[f"due_{name}_at"] - sent).total_seconds() for name in ("on_site", "resolved", "followup")]
    assert due == [600, 3600, 86400]


def test_another_team_may_be_sent_and_its_clock_runs_anew(server: Running, key: str) -> None:
    with server.client("command") as command:
        first = step(command, key, "dispatched", team_key="t1").json()
        second = step(command, key, "dispatched", team_key="t2").json()
        assert second["team_key"] == "t2" and second["due_on_site_at"] > first["due_on_site_at"]
        assert step(command, key, "on_site", team_key="t1").json()["reason"] == "team"


def test_a_team_moves_what_was_dispatched_to_it(server: Running, key: str) -> None:
    with server.client("command") as command, server.client("team") as team, server.client("team2") as other:
        assert step(team, key, "dispatched").json()["reason"] == "other-team"
        step(command, key, "dispatched", team_key="t1")
        assert step(other, key, "on_site").json()["reason"] == "other-team"
        assert step(team, key, "on_site").json()["status"] == "on_site"
        assert step(team, key, "resolved").json()["status"] == "resolved"


def test_a_team_cannot_hand_its_work_to_another(server: Running, key: str) -> None:
    with server.client("command") as command, server.client("team") as team:
        step(command, key, "dispatched", team_key="t1")
        assert step(team, key, "dispatched", team_key="t2").status_code == 403


@pytest.mark.parametrize("body", [{}, {"status": "lost"}, {"status": "closed", "extra": 1}, [], "x"])
def test_a_change_that_is_none_is_refused(server: Running, key: str, body: Any) -> None:
    with server.client("command") as command:
        assert command.post(f"/incidents/{key}/status", json=body).status_code == 400


def test_what_is_not_there_or_not_in_the_area_is_not_found(server: Running, committed: Connection, key: str) -> None:
    far = shapely.to_wkb(shapely.MultiPolygon([shapely.box(100.0, 20.0, 100.1, 20.1)]))
    login = "far-away"
    account.create_account(committed, login, "t", Role.COMMAND, PASSWORD)
    account.limit_account(committed, login, far)
    with server.client(login) as client:
        assert step(client, key, "dispatched").status_code == 404
    with server.client("command") as command:
        assert step(command, "no-such", "dispatched").status_code == 404
