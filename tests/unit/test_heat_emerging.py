"""Emerging hot spots equal the definitions read out cell by cell."""

from __future__ import annotations

import math

import h3.api.basic_int as h3
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kendalltau, norm

from onemap.core.errors import BadInput
from onemap.heat.hotspot.emerging import KINDS, emerging, kinds, mann_kendall, name_of, space_time
from onemap.heat.lattice import Lattice, lattice

Floats = npt.NDArray[np.float64]
CENTRE = h3.latlng_to_cell(29.6, 106.5, 8)


def ground(seed: int, radius: int, keep: float) -> Lattice:
    cells = np.array(h3.grid_disk(CENTRE, radius), np.int64)
    return lattice(cells[np.random.default_rng(seed).random(len(cells)) < keep])


def slow_z(grid: Lattice, cube: Floats) -> Floats:
    steps, n = cube.shape
    mean, s, every = cube.mean(), cube.std(), steps * n
    z = np.zeros(cube.shape)
    for t in range(steps):
        for at in range(n):
            near = [at, *(int(j) for j in grid.neighbours[at] if j >= 0)]
            bins = [cube[u, j] for u in (t - 1, t) if u >= 0 for j in near]
            w = len(bins)
            z[t, at] = (sum(bins) - w * mean) / (s * math.sqrt(w * (every - w) / (every - 1)))
    return z


def slow_trend(series: list[float]) -> tuple[int, float]:
    steps = len(series)
    rises = sum((series[j] > series[i]) - (series[j] < series[i]) for i in range(steps) for j in range(i + 1, steps))
    groups = [series.count(value) for value in set(series)]
    variance = (steps * (steps - 1) * (2 * steps + 5) - sum(t * (t - 1) * (2 * t + 5) for t in groups)) / 18
    if rises == 0 or variance == 0:
        return rises, 1.0
    return rises, float(2 * norm.sf((abs(rises) - 1) / math.sqrt(variance)))


def slow_kind(states: list[int], trend: int) -> str:
    """`states`: 1 hot, -1 cold, 0 neither, oldest first."""
    for sign, word in ((states[-1], "now"), (1, "past"), (-1, "past")):
        if sign == 0:
            continue
        on = [state == sign for state in states]
        share = sum(on) / len(on)
        prefix = "hot-" if sign > 0 else "cold-"
        if word == "past":
            if share >= 0.9 and states[-1] == 0:
                return prefix + "historical"
            continue
        if share >= 0.9:
            return prefix + {1: "intensifying", -1: "diminishing", 0: "persistent"}[trend * sign]
        if not any(on[:-1]):
            return prefix + "new"
        run = 0
        while run < len(on) and on[-1 - run]:
            run += 1
        if run >= 2 and not any(on[: len(on) - run]):
            return prefix + "consecutive"
        return prefix + ("oscillating" if -sign in states else "sporadic")
    return "none"


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10**6), steps=st.integers(4, 16), keep=st.floats(0.6, 1.0), rate=st.floats(0.2, 6),
    real=st.booleans(),
)  # fmt: skip
def test_equals_the_slow_one(seed: int, steps: int, keep: float, rate: float, real: bool) -> None:
    grid = ground(seed, 4, keep)
    rng = np.random.default_rng(seed)
    # Places that are busy, quiet, growing and fading, so that every kind comes about.
    here, slope = rng.gamma(0.3, rate, len(grid)), rng.normal(0, 0.4, len(grid))
    cube = rng.poisson(here * np.exp(np.outer(np.linspace(-2, 2, steps), slope))).astype(float)
    cube[0, 0] += 1
    if real:
        cube = cube * 0.7 + rng.random(cube.shape) * 0.1
    told = emerging(grid, cube, alpha=0.1)
    np.testing.assert_allclose(told.z, slow_z(grid, cube), atol=1e-9)
    q = space_time(grid, cube).q.reshape(cube.shape)
    for at in range(len(grid)):
        series = told.z[:, at].tolist()
        rises, p = slow_trend(series)
        assert told.p[at] == pytest.approx(p, abs=1e-12)
        tau = kendalltau(range(steps), series).statistic
        assert told.tau[at] == pytest.approx(0.0 if math.isnan(tau) else tau, abs=1e-12)
        states = [int(np.sign(z)) if q[t, at] <= 0.1 else 0 for t, z in enumerate(series)]
        trend = int(np.sign(rises)) if p <= 0.1 else 0
        assert name_of(int(told.kinds[at])) == slow_kind(states, trend)


@settings(max_examples=200, deadline=None)
@given(
    cells=st.integers(4, 14).flatmap(
        lambda steps: st.lists(st.lists(st.sampled_from([1, 1, 1, 0, -1]), min_size=steps, max_size=steps), min_size=1)
    ),
    trend=st.integers(-1, 1),
)
def test_kinds_of_any_history(cells: list[list[int]], trend: int) -> None:
    states = np.array(cells).T
    found = kinds(states > 0, states < 0, np.full(len(cells), trend))
    assert [name_of(int(code)) for code in found] == [slow_kind(one, trend) for one in cells]
    turned = kinds(states < 0, states > 0, np.full(len(cells), -trend))
    assert (turned == -found).all()


def test_every_kind_by_hand() -> None:
    told = {
        "new": [0] * 9 + [1], "consecutive": [0] * 6 + [1] * 4, "persistent": [0] + [1] * 9,
        "sporadic": [1, 0, 0, 1, 0, 1, 0, 0, 0, 1], "oscillating": [1, 0, -1, 0, 0, 0, 0, 1, 0, 1],
        "historical": [1] * 9 + [0],
    }  # fmt: skip
    for name, states in told.items():
        column = np.array([states]).T
        for trend, other in ((0, name), (1, "intensifying"), (-1, "diminishing")):
            code = int(kinds(column > 0, column < 0, np.array([trend]))[0])
            assert KINDS[code] == (other if name == "persistent" else name)


def test_a_ties_only_series_has_no_trend() -> None:
    tau, p, rises = mann_kendall(np.array([[1.0, 1.0], [1.0, 2.0], [1.0, 3.0], [1.0, 4.0]]))
    assert (tau.tolist(), rises.tolist()) == ([0.0, 1.0], [0, 6])
    assert p[0] == 1.0
    assert p[1] < 0.1


def test_refusals() -> None:
    grid = ground(1, 3, 1.0)
    for cube in (
        np.zeros((3, len(grid))),
        np.zeros((61, len(grid))),
        np.zeros((5, 3)),
        np.full((5, len(grid)), np.nan),
    ):
        with pytest.raises(BadInput):
            emerging(grid, cube)
    assert not emerging(grid, np.zeros((5, len(grid)))).kinds.any()
