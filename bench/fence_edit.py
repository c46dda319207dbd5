"""From the commit of an edited fence to its being in force, with the worker's own waking, among many fences."""

from __future__ import annotations

import os
import statistics
import threading
import time
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from bench.fence_city import LAT, LON, city, connected, declare
from bench.ground import Ground
from bench.row import Row, at_most
from onemap.fences.follow import Follower
from onemap.fences.rehearsal import rehearse
from onemap.store.changelog import CHANNEL
from onemap.store.db import connect

FENCES = int(os.environ.get("ONEMAP_BENCH_FENCES", "1000000"))
EDITS = 60


def rows(ground: Ground) -> Iterator[Row]:
    """`fences.edit`: milliseconds from the commit until the follower has committed that it took the edit, p99."""
    with city(ground) as dsn, connected(dsn) as conn:
        declare(conn, FENCES)
        rehearse()  # as a worker does at its start
        follower, stop, ready = Follower(ZoneInfo("Asia/Shanghai")), threading.Event(), threading.Event()
        taken: dict[str, float] = {}

        def follow() -> None:
            with connect(dsn, autocommit=True) as own, connect(dsn, autocommit=True, statement_timeout_s=0) as ears:
                ears.execute(f"LISTEN {CHANNEL}")
                while follower.step(own):
                    pass
                ready.set()
                while not stop.is_set():
                    for _ in ears.notifies(timeout=0.5, stop_after=1):
                        pass
                    while follower.step(own):
                        taken["at"] = time.perf_counter()

        thread = threading.Thread(target=follow, daemon=True)
        thread.start()
        ready.wait()
        took = []
        for n in range(EDITS):
            taken.clear()
            conn.execute(
                "UPDATE geofence SET geom = st_multi(st_buffer(st_setsrid(st_makepoint(%s, %s), 4326), 0.001)) "
                "WHERE key = %s",
                (LON + 0.001 * n, LAT, f"f{n}"),
            )
            committed = time.perf_counter()
            while "at" not in taken:
                time.sleep(0.0005)
            took.append(max(0.0, taken["at"] - committed) * 1000)
        stop.set()
        thread.join(5)
    worst = statistics.quantiles(took, n=100)[98]
    note = f"{FENCES} fences, {EDITS} edits; p50 {statistics.median(took):.1f} ms"
    yield at_most("fences.edit", worst, 50.0, "ms (p99)", note)
