"""Partitions of units into balanced, connected, compact grids: many short annealings, and what they found."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from onemap.planning.propose import kernel
from onemap.planning.propose.archive import CHANGED, Archive, Found, fit
from onemap.planning.propose.fair import Fair
from onemap.planning.propose.graph import Floats, Ints, Units
from onemap.planning.propose.start import Task, from_nothing, from_today, homes, prepare, shares_of

#: Proposals between two looks at the clock: so many for each link, within these bounds of the whole time.
_STRETCH, _A_LINK, _A_SECOND = 2_000, 20, 30_000
_STRETCHES = 8
_HOT, _COLD = 0.05, 2e-5
#: What each annealing presses for: compactness, change, crossings. Balance is pressed for by its band.
_PRESSED = (
    (1.0, 0.3, 0.3), (0.1, 0.05, 0.3), (4.0, 0.1, 0.3), (0.5, 2.0, 0.3), (0.3, 6.0, 0.3), (2.0, 1.0, 1.0),
    (0.02, 0.0, 0.05), (8.0, 0.0, 0.1),
)  # fmt: skip


class Cancelled(Exception):
    """The asker no longer wants it."""


@dataclass(frozen=True)
class Wish:
    """How a partition is asked for.

    count: grids in all (None: as many as today); tolerance: load off the mean that is good enough; hard: barriers may
    not lie inside a grid; keep: how much today's borders weigh, 0 to 1; seconds of search, or `rounds` annealings
    whichever ends first; seed: the same seed and rounds give the same answer.
    """

    count: int | None = None
    tolerance: float = 0.1
    hard: bool = True
    keep: float = 0.5
    seconds: float = 5.0
    rounds: int | None = None
    seed: int = 1


@dataclass(frozen=True)
class Answer:
    """The Pareto set. Grids are numbered 0 … count - 1; `labels` says which of today's each goes by, -1 for new."""

    units: Units
    labels: tuple[int, ...]
    target: tuple[float, ...]
    found: tuple[Found, ...]
    today: Found | None  # when it can be told: each of today's grids goes on
    rounds: int


def partition(units: Units, wish: Wish, told: Callable[[float], None] = lambda share: None) -> Answer:
    """Part the units. `told` hears the share of the time that is gone, and may raise Cancelled.

    Raises Infeasible when the question has no answer.
    """
    rehearse()
    began = time.monotonic()
    task = prepare(units, _counts(units, wish.count), wish.hard)
    run = Run(task, wish)
    archive = Archive(idle=() if wish.keep > 0 else (CHANGED,))
    rounds = 0

    def look() -> float:
        share = (time.monotonic() - began) / wish.seconds
        if wish.rounds is not None:
            share = max(share, rounds / wish.rounds)
        told(min(share, 1.0))
        return share

    while look() < 1 or not rounds:
        run.round(rounds, archive, look)
        rounds += 1
    return Answer(units, task.labels, task.target, tuple(fit(archive.all(), wish.tolerance, wish.hard)),
                  run.today(), rounds)  # fmt: skip


@cache
def rehearse() -> None:
    """Compile the kernels, or load them: seconds once, which are nobody's search."""
    square = Units(
        np.ones(4), np.ones(4), np.full(4, 4.0), np.array([0, 2, 4, 6, 8]),
        np.array([1, 2, 0, 3, 0, 3, 1, 2], np.int32),
        np.ones(8), np.zeros(8, np.int32), np.full(8, -1, np.int32), np.zeros(4, np.int32),
        np.array([0, 0, 1, 1], np.int32), np.zeros(4, np.bool_), ("a", "b"),
    )  # fmt: skip
    wish = Wish(seconds=0.1, rounds=3)
    run, archive = Run(prepare(square, {0: 2}, True), wish), Archive()
    for number in range(3):
        run.round(number, archive, lambda: 0.0)


def _counts(units: Units, count: int | None) -> dict[int, int]:
    """Grids by group: today's numbers, or `count` shared out so that the heaviest mean is least."""
    groups = [int(g) for g in np.unique(units.group)]
    today = {g: len(set(units.home[(units.group == g) & (units.home >= 0)].tolist())) or 1 for g in groups}
    if count is None:
        return today
    load = np.array([units.weight[units.group == g].sum() for g in groups])
    sizes = np.array([(units.group == g).sum() for g in groups])
    return dict(zip(groups, shares_of(load, sizes, count), strict=True))


def crossings(units: Units, assign: Ints) -> int:
    """How many times a barrier lies inside a grid: each barrier counts once for each grid across it."""
    source = units.source
    inner = (units.wall > 0) & (assign[source] == assign[units.to])
    pairs = assign[source[inner]].astype(np.int64) * (len(units.barriers) + 1) + units.wall[inner]
    return len(np.unique(pairs))


