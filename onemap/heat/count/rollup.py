"""What a feature is counted as."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from onemap.core.cell import parent
from onemap.heat.surface import FINEST


@dataclass(frozen=True, slots=True)
class Event:
    """What was counted of one feature: its cell at the finest resolution, hour (UTC), category, source, severity.

    `source` is '' and `severity` 0 where they are not known; `n` is how often it counts.
    """

    fid: int
    cell: int
    hour: datetime
    category: str
    source: str = ""
    severity: int = 0
    n: int = 1


def event_of(
    fid: int,
    h3: int,
    at: datetime,
    kind: str | None,
    code: str | None,
    source: str | None = None,
    severity: int | None = None,
) -> Event:
    """The event that an incident is counted as; `h3` is its stored cell, `at` when it occurred."""
    hour = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    level = severity if severity in (1, 2, 3, 4) else 0
    return Event(fid, parent(h3, FINEST), hour, category_of(kind, code), source or "", level)


def category_of(kind: str | None, code: str | None) -> str:
    """Kind and major class, such as matter-06; 00 for what carries no catalogue code."""
    major = (code or "")[:2]
    coded = len(major) == 2 and major.isascii() and major.isdigit()
    return f"{kind if kind == 'part' else 'matter'}-{major if coded else '00'}"
