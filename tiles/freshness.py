"""Is a kept tile still true? A committed change is in the next tile fetched, and this is what holds that.

A tile is kept with the snapshot it was rendered under. Before it is served again, one indexed query asks the change log
for a row of the tile's layers that overlaps the tile and was not visible in that snapshot. None: what is kept is what
would be rendered now, and the tile moves on to the present snapshot, which keeps the range that is read short. The test
is exact, no guess by time or by the largest id: a transaction that began before the render and committed after it is
not visible in the render's snapshot, whatever its number.
"""

from __future__ import annotations

from dataclasses import dataclass

from psycopg_pool import AsyncConnectionPool

from onemap.store.db import AsyncConnection
from onemap.store.sqlfile import sql

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Checked:
    """Whether the tile is stale, and the snapshot under which that was found."""

    stale: bool
    snapshot: str


async def check(
    pool: AsyncConnectionPool[AsyncConnection], layers: list[str], snapshot: str, box: Box | None
) -> Checked:
    """Ask whether any of the layers changed inside the box (degrees; None is everywhere) since the snapshot."""
    west, south, east, north = box or (-1e9, -1e9, 1e9, 1e9)
    params = {"layers": layers, "snapshot": snapshot, "west": west, "south": south, "east": east, "north": north}
    async with pool.connection() as conn:
        row = await (await conn.execute(sql("tile_changed"), params)).fetchone()
    assert row is not None  # noqa: S101  (the query has no FROM: it gives one row)
    return Checked(row["stale"], row["snapshot"])
