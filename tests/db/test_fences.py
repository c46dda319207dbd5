"""Fences over the database: fixes and edits in, states and events out, exactly once, whatever breaks off."""

from __future__ import annotations

import multiprocessing
import random
from collections.abc import Iterator
from datetime import timedelta

import pytest

from onemap.core.settings import Settings
from onemap.fences import service
from onemap.fences.follow import Follower
from onemap.store import housekeeping
from onemap.store.db import Connection, connect
from tests.db.fences_ground import (
    ZONE,
    change,
    clear,
    drain,
    fence,
    fix,
    fixes,
    grid,
    movers,
    square,
    states,
    told,
    zero,
)
from tests.running import until


@pytest.fixture
def ground(committed: Connection) -> Iterator[Connection]:
    """An empty place with two cars."""
    clear(committed)
    movers(committed, "a", "b")
    yield committed


@pytest.fixture
def follower(ground: Connection) -> Follower:
    one = Follower(ZONE)
    drain(one, ground)
    return one


def test_a_car_comes_stays_and_goes(ground: Connection, follower: Follower) -> None:
    fence(ground, events=["approach", "enter", "dwell", "exit"], approach_m=200, dwell_s=60)
    drain(follower, ground)
    for after, east in ((0, -500), (10, -250), (20, -50), (30, 0), (85, 0), (90, 90), (100, 300), (110, 600)):
        fix(ground, "a", after, east)
    drain(follower, ground, 110)
    assert [kind for kind, _ in told(ground)] == ["approach", "enter", "dwell", "exit"]
    row = ground.execute("SELECT * FROM fence_event WHERE kind = 'enter'").fetchone()
    assert row is not None
    assert row["at"] == zero() + timedelta(seconds=20)
    assert row["fence_name"] == "围栏"
    assert row["mover_name"] == "车a"
    reason = service.told(row)["reason"]
    assert "0.80" in reason["zh"] and "5 m" in reason["en"]
    assert states(ground) == {}


def test_a_jittering_position_at_the_border_raises_one_event(ground: Connection, follower: Follower) -> None:
    fence(ground)
    chance = random.Random(7)
    fix(ground, "a", -1, -300)
    for n in range(120):
        fix(ground, "a", n, -100 + chance.gauss(4.0, 3.0))
    drain(follower, ground, 120)
    assert len(told(ground)) <= 1


def test_a_wild_fix_is_not_believed_and_three_are(ground: Connection, follower: Follower) -> None:
    fence(ground)
    fix(ground, "a", 0, 5_000)
    fix(ground, "a", 1, 0)
    drain(follower, ground, 1)
    assert told(ground) == []
    assert follower.counts.doubted == 1
    for after in (2, 3):
        fix(ground, "a", after, 0)
    drain(follower, ground, 3)
    assert told(ground) == [("enter", "a")]
    row = ground.execute("SELECT because FROM fence_event").fetchone()
    assert row == {"because": "jump"}


def test_late_fixes_change_nothing_and_are_counted(ground: Connection, follower: Follower) -> None:
    fence(ground)
    fix(ground, "a", 0, -300)
    fix(ground, "a", 20, -200)
    drain(follower, ground, 20)
    fix(ground, "a", 10, 0)
    drain(follower, ground, 21)
    assert told(ground) == []
    assert follower.counts.late == 1


def test_the_clock_closes_a_stay_that_no_fix_closes(ground: Connection, follower: Follower) -> None:
    fence(ground, events=["dwell"], dwell_s=30)
    drain(follower, ground)
    fix(ground, "a", 0, -300)
    fix(ground, "a", 10, 0)
    drain(follower, ground, 40)
    assert told(ground) == []
    drain(follower, ground, 46)
    assert told(ground) == [("dwell", "a")]
    drain(Follower(ZONE), ground, 60)
    assert told(ground) == [("dwell", "a")]
    row = ground.execute("SELECT at FROM fence_event").fetchone()
    assert row == {"at": zero() + timedelta(seconds=40)}


def test_a_way_through_is_a_crossing(ground: Connection, follower: Follower) -> None:
    fence(ground, events=["cross"])
    drain(follower, ground)
    fix(ground, "a", 0, -400)
    fix(ground, "a", 30, 400)
    drain(follower, ground, 30)
    row = ground.execute("SELECT kind, value FROM fence_event").fetchone()
    assert row is not None
    assert (row["kind"], round(row["value"])) == ("cross", 200)


