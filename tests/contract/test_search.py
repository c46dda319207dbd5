"""The search: every layer by what it is called, best first, what is typed taken literally, and within bounds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import quote

import pytest
from shapely.geometry import LineString, MultiLineString, MultiPolygon, Point, box

from onemap.core.errors import TooManyRequests
from onemap.core.policy import Grant, Role
from onemap.layers import BY_NAME, LAYERS
from onemap.store import feature, search
from onemap.store.db import AsyncConnection, connect, open_pool
from onemap.store.feature import FeatureRow
from onemap.store.layer import LayerSpec
from onemap.store.policy_sql import view
from server.turns import Turns
from tests.contract import samples

Get = Callable[..., Any]
COMMAND = Grant("x", Role.COMMAND)
every_layer = pytest.mark.parametrize("layer", LAYERS, ids=[layer.name for layer in LAYERS])
#: Away from the samples of the other rows.
LON, LAT = 106.6, 29.7


def house(key: str, name: str, lon: float = LON, lat: float = LAT, code: str | None = None) -> FeatureRow:
    return FeatureRow(
        key, MultiPolygon([box(lon, lat, lon + 0.0004, lat + 0.0003)]), {"name": name, "address_code": code}
    )


@pytest.fixture(scope="module", autouse=True)
def town(filled: str) -> None:
    """Houses, lamps and a road in pieces whose names say which test asks for them."""
    rows = {
        "building": [
            house("h-far", "翠湖花园", LON + 0.05),
            house("h-1", "翠湖花园1号楼"),
            house("h-2", "新翠湖花园", LON + 0.001),
            house("h-3", "100%_全\\日制"),
            house("h-4", "１０２大厦（Ａ座）"),
            *(house(f"many-{i:03}", f"万象{i:03}栋", LON + i * 0.0005) for i in range(70)),
        ],
        "part": [
            FeatureRow(
                "50010300100012345",
                Point(LON, LAT + 0.01),
                {"name": "路灯", "code": "50010300100012345", "class_code": "01037"},
            )
        ],
        "road": [
            FeatureRow(f"piece-{i}", MultiLineString([LineString([(x, LAT), (x + 0.001, LAT)])]), {"name": "万象路"})
            for i, x in enumerate((LON, LON + 0.001, LON + 0.002))
        ],
        "area": [
            FeatureRow(
                "community",
                MultiPolygon([box(LON - 0.002, LAT - 0.002, LON + 0.03, LAT + 0.03)]),
                {"level": "community", "code": "500103001001", "name": "湖畔社区"},
            )
        ],
        "grid": [
            FeatureRow(
                "2026/500103001001001",
                MultiPolygon([box(LON - 0.001, LAT - 0.001, LON + 0.02, LAT + 0.02)]),
                {"edition": "2026", "code": "500103001001001", "name": "湖畔一格"},
            ),
            FeatureRow(
                "2020/500103001001001",
                MultiPolygon([box(LON - 0.001, LAT - 0.001, LON + 0.02, LAT + 0.02)]),
                {"code": "500103001001001", "name": "湖畔旧格", "valid_to": samples.START},
            ),
        ],
    }
    with connect(filled) as conn:
        for layer, some in rows.items():
            feature.upsert(conn, BY_NAME[layer], some, feed="town")


def found(get: Get, q: str, who: str = "command", **options: Any) -> dict[str, Any]:
    text = "".join(f"&{name}={value}" for name, value in options.items())
    answer = get(f"/search?q={quote(q)}{text}", who)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def keys(told: dict[str, Any]) -> list[str]:
    return [one["key"] for one in told["items"]]


@every_layer
def test_every_layer_is_found_by_its_key_and_by_what_it_is_called(layer: LayerSpec, get: Get) -> None:
    for q in (f"{layer.name}-3", f"{layer.name}-3".upper()):
        (first,) = found(get, q, layers=layer.name)["items"]
        assert (first["layer"], first["key"], first["match"], first["by"]) == (
            layer.name,
            f"{layer.name}-3",
            "exact",
            "key",
        )
    west, south, east, north = first["bbox"]
    assert west <= first["point"][0] <= east and south <= first["point"][1] <= north
    here = samples.place(3)
    assert abs(first["point"][0] - here[0]) < 2e-3 and abs(first["point"][1] - here[1]) < 2e-3
    for name in layer.searched:
        told = found(get, f"{name} 17", layers=layer.name)
        assert [(one["key"], one["match"], one["by"]) for one in told["items"]] == [(f"{layer.name}-17", "exact", name)]
        assert f"{layer.name}-17" in keys(found(get, f"{name[1:]} 17", layers=layer.name))


def test_whole_names_come_before_beginnings_and_those_before_the_middle_and_then_what_is_near(get: Get) -> None:
    assert keys(found(get, "翠湖花园", near=f"{LON},{LAT}")) == ["h-far", "h-1", "h-2"]
    assert keys(found(get, "翠湖")) == ["h-far", "h-1", "h-2"]
    near, far = (keys(found(get, "万象0", layers="building", limit=50, near=f"{x},{LAT}")) for x in (LON, LON + 1))
    assert near[0] == "many-000" and far[0] == "many-069"
    assert near[:20] == sorted(near)[:20]
    again = found(get, "万象0", layers="building", limit=50, near=f"{LON},{LAT}")
    assert keys(again) == near and again["more"]


def test_two_characters_in_the_middle_of_a_name_are_enough(get: Get) -> None:
    assert keys(found(get, "湖花")) == keys(found(get, "湖花园"))
    assert set(keys(found(get, "湖花"))) == {"h-far", "h-1", "h-2"}
    # A single one is in no pair: it is looked for among what is near.
    assert "h-1" in keys(found(get, "翠", near=f"{LON},{LAT}"))


def test_codes_are_found_whole_by_their_beginning_and_by_their_end(get: Get) -> None:
    for q, match in (("50010300100012345", "exact"), ("500103001000", "prefix"), ("12345", "inside")):
        told = found(get, q, layers="part")["items"]
        assert [(one["key"], one["match"], one["by"]) for one in told] == [("50010300100012345", match, "code")]
    assert told[0]["kind"] == "01037" and told[0]["name"] == "路灯"


def test_signs_mean_themselves_and_full_width_ones_are_narrow(get: Get) -> None:
    for q in ("%_", "100%", "_全\\", "\\日"):
        assert keys(found(get, q, layers="building")) == ["h-3"], q
    assert found(get, "万%", layers="building")["items"] == []
    for q in ("102大厦", "１０２", "(a座)", "（Ａ座）", "  102 "):
        assert keys(found(get, q, layers="building")) == ["h-4"], q


def test_pieces_of_a_road_are_one_thing_and_a_thousand_houses_hide_no_road(get: Get) -> None:
    told = found(get, "万象", limit=10)
    assert told["more"] and [one["key"] for one in told["items"] if one["layer"] == "road"] == ["piece-0"]
    assert keys(found(get, "万象", layers="road", near=f"{LON + 0.0025},{LAT}")) == ["piece-2"]


def test_only_grids_in_force_are_found_and_name_the_place(get: Get) -> None:
    told = found(get, "500103001001001", layers="grid")["items"]
    assert [(one["key"], one["place"]) for one in told] == [("2026/500103001001001", "湖畔社区")]
    assert found(get, "湖畔社区")["items"][0]["place"] is None
    assert found(get, "湖畔", layers="grid")["more"] is False
    (one,) = found(get, "翠湖花园1")["items"]
    assert one["place"] == "湖畔一格"
    (only,) = found(get, "翠湖花园1", who="key two layers")["items"]
    assert only["place"] is None


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("q=", 400), ("q=%20%E3%80%80", 400), ("", 400), (f"q={'x' * 65}", 400), (f"q={'x' * 300}", 400),
        ("q=a%00b", 400), ("q=x&limit=0", 400), ("q=x&limit=51", 400), ("q=x&near=1", 400), ("q=x&near=nan,1", 400),
        ("q=x&near=0,91", 400), ("q=x&layers=none", 404), ("q=x&layers=", 404), (f"q={'x' * 64}", 200),
        ("q=x&near=0,90", 200), ("q=%EF%B7%BA", 200), ("q='%22;--&limit=50", 200),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused(asked: str, status: int, get: Get) -> None:
    assert get(f"/search?{asked}").status_code == status


@pytest.fixture
async def reader(filled: str) -> AsyncIterator[AsyncConnection]:
    pool = open_pool(filled, size=1)
    async with pool, pool.connection() as conn:
        yield conn


async def test_large_layers_are_asked_through_their_index(reader: AsyncConnection) -> None:
    seen = [view(BY_NAME[name], COMMAND) for name in ("building", "part", "road", "incident")]
    statement, params = search.search_statement(seen, [], search.SearchQuery("没有", near=(LON, LAT)))
    async with reader.transaction():
        await reader.execute("SET LOCAL enable_seqscan = off")
        rows = await (await reader.execute(b"EXPLAIN " + statement.as_bytes(reader), params)).fetchall()
    plan = "\n".join(row["QUERY PLAN"] for row in rows)
    for one in seen:
        assert f"ix_{one.layer.name}_searched" in plan, plan


async def test_a_broad_question_is_answered_by_what_is_nearest(
    reader: AsyncConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "_ENOUGH", 5)
    monkeypatch.setattr(search, "_NEAREST", 20)
    asked = search.SearchQuery("万象", 3, (LON + 0.0345, LAT))
    page = await search.search(reader, [BY_NAME["building"]], COMMAND, asked)
    assert [one["key"] for one in page.items] == ["many-069", "many-068", "many-067"]
    assert page.more


async def test_one_question_of_an_asker_is_answered_at_a_time_and_few_wait() -> None:
    turns = Turns()
    leave = asyncio.Event()
    inside: list[str] = []

    async def ask(who: str) -> None:
        async with turns.turn(Grant(who, Role.VIEWER)):
            inside.append(who)
            await leave.wait()

    waiting = [asyncio.create_task(ask("a")) for _ in range(5)]
    waiting.append(asyncio.create_task(ask("b")))
    for _ in range(5):
        await asyncio.sleep(0)
    assert sorted(inside) == ["a", "b"]
    with pytest.raises(TooManyRequests):
        await ask("a")
    leave.set()
    await asyncio.gather(*waiting)
    assert sorted(inside) == ["a"] * 5 + ["b"]
    await ask("a")
