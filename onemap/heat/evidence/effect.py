"""Did it help? An area's counts before and after a day, beside those of comparable cells over the same days.

Each treated cell is matched to the k candidate cells nearest to it in the standardised space of what was known before:
level, level around it, trend, weekend share. The estimate is a difference in differences of log counts (Poisson ratio
of ratios; Card and Krueger 1994, on matched cells as in Heckman, Ichimura and Todd 1997). How far such an estimate goes
astray where nothing happened is measured, not assumed: the same area, turned and put down elsewhere some hundred times,
is matched and estimated in the same way, and its studentised estimates are the distribution of the error (placebo
inference; Abadie, Diamond and Hainmueller 2010, Chung and Romano 2013). Cells within two rings of the area are neither
treated nor compared: what happens to them is estimated too, because trouble may only have moved.

Pure functions over arrays: n cells, D days of which the first `before` lie before the start.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import stats
from scipy.spatial import cKDTree

from onemap.core.cell import Floats

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

LEVEL = 0.95
MATCHES = 5
PLACEBOS = 300
#: Fewer areas to compare with than this say nothing of the error's distribution.
FEW_PLACEBOS = 40
#: Rings around the area that are neither treated nor compared, and the cells within so many rings of one.
BUFFER_RINGS, _DISK = 2, 19
#: How much of a placebo must lie on known ground, in cells.
_WHOLE = 0.9
_TRIES = 8
_NEAREST = 40


@dataclass(frozen=True)
class Ground:
    """The study area: centres of n cells in metres on a plane, `spacing_m` between neighbours, counts (n, D).

    `weekend` (D,) marks the days of the weekend, `before` is how many days lie before the start.
    """

    x_m: Floats
    y_m: Floats
    spacing_m: float
    counts: Ints
    weekend: Flags
    before: int

    @cached_property
    def sums(self) -> Floats:
        """Counts of the first and second half before, and after: (n, 3)."""
        half = self.before // 2
        parts = (self.counts[:, :half], self.counts[:, half : self.before], self.counts[:, self.before :])
        return np.stack([part.sum(axis=1) for part in parts], axis=1).astype(np.float64)

    @cached_property
    def tree(self) -> cKDTree:
        """The centres, to be looked up by place."""
        return cKDTree(np.column_stack((self.x_m, self.y_m)))

    @cached_property
    def near(self) -> tuple[Ints, Floats]:
        """The cells within BUFFER_RINGS of each, itself included, and whether each is one: (n, at most 19) both."""
        number = min(_DISK, len(self.x_m))
        distance, where = self.tree.query(self.tree.data, k=number)
        close = distance.reshape(-1, number) <= (BUFFER_RINGS + 0.4) * self.spacing_m
        own = np.arange(len(self.x_m))[:, None]
        return np.where(close, where.reshape(-1, number), own), close.astype(np.float64)

    def around(self, cells: Ints) -> Flags:
        """Which cells lie within BUFFER_RINGS of some, those included: (n,)."""
        found = np.zeros(len(self.x_m), np.bool_)
        found[self.near[0][cells]] = True
        return found


@dataclass(frozen=True)
class Contrast:
    """One difference in differences: the log ratio, its variance by the counts alone, and the same before the start."""

    effect: float
    variance: float
    earlier: float
    earlier_variance: float


@dataclass(frozen=True)
class Estimate:
    """A contrast with what the placebos say of it: 95 % interval of the log ratio and two-sided p."""

    contrast: Contrast
    low: float
    high: float
    p: float


@dataclass(frozen=True)
class Effect:
    """The answer. `weights` (n,) say how much each cell counts in the comparison, `neighbours` is the buffer's own
    estimate (None where there is none), `earlier_p` tests that area and comparison went the same way before."""

    area: Estimate
    neighbours: Estimate | None
    earlier_p: float
    treated: Ints
    buffer: Ints
    weights: Floats
    placebos: int


def estimate(ground: Ground, treated: Ints, *, placebos: int = PLACEBOS, seed: int = 0) -> Effect:
    """Estimate what changed in the treated cells (ascending indices).

    `seed` chooses the placebos: the same question has the same answer. Raises ValueError when nothing is left to
    compare.
    """
    closed = ground.around(treated)
    ring = closed.copy()
    ring[treated] = False
    buffer = np.flatnonzero(ring)
    matcher = Matcher(ground, closed)
    own = matcher.weights(treated, closed)
    if own is None:
        raise ValueError("no cell is left to compare with")
    area = contrast(ground, treated, own)
    elsewhere = _elsewhere(ground, matcher, treated, closed, placebos, seed)
    around = matcher.weights(buffer, closed) if len(buffer) else None
    neighbours = None
    if around is not None:
        found = contrast(ground, buffer, around)
        neighbours = _judged(found, [ring for _, ring in elsewhere if ring is not None])
    earlier_p = _earlier_p(area, [one for one, _ in elsewhere])
    return Effect(
        _judged(area, [one for one, _ in elsewhere]), neighbours, earlier_p, treated, buffer, own, len(elsewhere)
    )


def contrast(ground: Ground, area: Ints, weights: Floats) -> Contrast:
    """The difference in differences of an area and a weighted comparison. Half an event is added to every count."""
    mine = ground.sums[area].sum(axis=0)
    theirs, spread = weights @ ground.sums, weights**2 @ ground.sums
    before = np.array([mine[0] + mine[1], theirs[0] + theirs[1]])
    effect, variance = _ratio(mine[2], before[0], theirs[2], before[1], spread[2], spread[0] + spread[1])
    earlier, earlier_variance = _ratio(mine[1], mine[0], theirs[1], theirs[0], spread[1], spread[0])
    return Contrast(effect, variance, earlier, earlier_variance)


def _ratio(
    after: float, before: float, other_after: float, other_before: float, spread_after: float, spread_before: float
) -> tuple[float, float]:
    half = 0.5
    effect = np.log((after + half) / (before + half)) - np.log((other_after + half) / (other_before + half))
    variance = 1.0 / (after + half) + 1.0 / (before + half)
    variance += (spread_after + half / MATCHES) / (other_after + half) ** 2
    variance += (spread_before + half / MATCHES) / (other_before + half) ** 2
    return float(effect), float(variance)


def _earlier_p(found: Contrast, others: list[Contrast]) -> float:
    """p of "area and comparison went the same way before". Matching on that very trend makes the difference smaller
    than counting noise, so only the placebos, which are matched too, can say what is much."""
    z = found.earlier / np.sqrt(found.earlier_variance)
    if len(others) < FEW_PLACEBOS:
        return float(2.0 * stats.norm.sf(abs(z)))
    placebo = np.array([one.earlier / np.sqrt(one.earlier_variance) for one in others])
    return _ranked(z, placebo)


def _ranked(z: float, placebo: Floats) -> float:
    tail = 1 + min(int((placebo >= z).sum()), int((placebo <= z).sum()))
    return min(1.0, 2.0 * tail / (len(placebo) + 1))


class Matcher:
    """Nearest cells in the space of what was known before the start. Cells in `closed` match nothing."""

    def __init__(self, ground: Ground, closed: Flags) -> None:
        open_cells = np.flatnonzero(~closed)
        space = features(ground)
        count = min(_NEAREST, len(open_cells))
        self._none = count == 0
        if not self._none:
            found = cKDTree(space[open_cells]).query(space, k=count)[1].reshape(len(space), count)
            self._nearest = open_cells[found]

    def weights(self, area: Ints, closed: Flags) -> Floats | None:
        """How much each cell counts in the comparison of an area: 1 in all for each of its cells; None when none is
        left. `closed` may not be chosen."""
        if self._none or not len(area):
            return None
        nearest = self._nearest[area]
        free = ~closed[nearest]
        chosen = free & (np.cumsum(free, axis=1) <= MATCHES)
        number = chosen.sum(axis=1)
        if not number.any():
            return None
        share = np.repeat(1.0 / np.maximum(number, 1), number)
        return np.asarray(np.bincount(nearest[chosen], share, len(closed)), np.float64)


def features(ground: Ground) -> Floats:
    """What cells are matched on, standardised (n, 4): level, level around, trend and weekend share before the start.

    Square roots make a count's noise alike at every level; trend and share are in units of their noise.
    """
    before = ground.counts[:, : ground.before]
    total = before.sum(axis=1).astype(np.float64)
    where, close = ground.near
    around = (total[where] * close).sum(axis=1) / close.sum(axis=1)
    half = ground.before // 2
    shares = np.array([half, ground.before - half]) / max(ground.before, 1)
    change = (ground.sums[:, 1] - total * shares[1]) / np.sqrt(total + 1.0)
    weekend = ground.weekend[: ground.before]
    leisure = (before[:, weekend].sum(axis=1) - total * weekend.mean()) / np.sqrt(total + 1.0)
    space = np.column_stack((np.sqrt(total + 0.375), np.sqrt(around + 0.375), change, leisure))
    spread = space.std(axis=0)
    return np.asarray((space - space.mean(axis=0)) / np.where(spread > 1e-12, spread, 1.0), np.float64)


def _elsewhere(
    ground: Ground, matcher: Matcher, treated: Ints, closed: Flags, placebos: int, seed: int
) -> list[tuple[Contrast, Contrast | None]]:
    """The area turned and put down elsewhere: contrasts of the place itself and of the ring around it."""
    out: list[tuple[Contrast, Contrast | None]] = []
    for cells in placements(ground, treated, closed, placebos, seed):
        shut = ground.around(cells)
        weights = matcher.weights(cells, shut)
        if weights is None:
            continue
        rim = shut & ~closed
        rim[cells] = False
        ring = np.flatnonzero(rim)
        around = matcher.weights(ring, shut)
        out.append((contrast(ground, cells, weights), contrast(ground, ring, around) if around is not None else None))
    return out


def placements(ground: Ground, treated: Ints, closed: Flags, wanted: int, seed: int) -> list[Ints]:
    """Up to `wanted` areas of the size and shape of the treated one, none of which touches `closed`."""
    draw = np.random.default_rng(seed)
    points = ground.tree.data
    shape = points[treated] - points[treated].mean(axis=0)
    open_cells = np.flatnonzero(~closed)
    found: list[Ints] = []
    if not len(open_cells):
        return found
    for _ in range(_TRIES):
        angle = draw.uniform(0.0, 2.0 * np.pi, wanted)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]).transpose(2, 0, 1)
        centre = points[draw.choice(open_cells, wanted)]
        placed = np.einsum("pij,mj->pmi", turn, shape) + centre[:, None, :]
        distance, where = ground.tree.query(placed, distance_upper_bound=0.62 * ground.spacing_m)
        for row, known in zip(where, np.isfinite(distance), strict=True):
            cells = np.unique(row[known])
            if len(cells) >= _WHOLE * len(treated) and not closed[cells].any():
                found.append(cells.astype(np.int64))
        if len(found) >= wanted:
            break
    return found[:wanted]


def _judged(found: Contrast, others: list[Contrast]) -> Estimate:
    """Interval and p of an estimate, by the placebos' own where there are enough of them, else by the normal law."""
    normal = float(stats.norm.ppf((1.0 + LEVEL) / 2.0))
    variance = np.array([one.variance for one in others])
    errors = np.array([one.effect for one in others])
    # What differs from place to place beyond counting noise: method of moments, as in random-effects meta-analysis.
    beyond = max(0.0, float((errors**2 - variance).mean())) if len(others) else 0.0
    spread = float(np.sqrt(found.variance + beyond))
    z = found.effect / spread
    if len(others) < FEW_PLACEBOS:
        return Estimate(
            found, found.effect - normal * spread, found.effect + normal * spread, float(2.0 * stats.norm.sf(abs(z)))
        )
    placebo = errors / np.sqrt(variance + beyond)
    # Never narrower than the normal law: placebos overlap, and their extremes are known less well than they look.
    low = min(-normal, float(np.quantile(placebo, (1.0 - LEVEL) / 2.0, method="lower")))
    high = max(normal, float(np.quantile(placebo, (1.0 + LEVEL) / 2.0, method="higher")))
    p = max(_ranked(z, placebo), float(2.0 * stats.norm.sf(abs(z))))
    return Estimate(found, found.effect - high * spread, found.effect - low * spread, p)
