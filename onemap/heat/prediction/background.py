"""Where events come from by themselves: counts of each cell, leaning on ever wider discs where they are few.

A ring kernel estimate with a bandwidth that adapts: the rate of a cell is the posterior mean of a gamma whose prior
mean is the rate of its disc, which has that of the next wider disc for its prior, up to the city's mean (or, for a
category, the shape of all categories). The prior's shape says how many expected events a cell needs to speak for
itself: a busy cell keeps its own count, a quiet one takes its surroundings'. Shapes are chosen by held-out likelihood.
Source: hierarchical gamma-Poisson shrinkage (Clayton & Kaldor 1987), used as an adaptive kernel (Silverman 1986, 5.3).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from onemap.heat.discs import Discs, disc_sums

Index = npt.NDArray[np.integer]
Floats = npt.NDArray[np.float64]

#: Radii of the discs in rings, finest first.
LADDER = (0, 1, 2, 4, 8)
#: Shapes of the prior of each disc, in expected events, to begin with.
SHAPES = (1.0, 4.0, 8.0, 16.0, 32.0)
CHOICES = (0.06, 0.12, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 256.0)


@dataclass(frozen=True)
class Field:
    """What rates follow from, for any shapes: `sums` float64[L, n] of events by disc, `worth` float64[L, n] exposure.

    `scale` (float64[n], mean 1) is the widest view's shape, on which the rates are factors.
    """

    sums: Floats
    worth: Floats
    scale: Floats
    mean: float  # events per unit of exposure, over the whole

    def rates(self, shapes: tuple[float, ...]) -> Floats:
        """Rate of every cell per unit of exposure; exposure times rates gives the events. float64[n]."""
        return np.asarray(self._shrunk(shapes)[0] * self.scale)

    def without(self, index: Index, weight: Floats, shapes: tuple[float, ...]) -> Floats:
        """Rate of each event's cell had that event (of that weight) not been: leave-one-out. float64[events]."""
        shares = self._shrunk(shapes)[1]
        rate = np.full(len(index), self.mean)
        for level in range(len(self.sums) - 1, -1, -1):
            counted = np.maximum(self.sums[level, index] - weight, 0.0)
            rate = (counted + shares[level] * shapes[level]) / (self.worth[level, index] + shapes[level] / rate)
        return np.asarray(rate * self.scale[index])

    def _shrunk(self, shapes: tuple[float, ...]) -> tuple[Floats, list[float]]:
        """Rates as factors on the scale, and for each disc the share of the prior that keeps the sum of events.

        Most cells lie below the mean of a disc with one busy cell in it. Left alone, the prior would lift them all; to
        scale everything down again would take from the busy cells, which speak for themselves.
        """
        rate, shares = np.full(self.sums.shape[1], self.mean), [1.0] * len(self.sums)
        own, total = self.worth[0], float(self.sums[0].sum())
        for level in range(len(self.sums) - 1, -1, -1):
            known = self.worth[level] + shapes[level] / rate
            counted, lent = float((self.sums[level] / known * own).sum()), float((shapes[level] / known * own).sum())
            shares[level] = max(0.05, (total - counted) / lent)
            rate = np.maximum((self.sums[level] + shares[level] * shapes[level]) / known, 1e-12)
        return rate * (total / float((rate * own).sum()) if total > 0.0 else 1.0), shares


def field(weights: Floats, exposure: float, around: Discs, prior: Floats | None = None) -> Field:
    """Sums of the cells' `weights` (float64[n], events) over the ladder's discs; `exposure` is that of one cell.

    `prior` is the shape of the widest view (any scale, float64[n]); flat by default.
    """
    n = len(weights)
    scale = np.ones(n) if prior is None else (prior + 1e-12) / (prior + 1e-12).mean()
    ladder = [ring for ring in LADDER if ring <= around.rings]
    sums = np.stack([disc_sums(weights, around, ring) for ring in ladder])
    worth = np.stack([disc_sums(scale, around, ring) * exposure for ring in ladder])
    return Field(sums, worth, scale, max(1e-12, float(weights.sum()) / (n * exposure)))
