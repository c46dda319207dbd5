"""Ladders that climb while teams answer, deliveries settle and commanders start: nobody waits in a circle."""

from __future__ import annotations

import random
import threading
from datetime import timedelta

from onemap.core.errors import OnemapError
from onemap.store.db import Connection, connect
from onemap.warnings import ledger
from onemap.warnings.calling import service
from tests.db import call_ground as ground
from tests.db.call_ground import T0

WARNINGS, ROUNDS = 6, 40


def test_steps_and_answers_at_once_end_in_one_story(dsn: str) -> None:
    with connect(dsn) as conn:
        ground.city(conn)
        keys = [ground.warn(conn, f"w:{n}", grids=(n % 4, (n + 1) % 4), level=1 + n % 3) for n in range(WARNINGS)]
        for key in keys:
            service.begin(conn, key, T0)
    failed: list[BaseException] = []
    gate = threading.Barrier(4)

    def every(seed: int, work: object) -> threading.Thread:
        def run() -> None:
            rng = random.Random(seed)
            try:
                with connect(dsn, autocommit=True) as conn:
                    gate.wait(20)
                    for n in range(ROUNDS):
                        work(conn, rng, T0 + timedelta(seconds=30 * n))  # type: ignore[operator]
            except BaseException as error:
                failed.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    def climb(conn: Connection, _rng: random.Random, at: object) -> None:
        service.step(conn, at)  # type: ignore[arg-type]

    def say(conn: Connection, rng: random.Random, at: object) -> None:
        rows = conn.execute("SELECT id FROM alert ORDER BY id DESC LIMIT 40").fetchall()
        if rows:
            act = rng.choice((ledger.acknowledge, ledger.confirm_again, ledger.decline, ledger.acknowledge))
            try:
                act(conn, rng.choice(rows)["id"], "post", at=at)  # type: ignore[operator]
            except OnemapError:
                return  # what it says no to, it may

    def settle(conn: Connection, _rng: random.Random, at: object) -> None:
        ids = [row["id"] for row in conn.execute("SELECT id FROM alert WHERE delivered_at IS NULL").fetchall()]
        ledger.mark_delivered(conn, ids)
        service.start(conn, "w:2", "command", at)  # type: ignore[arg-type]

    threads = [every(1, climb), every(2, climb), every(3, say), every(4, settle)]
    for thread in threads:
        thread.join(120)
        assert not thread.is_alive()
    assert not failed, failed
    with connect(dsn) as conn:
        twice = conn.execute(
            "SELECT calling_id, round, team_key, rung, level FROM call "
            "WHERE team_key IS NOT NULL AND state = 'calling' "
            "GROUP BY calling_id, round, team_key, rung, level HAVING count(*) > 1"
        ).fetchall()
        ringing = conn.execute(
            "SELECT g.id FROM calling g JOIN call c ON c.calling_id = g.id AND c.state = 'calling' "
            "GROUP BY g.id, g.state HAVING count(*) > 1 OR g.state NOT IN ('calling', 'unanswered')"
        ).fetchall()
        quiet = conn.execute(
            "SELECT id FROM calling WHERE state IN ('calling', 'unanswered') AND due_at IS NULL"
        ).fetchall()
        assert (twice, ringing, quiet) == ([], [], [])
