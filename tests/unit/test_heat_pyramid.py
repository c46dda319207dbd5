"""Counts at every resolution, held against a loop of np.unique."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onemap.core import cell
from onemap.core.errors import BadInput
from onemap.heat.count.pyramid import pyramid


def slow(cells, resolutions, weights=None):
    found = {}
    for res in resolutions:
        keys, run, counts = np.unique(cell.parents(cells, res), return_inverse=True, return_counts=True)
        found[res] = (keys, counts, None if weights is None else np.bincount(run, weights))
    return found


def same(cells, resolutions=range(5, 13), weights=None, workers=None):
    found = pyramid(cells, resolutions, weights=weights, workers=workers)
    assert sorted(found) == sorted(resolutions)
    for res, (keys, counts, sums) in slow(cells, resolutions, weights).items():
        assert found[res].cells.dtype == found[res].counts.dtype == np.int64
        assert np.array_equal(found[res].cells, keys)
        assert np.array_equal(found[res].counts, counts)
        if sums is None:
            assert found[res].weights is None
        else:
            assert np.array_equal(found[res].weights, sums)


def city(n, seed, spread=0.2):
    random = np.random.default_rng(seed)
    return cell.cells_of(120.2 + random.normal(0, spread, n), 30.2 + random.normal(0, spread, n))


def globe(n, seed):
    random = np.random.default_rng(seed)
    return cell.cells_of(random.uniform(-180, 180, n), np.degrees(np.arcsin(random.uniform(-1, 1, n))))


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 3000), st.integers(0, 10**6), st.sampled_from([1e-6, 1e-4, 0.01, 0.5, 8.0]), st.integers(1, 3))
def test_random_cities(n, seed, spread, workers):
    cells = city(n, seed, spread)
    # Many incidents at one address.
    cells = np.concatenate([cells, np.repeat(cells[:3], 20)])
    same(np.random.default_rng(seed).permutation(cells), workers=workers)


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("make", [city, globe])
def test_several_threads_share_parents_at_the_seams(make, workers):
    same(make(600_000, workers), workers=workers)


def test_half_of_all_cells_at_one_place():
    same(np.concatenate([np.full(300_000, city(1, 4)[0]), city(300_000, 5)]), workers=2)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6), st.lists(st.integers(0, 15), min_size=1, max_size=6, unique=True))
def test_any_resolutions(seed, resolutions):
    same(globe(500, seed), resolutions)
    same(city(500, seed), resolutions)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6), st.integers(1, 2000))
def test_weights(seed, n):
    random = np.random.default_rng(seed)
    same(random.choice(city(n, seed, 0.001), 2 * n), weights=random.choice([8.0, 4.0, 2.0, 1.0, 0.25], 2 * n))


def test_stored_cells_of_a_coarser_resolution_will_do():
    same(cell.parents(city(3000, 1), 12))
    same(cell.parents(city(3000, 1), 9), range(0, 10))


def test_nothing_and_one():
    assert pyramid(np.empty(0, np.int64))[12].cells.shape == (0,)
    assert pyramid(np.empty(0, np.int64), weights=np.empty(0))[5].weights.shape == (0,)
    assert pyramid(city(5, 1), []) == {}
    same(city(1, 1))


@pytest.mark.parametrize(
    ("cells", "weights", "reason"),
    [
        (cell.parents(city(5, 1), 11), None, "resolution"),
        (np.concatenate([city(5, 1), cell.parents(city(5, 1), 14)]), None, "resolution"),
        (city(5, 1), np.ones(4), "shape"),
    ],
)
def test_refusals(cells, weights, reason):
    with pytest.raises(BadInput) as caught:
        pyramid(cells, weights=weights)
    assert caught.value.reason == reason
