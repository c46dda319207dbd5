"""From a committed change to its byte at a subscriber of the live stream."""

from __future__ import annotations

import json
import statistics
import sys
import threading
import time
from collections.abc import Iterator

import httpx

from bench.ground import Ground, free_port
from bench.row import Row, at_most
from onemap.store.db import acting, connect

_CHANGES = 200


def rows(ground: Ground) -> Iterator[Row]:
    """`live.latency`: median and 99th percentile in milliseconds, one subscriber, one change at a time."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {"ONEMAP_HOME": str(ground.home), "ONEMAP_PORT": str(port), "PYTHONPATH": "."}
    with ground.child([sys.executable, "-m", "server.cli", "serve"], environment, f"{url}/health", "bench-live"):
        medians, tails = zip(*(_round(ground, url) for _ in range(5)), strict=True)
    note = f"{_CHANGES} changes of one hazard point, commit to event read by an HTTP client"
    yield at_most("live.latency_p50", statistics.median(medians), 20.0, "ms", note)
    yield at_most("live.latency_p99", statistics.median(tails), 150.0, "ms", note)


def _round(ground: Ground, url: str) -> tuple[float, float]:
    heard: dict[str, float] = {}
    ready, arrived = threading.Event(), threading.Event()

    def listen() -> None:
        headers = {"Authorization": f"Bearer {ground.key}"}
        with httpx.stream("GET", f"{url}/live?layers=hazard", headers=headers, timeout=30) as stream:
            ready.set()
            for line in stream.iter_lines():
                if line.startswith("data:") and '"hazard"' in line:
                    feature = json.loads(line[5:]).get("feature") or {}
                    heard[feature.get("properties", {}).get("name", "")] = time.perf_counter()
                    arrived.set()
                    if len(heard) >= _CHANGES:
                        return

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    if not ready.wait(10):
        raise RuntimeError("the live stream does not open")
    time.sleep(0.5)  # the subscriber's place in the log is taken just after the headers
    delays: list[float] = []
    with connect(ground.cluster.dsn()) as conn:
        row = conn.execute("SELECT key, name FROM hazard ORDER BY key LIMIT 1").fetchone()
        assert row is not None
        conn.commit()  # or what follows would be one long transaction
        for number in range(_CHANGES):
            name = f"bench-{number}"
            arrived.clear()
            with acting(conn, "bench"):
                conn.execute("UPDATE hazard SET name = %s WHERE key = %s", (name, row["key"]))
            committed = time.perf_counter()
            if not arrived.wait(10):
                raise RuntimeError(f"change {number} did not arrive")
            delays.append((heard[name] - committed) * 1000)
        with acting(conn, "bench"):
            conn.execute("UPDATE hazard SET name = %s WHERE key = %s", (row["name"], row["key"]))
    thread.join(timeout=10)
    return statistics.median(delays), statistics.quantiles(delays, n=100)[98]
