"""Several senders at once: nothing waits in a ring, nothing is counted twice."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

from etl.feeds import BY_NAME
from etl.pipeline import Payload, Pipeline, Receipt
from onemap.core.settings import Settings
from onemap.store.db import Connection, connect

NOW = datetime.now(UTC).replace(microsecond=0)
STREAMS = ("YL-01.rain", "YL-01.24h", "LF-01.gap")
ROUNDS = 15


def batch(sender: int, turn: int) -> list[Payload]:
    at = (NOW - timedelta(seconds=10_000 - turn)).isoformat()
    streams = STREAMS if sender % 2 else STREAMS[::-1]
    own = [{"datastream": s, "at": at, "value": 1.0} for s in streams]  # every sender tells the same readings
    late = {
        "datastream": STREAMS[sender % 3],
        "at": (NOW - timedelta(hours=10 + sender, seconds=turn)).isoformat(),
        "value": 2,
    }
    return [Payload(json.dumps([record]).encode(), f"sender {sender}") for record in [*own, late]]


def test_senders_of_the_same_readings(settings: Settings, planted: str, committed: Connection) -> None:
    pipeline, receipts, failures = Pipeline(settings), Receipt(), []
    lock, start = threading.Lock(), threading.Barrier(4)

    def run(sender: int) -> None:
        try:
            with connect(planted) as conn:
                start.wait(10)
                for turn in range(ROUNDS):
                    done = pipeline.receive_many(conn, BY_NAME["iot"], batch(sender, turn))
                    with lock:
                        receipts.add(done)
        except Exception as exc:
            failures.append(exc)

    threads = [threading.Thread(target=run, args=(sender,)) for sender in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    row: Any = committed.execute(
        "SELECT count(*) AS n, count(DISTINCT (datastream_id, at)) AS d FROM observation"
    ).fetchone()
    assert row["n"] == row["d"] == receipts.stored == ROUNDS * (len(STREAMS) + 4)
    assert receipts.quarantined == 0
    assert receipts.received == receipts.stored + receipts.unchanged + receipts.duplicates == 4 * ROUNDS * 4
    state = committed.execute("SELECT received, stored, unchanged, duplicates FROM feed_state").fetchone()
    assert state == {
        "received": receipts.received, "stored": receipts.stored, "unchanged": receipts.unchanged,
        "duplicates": receipts.duplicates,
    }  # fmt: skip
