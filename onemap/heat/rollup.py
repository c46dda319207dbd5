"""Counting events into cells by hour and category at every resolution, as exact differences."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from onemap.core.cell import parent
from onemap.heat.surface import FINEST, RESOLUTIONS


@dataclass(frozen=True, slots=True)
class Event:
    """What was counted of one feature: its cell at the finest resolution, its hour, its category, its number."""

    fid: int
    cell: int
    hour: datetime
    category: str
    n: int = 1


class Slot(NamedTuple):
    """One counter of the rollup."""

    res: int
    hour: datetime
    cell: int
    category: str


def event_of(fid: int, h3: int, at: datetime, kind: str | None, code: str | None) -> Event:
    """The event that an incident is counted as; `h3` is its stored cell, `at` when it occurred."""
    hour = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return Event(fid, parent(h3, FINEST), hour, category_of(kind, code))


def category_of(kind: str | None, code: str | None) -> str:
    """Kind and major class, such as matter-06; 00 for what carries no catalogue code."""
    major = (code or "")[:2]
    coded = len(major) == 2 and major.isascii() and major.isdigit()
    return f"{kind if kind == 'part' else 'matter'}-{major if coded else '00'}"


def deltas(before: Iterable[Event], after: Iterable[Event]) -> dict[Slot, int]:
    """What to add to the rollup so that it counts `after` where it counted `before`; nothing where nothing changed."""
    sums: dict[Slot, int] = defaultdict(int)
    for sign, events in ((-1, before), (1, after)):
        for event in events:
            for res in RESOLUTIONS:
                sums[Slot(res, event.hour, parent(event.cell, res), event.category)] += sign * event.n
    return {slot: n for slot, n in sums.items() if n}
