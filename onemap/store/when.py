"""The `datetime=` of the doors: an instant asks for the map as it was, an interval for what happened in it.

The forms are those of OGC API Features: an RFC 3339 instant, or `a/b` with `..` or nothing for an open end. That an
instant means "as of" is this map's reading of it: a layer is what was current then, out of table and history.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from onemap.core.clock import parse_time
from onemap.core.errors import BadTime

_BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
_LOST_PLUS = re.compile(r"(T[0-9:.]+) ([0-9]{2}:?[0-9]{2})$", re.IGNORECASE)


@dataclass(frozen=True)
class When:
    """Either an instant, or an interval closed at both ends whose open ends are None."""

    instant: datetime | None = None
    start: datetime | None = None
    end: datetime | None = None

    @property
    def is_interval(self) -> bool:
        """Whether at least one end of an interval is given."""
        return self.start is not None or self.end is not None


def parse_when(text: str | None) -> When:
    """Read a `datetime=`; none at all is the present. Raises BadTime for anything else."""
    if text is None:
        return When()
    if "/" not in text:
        return When(instant=parse_instant(text))
    parts = text.split("/")
    if len(parts) != 2:
        raise BadTime("An interval is written start/end.", reason="interval")
    start, end = (None if part in ("", "..") else parse_instant(part) for part in parts)
    if start is not None and end is not None and start > end:
        raise BadTime("The interval ends before it starts.", reason="interval")
    return When(start=start, end=end)


def parse_instant(text: str) -> datetime:
    """Read an RFC 3339 instant with its offset, any year. Raises BadTime."""
    # A plus sign that was not percent-encoded arrives as a space.
    return parse_time(_LOST_PLUS.sub(r"\1+\2", text.strip()), future_s=None, earliest=_BEGINNING)
