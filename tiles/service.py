"""Fetching tiles: kept while true, rendered once for all who wait, compressed once."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import time
from collections.abc import Hashable
from dataclasses import dataclass, field

from psycopg_pool import AsyncConnectionPool

from onemap.store.db import AsyncConnection
from tiles import freshness
from tiles.cache import Tile, TileCache
from tiles.grid import TileId
from tiles.source import Rendered, Source

#: Level 3 takes half the time of level 6 for a tile 5 % larger, beside a query of a few milliseconds.
GZIP_LEVEL = 3
#: Larger tiles are compressed in a thread: the event loop has others to serve.
_INLINE_BYTES = 64 * 1024
#: A kept tile that nobody asked for in this long is rendered anew: the change log may have been cut since.
KEEP_S = 6 * 3600.0


@dataclass
class Counts:
    """What the fetches came to, for the metrics."""

    rendered: int = 0
    kept: int = 0
    stale: int = 0
    joined: int = 0


@dataclass
class Tiles:
    """The tiles of one server process."""

    pool: AsyncConnectionPool[AsyncConnection]
    cache: TileCache
    counts: Counts = field(default_factory=Counts)
    _flights: dict[Hashable, asyncio.Task[Tile]] = field(default_factory=dict)

    @classmethod
    def build(cls, pool: AsyncConnectionPool[AsyncConnection], cache_mb: int) -> Tiles:
        """Tiles with a cache of that many megabytes; 0 keeps none."""
        return cls(pool, TileCache(cache_mb * 1024 * 1024))

    async def fetch(self, source: Source, number: TileId) -> Tile:
        """The tile as it is now: every change that was committed before this call is in it."""
        key = (source.key, number.z, number.x, number.y)
        flight = self._flights.get(key)
        if flight is not None:
            # That render may have begun before a change which this fetch must show: it is checked like a kept tile.
            self.counts.joined += 1
            known: Tile | None = await asyncio.shield(flight)
        else:
            known = self.cache.get(key)
        if known is not None and await self._is_true(source, number, key, known):
            return known
        # While this fetch waited, another may have found the same and set out; its render began after ours arrived.
        flight = self._flights.get(key)
        if flight is None:
            flight = asyncio.create_task(self._render(source, number, key))
            self._flights[key] = flight
            flight.add_done_callback(lambda _: self._flights.pop(key, None))
        return await asyncio.shield(flight)

    async def _is_true(self, source: Source, number: TileId, key: Hashable, tile: Tile) -> bool:
        if not tile.snapshot:
            return True
        if not source.keeps or time.monotonic() - tile.checked_at > KEEP_S:
            return False
        box = None if source.reach is None else number.bounds_lonlat(source.reach)
        checked = await freshness.check(self.pool, source.layers, tile.snapshot, box)
        if checked.stale:
            self.counts.stale += 1
            return False
        tile.snapshot = checked.snapshot
        tile.checked_at = time.monotonic()
        self.counts.kept += 1
        return True

    async def _render(self, source: Source, number: TileId, key: Hashable) -> Tile:
        rendered = await source.render(number)
        self.counts.rendered += 1
        if len(rendered.data) > _INLINE_BYTES and not rendered.packed:
            tile = await asyncio.to_thread(_pack, rendered)
        else:
            tile = _pack(rendered)
        if source.keeps:
            self.cache.put(key, tile)
        return tile


def _pack(rendered: Rendered) -> Tile:
    data = rendered.data
    body = data if rendered.packed or not data else gzip.compress(data, GZIP_LEVEL, mtime=0)
    etag = hashlib.blake2b(data, digest_size=12).hexdigest()
    return Tile(body, etag, rendered.snapshot, time.monotonic(), rendered.limited, rendered.packed)
