"""Who has the duty of an organisation at an instant: weekly patterns, single shifts, hand-overs. Plain data, no clock.

A shift takes the place of the weekly duties of its rank while it lasts. A duty over midnight belongs to the day on
which it begins. Hours are the city's own: an hour that a clock change skips or repeats is as long as it really was.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Literal
from zoneinfo import ZoneInfo

from onemap.core.errors import BadInput

Source = Literal["shift", "weekly", "grid", "hand_over"]

DAY_MINUTES = 24 * 60
WEEK_MINUTES = 7 * DAY_MINUTES
#: A duty without an end (one team, day and night) is handed over for this long.
ENDLESS = timedelta(hours=24)
LONGEST_SHIFT = timedelta(days=31)
_HOURS = re.compile(r"(\d{1,2})(?::([0-5]\d))?\s*[-–—~]\s*(\d{1,2})(?::([0-5]\d))?")


@dataclass(frozen=True, slots=True)
class Duty:
    """When a team has the duty: every week at these local hours, or once from `starts_at` to `ends_at`."""

    team_key: str
    rank: int = 1  # 1 is called first
    kind: Literal["weekly", "shift"] = "weekly"
    weekdays: tuple[int, ...] = ()  # 0 is Monday; empty is every day
    hours: str = "0-24"
    starts_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class HandOver:
    """From `at` until `until`, whenever `from_team` has the duty, `to_team` has it."""

    from_team: str
    to_team: str
    at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class OnDuty:
    """Who has the duty."""

    team_key: str
    rank: int
    source: Source


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of one duty as it comes out."""

    team_key: str
    rank: int
    source: Source
    start: datetime
    end: datetime


@lru_cache(maxsize=1024)
def minutes_of(hours: str) -> tuple[int, int]:
    """First minute of the day and the minute after the last; past 1440 is the next day. Raises BadInput.

    "0-24" is the whole day, "20-8" the night, "20:30-8" too; the same hour twice is a day and night from then on.
    """
    found = _HOURS.fullmatch(hours.strip())
    if found is None:
        raise BadInput(f"{hours[:20]!r} is no span of hours such as 8-20 or 20:30-8.", reason="hours")
    start = int(found[1]) * 60 + int(found[2] or 0)
    end = int(found[3]) * 60 + int(found[4] or 0)
    if start >= DAY_MINUTES or end > DAY_MINUTES:
        raise BadInput(f"{hours[:20]!r} goes past 24 hours.", reason="hours")
    return start, end if end > start else end + DAY_MINUTES


def on_duty(
    duties: Sequence[Duty],
    hand_overs: Iterable[HandOver],
    at: datetime,
    zone: ZoneInfo,
    *,
    own_team: str | None = None,
) -> list[OnDuty]:
    """Who has the duty at an instant, first rank first; nobody is an empty list.

    `own_team` is the team that a grid names: it has the duty where there is no roster at all.
    """
    if not duties:
        rows = [OnDuty(own_team, 1, "grid")] if own_team else []
    else:
        shifts = [duty for duty in duties if duty.kind == "shift" and holds(duty, at, zone)]
        taken = {duty.rank for duty in shifts}
        weekly = [d for d in duties if d.kind == "weekly" and d.rank not in taken and holds(d, at, zone)]
        rows = sorted(
            (OnDuty(duty.team_key, duty.rank, duty.kind) for duty in (*shifts, *weekly)),
            key=lambda row: (row.rank, row.team_key),
        )
    for over in hand_overs:  # in the order in which they were written: who was given a duty may give it on
        if over.at <= at < over.until:
            rows = [
                replace(row, team_key=over.to_team, source="hand_over") if row.team_key == over.from_team else row
                for row in rows
            ]
    first: dict[str, OnDuty] = {}
    for row in rows:
        first.setdefault(row.team_key, row)
    return list(first.values())


