"""The live hub: one follower of the change log for each process, and every open stream fed from it.

The follower listens for the commit's NOTIFY, reads what became visible, renders it once for each group of listeners
that see the same, and puts it into their bounded queues. It does not wait for older transactions that still run (see
`changelog.Mark`): a bulk import must not freeze the screens of a command centre.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import psycopg
import structlog
from psycopg_pool import AsyncConnectionPool

from onemap.core.errors import TooManyRequests
from onemap.core.policy import Grant, Right
from onemap.store import changelog
from onemap.store.account import ACCESS_CHANNEL, Asker
from onemap.store.changelog import CHANNEL, Change, Mark, Position
from onemap.store.db import AsyncConnection, connect_async
from onemap.store.layer import LayerSpec
from server.heat_news import HeatNews
from server.metrics import Metrics
from server.news import BY_LAYER
from server.sight import feed_for
from server.stream import (
    ALERT,
    FEED,
    RETRY,
    Batch,
    Ear,
    Event,
    Subscriber,
    alert_event,
    feed_event,
    heartbeat,
    latest,
    mark_line,
    news_event,
    render,
    reset_event,
)

log = structlog.get_logger(__name__)

HEARTBEAT_S = 15.0
#: NOTIFY is a hint, not a promise: the log is looked at this often without one.
POLL_S = 1.0
FEEDS_S = 3.0
_ROUND_S = 0.005
_MARKED_S = 5.0
#: That an alert has left is itself told: after the alert has left to everybody.
_MARK_AFTER_S = 0.1
_BATCH = 1000
_MAX_STREAMS = 2000
_BACK_OFF_S = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
#: A client that was away for more changes than this loads the map anew: that is less work for both.
_MAX_REPLAY = 20_000

Recheck = Callable[[], Awaitable[Asker | None]]


class Hub:
    """Follows the log and feeds the streams of one process."""

    def __init__(
        self,
        dsn: str,
        pool: AsyncConnectionPool[AsyncConnection],
        layers: Sequence[LayerSpec],
        metrics: Metrics,
        *,
        queue: int,
        floor: int,
        on_access: Callable[[], None],
        waiting_alerts: Callable[[str], list[dict[str, Any]]],
        mark_delivered: Callable[[list[int]], None],
        feed_status: Callable[[], list[dict[str, Any]]],
    ) -> None:
        """The last four are what the hub asks of other rooms; the last three run in a thread."""
        self.connected = False
        self.layers = {layer.name: layer for layer in layers if layer.live}
        self._heat = HeatNews(self._tell)
        self._followed = (*self.layers, ALERT, FEED, *BY_LAYER, *self._heat.layers)
        self._dsn = dsn
        self._pool = pool
        self._metrics = metrics
        self._queue = queue
        self._floor = floor
        self._on_access = on_access
        self._waiting_alerts = waiting_alerts
        self._mark_delivered = mark_delivered
        self._feed_status = feed_status
        self._mark: Mark | None = None
        self._following = asyncio.Event()
        self._closing = False
        self._streams: set[Subscriber] = set()
        #: The streams that hear the same, together: what goes out to them is made once.
        self._ears: dict[Ear, set[Subscriber]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._marking: set[int] = set()
        self._feed_states: dict[str, tuple[object, object]] | None = None

    def start(self) -> None:
        """Begin to follow; the event loop must run."""
        self._spawn(self._follow())
        self._spawn(self._watch_feeds())
        self._spawn(self._beat())

    def end_streams(self) -> None:
        """End every open stream, and every new one at once; clients come back with their last id."""
        self._closing = True
        self._following.set()
        for stream in self._streams:
            stream.wake()

    async def stop(self, timeout_s: float) -> None:
        """End every stream and the follower."""
        self.end_streams()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=timeout_s)

    # -- streams ----------------------------------------------------------------------------------------------------

    def visible_layers(self, grant: Grant) -> frozenset[str]:
        """The live layers that a grant may see."""
        return frozenset(name for name, layer in self.layers.items() if grant.sees_layer(name, layer.roles))

    def subscribe(self, grant: Grant, layers: Collection[str]) -> Subscriber:
        """A new listener, from the hub's present place on. Raises TooManyRequests."""
        if len(self._streams) >= _MAX_STREAMS:
            raise TooManyRequests("This server has as many live streams as it can hold.")
        stream = Subscriber(grant, self.visible_layers(grant) & frozenset(layers), limit=self._queue)
        self._streams.add(stream)
        self._ears.setdefault(stream.ear, set()).add(stream)
        self._count_streams()
        return stream

    def unsubscribe(self, stream: Subscriber) -> None:
        """Forget a listener."""
        self._streams.discard(stream)
        if (ear := self._ears.get(stream.ear)) is not None:
            ear.discard(stream)
            if not ear:
                del self._ears[stream.ear]
        self._count_streams()

    async def stream(
        self, asker: Asker, layers: Collection[str], after: Mark | None, recheck: Recheck
    ) -> AsyncIterator[bytes]:
        """The bytes of one stream: what was missed since `after`, then everything as it is committed.

        Ends when the sign-in or key does, or when the server stops; a client then comes back with its last id.
        """
        await self._following.wait()
        if self._mark is None:
            return  # the server ends before it ever followed
        stream = self.subscribe(asker.grant, layers)
        try:
            yield RETRY
            async for chunk in self._begin(stream, after):
                yield chunk
            clock = asyncio.get_running_loop().time
            stream.spoke_at = clock()
            # Spread: a thousand streams that opened together are not all looked at in one moment.
            stream.looked_at = stream.spoke_at - random.random() * HEARTBEAT_S  # noqa: S311
            while not self._closing:
                now = clock()
                unseen_s = now - stream.looked_at
                # What was taken away is announced and asked for first; the look by the clock lets what waits go out.
                if stream.recheck or unseen_s >= 2 * HEARTBEAT_S or (unseen_s >= HEARTBEAT_S and not stream.waits):
                    stream.recheck, stream.looked_at = False, now
                    if not await self._still(asker, recheck):
                        return
                batches, overflow = stream.take()
                if overflow:
                    self._metrics.live_resets.labels("slow").inc()
                    yield reset_event(self._place(), "slow")
                    async for chunk in self._waiting_for(stream):
                        yield chunk
                    stream.spoke_at = clock()
                elif batches:
                    yield batches[0].wire if len(batches) == 1 else b"".join(batch.wire for batch in batches)
                    for batch in batches:
                        self._delivered(batch)
                    stream.spoke_at = clock()
                elif now - stream.spoke_at >= HEARTBEAT_S:
                    yield heartbeat(self._place())
                    stream.spoke_at = clock()
                else:
                    await stream.sleep()
        except psycopg.Error as error:
            # The database went away while we read for this client: it comes back with its last id.
            log.info("live stream broken off", error=f"{type(error).__name__}: {error}".strip())
        finally:
            self.unsubscribe(stream)

    async def _begin(self, stream: Subscriber, after: Mark | None) -> AsyncIterator[bytes]:
        """What comes before the first live event: the changes since `after`, or the place where a new stream starts."""
        joined = self._place()
        if after is None:
            yield mark_line(joined) + b"\n"
        else:
            stream.seen = after
            async with self._pool.connection() as conn:
                reach = await changelog.reach_async(conn, after.base, layers=self._followed, limit=_MAX_REPLAY + 1)
            if not reach.ahead and reach.waiting <= _MAX_REPLAY and (reach.held or not reach.waiting):
                async for chunk in self._replay(stream, after.copy(), joined):
                    yield chunk
                return
            reason = "ahead" if reach.ahead else "too-far" if reach.held else "gone"
            stream.seen = None
            self._metrics.live_resets.labels(reason).inc()
            yield reset_event(joined, reason)
        async for chunk in self._waiting_for(stream):
            yield chunk

    async def _replay(self, stream: Subscriber, mark: Mark, joined: Mark) -> AsyncIterator[bytes]:
        """The changes between the client's mark and where its queue begins, page by page, out of the log itself."""
        cursor = mark.base
        while True:
            async with self._pool.connection() as conn:
                page = await changelog.read_visible_async(conn, mark, cursor, layers=self._followed, limit=_BATCH)
                missed = [change for change in page if joined.covers(change.position)]
                events = await self._render(conn, stream, latest(missed), _alerts(missed))
            if page:
                cursor = page[-1].position
            for change in missed:
                mark.see(change.position, final=joined.base)
                if (event := events.get(change.position)) is not None:
                    events[change.position] = replace(event, mark=mark_line(mark))
            mine = [event for event in (*events.values(), *self._heat.missed(missed)) if stream.hears(event)]
            if mine:
                batch = stream.batch(mine)
                yield batch.wire
                self._delivered(batch)
            if len(page) < _BATCH:
                return

    async def _waiting_for(self, stream: Subscriber) -> AsyncIterator[bytes]:
        """Alerts that were raised while nobody of the team listened."""
        team = stream.grant.team_key
        if team is None or not stream.grant.can(Right.ALERTS_OWN):
            return
        events = [alert_event(note) for note in await asyncio.to_thread(self._waiting_alerts, team)]
        mine = [event for event in events if stream.hears(event)]
        if mine:
            batch = stream.batch(mine)
            yield batch.wire
            self._delivered(batch)

    def _delivered(self, batch: Batch) -> None:
        """Write into the ledger that a team's alerts have left for its own stream."""
        # A team may have many phones open: what the first of them got is written once.
        ids = [alert_id for alert_id in batch.leaving if alert_id not in self._marking]
        if ids:
            self._marking.update(ids)
            self._spawn(self._write_delivered(ids))

    async def _write_delivered(self, ids: list[int]) -> None:
        await asyncio.sleep(_MARK_AFTER_S)
        try:
            await asyncio.to_thread(self._mark_delivered, ids)
        except psycopg.Error as error:
            # The alerts stay queued: the team's next stream gets them again.
            log.warning("delivery not written", alerts=ids, error=str(error).strip())
            self._marking.difference_update(ids)
        else:
            # Forgotten only when the slowest of the team's streams has got it too.
            asyncio.get_running_loop().call_later(_MARKED_S, self._marking.difference_update, ids)

    async def _still(self, asker: Asker, recheck: Recheck) -> bool:
        if asker.expires_at is not None and asker.expires_at <= datetime.now(UTC):
            return False
        try:
            now = await recheck()
        except psycopg.Error:
            return True  # the database is away: nothing can be read through this stream either
        return now is not None and now.grant == asker.grant

    # -- the follower -----------------------------------------------------------------------------------------------

    async def _follow(self) -> None:
        failures = 0
        while True:
            try:
                async with await connect_async(self._dsn) as conn:
                    await self._follow_on(conn, came_back=failures)
            except Exception as error:
                # Whatever it was, the streams stay open and the place is kept: told once, tried until it works.
                if self.connected or not failures:
                    log.warning("change log lost", error=f"{type(error).__name__}: {error}".strip())
                    failures = 0
                self.connected = False
                self._metrics.live_connected.set(0)
                await asyncio.sleep(_BACK_OFF_S[min(failures, len(_BACK_OFF_S) - 1)])
                failures += 1

    async def _follow_on(self, conn: AsyncConnection, *, came_back: int) -> None:
        await conn.execute(f"LISTEN {CHANNEL}")
        await conn.execute(f"LISTEN {ACCESS_CHANNEL}")
        self._access_changed()  # what was announced while nobody listened
        if self._mark is None:
            self._mark = Mark(await changelog.head_async(conn))
        while True:
            began = asyncio.get_running_loop().time()
            published = await self._round(conn, self._mark)
            if not self.connected:
                self.connected = True
                self._metrics.live_connected.set(1)
                self._following.set()
                if came_back:
                    log.info("change log followed again", failures=came_back)
            if published:
                # A change after a quiet moment goes out at once; under a steady stream, rounds gather what comes.
                await asyncio.sleep(began + _ROUND_S - asyncio.get_running_loop().time())
            async for note in conn.notifies(timeout=POLL_S, stop_after=1):
                if note.channel == ACCESS_CHANNEL:
                    self._access_changed()

    async def _round(self, conn: AsyncConnection, mark: Mark) -> bool:
        """Publish everything that is visible now; whether there was anything."""
        # Asked first: what is final by this is visible to every page that is read after it.
        final = await changelog.head_async(conn)
        cursor, published = mark.base, False
        while True:
            page = await changelog.read_visible_async(conn, mark, cursor, layers=self._followed, limit=_BATCH)
            if page:
                cursor = page[-1].position
                await self._publish(conn, page, mark, final)
                published = True
            if len(page) < _BATCH:
                break
        mark.settle(final)
        return published

    async def _publish(self, conn: AsyncConnection, page: Sequence[Change], mark: Mark, final: Position) -> None:
        changes = latest(page)
        rendered: dict[tuple[object, ...], dict[Position, Event]] = {}
        alerts = _alerts(changes)  # the same for everybody
        # A stream that joins while we render is rendered for as well; from here to the end nothing awaits.
        while missing := next((ear for ear in self._ears if ear[0] not in rendered), None):
            rendered[missing[0]] = await self._render(conn, next(iter(self._ears[missing])), changes, alerts)
        marks: dict[Position, bytes] = {}
        for change in page:
            mark.see(change.position, final=final)
            marks[change.position] = mark_line(mark)
        ready = {
            group: [replace(event, mark=marks[position]) for position, event in events.items()]
            for group, events in rendered.items()
        }
        for ear, streams in self._ears.items():
            first = next(iter(streams))
            mine = [event for event in ready[ear[0]] if first.hears(event)]
            self._put(streams, mine)
        self._heat.note(page)
        now = datetime.now(UTC)
        for change in changes:
            if change.layer == FEED and change.op == "E" and self._feed_states is not None:
                self._feed_states[change.note["name"]] = _feed_state(change.note)  # told: the watch need not tell it
            self._metrics.live_changes.labels(change.layer).inc()
        self._metrics.live_lag.observe(max(0.0, (now - page[-1].at).total_seconds()))

    async def _render(
        self, conn: AsyncConnection, stream: Subscriber, changes: Sequence[Change], alerts: Mapping[Position, Event]
    ) -> dict[Position, Event]:
        layers = {name: self.layers[name] for name in stream.layers}
        events = await render(conn, changes, layers, stream.grant, floor=self._floor)
        events |= alerts
        for change in changes:
            if change.op == "E" and change.note:
                if change.layer == FEED:
                    events[change.position] = feed_event(feed_for(change.note, stream.grant), change.position)
                elif (topic := BY_LAYER.get(change.layer)) is not None:
                    events[change.position] = news_event(topic, change.note, stream.grant, change.position)
        return dict(sorted(events.items()))

    def _tell(self, event: Event) -> None:
        for streams in self._ears.values():
            if next(iter(streams)).hears(event):
                self._put(streams, [event])

    def _put(self, streams: Collection[Subscriber], events: Sequence[Event]) -> None:
        """Queue what the streams of one ear hear."""
        if not events:
            return
        batch = next(iter(streams)).batch(events)
        dropped = sent = 0
        for stream in streams:
            lost = stream.put(batch)
            dropped += lost
            sent += 0 if lost else len(events)
        self._metrics.live_dropped.inc(dropped)
        self._metrics.live_sent.inc(sent)

    # -- the rest ---------------------------------------------------------------------------------------------------

    async def _beat(self) -> None:
        """Wake the streams that have been silent for long. One clock for all: a timer a stream is work a wake."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(min(1.0, HEARTBEAT_S / 2))
            silent_since = loop.time() - HEARTBEAT_S
            for stream in self._streams:
                if min(stream.spoke_at, stream.looked_at) <= silent_since:
                    stream.wake()

    async def _watch_feeds(self) -> None:
        """Tell listeners when a feed's state changes; asked only while somebody listens."""
        while True:
            await asyncio.sleep(FEEDS_S)
            if not self._streams:
                self._feed_states = None
                continue
            with contextlib.suppress(psycopg.Error):
                self._tell_feeds(await asyncio.to_thread(self._feed_status))

    def _tell_feeds(self, found: Sequence[dict[str, Any]]) -> None:
        before = self._feed_states
        self._feed_states = {feed["name"]: _feed_state(feed) for feed in found}
        if before is None:
            return
        changed = [feed for feed in found if before.get(feed["name"]) != self._feed_states[feed["name"]]]
        for streams in self._ears.values() if changed else ():
            first = next(iter(streams))
            told = [feed_event(feed_for(feed, first.grant)) for feed in changed]
            self._put(streams, [event for event in told if first.hears(event)])

    def _access_changed(self) -> None:
        self._on_access()
        for stream in self._streams:
            stream.recheck = True
            stream.wake()

    def _place(self) -> Mark:
        assert self._mark is not None  # noqa: S101  (streams wait for the follower's first round)
        return self._mark.copy()

    def _count_streams(self) -> None:
        self._metrics.live_subscribers.set(len(self._streams))
        self._metrics.live_groups.set(len({ear[0] for ear in self._ears}))

    def _spawn(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _alerts(changes: Sequence[Change]) -> dict[Position, Event]:
    return {c.position: alert_event(c.note, c.position) for c in changes if c.layer == ALERT and c.op == "E" and c.note}


def _feed_state(status: Mapping[str, Any]) -> tuple[object, object]:
    return status["state"], status["error"]
