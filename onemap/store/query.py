"""Reading features for the doors: one compiled query for each view of a layer, GeoJSON made by the database.

Every function takes the grant and compiles it through `policy_sql`: the doors, the live stream and exports cannot ask
in any other way. Features come as GeoJSON text, ready to be sent: decoding and encoding them again in Python would cost
more than the query.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from psycopg import sql

from onemap.core.errors import BadInput
from onemap.core.policy import Grant
from onemap.store.db import AsyncConnection, Connection
from onemap.store.layer import Attribute, LayerSpec
from onemap.store.policy_sql import ALIAS, DEFAULT_FLOOR, View, area_condition, columns, relation, view
from onemap.store.when import When, parse_instant

MAX_LIMIT = 10_000
#: Degrees are written with 7 digits: a centimetre.
DIGITS = 7

Bbox = tuple[float, float, float, float]


@dataclass(frozen=True)
class FeatureQuery:
    """What is asked of a layer. `bbox` is west, south, east, north in degrees; west > east crosses the antimeridian.

    `filters` are attribute name to text as it came; they are typed by the layer's spec.
    """

    bbox: Bbox | None = None
    when: When = field(default_factory=When)
    filters: Mapping[str, str] = field(default_factory=dict)
    limit: int = 100
    cursor: str | None = None


@dataclass(frozen=True)
class FeaturePage:
    """One page: GeoJSON features as text in the order of their ids, and the cursor of the next page if there is one."""

    features: list[str]
    cursor: str | None


async def features(
    conn: AsyncConnection, layer: LayerSpec, grant: Grant, query: FeatureQuery, *, floor: int = DEFAULT_FLOOR
) -> FeaturePage:
    """One page of a layer's features, exactly those this grant may see.

    Raises NotFound for a layer that is hidden from the grant, BadInput for a filter, cursor or limit that does not fit.
    """
    statement, params = page_statement(view(layer, grant, floor=floor), query)
    rows = await (await conn.execute(statement, params)).fetchall()
    return _page(rows, query.limit)


async def feature(
    conn: AsyncConnection,
    layer: LayerSpec,
    grant: Grant,
    key: str,
    *,
    when: When | None = None,
    floor: int = DEFAULT_FLOOR,
) -> str | None:
    """One feature by key as GeoJSON text, or None when there is none that this grant may see."""
    statement, params = _keyed(view(layer, grant, floor=floor), key, when or When())
    row = await (await conn.execute(statement, params)).fetchone()
    return None if row is None else str(row["feature"])


async def features_by_ids(
    conn: AsyncConnection, layer: LayerSpec, grant: Grant, ids: Sequence[int], *, floor: int = DEFAULT_FLOOR
) -> dict[int, str]:
    """Those of the features with these ids that the grant may see: id → GeoJSON text. For the live stream."""
    statement, params = _by_ids(view(layer, grant, floor=floor), ids)
    return {row["id"]: row["feature"] for row in await (await conn.execute(statement, params)).fetchall()}


def features_by_ids_sync(
    conn: Connection, layer: LayerSpec, grant: Grant, ids: Sequence[int], *, floor: int = DEFAULT_FLOOR
) -> dict[int, str]:
    """As `features_by_ids`, over a synchronous connection."""
    statement, params = _by_ids(view(layer, grant, floor=floor), ids)
    return {row["id"]: row["feature"] for row in conn.execute(statement, params).fetchall()}


def visible_keys(conn: Connection, layer: LayerSpec, grant: Grant, keys: Sequence[str]) -> set[str]:
    """Those of the keys that the grant may see; none of a layer that is hidden from it."""
    if not grant.sees_layer(layer.name, layer.roles):
        return set()
    conditions, params = _conditions(view(layer, grant), FeatureQuery())
    conditions.append(sql.SQL("{}.key = ANY(%(keys)s)").format(ALIAS))
    statement = sql.SQL("SELECT {}.key FROM {} WHERE {}").format(
        ALIAS, relation(layer, as_of=False), sql.SQL(" AND ").join(conditions)
    )
    return {row["key"] for row in conn.execute(statement, {**params, "keys": list(keys)}).fetchall()}


# -- compilation ------------------------------------------------------------------------------------------------------


def page_statement(seen: View, query: FeatureQuery) -> tuple[sql.Composed, dict[str, Any]]:
    """The statement of one page and its parameters. Raises BadInput."""
    if not 1 <= query.limit <= MAX_LIMIT:
        raise BadInput(f"limit is 1 to {MAX_LIMIT}.", reason="limit")
    conditions, params = _conditions(seen, query)
    params["limit"] = query.limit + 1
    where = sql.SQL(" AND ").join(conditions) if conditions else sql.SQL("true")
    source = relation(seen.layer, as_of=query.when.instant is not None, in_force=True)
    if query.bbox is None and seen.area_wkb is None:
        inner = sql.SQL("SELECT * FROM {} WHERE {} ORDER BY {}.id LIMIT %(limit)s").format(source, where, ALIAS)
    else:
        # The fence (OFFSET 0) keeps the planner from walking the primary key and testing every row against the box,
        # which it likes to do for ORDER BY id LIMIT n and which reads the whole table for a small box far down.
        inner = sql.SQL(
            "SELECT * FROM (SELECT * FROM {} WHERE {} OFFSET 0) AS fenced ORDER BY fenced.id LIMIT %(limit)s"
        ).format(source, where)
    return _rendered(seen, inner, sql.SQL(" ORDER BY {}.id").format(ALIAS)), params


def _keyed(seen: View, key: str, when: When) -> tuple[sql.Composed, dict[str, Any]]:
    if "\0" in key:
        raise BadInput("A key holds no zero byte.", reason="key")
    conditions, params = _conditions(seen, FeatureQuery(when=When(instant=when.instant)))
    conditions.append(sql.SQL("{}.key = %(key)s").format(ALIAS))
    inner = sql.SQL("SELECT * FROM {} WHERE {}").format(
        relation(seen.layer, as_of=when.instant is not None), sql.SQL(" AND ").join(conditions)
    )
    return _rendered(seen, inner, sql.SQL("")), {**params, "key": key}


def _by_ids(seen: View, ids: Sequence[int]) -> tuple[sql.Composed, dict[str, Any]]:
    conditions, params = _conditions(seen, FeatureQuery())
    conditions.append(sql.SQL("{}.id = ANY(%(ids)s)").format(ALIAS))
    inner = sql.SQL("SELECT * FROM {} WHERE {}").format(
        relation(seen.layer, as_of=False), sql.SQL(" AND ").join(conditions)
    )
    return _rendered(seen, inner, sql.SQL("")), {**params, "ids": list(ids)}


def _rendered(seen: View, inner: sql.Composable, order: sql.Composable) -> sql.Composed:
    """The rows of `inner` as GeoJSON text with their ids. Only the listed columns are ever written."""
    listed = sql.SQL(", ").join(columns(seen, seen.attributes, for_tiles=False))
    return sql.SQL(
        """SELECT {f}.id, '{{"type":"Feature","id":' || to_json({f}.key)::text
        || ',"geometry":' || st_asgeojson({f}.geom, {digits}, 0) || ',"properties":' || row_to_json(p)::text || '}}'
        AS feature FROM ({inner}) AS {f} CROSS JOIN LATERAL (SELECT {listed}) AS p{order}"""
    ).format(f=ALIAS, digits=sql.Literal(DIGITS), inner=inner, listed=listed, order=order)


def _conditions(seen: View, query: FeatureQuery) -> tuple[list[sql.Composable], dict[str, Any]]:
    conditions: list[sql.Composable] = []
    params: dict[str, Any] = {}
    area, area_params = area_condition(seen)
    if area is not None:
        conditions.append(area)
        params |= area_params
    if query.bbox is not None:
        boxes = [sql.SQL("st_makeenvelope({}, 4326)").format(_box(params, box)) for box in split_bbox(query.bbox)]
        hits = [
            sql.SQL("({0}.geom && {1} AND st_intersects({0}.geom, {1}))").format(ALIAS, envelope) for envelope in boxes
        ]
        conditions.append(sql.SQL("({})").format(sql.SQL(" OR ").join(hits)))
    if query.when.instant is not None:
        params["instant"] = query.when.instant
    if seen.layer.time is not None and query.when.is_interval:
        column = sql.SQL("{}.{}").format(ALIAS, sql.Identifier(seen.layer.time))
        if query.when.start is not None:
            conditions.append(sql.SQL("{} >= %(start)s").format(column))
            params["start"] = query.when.start
        if query.when.end is not None:
            conditions.append(sql.SQL("{} <= %(end)s").format(column))
            params["end"] = query.when.end
    for number, (name, value) in enumerate(typed_filters(seen, query.filters).items()):
        conditions.append(sql.SQL("{}.{} = {}").format(ALIAS, sql.Identifier(name), sql.Placeholder(f"filter{number}")))
        params[f"filter{number}"] = value
    if query.cursor is not None:
        conditions.append(sql.SQL("{}.id > %(after)s").format(ALIAS))
        params["after"] = read_cursor(query.cursor)
    return conditions, params


def _box(params: dict[str, Any], box: Bbox) -> sql.Composable:
    """Four placeholders for the corners of a box; the values go into `params`."""
    names = []
    for value in box:
        name = f"corner{len(params)}"
        params[name] = value
        names.append(sql.SQL("{}::float8").format(sql.Placeholder(name)))
    return sql.SQL(", ").join(names)


def _page(rows: Sequence[Mapping[str, Any]], limit: int) -> FeaturePage:
    kept = rows[:limit]
    more = len(rows) > limit
    return FeaturePage([row["feature"] for row in kept], write_cursor(kept[-1]["id"]) if more else None)


# -- parameters -------------------------------------------------------------------------------------------------------


def parse_bbox(text: str) -> Bbox:
    """Read `bbox=`: four numbers, or six whose heights are ignored. Raises BadInput."""
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) == 6:
        numbers = [numbers[0], numbers[1], numbers[3], numbers[4]]
    if len(numbers) != 4:
        raise BadInput("bbox is west,south,east,north in degrees.", reason="bbox")
    west, south, east, north = numbers
    # The negated form also refuses NaN.
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90):
        raise BadInput("bbox is west,south,east,north in degrees, within 180 and 90, south first.", reason="bbox")
    return west, south, east, north


def split_bbox(box: Bbox) -> list[Bbox]:
    """The box itself, or its two halves when it crosses the antimeridian."""
    west, south, east, north = box
    if west <= east:
        return [box]
    return [(west, south, 180.0, north), (-180.0, south, east, north)]


_INT = re.compile(r"[+-]?[0-9]{1,18}")


def typed_filters(seen: View, filters: Mapping[str, str]) -> dict[str, Any]:
    """The filters with values of their columns' types.

    An attribute that does not exist, or is not the asker's to see or to filter by, is unknown: BadInput.
    """
    known = seen.filterable()
    out: dict[str, Any] = {}
    for name, text in filters.items():
        if "\0" in text:
            raise BadInput(f"{name} holds a zero byte.", reason="filter")
        if name == "key":
            out[name] = text
        elif name in known:
            out[name] = _typed(known[name], text)
        else:
            raise BadInput(f"{name[:60]!r} is not a parameter of this collection.", reason="unknown-parameter")
    return out


def _typed(attribute: Attribute, text: str) -> Any:
    wrong = BadInput(f"{attribute.name}={text[:60]!r} is no {attribute.kind}.", reason="filter")
    if attribute.kind in ("int", "count", "level"):
        if _INT.fullmatch(text) is None:
            raise wrong
        return int(text)
    if attribute.kind == "number":
        try:
            return float(text)
        except ValueError:
            raise wrong from None
    if attribute.kind == "bool":
        if text not in ("true", "false"):
            raise wrong
        return text == "true"
    if attribute.kind == "time":
        return parse_instant(text)
    return text


def write_cursor(after: int) -> str:
    """An opaque cursor for the page after that id."""
    return base64.urlsafe_b64encode(f"1:{after}".encode()).decode().rstrip("=")


def read_cursor(text: str) -> int:
    """The id a cursor stands after. Raises BadInput for text that `write_cursor` did not write."""
    try:
        plain = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        plain = ""
    found = re.fullmatch(r"1:([0-9]{1,18})", plain)
    if found is None:
        raise BadInput("The cursor is not one of ours.", reason="cursor")
    return int(found[1])
