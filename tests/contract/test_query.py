"""Reading features: boxes, times, filters, pages, and that the database is asked through its spatial index."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import mapbox_vector_tile
import pytest
import shapely
from psycopg import AsyncRawCursor, sql
from shapely.geometry import Point, shape

from onemap.core.policy import ALL_ROLES, Grant, Role
from onemap.layers import BY_NAME, LAYERS
from onemap.store import feature, query
from onemap.store.db import AsyncConnection, Connection, connect, open_pool
from onemap.store.feature import FeatureRow
from onemap.store.layer import LayerSpec
from onemap.store.partition import Partitions
from onemap.store.policy_sql import view
from onemap.store.query import FeatureQuery
from onemap.store.sqlfile import sql as text_of
from tests.contract import samples
from tests.contract.conftest import AREA
from tests.contract.test_layers import path, tile_at
from tiles.vector import VectorSource

Get = Callable[..., Any]
COMMAND = Grant("x", Role.COMMAND)
every_layer = pytest.mark.parametrize("layer", LAYERS, ids=[layer.name for layer in LAYERS])


@pytest.fixture
async def reader(filled: str) -> AsyncIterator[AsyncConnection]:
    pool = open_pool(filled, size=1)
    async with pool, pool.connection() as conn:
        yield conn


def ids(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["features"]]


@every_layer
def test_bbox_gives_what_meets_the_box(layer: LayerSpec, get: Get) -> None:
    box = shapely.box(samples.WEST - 0.0001, samples.SOUTH - 0.0001, samples.WEST + 0.002, samples.SOUTH + 0.0015)
    bounds = ",".join(map(str, box.bounds))
    found = get(f"/ogc/collections/{layer.name}/items?bbox={bounds}&limit=100")
    every = get(f"/ogc/collections/{layer.name}/items?limit=100").json()["features"]
    expected = {one["id"] for one in every if shape(one["geometry"]).intersects(box)}
    assert set(ids(found)) == expected
    assert 0 < len(expected) < 25
    six = f"{box.bounds[0]},{box.bounds[1]},0,{box.bounds[2]},{box.bounds[3]},9"
    assert set(ids(get(f"/ogc/collections/{layer.name}/items?bbox={six}"))) == expected


def test_a_box_across_the_antimeridian(get: Get, committed: Connection) -> None:
    place = BY_NAME["place"]
    at = {"fiji east": (-179.5, -17.0), "fiji west": (179.5, -17.0), "not there": (0.0, -17.0)}
    with committed.transaction():
        rows = [FeatureRow(key, Point(*where), {"name": key}) for key, where in at.items()]
        feature.upsert(committed, place, rows, feed="test")
    assert set(ids(get("/ogc/collections/place/items?bbox=179,-18,-179,-16"))) == {"fiji east", "fiji west"}
    assert ids(get("/ogc/collections/place/items?bbox=179,-18,-179,-16&limit=1")) != []
    feature.delete(committed, place, list(at))


@pytest.mark.parametrize(
    "params",
    [
        "bbox=1,2,3", "bbox=a,b,c,d", "bbox=0,10,10,0", "bbox=nan,0,1,1", "bbox=0,0,inf,1", "bbox=-181,0,1,1",
        "limit=0",
        "limit=-1", "limit=ten", "limit=1.5", "datetime=now", "datetime=2026-01-01T00:00:00", "datetime=a/b/c",
        "datetime=2026-02-01T00:00:00Z/2026-01-01T00:00:00Z", "cursor=abc", "cursor=MTox%00", "cursor=",
        "colour=red", "name=a&name=b", "level=two", "level=1;DROP TABLE hazard", "level=", "geom=1", "sys_from=2026",
        "id=1", "name=%00", "level=99999999999999999999", "slope_deg=x", "bbox=0,0,1,1&bbox=0,0,1,1",
        "bbox-crs=EPSG:4326",
        "kind'--=1", "feed=samples", "changed_by=x", "h3=1",
    ],
)  # fmt: skip
def test_bad_parameters_are_400(params: str, get: Get) -> None:
    answer = get(f"/ogc/collections/hazard/items?{params}")
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_values_that_look_like_sql_are_values(get: Get) -> None:
    for text in ("x' OR '1'='1", "'; DROP TABLE onemap.hazard; --", "%", "\\", "{}", "%(area)s", "$1"):
        answer = get("/ogc/collections/hazard/items?name=" + text.replace("%", "%25").replace(";", "%3B"))
        assert ids(answer) == []
        assert get("/ogc/collections/hazard/items/" + text.replace("%", "%25")).status_code == 404
    assert len(ids(get("/ogc/collections/hazard/items"))) == 25


def test_a_key_with_slashes_and_odd_letters(get: Get, committed: Connection) -> None:
    grid = BY_NAME["grid"]
    key = "2026/4403 网格?&#%/1"
    with committed.transaction():
        row = FeatureRow(key, samples.geometry("MultiPolygon", 106.62, 29.70), {"name": "x"})
        feature.upsert(committed, grid, [row], feed="test")
    listed = get("/ogc/collections/grid/items?bbox=106.61,29.69,106.63,29.71").json()["features"]
    assert [one["id"] for one in listed] == [key]
    found = get("/ogc/collections/grid/items/2026%2F4403%20%E7%BD%91%E6%A0%BC%3F%26%23%25%2F1").json()
    assert found["id"] == key
    self_link = next(link["href"] for link in found["links"] if link["rel"] == "self")
    assert get(self_link.removeprefix("http://testserver")).json()["id"] == key
    feature.delete(committed, grid, [key])


def test_an_interval_selects_by_the_events_own_time(get: Get) -> None:
    def at(minutes: int) -> str:
        return (samples.START + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")

    base = "/ogc/collections/incident/items?limit=100&datetime="
    assert set(ids(get(f"{base}{at(3)}/{at(5)}"))) == {"incident-3", "incident-4", "incident-5"}
    assert len(ids(get(f"{base}../{at(5)}"))) == 6
    assert len(ids(get(f"{base}{at(20)}/.."))) == 5
    assert len(ids(get(f"{base}{at(20)}/"))) == 5
    # A layer without a time of its own has no event to select by: everything matches, as the standard has it.
    assert len(ids(get(f"/ogc/collections/place/items?limit=100&datetime=../{at(5)}"))) == 25


@every_layer
async def test_as_of_an_instant_is_what_was_there(
    layer: LayerSpec, get: Get, committed: Connection, reader: AsyncConnection
) -> None:
    """Three versions and a deletion; between any two, the answer of then is found again at every door."""
    column = next(
        a.name
        for a in layer.attributes
        if a.name not in layer.volatile and a.kind in ("text", "code", "number", "level")
    )
    first, second, third = (samples.value(layer, _attribute(layer, column), i) for i in (0, 1, 2))
    where = samples.geometry(layer.geometry, 106.64, 29.72)
    moved = samples.geometry(layer.geometry, 106.641, 29.721)
    box = "bbox=106.63,29.71,106.65,29.73"
    items = f"/ogc/collections/{layer.name}/items?{box}"
    tile = path(layer, tile_at(max(layer.minzoom, 13), 106.64, 29.72))

    def write(geom: Any, value: Any) -> None:
        with committed.transaction():
            feature.upsert(committed, layer, [FeatureRow("past", geom, {column: value})], feed="test")

    def now() -> datetime:
        row = committed.execute("SELECT clock_timestamp() AS at").fetchone()
        assert row is not None
        return row["at"]

    seen: list[tuple[datetime, Any, set[str]]] = []

    def note() -> None:
        answer = get(items).json()["features"]
        assert get(tile).status_code in (200, 204)
        seen.append((now(), answer, {one["id"] for one in answer}))

    note()
    write(where, first)
    note()
    write(where, second)
    note()
    if "geom" not in layer.volatile:
        write(moved, third)
        note()
    feature.delete(committed, layer, ["past"])
    note()
    assert [len(answer) for _, answer, _ in seen] == [0, *[1] * (len(seen) - 2), 0]
    for instant, answer, keys in seen:
        text = instant.astimezone(UTC).isoformat().replace("+", "%2B")
        assert get(f"{items}&datetime={text}").json()["features"] == answer
        old = get(f"{tile}?datetime={text}")
        assert (old.status_code == 200 and b"past" in old.content) == bool(keys)
        one = get(f"/ogc/collections/{layer.name}/items/past?datetime={text}")
        assert one.status_code == (200 if keys else 404)


def test_two_versions_never_hold_the_same_instant(get: Get, committed: Connection, filled: str) -> None:
    """A transaction that began first and wrote last: its version is the later one, and there is one at any instant."""
    layer, place = BY_NAME["hazard"], Point(106.645, 29.725)

    def write(conn: Connection, name: str) -> None:
        feature.upsert(conn, layer, [FeatureRow("raced", place, {"name": name})], feed="test")

    with connect(filled) as slow:
        slow.execute("SELECT now()")
        with committed.transaction():
            write(committed, "first")
        with committed.transaction():
            write(committed, "second")
        write(slow, "third")
        slow.commit()
    rows = committed.execute(
        "SELECT name, sys_from, sys_to FROM hazard_history WHERE key = 'raced' UNION ALL "
        "SELECT name, sys_from, NULL FROM hazard WHERE key = 'raced' ORDER BY sys_from"
    ).fetchall()
    assert [row["name"] for row in rows] == ["first", "second", "third"]
    assert [row["sys_to"] for row in rows] == [rows[1]["sys_from"], rows[2]["sys_from"], None]
    for row in rows:
        text = row["sys_from"].isoformat().replace("+", "%2B")
        found = get(f"/ogc/collections/hazard/items?key=raced&datetime={text}").json()["features"]
        assert [one["properties"]["name"] for one in found] == [row["name"]]
    feature.delete(committed, layer, ["raced"])


def _attribute(layer: LayerSpec, name: str) -> Any:
    found = layer.attribute(name)
    assert found is not None
    return found


def test_sensors_and_movers_as_of_an_instant_show_the_readings_and_fixes_of_then(
    get: Get, committed: Connection
) -> None:
    base = datetime.now(UTC)
    early, late = base + timedelta(seconds=60), base + timedelta(seconds=120)
    with committed.transaction():
        Partitions().ensure(committed, "observation", [early, late])
        Partitions().ensure(committed, "fix", [early, late])
        stream = committed.execute(
            "INSERT INTO datastream (key, sensor_key, property, name, unit) "
            "VALUES ('s/1', 'sensor-2', 'rain', 'x', 'mm') RETURNING id"
        ).fetchone()
        mover = committed.execute("SELECT id FROM mover WHERE key = 'mover-2'").fetchone()
        assert stream is not None
        assert mover is not None
        for at, value in ((early, 1.5), (late, 9.5)):
            committed.execute(
                "INSERT INTO observation (datastream_id, at, value) VALUES (%s, %s, %s)", (stream["id"], at, value)
            )
            committed.execute(
                "INSERT INTO fix (mover_id, at, geom, h3, speed_mps) VALUES "
                "(%s, %s, st_setsrid(st_makepoint(%s, 29.6, 250), 4326), 1, %s)",
                (mover["id"], at, 106.5 + value / 1000, value),
            )

    def then(layer: str, at: datetime) -> Any:
        text = at.isoformat().replace("+", "%2B")
        return get(f"/ogc/collections/{layer}/items/{layer}-2?datetime={text}")

    middle, after = early + timedelta(seconds=30), late + timedelta(seconds=30)
    assert then("sensor", middle).json()["properties"]["last_value"] == 1.5
    assert then("sensor", after).json()["properties"]["last_value"] == 9.5
    assert then("sensor", after).json()["properties"]["last_unit"] == "mm"
    moving = then("mover", middle).json()
    assert (moving["properties"]["speed_mps"], moving["properties"]["altitude_m"]) == (1.5, 250)
    assert moving["geometry"]["coordinates"] == [106.5015, 29.6]
    assert then("mover", after).json()["geometry"]["coordinates"] == [106.5095, 29.6]
    assert then("mover", late + timedelta(minutes=11)).json()["properties"]["status"] == "lost"
    # Before its first fix it was somewhere, and nobody knows where.
    assert then("mover", base + timedelta(seconds=30)).status_code == 404


async def test_features_by_ids_keeps_to_the_policy(reader: AsyncConnection, filled: str) -> None:
    hazard = BY_NAME["hazard"]
    rows = await (await reader.execute("SELECT id, key FROM hazard ORDER BY id")).fetchall()
    every = [row["id"] for row in rows]
    assert set(await query.features_by_ids(reader, hazard, COMMAND, [*every, 10**12])) == set(every)
    part = await query.features_by_ids(reader, hazard, Grant("x", Role.VIEWER, area_wkb=shapely.to_wkb(AREA)), every)
    assert len(part) == 6
    assert all("residents" not in text and "contact_role" not in text for text in part.values())
    with connect(filled) as conn:
        assert query.features_by_ids_sync(conn, hazard, COMMAND, every) == await query.features_by_ids(
            reader, hazard, COMMAND, every
        )


async def test_small_counts_are_hidden_and_cannot_be_asked_for(reader: AsyncConnection, filled: str) -> None:
    """No layer shows counts to a role without exact counts today: a spec that did would still hide the small ones."""
    building = BY_NAME["building"]
    opened = replace(
        building,
        attributes=tuple(
            replace(a, roles=ALL_ROLES, tile_minzoom=0) if a.small_counts else a for a in building.attributes
        ),
    )
    viewer = Grant("x", Role.VIEWER)
    page = await query.features(reader, opened, viewer, FeatureQuery(limit=100), floor=5)
    shown = {one["properties"]["key"]: one["properties"] for one in map(json.loads, page.features)}
    for i in range(25):
        found = shown[f"building-{i}"]
        assert found["residents"] == (None if i < 5 else i)
        assert found["residents_note"] == ("<5" if i < 5 else None)
    with pytest.raises(Exception, match="residents"):
        await query.features(reader, opened, viewer, FeatureQuery(filters={"residents": "3"}), floor=5)
    exact = await query.features(reader, opened, COMMAND, FeatureQuery(filters={"residents": "3"}))
    assert [json.loads(one)["id"] for one in exact.features] == ["building-3"]

    pool = open_pool(filled, size=1)
    async with pool:
        rendered = await VectorSource(pool, view(opened, viewer, floor=5)).render(
            tile_at(13, samples.WEST, samples.SOUTH)
        )
    for one in mapbox_vector_tile.decode(rendered.data)["building"]["features"]:
        i = int(one["properties"]["key"].removeprefix("building-"))
        assert one["properties"].get("residents") == (None if i < 5 else i)
        assert one["properties"].get("residents_note") == ("<5" if i < 5 else None)


@pytest.fixture(scope="module")
def wide(filled: str) -> str:
    """Enough rows, over enough ground, that the planner has a reason to choose."""
    with connect(filled) as conn:
        for name in ("building", "incident"):
            conn.execute(
                sql.SQL(
                    "INSERT INTO {} (key, geom, h3) SELECT 'wide' || i, st_setsrid({}, 4326), i FROM "
                    "generate_series(1, 20000) i, LATERAL "
                    "(SELECT st_makepoint(-60 + (i %% 200) * 0.01, -30 + (i / 200) * 0.01) AS p) q"
                ).format(
                    sql.Identifier("onemap", name),
                    sql.SQL("st_multi(st_buffer(p, 0.0001, 1))" if name == "building" else "p"),
                ),
                {},
            )
    with connect(filled, autocommit=True) as conn:
        conn.execute("ANALYZE")
    return filled


@pytest.mark.parametrize("name", ["building", "incident"])
@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_explain_names_the_gist_index(name: str, mode: str, wide: str) -> None:
    layer = BY_NAME[name]
    area = shapely.to_wkb(shapely.MultiPolygon([shapely.box(-59.9, -29.9, -59.8, -29.8)]))
    number = tile_at(13, -59.5, -29.5)
    pool = open_pool(wide, size=1)
    async with pool, pool.connection() as conn:
        await conn.execute(f"SET plan_cache_mode = {mode}")

        async def plan(statement: Any, params: dict[str, Any]) -> str:
            text = b"EXPLAIN " + statement.as_bytes(conn)
            rows = await (await conn.execute(text, params, prepare=True)).fetchall()
            return "\n".join(row["QUERY PLAN"] for row in rows)

        async def tile_plan(source: VectorSource) -> str:
            statement, names = source.statement(13)
            params = source.params(number)
            cursor = AsyncRawCursor(conn)
            await cursor.execute(b"EXPLAIN " + statement, [params[name] for name in names], prepare=True)
            return "\n".join(row["QUERY PLAN"] for row in await cursor.fetchall())

        now = VectorSource(pool, view(layer, COMMAND))
        assert f"ix_{name}_geom_3857" in await tile_plan(now)
        then = VectorSource(pool, view(layer, COMMAND), datetime.now(UTC))
        found = await tile_plan(then)
        assert re.search(rf"ix_{name}_geom\b", found)
        part = VectorSource(pool, view(layer, Grant("x", Role.COMMAND, area_wkb=area)))
        assert f"ix_{name}_geom_3857" in await tile_plan(part)
        boxed = query.page_statement(view(layer, COMMAND), FeatureQuery(bbox=(-59.5, -29.5, -59.4, -29.4)))
        assert re.search(rf"ix_{name}_geom\b", await plan(*boxed))
        limited = query.page_statement(view(layer, Grant("x", Role.COMMAND, area_wkb=area)), FeatureQuery())
        assert re.search(rf"ix_{name}_geom\b", await plan(*limited))
        plain = query.page_statement(view(layer, COMMAND), FeatureQuery(cursor=query.write_cursor(100)))
        assert f"pk_{name}" in await plan(*plain)


async def test_explain_names_the_logs_index_for_freshness(wide: str) -> None:
    pool = open_pool(wide, size=1)
    async with pool, pool.connection() as conn:
        params = {"layers": ["building"], "snapshot": "9999999:9999999:", "west": 0, "south": 0, "east": 1, "north": 1}
        rows = await (await conn.execute("EXPLAIN " + text_of("tile_changed"), params)).fetchall()
        found = "\n".join(row["QUERY PLAN"] for row in rows)
        assert "layer" in found
        assert "Index" in found
