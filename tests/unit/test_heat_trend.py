"""Trends: the one fit of all places agrees with a slow fit of each, finds what was simulated, and covers what comes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from onemap.heat.evidence import trend
from onemap.heat.evidence.demand import ALL, called, columns
from onemap.heat.evidence.trend import Fit

WEEK = np.array([0.0, 0.05, 0.0, 0.1, 0.2, 0.4, 0.3])


def city(seed: int, places: int, days: int, *, alpha: float = 0.3, moving: float = 0.2) -> tuple[np.ndarray, ...]:
    """Counts of a simulated city, its slopes (log, four weeks) and means."""
    draw = np.random.default_rng(seed)
    t = np.arange(days)
    slope = np.where(draw.random(places) < moving, draw.normal(0.0, 0.2, places), 0.0)
    level = draw.normal(-1.0, 1.0, (places, 1))
    own = draw.normal(0.0, 0.1, (places, 7))
    mean = np.exp(level + (WEEK + own)[:, t % 7] + slope[:, None] * (t - (days - 1) / 2) / trend.TREND_DAYS)
    return draw.poisson(mean * draw.gamma(1.0 / alpha, alpha, mean.shape)), slope, mean


@pytest.fixture(scope="module")
def simulated() -> tuple[np.ndarray, np.ndarray, np.ndarray, Fit]:
    counts, slope, mean = city(1, 300, 182)
    return counts, slope, mean, trend.fit(counts, 0)


def test_it_finds_what_was_simulated(simulated: tuple[np.ndarray, np.ndarray, np.ndarray, Fit]) -> None:
    counts, slope, mean, fitted = simulated
    assert np.median(fitted.alpha) == pytest.approx(0.3, abs=0.06)
    assert fitted.excess == pytest.approx(1.0, abs=0.15)
    found = fitted.city[trend.TREND] + fitted.coefficients[:, trend.TREND]
    loud = counts.sum(axis=1) > 200
    assert np.corrcoef(found[loud], slope[loud])[0, 1] > 0.8
    assert np.corrcoef(np.log(fitted.means().mean(axis=1)), np.log(mean.mean(axis=1)))[0, 1] > 0.95
    weekday = fitted.city[1:8] - fitted.city[1]
    assert weekday == pytest.approx(WEEK - WEEK[0], abs=0.12)


def test_the_posterior_mode_is_that_of_a_slow_fit_of_each_place(
    simulated: tuple[np.ndarray, np.ndarray, np.ndarray, Fit],
) -> None:
    """With the same prior and alpha, scipy's optimiser finds the same coefficients, place by place."""
    counts, _, _, fitted = simulated
    x = trend.design(0, counts.shape[1])
    own = np.einsum("gii->gi", fitted.covariance)
    middle, spread = trend._prior(fitted.coefficients, fitted.covariance)
    prior = np.zeros(trend.COLUMNS)
    prior[trend.LEVEL] = middle
    for g in range(0, 300, 37):
        size = 1.0 / fitted.alpha[g]

        def loss(beta: np.ndarray, g: int = g, size: float = size) -> float:
            mean = np.exp(x @ (fitted.city + beta))
            likely = stats.nbinom.logpmf(counts[g], size, size / (size + mean)).sum()
            return float(-likely + ((beta - prior) ** 2 / spread).sum() / 2.0)

        slow = optimize.minimize(loss, fitted.coefficients[g] + 0.05, method="BFGS").x
        assert np.abs(fitted.coefficients[g] - slow).max() < 0.35 * np.sqrt(own[g].max())
        assert x @ fitted.coefficients[g] == pytest.approx(x @ slow, abs=0.04)


def test_intervals_hold_what_they_say() -> None:
    counts, _, _ = city(2, 250, 224)
    found = dict.fromkeys([("day", 0.8), ("day", 0.95), ("total", 0.8), ("total", 0.95)])
    for name, covered in trend.backtest(counts, 0, window=182, origins=4):
        found[name, covered.nominal] = covered
    for (_, nominal), covered in found.items():
        assert covered is not None
        assert covered.observed_pit == pytest.approx(nominal, abs=0.03)
        assert covered.observed >= nominal - 0.02  # whole numbers hold more
        assert covered.days == 28
    daily = found["day", 0.8]
    assert daily is not None and daily.cases == 250 * 7 * 4


