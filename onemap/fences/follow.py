"""The follower: fixes and edits become states and events, exactly once, committed with the place it has come to.

All is read and computed before the first row is written, and everything is written in one transaction with the
position: what a crash leaves is either all of a step or nothing of it, and a new start goes on from there.
"""

from __future__ import annotations

import gc
import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np

from onemap.core.clock import now as clock_now
from onemap.fences import reading, writing
from onemap.fences.crew import Crew, Result
from onemap.fences.reading import Edit, News
from onemap.fences.writing import Happening
from onemap.store import changelog
from onemap.store.changelog import Position
from onemap.store.db import Connection

CONSUMER = "fences"
#: The clock is looked at this often.
TICK_S = 1.0
#: Events whose source time is older than this are written, but raise nothing: they are news of the past.
STALE_S = 3600.0
_LAST = 2**63 - 1
#: From so many fences on, the collector of garbage is kept from looking through them for ever.
_MANY = 20_000

#: Told of the events of fences that warn, in the follower's transaction; returns warning keys by event id.
Warn = Callable[[Connection, Sequence[Happening]], dict[int, str]]


@dataclass
class Counts:
    """What the follower did since its start."""

    fixes: int = 0
    events: int = 0
    late: int = 0
    vague: int = 0
    doubted: int = 0
    loads: int = 0
    fences: int = 0
    inside: int = 0
    last_s: float = field(default=0.0)


class Follower:
    """One process's follower. One owner; another process that follows too makes it start anew."""

    def __init__(self, zone: ZoneInfo, warn: Warn | None = None) -> None:
        self.counts = Counts()
        self._zone = zone
        self._warn = warn
        self._crew: Crew | None = None
        self._at = -1
        self._written = -1  # the place as it is stored: an idle stretch of the log is passed without writing
        self._fresh = False  # nothing was ever followed: fences that are there are new
        self._ticked = -math.inf

    def step(self, conn: Connection, *, at: datetime | None = None) -> int:
        """Take what became final, or what the clock says, in one transaction; returns how much it was, 0 for nothing.

        The connection must be outside of any transaction.
        """
        try:
            return self._step(conn, at or clock_now())
        except BaseException:
            self._crew = None  # memory may be ahead of what is committed
            raise

    def _step(self, conn: Connection, at: datetime) -> int:
        if self._crew is None:
            self._load(conn, at)
        crew = self._crew
        assert crew is not None  # noqa: S101
        news = reading.read(conn, self._at)
        done = 0
        if news is not None:
            with conn.transaction():
                conn.execute("SET TRANSACTION READ ONLY")
                self._take(conn, crew, news)
            done = len(news.fixes) + len(news.edits)
        fresh = self._fresh
        if (news is None or news.whole) and (fresh or at.timestamp() - self._ticked >= TICK_S):
            with conn.transaction():
                conn.execute("SET TRANSACTION READ ONLY")
                crew.tick(conn, at, first=fresh)
            self._ticked = at.timestamp()
        result = crew.given()
        upto = self._at if news is None else news.upto
        # Only a place that matters is written: an idle city's log would else grow by one position a second.
        if fresh or done or result.some:
            written = self._write(conn, crew, result, upto, at)
            if written is None:
                return 1  # another worker was quicker: start anew from where it is
            done += written
        self._at, self._fresh = upto, False
        self._count(crew, 0 if news is None else len(news.fixes))
        return done

    def _write(self, conn: Connection, crew: Crew, result: Result, upto: int, at: datetime) -> int | None:
        with conn.transaction():
            stand = changelog.consumer_position(conn, CONSUMER, start=Position(self._at, _LAST))
            if stand.xid != self._written:
                self._crew = None
                return None
            events = writing.write(conn, crew, result, at, self._warn, STALE_S)
            changelog.advance(conn, CONSUMER, Position(upto, _LAST))
            self._written = upto
        self.counts.events += events
        return events

    def _take(self, conn: Connection, crew: Crew, news: News) -> None:
        """Fixes before an edit see the fences before it."""
        edits: dict[int, list[Edit]] = defaultdict(list)
        for edit in news.edits:
            edits[edit.xid].append(edit)
        fixes = news.fixes
        if len(edits) and len(fixes):
            fixes = fixes[np.argsort(fixes["xid"], kind="stable")]
        start = 0
        for xid in sorted(edits):
            stop = int(np.searchsorted(fixes["xid"], xid)) if len(fixes) else 0
            crew.fixes(conn, fixes[start:stop])
            crew.edits(conn, edits[xid])
            start = stop
        crew.fixes(conn, fixes[start:])

    def _load(self, conn: Connection, at: datetime) -> None:
        with _uncollected(self), conn.transaction():
            conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            row = conn.execute("SELECT xid::text::bigint AS xid FROM consumer WHERE name = %s", (CONSUMER,)).fetchone()
            self._fresh = row is None
            self._at = changelog.head(conn).xid if row is None else row["xid"]
            self._written = self._at
            self._crew = Crew.load(conn, self._zone, at, first=self._fresh)
        self._ticked = -math.inf
        self.counts.loads += 1

    def _count(self, crew: Crew, fixes: int) -> None:
        counts, engine = self.counts, crew.engine
        counts.fixes += fixes
        late, vague, doubted = engine.counts.tolist()
        engine.counts[:] = 0
        counts.late, counts.vague, counts.doubted = counts.late + late, counts.vague + vague, counts.doubted + doubted
        counts.fences = len(engine.fence_slots.of)
        counts.last_s = datetime.now(UTC).timestamp()


@contextmanager
def _uncollected(follower: Follower) -> Iterator[None]:
    """Load without collecting garbage: nothing of it is any, and looking would take as long as the load itself.

    What a large load leaves is set aside then: each look through a million fences would stop the process for seconds.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
        crew = follower._crew
        if crew is not None and len(crew.declared) >= _MANY:
            gc.freeze()
    finally:
        if was:
            gc.enable()
