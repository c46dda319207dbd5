"""What a cell store is asked and what it answers; the store's own side is one file each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from onemap.core.cell import Cells
from onemap.core.errors import BadInput
from onemap.heat.ask import Ask
from onemap.heat.count.events import Events
from onemap.heat.surface import FINEST
from onemap.heat.window import Box, Hours, ranges

_RES_MASK = 0xF << 52
_EVERYWHERE = [(0, 2**63 - 1)]
#: Cells of every store are of this resolution or finer than any question.
STORED = FINEST


@dataclass(frozen=True, eq=False)
class Question:
    """Counts of a surface at a resolution: hours int32 (k, 2) half-open, ascending, disjoint; empty filters take all.

    `ranges` are inclusive (low, high) of stored cells, None for everywhere.
    """

    surface: str
    res: int
    hours: Hours
    categories: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    severities: tuple[int, ...] = ()
    ranges: Sequence[tuple[int, int]] | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.res <= STORED:
            raise BadInput(f"Cells are kept at resolution {STORED}; {self.res} is finer.", reason="resolution")

    @property
    def spans(self) -> list[tuple[int, int]]:
        """The ranges ascending and disjoint; one over everything when there are none to keep to."""
        found: list[tuple[int, int]] = []
        for low, high in sorted(_EVERYWHERE if self.ranges is None else self.ranges):
            if found and low <= found[-1][1]:
                found[-1] = (found[-1][0], max(found[-1][1], high))
            else:
                found.append((int(low), int(high)))
        return found

    @property
    def keep(self) -> int:
        """Bits of a stored cell that its parent keeps."""
        return ~(_RES_MASK | self._tail)

    @property
    def head(self) -> int:
        """Bits that are set in the parent: its resolution, and ones for the digits it has not."""
        return self.res << 52 | self._tail

    @property
    def _tail(self) -> int:
        return (1 << 3 * (15 - self.res)) - 1


def asked(ask: Ask, res: int, box: Box | None = None) -> Question:
    """The question for what somebody asks of a surface; weights, decay and smoothing are the engine's."""
    spans = ranges(box, res, STORED) if box is not None else None
    pairs = None if spans is None else list(zip(*spans, strict=True))
    return Question(ask.surface, res, ask.hours(), ask.categories, ask.sources, ask.severities, pairs)


@dataclass(frozen=True, eq=False)
class Counted:
    """Cells ascending and their counts, int64 of one length, no zeros."""

    cells: Cells
    counts: npt.NDArray[np.int64]

    def canonical(self) -> bytes:
        """The answer as bytes that are the same from every store: all cells, then all counts, int64 little endian."""
        return self.cells.astype("<i8").tobytes() + self.counts.astype("<i8").tobytes()


@dataclass(frozen=True)
class Position:
    """How far a cold store has followed: the snapshot it was read under, and the epoch of the count."""

    epoch: int
    snapshot: str


class CellStore(Protocol):
    """Anything that can answer a question."""

    def counts(self, question: Question) -> Counted:
        """Sum what is counted by cell at the question's resolution."""
        ...


class ColdStore(CellStore, Protocol):
    """A store that follows the truth. One writer at a time: `feed` holds a lock."""

    def position(self, surface: str) -> Position | None:
        """How far the surface has been followed; None before the first load."""
        ...

    def append(self, surface: str, events: Events, position: Position) -> None:
        """Add signed differences and move the position, both or neither."""
        ...

    def replace(self, surface: str, events: Events, position: Position) -> None:
        """Put these events in the place of all there are, with the position, both or neither."""
        ...


def summed(cells: Cells, n: npt.NDArray[np.int32], question: Question) -> Counted:
    """Sum signed numbers by parent; parents whose sum is nothing are left out."""
    up = (cells & np.int64(question.keep)) | np.int64(question.head)
    found, run = np.unique(up, return_inverse=True)
    sums = np.zeros(len(found), np.int64)
    np.add.at(sums, run, n.astype(np.int64))
    return Counted(found[sums != 0], sums[sums != 0])


def within(hours: npt.NDArray[np.int32], intervals: Hours) -> npt.NDArray[np.bool_]:
    """Which hours lie in ascending, disjoint, half-open intervals."""
    if not len(intervals):
        return np.zeros(len(hours), np.bool_)
    at = np.searchsorted(intervals[:, 0], hours, side="right") - 1
    return np.asarray((at >= 0) & (hours < intervals[np.maximum(at, 0), 1]), np.bool_)
