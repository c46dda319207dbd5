"""Did it help: a known effect is found, nothing is found where nothing happened, and what speaks against it is said."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onemap.heat.evidence import effect
from onemap.heat.evidence.effect import Contrast, Effect, Estimate, Ground
from onemap.heat.evidence.intervention import caveats, verdict

SIDE, STEP, DAYS, BEFORE = 26, 350.0, 150, 100


def ground(
    draw: np.random.Generator, change: float, *, around: float = 0.0, before: float = 0.0, rate: float = 0.12
) -> tuple[Ground, np.ndarray]:
    """A simulated city whose season, weekdays and places differ, and an area in which the log rate changes."""
    column, row = np.meshgrid(np.arange(SIDE), np.arange(SIDE))
    x, y = ((column + 0.5 * (row % 2)) * STEP).ravel(), (row * 0.866 * STEP).ravel()
    level = np.full(len(x), 0.2)
    for _ in range(8):
        at = draw.uniform(0.0, SIDE * STEP, 2)
        level += np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / (2.0 * 1400.0**2))
    t = np.arange(DAYS)
    rhythm = np.array([1, 1, 1, 1, 1.2, 1.5, 1.3])[t % 7] * np.exp(0.3 * np.sin(2 * np.pi * t / 200))
    local = np.exp(0.1 * draw.normal(size=(len(x), 1)) * (t >= BEFORE))
    mean = rate * (level * draw.gamma(3.0, 1 / 3, len(x)))[:, None] * rhythm * local
    middle = draw.uniform(0.3, 0.7, 2) * SIDE * STEP
    distance = np.hypot(x - middle[0], y - middle[1] * 0.866)
    area = np.flatnonzero(distance < 900.0)
    ring = np.flatnonzero((distance >= 900.0) & (distance < 1500.0))
    mean[area] *= np.exp(change * (t >= BEFORE) + before * (t >= BEFORE // 2))
    mean[ring] *= np.exp(around * (t >= BEFORE))
    counts = draw.poisson(mean)
    return Ground(x, y, STEP, counts, np.isin(t % 7, (5, 6)), BEFORE), area


@pytest.mark.parametrize("change", [0.0, np.log(0.55)])
def test_the_interval_covers_what_was_done(change: float) -> None:
    """95 of 100 intervals hold the truth; where nothing was done, 5 of 100 say otherwise at most."""
    draw = np.random.default_rng(11)
    held, called, errors, earlier = [], [], [], []
    for _ in range(50):
        where, area = ground(draw, change)
        found = effect.estimate(where, area, placebos=80)
        assert found.placebos >= 60
        held.append(found.area.low <= change <= found.area.high)
        called.append(found.area.p < 0.05)
        errors.append(found.area.contrast.effect - change)
        earlier.append(found.earlier_p < 0.05)
    assert np.mean(held) >= 0.88
    assert np.mean(errors) == pytest.approx(0.0, abs=0.05)
    assert np.mean(earlier) <= 0.12
    if change:
        assert np.mean(called) > 0.8
    else:
        assert np.mean(called) <= 0.10
        assert [not one for one in held] == pytest.approx(called)


def test_what_moved_next_door_is_seen() -> None:
    where, area = ground(np.random.default_rng(3), np.log(0.4), around=np.log(1.6), rate=0.5)
    found = effect.estimate(where, area)
    assert found.neighbours is not None
    assert found.neighbours.low > 0.0 > found.area.high
    assert any("moved" in one["en"] for one in caveats(found, {"before": 900, "after": 200, "cells": 20}))
    # The ring is neither treated nor compared.
    assert not set(np.flatnonzero(found.weights)) & (set(found.buffer.tolist()) | set(found.treated.tolist()))
    assert found.weights.sum() == pytest.approx(len(area))


def test_a_trend_that_was_there_before_is_told() -> None:
    where, area = ground(np.random.default_rng(4), 0.0, before=np.log(3.0), rate=0.5)
    found = effect.estimate(where, area)
    assert found.earlier_p < 0.05
    assert any("before" in one["en"] for one in caveats(found, {"before": 900, "after": 900, "cells": 20}))


def test_the_same_question_has_the_same_answer() -> None:
    where, area = ground(np.random.default_rng(5), 0.0)
    one, two = (effect.estimate(where, area, placebos=60) for _ in range(2))
    assert one.area == two.area


def test_placebos_are_of_the_areas_size_and_shape() -> None:
    where, area = ground(np.random.default_rng(6), 0.0)
    closed = where.around(area)
    found = effect.placements(where, area, closed, 50, 1)
    assert len(found) == 50
    extent = np.ptp(where.x_m[area]) + STEP
    for cells in found:
        assert 0.9 * len(area) <= len(cells) <= len(area)
        assert not closed[cells].any()
        assert np.hypot(np.ptp(where.x_m[cells]), np.ptp(where.y_m[cells])) < 1.6 * extent


@given(st.integers(0, 2**32 - 1), st.integers(0, 3))
@settings(max_examples=25, deadline=None)
def test_the_contrast_is_the_ratio_of_ratios(seed: int, change: int) -> None:
    draw = np.random.default_rng(seed)
    counts = draw.poisson(draw.uniform(0.0, 2.0), (12, 40))
    where = Ground(draw.uniform(size=12), draw.uniform(size=12), 1.0, counts, np.arange(40) % 7 > 4, 20 + change)
    weights = draw.uniform(0.0, 2.0, 12)
    found = effect.contrast(where, np.array([2, 5]), weights)
    cut = 20 + change
    mine = counts[[2, 5]].sum(axis=0)
    theirs = weights @ counts
    slow = np.log((mine[cut:].sum() + 0.5) / (mine[:cut].sum() + 0.5))
    slow -= np.log((theirs[cut:].sum() + 0.5) / (theirs[:cut].sum() + 0.5))
    assert found.effect == pytest.approx(slow)
    assert found.variance > 0.0


def test_the_words_claim_no_more_than_the_interval() -> None:
    def said(value: float, low: float, high: float) -> str:
        logs = [float(np.log1p(one / 100.0)) for one in (value, low, high)]
        return verdict(Estimate(Contrast(logs[0], 0.01, 0.0, 0.01), logs[1], logs[2], 0.01))["zh"]

    assert said(-23.0, -35.0, -9.0) == "下降 23 %（95 % 区间 −35…−9）"
    assert said(12.0, 3.0, 22.0) == "上升 12 %（95 % 区间 +3…+22）"
    assert said(-5.0, -20.0, 13.0).startswith("看不出效果")


def test_few_events_and_few_places_are_told() -> None:
    where, area = ground(np.random.default_rng(7), 0.0, rate=0.005)
    found = effect.estimate(where, area, placebos=10)
    assert isinstance(found, Effect)
    told = " ".join(one["en"] for one in caveats(found, {"before": 9, "after": 3, "cells": 20}))
    assert "Few events" in told and "too narrow" in told
    with pytest.raises(ValueError, match="compare"):
        effect.estimate(where, np.arange(len(where.counts)))