class Run:
    """The arrays that the kernels take, held once."""

    def __init__(self, task: Task, wish: Wish) -> None:
        self.task, self.wish, units = task, wish, task.units
        self.home = homes(task)
        self.source = units.source
        self.target = np.array(task.target)
        self.fair = Fair.of(task)
        load, area = units.weight.sum(), units.area_m2.sum()
        share = units.weight / load if load > 0 else units.area_m2 / area
        # Ground without load counts a little too: it is not moved for nothing.
        self.stay = 0.98 * share + 0.02 * units.area_m2 / area
        self.share = share
        self.steps = max(_STRETCH, min(_A_LINK * len(units.to), int(_A_SECOND * wish.seconds)))
        self.closest = np.inf

    def round(self, number: int, archive: Archive, look: Callable[[], float]) -> None:
        """One annealing from one start, with one set of weights; everything good on its way goes to the archive."""
        wish = self.wish
        seed = (wish.seed * 1_000_003 + number * 7_919) % 2**31
        compact, change, cross = self._pressed(number)
        today = number % 3 != 2 if wish.keep > 0 else number % 6 == 0
        # Cuts from nothing do not know of locked blocks.
        today = today or bool((self.task.pin >= 0).any())
        assign = from_today(self.task, seed) if today else from_nothing(self.task, seed, wish.keep)
        want = np.array([0.05 + 0.95 * (number % 2), self._band(number), compact / len(self.target),
                         2 * wish.keep * change, cross * (20.0 if wish.hard else 1.0) / 10, 0.0])  # fmt: skip
        hot = _HOT if not (today and change >= 2) else _HOT / 10
        fall = (_COLD / hot) ** (1 / _STRETCHES)
        for turn in range(_STRETCHES):
            heat = hot * fall**turn
            assign, _ = self._anneal(assign, want, heat, heat * fall, seed + turn)
            if turn >= _STRETCHES // 2:
                self._offer(assign, archive)
            if look() >= 1 and len(archive):
                break
        self._polish(assign, want, seed)
        self._offer(assign, archive)
        # Along the front: the same grids pressed for more evenness, then for a better shape.
        for band, press in ((self._band(2 * number + 1), compact / 4), (wish.tolerance * 0.98, compact * 4)):
            if look() >= 1 and len(archive):
                break
            bent = want.copy()
            bent[kernel.BAND], bent[kernel.COMPACT] = band, press / len(self.target)
            other, _ = self._anneal(assign.copy(), bent, _HOT / 50, _COLD, seed + 31)
            self._polish(other, bent, seed)
            self._offer(other, archive)

    def _pressed(self, number: int) -> tuple[float, float, float]:
        """The table once, then anything between: each mixture leads to another place of the front."""
        if number < len(_PRESSED):
            return _PRESSED[number]
        draw = np.random.default_rng((self.wish.seed, number)).uniform((-2.0, -2.0, -1.0), (1.0, 1.0, 0.3))
        compact, change, cross = (float(x) for x in 10.0**draw)
        return compact, change, cross

    def figures(self, assign: Ints) -> Floats:
        """Worst load off what is fair, in means, 1 - mean compactness, changed share of the load, crossings."""
        load, ground, edge, _, _ = self._tally(assign)
        worst = float(np.max(np.abs(load - self.fair.loads(assign)) / self.target))
        ragged = 1 - float(np.mean(4 * np.pi * ground / edge**2))
        moved = float(self.share[(self.home >= 0) & (self.home != assign)].sum())
        return np.array([worst, ragged, moved, crossings(self.task.units, assign)])

    def today(self) -> Found | None:
        """The grids as they are, if every one of them goes on."""
        if np.any((self.home < 0) | (self.home >= len(self.target))) or len(set(self.home.tolist())) < len(self.target):
            return None
        return Found(self.home, self.figures(self.home))

    def _band(self, number: int) -> float:
        """Every other time what was asked, just inside it; else less than the best so far, by little or by much.

        A band that is nearly reached presses upon the worst grids alone; one far below it upon all of them.
        """
        if number % 2 == 0:
            return self.wish.tolerance * 0.98
        return float(min(self.wish.tolerance, self.closest) * (0.97, 0.5, 0.85)[number // 2 % 3])

    def _offer(self, assign: Ints, archive: Archive) -> None:
        figures = self.figures(assign)
        self.closest = min(self.closest, float(figures[0]))
        archive.offer(assign, figures)

    def _tally(self, assign: Ints) -> tuple[Floats, Floats, Floats, npt.NDArray[np.int64], Floats]:
        units = self.task.units
        state: tuple[Floats, Floats, Floats, npt.NDArray[np.int64], Floats] = kernel.tally(
            units.at, units.to, units.shared_m, units.wall, units.weight, units.area_m2, units.rim_m, self.stay,
            self.home, assign, len(self.target),
        )  # fmt: skip
        return state

    def _anneal(self, assign: Ints, want: Floats, hot: float, cold: float, seed: int) -> tuple[Ints, float]:
        units = self.task.units
        best, cost = kernel.anneal(
            units.at, units.to, self.source, units.shared_m, self.task.link, units.wall, units.weight, units.area_m2,
            units.rim_m, self.stay, self.home, self.task.pin, self.target, assign, want, self.wish.keep, hot, cold,
            self.steps, min(0.2, 4.0 / len(units) + 0.004), seed,
        )  # fmt: skip
        return best, float(cost)

    def _polish(self, assign: Ints, want: Floats, seed: int) -> None:
        units = self.task.units
        kernel.exchange(
            units.at, units.to, self.source, units.shared_m, self.task.link, units.wall, units.weight, units.area_m2,
            units.rim_m, self.stay, self.home, self.task.pin, self.target, assign, want, 20, seed,
        )  # fmt: skip


__all__ = ["Answer", "Cancelled", "Run", "Wish", "partition"]
