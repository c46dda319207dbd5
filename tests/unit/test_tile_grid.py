"""The tile grid's arithmetic, beside morecantile's; and the cache's bound."""

from __future__ import annotations

import morecantile
import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st

from onemap.core.errors import BadInput, BadTime
from onemap.store.query import parse_bbox, read_cursor, split_bbox, write_cursor
from onemap.store.when import parse_instant, parse_when
from onemap.terrain.dem import png, terrarium
from tiles.cache import OVERHEAD_BYTES, Tile, TileCache
from tiles.grid import HALF_M, TileId, mercator

MERCATOR = morecantile.tms.get("WebMercatorQuad")


@st.composite
def tile_ids(draw: st.DrawFn) -> TileId:
    z = draw(st.integers(0, 22))
    return TileId(z, draw(st.integers(0, 2**z - 1)), draw(st.integers(0, 2**z - 1)))


@given(tile_ids())
def test_bounds_are_morecantiles(tile: TileId) -> None:
    theirs = MERCATOR.xy_bounds(morecantile.Tile(tile.x, tile.y, tile.z))
    assert tile.bounds_3857() == pytest.approx(tuple(theirs), abs=1e-5)
    west, south, east, north = MERCATOR.bounds(morecantile.Tile(tile.x, tile.y, tile.z))
    assert tile.bounds_lonlat() == pytest.approx((west, south, east, north), abs=1e-9)


@given(tile_ids(), st.floats(0, 1))
def test_a_margin_is_a_share_of_the_width(tile: TileId, margin: float) -> None:
    inner, outer = tile.bounds_3857(), tile.bounds_3857(margin)
    for a, b, sign in zip(inner, outer, (-1, -1, 1, 1), strict=True):
        assert b - a == pytest.approx(sign * margin * tile.width_m, abs=1e-6)


@pytest.mark.parametrize("zxy", [(-1, 0, 0), (23, 0, 0), (1, 2, 0), (1, 0, 2), (1, -1, 0), (0, 0, 1)])
def test_there_is_no_tile_outside_the_grid(zxy: tuple[int, int, int]) -> None:
    with pytest.raises(BadInput):
        TileId(*zxy)


@given(st.floats(-180, 180), st.floats(-85, 85))
def test_mercator_meets_the_tile_bounds(lon: float, lat: float) -> None:
    x, y = mercator(lon, lat)
    scale = 1 << 10
    column = min(scale - 1, int((x + HALF_M) / (2 * HALF_M) * scale))
    row = min(scale - 1, int((HALF_M - y) / (2 * HALF_M) * scale))
    west, south, east, north = TileId(10, column, row).bounds_lonlat(1e-6)
    assert west <= lon <= east
    assert south <= lat <= north


def tile(size: int) -> Tile:
    return Tile(b"x" * size, "etag", "1:1:", 0.0, False, False)


def test_the_cache_keeps_within_its_bytes_and_drops_what_was_unused_longest() -> None:
    cache = TileCache(3 * (100 + OVERHEAD_BYTES))
    for name in "abc":
        cache.put(name, tile(100))
    assert cache.get("a") is not None
    cache.put("d", tile(100))
    assert (cache.get("b"), len(cache)) == (None, 3)
    assert cache.bytes == 3 * (100 + OVERHEAD_BYTES)
    cache.put("a", tile(50))
    assert cache.bytes == 3 * OVERHEAD_BYTES + 250
    cache.put("huge", tile(10_000))
    assert cache.get("huge") is None
    assert len(cache) == 3
    for name in "acd":
        cache.drop(name)
    assert (len(cache), cache.bytes) == (0, 0)


def test_a_cache_of_nothing_keeps_nothing() -> None:
    cache = TileCache(0)
    cache.put("a", tile(1))
    assert len(cache) == 0


@given(st.integers(0, 10**17))
def test_cursors_come_back(number: int) -> None:
    assert read_cursor(write_cursor(number)) == number


@given(st.text(max_size=30))
def test_other_texts_are_no_cursors(text: str) -> None:
    try:
        number = read_cursor(text)
    except BadInput:
        return
    assert write_cursor(number).rstrip("=") == text.rstrip("=")


def test_boxes() -> None:
    assert parse_bbox("1,2,3,4") == (1, 2, 3, 4)
    assert parse_bbox("1,2,0,3,4,9") == (1, 2, 3, 4)
    assert split_bbox((170, -10, -170, 10)) == [(170, -10, 180, 10), (-180, -10, -170, 10)]
    for text in ("", "1,2,3", "1,2,3,x", "1,5,3,4", "nan,0,1,1", "0,0,181,1", "0,-91,1,1", "1,2,3,4,5"):
        with pytest.raises(BadInput):
            parse_bbox(text)


def test_instants_and_intervals() -> None:
    assert parse_when(None).instant is None
    assert not parse_when("../..").is_interval
    one = parse_when("2026-01-01T08:00:00+08:00")
    assert one.instant == parse_instant("2026-01-01T00:00:00Z") == parse_instant("2026-01-01T08:00:00 08:00")
    span = parse_when("2026-01-01T00:00:00Z/..")
    assert (span.start, span.end) == (one.instant, None)
    assert parse_when("/2026-01-01T00:00:00Z").end == one.instant
    for text in ("", "now", "2026", "2026-01-01T00:00:00", "a/b", "2026-01-01T00:00:00Z/2025-01-01T00:00:00Z", "1/2/3"):
        with pytest.raises(BadTime):
            parse_when(text)


@given(st.floats(-11_000, 9_000))
def test_terrarium_holds_a_height_to_a_few_millimetres(height: float) -> None:
    red, green, blue = terrarium(np.array([[height]], np.float32))[0, 0].tolist()
    assert red * 256 + green + blue / 256 - 32768 == pytest.approx(height, abs=1 / 256)


def test_a_gap_in_the_ground_is_as_high_as_what_is_beside_it() -> None:
    ground = np.array([[100.0, np.nan], [100.0, np.nan]], np.float32)
    assert len(np.unique(terrarium(ground).reshape(-1, 3), axis=0)) == 1


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_the_png_is_read_by_others() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (7, 5, 3), np.uint8)
    with rasterio.MemoryFile(png(pixels)) as memory, memory.open() as found:
        assert (found.driver, found.count) == ("PNG", 3)
        assert np.array_equal(np.moveaxis(found.read(), 0, -1), pixels)
