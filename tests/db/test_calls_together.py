"""Ladders that climb while teams answer, deliveries settle and commanders start: nobody waits in a circle."""

from __future__ import annotations

import random
import threading
from contextlib import closing
from datetime import timedelta

from onemap.core.clock import now
from onemap.core.errors import OnemapError
from onemap.store.db import Connection, connect
from onemap.warnings import ledger
from onemap.warnings import service as warnings
from onemap.warnings.calling import service
from onemap.warnings.sending import channel, receipt
from onemap.warnings.sending import ledger as sending
from onemap.warnings.sending.channel import Spec
from onemap.warnings.sending.sender import Sender
from tests.db import call_ground as ground
from tests.db.call_ground import T0
from tests.db.endpoints import Endpoint

WARNINGS, ROUNDS = 6, 40
SECRET = "endpoint-secret-of-32-characters"


def test_steps_and_answers_at_once_end_in_one_story(dsn: str) -> None:
    with closing(Endpoint()) as endpoint:
        story(dsn, endpoint)


def story(dsn: str, endpoint: Endpoint) -> None:
    with connect(dsn) as conn:
        for path, kind, rank in (("ok", "webhook", 1), ("broken", "sms", 1), ("gone", "webhook", 2), ("ok", "sms", 2)):
            url = f"{endpoint.url}/{path}/{kind}/{rank}"
            channel.add(conn, Spec(kind, url=url, secret=SECRET, rank=rank, wait_s=0.05), "Asia/Shanghai")
        ground.city(conn)
        keys = [ground.warn(conn, f"w:{n}", grids=(n % 4, (n + 1) % 4), level=1 + n % 3) for n in range(WARNINGS)]
        for key in keys:
            service.begin(conn, key, T0)
    failed: list[BaseException] = []
    gate = threading.Barrier(8)

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
                with conn.transaction():
                    act(conn, rng.choice(rows)["id"], "post", at=at)  # type: ignore[operator]
            except OnemapError:
                return  # what it says no to, it may

    def settle(conn: Connection, _rng: random.Random, at: object) -> None:
        ids = [row["id"] for row in conn.execute("SELECT id FROM alert WHERE delivered_at IS NULL").fetchall()]
        # A turn lasts as long as its transaction: without one, two would ring the same grid.
        with conn.transaction():
            ledger.mark_delivered(conn, ids)
        with conn.transaction():
            service.start(conn, "w:2", "command", at)  # type: ignore[arg-type]

    senders: dict[int, Sender] = {}

    def send(conn: Connection, rng: random.Random, _at: object) -> None:
        mine = senders.setdefault(threading.get_ident(), Sender(slots=8, run=4, first_s=0.02))
        for _ in range(3):
            mine.step(conn)
        with conn.transaction():
            channel.mended(conn, rng.choice(channel.channels(conn))["id"])

    def hear_back(conn: Connection, rng: random.Random, _at: object) -> None:
        rows = conn.execute(
            "SELECT id, idempotency_key, state FROM delivery WHERE kind <> 'live' ORDER BY id DESC LIMIT 60"
        ).fetchall()
        for row in rng.sample(rows, min(4, len(rows))):
            with conn.transaction():
                if row["state"] == "dead":
                    try:
                        sending.retry(conn, row["id"])
                    except OnemapError:
                        return
                else:
                    what = rng.choice(("received", "read", "failed"))
                    receipt.take(conn, row["idempotency_key"], what, now(), "")  # type: ignore[arg-type]
        sending.seen(conn, 2**62)

    def end(conn: Connection, rng: random.Random, at: object) -> None:
        if at > T0 + timedelta(seconds=30 * (ROUNDS - 3)):  # type: ignore[operator]
            with conn.transaction():
                warnings.end(conn, f"w:{rng.choice((4, 5))}", "command")

    threads = [every(1, climb), every(2, climb), every(3, say), every(4, settle)]
    threads += [every(5, send), every(6, send), every(7, hear_back), every(8, end)]
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
