"""Scores of forecasts: by hand, and against random orders of what ties."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onemap.heat.prediction import accuracy
from onemap.heat.prediction.accuracy import Tally

TEN = np.array([9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.0])
HAPPENED = np.array([4.0, 0.0, 1.0, 0.0, 3.0, 0.0, 0.0, 2.0, 0.0, 0.0])

_CELLS = st.integers(2, 7).flatmap(
    lambda n: st.tuples(
        st.lists(st.integers(0, 3), min_size=n, max_size=n), st.lists(st.integers(0, 4), min_size=n, max_size=n)
    )
)


def _slow_hits(forecast: list[int], happened: list[int], flagged: int) -> float:
    """The mean over every order of the cells that puts no lower forecast before a higher one."""
    n = len(forecast)
    orders = [
        order
        for order in itertools.permutations(range(n))
        if all(forecast[order[i]] >= forecast[order[i + 1]] for i in range(n - 1))
    ]
    return float(np.mean([sum(happened[cell] for cell in order[:flagged]) for order in orders]))


@settings(max_examples=60, deadline=None)
@given(_CELLS, st.integers(0, 7))
def test_hits_are_the_mean_over_all_orders_of_ties(cells: tuple[list[int], list[int]], flagged: int) -> None:
    forecast, happened = cells
    flagged = min(flagged, len(forecast))
    found = accuracy.hits(np.array(forecast, float), np.array(happened, float), flagged / len(forecast))
    assert found == pytest.approx(_slow_hits(forecast, happened, flagged), abs=1e-9)


def test_a_part_of_a_cell_counts_as_that_part() -> None:
    assert accuracy.hits(TEN, HAPPENED, 0.25) == pytest.approx(4.0 + 0.0 + 0.5)


def test_scores_by_hand() -> None:
    # Two of ten cells flagged: 4 of 10 events. The best two cells hold 4 + 3.
    assert accuracy.hit_rate(TEN, HAPPENED, 0.2) == pytest.approx(0.4)
    assert accuracy.pai(TEN, HAPPENED, 0.2) == pytest.approx(2.0)
    assert accuracy.pei(TEN, HAPPENED, 0.2) == pytest.approx(4.0 / 7.0)
    # The flagged cells had 5 of 20 events before and 4 of 10 now.
    before = np.array([3.0, 2.0, 5.0, 5.0, 5.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    assert accuracy.rri(TEN, HAPPENED, before, 0.2) == pytest.approx((4 / 5) / (10 / 20))
    assert accuracy.brier(np.array([0.0, math.log(2.0)]), np.array([0.0, 3.0])) == pytest.approx(0.125)
    assert accuracy.deviance(np.array([2.0, 1.0]), np.array([2.0, 0.0])) == pytest.approx(1.0)
    assert accuracy.deviance(np.array([0.0]), np.array([1.0])) == math.inf


def test_a_map_that_says_nothing_scores_as_chance() -> None:
    for share in accuracy.SHARES:
        assert accuracy.pai(np.zeros(10), HAPPENED, share) == pytest.approx(1.0)


@settings(max_examples=60, deadline=None)
@given(_CELLS, st.sampled_from(accuracy.SHARES))
def test_nothing_beats_what_happened(cells: tuple[list[int], list[int]], share: float) -> None:
    forecast, happened = (np.array(values, float) for values in cells)
    assert accuracy.hits(forecast, happened, share) <= accuracy.best_hits(happened, share) + 1e-9
    if happened.sum():
        assert 0.0 <= accuracy.pei(forecast, happened, share) <= 1.0 + 1e-9
        assert accuracy.pei(forecast, happened, share) == pytest.approx(
            accuracy.pai(forecast, happened, share) / accuracy.pai(happened, happened, share)
        )


def test_calibration_shares_the_expected_events_out_and_loses_none() -> None:
    rng = np.random.default_rng(3)
    forecast = rng.gamma(0.3, 1.0, 4000)
    happened = rng.poisson(forecast).astype(float)
    bins = accuracy.calibration(forecast, happened)
    assert len(bins) == 10
    assert sum(cells for _, _, cells in bins) == 4000
    assert sum(mean * cells for mean, _, cells in bins) == pytest.approx(forecast.sum())
    assert sum(seen * cells for _, seen, cells in bins) == pytest.approx(happened.sum())
    for mean, seen, cells in bins:
        assert abs(seen - mean) < 4.0 * math.sqrt(mean / cells)
    assert accuracy.calibration(np.ones(5), np.ones(5)) == [(1.0, 1.0, 5)]


def test_a_tally_is_the_sum_of_its_nights() -> None:
    nights = [(TEN, HAPPENED, HAPPENED), (TEN[::-1].copy(), HAPPENED, HAPPENED), (TEN, np.zeros(10), HAPPENED)]
    tally = Tally.of(*zip(*nights, strict=True), shares=(0.2,))  # type: ignore[misc]
    assert tally.hit_rate(0.2) == pytest.approx((4 + 0) / 20)
    assert tally.pei(0.2) == pytest.approx(4 / 14)
    assert tally.rri(0.2) == pytest.approx((4 / 8) / (20 / 30))


def test_the_paired_bootstrap_tells_a_better_forecast_from_luck() -> None:
    rng = np.random.default_rng(5)
    rates = rng.gamma(0.4, 1.0, 400)
    happened = [rng.poisson(rates * 0.3).astype(float) for _ in range(28)]
    good = Tally.of([rates] * 28, happened, happened)
    poor = Tally.of([rates * rng.lognormal(0, 1.5, 400)] * 28, happened, happened)
    assert accuracy.pei_gain(good, poor)[100] > 0.0
    level = accuracy.pei_gain(good, good)
    assert (level == 0.0).all()
    assert accuracy.pei_gain(poor, good)[-100] < 0.0
