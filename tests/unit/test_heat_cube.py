"""The cube against loops over events: windows, filters, weights, fading, smoothing, differences and new bases."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import h3.api.basic_int as h3
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onemap.core.cell import cell_of, centers, parent
from onemap.heat.ask import SEVERITY_WEIGHTS, Ask
from onemap.heat.count.base import base_of
from onemap.heat.count.cube import Cube
from onemap.heat.count.events import Events
from onemap.heat.count.level import GROUPED_FROM, levels_equal
from onemap.heat.count.rollup import Event
from onemap.heat.ring import weights
from onemap.heat.surface import RESOLUTIONS
from onemap.heat.window import Box, hour_of

NOW = datetime(2026, 7, 10, 12, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
CATEGORIES = ("matter-06", "matter-09", "part-01")
SOURCES = ("", "12345", "patrol")


def city(seed: int, count: int, around: tuple[float, float] = (106.5, 29.6), spread: float = 0.02) -> list[Event]:
    """Random events in heaps of ever smaller spread: some cells hold hundreds, most hold one."""
    rng = random.Random(seed)
    found = []
    for fid in range(count):
        reach = spread * rng.choice((1.0, 0.2, 0.01))
        lon, lat = around[0] + rng.gauss(0, reach), around[1] + rng.gauss(0, reach)
        at = NOW - timedelta(hours=int(rng.choice((30, 200, 9500)) * rng.random()) - 3)
        cell = cell_of((lon + 180) % 360 - 180, min(lat, 90.0), 12)
        found.append(
            Event(fid, cell, at, rng.choice(CATEGORIES), rng.choice(SOURCES), rng.randrange(5), rng.choice((1, 1, 2)))
        )
    return found


def columns(events: list[Event]) -> Events:
    return Events(
        np.array([e.cell for e in events], np.int64),
        np.array([hour_of(e.hour) for e in events], np.int32),
        np.array([CATEGORIES.index(e.category) for e in events], np.int16),
        np.array([SOURCES.index(e.source) for e in events], np.int16),
        np.array([e.severity for e in events], np.int8),
        np.array([e.n for e in events], np.int32),
        np.array([e.fid for e in events], np.int64),
        CATEGORIES,
        SOURCES,
    )


def cube_of(events: list[Event]) -> Cube:
    cube = Cube()
    cube.set(columns(events))
    return cube


def in_window(window: str, at: datetime) -> bool:
    """The window's meaning, hour by hour."""
    local = at.astimezone(ZONE)
    match window:
        case "24h":
            return NOW - timedelta(hours=24) <= at <= NOW
        case "30d":
            return NOW - timedelta(days=30) <= at <= NOW
        case "7d~1y":
            return NOW - timedelta(weeks=53) <= at <= NOW - timedelta(weeks=52)
        case "90d@fri18-24":
            return NOW - timedelta(days=90) <= at <= NOW and local.weekday() == 4 and local.hour >= 18
        case "400d@mon-wed,sat22-03":
            begun = local - timedelta(hours=3)
            day = begun.weekday() if local.hour < 3 else local.weekday()
            return (
                NOW - timedelta(days=400) <= at <= NOW and (local.hour >= 22 or local.hour < 3) and day in (0, 1, 2, 5)
            )
        case "2026-07-01/2026-07-04T06:00":
            return datetime(2026, 7, 1) <= local.replace(tzinfo=None) < datetime(2026, 7, 4, 6)
    raise AssertionError(window)


LAST = {"7d~1y": NOW - timedelta(weeks=52), "2026-07-01/2026-07-04T06:00": datetime(2026, 7, 3, 21, tzinfo=UTC)}
WINDOWS = ("24h", "30d", "7d~1y", "90d@fri18-24", "400d@mon-wed,sat22-03", "2026-07-01/2026-07-04T06:00")


def slowly(events: list[Event], ask: Ask, res: int) -> dict[int, float]:
    """The question answered event by event."""
    sums: dict[int, float] = defaultdict(float)
    last = LAST.get(ask.window)
    if last is None:
        held = [e.hour for e in events if in_window(ask.window, e.hour)]
        last = NOW if "@" not in ask.window else _last_hour(ask.window)
        assert all(hour <= last for hour in held)
    for e in events:
        if (
            not in_window(ask.window, e.hour)
            or (ask.categories and e.category not in ask.categories)
            or (ask.sources and e.source not in ask.sources)
            or (ask.severities and e.severity not in ask.severities)
        ):
            continue
        weight = SEVERITY_WEIGHTS[e.severity] if ask.weight == "severity" else 1.0
        if ask.half_life_h is not None:
            weight *= 0.5 ** (((last - e.hour) / timedelta(hours=1)) / ask.half_life_h)
        sums[parent(e.cell, res)] += weight * e.n
    if ask.smooth:
        share, spread = weights(ask.smooth), defaultdict(float)
        for cell, value in sums.items():
            disks = [h3.grid_ring(cell, ring) for ring in range(ask.smooth + 1)]
            whole = sum(share[ring] * len(disk) for ring, disk in enumerate(disks))
            for ring, disk in enumerate(disks):
                for member in disk:
                    spread[member] += value * share[ring] / whole
        return dict(spread)
    return dict(sums)


def _last_hour(window: str) -> datetime:
    """The newest hour that a filtered window could hold."""
    return next(at for back in range(24 * 9) if in_window(window, at := NOW - timedelta(hours=back)))


asks = st.builds(
    Ask,
    surface=st.just("incidents"),
    window=st.sampled_from(WINDOWS),
    categories=st.sampled_from([(), (), CATEGORIES[:1], CATEGORIES[1:]]),
    sources=st.sampled_from([(), (), (), ("patrol",)]),
    severities=st.sampled_from([(), (), (), (1, 2)]),
    weight=st.sampled_from(["count", "count", "severity"]),
    half_life_h=st.sampled_from([None, None, 6.0, 500.0]),
    smooth=st.sampled_from([0, 0, 0, 1, 2, 4]),
    now=st.just(NOW),
)


