"""Observations through the whole pipeline beside binary COPY of the same rows into the same table."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from bench.ground import Ground
from bench.row import Row, faster, interleaved
from etl.feeds import BY_NAME
from etl.pipeline import Pipeline
from onemap.store.db import connect
from onemap.store.partition import Partitions

_ROWS = 100_000
_PAYLOAD = 10_000


def rows(ground: Ground) -> Iterator[Row]:
    """`ingest.copy`: readings a second, parsed, checked, landed, stored, logged and weighed against thresholds."""
    start = datetime(2026, 5, 1, tzinfo=UTC)
    turn = iter(range(1000))
    with connect(ground.cluster.dsn()) as conn:
        streams = conn.execute("SELECT id, key FROM datastream ORDER BY key").fetchall()
        # An earlier run's readings would make these the same again, and change nothing.
        conn.execute("TRUNCATE observation, raw_record, quarantine, threshold_state")

    def ours() -> float:
        payloads = _payloads([s["key"] for s in streams], start + timedelta(hours=2 * next(turn)))
        pipeline = Pipeline(ground.settings)
        with connect(ground.cluster.dsn()) as conn:
            began = time.perf_counter()
            stored = sum(
                pipeline.receive(conn, BY_NAME["iot"], payload, source="bench", actor="bench").stored
                for payload in payloads
            )
            took = time.perf_counter() - began
        if stored != _ROWS:
            raise RuntimeError(f"{stored} of {_ROWS} readings stored")
        return _ROWS / took

    def peer() -> float:
        first = start + timedelta(hours=2 * next(turn))
        with connect(ground.cluster.dsn()) as conn:
            Partitions().ensure(conn, "observation", [first, first + timedelta(hours=2)])
            conn.commit()
            began = time.perf_counter()
            with (
                conn.cursor() as cursor,
                cursor.copy("COPY observation (datastream_id, at, value) FROM STDIN (FORMAT BINARY)") as copy,
            ):
                copy.set_types(["int8", "timestamptz", "float8"])
                for i in range(_ROWS):
                    stream, step = i % len(streams), i // len(streams)
                    copy.write_row((streams[stream]["id"], first + timedelta(seconds=step), float(i % 7)))
            conn.commit()
            return _ROWS / (time.perf_counter() - began)

    measured = interleaved(5, ours, peer)
    note = f"{_ROWS} readings in payloads of {_PAYLOAD}, one committed transaction each; the peer in one transaction"
    yield faster("ingest.copy", measured[0], measured[1], "binary COPY into observation", "rows/s", 0.25, note)


def _payloads(keys: list[str], first: datetime) -> list[bytes]:
    readings = [
        {
            "datastream": keys[i % len(keys)],
            "at": (first + timedelta(seconds=i // len(keys))).isoformat(),
            "value": float(i % 7) / 1000,  # far below every threshold: storing is measured, not alarms
        }
        for i in range(_ROWS)
    ]
    return [json.dumps(readings[i : i + _PAYLOAD]).encode() for i in range(0, _ROWS, _PAYLOAD)]
