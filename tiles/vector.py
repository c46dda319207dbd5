"""Vector tiles of a layer, made by ST_AsMVT from the stored web-mercator geometry.

One statement renders the tile and returns the snapshot it was rendered under, so what a tile shows is known exactly.
Statement texts differ only by view and zoom band and are prepared on each connection after two uses.

Generalisation below zoom 14, so that a low tile stays small: outlines are simplified to a quarter of a display pixel,
areas of base layers smaller than half a pixel are left out, and live areas smaller than two pixels are drawn as a
two-pixel square, because a warning never vanishes. Point layers give at most MAX_POINTS points a tile, the newest
first; such a tile is marked `limited`. No other layer is cut.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncRawCursor, sql
from psycopg.rows import tuple_row
from psycopg_pool import AsyncConnectionPool

from onemap.store.db import AsyncConnection
from onemap.store.layer import LayerSpec
from onemap.store.policy_sql import ALIAS, View, area_condition, columns, relation
from tiles.grid import BUFFER, EXTENT, TileId
from tiles.source import Rendered

MARGIN = BUFFER / EXTENT
MAX_POINTS = 20_000
FULL_DETAIL_ZOOM = 14


@dataclass(frozen=True)
class VectorSource:
    """Tiles of one layer for one view, now or as of an instant."""

    pool: AsyncConnectionPool[AsyncConnection]
    view: View
    instant: datetime | None = None

    @property
    def key(self) -> Hashable:
        """Layer, what the view shows of it, and the instant."""
        return (self.view.layer.name, self.view.key, self.instant)

    @property
    def layers(self) -> list[str]:
        """The layer alone."""
        return [self.view.layer.name]

    @property
    def reach(self) -> float:
        """The buffer of the tile, and a two-pixel square beside it."""
        return MARGIN + 0.01

    @property
    def keeps(self) -> bool:
        """Whether a tile may be kept: the past of fixes and observations is not in the change log's boxes."""
        return self.instant is None or self.view.layer.as_of is None

    async def render(self, tile: TileId) -> Rendered:
        """The tile as MVT bytes, empty when nothing is in it."""
        if tile.z < self.view.layer.minzoom:
            return Rendered(b"", "")
        statement, names = self.statement(tile.z)
        params = self.params(tile)
        async with self.pool.connection() as conn:
            cursor = AsyncRawCursor(conn, row_factory=tuple_row)
            await cursor.execute(statement, [params[name] for name in names], binary=True)
            row = await cursor.fetchone()
        assert row is not None  # noqa: S101  (an aggregate gives one row)
        return Rendered(row[0] or b"", row[1], row[2] > MAX_POINTS)

    def params(self, tile: TileId) -> dict[str, Any]:
        """The statement's parameters for a tile."""
        values: dict[str, Any] = {"z": tile.z, "x": tile.x, "y": tile.y}
        if tile.z < FULL_DETAIL_ZOOM and self.view.layer.geometry != "Point":
            values["tolerance"] = tile.width_m / 2048.0
        if self.view.area_wkb is not None:
            values["area"] = self.view.area_wkb
        if self.instant is not None:
            values["instant"] = self.instant
            west, south, east, north = tile.bounds_lonlat(MARGIN)
            values |= {"west": west, "south": south, "east": east, "north": north}
        return values

    def statement(self, zoom: int) -> tuple[bytes, list[str]]:
        """The statement that renders tiles of that zoom, with $1, $2..., and which parameter each of them is."""
        layer, as_of = self.view.layer, self.instant is not None
        key = (id(layer), self.view.key, band(self.view, zoom), as_of)
        known = _statements.get(key)
        if known is None:
            # The layer is kept beside its statement, so that no other can come to have its id.
            known = _statements[key] = (layer, *numbered(_statement(self.view, key[2], as_of)))
        return known[1:]


_statements: dict[tuple[int, tuple[object, ...], int, bool], tuple[LayerSpec, bytes, list[str]]] = {}


def numbered(statement: bytes) -> tuple[bytes, list[str]]:
    """A statement with named placeholders as one with numbered ones, once, instead of by the driver each time."""
    names: list[str] = []

    def number(found: re.Match[bytes]) -> bytes:
        if found[1] is None:
            return b"%"
        name = found[1].decode()
        if name not in names:
            names.append(name)
        return b"$%d" % (names.index(name) + 1)

    return re.sub(rb"%%|%\((\w+)\)s", number, statement), names