def assert_same(cube: Cube, events: list[Event], ask: Ask, res: int) -> None:
    found = cube.query(ask, res)
    assert np.all(np.diff(found.cells) > 0)
    told = dict(zip(found.cells.tolist(), found.values.tolist(), strict=True))
    wanted = slowly(events, ask, res)
    assert {c for c, v in wanted.items() if v > 1e-9} <= told.keys() <= wanted.keys()
    for cell, value in told.items():
        assert value == pytest.approx(wanted[cell], rel=1e-9, abs=1e-12)


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 6), st.sampled_from([0, 1, 40, 700]), asks, st.sampled_from(RESOLUTIONS))
def test_any_question_is_answered_as_by_a_loop_over_events(seed: int, count: int, ask: Ask, res: int) -> None:
    events = city(seed, count)
    assert_same(cube_of(events), events, ask, res)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 6), asks, st.sampled_from(RESOLUTIONS), st.integers(1, 200))
def test_differences_count_like_events_and_merge_into_the_same_base(seed: int, ask: Ask, res: int, moved: int) -> None:
    rng = random.Random(seed)
    events, more = city(seed, 300), city(seed + 100, 200)
    cube = cube_of(events)
    cube.query(ask, res)
    heard: list[tuple[int, Event]] = []
    cube.listeners.append(heard.extend)
    older = cube.view()
    for event in more[:moved]:
        cube.add([(1, event)])
    gone = rng.sample(events + more[:moved], moved)
    cube.add([(-1, event) for event in gone])
    left = [e for e in events + more[:moved] if e not in gone]
    assert [sign for sign, _ in heard] == [1] * moved + [-1] * moved
    assert_same(cube, left, ask, res)
    cube.merge()
    assert len(cube.view().changes) == 0
    assert_same(cube, left, ask, res)
    fresh = base_of(columns(left))
    base = cube.view().base
    assert (base.classes, base.categories) == (fresh.classes, fresh.categories)
    assert all(levels_equal(base.level(r), fresh.level(r)) for r in RESOLUTIONS)
    assert older.query(ask, res).values.sum() == pytest.approx(sum(slowly(events, ask, res).values()))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 3), asks, st.sampled_from(RESOLUTIONS), st.floats(106.44, 106.54), st.floats(0.001, 0.05))
def test_a_box_is_the_map_cut_out(seed: int, ask: Ask, res: int, west: float, width: float) -> None:
    events = city(seed, 300)
    cube = cube_of(events[:200])
    cube.add([(1, event) for event in events[200:]])
    box: Box = (west, 29.59, west + width, 29.59 + width / 2)
    whole, part = cube.query(ask, res), cube.query(ask, res, box)
    known = dict(zip(whole.cells.tolist(), whole.values.tolist(), strict=True))
    found = dict(zip(part.cells.tolist(), part.values.tolist(), strict=True))
    lon, lat = centers(whole.cells)
    inside = (lon >= box[0]) & (lon <= box[2]) & (lat >= box[1]) & (lat <= box[3])
    assert set(whole.cells[inside].tolist()) <= found.keys() <= known.keys()
    assert all(value == pytest.approx(known[cell], rel=1e-12) for cell, value in found.items())
    if len(whole.cells) and not ask.smooth:
        for some in (whole.cells[::2], whole.cells[1::3], whole.cells):
            asked = np.unique(np.concatenate([some, some + 1]))  # beside each one that nobody knows
            picked = cube.query(ask, res, cells=asked)
            assert picked.cells.tolist() == some.tolist()
            assert picked.values.tolist() == [known[cell] for cell in some.tolist()]


@pytest.mark.parametrize("around", [(180.0, 5.0), (10.5, 58.16), (0.0, 89.9)])
def test_the_antimeridian_pentagons_and_the_pole_are_no_exception(around: tuple[float, float]) -> None:
    events = city(3, 300, around, 0.05)
    cube = cube_of(events)
    for res in (5, 8, 12):
        for smooth in (0, 2):
            assert_same(cube, events, Ask("incidents", "30d", smooth=smooth, now=NOW), res)


def test_full_cells_are_grouped_and_lean_ones_are_not() -> None:
    base = cube_of(city(1, 700)).view().base
    for res in RESOLUTIONS:
        level = base.level(res)
        assert bool(len(level.group_first)) == (len(level.hours) / len(level.cells) >= GROUPED_FROM)
    assert len(base.level(5).group_first) and not len(base.level(12).group_first)


def test_what_was_never_counted_cannot_go() -> None:
    events = city(2, 20)
    cube = cube_of(events[:10])
    cube.add([(-1, events[15])])
    with pytest.raises(RuntimeError):
        cube.merge()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 5), st.sampled_from(RESOLUTIONS))
def test_a_cells_history_is_its_events_day_by_day(seed: int, res: int) -> None:
    events = city(seed, 200)
    cube = cube_of(events[:150])
    cube.add([(1, event) for event in events[150:]])
    cell = parent(events[0].cell, res)
    end = hour_of(NOW) + 1
    edges = list(range(end - 24 * 20, end + 1, 24))
    found = cube.view().history(Ask("incidents", categories=CATEGORIES[:2], now=NOW), cell, edges)
    wanted = [
        sum(
            e.n
            for e in events
            if low <= hour_of(e.hour) < low + 24 and e.category in CATEGORIES[:2] and parent(e.cell, res) == cell
        )
        for low in edges[:-1]
    ]
    assert found.tolist() == wanted