def test_no_trend_is_called_where_there_is_none() -> None:
    """Five in a hundred p below 0.05 where nothing moves, at every level; and few false calls among those made."""
    counts, _, _ = city(3, 800, 154, moving=0.0)
    _, p = trend.trend_test(trend.fit(counts, 0))
    quiet = counts.sum(axis=1) < 30
    assert quiet.sum() > 100
    assert np.mean(p < 0.05) == pytest.approx(0.05, abs=0.025)
    assert np.mean(p[quiet] < 0.05) < 0.075
    counts, slope, _ = city(4, 500, 182, moving=0.3)
    fitted = trend.fit(counts, 0)
    z, p = trend.trend_test(fitted)
    q, change = trend.false_discovery(p), trend.slopes(fitted)
    calls = np.array([called(*one) for one in zip(z, q, change, strict=True)])
    assert np.mean(slope[calls != "flat"] == 0.0) < 0.12
    assert np.mean(calls[np.abs(slope) > 0.3] != "flat") > 0.5
    assert np.all(slope[(calls == "up") & (slope != 0.0)] > 0.0)


def test_totals_of_days_that_hang_together_get_wider() -> None:
    """Events that come in spells: the days' intervals hold, and the week's do because `excess` widens them."""
    draw = np.random.default_rng(5)
    spell = np.repeat(draw.gamma(4.0, 0.25, (150, 32)), 7, axis=1)
    counts = draw.poisson(0.6 * spell)
    fitted = trend.fit(counts[:, :182], 0)
    assert fitted.excess > 1.4
    found = {(name, one.nominal): one for name, one in trend.backtest(counts, 0, window=182, origins=4)}
    assert found["total", 0.8].observed_pit == pytest.approx(0.8, abs=0.07)


def test_the_predictive_law_is_that_of_simulated_futures() -> None:
    counts, _, _ = city(6, 40, 182)
    fitted = trend.fit(counts, 0)
    ahead = trend.forecast(fitted, 7)
    draw = np.random.default_rng(0)
    x = trend.design(0, 7, start=182, window=182)
    for g in (0, 7, 21):
        beta = draw.multivariate_normal(fitted.coefficients[g], fitted.covariance[g], 20_000)
        mean = np.exp(x @ fitted.city + beta @ x.T)
        came = draw.poisson(mean * draw.gamma(1.0 / fitted.alpha[g], fitted.alpha[g], mean.shape))
        assert ahead.mean[g] == pytest.approx(came.mean(axis=0), rel=0.06)
        assert ahead.variance[g] == pytest.approx(came.var(axis=0), rel=0.12)
        assert ahead.total_variance[g] / fitted.excess == pytest.approx(came.sum(axis=1).var(), rel=0.15)


@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(14, 60), st.floats(0.0, 30.0))
@settings(max_examples=40, deadline=None)
def test_any_counts_have_a_finite_fit(seed: int, places: int, days: int, level: float) -> None:
    counts = np.random.default_rng(seed).poisson(level, (places, days))
    fitted = trend.fit(counts, seed % 7)
    ahead = trend.forecast(fitted, 14)
    assert np.isfinite(ahead.mean).all() and (ahead.variance > 0.0).all()
    low, high = trend.interval(ahead.mean, ahead.variance, 0.95)
    assert (low <= high).all() and (low >= 0).all()
    z, p = trend.trend_test(fitted)
    assert np.isfinite(z).all() and ((p >= 0.0) & (p <= 1.0)).all()


def test_columns_are_the_days_of_the_grids() -> None:
    from datetime import date

    rows = [
        {"grid_code": "b", "day": date(2026, 3, 2), "category": "matter-06", "n": 60},
        {"grid_code": "a", "day": date(2026, 3, 1), "category": "part-01", "n": 2},
        {"grid_code": "gone", "day": date(2026, 3, 1), "category": "part-01", "n": 2},
        {"grid_code": "a", "day": date(2026, 2, 1), "category": "part-01", "n": 2},
    ]
    found = columns(rows, ["a", "b"], date(2026, 3, 1), date(2026, 3, 3))
    assert set(found) == {ALL, "matter-06"}  # too few of the other
    assert found[ALL].tolist() == [[2, 0, 0], [0, 60, 0]]
    with pytest.raises(ValueError, match="two weeks"):
        trend.fit(np.zeros((3, 13)), 0)