@pytest.mark.parametrize(("chosen", "expected"), [("nothing", 0), ("event", 1), ("warn", 1)])
def test_a_fence_drawn_around_something_raises_what_was_chosen_once(
    ground: Connection, follower: Follower, chosen: str, expected: int
) -> None:
    fix(ground, "a", 0, 0)
    fix(ground, "b", 0, 900)
    drain(follower, ground)
    key = fence(ground, on_create=chosen, level=3)
    drain(follower, ground, 5)
    drain(Follower(ZONE), ground, 6)
    fix(ground, "a", 10, 1)
    drain(follower, ground, 10)
    drain(Follower(ZONE), ground, 11)
    assert told(ground) == [("appeared_inside", "a")] * expected
    assert states(ground) == {"a": 2}
    # Made larger, it takes in the other one, and says nothing again of the first.
    change(ground, key, on_create=chosen, level=3, source={"type": "polygon", "geometry": square(-100, 1000)})
    drain(follower, ground, 12)
    assert told(ground) == ([("appeared_inside", "a"), ("appeared_inside", "b")] if expected else [])
    # And made smaller, it lets go.
    change(ground, key, on_create=chosen, level=3, source={"type": "polygon", "geometry": square(2000, 2100)})
    drain(follower, ground, 13)
    assert [kind for kind, _ in told(ground)][2 * expected :] == ["exit", "exit"]
    assert states(ground) == {}


def test_grids_follow_the_edition(ground: Connection, follower: Follower) -> None:
    grid(ground, "5001", -100, 100)
    key = fence(ground, source={"type": "grids", "codes": ["5001"]})
    fix(ground, "a", 0, 500)
    drain(follower, ground)
    grid(ground, "5001", 400, 600)
    drain(follower, ground, 1)
    assert told(ground) == [("appeared_inside", "a")]
    ground.execute("DELETE FROM grid")
    drain(follower, ground, 2)
    found = service.one(ground, key, ZONE)
    assert found["state"] == "broken"
    assert "5001" in found["problem"]
    grid(ground, "5001", -100, 100)
    drain(follower, ground, 3)
    assert service.one(ground, key, ZONE)["state"] == "in_force"


def test_a_moving_fence_goes_with_its_mover(ground: Connection, follower: Follower) -> None:
    key = fence(ground, source={"type": "mover", "key": "b", "radius_m": 100})
    drain(follower, ground)
    fix(ground, "a", 0, 0)
    fix(ground, "b", 1, 1000)
    fix(ground, "b", 20, 50)
    fix(ground, "b", 40, 1000)
    drain(follower, ground, 40)
    assert told(ground) == [("enter", "a"), ("exit", "a")]
    changes = ground.execute("SELECT count(*) AS n FROM geofence_history WHERE key = %s", (key,)).fetchone()
    assert changes == {"n": 0}


def test_altitude_kinds_and_hours_bound_a_fence(ground: Connection, follower: Follower) -> None:
    movers(ground, "d", kind="drone")
    fence(ground, "低", ceiling_m=120, mover_kinds=["drone"])
    asleep = (zero().astimezone(ZONE).hour + 6) % 24
    fence(ground, "睡", hours=f"{asleep}-{asleep + 1}")
    drain(follower, ground)
    for after, alt in ((0, 200.0), (10, 100.0), (20, 200.0)):
        fix(ground, "d", after, 0, alt=alt)
        fix(ground, "a", after, 0)
    drain(follower, ground, 20)
    rows = ground.execute("SELECT kind, mover_key, fence_name FROM fence_event ORDER BY id").fetchall()
    assert [(r["kind"], r["mover_key"], r["fence_name"]) for r in rows] == [("enter", "d", "低"), ("exit", "d", "低")]


def test_a_fence_begins_and_ends_at_its_times(ground: Connection, follower: Follower) -> None:
    begin, end = (zero() + timedelta(seconds=s) for s in (500, 600))
    wanted = ["enter", "exit", "fence_created", "fence_expired"]
    fence(ground, events=wanted, valid_from=begin.isoformat(), valid_until=end.isoformat())
    fix(ground, "a", 300, 0)
    drain(follower, ground, 450)
    assert told(ground) == []
    drain(follower, ground, 501)
    assert told(ground) == [("fence_created", None), ("appeared_inside", "a")]
    drain(Follower(ZONE), ground, 550)
    drain(Follower(ZONE), ground, 601)
    drain(Follower(ZONE), ground, 700)
    assert told(ground) == [("fence_created", None), ("appeared_inside", "a"), ("fence_expired", None)]
    assert states(ground) == {}


