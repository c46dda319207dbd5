"""Kill -9 of server, worker or cluster while the simulator runs: every acknowledged record is there, once."""

from __future__ import annotations

import json
import os
import random
import signal
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from onemap.store.db import connect
from tests.conftest import HOME
from tests.running import Installation, until


@pytest.fixture(scope="module")
def demo() -> Iterator[Installation]:
    """A small demo of this module's own, under rain so that every feed is busy."""
    installation = Installation(HOME / "faults", scale=600, scenario="rainstorm")
    installation.start()
    yield installation
    installation.remove()


def _journal(demo: Installation) -> list[dict[str, object]]:
    path = demo.home / "log" / "journal.jsonl"
    if not path.exists():
        return []
    lines = path.read_text().splitlines()
    records = []
    for line in lines:
        try:
            records.append(json.loads(line))
        except json.JSONDecodeError:
            continue  # the line being written when the process was killed was not acknowledged to anyone
    return records


def _grows(demo: Installation, by: int) -> None:
    start = len(_journal(demo))
    until(f"{by} more acknowledged records", lambda: len(_journal(demo)) >= start + by, timeout_s=180)


def _kill(demo: Installation, victim: str) -> None:
    """Kill -9. The cluster may still be down from the last time: a backend outlives its postmaster by what it is at."""
    found = (lambda: demo.cluster.postmaster_pid()) if victim == "cluster" else (lambda: demo.child_pid(victim))
    until(f"{victim} to be killed", lambda: _killed(found()), timeout_s=60)


def _killed(pid: int | None) -> bool:
    if pid is None:
        return False
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def _missing(demo: Installation) -> list[dict[str, object]]:
    """Acknowledged records that the store does not hold exactly once."""
    lost = []
    with connect(demo.cluster.dsn(), autocommit=True) as conn:
        held = {
            (row["key"], row["at"])
            for row in conn.execute(
                "SELECT d.key, o.at FROM observation o JOIN datastream d ON d.id = o.datastream_id "
                "WHERE o.received_at > now() - interval '1 hour'"
            )
        }
        fixes = {
            (row["key"], row["at"])
            for row in conn.execute("SELECT m.key, f.at FROM fix f JOIN mover m ON m.id = f.mover_id")
        }
        incidents = {row["key"] for row in conn.execute("SELECT key FROM incident")}
    for record in _journal(demo):
        kind, key = record["kind"], record["key"]
        at = datetime.fromisoformat(str(record["at"])) if record.get("at") else None
        there = {
            "observation": lambda key=key, at=at: (key, at) in held,
            "fix": lambda key=key, at=at: (key, at) in fixes,
            "incident": lambda key=key: key in incidents,
        }[str(kind)]()
        if not there:
            lost.append(record)
    return lost


def test_nothing_acknowledged_is_lost_and_nothing_is_twice(demo: Installation) -> None:
    chance = random.Random(20260601)
    victims = ["server", "worker", "cluster"] * 3
    chance.shuffle(victims)
    for victim in victims:
        _grows(demo, chance.randint(20, 120))
        _kill(demo, victim)
    _grows(demo, 100)
    # And the whole start at once, as a power cut takes it; then `make demo` again.
    demo.kill()
    os.kill(demo.cluster.postmaster_pid(), signal.SIGKILL)
    again = demo.start()
    assert again < 60  # no new seeding, no hand needed
    _grows(demo, 50)
    kinds = {"observation", "fix", "incident"}
    until(
        "an acknowledged record of each kind",
        lambda: kinds <= {str(record["kind"]) for record in _journal(demo)},
        timeout_s=120,
    )
    simulator = until("the simulator to run", lambda: demo.child_pid("simulator"))
    os.kill(simulator, signal.SIGSTOP)  # it acknowledges nothing more while we count
    try:
        until("every acknowledged record to be stored", lambda: not _missing(demo), timeout_s=120, every_s=0.5)
    finally:
        os.kill(simulator, signal.SIGCONT)
    with connect(demo.cluster.dsn(), autocommit=True) as conn:
        # The log says once what happened once: no feature was inserted twice under one key.
        twice = conn.execute(
            "SELECT layer, key FROM change_log WHERE op = 'I' GROUP BY layer, key HAVING count(*) > 1"
        ).fetchall()
        checksums = conn.execute("SHOW data_checksums").fetchone()
    assert twice == []
    assert checksums == {"data_checksums": "on"}


def test_two_checkouts_do_not_collide(demo: Installation, tmp_path: Path) -> None:
    other = Installation(HOME / "faults-other", scale=600, simulate=False)
    try:
        other.start()
        assert other.mqtt_port != demo.mqtt_port
        assert other.cluster.socket != demo.cluster.socket
        assert other.cluster.postmaster_pid() != demo.cluster.postmaster_pid()
    finally:
        other.remove()
