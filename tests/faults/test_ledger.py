"""10,000 alerts under more than 300 kills, stalls and cluster restarts: none lost, no effect twice, order kept.

Real parts: a private PostGIS cluster, sender processes, HTTP receivers that fail at random. What is checked afterwards
is read from the ledger's rows and from the receivers' own logs alone; what must be there is counted out beforehand.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from onemap.store.cluster import Cluster
from onemap.store.db import connect
from onemap.warnings.sending import channel
from onemap.warnings.sending.channel import Spec
from server.supervisor import die_with_parent
from tests.faults.nursery import POISON, TEAMS, expected, team
from tests.running import ROOT, until

SENDERS = 4
KILLS, STALLS, RESTARTS = 240, 72, 8


class Nursery:
    """Forks processes at a word."""

    def __init__(self, dsn: str, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.nursery", dsn, str(folder)],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, preexec_fn=die_with_parent,
        )  # fmt: skip

    def fork(self, what: str) -> list[int]:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(f"{what}\n")
        self.process.stdin.flush()
        return [int(part) for part in self.process.stdout.readline().split()]

    def end(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=20)


@pytest.fixture
def nursery(dsn: str, tmp_path: Path) -> Iterator[Nursery]:
    made = Nursery(dsn, tmp_path)
    yield made
    made.end()


class Chaos:
    """Kills, stops and restarts by a fixed seed, spread over the run by what the receivers have got so far."""

    def __init__(self, nursery: Nursery, cluster: Cluster, effects: Path, total: int) -> None:
        self.chance = random.Random(20261122)
        self.nursery, self.cluster, self.effects, self.total = nursery, cluster, effects, total
        self.senders = [nursery.fork("sender")[0] for _ in range(SENDERS)]
        self.stopped: dict[int, int] = {}  # pid → at which event it goes on
        self.done: Counter[str] = Counter()

    def run(self) -> None:
        events = ["kill"] * KILLS + ["stall"] * STALLS + ["restart"] * RESTARTS
        self.chance.shuffle(events)
        for number, event in enumerate(events):
            self._wait(self.total * (number + 1) // (len(events) + 20))
            for pid in [pid for pid, end in self.stopped.items() if end <= number]:
                self._go_on(pid)
            getattr(self, f"_{event}")(number)
            self.done[event] += 1
        for pid in list(self.stopped):
            self._go_on(pid)

    def end(self) -> None:
        for pid in self.senders:
            os.kill(pid, signal.SIGKILL)

    def _wait(self, effects: int) -> None:
        """Until so many effects stand, or for a moment: what is stalled and leased must not hold the chaos up."""
        try:
            until(f"{effects} effects", lambda: self._effects() >= effects, timeout_s=0.3, every_s=0.01)
        except AssertionError:
            pass

    def _effects(self) -> int:
        return self.effects.read_bytes().count(b"\n") if self.effects.exists() else 0

    def _kill(self, number: int) -> None:
        pid = self.senders.pop(self.chance.randrange(SENDERS))
        os.kill(pid, signal.SIGKILL)
        self.stopped.pop(pid, None)
        self.senders.append(self.nursery.fork("sender")[0])

    def _stall(self, number: int) -> None:
        """Some shorter than the lease, some longer: those come back when somebody else has their lanes."""
        pid = self.chance.choice(self.senders)
        if len(self.stopped) < SENDERS - 2:
            os.kill(pid, signal.SIGSTOP)
            self.stopped[pid] = number + self.chance.randint(1, 8)

    def _restart(self, number: int) -> None:
        how = signal.SIGKILL if self.chance.random() < 0.5 else signal.SIGQUIT
        os.kill(self.cluster.postmaster_pid(), how)
        until("the cluster to be down", lambda: how == signal.SIGKILL or not self.cluster.running(), timeout_s=60)
        self.cluster.start()

    def _go_on(self, pid: int) -> None:
        del self.stopped[pid]
        os.kill(pid, signal.SIGCONT)


def test_ten_thousand_alerts_survive_everything(nursery: Nursery, cluster: Cluster, dsn: str, tmp_path: Path) -> None:
    must = expected()
    assert len(must) >= 10_000 and KILLS + STALLS + RESTARTS >= 300
    _, port = nursery.fork("receiver")
    with connect(dsn) as conn, conn.transaction():
        for n in range(TEAMS):
            spec = Spec(
                "webhook", team(n), url=f"http://127.0.0.1:{port}/{team(n)}", secret="secret-of-32-characters-of-no-use"
            )
            channel.add(conn, spec, "Asia/Shanghai")
    nursery.fork("producer")
    chaos = Chaos(nursery, cluster, tmp_path / "effects.log", len(must))
    chaos.run()
    assert sum(chaos.done.values()) >= 300
    until("every alert to be made", (tmp_path / "produced").exists, timeout_s=240)
    until("the ledger to be settled", lambda: _open(dsn) == 0, timeout_s=240, every_s=0.2)
    chaos.end()
    attempts = len((tmp_path / "attempts.log").read_text().splitlines())
    print(f"{len(must)} alerts, {dict(chaos.done)}, {attempts} attempts")
    check(must, _ledger(dsn), (tmp_path / "effects.log").read_text())


def check(must: list[tuple[str, str, int]], ledger: list[dict[str, Any]], effects: str) -> None:
    """What the ledger says against what the receivers have written down."""
    poison = {(f"w-{w}", team(t), level) for w, t, level in POISON}
    seen = [line.split() for line in effects.splitlines()]
    keys = [key for _, key, *_ in seen]
    assert len(keys) == len(set(keys)), "an effect twice under one key"
    what = Counter((warning, path, int(level)) for path, _, _, warning, level in seen)
    assert not [one for one, times in what.items() if times > 1], "an effect twice under two keys"
    lines = {(row["warning_key"], row["team_key"], row["level"]): row for row in ledger}
    assert len(lines) == len(ledger) and set(lines) == set(must), "every expected delivery stands in the ledger, once"
    assert {one for one, row in lines.items() if row["state"] == "dead"} == poison, "dead is what was refused"
    assert {row["state"] for one, row in lines.items() if one not in poison} == {"delivered"}
    assert set(what) == set(must) - poison, "none lost, none but the expected"
    by_key = {row["idempotency_key"]: one for one, row in lines.items()}
    assert all(by_key[key] == (warning, path, int(level)) for path, key, _, warning, level in seen)
    for n in range(TEAMS):
        wanted = [row["idempotency_key"] for row in ledger if row["team_key"] == team(n) and row["state"] != "dead"]
        assert [key for path, key, *_ in seen if path == team(n)] == wanted, f"order of {team(n)}"
    assert {row["told"] for one, row in lines.items() if one not in poison} == {1}, "the timeline says it once"


def _open(dsn: str) -> int:
    with connect(dsn, autocommit=True) as conn:
        row = conn.execute(
            "SELECT count(*) AS n FROM delivery WHERE kind <> 'live' AND state IN ('held', 'queued', 'sending')"
        ).fetchone()
    return int(row["n"]) if row else -1


def _ledger(dsn: str) -> list[dict[str, Any]]:
    with connect(dsn, autocommit=True) as conn:
        return conn.execute(
            "SELECT d.idempotency_key, d.state, a.warning_key, a.team_key, a.level, coalesce(e.told, 0) AS told "
            "FROM delivery d JOIN alert a ON a.id = d.alert_id LEFT JOIN (SELECT alert_id, count(*) AS told "
            "FROM alert_event WHERE kind = 'delivered' GROUP BY 1) e ON e.alert_id = a.id "
            "WHERE d.kind = 'webhook' ORDER BY d.id"
        ).fetchall()