def band(view: View, zoom: int) -> int:
    """The lowest zoom whose tiles are rendered by the same statement as those of `zoom`."""
    steps = {0, FULL_DETAIL_ZOOM, *view.layer.tile_where}
    steps |= {a.tile_minzoom for a in view.attributes if a.tile_minzoom is not None}
    return max(step for step in steps if step <= zoom)


def _statement(view: View, zoom: int, as_of: bool) -> bytes:
    layer = view.layer
    listed = columns(view, view.in_tiles(zoom), for_tiles=True)
    conditions: list[sql.Composable] = []
    if as_of:
        # History has its GiST index on degrees.
        conditions.append(
            sql.SQL(
                "{}.geom && st_makeenvelope(%(west)s::float8, %(south)s::float8, %(east)s::float8, %(north)s::float8, "
                "4326)"
            ).format(ALIAS)
        )
    else:
        conditions.append(
            sql.SQL("{}.geom_3857 && st_tileenvelope(%(z)s::int, %(x)s::int, %(y)s::int, margin => {})").format(
                ALIAS, sql.Literal(MARGIN)
            )
        )
    conditions += _wanted(layer, zoom)
    area, _ = area_condition(view, mercator=True)
    if area is not None:
        conditions.append(area)
    newest: sql.Composable = sql.SQL("")
    if layer.geometry == "Point":
        order = sql.SQL("f.{} DESC NULLS LAST, ").format(sql.Identifier(layer.time)) if layer.time else sql.Composed([])
        newest = sql.SQL(" ORDER BY {}f.id DESC LIMIT {}").format(order, sql.Literal(MAX_POINTS + 1))
    statement = sql.SQL(
        """SELECT st_asmvt(t, {name}, {extent}, 'geom', 'id') AS mvt, pg_current_snapshot()::text AS snapshot,
        count(*) AS n FROM (
          SELECT f.id, st_asmvtgeom({shape}, (SELECT st_tileenvelope(%(z)s::int, %(x)s::int, %(y)s::int)),
                                    {extent}, {buffer}) AS geom, {listed}
          FROM {source} WHERE {where}{newest}
        ) AS t"""
    ).format(
        name=sql.Literal(layer.name),
        extent=sql.Literal(EXTENT),
        buffer=sql.Literal(BUFFER),
        shape=_shape(layer, zoom),
        listed=sql.SQL(", ").join(listed),
        source=relation(layer, as_of=as_of, in_force=True),
        where=sql.SQL(" AND ").join(conditions),
        newest=newest,
    )
    return statement.as_bytes(None)


def _wanted(layer: LayerSpec, zoom: int) -> list[sql.Composable]:
    """The layer's own condition for the zoom, and the smallest area worth drawing."""
    out: list[sql.Composable] = []
    steps = [step for step in layer.tile_where if step <= zoom]
    if steps:
        out.append(sql.SQL("({})").format(sql.SQL(layer.tile_where[max(steps)].replace("%", "%%"))))
    if zoom < FULL_DETAIL_ZOOM and "Polygon" in layer.geometry and layer.group == "base":
        out.append(sql.SQL("{} >= 2 * %(tolerance)s").format(_size()))
    return out


def _shape(layer: LayerSpec, zoom: int) -> sql.Composable:
    if zoom >= FULL_DETAIL_ZOOM or layer.geometry == "Point":
        return sql.SQL("f.geom_3857")
    shape: sql.Composable = sql.SQL("st_simplify(f.geom_3857, %(tolerance)s, true)")
    if layer.live and "Polygon" in layer.geometry:
        return sql.SQL(
            "CASE WHEN {} < 8 * %(tolerance)s THEN st_expand(st_centroid(f.geom_3857), 4 * %(tolerance)s) ELSE {} END"
        ).format(_size(), shape)
    return shape


def _size() -> sql.Composable:
    return sql.SQL("greatest(st_xmax(f.geom_3857) - st_xmin(f.geom_3857), st_ymax(f.geom_3857) - st_ymin(f.geom_3857))")
