"""Questions that cost a statement over everything: one at a time of each asker, and few at once of all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from onemap.core.policy import Grant
from server.errors import RateLimited

#: Half of the connections of one process: tiles and features have the others.
_AT_ONCE = 4
_WAITING = 4


@dataclass
class _Asker:
    free: asyncio.Lock = field(default_factory=asyncio.Lock)
    here: int = 0


@dataclass
class Turns:
    """Who is being answered, and who waits. For the event loop of one application."""

    _askers: dict[tuple[str, bool], _Asker] = field(default_factory=dict)
    _room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    @asynccontextmanager
    async def turn(self, grant: Grant) -> AsyncIterator[None]:
        """While one question of this asker is answered. Raises RateLimited when several of theirs wait already."""
        who = (grant.subject, grant.key_only)
        asker = self._askers.setdefault(who, _Asker())
        if asker.here > _WAITING:
            raise RateLimited(
                "前面的查询还没有完成 · Your earlier questions are still being answered.", retry_after_s=1
            )
        asker.here += 1
        try:
            async with asker.free, self._room:
                yield
        finally:
            asker.here -= 1
            if asker.here == 0:
                self._askers.pop(who, None)
