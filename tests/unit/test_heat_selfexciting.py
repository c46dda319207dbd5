"""The self-exciting process: kernels against obvious versions, parameters found again in simulated cities."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import h3.api.basic_int as h3
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.simulated_city import City, Truth, draw
from onemap.heat.discs import Discs, disc_sums, discs
from onemap.heat.lattice import lattice
from onemap.heat.prediction import aftermath, background, selfexciting
from onemap.heat.prediction.rhythm import rhythm, week_hours
from onemap.heat.prediction.selfexciting import Past, Setting

ZONE = ZoneInfo("Asia/Shanghai")
FIRST = 480_000
LAYOUT = Truth(rings=15, days=240.0, hot_spots=6, hot_share=0.5, roughness=0.7, by_ring=(0.6, 0.3, 0.1))
DISC = np.array(sorted(h3.grid_disk(h3.latlng_to_cell(29.1, 110.5, 9), 5)), np.int64)
AROUND = discs(lattice(DISC).neighbours, 8)


def past_of(city: City, around: Discs) -> Past:
    days = int(city.truth.days)
    return Past((city.hours() + FIRST).astype(np.int32), city.index, FIRST, FIRST + 24 * days, around)


@pytest.fixture(scope="module")
def city() -> City:
    return draw(11, replace(LAYOUT, per_day=60.0, branching=0.5, decay_days=1.5))


@pytest.fixture(scope="module")
def past(city: City) -> Past:
    return past_of(city, discs(lattice(city.cells).neighbours, 8))


def test_discs_are_those_of_h3() -> None:
    for i in (0, 17, len(DISC) // 2):
        row, starts = AROUND.near[i], AROUND.starts[i]
        for ring in range(3):
            found = set(DISC[row[starts[ring] : starts[ring + 1]]].tolist())
            assert found == set(h3.grid_ring(int(DISC[i]), ring)) & set(DISC.tolist())
    values = np.arange(len(DISC), dtype=float)
    near = [int(np.searchsorted(DISC, cell)) for cell in h3.grid_disk(int(DISC[40]), 2) if cell in set(DISC.tolist())]
    assert disc_sums(values, AROUND, 2)[40] == sum(near)


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, len(DISC) - 1)), min_size=1, max_size=40),
    st.lists(st.floats(0.3, 0.99), min_size=1, max_size=2),
)
def test_what_the_past_makes_of_each_event(events: list[tuple[int, int]], keep: list[float]) -> None:
    events.sort()
    hours = np.array([hour for hour, _ in events], np.int32)
    index = np.array([cell for _, cell in events], np.int64)
    excess, ages = aftermath.pasts(hours, index, AROUND, 2, np.array(keep))
    slow, aged = np.zeros_like(excess), np.zeros_like(ages)
    for i, (hour, cell) in enumerate(events):
        for before, source in events:
            step = h3.grid_distance(int(DISC[cell]), int(DISC[source]))
            if before < hour and step <= 2:
                for kernel, q in enumerate(keep):
                    part = (1 - q) * q ** (hour - before - 1) / AROUND.sizes(step)[source]
                    slow[i, kernel, step] += part
                    aged[i, kernel, step] += part * (hour - before)
    assert excess == pytest.approx(slow, abs=1e-7)
    assert ages == pytest.approx(aged, abs=1e-5)


def test_the_outlook_is_the_mean_of_what_simulation_gives() -> None:
    rng = np.random.default_rng(2)
    keep, productivity = np.array([0.8]), np.array([[0.3, 0.2, 0.1]])
    base = rng.gamma(0.5, 0.02, len(DISC))
    level = 1.0 + 0.5 * np.sin(np.arange(24) / 4.0)
    state = np.zeros((1, len(DISC)))
    state[0, 45] = 4.0
    mean, _ = aftermath.expected(base, level, state, keep, productivity, AROUND)
    runs, total, seen = 600, np.zeros(len(DISC)), []
    spreads = [np.stack([aftermath.spread(unit, AROUND, ring) for unit in np.eye(len(DISC))]) for ring in range(3)]
    send = sum(productivity[0, ring] * spreads[ring] for ring in range(3))
    for _ in range(runs):
        memory, drawn = state[0].copy(), np.zeros(len(DISC))
        for hour in range(24):
            came = rng.poisson(level[hour] * (base + (1 - keep[0]) * memory @ send))
            memory = memory * keep[0] + came
            drawn += came
        total += drawn
        seen.append(drawn.sum())
    assert total.sum() / runs == pytest.approx(mean.sum(), abs=4 * np.std(seen) / np.sqrt(runs))
    assert total[45] / runs == pytest.approx(mean[45], rel=0.2)


def test_the_kernels_share_that_falls_inside_a_period() -> None:
    level = np.random.default_rng(1).gamma(3.0, 1 / 3.0, 30)
    found = aftermath.reach(level, np.array([0.7]))[0]
    for hour in range(30):
        slow = sum(level[later] * 0.3 * 0.7 ** (later - hour - 1) for later in range(hour + 1, 30))
        assert found[hour] == pytest.approx(slow)


def test_branching_delay_and_distances_are_found_again(city: City, past: Past) -> None:
    model = selfexciting.fit(past, Setting(), ZONE)
    assert model.branching == pytest.approx(0.5, abs=0.06)
    assert model.delays_h[0] / 24.0 == pytest.approx(1.5, rel=0.2)
    assert model.productivity.sum(axis=0) / model.branching == pytest.approx(np.array([0.6, 0.3, 0.1]), abs=0.1)
    assert np.corrcoef(model.base, city.background)[0, 1] > 0.85
    assert model.own.sum() / len(model.own) == pytest.approx(0.5, abs=0.06)


def test_a_city_without_follow_ups_is_not_given_any() -> None:
    plain = draw(3, replace(LAYOUT, per_day=40.0, branching=0.0))
    past = past_of(plain, discs(lattice(plain.cells).neighbours, 8))
    assert selfexciting.fit(past, selfexciting.choose(past, ZONE), ZONE).branching < 0.05


def test_held_out_likelihood_prefers_the_process_that_made_it(past: Past) -> None:
    early = past.before(past.last - 24 * 40)
    exciting, plain = (selfexciting.fit(early, setting, ZONE) for setting in (Setting(), Setting(())))
    gain = selfexciting.held_out(exciting, early, past) - selfexciting.held_out(plain, early, past)
    assert gain.mean() > 0.05
    assert selfexciting.choose(early, ZONE).delays_h


def test_expected_counts_keep_the_level(past: Past) -> None:
    cut = past.last - 24 * 30
    model = selfexciting.fit(past.before(cut), Setting(), ZONE)
    whole = [selfexciting.outlook(model, past.before(cut + 24 * day), 24).sum() for day in range(30)]
    assert sum(whole) == pytest.approx((past.hours >= cut).sum(), rel=0.12)
    week = selfexciting.outlook(model, past.before(cut), 168)
    assert week.sum() > selfexciting.outlook(model, past.before(cut), 24).sum() * 4
    assert (week > 0.0).all()


def test_parts_sum_to_the_expected_count(past: Past) -> None:
    cut = past.before(past.last - 24)
    model = selfexciting.fit(cut, Setting((24.0, 240.0)), ZONE)
    for hours in (24, 168):
        parts = selfexciting.parts(model, cut, hours)
        summed = parts.own + parts.raised.sum(axis=(1, 2)) + parts.knock_on + parts.rhythm
        assert summed == pytest.approx(selfexciting.outlook(model, cut, hours), rel=1e-9)
        assert (parts.own >= 0).all() and (parts.raised >= 0).all() and (parts.knock_on > -1e-12).all()
        recent = np.bincount(cut.index[cut.hours >= cut.last - 24], minlength=len(model.base))
        assert (parts.events[:, 0, 0] == recent).all()
        assert parts.events[7, 1, 0] == recent[cut.around.near[7, 1 : cut.around.starts[7, 2]]].sum()


def test_a_small_category_keeps_to_the_whole(past: Past) -> None:
    whole = selfexciting.fit(past, Setting(), ZONE)
    few = np.arange(0, len(past.hours), 60)
    small = Past(past.hours[few], past.index[few], past.first, past.last, past.around)
    model = selfexciting.fit(small, Setting(), ZONE, whole)
    assert model.keep == pytest.approx(whole.keep)
    assert model.productivity.sum() == pytest.approx(whole.productivity.sum(), abs=0.25)
    assert np.corrcoef(model.base, whole.base)[0, 1] > 0.8


def test_the_background_keeps_its_events_and_leans_where_it_knows_little() -> None:
    counts = np.zeros(len(DISC))
    counts[45], counts[10] = 400.0, 1.0
    found = background.field(counts, 100.0, AROUND)
    rates = found.rates(background.SHAPES)
    assert rates.sum() * 100.0 == pytest.approx(counts.sum())
    assert rates[45] * 100.0 > 300.0
    assert (rates > 0.0).all()
    alone = found.without(np.array([10]), np.array([1.0]), background.SHAPES)
    assert alone[0] < background.field(counts, 100.0, AROUND).rates(background.SHAPES)[10]


@settings(max_examples=25, deadline=None)
@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2035, 1, 1)),
    st.sampled_from(["Asia/Shanghai", "America/Vancouver", "Europe/London"]),
)
def test_hours_of_the_week_are_those_of_the_zone(at: datetime, name: str) -> None:
    zone = ZoneInfo(name)
    start = int(at.replace(tzinfo=UTC).timestamp() // 3600)
    hours = np.arange(start, start + 400, 7)
    for hour, found in zip(hours.tolist(), week_hours(hours, zone).tolist(), strict=True):
        there = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(hours=hour)).astimezone(zone)
        assert found == there.weekday() * 24 + there.hour


def test_the_rhythm_of_the_week_is_found() -> None:
    rng = np.random.default_rng(8)
    hours = np.arange(FIRST, FIRST + 24 * 7 * 40)
    week = week_hours(hours, ZONE)
    truth = np.where((week % 24 >= 8) & (week % 24 < 20), 1.6, 0.4) * np.where(week // 24 >= 5, 0.5, 1.2)
    seen = np.repeat(hours, rng.poisson(3.0 * truth)).astype(np.int32)
    found = rhythm(seen, int(hours[0]), int(hours[-1]) + 1, ZONE)
    expected = np.zeros(168)
    expected[week] = truth
    assert found.factors.mean() == pytest.approx(1.0)
    assert np.abs(found.factors - expected / expected.mean()).max() < 0.2
