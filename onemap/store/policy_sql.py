"""One policy for every door: what a grant may see of a layer, and the SQL that shows no more than that.

Four rules, all compiled here and nowhere else. A layer that is not the asker's does not exist (NotFound, never
Forbidden). Attributes of other roles are not selected and cannot be filtered by. A grant with an area sees the features
that intersect it. Counts below the floor are hidden from grants without `counts.exact`: the column becomes null and
`<column>_note` says "<5"; such a column cannot be filtered by either, because a filter would tell the number.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from psycopg import sql
from sqlalchemy import DateTime
from sqlalchemy.dialects.postgresql import JSONB

from onemap.core.errors import NotFound
from onemap.core.policy import Grant, Right
from onemap.store.layer import Attribute, LayerSpec
from onemap.store.schema import SCHEMA
from onemap.store.sqlfile import sql as sql_text

DEFAULT_FLOOR = 5
NOTE_SUFFIX = "_note"

#: The alias under which every relation of a layer appears in the queries built from these parts.
ALIAS = sql.Identifier("f")


@dataclass(frozen=True)
class View:
    """A layer as one grant sees it."""

    layer: LayerSpec
    attributes: tuple[Attribute, ...]
    exact_counts: bool
    area_wkb: bytes | None
    floor: int

    @property
    def key(self) -> tuple[object, ...]:
        """What of this view changes the answer: equal keys may share cached answers."""
        area = hashlib.blake2b(self.area_wkb, digest_size=16).digest() if self.area_wkb is not None else None
        hidden = None if self.exact_counts else self.floor
        return (tuple(a.name for a in self.attributes), hidden, area)

    def suppresses(self, attribute: Attribute) -> bool:
        """Whether small values of this attribute are hidden from this asker."""
        return attribute.small_counts and not self.exact_counts

    def filterable(self) -> dict[str, Attribute]:
        """The attributes that may stand in a filter: visible, scalar, and no oracle for a hidden count."""
        return {
            a.name: a
            for a in self.attributes
            if not self.suppresses(a) and not isinstance(self.layer.table.columns[a.name].type, JSONB)
        }

    def in_tiles(self, zoom: int) -> tuple[Attribute, ...]:
        """The attributes that a tile of that zoom carries."""
        return tuple(a for a in self.attributes if a.tile_minzoom is not None and a.tile_minzoom <= zoom)


def view(layer: LayerSpec, grant: Grant, *, floor: int = DEFAULT_FLOOR) -> View:
    """The layer as this grant sees it. Raises NotFound when the layer is not the asker's to see."""
    if not grant.sees_layer(layer.name, layer.roles):
        raise NotFound(f"There is no layer {layer.name}.")
    return View(layer, layer.visible(grant.role), grant.can(Right.EXACT_COUNTS), grant.area_wkb, floor)


def columns(seen: View, attributes: tuple[Attribute, ...], *, for_tiles: bool) -> list[sql.Composable]:
    """The select list of the attributes: `key` first, small counts hidden, times and JSON as text in tiles."""
    out: list[sql.Composable] = [sql.SQL("{}.key").format(ALIAS)]
    for attribute in attributes:
        name = sql.Identifier(attribute.name)
        value = sql.SQL("{}.{}").format(ALIAS, name)
        kind = seen.layer.table.columns[attribute.name].type
        if seen.suppresses(attribute):
            floor = sql.Literal(seen.floor)
            out.append(sql.SQL("CASE WHEN {0} >= {1} THEN {0} END AS {2}").format(value, floor, name))
            note = sql.Identifier(attribute.name + NOTE_SUFFIX)
            text = sql.Literal(f"<{seen.floor}")
            out.append(sql.SQL("CASE WHEN {0} < {1} THEN {2} END AS {3}").format(value, floor, text, note))
        elif for_tiles and isinstance(kind, DateTime):
            form = sql.SQL("to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS {}")
            out.append(form.format(value, name))
        elif for_tiles and isinstance(kind, JSONB):
            out.append(sql.SQL("{}::text AS {}").format(value, name))
        else:
            out.append(value)
    return out


def shown_names(seen: View, attributes: tuple[Attribute, ...]) -> list[str]:
    """The property names that `columns` gives."""
    names = ["key"]
    for attribute in attributes:
        names.append(attribute.name)
        if seen.suppresses(attribute):
            names.append(attribute.name + NOTE_SUFFIX)
    return names


def relation(layer: LayerSpec, *, as_of: bool, in_force: bool = False) -> sql.Composable:
    """The layer's rows now, or as of `%(instant)s`, to stand in FROM under `ALIAS`.

    `in_force`: of a layer whose rows have a time of validity only those that were in force then.

    As of an instant: the versions that were current then, out of the table and its history. A layer whose past is
    elsewhere too (fixes, observations) says in its own `.sql` file how it is put together.
    """
    if in_force and layer.valid is not None:
        start, end = (sql.SQL("{}.{}").format(ALIAS, sql.Identifier(name)) for name in layer.valid)
        return sql.SQL(
            "(SELECT * FROM {0} WHERE ({1} IS NULL OR {1} <= {3}) AND ({2} IS NULL OR {2} > {3})) AS {4}"
        ).format(relation(layer, as_of=as_of), start, end, sql.SQL("%(instant)s" if as_of else "now()"), ALIAS)
    table = sql.Identifier(SCHEMA, layer.name)
    if not as_of:
        return sql.SQL("{} AS {}").format(table, ALIAS)
    if layer.as_of is not None:
        return sql.SQL("({}) AS {}").format(sql.SQL(sql_text(layer.as_of)), ALIAS)
    listed = sql.SQL(", ").join(sql.Identifier(name) for name in layer.table.columns.keys())
    return sql.SQL(
        "(SELECT {0} FROM {1} WHERE sys_from <= %(instant)s UNION ALL "
        "SELECT {0} FROM {2} WHERE sys_from <= %(instant)s AND sys_to > %(instant)s) AS {3}"
    ).format(listed, table, sql.Identifier(SCHEMA, f"{layer.name}_history"), ALIAS)


def area_condition(seen: View, *, mercator: bool = False) -> tuple[sql.Composable | None, dict[str, Any]]:
    """The condition that keeps to the grant's area, and its parameter; None when the grant reaches everywhere.

    The area stands in a scalar subquery: it is parsed once a query, and the GiST index is asked with its box.
    """
    if seen.area_wkb is None:
        return None, {}
    shape = "st_transform(st_geomfromwkb(%(area)s, 4326), 3857)" if mercator else "st_geomfromwkb(%(area)s, 4326)"
    column = sql.Identifier("geom_3857" if mercator else "geom")
    condition = sql.SQL("{0}.{1} && (SELECT {2}) AND st_intersects({0}.{1}, (SELECT {2}))").format(
        ALIAS,
        column,
        sql.SQL(shape),
    )
    return condition, {"area": seen.area_wkb}
