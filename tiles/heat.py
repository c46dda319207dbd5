"""Heat tiles: H3 cells of a surface as polygons with their value and rank.

Fresh as every tile is: a committed incident is in the next heat tile fetched (`tiles/cubes.py`). Each counting writes
one event into the log, and that event is what makes kept tiles stale. The window moves with the hour, which is part of
a tile's key. A risk surface is as the worker last wrote it, and announces itself in the same way.

An asker with an area sees the cells that lie in it whole, unsmoothed, ranked among themselves: a cell across the border
would tell of the other side. An asker without exact counts sees published counts (onemap/heat/count/published.py):
other cells, other windows, other freshness, decided once in `asked` and carried in what it returns.
"""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field, replace

import numpy as np
import shapely
from psycopg_pool import AsyncConnectionPool, ConnectionPool

from onemap.core.cell import Floats, boundaries, parents
from onemap.core.errors import NotFound
from onemap.core.policy import Grant, Right
from onemap.heat import service
from onemap.heat.ask import Ask, checked
from onemap.heat.count import published
from onemap.heat.count.cube import View
from onemap.heat.surface import SurfaceSpec
from onemap.heat.surface import surface as surface_named
from onemap.heat.window import Box, HeatCells
from onemap.layers import BY_NAME
from onemap.store.db import AsyncConnection, Connection
from onemap.store.sqlfile import sql
from tiles.cubes import Cubes
from tiles.grid import BUFFER, EXTENT, TileId
from tiles.mvt import encode
from tiles.source import Rendered

LAYER = "heat"
MARGIN = BUFFER / EXTENT
_DISTRIBUTIONS = 64
#: Changes past this many: sorting all values again is as quick as moving some.
_MOVED = 2000


@dataclass(frozen=True)
class Asked:
    """A question as one asker may put it: where the grant ends, so do the cells. `published`: of published counts."""

    ask: Ask
    area_wkb: bytes | None = None
    published: bool = False


def asked(grant: Grant, ask: Ask) -> Asked:
    """What a grant gets of a surface, checked. Raises NotFound for a surface that is hidden from it, BadInput."""
    spec = surface_named(ask.surface)
    if not shows(grant, spec):
        raise NotFound(f"There is no surface {ask.surface}.", reason="surface")
    checked(ask)
    if is_published(grant, spec):
        return Asked(published.asked(ask), grant.area_wkb, published=True)
    now = ask.at() if spec.windows else None
    return Asked(replace(ask, now=now, smooth=0 if grant.area_wkb is not None else ask.smooth), grant.area_wkb)


def is_published(grant: Grant, spec: SurfaceSpec) -> bool:
    """Whether this asker gets published counts of a surface. A key that names its layers gets those of them alone."""
    named = grant.layers is None or all(name in grant.layers for name in spec.made_of)
    return spec.kind == "density" and named and not grant.can(Right.EXACT_COUNTS)


def shows(grant: Grant, spec: SurfaceSpec) -> bool:
    """Whether a surface is this asker's to see: published, or by every layer that it is made of."""
    if spec.kind == "forecast" and (grant.area_wkb is not None or not grant.can(Right.EXACT_COUNTS)):
        return False  # it is made of exact counts, and of those next door
    return is_published(grant, spec) or all(grant.sees_layer(name, BY_NAME[name].roles) for name in spec.made_of)


def res_at(what: Asked, zoom: float) -> int:
    """The resolution that the asker is shown at a zoom."""
    res = service.res_for_zoom(zoom, surface_named(what.ask.surface).finest)
    return published.res_of(res) if what.published else res


@dataclass(frozen=True)
class Ranking:
    """All values of a surface, ascending, under a snapshot; `view` is the cube's state they were read from."""

    snapshot: str
    values: Floats
    view: View | None = None


@dataclass
class Heat:
    """The heat of one server process: its way to the database, its cubes, and what ranks are read from."""

    pool: AsyncConnectionPool[AsyncConnection]
    sync_pool: ConnectionPool[Connection]
    cubes: Cubes = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _known: OrderedDict[Hashable, Ranking] = field(default_factory=OrderedDict)

    def __post_init__(self) -> None:
        self.cubes = Cubes(self.pool, self.sync_pool)

    async def catch_up(self, surface: str) -> None:
        """See to it that every incident committed before this call is counted."""
        await self.cubes.catch_up(surface)

    def view(self, what: Asked) -> View | None:
        """The cube that this question is answered from; None: by SQL."""
        return None if what.published else self.cubes.view(what.ask.surface)

    def cells(self, conn: Connection, what: Asked, res: int, box: Box | None = None) -> HeatCells:
        """The cells that the asker sees, in a box or everywhere, as they are now: from memory where that can be."""
        return cells(conn, what, res, box, self.view(what))

    def counted(self, conn: Connection, ask: Ask, res: int, box: Box | None = None) -> HeatCells:
        """Exact values for an engine that has decided itself who is asking."""
        return service.cells(conn, ask, res, box, view=self.cubes.view(ask.surface))

    def distribution(self, conn: Connection | None, what: Asked, res: int, view: View | None = None) -> Floats:
        """All values that this asker sees of the surface at a resolution, ascending; kept while they are true."""
        key = (what, res)
        with self._lock:
            known = self._known.get(key)
        if view is not None:
            found = ranked(conn, what, res, view, known)
        else:
            assert conn is not None  # noqa: S101  (without a cube the database answers)
            found = self._checked(conn, what, res, known)
        with self._lock:
            self._known[key] = found
            self._known.move_to_end(key)
            while len(self._known) > _DISTRIBUTIONS:
                self._known.popitem(last=False)
        return found.values

    def _checked(self, conn: Connection, what: Asked, res: int, known: Ranking | None) -> Ranking:
        """The distribution by SQL, computed again when the log says that the surface changed."""
        known = known if known is not None and known.view is None else None
        params = {"layers": [log_layer(what)], "west": -1e9, "south": -1e9, "east": 1e9, "north": 1e9}
        row = conn.execute(sql("tile_changed"), {**params, "snapshot": known.snapshot if known else "1:1:"}).fetchone()
        assert row is not None  # noqa: S101  (the query has no FROM: it gives one row)
        values = known.values if known and not row["stale"] else np.sort(cells(conn, what, res, None).values)
        return Ranking(row["snapshot"], values)


