"""Susceptibility: the regression against a general minimiser, AUC against all pairs, a known cause found again."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.transform import from_origin
from scipy.ndimage import gaussian_filter
from scipy.optimize import brentq, minimize

from onemap.core.cell import parents
from onemap.terrain import factors
from onemap.terrain.susceptibility import (
    BLOCK_RES,
    FOLDS,
    LEAST_SLIDES,
    RAMPS,
    _folds,
    auc,
    fit,
    index,
    irls,
    percentile,
    ramp,
    score,
)  # fmt: skip


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.floats(0.01, 10))
def test_the_regression_is_at_the_minimum(seed: int, columns: int, ridge: float) -> None:
    rng = np.random.default_rng(seed)
    x = np.column_stack((np.ones(200), rng.normal(size=(200, columns))))
    y = rng.random(200) < 1 / (1 + np.exp(-(x @ rng.normal(0, 1, columns + 1) - 1)))

    def loss(beta: np.ndarray) -> float:
        odds = x @ beta
        return float(np.logaddexp(0, odds).sum() - odds[y].sum() + ridge / 2 * (beta[1:] ** 2).sum())

    found = irls(x, y, ridge)
    best = minimize(loss, np.zeros(columns + 1), method="BFGS", options={"gtol": 1e-7})
    if 0 < y.sum() < len(y):
        assert loss(found) <= best.fun + 1e-6
        np.testing.assert_allclose(found, best.x, atol=2e-3)


def test_classes_that_separate_stay_finite() -> None:
    x = np.column_stack((np.ones(40), np.arange(40.0) - 20))
    found = irls(x, np.arange(40) >= 20)
    assert np.isfinite(found).all()
    assert found[1] > 0


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=30))
def test_auc_and_percentile_are_those_of_all_pairs(rows: list[tuple[int, bool]]) -> None:
    slid, not_ = [v for v, y in rows if y], [v for v, y in rows if not y]
    found = auc([v for v, _ in rows], [y for _, y in rows])
    if slid and not_:
        assert found == pytest.approx(np.mean([(a > b) + (a == b) / 2 for a in slid for b in not_]))
    else:
        assert np.isnan(found)
    values = [v for v, _ in rows]
    share = 100 * np.mean([(v < values[0]) + (v == values[0]) / 2 for v in values])
    assert percentile(values, values[:1])[0] == pytest.approx(share)


def test_the_index_is_what_it_says() -> None:
    ground = {
        "slope_deg": np.array([0.0, 2.0, 10.0, 20.0, 35.0, 60.0, 20.0, np.nan]),
        "relief_m": np.array([0.0, 300, 100, 100, 300, 300, np.nan, 100]),
        "wetness": np.array([20.0, 20, 6, 6, 11, 11, np.nan, 6]),
        "curvature": np.array([0.0, 0, 0, 0, -0.01, -0.01, np.nan, 0]),
        "exposure": np.array([1.0, 1, 0.5, 0.5, 1, 1, np.nan, 0.5]),
    }
    found = index(ground)
    assert found[:2].tolist() == [0, 0]  # flat ground does not slide, however wet
    assert found[2] < found[3] < found[4]
    assert found[4] == found[5] == pytest.approx(1.0)
    assert found[6] == pytest.approx(0.5)  # of the slope alone
    assert np.isnan(found[7])
    assert sum(weight for _, _, weight in RAMPS.values()) == pytest.approx(1.0)
    assert ramp([2.0, 4.0, 6.0], 6.0, 2.0).tolist() == [1.0, 0.5, 0.0]


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Cells and factors of 12 x 12 km of made hills."""
    rng = np.random.default_rng(4)
    z = sum(gaussian_filter(rng.normal(size=(400, 400)), s) * s * h for s, h in ((30, 500.0), (10, 150.0), (4, 25.0)))
    path = tmp_path_factory.mktemp("dem") / "hills.tif"
    with rasterio.open(path, "w", driver="GTiff", width=400, height=400, count=1, dtype="float32", crs="EPSG:32648",
                       transform=from_origin(600_000, 3_300_000, 30, 30)) as out:  # fmt: skip
        out.write((1500 + z).astype(np.float32), 1)
    res, cells = factors.cells_of(path, max_cells=20_000)
    assert res == 10
    columns, known = factors.factors(path, cells)
    keep = known >= factors.LEAST_KNOWN
    names = ("slope_deg", "relief_m", "wetness", "curvature")
    return cells[keep], {name: columns[name][keep] for name in names}


def simulated(columns: dict[str, np.ndarray], cause: dict[str, float], slides: int) -> tuple[np.ndarray, np.ndarray]:
    """Where something slid, drawn from a cause in log odds of one standard deviation, and the true log odds."""
    rng = np.random.default_rng(9)
    odds = np.zeros(len(columns["slope_deg"]))
    for name, weight in cause.items():
        odds += weight * (columns[name] - columns[name].mean()) / columns[name].std()
    base = brentq(lambda b: (1 / (1 + np.exp(-odds - b))).sum() - slides, -30, 10)
    return rng.random(len(odds)) < 1 / (1 + np.exp(-odds - base)), odds


def test_a_known_cause_is_found_again(ground: tuple[np.ndarray, dict[str, np.ndarray]]) -> None:
    cells, columns = ground
    cause = {"slope_deg": 1.2, "wetness": 0.7, "curvature": -0.6}
    slid, odds = simulated(columns, cause, 150)
    model = fit(cells, columns, slid)
    assert model is not None
    found = dict(zip(model.factors, model.coefficients, strict=True))
    for name, true in cause.items():
        assert np.sign(found[name]) == np.sign(true), name
    assert abs(found["relief_m"]) < 0.5
    best = auc(odds, slid)
    assert model.auc > best - 0.05
    assert model.auc > 0.7
    scores = score(model, columns)
    assert auc(scores, slid) > best - 0.02
    # 0.5 is the average odds: about as many slides are expected as there were.
    odds_of = scores / (1 - scores) * model.slides / (model.cells - model.slides)
    assert (odds_of / (1 + odds_of)).sum() == pytest.approx(model.slides, rel=0.01)


def test_noise_is_no_cause(ground: tuple[np.ndarray, dict[str, np.ndarray]]) -> None:
    cells, columns = ground
    slid, _ = simulated(columns, {}, 150)
    model = fit(cells, columns, slid)
    assert model is not None
    assert 0.4 < model.auc < 0.6


def test_too_few_slides_or_all_in_one_place_fit_nothing(ground: tuple[np.ndarray, dict[str, np.ndarray]]) -> None:
    cells, columns = ground
    few = np.zeros(len(cells), bool)
    few[: LEAST_SLIDES - 1] = True
    assert fit(cells, columns, few) is None
    block = parents(cells, BLOCK_RES)
    assert fit(cells, columns, block == block[len(block) // 2]) is None


def test_folds_are_alike_and_keep_blocks_whole(ground: tuple[np.ndarray, dict[str, np.ndarray]]) -> None:
    cells, columns = ground
    slid, _ = simulated(columns, {"slope_deg": 1.0}, 150)
    block = parents(cells, BLOCK_RES)
    fold = _folds(block, slid)
    assert len({(int(b), int(f)) for b, f in zip(block, fold, strict=True)}) == len(np.unique(block))
    counts, slides = np.bincount(fold, minlength=FOLDS), np.bincount(fold, weights=slid, minlength=FOLDS)
    assert counts.min() > 0.4 * counts.mean()
    assert slides.min() > 0.5 * slides.mean()
