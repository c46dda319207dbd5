"""How good a forecast was: hit rate, PAI, PEI*, RRI, calibration.

All take the forecast of each cell of a study area and what then happened there, both float64[n], cells of equal area.
The cells forecast highest are "flagged", up to a share of the area. Where cells tie, every order of them is as likely,
so scores are the expected value over those orders: a counting map whose zeros tie gains nothing from how it is sorted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

#: Shares of the area of the hit rate curve, and the one that a single figure is told for.
SHARES = (0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5)
SHARE = 0.05


def hits(forecast: Floats, happened: Floats, share: float) -> float:
    """Expected number of events in the share of cells forecast highest; a part of a cell counts as that part.

    `share` in 0..1 of the cells. Ties in random order: of a tied group, the part of the area that is left takes the
    same part of the group's events.
    """
    return float(_taken(forecast, happened, (share,))[0])


def _taken(forecast: Floats, happened: Floats, shares: Sequence[float]) -> Floats:
    if not len(forecast):
        return np.zeros(len(shares))
    order = np.argsort(-forecast, kind="stable")
    ranked, events = forecast[order], happened[order]
    starts = np.flatnonzero(np.concatenate(([True], ranked[1:] != ranked[:-1])))
    ends = np.append(starts[1:], len(ranked))
    upto = np.concatenate(([0.0], np.cumsum(np.add.reduceat(events, starts))))
    # Between the ends of tied groups the expected hits run straight: linear interpolation is exact.
    return np.asarray(np.interp(np.asarray(shares) * len(ranked), np.concatenate(([0.0], ends)), upto), np.float64)


def best_hits(happened: Floats, share: float) -> float:
    """Events in the share of cells that a clairvoyant would flag: those where most then happened."""
    return hits(happened, happened, share)


def hit_rate(forecast: Floats, happened: Floats, share: float) -> float:
    """Share of the events inside the flagged cells, 0..1; NaN when nothing happened. Chainey et al. 2008."""
    return _over(hits(forecast, happened, share), float(happened.sum()))


def pai(forecast: Floats, happened: Floats, share: float) -> float:
    """Prediction accuracy index: hit rate over the share of the area flagged. Chainey, Tompson & Uhlig 2008.

    1 is what flagging at random gives, 1 / share the most there can be.
    """
    return hit_rate(forecast, happened, share) / share


def pei(forecast: Floats, happened: Floats, share: float) -> float:
    """Prediction efficiency index PEI* = PAI / PAI*, where PAI* is the best PAI that the same share of area can have.

    Equal to hits over a clairvoyant's hits, so 0..1; NaN when nothing happened. After Hunt 2016 (Prediction Efficiency
    Index); the star says that the maximum is that of the same share of the area.
    """
    return _over(hits(forecast, happened, share), best_hits(happened, share))


def rri(forecast: Floats, happened: Floats, before: Floats, share: float) -> float:
    """Recapture rate index: growth of the flagged cells' events over growth of all events. Levine 2008.

    `before` float64[n] counts the period that the forecast was made from. 1: the flagged cells kept their share of all
    events; below: part of what was seen there had been chance. NaN when nothing happened there before.
    """
    grown = _over(hits(forecast, happened, share), hits(forecast, before, share))
    return _over(grown, _over(float(happened.sum()), float(before.sum())))


def brier(forecast: Floats, happened: Floats) -> float:
    """Mean squared error of the probability that anything happens in a cell (Poisson: 1 - e^-mean). Brier 1950."""
    return float(np.mean((-np.expm1(-forecast) - (happened > 0.0)) ** 2)) if len(forecast) else float("nan")


def deviance(forecast: Floats, happened: Floats) -> float:
    """Mean Poisson deviance of a cell: 0 is perfect; infinite where 0 was forecast and something happened."""
    if not len(forecast):
        return float("nan")
    some = happened > 0.0
    with np.errstate(divide="ignore"):
        gain = happened[some] * np.log(happened[some] / forecast[some])
    return float(2.0 * (gain.sum() + (forecast - happened).sum()) / len(forecast))


def calibration(forecast: Floats, happened: Floats, bins: int = 10) -> list[tuple[float, float, int]]:
    """Forecasts against what happened: (mean forecast, mean count, cells) by bins of about equal expected events.

    Bins by expected events, not by cells: most cells of a city expect next to nothing. Equal forecasts share a bin.
    """
    if not len(forecast) or forecast.sum() <= 0.0:
        return []
    order = np.argsort(forecast, kind="stable")
    ranked, events = forecast[order], happened[order]
    upto = np.cumsum(ranked) - ranked / 2.0
    which = np.minimum((upto / ranked.sum() * bins).astype(np.int64), bins - 1)
    first = np.concatenate(([True], ranked[1:] != ranked[:-1]))
    which = which[np.maximum.accumulate(np.where(first, np.arange(len(ranked)), 0))]
    out = []
    for one in np.unique(which).tolist():
        inside = which == one
        out.append((float(ranked[inside].mean()), float(events[inside].mean()), int(inside.sum())))
    return out


@dataclass(frozen=True)
class Tally:
    """Scores of many nights: what is summed before it is divided, so that nights without events weigh nothing.

    All float64: `hit` [nights, shares] events inside the flagged cells, `best` [nights, shares] a clairvoyant's,
    `total` [nights]; `was` [nights, shares] and `before` [nights] the same of the period the forecasts were made from.
    """

    shares: tuple[float, ...]
    hit: Floats
    best: Floats
    total: Floats
    was: Floats
    before: Floats

    @classmethod
    def of(
        cls,
        forecasts: Sequence[Floats],
        happened: Sequence[Floats],
        before: Sequence[Floats],
        shares: tuple[float, ...] = SHARES,
    ) -> Tally:
        """Count the nights, each given as float64[n] forecast, events and events of the period before."""
        rows = list(zip(forecasts, happened, before, strict=True))
        return cls(
            shares,
            np.array([_taken(f, h, shares) for f, h, _ in rows]),
            np.array([_taken(h, h, shares) for _, h, _ in rows]),
            np.array([float(h.sum()) for _, h, _ in rows]),
            np.array([_taken(f, b, shares) for f, _, b in rows]),
            np.array([float(b.sum()) for _, _, b in rows]),
        )

    def hit_rate(self, share: float = SHARE) -> float:
        """Share of all nights' events inside the flagged cells."""
        return _over(self.hit[:, self._at(share)].sum(), self.total.sum())

    def pai(self, share: float = SHARE) -> float:
        """Hit rate over the share of the area."""
        return self.hit_rate(share) / share

    def pei(self, share: float = SHARE) -> float:
        """Hits of all nights over a clairvoyant's."""
        return _over(self.hit[:, self._at(share)].sum(), self.best[:, self._at(share)].sum())

    def rri(self, share: float = SHARE) -> float:
        """Growth of the flagged cells' events over growth of all events, over all nights."""
        at = self._at(share)
        grown = _over(self.hit[:, at].sum(), self.was[:, at].sum())
        return _over(grown, _over(self.total.sum(), self.before.sum()))

    def _at(self, share: float) -> int:
        return self.shares.index(share)


def pei_gain(
    one: Tally, other: Tally, share: float = SHARE, *, block: int = 3, draws: int = 2000, seed: int = 0
) -> Floats:
    """Bootstrap of the difference in PEI* over the same nights, drawn again in pairs: float64[draws], ascending.

    Nights are drawn in runs of `block`, for what is near in time is alike (Künsch 1989).
    """
    at = one.shares.index(share)
    nights = len(one.total)
    rng = np.random.default_rng(seed)
    starts = rng.integers(0, nights, (draws, -(-nights // block)))
    drawn = ((starts[:, :, None] + np.arange(block)) % nights).reshape(draws, -1)[:, :nights]
    better = (one.hit[:, at] - other.hit[:, at])[drawn].sum(axis=1)
    best = one.best[:, at][drawn].sum(axis=1)
    return np.sort(np.divide(better, best, out=np.zeros(draws), where=best > 0.0))


def _over(a: float, b: float) -> float:
    return float(a / b) if b > 0.0 else float("nan")
