"""A committed change is in the next tile fetched; what did not change is not rendered again."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable
from typing import Any

import mapbox_vector_tile
import pytest
from fastapi import FastAPI
from shapely.geometry import Point
from starlette.testclient import TestClient

from onemap.core.policy import Grant, Role
from onemap.layers import BY_NAME, LAYERS
from onemap.store import feature
from onemap.store.db import Connection, connect, open_pool
from onemap.store.feature import FeatureRow
from onemap.store.layer import LayerSpec
from onemap.store.policy_sql import view
from tests.contract import samples
from tests.contract.test_layers import path, tile_at
from tiles.service import Tiles
from tiles.vector import VectorSource

Get = Callable[..., Any]
HAZARD = BY_NAME["hazard"]
#: Far from the samples, in the city.
HERE = (106.62, 29.70)
NEAR = tile_at(15, *HERE)
THERE = (106.66, 29.74)
FAR = tile_at(15, *THERE)


def keys(answer: Any) -> set[str]:
    if answer.status_code == 204:
        return set()
    assert answer.status_code == 200
    (layer,) = mapbox_vector_tile.decode(answer.content).values()
    return {one["properties"]["key"] for one in layer["features"]}


def put(conn: Connection, key: str, place: tuple[float, float], layer: LayerSpec = HAZARD, **attributes: Any) -> None:
    with conn.transaction():
        row = FeatureRow(key, samples.geometry(layer.geometry, *place), attributes)
        feature.upsert(conn, layer, [row], feed="test")


@pytest.mark.parametrize("layer", LAYERS, ids=[layer.name for layer in LAYERS])
def test_insert_move_and_delete_are_in_the_next_tile(layer: LayerSpec, get: Get, committed: Connection) -> None:
    near, far = path(layer, NEAR), path(layer, FAR)
    assert keys(get(near)) == keys(get(far)) == set()
    put(committed, "fresh", HERE, layer)
    assert (keys(get(near)), keys(get(far))) == ({"fresh"}, set())
    put(committed, "fresh", THERE, layer)
    assert (keys(get(near)), keys(get(far))) == (set(), {"fresh"})
    feature.delete(committed, layer, ["fresh"])
    assert keys(get(near)) == keys(get(far)) == set()


def test_an_attribute_changed_is_in_the_next_tile(get: Get, committed: Connection) -> None:
    put(committed, "attribute", HERE, level=4)
    first = get(path(HAZARD, NEAR))
    put(committed, "attribute", HERE, level=1)
    second = get(path(HAZARD, NEAR), If_None_Match=first.headers["etag"])
    assert second.status_code == 200
    (found,) = mapbox_vector_tile.decode(second.content)["hazard"]["features"]
    assert found["properties"]["level"] == 1
    feature.delete(committed, HAZARD, ["attribute"])


def test_a_transaction_that_commits_late_is_in_the_next_tile(get: Get, committed: Connection, dsn: str) -> None:
    """Written before the render, committed after it: no order of ids would find it."""
    with connect(dsn) as late, connect(dsn) as later:
        put_open(late, "late")
        put_open(later, "rolled back")
        put(committed, "early", HERE)
        assert keys(get(path(HAZARD, NEAR))) == {"early"}
        assert keys(get(path(HAZARD, NEAR))) == {"early"}
        late.commit()
        assert keys(get(path(HAZARD, NEAR))) == {"early", "late"}
        later.rollback()
        assert keys(get(path(HAZARD, NEAR))) == {"early", "late"}
    feature.delete(committed, HAZARD, ["early", "late"])
    assert keys(get(path(HAZARD, NEAR))) == set()


def put_open(conn: Connection, key: str) -> None:
    feature.upsert(conn, HAZARD, [FeatureRow(key, Point(*HERE))], feed="test")


def test_what_did_not_change_is_not_rendered_again(get: Get, app: FastAPI, committed: Connection, dsn: str) -> None:
    counts = app.state.onemap.tiles.counts
    # A transaction open since before: with a mere lower bound on transaction ids it would make every tile suspect.
    with connect(dsn) as long:
        long.execute("SELECT pg_current_xact_id()")
        put(committed, "kept", HERE)
        get(path(HAZARD, NEAR))
        before = counts.rendered
        put(committed, "elsewhere", THERE)
        put(committed, "another layer", HERE, BY_NAME["place"])
        for _ in range(3):
            assert keys(get(path(HAZARD, NEAR))) == {"kept"}
        assert counts.rendered == before
    feature.delete(committed, HAZARD, ["kept", "elsewhere"])
    feature.delete(committed, BY_NAME["place"], ["another layer"])


def test_if_none_match_gives_304_while_nothing_changed(get: Get, committed: Connection) -> None:
    url = path(HAZARD, tile_at(15, samples.WEST, samples.SOUTH))
    first = get(url)
    etag = first.headers["etag"]
    assert etag.startswith('"')
    assert first.headers["cache-control"] == "private, no-cache"
    assert first.headers["content-encoding"] == "gzip"
    again = get(url, If_None_Match=etag)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    assert get(url, If_None_Match=f'"other", W/{etag}').status_code == 304
    assert get(url, If_None_Match='"other"').status_code == 200
    plain = get(url, Accept_Encoding="identity")
    assert "content-encoding" not in plain.headers
    assert plain.headers["etag"] != etag  # another representation
    assert plain.content == first.content
    put(committed, "new neighbour", (samples.WEST, samples.SOUTH))
    assert get(url, If_None_Match=etag).status_code == 200
    feature.delete(committed, HAZARD, ["new neighbour"])
    # The same bytes again: the digest of what is in the tile, not of when it was made.
    assert get(url, If_None_Match=etag).status_code == 304


def test_roles_that_see_different_things_never_share_a_tile(get: Get) -> None:
    url = path(HAZARD, tile_at(12, samples.WEST, samples.SOUTH))
    inside, outside = get(url, "command"), get(url, "viewer")
    again, part = get(url, "command"), get(url, "command in area")
    assert inside.headers["etag"] == again.headers["etag"]
    assert len({one.headers["etag"] for one in (inside, outside, part)}) == 3
    assert keys(part) < keys(inside)


async def test_many_who_wait_for_one_tile_share_its_rendering(filled: str) -> None:
    pool = open_pool(filled, size=4)
    async with pool:
        tiles = Tiles.build(pool, 0)
        source = VectorSource(pool, view(HAZARD, Grant("x", Role.COMMAND)))
        number = tile_at(15, samples.WEST, samples.SOUTH)
        found = await asyncio.gather(*(tiles.fetch(source, number) for _ in range(20)))
        assert tiles.counts.rendered == 1
        assert {tile.etag for tile in found} == {found[0].etag}
        assert mapbox_vector_tile.decode(gzip.decompress(found[0].body))["hazard"]["features"]


async def test_who_joins_a_rendering_sees_what_was_committed_before(filled: str, committed: Connection) -> None:
    """A render under way may have begun before a change: joining it must not hide that change."""
    pool = open_pool(filled, size=4)
    async with pool:
        tiles = Tiles.build(pool, 1)
        began, go = asyncio.Event(), asyncio.Event()

        class Slow(VectorSource):
            async def render(self, tile: Any) -> Any:
                found = await super().render(tile)
                began.set()
                await go.wait()
                return found

        source = Slow(pool, view(HAZARD, Grant("x", Role.COMMAND)))
        first = asyncio.create_task(tiles.fetch(source, NEAR))
        await began.wait()
        put(committed, "while rendering", HERE)
        second = asyncio.create_task(tiles.fetch(source, NEAR))
        while not tiles.counts.joined:
            await asyncio.sleep(0)
        go.set()
        assert (await first).body == b""
        tile = await second
        assert b"while rendering" in gzip.decompress(tile.body)
    feature.delete(committed, HAZARD, ["while rendering"])


async def test_a_failed_rendering_is_told_and_tried_again(filled: str) -> None:
    pool = open_pool(filled, size=2)
    async with pool:
        tiles = Tiles.build(pool, 1)
        source = VectorSource(pool, view(HAZARD, Grant("x", Role.COMMAND)))

        class Broken(VectorSource):
            async def render(self, tile: Any) -> Any:
                raise RuntimeError("broken")

        with pytest.raises(RuntimeError):
            await tiles.fetch(Broken(pool, source.view), NEAR)
        assert (await tiles.fetch(source, NEAR)).body == b""


def test_bad_tile_numbers_are_refused(get: Get, browser: TestClient) -> None:
    for number in ("15/-1/3", "15/32768/0", "23/0/0", "a/0/0", "1.5/0/0", "15/0/99999999999", "%20/0/0", "1/0/0'--"):
        assert get(f"/tiles/hazard/{number}.mvt").status_code in (400, 404), number
    assert get("/tiles/nothing/1/0/0.mvt").status_code == 404
    assert get("/tiles/nothing.json").status_code == 404
    assert get("/tiles/hazard/1/0/0.pdf").status_code == 404
    assert get("/tiles/hazard/1/0/0.mvt?datetime=yesterday").status_code == 400
    assert browser.get("/tiles/hazard/1/0/0.mvt").status_code == 401
