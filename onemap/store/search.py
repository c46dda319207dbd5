"""Finding things by what they are called: names, titles, codes and keys of every layer that a grant may see.

One statement over all layers, each through `policy_sql` like features and tiles, so that what is hidden is neither
found nor counted. Texts are compared folded (NFKC, small letters) and by whole characters: no sign of the question is a
wildcard. Large layers have their texts by pairs of characters in an index (`schema.searched_index`); of the others all
are read.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from onemap.core.errors import BadInput
from onemap.core.policy import Grant
from onemap.store.db import AsyncConnection
from onemap.store.layer import LayerSpec
from onemap.store.policy_sql import ALIAS, View, area_condition, relation, view

MAX_CHARACTERS = 64
MAX_LIMIT = 50
STATEMENT_S = 2.0
#: So many of a layer come before the ones of others that match as well: a thousand houses hide no road.
_SHARE = 5
#: The pole has no place on the map's plane.
_MAX_LAT = 85.0
_MATCH = ("exact", "prefix", "inside")
_NEAR = sql.SQL("st_transform(st_setsrid(st_makepoint(%(lon)s, %(lat)s), 4326), 3857)")
#: So many of a large layer are compared; of a question that more answer to, the nearest are among them.
_ENOUGH = 20_000
_NEAREST = 2_000
_KEY_RANK = sql.SQL("CASE WHEN w.t0 = %(words)s THEN 0 END")  # a key is known whole or not at all
_RANK = (
    "CASE WHEN w.{0} = %(words)s THEN 0 WHEN starts_with(w.{0}, %(words)s) THEN 1 "
    "WHEN strpos(w.{0}, %(words)s) > 0 THEN 2 END"
)

Position = tuple[float, float]


@dataclass(frozen=True)
class SearchQuery:
    """What is looked for: `text` as `tidy` leaves it, at most `limit` things, nearer to `near` (lon, lat) first."""

    text: str
    limit: int = 20
    near: Position | None = None


@dataclass(frozen=True)
class SearchPage:
    """What was found, best first, as plain data; whether there is more than that."""

    items: list[dict[str, Any]]
    more: bool


def tidy(text: str) -> str:
    """A question with narrow signs (NFKC) and nothing around it. Raises BadInput unless that has 1 to 64 characters."""
    plain = unicodedata.normalize("NFKC", text).strip()
    if not 1 <= len(plain) <= MAX_CHARACTERS or "\0" in plain:
        raise BadInput(f"q 为 1 至 {MAX_CHARACTERS} 个字符 · q is 1 to {MAX_CHARACTERS} characters.", reason="q")
    return plain


def parse_near(text: str) -> Position:
    """Read `near=`: longitude and latitude. Raises BadInput."""
    try:
        lon, lat = (float(part) for part in text.split(","))
    except ValueError:
        lon = lat = math.nan
    # The negated form also refuses NaN.
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise BadInput("near 为经度,纬度 · near is longitude,latitude in degrees.", reason="near")
    return lon, max(-_MAX_LAT, min(_MAX_LAT, lat))


async def search(
    conn: AsyncConnection,
    layers: Sequence[LayerSpec],
    grant: Grant,
    query: SearchQuery,
    *,
    around: Sequence[LayerSpec] = (),
) -> SearchPage:
    """What of these layers is called so: exact names, codes and keys first, then beginnings, then parts of a name.

    Layers hidden from the grant are left out. `around` are the layers that say where a thing lies, the smallest first.
    Raises psycopg.errors.QueryCanceled when the statement takes longer than STATEMENT_S.
    """
    seen = [view(layer, grant) for layer in layers if grant.sees_layer(layer.name, layer.roles)]
    places = [view(layer, grant) for layer in around if grant.sees_layer(layer.name, layer.roles)]
    if not seen:
        return SearchPage([], more=False)
    statement, params = search_statement(seen, places, query)
    async with conn.transaction():
        await conn.execute("SELECT set_config('statement_timeout', %s, true)", (str(int(STATEMENT_S * 1000)),))
        # Never prepared: a plan made without the words would not know whether they are rare.
        rows = await (await conn.execute(statement, params, prepare=False)).fetchall()
    items = [_item(row, seen[row["layer"]], query) for row in rows]
    return SearchPage(items, more=bool(rows) and rows[0]["matches"] > query.limit)


# -- compilation ------------------------------------------------------------------------------------------------------


def search_statement(
    seen: Sequence[View], places: Sequence[View], query: SearchQuery
) -> tuple[sql.Composed, dict[str, Any]]:
    """The statement over all layers and its parameters."""
    area, params = area_condition(seen[0])  # one grant: one area
    words = query.text.lower()
    params |= {
        "words": words,
        # The index of keys knows them as they are written.
        "keys": sorted({query.text, words, words.upper()}),
        "limit": query.limit,
        "pairs": [words[i : i + 2] for i in range(len(words) - 1)],
    }
    near: sql.Composable = sql.SQL("0.0::float8")
    if query.near is not None:
        params["lon"], params["lat"] = query.near
        near = sql.SQL("(f.geom_3857 <#> {})").format(_NEAR)
    found = sql.SQL(" UNION ALL ").join(
        _of_layer(number, one, query, near=near, area=area) for number, one in enumerate(seen)
    )
    statement = sql.SQL("""WITH found AS ({found}),
        placed AS (
          SELECT *, row_number() OVER (PARTITION BY layer ORDER BY rank, near, name, key) > {share} AS later,
                 count(*) OVER () AS matches
          FROM found),
        kept AS (SELECT * FROM placed ORDER BY later, rank, near, layer, name, key LIMIT %(limit)s)
        SELECT kept.layer, kept.key, kept.rank, kept.texts, kept.name, kept.name_en, kept.kind, kept.matches,
               st_x(at.point) AS lon, st_y(at.point) AS lat,
               st_xmin(kept.geom) AS west, st_ymin(kept.geom) AS south,
               st_xmax(kept.geom) AS east, st_ymax(kept.geom) AS north, {place} AS place
        FROM kept CROSS JOIN LATERAL (SELECT st_pointonsurface(st_force2d(kept.geom)) AS point) AS at
        ORDER BY rank, near, layer, name, key""").format(
        found=found, share=sql.Literal(_SHARE), place=_place(seen, places, area)
    )
    return statement, params


def _of_layer(
    number: int, seen: View, query: SearchQuery, *, near: sql.Composable, area: sql.Composable | None
) -> sql.Composable:
    """The best of one layer, one more than asked for. Lines of one name (a road's pieces) are one thing."""
    names = _searched(seen)
    texts = [_column("key"), *(_column(name) for name in names)]
    terms = [sql.Identifier(f"t{place}") for place in range(len(texts))]
    ranks = [_KEY_RANK, *(sql.SQL(_RANK).format(term) for term in terms[1:])]
    large = "searched" in seen.layer.table.info
    within = sql.SQL("true") if area is None or large else area
    # The fences (OFFSET 0) fold each text once.
    inner = sql.SQL(
        """SELECT {number} AS layer, f.key, f.geom, r.rank, {near} AS near, coalesce({called}) AS name,
        {name_en} AS name_en, {kind} AS kind, ARRAY[{texts}] AS texts
        FROM {source} CROSS JOIN LATERAL (SELECT {folded} OFFSET 0) AS w
        CROSS JOIN LATERAL (SELECT LEAST({ranks}) AS rank OFFSET 0) AS r WHERE r.rank IS NOT NULL AND {within}"""
    ).format(
        number=sql.Literal(number),
        near=near,
        called=_listed([*texts[1:], texts[0]]),
        name_en=_column("name_en") if "name_en" in names else sql.SQL("NULL::text"),
        kind=_kind(seen),
        texts=_listed(texts),
        source=_candidates(seen, names, query, area) if large else relation(seen.layer, as_of=False, in_force=True),
        folded=_listed([sql.SQL("onemap.folded({}) AS {}").format(*one) for one in zip(texts, terms, strict=True)]),
        ranks=_listed(ranks),
        within=within,
    )
    if "LineString" in seen.layer.geometry:
        inner = sql.SQL("SELECT DISTINCT ON (name) * FROM ({}) AS line ORDER BY name, rank, near, key").format(inner)
    return sql.SQL("(SELECT * FROM ({}) AS one ORDER BY rank, near, name, key LIMIT %(limit)s + 1)").format(inner)


def _candidates(seen: View, names: Sequence[str], query: SearchQuery, area: sql.Composable | None) -> sql.Composable:
    """Rows of a large layer that may be meant: at most ENOUGH by their words, and where there are as many the nearest.

    The words come before the asker's area (OFFSET 0), or the planner would fold all that lies in the area. A single
    character is in no pair: it stands for itself as a key, and in what is nearest.
    """
    source = relation(seen.layer, as_of=False, in_force=True)
    within = sql.SQL("true") if area is None else area
    arms: list[sql.Composable] = [sql.SQL("{} = ANY(%(keys)s)").format(_column("key"))]
    if len(query.text) > 1:
        arms += [sql.SQL("onemap.grams({}) @> %(pairs)s::text[]").format(_column(name)) for name in names]
    first = sql.SQL(
        "SELECT * FROM (SELECT f.* FROM {source} WHERE {words} OFFSET 0) AS f WHERE {within} LIMIT {enough}"
    ).format(source=source, words=sql.SQL(" OR ").join(arms), within=within, enough=sql.Literal(_ENOUGH))
    if query.near is None:
        return sql.SQL("({}) AS f").format(first)
    return sql.SQL(
        """(WITH worded AS MATERIALIZED ({first})
        SELECT * FROM worded UNION ALL
        SELECT * FROM (SELECT f.* FROM {source} ORDER BY f.geom_3857 <-> {near} LIMIT {nearest}) AS f
        WHERE {broad} AND f.id NOT IN (SELECT id FROM worded) AND {within}) AS f"""
    ).format(
        first=first,
        source=source,
        near=_NEAR,
        nearest=sql.Literal(_NEAREST),
        broad=sql.SQL("true")
        if len(query.text) == 1
        else sql.SQL("(SELECT count(*) FROM worded) = {}").format(sql.Literal(_ENOUGH)),
        within=within,
    )


def _listed(parts: Sequence[sql.Composable]) -> sql.Composable:
    return sql.SQL(", ").join(parts)


def _searched(seen: View) -> list[str]:
    """The texts that this asker may look in."""
    visible = {attribute.name for attribute in seen.attributes}
    return [name for name in seen.layer.searched if name in visible]


def _column(name: str) -> sql.Composable:
    return sql.SQL("{}.{}").format(ALIAS, sql.Identifier(name))


def _kind(seen: View) -> sql.Composable:
    """What sort of a thing it is: its kind, or what the map draws it by."""
    name = seen.layer.kind_of
    visible = {attribute.name for attribute in seen.attributes if not seen.suppresses(attribute)}
    return sql.SQL("{}::text").format(_column(name)) if name in visible else sql.SQL("NULL::text")


def _place(seen: Sequence[View], places: Sequence[View], area: sql.Composable | None) -> sql.Composable:
    """Where a thing lies: the smallest of the first layer that has one there; a place is not told by smaller ones."""
    numbers = {one.layer.name: number for number, one in enumerate(seen)}
    told: list[sql.Composable] = []
    for place, one in enumerate(places):
        names = _searched(one)
        if not names:
            continue
        conditions: list[sql.Composable] = [sql.SQL("st_intersects({}.geom, at.point)").format(ALIAS)]
        if area is not None:
            conditions.append(area)
        others = [sql.Literal(numbers.get(other.layer.name, -1)) for other in places[place:]]
        told.append(
            sql.SQL(
                "CASE WHEN kept.layer NOT IN ({others}) THEN (SELECT {name} FROM {source} WHERE {where} "
                "ORDER BY st_area({alias}.geom), {alias}.id LIMIT 1) END"
            ).format(
                others=_listed(others),
                name=_column(names[0]),
                source=relation(one.layer, as_of=False, in_force=True),
                where=sql.SQL(" AND ").join(conditions),
                alias=ALIAS,
            )
        )
    return sql.SQL("coalesce({})").format(sql.SQL(", ").join([*told, sql.SQL("NULL")]))


def _item(row: Mapping[str, Any], seen: View, query: SearchQuery) -> dict[str, Any]:
    by, text = _matched(row, seen, query.text.lower())
    west, south, east, north = (round(row[side], 7) for side in ("west", "south", "east", "north"))
    return {
        "layer": seen.layer.name,
        "key": row["key"],
        "name": row["name"],
        "name_en": row["name_en"],
        "kind": row["kind"],
        "match": _MATCH[row["rank"]],
        "by": by,
        "text": text,
        "place": row["place"],
        "point": [round(row["lon"], 7), round(row["lat"], 7)],
        "bbox": [west, south, east, north],
    }


def _matched(row: Mapping[str, Any], seen: View, words: str) -> tuple[str, str]:
    """The attribute that answers the question as well as the whole does, and its text; the key last."""
    named = dict(zip(("key", *_searched(seen)), row["texts"], strict=True))
    named["key"] = named.pop("key")
    for name, text in named.items():
        plain = unicodedata.normalize("NFKC", text or "").lower()
        if words in plain and (0 if plain == words else 1 if plain.startswith(words) else 2) == row["rank"]:
            return name, text
    return "key", row["key"]
