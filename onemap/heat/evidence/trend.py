"""Demand of many places at once: day-of-week, trend and over-dispersion, with prediction intervals that are checked.

Model, for place g on day t: y ~ NB2(mean mu, variance mu + alpha_g mu^2), log mu = city_t + b_g . x_t, where city_t is
the city's own fitted pattern and x_t = (1, seven weekdays, trend). The b_g are drawn towards the city by a normal prior
whose spreads come from all places together (empirical Bayes by EM with Laplace posteriors, Efron and Morris 1973;
Breslow and Clayton 1993), so a place with three events a year gets the city's weekdays and trend, one with three a day
its own. alpha_g is a moment estimate drawn towards the city's in the same way. All places are fitted in one IRLS.

Pure functions over arrays; days are columns, oldest first; a weekday is 0 (Monday) to 6.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from onemap.core.cell import Floats

Ints = npt.NDArray[np.int64]

#: Columns of the design: level, seven weekdays, trend.
LEVEL, TREND, COLUMNS = 0, 8, 9
#: Unit of the trend column in days: a coefficient is a change of the log in four weeks.
TREND_DAYS = 28.0
LEVELS = (0.8, 0.95)
_ROUNDS = 24
_LONGEST_STEP = 1.5
_LEAST_ALPHA = 1e-6
#: Autocorrelation can widen the spread of a total over that of its days by so much at most.
_MOST_EXCESS = 6.0


@dataclass(frozen=True)
class Fit:
    """A fitted set of G places over D days: coefficients (G, 9), their posterior covariances (G, 9, 9), alpha (G,).

    `city` are the city's nine coefficients (mean of one place, log), `excess` what the variance of weekly totals is
    beyond independent days (1: nothing), `first` the weekday of day 0.
    """

    counts: Ints
    first: int
    city: Floats
    coefficients: Floats
    covariance: Floats
    alpha: Floats
    excess: float

    @property
    def days(self) -> int:
        """Days of the fitted window."""
        return int(self.counts.shape[1])

    def means(self) -> Floats:
        """Fitted means (G, D)."""
        x = design(self.first, self.days)
        return np.asarray(np.exp(x @ self.city + self.coefficients @ x.T), np.float64)


@dataclass(frozen=True)
class Forecast:
    """Predictive mean and variance of the coming days (G, H), and of their total (G,)."""

    mean: Floats
    variance: Floats
    total_mean: Floats
    total_variance: Floats


@dataclass(frozen=True)
class Coverage:
    """How often what came lay inside the interval.

    `observed` is the plain share. Counts are whole, so an interval of them holds more than it says, the more so the
    smaller they are: `observed_pit` counts the mass at an interval's ends in part (randomised PIT, Czado et al. 2009)
    and equals `nominal` for a perfect forecast. `cases` are forecasts judged, `days` the days they span.
    """

    nominal: float
    observed: float
    observed_pit: float
    cases: int
    days: int


def design(first: int, days: int, *, start: int = 0, window: int | None = None) -> Floats:
    """The design matrix of `days` days from day `start` of a window: (days, 9). The trend is 0 mid-window."""
    t = np.arange(start, start + days)
    x = np.zeros((days, COLUMNS))
    x[:, LEVEL] = 1.0
    x[np.arange(days), 1 + (first + t) % 7] = 1.0
    x[:, TREND] = (t - ((window or days) - 1) / 2.0) / TREND_DAYS
    return x


def fit(counts: npt.ArrayLike, first: int) -> Fit:
    """Fit all places: `counts` (G, D) with D >= 14, `first` the weekday of day 0. Raises ValueError for less."""
    y = np.asarray(counts, np.int64)
    if y.ndim != 2 or y.shape[1] < 14 or not len(y):
        raise ValueError("at least one place and two weeks of days are needed")
    x = design(first, y.shape[1])
    city = _city(y, x)
    offset = x @ city
    squares = (x[:, :, None] * x[:, None, :]).reshape(len(x), -1)
    beta = np.zeros((len(y), COLUMNS))
    beta[:, LEVEL] = np.log((y.sum(axis=1) + 0.5) / (np.exp(offset).sum() + 0.5))
    middle, spread = float(np.mean(beta[:, LEVEL])), _spreads(0.5, 0.02, 0.02)
    alpha = np.full(len(y), 0.1)
    for turn in range(_ROUNDS):
        mu, precision = _moments(y, beta, alpha, x, offset, squares, spread)
        prior = np.zeros(COLUMNS)
        prior[LEVEL] = middle
        slope = ((y - mu) / (1.0 + alpha[:, None] * mu)) @ x - (beta - prior) / spread
        step = np.linalg.solve(precision, slope[:, :, None])[:, :, 0]
        step *= np.minimum(1.0, _LONGEST_STEP / np.maximum(np.abs(step).max(axis=1, keepdims=True), 1e-12))
        beta = beta + step
        if turn >= 2:
            middle, spread = _prior(beta, np.asarray(np.linalg.inv(precision), np.float64))
            alpha = _dispersion(y, np.exp(offset + beta @ x.T))
        if turn > 8 and float(np.abs(step).max()) < 1e-4:
            break
    mu, precision = _moments(y, beta, alpha, x, offset, squares, spread)
    covariance = np.asarray(np.linalg.inv(precision), np.float64)
    return Fit(y, first, city, beta, covariance, alpha, _excess(y, mu, alpha))


def forecast(fitted: Fit, days: int) -> Forecast:
    """The `days` days after the window. Parameters are uncertain too: their posterior spread is in the variances."""
    x = design(fitted.first, days, start=fitted.days, window=fitted.days)
    eta = x @ fitted.city + fitted.coefficients @ x.T
    spread = np.einsum("hi,gij,kj->ghk", x, fitted.covariance, x)
    own = np.einsum("ghh->gh", spread)
    mean = np.exp(eta + own / 2.0)
    # Log-normal parameters: Cov(mu_h, mu_k) = E mu_h E mu_k (exp(s_hk) - 1).
    shared = mean[:, :, None] * mean[:, None, :] * np.expm1(np.minimum(spread, 20.0))
    noise = mean + fitted.alpha[:, None] * mean**2 * np.exp(own)
    return Forecast(
        mean,
        noise + np.einsum("ghh->gh", shared),
        mean.sum(axis=1),
        fitted.excess * noise.sum(axis=1) + shared.sum(axis=(1, 2)),
    )


def interval(mean: Floats, variance: Floats, level: float) -> tuple[Ints, Ints]:
    """The central prediction interval (both ends inside) of negative binomials with that mean and variance."""
    size, share = _negative_binomial(mean, variance)
    tail = (1.0 - level) / 2.0
    low, high = stats.nbinom.ppf(tail, size, share), stats.nbinom.ppf(1.0 - tail, size, share)
    return np.asarray(low, np.int64), np.asarray(high, np.int64)


def trend_test(fitted: Fit) -> tuple[Floats, Floats]:
    """z and two-sided p (G,) of "no trend over the window", a score test with each place's own level and weekdays.

    The score test keeps its level for rare events, where a fitted slope over its standard error does not (Cameron and
    Trivedi 2013, 2.6). Serial dependence widens its variance by `excess`.
    """
    x = design(fitted.first, fitted.days)
    still = x.copy()
    still[:, TREND] = 0.0
    pattern = np.exp(still @ fitted.city + fitted.coefficients @ still.T)
    level = fitted.counts.sum(axis=1, keepdims=True) / np.maximum(pattern.sum(axis=1, keepdims=True), 1e-300)
    mu = pattern * level
    weight = mu / (1.0 + fitted.alpha[:, None] * mu)
    total = np.maximum(weight.sum(axis=1, keepdims=True), 1e-300)
    centred = x[:, TREND] - (weight @ x[:, TREND])[:, None] / total
    score = (centred * (fitted.counts - mu) / (1.0 + fitted.alpha[:, None] * mu)).sum(axis=1)
    variance = fitted.excess * (weight * centred**2).sum(axis=1)
    z = np.where(variance > 1e-12, score / np.sqrt(np.maximum(variance, 1e-12)), 0.0)
    return z, np.asarray(2.0 * stats.norm.sf(np.abs(z)), np.float64)


def slopes(fitted: Fit) -> Floats:
    """The change of the mean in four weeks (G,), as a factor less one: 0.1 is ten percent more."""
    return np.asarray(np.expm1(fitted.city[TREND] + fitted.coefficients[:, TREND]), np.float64)


def false_discovery(p: Floats) -> Floats:
    """Benjamini-Hochberg adjusted p (1995): calling those below 0.05 is wrong in 5 % of the calls on average."""
    return np.asarray(stats.false_discovery_control(p), np.float64) if len(p) else p


def backtest(
    counts: npt.ArrayLike, first: int, *, window: int, horizon: int = 7, origins: int = 8, every: int = 7
) -> list[tuple[str, Coverage]]:
    """Forecast the past: from `origins` days, `every` days apart, with what was known then, `horizon` days ahead.

    Returns ("day" or "total", coverage) for each of LEVELS. Origins without `window` days before them are left out.
    """
    y = np.asarray(counts, np.int64)
    days: list[tuple[Floats, Floats, Ints]] = []
    totals: list[tuple[Floats, Floats, Ints]] = []
    for number in range(origins):
        origin = y.shape[1] - horizon - number * every
        if origin < window:
            break
        known = fit(y[:, origin - window : origin], (first + origin - window) % 7)
        ahead = forecast(known, horizon)
        came = y[:, origin : origin + horizon]
        days.append((ahead.mean.ravel(), ahead.variance.ravel(), came.ravel()))
        totals.append((ahead.total_mean, ahead.total_variance, came.sum(axis=1)))
    span = min(len(days) * every + max(0, horizon - every), y.shape[1])
    return [
        (name, _covered(cases, level, span))
        for name, cases in (("day", days), ("total", totals))
        if cases
        for level in LEVELS
    ]


def _covered(cases: list[tuple[Floats, Floats, Ints]], level: float, span: int) -> Coverage:
    mean, variance, came = (np.concatenate(column) for column in zip(*cases, strict=True))
    size, share = _negative_binomial(mean, variance)
    tail = (1.0 - level) / 2.0
    below, upto = stats.nbinom.cdf(came - 1, size, share), stats.nbinom.cdf(came, size, share)
    # Both ends are inside: y >= ppf(tail) is cdf(y) >= tail, y <= ppf(1 - tail) is cdf(y - 1) < 1 - tail.
    plain = (upto >= tail) & (below < 1.0 - tail)
    part = np.clip(np.minimum(upto, 1.0 - tail) - np.maximum(below, tail), 0.0, None) / np.maximum(upto - below, 1e-300)
    return Coverage(level, float(plain.mean()), float(np.minimum(part, 1.0).mean()), len(came), span)


def _negative_binomial(mean: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """Size and success share of the negative binomials with that mean and variance (a Poisson nearly, at the least)."""
    mean = np.maximum(mean, 1e-9)
    over = np.maximum(variance - mean, 1e-6 * mean)
    size = mean**2 / over
    return size, size / (size + mean)


def _spreads(level: float, weekday: float, trend: float) -> Floats:
    return np.array([level, *([weekday] * 7), trend])


def _city(y: Ints, x: Floats) -> Floats:
    """The city's coefficients: IRLS on the daily mean of a place, weekdays lightly held together so that they are told
    apart from the level."""
    total = y.sum(axis=0).astype(np.float64)
    ridge = np.diag(_spreads(1e-6, 1.0, 1e-3))
    beta = np.zeros(COLUMNS)
    beta[LEVEL] = np.log(total.mean() + 0.5 / len(total))
    alpha = 0.0
    for _ in range(40):
        mu = np.exp(np.clip(x @ beta, -30.0, 30.0))
        weight = mu / (1.0 + alpha * mu)
        pull = ridge @ beta
        pull[LEVEL] = 0.0
        step = np.linalg.solve((x * weight[:, None]).T @ x + ridge, x.T @ ((total - mu) / (1.0 + alpha * mu)) - pull)
        beta = beta + step * min(1.0, _LONGEST_STEP / max(float(np.abs(step).max()), 1e-12))
        alpha = max(0.0, float(((total - mu) ** 2 - mu).sum() / np.maximum((mu**2).sum(), 1e-12)))
        if float(np.abs(step).max()) < 1e-8:
            break
    beta[LEVEL] -= np.log(len(y))
    return beta


def _moments(
    y: Ints, beta: Floats, alpha: Floats, x: Floats, offset: Floats, squares: Floats, spread: Floats
) -> tuple[Floats, Floats]:
    """Means (G, D) and posterior precisions (G, 9, 9) at these coefficients."""
    mu = np.exp(np.clip(offset + beta @ x.T, -30.0, 30.0))
    weight = mu / (1.0 + alpha[:, None] * mu)
    precision = (weight @ squares).reshape(len(y), COLUMNS, COLUMNS) + np.diag(1.0 / spread)
    return mu, precision


def _prior(beta: Floats, covariance: Floats) -> tuple[float, Floats]:
    """One EM step: the centre of the levels, and the spreads of levels, weekdays and trends among places."""
    own = np.einsum("gii->gi", covariance)
    middle = float(beta[:, LEVEL].mean())
    level = float(((beta[:, LEVEL] - middle) ** 2 + own[:, LEVEL]).mean())
    weekday = float((beta[:, 1:TREND] ** 2 + own[:, 1:TREND]).mean())
    trend = float((beta[:, TREND] ** 2 + own[:, TREND]).mean())
    return middle, np.maximum(_spreads(level, weekday, trend), 1e-5)


def _dispersion(y: Ints, mu: Floats) -> Floats:
    """alpha of each place: its moment estimate drawn towards the pooled one by how little it tells."""
    squared = np.maximum((mu**2).sum(axis=1), 1e-12)
    surplus = ((y - mu) ** 2 - mu).sum(axis=1)
    pooled = max(float(surplus.sum() / squared.sum()), _LEAST_ALPHA)
    own = surplus / squared
    variance = mu + pooled * mu**2
    # Of ((y - mu)^2 - mu): twice the squared variance, and a fourth moment that matters where counts are small.
    noise = (2.0 * variance**2 + variance * (1.0 + 6.0 * pooled * mu)).sum(axis=1) / squared**2
    weight = 1.0 / noise
    between = float((weight * ((own - pooled) ** 2 - noise)).sum() / weight.sum())
    if between <= 0.0:
        return np.full(len(y), pooled)
    share = between / (between + noise)
    return np.asarray(np.maximum(pooled + share * (own - pooled), _LEAST_ALPHA), np.float64)


def _excess(y: Ints, mu: Floats, alpha: Floats) -> float:
    """Variance of weekly totals over that of independent days, from all places together; at least 1."""
    weeks = y.shape[1] // 7
    tail = y.shape[1] - weeks * 7
    rest = (y - mu)[:, tail:].reshape(len(y), weeks, 7)
    noise = (mu + alpha[:, None] * mu**2)[:, tail:].reshape(len(y), weeks, 7)
    found = float((rest.sum(axis=2) ** 2).sum() / max(float(noise.sum()), 1e-12))
    # A fit takes up some of the spread of the totals it was made from: levels and trends are two of each place.
    return float(np.clip(found * weeks / max(1.0, weeks - 2.0), 1.0, _MOST_EXCESS))
