"""Events of the live stream: the log's changes as one grant may see them, and the bounded queue of one listener."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import shapely

from onemap.core.policy import Grant, Right
from onemap.heat.surface import surface as surface_named
from onemap.store.changelog import Change, Mark, Position
from onemap.store.db import AsyncConnection
from onemap.store.layer import LayerSpec
from onemap.store.query import features_by_ids
from server.answer import dumps
from server.news import Topic
from tiles.heat import is_published, shows

#: What decides which events a stream hears: its group (see Subscriber), its rights and its team.
Ear = tuple[tuple[object, ...], frozenset[Right], str | None]
ALERT, FEED = "alert", "feed"
RETRY = b"retry: 1000\n\n"


@dataclass(frozen=True)
class AlertRef:
    """What decides who hears an alert event."""

    id: int
    team_key: str
    queued: bool
    lon: float | None
    lat: float | None


@dataclass(frozen=True)
class HeatRef:
    """Which surface changed, for whom: those who see its exact values, or those who see published ones."""

    surface: str
    published: bool

    def is_for(self, grant: Grant) -> bool:
        """Whether this is the asker's to hear: the surface is shown to it, and so are these values."""
        spec = surface_named(self.surface)
        return shows(grant, spec) and is_published(grant, spec) == self.published


@dataclass(frozen=True)
class Event:
    """One event as it goes out, without the line that says where to resume: that is the same for every listener."""

    text: bytes
    position: Position | None = None  # None: not from the log (a feed's state, an alert that was waiting)
    mark: bytes = b""
    alert: AlertRef | None = None
    feed: bool = False
    heat: HeatRef | None = None
    news: Topic | None = None

    @cached_property
    def wire(self) -> bytes:
        """The bytes of the event, put together once for all who hear it."""
        return self.mark + self.text


@dataclass(frozen=True)
class Batch:
    """The events of one moment for all streams of an ear: joined once, whoever hears them."""

    events: Sequence[Event]
    #: Alerts that had not left yet, of the ear's own team: the ledger is told when they have.
    leaving: tuple[int, ...] = ()

    @cached_property
    def wire(self) -> bytes:
        """The bytes of all its events."""
        return b"".join(event.wire for event in self.events)


def mark_line(mark: Mark) -> bytes:
    """The line that tells a client where it stands; alone in a block it is remembered without being an event."""
    return f"id: {mark}\n".encode()


def heartbeat(mark: Mark) -> bytes:
    """A comment that keeps proxies from closing the stream, with the present place in the log."""
    return b": alive\n" + mark_line(mark) + b"\n"


def reset_event(mark: Mark, reason: str) -> bytes:
    """Tells a client to load everything anew; what comes after this event is complete again."""
    return mark_line(mark) + f'event: reset\ndata: {{"reason":"{reason}"}}\n\n'.encode()


def feed_event(status: Mapping[str, Any], position: Position | None = None) -> Event:
    """A feed's new state."""
    return Event(f"event: feed\ndata: {dumps(status)}\n\n".encode(), position, feed=True)


def heat_event(ref: HeatRef, at: datetime) -> Event:
    """A surface has other values now."""
    told = dumps({"surface": ref.surface, "at": at.isoformat()})
    return Event(f"event: heat\ndata: {told}\n\n".encode(), heat=ref)


def news_event(topic: Topic, note: Mapping[str, Any], grant: Grant, position: Position | None = None) -> Event:
    """Something of a topic has moved, as a grant is told."""
    text = f"event: {topic.event}\ndata: {dumps(topic.told(note, grant))}\n\n".encode()
    return Event(text, position, news=topic)


def alert_event(note: Mapping[str, Any], position: Position | None = None) -> Event:
    """An alert's new state."""
    ref = AlertRef(
        int(note["id"]), str(note["team_key"]), note.get("state") == "queued", note.get("lon"), note.get("lat")
    )
    return Event(f"event: alert\ndata: {dumps(note)}\n\n".encode(), position, alert=ref)


def latest(changes: Sequence[Change]) -> list[Change]:
    """The last change of each feature, and every event that is no feature, in the log's order."""
    last: dict[tuple[object, ...], Change] = {}
    for change in changes:
        key: tuple[object, ...] = ("event", change.position) if change.op == "E" else (change.layer, change.fid)
        last.pop(key, None)
        last[key] = change
    return sorted(last.values(), key=lambda change: change.position)


async def render(
    conn: AsyncConnection, changes: Iterable[Change], layers: Mapping[str, LayerSpec], grant: Grant, *, floor: int
) -> dict[Position, Event]:
    """The events of these (latest) changes on those layers as the grant sees them, by position.

    A feature that was changed and is not there for this grant has left what it sees: it goes out as a deletion, but
    only where the change touches the grant's area, so that nothing outside it is ever named.
    """
    listed = [change for change in changes if change.layer in layers and change.op != "E"]
    wanted: dict[str, list[int]] = {}
    for change in listed:
        if change.op != "D" and change.fid is not None:
            wanted.setdefault(change.layer, []).append(change.fid)
    found = {name: await features_by_ids(conn, layers[name], grant, ids, floor=floor) for name, ids in wanted.items()}
    area = shapely.from_wkb(grant.area_wkb) if grant.area_wkb is not None else None
    events: dict[Position, Event] = {}
    for change in listed:
        feature = None if change.op == "D" else found[change.layer].get(change.fid or 0)
        if (
            feature is None
            and area is not None
            and (change.bbox is None or not shapely.box(*change.bbox).intersects(area))
        ):
            continue
        events[change.position] = Event(_change_text(change, feature), change.position)
    return events