def test_who_is_due_and_absent_is_told_once(ground: Connection, follower: Follower) -> None:
    due = {"mover_keys": ["a", "b"], "hours": "0-24", "grace_s": 60}
    fix(ground, "a", 0, 0)
    drain(follower, ground)
    fence(ground, events=["absent_when_due"], due=due, on_create="nothing")
    drain(follower, ground, 1)
    drain(follower, ground, 100)
    drain(Follower(ZONE), ground, 200)
    assert told(ground) == [("absent_when_due", "b")]
    fix(ground, "a", 210, 900)
    drain(follower, ground, 210)
    drain(follower, ground, 240)
    assert len(told(ground)) == 1
    drain(follower, ground, 280)
    assert told(ground)[1:] == [("absent_when_due", "a")]


def test_a_fence_taken_away_leaves_its_events(ground: Connection, follower: Follower) -> None:
    key = fence(ground)
    fix(ground, "a", 0, -300)
    fix(ground, "a", 10, 0)
    drain(follower, ground, 10)
    with ground.transaction():
        service.remove(ground, key)
    fix(ground, "a", 20, -300)
    drain(follower, ground, 20)
    assert told(ground) == [("enter", "a")]
    assert states(ground) == {}


def test_imported_declarations_that_cannot_be_read_are_a_problem(ground: Connection, follower: Follower) -> None:
    key = fence(ground)
    ground.execute("UPDATE geofence SET spec = spec || '{\"enter_p\": 7}' WHERE key = %s", (key,))
    drain(follower, ground)
    assert service.one(ground, key, ZONE)["state"] == "broken"


def test_two_followers_take_turns_and_repeat_nothing(ground: Connection) -> None:
    fence(ground, events=["appeared_inside", "enter", "exit"])
    one, other = Follower(ZONE), Follower(ZONE)
    drain(one, ground)
    drain(other, ground)
    for n in range(20):
        fix(ground, "a", n * 30, -300 if n % 2 else 0)
        (one if n % 3 else other).step(ground, at=zero() + timedelta(seconds=n * 30))
    drain(one, ground, 600)
    drain(other, ground, 600)
    kinds = [kind for kind, _ in told(ground)]
    assert kinds == ["appeared_inside", *["exit", "enter"] * 9, "exit"]


def _loop(dsn: str) -> None:
    with connect(dsn, autocommit=True) as conn:
        follower = Follower(ZONE)
        while True:
            follower.step(conn, at=zero() + timedelta(seconds=1))


def test_a_killed_follower_repeats_nothing_and_loses_nothing(ground: Connection, dsn: str) -> None:
    """Kill -9 at random instants while fixes come; then every coming and going is there, once."""
    fence(ground, events=["appeared_inside", "enter", "exit"])
    names = [f"k{n}" for n in range(20)]
    movers(ground, *names)
    drain(Follower(ZONE), ground)
    chance = random.Random(20260701)
    forked = multiprocessing.get_context("fork")  # a child that need not compile anything
    process, kills, rounds = None, 0, 60
    try:
        for n in range(rounds):
            if process is None:
                process = forked.Process(target=_loop, args=(dsn,), daemon=True)
                process.start()
            fixes(ground, [(name, n * 30, -300.0 if n % 2 else 0.0, 5.0, 0.0) for name in names])
            if n == 0:
                until("the first events", lambda: len(told(ground)) == 20, timeout_s=120)
            if chance.random() < 0.3:
                most = chance.randrange(20 * n + 1)
                until("some events", lambda m=most: len(told(ground)) >= m, timeout_s=60, every_s=0.001)
                process.kill()
                process.join()
                process, kills = None, kills + 1
    finally:
        if process is not None:
            process.kill()
            process.join()
    drain(Follower(ZONE), ground, 1)
    assert kills >= 8
    for name in names:
        kinds = [kind for kind, key in told(ground) if key == name]
        assert kinds == ["appeared_inside", *["exit", "enter"] * (rounds // 2 - 1), "exit"], name


def test_events_are_kept_for_as_long_as_is_said(ground: Connection) -> None:
    for days in (10, 30):
        ground.execute(
            "INSERT INTO fence_event (fence_id, fence_key, fence_name, kind, at, because) "
            "VALUES (1, 'f', 'f', 'enter', now() - make_interval(days => %s), '')",
            (days,),
        )
    with ground.transaction():
        housekeeping.tidy(ground, Settings(fence_event_keep_days=20))
    rows = ground.execute("SELECT extract(day FROM now() - at)::int AS days FROM fence_event").fetchall()
    assert [row["days"] for row in rows] == [10]