def event_layer(surface: str) -> str:
    """The name under which a surface's changes stand in the log."""
    return f"heat.{surface}"


def log_layer(what: Asked) -> str:
    """What in the log makes an answer to this stale. A single event says nothing to who sees published counts."""
    return published.event_layer(what.ask.surface) if what.published else event_layer(what.ask.surface)


def cells(conn: Connection | None, what: Asked, res: int, box: Box | None, view: View | None = None) -> HeatCells:
    """The cells of a surface that the asker sees, in a box or everywhere; no connection is needed beside a view."""
    area = None if what.area_wkb is None else shapely.from_wkb(what.area_wkb)
    if area is not None and box is None:
        box = area.bounds
    if view is not None:
        found = service.of_view(view, what.ask, res, box)
    else:
        assert conn is not None  # noqa: S101  (without a cube the database answers)
        found = (published.cells if what.published else service.cells)(conn, what.ask, res, box)
    if area is None or not len(found.cells):
        return found
    shapely.prepare(area)
    inside = shapely.contains(area, boundaries(found.cells))
    return HeatCells(found.cells[inside], found.values[inside])


@dataclass(frozen=True)
class HeatSource:
    """Tiles of a surface as somebody asks for it."""

    heat: Heat
    asked: Asked

    @property
    def key(self) -> Hashable:
        """All of what is asked."""
        return (LAYER, self.asked)

    @property
    def layers(self) -> list[str]:
        """The surface's own events: the layers behind it are counted before it changes."""
        return [log_layer(self.asked)]

    @property
    def reach(self) -> float | None:
        """Everywhere: a value's rank depends on all the others."""
        return None

    @property
    def keeps(self) -> bool:
        """Always."""
        return True

    async def render(self, tile: TileId) -> Rendered:
        """The tile as MVT: layer `heat`, polygons with cell, value and rank."""
        return await asyncio.to_thread(self._render, tile)

    def _render(self, tile: TileId) -> Rendered:
        view = self.heat.view(self.asked)  # taken once: cells, ranks and freshness are of one state
        if view is not None:
            return self._drawn(None, tile, view, view.snapshot)
        with self.heat.sync_pool.connection() as conn, conn.transaction():
            # One snapshot for cells, distribution and what the tile is said to show.
            conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            row = conn.execute("SELECT pg_current_snapshot()::text AS snapshot").fetchone()
            assert row is not None  # noqa: S101  (the query has no FROM: it gives one row)
            return self._drawn(conn, tile, None, row["snapshot"])

    def _drawn(self, conn: Connection | None, tile: TileId, view: View | None, snapshot: str) -> Rendered:
        res = res_at(self.asked, tile.z)
        west, south, east, north = tile.bounds_lonlat(MARGIN)
        box = (max(west, -180.0), max(south, -90.0), min(east, 180.0), min(north, 90.0))
        found = cells(conn, self.asked, res, box, view)
        every = self.heat.distribution(conn, self.asked, res, view)
        return Rendered(
            encode(tile, LAYER, found.cells, np.round(found.values, 4), ranks(found.values, every)), snapshot
        )


def ranked(conn: Connection | None, what: Asked, res: int, view: View, known: Ranking | None) -> Ranking:
    """The distribution by a cube: as known while nothing changed, with some cells' values moved after few changes."""
    if known is not None and known.view is not None and known.view.base is view.base and what.area_wkb is None:
        if len(known.view.changes) == len(view.changes):
            return Ranking(view.snapshot, known.values, view)
        since = view.changes["cell"][len(known.view.changes) :]
        if 0 < len(since) <= _MOVED and not what.ask.smooth:
            touched = np.unique(parents(since, res))
            before, after = (one.query(what.ask, res, cells=touched).values for one in (known.view, view))
            values = moved(known.values, before[before >= service.LEAST], after[after >= service.LEAST])
            if values is not None:
                return Ranking(view.snapshot, values, view)
    return Ranking(view.snapshot, np.sort(cells(conn, what, res, None, view).values), view)


def moved(values: Floats, before: Floats, after: Floats) -> Floats | None:
    """Ascending values with some taken out and others put in; None when one to go is not there."""
    order = np.sort(before)
    first = np.searchsorted(values, order, side="left")
    # Equal values go from consecutive places.
    nth = np.arange(len(order)) - np.searchsorted(order, order, side="left")
    gone = first + nth
    if len(gone) and (int(gone[-1]) >= len(values) or not np.array_equal(values[gone], order)):
        return None
    left = np.delete(values, gone)
    new = np.sort(after)
    return np.insert(left, np.searchsorted(left, new), new)


def ranks(values: Floats, every: Floats) -> Floats:
    """The place of each value among all of them, 0..1: the share of values that are not greater, to 4 digits."""
    if not len(every):
        return np.zeros(len(values))
    return np.asarray(np.round(np.searchsorted(every, values, side="right") / len(every), 4), np.float64)