def _change_text(change: Change, feature: str | None) -> bytes:
    op = "delete" if feature is None else "upsert"
    head = f'{{"layer":"{change.layer}","op":"{op}","key":{json.dumps(change.key, ensure_ascii=False)}'
    # GeoJSON comes as text from the database and goes out as it is; a line feed would end the event's line.
    body = (feature or "null").replace("\n", " ")
    return (
        f'event: change\ndata: {head},"id":{change.fid},"at":"{change.at.isoformat()}","feature":{body}}}\n\n'.encode()
    )


class Subscriber:
    """One open stream: what it listens to, and what waits for it, never more than `limit` events."""

    def __init__(self, grant: Grant, layers: Collection[str], *, limit: int) -> None:
        self.grant = grant
        self.layers = frozenset(layers)
        #: Streams of one group get the same change events: they are made once.
        self.group: tuple[object, ...] = (grant.fingerprint, self.layers)
        #: Streams of one ear hear the same events of all kinds.
        self.ear: Ear = (self.group, grant.rights, grant.team_key)
        self.spoke_at = float("inf")  # loop time of the last bytes; infinite before the stream is live
        self.looked_at = float("inf")  # loop time of the last look at whether the grant stands
        self.recheck = False
        self.seen: Mark | None = None  # where the client had come when it resumed
        self._limit = limit
        self._waiting: list[Batch] = []
        self._held = 0  # events in what waits
        self._overflow = False
        self._woken = False
        self._sleep: asyncio.Future[None] | None = None
        self._area = shapely.from_wkb(grant.area_wkb) if grant.area_wkb is not None else None

    def hears(self, event: Event) -> bool:
        """Whether this event is this listener's to hear."""
        if event.alert is not None:
            return self.hears_alert(event.alert)
        if event.heat is not None:
            return event.heat.is_for(self.grant)
        if event.news is not None:
            return event.news.is_for(self.grant)
        if event.feed:
            return self.grant.can(Right.FEEDS_SEE)
        return True

    def hears_alert(self, alert: AlertRef) -> bool:
        """Alerts are for their team, and for those who watch over all of them; inside the grant's area."""
        if not self.grant.can(Right.ALERTS_ALL) and not self.owns(alert):
            return False
        if self._area is None:
            return True
        if alert.lon is None or alert.lat is None:
            return False
        return bool(shapely.intersects_xy(self._area, alert.lon, alert.lat))

    def owns(self, alert: AlertRef) -> bool:
        """Whether this is the stream of the alert's own team."""
        return self.grant.can(Right.ALERTS_OWN) and self.grant.team_key == alert.team_key

    def batch(self, events: Sequence[Event]) -> Batch:
        """Events as they go out to every stream of this one's ear."""
        leaving = (event.alert for event in events if event.alert is not None and event.alert.queued)
        return Batch(events, tuple(alert.id for alert in leaving if self.owns(alert)))

    def put(self, batch: Batch) -> int:
        """Queue events that it hears; returns how many had to be dropped because the listener is too slow."""
        if self.seen is not None:
            batch = self.batch([event for event in batch.events if not self._had(event)])
        count = len(batch.events)
        if not count:
            return 0
        self.wake()
        if self._overflow:
            return count
        if self._held + count > self._limit:
            dropped = self._held + count
            self._waiting, self._held = [], 0
            self._overflow = True
            return dropped
        self._waiting.append(batch)
        self._held += count
        return 0

    @property
    def waits(self) -> bool:
        """Whether something waits to go out."""
        return bool(self._waiting) or self._overflow

    def take(self) -> tuple[list[Batch], bool]:
        """Everything that waits, and whether the queue ran over since the last time."""
        self._woken = False
        batches, overflow = self._waiting, self._overflow
        self._waiting, self._held, self._overflow = [], 0, False
        return batches, overflow

    def wake(self) -> None:
        """End the stream's sleep, or its next one."""
        self._woken = True
        if self._sleep is not None and not self._sleep.done():
            self._sleep.set_result(None)

    async def sleep(self) -> None:
        """Until somebody wakes it after the last `take`. A stream has one sleeper: a future is enough."""
        if not self._woken:
            self._sleep = asyncio.get_running_loop().create_future()
            try:
                await self._sleep
            finally:
                self._sleep = None

    def _had(self, event: Event) -> bool:
        return self.seen is not None and event.position is not None and self.seen.covers(event.position)
