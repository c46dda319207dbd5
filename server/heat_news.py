"""Word of changed surfaces for open maps: the first change at once, then at most one word a second for each surface."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime

from onemap.heat.count import published
from onemap.heat.surface import surfaces
from onemap.store.changelog import Change
from server.stream import Event, HeatRef, heat_event
from tiles.heat import event_layer

EVERY_S = 1.0


class HeatNews:
    """Gathers the log's changes of surfaces and tells them on; lives in one event loop."""

    def __init__(self, tell: Callable[[Event], None]) -> None:
        #: Names in the log, and whose change each tells of: exact values' or published ones'.
        self.layers = {event_layer(one.name): HeatRef(one.name, published=False) for one in surfaces()}
        self.layers |= {
            published.event_layer(one.name): HeatRef(one.name, published=True)
            for one in surfaces()
            if one.kind == "density"
        }
        self._tell = tell
        self._told: dict[HeatRef, float] = {}
        self._waiting: dict[HeatRef, datetime] = {}

    def note(self, changes: Iterable[Change]) -> None:
        """Take the surfaces among some changes and tell of each now or when its second is over."""
        loop = asyncio.get_running_loop()
        for change in changes:
            ref = self.layers.get(change.layer)
            if ref is None:
                continue
            if ref in self._waiting:
                self._waiting[ref] = change.at
                continue
            wait_s = self._told.get(ref, -EVERY_S) + EVERY_S - loop.time()
            self._waiting[ref] = change.at
            if wait_s <= 0:
                self._due(ref)
            else:
                loop.call_later(wait_s, self._due, ref)

    def missed(self, changes: Iterable[Change]) -> list[Event]:
        """One event for each surface among changes that a client comes back to."""
        newest = {self.layers[change.layer]: change.at for change in changes if change.layer in self.layers}
        return [heat_event(ref, at) for ref, at in newest.items()]

    def _due(self, ref: HeatRef) -> None:
        self._told[ref] = asyncio.get_running_loop().time()
        self._tell(heat_event(ref, self._waiting.pop(ref)))
