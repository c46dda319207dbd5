"""Events at fences and warnings: held up while what happened lasts, let go of with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from onemap.core.settings import CaseSettings
from onemap.fences import service
from onemap.fences.follow import Follower
from onemap.store.db import Connection
from server.fence_warnings import warn
from tests.db.fences_ground import ZONE, clear, drain, fence, fix, movers


@pytest.fixture
def ground(committed: Connection) -> Iterator[Connection]:
    clear(committed)
    movers(committed, "a", "b")
    yield committed


@pytest.fixture
def follower(ground: Connection) -> Follower:
    one = Follower(ZONE, lambda conn, said: warn(conn, said, CaseSettings()))
    drain(one, ground)
    return one


def warnings(conn: Connection) -> list[dict[str, Any]]:
    return conn.execute(
        "SELECT subject, level, state, end_reason, cause, title FROM warning ORDER BY raised_at"
    ).fetchall()


def test_two_inside_hold_one_warning_until_the_last_has_left(ground: Connection, follower: Follower) -> None:
    key = fence(ground, "库区", level=2, warn_on=["enter"])
    for mover in "ab":
        fix(ground, mover, 0, -300)
        fix(ground, mover, 10, 0)
    drain(follower, ground, 10)
    (one,) = warnings(ground)
    assert (one["subject"], one["level"], one["state"]) == (f"fence:{key}", 2, "active")
    assert "库区" in one["title"]
    assert "车" in one["cause"]["text_zh"]
    named = ground.execute("SELECT warning_key FROM fence_event WHERE kind = 'enter'").fetchall()
    assert all(row["warning_key"] for row in named)
    fix(ground, "a", 20, -300)
    drain(follower, ground, 20)
    assert warnings(ground)[0]["state"] == "active"
    fix(ground, "b", 30, -300)
    drain(follower, ground, 30)
    assert (warnings(ground)[0]["state"], warnings(ground)[0]["end_reason"]) == ("ended", "fell_back")


def test_a_keep_in_area_warns_of_leaving(ground: Connection, follower: Follower) -> None:
    fence(ground, kind="keep_in", level=3, warn_on=["exit"])
    for after, east in ((0, 0), (10, 300)):
        fix(ground, "a", after, east)
    drain(follower, ground, 10)
    assert [one["state"] for one in warnings(ground)] == ["active"]
    fix(ground, "a", 20, 0)
    drain(follower, ground, 20)
    assert [one["state"] for one in warnings(ground)] == ["ended"]


def test_drawn_around_something_it_warns_when_asked_to(ground: Connection, follower: Follower) -> None:
    fix(ground, "a", 0, 0)
    drain(follower, ground)
    key = fence(ground, level=1, on_create="warn")
    drain(follower, ground, 5)
    assert [one["level"] for one in warnings(ground)] == [1]
    with ground.transaction():
        service.remove(ground, key)
    drain(follower, ground, 6)
    assert [one["state"] for one in warnings(ground)] == ["ended"]
