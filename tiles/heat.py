"""Heat tiles: H3 cells of a surface as polygons with their value and rank.

Fresh as every tile is. A committed incident is in the next heat tile fetched: before a tile is looked up, one query
asks whether the rollup is behind the change log, and if it is, it follows the log at once, in a thread, the same way
the worker does. What was committed while an older transaction is still open cannot be followed yet (the log is read in
final order), but it can be counted: counting compares with what was counted before, so doing it again later changes
nothing. Each counting writes one event, and that event is what makes kept tiles stale. The window moves with the hour,
which is part of a tile's key. The risk surface is as the worker last wrote it, and announces itself in the same way.

An asker with an area sees the cells that lie in it whole, unsmoothed, ranked among themselves: a cell across the border
would tell of the other side. An asker without exact counts sees published counts (onemap/heat/published.py): other
cells, other windows, other freshness, decided once in `asked` and carried in what it returns.
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

from onemap.core.cell import Floats, boundaries
from onemap.core.errors import NotFound
from onemap.core.policy import Grant, Right
from onemap.heat import density, published, service
from onemap.heat.ask import Ask, checked
from onemap.heat.surface import SurfaceSpec
from onemap.heat.surface import surface as surface_named
from onemap.heat.window import Box, HeatCells
from onemap.layers import BY_NAME
from onemap.store.db import AsyncConnection, Connection
from onemap.store.sqlfile import sql
from tiles.grid import BUFFER, EXTENT, TileId, mercator
from tiles.source import Rendered

LAYER = "heat"
MARGIN = BUFFER / EXTENT
_DISTRIBUTIONS = 64


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
    return is_published(grant, spec) or all(grant.sees_layer(name, BY_NAME[name].roles) for name in spec.made_of)


def res_at(what: Asked, zoom: float) -> int:
    """The resolution that the asker is shown at a zoom."""
    res = service.res_for_zoom(zoom, surface_named(what.ask.surface).finest)
    return published.res_of(res) if what.published else res


@dataclass
class Heat:
    """The heat of one server process: its way to the database, and the distributions that ranks are read from."""

    pool: AsyncConnectionPool[AsyncConnection]
    sync_pool: ConnectionPool[Connection]
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _known: OrderedDict[Hashable, tuple[str, Floats]] = field(default_factory=OrderedDict)

    async def catch_up(self, surface: str) -> None:
        """See to it that every incident committed before this call is counted."""
        if surface != density.SURFACE or not await self._behind():
            return
        async with self._turn:  # who waited here finds it done
            if await self._behind():
                await asyncio.to_thread(self._follow)

    async def _behind(self) -> bool:
        async with self.pool.connection() as conn:
            row = await (await conn.execute(sql("heat_behind"), {"consumer": density.CONSUMER})).fetchone()
        return row is not None and bool(row["behind"])

    def _follow(self) -> None:
        with self.sync_pool.connection() as conn:
            while density.follow(conn):
                conn.commit()
            density.count_early(conn)

    def distribution(self, conn: Connection, what: Asked, res: int) -> Floats:
        """All values that this asker sees of the surface at a resolution, ascending; kept while the log says so."""
        key = (what, res)
        known = self._known.get(key)
        params = {"layers": [log_layer(what)], "west": -1e9, "south": -1e9, "east": 1e9, "north": 1e9}
        row = conn.execute(sql("tile_changed"), {**params, "snapshot": known[0] if known else "1:1:"}).fetchone()
        assert row is not None  # noqa: S101  (the query has no FROM: it gives one row)
        if known is None or row["stale"]:
            known = (row["snapshot"], np.sort(cells(conn, what, res, None).values))
        with self._lock:
            self._known[key] = (row["snapshot"], known[1])
            self._known.move_to_end(key)
            while len(self._known) > _DISTRIBUTIONS:
                self._known.popitem(last=False)
        return known[1]


def event_layer(surface: str) -> str:
    """The name under which a surface's changes stand in the log."""
    return f"heat.{surface}"


def log_layer(what: Asked) -> str:
    """What in the log makes an answer to this stale. A single event says nothing to who sees published counts."""
    return published.event_layer(what.ask.surface) if what.published else event_layer(what.ask.surface)


def cells(conn: Connection, what: Asked, res: int, box: Box | None) -> HeatCells:
    """The cells of a surface that the asker sees, in a box or everywhere."""
    area = None if what.area_wkb is None else shapely.from_wkb(what.area_wkb)
    if area is not None and box is None:
        box = area.bounds
    found = published.cells(conn, what.ask, res, box) if what.published else service.cells(conn, what.ask, res, box)
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
        res = res_at(self.asked, tile.z)
        with self.heat.sync_pool.connection() as conn, conn.transaction():
            # One snapshot for cells, distribution and what the tile is said to show.
            conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            west, south, east, north = tile.bounds_lonlat(MARGIN)
            box = (max(west, -180.0), max(south, -90.0), min(east, 180.0), min(north, 90.0))
            found = cells(conn, self.asked, res, box)
            every = self.heat.distribution(conn, self.asked, res)
            shapes, values = in_mercator(found)
            row = conn.execute(
                sql("heat_tile"),
                {
                    "z": tile.z, "x": tile.x, "y": tile.y, "layer": LAYER, "cells": found.cells.tolist(),
                    "shapes": shapes, "values": values, "ranks": ranks(found.values, every).tolist(),
                },
                binary=True,
            ).fetchone()  # fmt: skip
        assert row is not None  # noqa: S101  (an aggregate gives one row)
        return Rendered(row["mvt"] or b"", row["snapshot"])


def ranks(values: Floats, every: Floats) -> Floats:
    """The place of each value among all of them, 0..1: the share of values that are not greater, to 4 digits."""
    if not len(every):
        return np.zeros(len(values))
    return np.asarray(np.round(np.searchsorted(every, values, side="right") / len(every), 4), np.float64)


def in_mercator(found: HeatCells) -> tuple[list[bytes], list[float]]:
    """The cells' outlines in web mercator as WKB, and their values to 4 digits."""
    outlines = boundaries(found.cells)
    if not len(outlines):
        return [], []
    ring = shapely.get_coordinates(outlines)
    ring[:, 1] = np.clip(ring[:, 1], -85.0511287798066, 85.0511287798066)
    half = mercator(180.0, 0.0)[0]
    x = ring[:, 0] / 180.0 * half
    y = np.log(np.tan(np.pi / 4.0 + np.radians(ring[:, 1]) / 2.0)) / np.pi * half
    moved = shapely.set_coordinates(outlines, np.column_stack((x, y)))
    return [bytes(one) for one in shapely.to_wkb(moved)], np.round(found.values, 4).tolist()
