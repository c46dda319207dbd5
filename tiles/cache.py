"""Compressed tiles in memory, bounded by their bytes; who was not asked for longest goes first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

#: What an entry costs beside its bytes: keys, objects, links.
OVERHEAD_BYTES = 800


@dataclass
class Tile:
    """A tile ready to be sent.

    `body` is gzip unless `packed`; `etag` is the digest of the uncompressed bytes; `snapshot` is the database state it
    is known to show and `checked_at` (monotonic seconds) when that was last found. An empty tile has an empty body.
    """

    body: bytes
    etag: str
    snapshot: str
    checked_at: float
    limited: bool
    packed: bool

    @property
    def cost(self) -> int:
        """Bytes of memory, about."""
        return len(self.body) + OVERHEAD_BYTES


class TileCache:
    """Least recently used out first. Not for threads: it belongs to one event loop."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.bytes = 0
        self._tiles: OrderedDict[Hashable, Tile] = OrderedDict()

    def __len__(self) -> int:
        return len(self._tiles)

    def get(self, key: Hashable) -> Tile | None:
        """The tile under that key, and it is the most recently used one now."""
        found = self._tiles.get(key)
        if found is not None:
            self._tiles.move_to_end(key)
        return found

    def put(self, key: Hashable, tile: Tile) -> None:
        """Keep a tile; what no longer fits goes. A tile larger than the whole cache is not kept."""
        self.drop(key)
        if tile.cost > self.max_bytes:
            return
        self._tiles[key] = tile
        self.bytes += tile.cost
        while self.bytes > self.max_bytes:
            _, gone = self._tiles.popitem(last=False)
            self.bytes -= gone.cost

    def drop(self, key: Hashable) -> None:
        """Forget a tile."""
        gone = self._tiles.pop(key, None)
        if gone is not None:
            self.bytes -= gone.cost
