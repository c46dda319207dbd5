"""From a plan to an edition: codes, scope, a worker that is killed, two workers at once, a date that fails."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from onemap.core import clock
from onemap.core.errors import Conflict
from onemap.planning import book, editions, lineage, publish
from onemap.planning.grounds import coverage_of_edition
from onemap.planning.publish import Told
from onemap.store.db import Connection, acting, connect
from tests.db.plans_ground import EDITION, WEST, city, grid, split
from tests.running import until

PLANNER, CHIEF = "planner", "chief"


@pytest.fixture(scope="module")
def ground(dsn: str) -> str:
    with connect(dsn, autocommit=True) as conn:
        city(conn)
    return dsn


@pytest.fixture
def conn(ground: str) -> Iterator[Connection]:
    """Autocommit: publications make their own transactions. The first edition is in force again afterwards."""
    with connect(ground, autocommit=True) as found:
        yield found
        found.execute("UPDATE edition_publication SET state = 'cancelled' WHERE state = 'scheduled'")
        for row in found.execute(
            "SELECT plan_key FROM edition_publication WHERE state = 'published' ORDER BY id DESC"
        ).fetchall():
            publish.rollback(found, row["plan_key"], "", CHIEF)
        assert editions.current(found) == EDITION


def approved(
    conn: Connection, column: int, row: int, *, scope: str | None = None, special: dict[str, str] | None = None
) -> str:
    """A plan that splits a grid, and describes one if asked to, past its review."""
    with acting(conn, PLANNER):
        key = str(book.open_plan(conn, f"{column} {row}", PLANNER, scope=scope)["key"])
        book.edit(conn, key, 0, split(column, row), PLANNER)
        if special:
            book.edit(conn, key, 1, special, PLANNER)
        book.set_state(conn, key, "submitted", PLANNER)
        book.set_state(conn, key, "approved", CHIEF)
    return key


def scheduled(conn: Connection, key: str, name: str) -> Any:
    at = clock.now() + timedelta(hours=1)
    assert publish.publish(conn, key, name, "", at, CHIEF, clock.now())["state"] == "scheduled"
    return at + timedelta(seconds=1)


def test_a_plan_of_one_community_leaves_the_others_as_they_were(conn: Connection) -> None:
    key = approved(conn, 1, 1, scope=WEST)
    before = {one.code for one in editions.grids(conn, EDITION)}
    done = publish.publish(conn, key, "west", "", None, CHIEF, clock.now())
    (fresh,) = {one.code for one in editions.grids(conn, "west")} - before
    assert done["grids"] == len(before) + 1 and fresh[:12] == WEST and fresh == f"{WEST}013"
    # The neighbours share a corner more with it, which changes nothing of their ground.
    rows = conn.execute("SELECT code, code_before, relation FROM grid_lineage WHERE relation <> 'same' ORDER BY code")
    assert [tuple(row.values()) for row in rows.fetchall()] == [
        (grid(1, 1), grid(1, 1), "changed"), (fresh, grid(1, 1), "split"),
    ]  # fmt: skip
    # Its code is never given again, also after it was taken back.
    publish.rollback(conn, key, "", CHIEF)
    other = approved(conn, 0, 0, scope=WEST, special={"op": "describe", "grid": grid(2, 2), "special": "school"})
    publish.publish(conn, other, "west-2", "", None, CHIEF, clock.now())
    made = {one.code: one for one in editions.grids(conn, "west-2")}
    assert f"{WEST}014" in made
    # What a special grid is made of belongs to the edition: a plan of it starts from that.
    assert [(one.code, one.kind) for one in made.values() if one.special == "school"] == [(grid(2, 2), "special")]
    start = coverage_of_edition(conn, "west-2")
    assert start.faces[grid(2, 2)].props["special"] == "school" and start.faces[grid(0, 0)].props["special"] is None
    assert [one["code"] for one in lineage.of(conn, "west-2", f"{WEST}014")["before"]] == [grid(0, 0)]


def test_a_worker_that_is_killed_leaves_nothing_and_the_next_does_it_once(conn: Connection, ground: str) -> None:
    key = approved(conn, 2, 1)
    due = scheduled(conn, key, "killed")

    def die(own: Connection, told: Told) -> int:
        conn.execute("SELECT pg_terminate_backend(%s)", (own.info.backend_pid,))
        own.execute("SELECT 1")  # everything is written by now; the connection is gone
        return 0

    with pytest.raises(psycopg.OperationalError), connect(ground, autocommit=True) as worker:
        publish.step(worker, due, tell=die)
    assert editions.current(conn) == EDITION and not editions.exists(conn, "killed")
    assert conn.execute("SELECT count(*) AS n FROM grid_lineage WHERE edition = 'killed'").fetchone() == {"n": 0}
    told: list[Told] = []

    def tell(own: Connection, one: Told) -> int:
        told.append(one)
        return 1

    assert publish.step(conn, due, tell=tell) >= 1
    until("nothing to be left", lambda: publish.step(conn, due, tell=tell) == 0)
    assert editions.current(conn) == "killed" and [one.edition for one in told] == ["killed"]
    periods = conn.execute("SELECT count(*) AS n FROM edition_period WHERE valid_to IS NULL").fetchone()
    assert periods == {"n": 1}


def test_two_workers_do_a_date_once(conn: Connection, ground: str) -> None:
    key = approved(conn, 3, 1)
    due = scheduled(conn, key, "twice")
    told: list[str] = []
    gate = threading.Barrier(2)

    def work() -> None:
        with connect(ground, autocommit=True) as own:
            gate.wait(10)
            publish.step(own, due, tell=lambda _, one: told.append(one.edition) or 0)  # type: ignore[func-returns-value]

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert told == ["twice"] and editions.current(conn) == "twice"


def test_a_date_whose_base_was_overtaken_is_cancelled_with_its_reason(conn: Connection) -> None:
    late, soon = approved(conn, 4, 1), approved(conn, 5, 1)
    due = scheduled(conn, late, "late")
    with pytest.raises(Conflict, match="already"):
        publish.publish(conn, soon, "late", "", None, CHIEF, clock.now())
    publish.publish(conn, soon, "soon", "", None, CHIEF, clock.now())
    publish.step(conn, due)
    row = conn.execute("SELECT state, problem FROM edition_publication WHERE plan_key = %s", (late,)).fetchone()
    assert row is not None and row["state"] == "cancelled" and "rebase" in row["problem"]
    assert book.plan(conn, late)["state"] == "approved" and editions.current(conn) == "soon"
    with pytest.raises(Conflict, match="rebase"):
        publish.publish(conn, late, "late", "", None, CHIEF, clock.now())


def test_only_the_edition_in_force_is_rolled_back(conn: Connection) -> None:
    first = approved(conn, 0, 2)
    publish.publish(conn, first, "one", "", None, CHIEF, clock.now())
    second = approved(conn, 5, 2)  # drawn on the new edition
    publish.publish(conn, second, "two", "", None, CHIEF, clock.now())
    with pytest.raises(Conflict, match="in force"):
        publish.rollback(conn, first, "", CHIEF)
    publish.rollback(conn, second, "", CHIEF)
    publish.rollback(conn, first, "", CHIEF)
    periods = conn.execute("SELECT edition FROM edition_period ORDER BY id DESC LIMIT 5").fetchall()
    assert [row["edition"] for row in periods] == [EDITION, "one", "two", "one", EDITION]
