"""The same traffic through a thousand fences and through a million as dense: a province where there was a city."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from contextlib import ExitStack
from zoneinfo import ZoneInfo

from bench.fence_city import WIDE, Traffic, city, connected, declare, movers
from bench.ground import Ground
from bench.row import Row, faster, interleaved
from onemap.fences.follow import Follower
from onemap.fences.rehearsal import rehearse
from onemap.store.db import Connection

FEW = 1_000
MANY = int(os.environ.get("ONEMAP_BENCH_FENCES", "1000000"))
MOVERS, SECONDS, ROUNDS = 5_000, 20, 7


class Side:
    """One of the two: its database, traffic all over its ground, and a follower that has loaded its fences."""

    def __init__(self, conn: Connection, count: int) -> None:
        # As many fences to a square kilometre, so that a vehicle meets as many and as much is written.
        wide = WIDE * (count / FEW) ** 0.5
        declare(conn, count, wide=wide)
        self.conn, self.traffic = conn, Traffic(movers(conn, MOVERS), wide=wide)
        self.follower = Follower(ZoneInfo("Asia/Shanghai"))
        began = time.perf_counter()
        self.traffic.commit(conn, 3)
        while self.follower.step(conn):
            pass
        self.loaded_s = time.perf_counter() - began

    def measure(self) -> float:
        """Fixes a second from a table with some seconds of traffic waiting to committed states and events."""
        fixes = self.traffic.commit(self.conn, SECONDS)
        self.conn.execute("ANALYZE fix")
        self.conn.execute("CHECKPOINT")  # of what was made ready, not of what is measured
        before = self.follower.counts.fixes
        began = time.perf_counter()
        while self.follower.counts.fixes - before < fixes:
            self.follower.step(self.conn)
        return fixes / (time.perf_counter() - began)


def rows(ground: Ground) -> Iterator[Row]:
    """`fences.scale`: fixes a second with a million fences beside a thousand, in turns."""
    rehearse()
    with ExitStack() as stack:
        few, many = (
            Side(stack.enter_context(connected(stack.enter_context(city(ground, f"bench_fences_{count}")))), count)
            for count in (FEW, MANY)
        )
        thousand, million = interleaved(ROUNDS, few.measure, many.measure)
        events = few.follower.counts.events, many.follower.counts.events
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    note = (
        f"{MOVERS} movers, medians of {ROUNDS} x {MOVERS * SECONDS} fixes in turns, as many fences to the square"
        f" kilometre; {events[1]} events, {events[0]} with {FEW}; loaded in {many.loaded_s:.0f} s; {used:.1f} GB"
    )
    yield faster(f"fences.scale_{MANY}" if MANY != 1_000_000 else "fences.scale", million, thousand,
                 f"the same with {FEW} fences", "fixes/s", 0.8, note)  # fmt: skip
