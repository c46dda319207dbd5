"""Fixes through the fences to committed events, beside a PostGIS trigger on the table of fixes that does the same."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

from bench.fence_city import Traffic, city, connected, declare, movers
from bench.ground import Ground
from bench.row import Row, at_most, faster
from onemap.fences.follow import Follower
from onemap.fences.rehearsal import rehearse
from onemap.store.db import Connection

FENCES, MOVERS, SECONDS = 10_000, 5_000, 60
_PEER_SECONDS = 2
_TRIGGER = Path(__file__).with_name("fence_trigger.sql")


def rows(ground: Ground) -> Iterator[Row]:
    """`fences.durable`: fixes a second from the table of fixes to committed states and events."""
    with city(ground) as dsn, connected(dsn) as conn:
        declare(conn, FENCES)
        traffic = Traffic(movers(conn, MOVERS))
        ours = throughput(conn, traffic, SECONDS)
        events = conn.execute("SELECT count(*) AS n FROM fence_event").fetchone()
        conn.execute(_TRIGGER.read_text(encoding="utf-8"))
        began = time.perf_counter()
        peer = traffic.commit(conn, _PEER_SECONDS) / (time.perf_counter() - began)
    note = f"{FENCES} fences, {MOVERS} movers, {MOVERS * SECONDS} fixes, {events and events['n']} events"
    yield faster("fences.durable", ours, peer, "PostGIS trigger on fix", "fixes/s", 100.0, note)
    yield at_most("fences.durable_least", 20_000.0 / ours, 1.0, "share of 20,000 fixes/s", note)


def throughput(conn: Connection, traffic: Traffic, seconds: int) -> float:
    """Fixes a second of a follower that finds `seconds` of traffic waiting; the first seconds warm it."""
    rehearse()  # as a worker does at its start
    follower = Follower(ZoneInfo("Asia/Shanghai"))
    traffic.commit(conn, 3)
    while follower.step(conn):
        pass
    fixes = traffic.commit(conn, seconds)
    conn.execute("ANALYZE fix")
    before = follower.counts.fixes
    began = time.perf_counter()
    while follower.counts.fixes - before < fixes:
        follower.step(conn)
    return fixes / (time.perf_counter() - began)
