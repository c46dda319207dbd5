"""The same traffic through a thousand fences and through a million that hold the same share of the ground."""

from __future__ import annotations

import os
from collections.abc import Iterator

from bench.fence_city import Traffic, city, connected, declare, movers
from bench.fence_durable import throughput
from bench.ground import Ground
from bench.row import Row, faster

FEW = 1_000
MANY = int(os.environ.get("ONEMAP_BENCH_FENCES", "1000000"))
MOVERS, SECONDS = 5_000, 40


def rows(ground: Ground) -> Iterator[Row]:
    """`fences.scale`: fixes a second with a million fences beside a thousand."""
    found = []
    for count in (FEW, MANY):
        with city(ground) as dsn, connected(dsn) as conn:
            declare(conn, count)
            found.append(throughput(conn, Traffic(movers(conn, MOVERS)), SECONDS))
    note = f"{MOVERS} movers, {MOVERS * SECONDS} fixes; the fences hold 20 % of the ground in both"
    yield faster(f"fences.scale_{MANY}" if MANY != 1_000_000 else "fences.scale", found[1], found[0],
                 f"the same with {FEW} fences", "fixes/s", 0.8, note)  # fmt: skip