def holds(duty: Duty, at: datetime, zone: ZoneInfo) -> bool:
    """Whether this duty covers the instant."""
    if duty.kind == "shift":
        return duty.starts_at is not None and duty.ends_at is not None and duty.starts_at <= at < duty.ends_at
    start, end = minutes_of(duty.hours)
    if not duty.weekdays and (start, end) == (0, DAY_MINUTES):
        return True
    today = at.astimezone(zone).date()
    for day in (today, today - timedelta(days=1)):  # yesterday's may run over midnight
        begins, ends = _span(duty, day, zone)
        if begins <= at < ends and (not duty.weekdays or day.weekday() in duty.weekdays):
            return True
    return False


def pieces(
    duties: Sequence[Duty],
    hand_overs: Sequence[HandOver],
    start: datetime,
    end: datetime,
    zone: ZoneInfo,
    *,
    own_team: str | None = None,
) -> list[Piece]:
    """How the duties come out between two instants, by start and rank; one stretch of one team is one piece."""
    marks = _marks(duties, hand_overs, start, end, zone)
    running: dict[tuple[str, int, Source], datetime] = {}
    out: list[Piece] = []
    for mark in (*marks[:-1], None):
        now = [] if mark is None else on_duty(duties, hand_overs, mark, zone, own_team=own_team)
        present = {(row.team_key, row.rank, row.source) for row in now}
        for key in [key for key in running if key not in present]:
            out.append(Piece(*key, running.pop(key), mark or end))
        for key in present - running.keys():
            assert mark is not None  # noqa: S101  (nobody is present after the end)
            running[key] = mark
    return sorted(out, key=lambda piece: (piece.start, piece.rank, piece.team_key))


def gaps(found: Iterable[Piece], start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """The stretches between two instants in which nobody has the duty."""
    out, covered = [], start
    for piece in sorted(found, key=lambda piece: piece.start):
        if piece.start > covered:
            out.append((covered, piece.start))
        covered = max(covered, piece.end)
    if covered < end:
        out.append((covered, end))
    return out


def clash(duties: Iterable[Duty]) -> tuple[Duty, Duty] | None:
    """Two first ranks at one hour, if there are any: weekly against weekly, shift against shift."""
    first = [duty for duty in duties if duty.rank == 1]
    weekly = [(*span, duty) for duty in first if duty.kind == "weekly" for span in _week(duty)]
    shifts = [
        (d.starts_at.timestamp(), d.ends_at.timestamp(), d) for d in first if d.starts_at and d.ends_at
        and d.kind == "shift"
    ]  # fmt: skip
    for spans in (weekly, shifts):
        spans.sort(key=lambda span: span[:2])
        for one, other in pairwise(spans):
            if other[0] < one[1]:
                return one[2], other[2]
    return None


def _week(duty: Duty) -> list[tuple[float, float]]:
    """The minutes of a week that a weekly duty covers, Monday 0:00 on, cut at the week's end."""
    start, end = minutes_of(duty.hours)
    out: list[tuple[float, float]] = []
    for day in sorted(set(duty.weekdays)) or range(7):
        begins, ends = day * DAY_MINUTES + start, day * DAY_MINUTES + end
        out.append((begins, min(ends, WEEK_MINUTES)))
        if ends > WEEK_MINUTES:
            out.append((0, ends - WEEK_MINUTES))
    return out


def _marks(
    duties: Sequence[Duty], hand_overs: Iterable[HandOver], start: datetime, end: datetime, zone: ZoneInfo
) -> list[datetime]:
    """The instants at which who is on duty may change, with both ends."""
    found = {start, end}
    for over in hand_overs:
        found |= {over.at, over.until}
    first, last = start.astimezone(zone).date() - timedelta(days=1), end.astimezone(zone).date()
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    for duty in duties:
        if duty.kind == "shift":
            found |= {when for when in (duty.starts_at, duty.ends_at) if when is not None}
        else:
            for day in days:
                if not duty.weekdays or day.weekday() in duty.weekdays:
                    found |= set(_span(duty, day, zone))
    return sorted(mark for mark in found if start <= mark <= end)


def _span(duty: Duty, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    start, end = minutes_of(duty.hours)
    return _instant(day, start, zone), _instant(day, end, zone)


def _instant(day: date, minute: int, zone: ZoneInfo) -> datetime:
    days, minute = divmod(minute, DAY_MINUTES)
    there = datetime.combine(day + timedelta(days=days), time(minute // 60, minute % 60), zone)
    return there.astimezone(UTC)
