"""Writing features: bulk upsert by key through COPY, where what is the same as before changes nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from psycopg import sql
from psycopg.types.json import Jsonb
from shapely.geometry.base import BaseGeometry
from sqlalchemy.dialects.postgresql import JSONB

from onemap.core.cell import cells_of
from onemap.core.geometry import representatives
from onemap.store.db import Connection
from onemap.store.layer import LayerSpec
from onemap.store.schema import SCHEMA, SYSTEM_COLUMNS


@dataclass(frozen=True)
class FeatureRow:
    """One feature as a feed or an engine gives it: WGS-84 geometry of the layer's kind, attributes by column name.

    `geom` may be None for a feature that exists already: its place then stays as it is.
    """

    key: str
    geom: BaseGeometry | None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    datum: str = "WGS-84"


@dataclass
class Upserted:
    """What an upsert did; `missing` are keys without geometry that did not exist."""

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    missing: list[str] = field(default_factory=list)

    @property
    def stored(self) -> int:
        """Rows that are new or different now."""
        return self.inserted + self.updated


def upsert(conn: Connection, layer: LayerSpec, rows: Iterable[FeatureRow], *, feed: str) -> Upserted:
    """Insert or update features by key inside the caller's transaction; a column not given keeps its value.

    The last of several rows with one key wins. Raises KeyError for a column the layer does not have.
    """
    groups: dict[tuple[bool, tuple[str, ...]], dict[str, FeatureRow]] = defaultdict(dict)
    for row in rows:
        groups[(row.geom is not None, tuple(sorted(row.attributes)))][row.key] = row
    result = Upserted()
    for (placed, columns), members in groups.items():
        _check_columns(layer, columns)
        one = _upsert_group(conn, layer, list(members.values()), columns, placed=placed, feed=feed)
        result.inserted += one.inserted
        result.updated += one.updated
        result.unchanged += one.unchanged
        result.missing += one.missing
    return result


def find(conn: Connection, layer: LayerSpec, key: str, *, lock: bool = False) -> dict[str, Any] | None:
    """A feature's row by key, whole and past every policy; locked for the caller's transaction if asked."""
    statement = sql.SQL("SELECT * FROM {} WHERE key = %s").format(sql.Identifier(SCHEMA, layer.name))
    return conn.execute(statement + sql.SQL(" FOR UPDATE" if lock else ""), (key,)).fetchone()


def delete(conn: Connection, layer: LayerSpec, keys: Sequence[str]) -> int:
    """Delete features by key; history keeps them. Returns how many there were."""
    statement = sql.SQL("DELETE FROM {} WHERE key = ANY(%s)").format(sql.Identifier(SCHEMA, layer.name))
    return conn.execute(statement, (list(keys),)).rowcount


def _check_columns(layer: LayerSpec, columns: Sequence[str]) -> None:
    known = set(layer.table.columns.keys()) - set(SYSTEM_COLUMNS) - {"key"}
    unknown = [name for name in columns if name not in known]
    if unknown:
        raise KeyError(f"layer {layer.name} has no column {', '.join(unknown)}")


def _upsert_group(
    conn: Connection, layer: LayerSpec, rows: list[FeatureRow], columns: tuple[str, ...], *, placed: bool, feed: str
) -> Upserted:
    table = sql.Identifier(SCHEMA, layer.name)
    given = ["key", *(["geom", "h3", "datum"] if placed else []), *columns]
    idents = sql.SQL(", ").join(sql.Identifier(name) for name in given)
    conn.execute(sql.SQL("DROP TABLE IF EXISTS pg_temp.incoming"))
    conn.execute(
        sql.SQL("CREATE TEMP TABLE incoming ON COMMIT DROP AS SELECT {} FROM {} WITH NO DATA").format(idents, table)
    )
    _copy(conn, layer, rows, columns, idents, placed=placed)
    changing = [name for name in given if name != "key"]
    different = sql.SQL(" OR ").join(_differs(name) for name in changing if name not in ("h3", "datum")) or sql.SQL(
        "false"
    )
    assignments = sql.SQL(", ").join(
        [sql.SQL("{0} = i.{0}").format(sql.Identifier(n)) for n in changing] + [sql.SQL("feed = %(feed)s")]
    )
    updated = conn.execute(
        sql.SQL("UPDATE {} t SET {} FROM pg_temp.incoming i WHERE t.key = i.key AND ({})").format(
            table, assignments, different
        ),
        {"feed": feed},
    ).rowcount
    inserted, missing = 0, []
    if placed:
        inserted = conn.execute(
            sql.SQL(
                "INSERT INTO {} ({}, feed) SELECT {}, %(feed)s FROM pg_temp.incoming i "
                "WHERE NOT EXISTS (SELECT 1 FROM {} t WHERE t.key = i.key) ORDER BY i.h3 "
                "ON CONFLICT (key) DO NOTHING"
            ).format(
                table, idents, sql.SQL(", ").join(sql.SQL("i.{}").format(sql.Identifier(n)) for n in given), table
            ),
            {"feed": feed},
        ).rowcount
    else:
        found = conn.execute(
            sql.SQL(
                "SELECT key FROM pg_temp.incoming i WHERE NOT EXISTS (SELECT 1 FROM {} t WHERE t.key = i.key)"
            ).format(table)
        ).fetchall()
        missing = [row["key"] for row in found]
    conn.execute("DROP TABLE pg_temp.incoming")
    return Upserted(inserted, updated, len(rows) - inserted - updated - len(missing), missing)


def _differs(name: str) -> sql.Composed:
    # `=` on geometries compares bounding boxes in old PostGIS and vertices in new; the bytes say it exactly.
    form = "t.{0}::bytea IS DISTINCT FROM i.{0}::bytea" if name == "geom" else "t.{0} IS DISTINCT FROM i.{0}"
    return sql.SQL(form).format(sql.Identifier(name))


def _copy(
    conn: Connection,
    layer: LayerSpec,
    rows: list[FeatureRow],
    columns: tuple[str, ...],
    idents: sql.Composed,
    *,
    placed: bool,
) -> None:
    as_json = {name for name in columns if isinstance(layer.table.columns[name].type, JSONB)}
    wkb: Sequence[Any] = ()
    cells: Sequence[int] = ()
    if placed:
        geoms = np.array([row.geom for row in rows], dtype=object)
        wkb = shapely.to_wkb(shapely.set_srid(geoms, 4326), hex=True, include_srid=True, flavor="extended").tolist()
        lon, lat = representatives(geoms)
        cells = cells_of(lon, lat).tolist()
    with conn.cursor() as cursor, cursor.copy(sql.SQL("COPY pg_temp.incoming ({}) FROM STDIN").format(idents)) as copy:
        for at, row in enumerate(rows):
            values = [
                Jsonb(row.attributes[name]) if name in as_json and row.attributes[name] is not None
                else row.attributes[name]
                for name in columns
            ]  # fmt: skip
            copy.write_row([row.key, *((wkb[at], cells[at], row.datum) if placed else ()), *values])
