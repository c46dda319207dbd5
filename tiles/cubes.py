"""The cubes of one server process: loaded in the background, brought up to the present before every answer.

Before an answer one query asks whether counting is behind the change log, and whether anything was counted that the
cube has not taken in. If so the log is followed at once, in a thread, the same way the worker does; what was committed
while an older transaction is still open is counted early; then the cube takes in what became visible. So a committed
incident is in the next tile fetched. Until a cube is loaded, or when it cannot be, the events answer by SQL.
"""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field

import numpy as np
import structlog
from psycopg_pool import AsyncConnectionPool, ConnectionPool

from onemap.core.cell import cell_of
from onemap.heat.count import density
from onemap.heat.count.cube import Cube, View
from onemap.heat.count.rehearsal import rehearse
from onemap.store.db import AsyncConnection, Connection
from onemap.store.sqlfile import sql
from tiles.grid import TileId
from tiles.mvt import encode

log = structlog.get_logger(__name__)


@dataclass
class Cubes:
    """One cube for each counted surface."""

    pool: AsyncConnectionPool[AsyncConnection]
    sync_pool: ConnectionPool[Connection]
    by_surface: dict[str, Cube] = field(default_factory=lambda: {density.SURFACE: Cube(density.SURFACE)})
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _merging: threading.Lock = field(default_factory=threading.Lock)

    @property
    def ready(self) -> bool:
        """Whether every cube is loaded."""
        return all(cube.ready for cube in self.by_surface.values())

    @property
    def nbytes(self) -> int:
        """Bytes of all cubes."""
        return sum(cube.nbytes for cube in self.by_surface.values())

    def view(self, surface: str) -> View | None:
        """The present state of a surface's cube; None while there is none."""
        cube = self.by_surface.get(surface)
        return cube.view() if cube is not None and cube.ready else None

    def start(self) -> None:
        """Load every cube in the background."""
        self._stop.clear()
        self._in_background(self._load_all, "heat-load")

    def stop(self) -> None:
        """End what runs in the background: a load ends with its block."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=5.0)

    def _in_background(self, work: object, name: str) -> None:
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        thread = threading.Thread(target=work, name=name, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _load_all(self) -> None:
        rehearse()
        encode(TileId(0, 0, 0), "heat", np.array([cell_of(0.0, 0.0, 5)], np.int64), np.ones(1), np.ones(1))
        for cube in self.by_surface.values():
            pause = 0.5
            while not self._stop.is_set():
                try:
                    with self.sync_pool.connection() as conn:
                        cube.load(conn)
                    cube.warm()
                    log.info("cube loaded", surface=cube.surface, seconds=round(cube.loaded_s, 2), bytes=cube.nbytes)
                    break
                except Exception as error:
                    # Answers come by SQL meanwhile; a database that starts later than the server is no fault.
                    log.warning("cube not loaded", surface=cube.surface, error=str(error).strip())
                    self._stop.wait(pause)
                    pause = min(30.0, 2 * pause)

    async def catch_up(self, surface: str) -> None:
        """See to it that every incident committed before this call is counted, and in the cube."""
        cube = self.by_surface.get(surface)
        if cube is None or not any(await self._behind(cube)):
            return
        async with self._turn:  # who waited here finds it done
            behind, counted = await self._behind(cube)
            if behind or counted:
                await asyncio.to_thread(self._follow, cube, behind)

    async def _behind(self, cube: Cube) -> tuple[bool, bool]:
        snapshot, epoch = cube.stand
        given = {"consumer": density.CONSUMER, "surface": cube.surface, "snapshot": snapshot or "1:1:", "epoch": epoch}
        async with self.pool.connection() as conn:
            row = await (await conn.execute(sql("heat_behind"), given)).fetchone()
        assert row is not None  # noqa: S101  (the query has no FROM: it gives one row)
        return bool(row["behind"]), bool(row["counted"]) and cube.ready

    def _follow(self, cube: Cube, behind: bool) -> None:
        with self.sync_pool.connection() as conn:
            if behind:
                while density.follow(conn):
                    conn.commit()
                density.count_early(conn)
                conn.commit()
            if cube.ready:
                cube.follow(conn)
                if cube.long and self._merging.acquire(blocking=False):
                    self._in_background(lambda: self._merge(cube), "heat-merge")

    def _merge(self, cube: Cube) -> None:
        try:
            cube.merge(warm=True)
        except Exception:
            # What does not add up is loaded anew: the database is right.
            log.exception("cube not merged", surface=cube.surface)
            self._load_all()
        finally:
            self._merging.release()
