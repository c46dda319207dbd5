"""Gi* equals esda's and the formula written out; a state that was added to equals one computed anew."""

from __future__ import annotations

import warnings

import h3.api.basic_int as h3
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onemap.core.errors import BadInput
from onemap.heat.hotspot.gistar import CLASSES, classes, false_discovery, gi_star
from onemap.heat.hotspot.gistate import GiState
from onemap.heat.lattice import Lattice, lattice

Floats = npt.NDArray[np.float64]
CENTRE = h3.latlng_to_cell(29.6, 106.5, 9)


def ground(seed: int, radius: int, keep: float, rings: int) -> Lattice:
    """A disk of cells with holes."""
    cells = np.array(h3.grid_disk(CENTRE, radius), np.int64)
    return lattice(cells[np.random.default_rng(seed).random(len(cells)) < keep], rings)


def esda_gi(grid: Lattice, values: Floats) -> tuple[Floats, Floats]:
    from esda.getisord import G_Local
    from libpysal.weights import W

    near = {at: grid.neighbours[at][grid.neighbours[at] >= 0].tolist() for at in range(len(grid))}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        w = W(near, silence_warnings=True)
        told = G_Local(values, w, transform="B", permutations=0, star=True)
    return np.asarray(told.Zs), np.asarray(told.p_norm) * 2


def written_out(grid: Lattice, values: Floats) -> Floats:
    n, mean = len(values), sum(values.tolist()) / len(values)
    s = (sum(x * x for x in values.tolist()) / n - mean**2) ** 0.5
    z = []
    for at in range(n):
        near = [at, *(int(j) for j in grid.neighbours[at] if j >= 0)]
        w = len(near)
        z.append((sum(values[j] for j in near) - w * mean) / (s * ((n * w - w * w) / (n - 1)) ** 0.5))
    return np.array(z)


def slow_rate(p: Floats) -> Floats:
    m = len(p)
    order = np.argsort(p)
    q = np.empty(m)
    for k in range(m):
        q[order[k]] = min(1.0, min(p[order[later]] * m / (later + 1) for later in range(k, m)))
    return q


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6), radius=st.integers(4, 9), keep=st.floats(0.6, 1.0), rings=st.integers(1, 2),
    rate=st.floats(0.05, 40), real=st.booleans(),
)  # fmt: skip
def test_equals_esda_and_the_formula(seed: int, radius: int, keep: float, rings: int, rate: float, real: bool) -> None:
    grid = ground(seed, radius, keep, rings)
    rng = np.random.default_rng(seed)
    values = rng.poisson(rng.gamma(0.7, rate, len(grid))).astype(float)
    if real:
        values = values * 0.37 + rng.random(len(grid))
    if np.ptp(values) == 0:
        values[0] += 1
    told = gi_star(grid, values)
    z, p = esda_gi(grid, values)
    np.testing.assert_allclose(told.z, z, atol=1e-9, rtol=0)
    np.testing.assert_allclose(told.p, p, atol=1e-9, rtol=0)
    np.testing.assert_allclose(told.z, written_out(grid, values), atol=1e-8, rtol=0)
    np.testing.assert_allclose(told.q, slow_rate(told.p), atol=1e-12, rtol=0)
    for code, z_one, q_one in zip(told.codes.tolist(), told.z.tolist(), told.q.tolist(), strict=True):
        level = next((name for name, limit in (("99", 0.01), ("95", 0.05), ("90", 0.10)) if q_one <= limit), "")
        assert CLASSES[code] == (f"{'hot' if z_one > 0 else 'cold'}{level}" if level else "none")


def equal(state: GiState, grid: Lattice) -> None:
    kept, anew = state.all(), gi_star(grid, state.counts)
    for name in ("z", "p", "q", "codes"):
        np.testing.assert_array_equal(getattr(kept, name), getattr(anew, name))
    for at in (0, len(grid) // 2, len(grid) - 1):
        assert state.at(at) == (kept.z[at], kept.p[at], kept.q[at], CLASSES[int(kept.codes[at])])


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6), keep=st.floats(0.5, 1.0), rings=st.integers(1, 2),
    moves=st.lists(st.tuples(st.floats(0, 0.999), st.integers(-3, 9)), max_size=60),
)  # fmt: skip
def test_added_to_equals_computed_anew(seed: int, keep: float, rings: int, moves: list[tuple[float, int]]) -> None:
    grid = ground(seed, 7, keep, rings)
    state = GiState(grid, np.random.default_rng(seed).poisson(0.4, len(grid)))
    for number, (share, amount) in enumerate(moves):
        place = int(share * len(grid))
        if state.counts[place] + amount < 0:
            with pytest.raises(BadInput):
                state.add(place, amount)
        else:
            state.add(place, amount)
        if number % 20 == 0:
            equal(state, grid)
    equal(state, grid)


def test_a_sum_that_outgrows_the_table() -> None:
    grid = ground(3, 6, 1.0, 1)
    state = GiState(grid, np.zeros(len(grid), np.int64))
    for amount in (7, 1, 500, -500, 20_000, 3, 70_000, -70_000):
        state.add(5, amount)
        equal(state, grid)


def test_a_million_times_one_is_found_in_pairs_and_by_sorting_alike() -> None:
    """Sums too large for a table of pairs give what small ones do: Gi* does not know the unit."""
    grid = ground(4, 8, 0.9, 1)
    counts = np.random.default_rng(4).poisson(1.0, len(grid))
    small, large = gi_star(grid, counts), gi_star(grid, counts * 1_000_003)
    np.testing.assert_allclose(small.z, large.z, atol=1e-9)
    np.testing.assert_allclose(small.q, large.q, atol=1e-9)


def test_nothing_stands_out_where_nothing_varies() -> None:
    grid = ground(5, 5, 1.0, 1)
    for values in (np.zeros(len(grid)), np.full(len(grid), 3), np.full(len(grid), 0.1)):
        told = gi_star(grid, values)
        assert not told.z.any() and (told.p == 1).all() and (told.q == 1).all() and not told.codes.any()
    assert not gi_star(lattice([CENTRE]), [3]).z.any()
    assert len(gi_star(lattice([]), []).z) == 0
    with pytest.raises(BadInput):
        gi_star(grid, [1.0])
    with pytest.raises(BadInput):
        gi_star(grid, np.full(len(grid), np.nan))
    with pytest.raises(BadInput):
        GiState(grid, np.full(len(grid), 0.5))


def test_a_planted_heap_is_hot_and_the_rest_is_not() -> None:
    """Under one rate everywhere the false discovery rate holds; a heap is named, with its neighbours."""
    grid = ground(6, 30, 1.0, 1)
    counts = np.random.default_rng(6).poisson(1.0, len(grid))
    assert (gi_star(grid, counts).codes != 0).mean() < 0.01
    heap = grid.place(CENTRE)
    counts[heap] += 8
    counts[grid.neighbours[heap]] += 6
    assert gi_star(grid, counts).codes[heap] == 3


def test_rates_of_counted_tests_are_those_of_all() -> None:
    rng = np.random.default_rng(7)
    p, cells = rng.random(30), rng.integers(1, 9, 30)
    everything = false_discovery(np.repeat(p, cells), np.ones(cells.sum(), np.int64))
    np.testing.assert_allclose(np.repeat(false_discovery(p, cells), cells), everything, atol=1e-15)
    assert classes(np.array([1.0, -1.0, 2.0, 2.0]), np.array([0.01, 0.05, 0.1, 0.1001])).tolist() == [3, -2, 1, 0]
