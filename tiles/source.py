"""What a tile source is: something that renders one tile and says what would make that tile stale."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Protocol

from tiles.grid import TileId


@dataclass(frozen=True)
class Rendered:
    """A tile's bytes and the database snapshot that they show, as PostgreSQL writes a pg_snapshot.

    An empty `snapshot` says that no change can ever show in the tile. `limited` says that it holds only the newest part
    of its features. `packed` bytes (PNG) are not compressed again.
    """

    data: bytes
    snapshot: str
    limited: bool = False
    packed: bool = False


class Source(Protocol):
    """One kind of tile for one asker: made for a request, cheap to make.

    Sources with equal `key` give equal bytes from equal data: what the asker may see is part of the key.
    """

    @property
    def key(self) -> Hashable:
        """Identity for the cache, without the tile's number."""
        ...

    @property
    def layers(self) -> list[str]:
        """Layers whose changes make tiles of this source stale."""
        ...

    @property
    def reach(self) -> float | None:
        """How far outside a tile a change still shows in it, as a share of its width; None: changes show anywhere."""
        ...

    @property
    def keeps(self) -> bool:
        """Whether its tiles may be kept and checked against the change log."""
        ...

    async def render(self, tile: TileId) -> Rendered:
        """Make the tile."""
        ...
