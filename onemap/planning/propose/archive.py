"""The options worth showing: none is worse than another in everything (Pareto), each with what it is best at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from onemap.planning.propose.graph import Floats, Ints

#: Differences below these are none: load off the mean, ruggedness, changed share, crossings.
_GRAIN = np.array([5e-4, 5e-4, 5e-4, 0.5])
WORST, RAGGED, CHANGED, CROSSED = range(4)


@dataclass(frozen=True)
class Found:
    """An assignment and its figures, less is better: worst load off what is fair (in means), 1 - compactness, changed
    share, crossings.
    """

    assign: Ints
    figures: Floats


class Archive:
    """Every assignment found that no other beats in all four figures; the most crowded go when there are too many."""

    def __init__(self, most: int = 400, idle: tuple[int, ...] = ()) -> None:
        """`idle`: figures that nobody asked about; they are kept, and count for nothing."""
        self.most, self.idle = most, list(idle)
        self._found: list[Found] = []
        self._grains: npt.NDArray[np.float64] = np.empty((0, 4))

    def __len__(self) -> int:
        return len(self._found)

    def offer(self, assign: Ints, figures: Floats) -> bool:
        """Take it in unless one as good is there; drop what it beats."""
        grains = np.floor(figures / _GRAIN)
        grains[self.idle] = 0
        if len(self._found):
            if np.any(np.all(self._grains <= grains, axis=1)):
                return False
            stays = ~np.all(self._grains >= grains, axis=1)
            if not stays.all():
                self._found = [found for found, stay in zip(self._found, stays, strict=True) if stay]
                self._grains = self._grains[stays]
        self._found.append(Found(assign.copy(), figures.copy()))
        self._grains = np.vstack([self._grains, grains])
        if len(self._found) > self.most:
            self._thin()
        return True

    def all(self) -> list[Found]:
        """What there is, most even first."""
        return sorted(self._found, key=lambda found: tuple(found.figures))

    def _thin(self) -> None:
        """Drop the one that lies nearest to another, never the best of any figure."""
        table = np.array([found.figures for found in self._found])
        span = np.ptp(table, axis=0)
        flat = (table - table.min(axis=0)) / np.where(span > 0, span, 1.0)
        apart = np.linalg.norm(flat[:, None] - flat[None], axis=2)
        np.fill_diagonal(apart, np.inf)
        nearest = apart.min(axis=1)
        nearest[np.argmin(table, axis=0)] = np.inf
        gone = int(np.argmin(nearest))
        del self._found[gone]
        self._grains = np.delete(self._grains, gone, axis=0)


def fit(found: list[Found], tolerance: float, hard: bool) -> list[Found]:
    """Those that do what was asked: even within the tolerance and, if barriers are hard, across as few as can be."""
    if hard and found:
        fewest = min(f.figures[CROSSED] for f in found)
        found = [f for f in found if f.figures[CROSSED] <= fewest]
    even = [f for f in found if f.figures[WORST] <= tolerance + 1e-9]
    if even or not found:
        return even
    # None is: what comes nearest is shown, and says so by its figures.
    nearest = min(f.figures[WORST] for f in found)
    return [f for f in found if f.figures[WORST] <= nearest * 1.15 + 1e-9]


def chosen(found: list[Found], most: int) -> list[tuple[str, Found]]:
    """At most so many, with what each is: balance, compactness, change, crossings, compromise, between.

    The best of each figure first, the compromise, then whatever lies farthest from those taken.
    """
    if not found:
        return []
    table = np.array([f.figures for f in found])
    span = np.ptp(table, axis=0)
    flat = (table - table.min(axis=0)) / np.where(span > 0, span, 1.0)
    taken: dict[int, str] = {}
    mix = int(np.argmin(np.linalg.norm(flat, axis=1)))
    for name, figure in (("balance", WORST), ("compactness", RAGGED), ("change", CHANGED), ("crossings", CROSSED)):
        if span[figure] > 0:
            order = np.lexsort((flat.sum(axis=1), table[:, figure]))
            taken.setdefault(int(order[0]), name)
    taken.setdefault(mix, "compromise")
    while len(taken) < min(most, len(found)):
        apart = np.min(np.linalg.norm(flat[:, None] - flat[list(taken)][None], axis=2), axis=1)
        farthest = int(np.argmax(apart))
        if apart[farthest] <= 0:
            break
        taken[farthest] = "between"
    return [(name, found[at]) for at, name in list(taken.items())[:most]]
