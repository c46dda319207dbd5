"""How prone the ground is to slide: a stated index where no slides are known, a fitted model where enough are.

The index (0..1) is a weighted mean of memberships, each 0..1 by the linear ramps of `RAMPS`, times a gate that is 0 on
ground gentler than 3 degrees: flat ground does not slide, however wet. What is not known is left out of the mean.

The model is logistic regression on standardised factors by iteratively reweighted least squares with a ridge (le
Cessie & van Houwelingen 1992), presence against all other cells. It is judged by blocks of ground that it has not seen:
the cells of one coarse H3 cell are always held out together, because neighbours resemble each other. A score is odds
beside the average cell's: s = o / (1 + o), o = odds(cell) / odds(average): 0.5 is average, 0.9 nine times as likely.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from onemap.core.cell import Cells, parents

Doubles = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

#: Factor → (value at membership 0, value at membership 1, weight). Curvature falls: hollows gather water.
RAMPS: dict[str, tuple[float, float, float]] = {
    "slope_deg": (5.0, 35.0, 0.45),
    "relief_m": (20.0, 300.0, 0.15),
    "wetness": (4.0, 11.0, 0.10),
    "curvature": (0.005, -0.005, 0.10),
    "exposure": (0.0, 1.0, 0.20),
}
GATE_DEG = (3.0, 8.0)
RIDGE = 1.0
#: Fewer known slides, or slides in fewer blocks than this, fit nothing that would hold elsewhere.
LEAST_SLIDES, LEAST_BLOCKS, FOLDS = 20, 5, 5
BLOCK_RES = 7
#: A factor that is unknown in more than this share of the cells is left out of the model.
_UNKNOWN = 0.5


@dataclass(frozen=True)
class Model:
    """A fitted model: `coefficients` are of standardised factors, the log odds of one standard deviation.

    `auc` is that of held-out blocks, `auc_index` the stated index's on the same cells.
    """

    factors: tuple[str, ...]
    coefficients: tuple[float, ...]
    intercept: float
    mean: tuple[float, ...]
    std: tuple[float, ...]
    slides: int
    cells: int
    auc: float
    auc_index: float


def index(factors: Mapping[str, npt.ArrayLike]) -> Doubles:
    """The stated index of cells from the factors of `RAMPS` (cells,); NaN where the slope is unknown."""
    slope = np.asarray(factors["slope_deg"], np.float64)
    total, weights = np.zeros_like(slope), np.zeros_like(slope)
    for name, (low, high, weight) in RAMPS.items():
        values = np.asarray(factors.get(name, np.full_like(slope, np.nan)), np.float64)
        known = ~np.isnan(values)
        total += np.where(known, weight * ramp(values, low, high), 0.0)
        weights += np.where(known, weight, 0.0)
    with np.errstate(invalid="ignore"):
        found = total / weights * ramp(slope, *GATE_DEG)
    return np.where(np.isnan(slope), np.nan, found)


def ramp(values: npt.ArrayLike, low: float, high: float) -> Doubles:
    """0 at `low`, 1 at `high` (which may be the smaller one), linear between, NaN kept."""
    return np.clip((np.asarray(values, np.float64) - low) / (high - low), 0.0, 1.0)


def fit(cells: Cells, factors: Mapping[str, npt.ArrayLike], slides: npt.ArrayLike) -> Model | None:
    """Fit the model to cells where something slid: `slides` bool (cells,), or None when too few are known.

    `factors` are columns (cells,); an unknown value counts as the factor's mean.
    """
    y = np.asarray(slides, np.bool_)
    block = parents(cells, BLOCK_RES)
    if y.sum() < LEAST_SLIDES or len(np.unique(block[y])) < LEAST_BLOCKS:
        return None
    names, x, mean, std = _standardised(factors, len(y))
    fold = _folds(block, y)
    held = np.empty(len(y))
    for k in range(FOLDS):
        out = fold == k
        held[out] = _design(x[out]) @ irls(_design(x[~out]), y[~out])
    beta = irls(_design(x), y)
    return Model(
        names, tuple(beta[1:].tolist()), float(beta[0]), tuple(mean.tolist()), tuple(std.tolist()), int(y.sum()),
        len(y), auc(held, y), auc(index(factors), y),
    )  # fmt: skip


def score(model: Model, factors: Mapping[str, npt.ArrayLike]) -> Doubles:
    """Scores 0..1 of cells by a fitted model: 0.5 is the average cell's odds."""
    columns = [np.asarray(factors[name], np.float64) for name in model.factors]
    x = np.column_stack([(c - m) / s for c, m, s in zip(columns, model.mean, model.std, strict=True)])
    log_odds = model.intercept + np.nan_to_num(x) @ np.array(model.coefficients)
    average = model.slides / model.cells
    found = 1.0 / (1.0 + np.exp(-np.clip(log_odds - np.log(average / (1.0 - average)), -50.0, 50.0)))
    return np.where(np.isnan(np.asarray(factors["slope_deg"], np.float64)), np.nan, found)


