"""A record on its way into a table, and what became of a batch of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar

from etl.feed import Context, Record, Row
from onemap.core.errors import BadInput
from onemap.warnings.service import Reading

R_co = TypeVar("R_co", bound=Record, covariant=True)


class Item(NamedTuple, Generic[R_co]):
    """One mapped record, with the raw record and the row it came from."""

    raw_id: int
    row: Row
    record: R_co
    context: Context


@dataclass(frozen=True, slots=True)
class Reject:
    """One record that goes to quarantine, and why."""

    raw_id: int
    row: Row
    error: BadInput


@dataclass
class Outcome:
    """What storing a batch did."""

    stored: int = 0
    unchanged: int = 0
    rejects: list[Reject] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    movers: set[int] = field(default_factory=set)
    newest: datetime | None = None
    bounds: tuple[float, float, float, float] | None = None  # of checked features, WGS-84

    def add(self, other: Outcome) -> None:
        """Take another batch's outcome into this one."""
        self.stored += other.stored
        self.unchanged += other.unchanged
        self.rejects += other.rejects
        self.readings += other.readings
        self.movers |= other.movers
        self.saw(other.newest)
        self.bounds = self.bounds or other.bounds

    def saw(self, at: datetime | None) -> None:
        """Remember the newest source time."""
        if at is not None and (self.newest is None or at > self.newest):
            self.newest = at
