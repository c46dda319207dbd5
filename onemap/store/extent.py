"""How far the map and its layers reach: cheap answers, from the city's own row and from the spatial indexes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import shapely
from psycopg import sql

from onemap.core.policy import Grant
from onemap.store.db import AsyncConnection
from onemap.store.layer import LayerSpec
from onemap.store.schema import SCHEMA

Bounds = tuple[float, float, float, float]

WORLD: Bounds = (-180.0, -85.0511, 180.0, 85.0511)


async def city(conn: AsyncConnection) -> dict[str, Any] | None:
    """The city's row (name, name_en, bounds, center, zoom, edition), or None before anything was imported."""
    cursor = await conn.execute("SELECT name, name_en, bounds, center, zoom, edition FROM city LIMIT 1")
    return await cursor.fetchone()


async def city_bounds(conn: AsyncConnection, grant: Grant) -> Bounds:
    """West, south, east, north of what the grant reaches of the city, in degrees; the world without a city."""
    found = await city(conn)
    bounds = WORLD if found is None else (*found["bounds"],)
    return within_area(bounds, grant)


async def layer_extents(conn: AsyncConnection, layers: Sequence[LayerSpec], grant: Grant) -> dict[str, Bounds]:
    """The box of each layer that has rows, from its spatial index, kept inside the grant's area.

    The index's outermost box is never too small, and may be too large after deletions.
    """
    if not layers:
        return {}
    parts = [
        sql.SQL("SELECT {} AS name, _postgis_index_extent({}::regclass, 'geom') AS box").format(
            sql.Literal(layer.name), sql.Literal(f"{SCHEMA}.{layer.name}")
        )
        for layer in layers
    ]
    statement = sql.SQL(
        "SELECT name, st_xmin(box) AS west, st_ymin(box) AS south, st_xmax(box) AS east, st_ymax(box) AS north "
        "FROM ({}) AS boxes WHERE box IS NOT NULL"
    ).format(sql.SQL(" UNION ALL ").join(parts))
    rows = await (await conn.execute(statement)).fetchall()
    return {r["name"]: within_area((r["west"], r["south"], r["east"], r["north"]), grant) for r in rows}


def within_area(bounds: Bounds, grant: Grant) -> Bounds:
    """The part of the bounds that the grant reaches: where a layer lies outside says nothing to who may not see it."""
    if grant.area_wkb is None:
        return bounds
    west, south, east, north = shapely.from_wkb(grant.area_wkb).bounds
    return max(bounds[0], west), max(bounds[1], south), min(bounds[2], east), min(bounds[3], north)
