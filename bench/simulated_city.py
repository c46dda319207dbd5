"""A self-exciting city whose intensity is known: what forecasts are measured on. It shares no code with the model.

Background events come at a rate that differs from place to place (hot spots and a rough ground); each event has a
Poisson number of follow-ups, each after an exponential delay, in its own cell or one or two rings away, and follow-ups
have follow-ups. Times are continuous; the model is given whole hours and cells alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import h3.api.basic_int as h3
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
CENTRE = (29.13, 110.48)


@dataclass(frozen=True)
class Truth:
    """How a city is drawn."""

    rings: int = 36  # the city is a disc of that many rings of cells
    res: int = 9
    days: float = 365.0
    per_day: float = 50.0  # events a day, follow-ups included
    branching: float = 0.5  # follow-ups of an event, in the mean
    decay_days: float = 1.0
    by_ring: tuple[float, ...] = (0.2, 0.5, 0.3)  # where follow-ups lie: same cell, next, next but one
    hot_spots: int = 25
    hot_share: float = 0.3  # of background events, in hot spots
    roughness: float = 1.4  # standard deviation of the log rate from cell to cell


@dataclass(frozen=True)
class City:
    """A drawn city: cells ascending, events by time (days since the start), and what is true of it."""

    truth: Truth
    cells: Int64
    background: Floats  # events a day, by cell
    days: Floats
    index: Int64  # of the event's cell
    near: list[list[Int64]]  # by cell and ring: indices of cells

    def hours(self) -> npt.NDArray[np.int32]:
        """The events' times as the model sees them."""
        return np.floor(self.days * 24.0).astype(np.int32)

    def intensity(self, day: float, horizon_days: float, step_days: float = 1.0 / 24.0) -> Floats:
        """Expected events by cell in [day, day + horizon) given all before `day`: the best that can be known."""
        truth, spread = self.truth, self._spread()
        known = self.days < day
        fresh = np.exp(-(day - self.days[known]) / truth.decay_days)
        state = np.bincount(self.index[known], fresh, len(self.cells))
        expected = np.zeros(len(self.cells))
        keep = math.exp(-step_days / truth.decay_days)
        for _ in range(round(horizon_days / step_days)):
            # Follow-ups within the step of those that come within the step are counted at half their time.
            coming = self.background * step_days + spread @ (state * (1.0 - keep)) * truth.branching
            expected += coming
            state = state * keep + coming * math.sqrt(keep)
        return expected

    def _spread(self) -> object:
        from scipy.sparse import csr_matrix

        rows, columns, values = [], [], []
        for source, rings in enumerate(self.near):
            for ring, members in enumerate(rings):
                rows.append(members)
                columns.append(np.full(len(members), source))
                values.append(np.full(len(members), self.truth.by_ring[ring] / max(1, len(members))))
        shape = (len(self.cells), len(self.cells))
        return csr_matrix((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=shape)


def draw(seed: int, truth: Truth | None = None) -> City:
    """One city."""
    truth = truth or Truth()
    rng = np.random.default_rng(seed)
    centre = h3.latlng_to_cell(*CENTRE, truth.res)
    cells = np.array(sorted(h3.grid_disk(centre, truth.rings)), np.int64)
    place = {int(cell): i for i, cell in enumerate(cells.tolist())}
    near = [
        [np.array([place[c] for c in h3.grid_ring(cell, r) if c in place], np.int64) for r in range(len(truth.by_ring))]
        for cell in cells.tolist()
    ]
    background = _background(rng, truth, cells)
    days, index = _events(rng, truth, background, near)
    return City(truth, cells, background, days, index, near)


def _background(rng: np.random.Generator, truth: Truth, cells: Int64) -> Floats:
    at = np.array([h3.cell_to_latlng(cell) for cell in cells.tolist()])
    xy = (at - at.mean(axis=0)) * np.array([111_195.0, 111_195.0 * math.cos(math.radians(CENTRE[0]))])
    edge = h3.average_hexagon_edge_length(truth.res, unit="m")
    hot = np.zeros(len(cells))
    for middle in rng.choice(len(cells), truth.hot_spots, replace=False).tolist():
        away = np.hypot(*(xy - xy[middle]).T) / (edge * float(rng.uniform(1.0, 3.5)))
        hot += float(rng.gamma(1.5)) * np.exp(-0.5 * away**2)
    rough = np.exp(rng.normal(0.0, truth.roughness, len(cells)))
    shape = truth.hot_share * hot / hot.sum() + (1.0 - truth.hot_share) * rough / rough.sum()
    return np.asarray(shape * truth.per_day * (1.0 - truth.branching))


def _events(
    rng: np.random.Generator, truth: Truth, background: Floats, near: list[list[Int64]]
) -> tuple[Floats, Int64]:
    lead = 20.0 * truth.decay_days  # so that the first day has its past as well
    n = int(rng.poisson(background.sum() * (truth.days + lead)))
    days = rng.uniform(-lead, truth.days, n)
    index = rng.choice(len(background), n, p=background / background.sum())
    every_day, every_index = [days], [index]
    rings = np.array(truth.by_ring) / sum(truth.by_ring)
    while len(days):
        parents = np.repeat(np.arange(len(days)), rng.poisson(truth.branching, len(days)))
        later = days[parents] + rng.exponential(truth.decay_days, len(parents))
        ring = rng.choice(len(rings), len(parents), p=rings)
        options = [near[index[p]][r] for p, r in zip(parents.tolist(), ring.tolist(), strict=True)]
        where = np.array([o[int(rng.integers(len(o)))] for o in options if len(o)], np.int64)
        kept = np.array([len(o) > 0 for o in options], bool) if options else np.empty(0, bool)
        days, index = later[kept], where
        kept = days < truth.days
        days, index = days[kept], index[kept]
        every_day.append(days)
        every_index.append(index)
    days, index = np.concatenate(every_day), np.concatenate(every_index)
    inside = days >= 0.0
    order = np.argsort(days[inside], kind="stable")
    return days[inside][order], index[inside][order]