def irls(x: Doubles, y: npt.ArrayLike, ridge: float = RIDGE, rounds: int = 50) -> Doubles:
    """Coefficients of logistic regression, (columns,), by Newton's steps; column 0 is the intercept, without a penalty.

    The ridge adds `ridge / 2` times each coefficient's square to the negative log likelihood.
    """
    target = np.asarray(y, np.float64)
    penalty = np.full(x.shape[1], ridge)
    penalty[0] = 0.0
    share = np.clip(target.mean(), 1e-9, 1 - 1e-9)
    beta = np.zeros(x.shape[1])
    beta[0] = np.log(share / (1.0 - share))
    for _ in range(rounds):
        p = 1.0 / (1.0 + np.exp(-np.clip(x @ beta, -40.0, 40.0)))
        slope = x.T @ (target - p) - penalty * beta
        curve = (x * (p * (1.0 - p))[:, None]).T @ x + np.diag(penalty) + 1e-12 * np.eye(x.shape[1])
        step = np.linalg.solve(curve, slope)
        # A step of more than a few units overshoots where the classes nearly separate.
        step *= min(1.0, 5.0 / max(1e-12, float(np.abs(step).max())))
        beta = beta + step
        if np.abs(step).max() < 1e-9:
            break
    return beta


def auc(scores: npt.ArrayLike, slides: npt.ArrayLike) -> float:
    """The chance that a cell that slid scores above one that did not; equals count half. NaN without both kinds."""
    s, y = np.asarray(scores, np.float64), np.asarray(slides, np.bool_)
    known = ~np.isnan(s)
    s, y = s[known], y[known]
    here, there = int(y.sum()), int((~y).sum())
    if not (here and there):
        return float("nan")
    _, at, counts = np.unique(s, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks = (last - (counts - 1) / 2.0)[at]
    return float((ranks[y].sum() - here * (here + 1) / 2.0) / (here * there))


def percentile(scores: npt.ArrayLike, of: npt.ArrayLike) -> Doubles:
    """The share of known `scores` below each value of `of`, in percent; equals count half."""
    every = np.sort(np.asarray(scores, np.float64))
    every = every[~np.isnan(every)]
    values = np.asarray(of, np.float64)
    low, high = np.searchsorted(every, values, "left"), np.searchsorted(every, values, "right")
    return np.where(np.isnan(values), np.nan, 50.0 * (low + high) / max(1, len(every)))


def _standardised(factors: Mapping[str, npt.ArrayLike], n: int) -> tuple[tuple[str, ...], Doubles, Doubles, Doubles]:
    names, columns, means, stds = [], [], [], []
    for name, given in factors.items():
        values = np.asarray(given, np.float64)
        known = ~np.isnan(values)
        if known.sum() < _UNKNOWN * n or values[known].std() < 1e-12:
            continue
        mean, std = values[known].mean(), values[known].std()
        names.append(name)
        columns.append(np.where(known, (values - mean) / std, 0.0))
        means.append(mean)
        stds.append(std)
    return tuple(names), np.column_stack(columns), np.array(means), np.array(stds)


def _design(x: Doubles) -> Doubles:
    return np.column_stack((np.ones(len(x)), x))


def _folds(block: Cells, y: Flags) -> npt.NDArray[np.int64]:
    """The fold of every cell: blocks with the most slides first, each to the fold that has the fewest yet.

    Blocks without slides even out the cells.
    """
    names, at = np.unique(block, return_inverse=True)
    slides = np.bincount(at, weights=y, minlength=len(names))
    cells = np.bincount(at, minlength=len(names))
    fold = np.empty(len(names), np.int64)
    load = np.zeros((FOLDS, 2))
    for one in np.lexsort((names, -cells, -slides)):
        fold[one] = k = int(np.lexsort(load.T[::-1] if slides[one] else load.T)[0])
        load[k] += slides[one], cells[one]
    return fold[at]
