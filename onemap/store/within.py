"""Which features lie inside a grant's area, for answers that are put together from several layers."""

from __future__ import annotations

from collections.abc import Collection

from psycopg import sql

from onemap.core.policy import Grant
from onemap.store.db import Connection
from onemap.store.layer import LayerSpec
from onemap.store.schema import SCHEMA
from onemap.store.sqlfile import sql as sql_text


def keys_within(conn: Connection, layer: LayerSpec, keys: Collection[str], grant: Grant) -> set[str]:
    """Those of the layer's keys that the grant may see: none of a hidden layer, and only those that meet its area."""
    if not grant.sees_layer(layer.name, layer.roles):
        return set()
    if grant.area_wkb is None or not keys:
        return set(keys)
    statement = sql.SQL("SELECT key FROM {} WHERE key = ANY(%s) AND st_intersects(geom, st_geomfromwkb(%s, 4326))")
    rows = conn.execute(statement.format(sql.Identifier(SCHEMA, layer.name)), (list(keys), grant.area_wkb)).fetchall()
    return {row["key"] for row in rows}


def streams_within(conn: Connection, keys: Collection[str], grant: Grant, sensors: LayerSpec) -> set[str]:
    """Those of the datastreams whose sensor the grant may see."""
    if not grant.sees_layer(sensors.name, sensors.roles):
        return set()
    if grant.area_wkb is None or not keys:
        return set(keys)
    rows = conn.execute(sql_text("streams_within"), {"keys": list(keys), "area": grant.area_wkb}).fetchall()
    return {row["key"] for row in rows}
