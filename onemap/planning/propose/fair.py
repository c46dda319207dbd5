"""What load each grid can come to at best, where a mean cannot be had: it is no one's fault, and hides no one's.

A part that touches no other, an island, a block that alone has more than a mean: were grids judged by the mean there,
the worst of a whole district would be the same whatever is done elsewhere, and nothing elsewhere would be evened out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from onemap.planning.propose.graph import Floats, Ints
from onemap.planning.propose.start import Task


@dataclass(frozen=True)
class Fair:
    """Of each grid the even share of its piece without what is too heavy (load); which blocks are, and their loads."""

    even: Floats
    heavy: Ints
    weight: Floats

    @classmethod
    def of(cls, task: Task) -> Fair:
        """Of a task's pieces."""
        weight = task.units.weight
        even, heavy = [], []
        for piece, share in enumerate(task.shares):
            own = np.flatnonzero(task.piece == piece)
            own = own[np.argsort(-weight[own], kind="stable")]
            rest, left = float(weight[own].sum()), share
            for unit in own:
                # A block that has more than what the others could have each has a grid of its own at best.
                if left < 2 or weight[unit] * left <= rest:
                    break
                heavy.append(unit)
                rest, left = rest - float(weight[unit]), left - 1
            even += [rest / left] * share
        units = np.array(heavy, np.int32)
        return cls(np.array(even), units, weight[units].astype(np.float64))

    def loads(self, assign: Ints) -> Floats:
        """What each grid of an assignment (k,) has at best: (k,) loads."""
        own = np.zeros(len(self.even))
        np.maximum.at(own, assign[self.heavy], self.weight)
        return np.where(own > 0, own, self.even)
