"""Which hours and cells a question is about, and the answer's shape.

Windows are text: `<n>h`, `<n>d` or `<n>w` ending now, or `<ISO>/<ISO>`; then `@` and days and hours on the city's clock
(`@fri18-24`, `@mon-fri08-10`, `@18-24`, `@sat,sun`; hours past midnight belong to the day they begin on: `@fri22-06`);
then `~` and a shift back: `~1y` (52 weeks, so that weekdays stay), `~1w`, `~1d`. Events are kept by the hour, so a
window is whole hours: one that ends now holds the present hour and `n` whole hours before it.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import shapely

from onemap.core.cell import Cells, Floats, area_km2, centers, child_range, cover
from onemap.core.clock import BEIJING, parse_time, zone_of
from onemap.core.errors import BadInput, BadTime
from onemap.store.layer import Text

Box = tuple[float, float, float, float]
Hours = npt.NDArray[np.int32]
#: Ranges of one question: more of them cost more look-ups than they save rows.
_RANGES = 48
_METRES_PER_DEGREE = 111_195.0
_MOST_HOURS = 20 * 366 * 24
_HOUR = timedelta(hours=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_UNITS = {"h": 1, "d": 24, "w": 168, "y": 52 * 168}
_BASE = re.compile(r"([1-9][0-9]{0,5})([hdw])")
_SHIFT = re.compile(r"([1-9][0-9]{0,3})([dwy])")
_DAY = "(?:" + "|".join(_DAYS) + ")"
_FILTER = re.compile(rf"({_DAY}(?:-{_DAY})?(?:,{_DAY}(?:-{_DAY})?)*)?(?:([0-2][0-9])-([0-2][0-9]))?")


@dataclass(frozen=True)
class HeatCells:
    """Cells of one resolution, ascending, and their values (both of one length)."""

    cells: Cells
    values: Floats


@dataclass(frozen=True)
class Window:
    """A window taken apart. `length_h` back from now, or `span`; `days` (Monday is 0) and hours of the city's clock."""

    length_h: int | None
    span: tuple[datetime, datetime] | None
    days: frozenset[int]
    first: int
    last: int  # hours past 24 reach into the next day
    shift: str
    shift_h: int

    @property
    def filtered(self) -> bool:
        """Whether only some days or hours count."""
        return len(self.days) < 7 or self.last - self.first < 24


def hour_of(at: datetime) -> int:
    """The hour an instant lies in, as hours since 1970-01-01 UTC."""
    return (at - _EPOCH) // _HOUR


def at_hour(hour: int) -> datetime:
    """The instant an hour begins."""
    return _EPOCH + int(hour) * _HOUR


def intervals(window: str, now: datetime, zone: ZoneInfo | str = BEIJING) -> Hours:
    """The hours a window holds: half-open intervals of hours since 1970, int32 (k, 2), ascending, disjoint.

    Read-only. Raises BadInput (reason "window").
    """
    return _intervals(window, hour_of(now), zone if isinstance(zone, str) else zone.key)


def parse(window: str, zone: str = BEIJING) -> Window:
    """Take a window apart. Raises BadInput (reason "window")."""
    text = window if len(window) <= 120 else ""
    body, tilde, shift = text.partition("~")
    base, at, part = body.partition("@")
    days, first, last = _days_and_hours(window, part) if at else (frozenset(range(7)), 0, 24)
    moved = _SHIFT.fullmatch(shift)
    if tilde and moved is None:
        raise _bad(window)
    shift_h = int(moved[1]) * _UNITS[moved[2]] if moved else 0
    length = _BASE.fullmatch(base)
    span = None if length else _span(window, base, zone)
    hours = int(length[1]) * _UNITS[length[2]] if length else 0
    if max(hours, shift_h) > _MOST_HOURS:
        raise BadInput("A window and its shift go back 20 years at most.", reason="window")
    return Window(hours if length else None, span, days, first, last, shift, shift_h)


def _bad(window: str) -> BadInput:
    return BadInput(
        f"{window[:40]!r} is no window: 24h, 7d, 2026-07-01/2026-08-01, 90d@fri18-24 or 7d~1y.", reason="window"
    )


def _span(window: str, base: str, zone: str) -> tuple[datetime, datetime]:
    start, slash, end = base.partition("/")
    if not slash:
        raise _bad(window)
    try:
        # A query string turns the plus of an offset into a blank.
        first, last = (parse_time(one.replace(" ", "+", 1), zone, future_s=None) for one in (start, end))
    except BadTime as error:
        raise BadInput(f"{window[:40]!r} is no window: {error.message}", reason="window") from error
    if not timedelta(0) < last - first <= _MOST_HOURS * _HOUR or last.year > 2200:
        raise BadInput("A window ends after it starts, 20 years later at most.", reason="window")
    return first, last


def _days_and_hours(window: str, part: str) -> tuple[frozenset[int], int, int]:
    found = _FILTER.fullmatch(part)
    if not part or found is None:
        raise _bad(window)
    days: set[int] = set() if found[1] else set(range(7))
    for one in (found[1] or "").split(",") if found[1] else ():
        start, dash, end = one.partition("-")
        low, high = _DAYS.index(start), _DAYS.index(end if dash else start)
        days |= {day % 7 for day in range(low, high + 1 if high >= low else high + 8)}
    first, last = (int(found[2]), int(found[3])) if found[2] else (0, 24)
    if first > 23 or last > 24 or first == last:
        raise _bad(window)
    return frozenset(days), first, last if last > first else last + 24


@lru_cache(maxsize=512)
def _intervals(window: str, now: int, zone: str) -> Hours:
    asked = parse(window, zone)
    if asked.span is None:
        assert asked.length_h is not None  # noqa: S101  (one of the two is there)
        low, high = now - asked.length_h, now + 1
    else:
        low, high = hour_of(asked.span[0]), -(-(asked.span[1] - _EPOCH) // _HOUR)
    low, high = low - asked.shift_h, high - asked.shift_h
    spans = _on_the_clock(asked, low, high, zone_of(zone)) if asked.filtered else [(low, high)]
    found = np.array(spans, np.int32).reshape(-1, 2)
    found.flags.writeable = False
    return found


def _on_the_clock(asked: Window, low: int, high: int, zone: ZoneInfo) -> list[tuple[int, int]]:
    """The wanted hours of the wanted days between two hours; a clock that is half an hour off counts from the hour."""
    spans: list[tuple[int, int]] = []
    day = at_hour(low).astimezone(zone).date() - timedelta(days=1)
    end = at_hour(high).astimezone(zone).date()
    while day <= end:
        if day.weekday() in asked.days:
            start, stop = (max(low, min(high, _clock(day, hour, zone))) for hour in (asked.first, asked.last))
            if spans and start <= spans[-1][1]:
                spans[-1] = (spans[-1][0], max(stop, spans[-1][1]))
            elif start < stop:
                spans.append((start, stop))
        day += timedelta(days=1)
    return spans


def _clock(day: date, hour: int, zone: ZoneInfo) -> int:
    there = datetime.combine(day + timedelta(days=hour // 24), time(hour % 24), tzinfo=zone)
    return hour_of(there.astimezone(UTC))


_WEEKDAYS = ("一", "二", "三", "四", "五", "六", "日")
_UNIT_WORDS = {"h": ("小时", "h"), "d": ("天", "days"), "w": ("周", "weeks")}
_BACK = {
    "1y": Text("去年同期", "same period last year"),
    "1w": Text("上周同期", "same period last week"),
    "1d": Text("前一天同期", "same period the day before"),
}
_BACK_WORDS = {"y": ("年", "years"), "w": ("周", "weeks"), "d": ("天", "days")}


def label(window: str, zone: str = BEIJING) -> Text:
    """A window in words. Raises BadInput (reason "window")."""
    asked = parse(window, zone)
    if asked.span is None:
        base = window.partition("@")[0].partition("~")[0]
        words = _UNIT_WORDS[base[-1]]
        zh, en = f"近 {base[:-1]} {words[0]}", f"last {base[:-1]} {words[1]}"
    else:
        first, last = (f"{one.astimezone(zone_of(zone)):%Y-%m-%d %H:%M}" for one in asked.span)
        zh = en = f"{first} – {last}"
    if len(asked.days) < 7:
        days = sorted(asked.days)
        zh += "，周" + "、".join(_WEEKDAYS[day] for day in days)
        en += ", " + " ".join(_DAYS[day].title() for day in days)
    if asked.last - asked.first < 24:
        hours = f"{asked.first:02d}–{asked.last if asked.last <= 24 else asked.last - 24:02d}"
        zh, en = f"{zh} {hours} 时", f"{en} {hours} h"
    if asked.shift:
        words = _BACK_WORDS[asked.shift[-1]]
        back = _BACK.get(asked.shift) or Text(
            f"{asked.shift[:-1]} {words[0]}前", f"{asked.shift[:-1]} {words[1]} before"
        )
        zh, en = f"{zh}（{back.zh}）", f"{en} ({back.en})"
    return Text(zh, en)


def radius_m(res: int) -> float:
    """From the centre of a cell to its corners, with a tenth to spare for its distortion."""
    return 1.1 * math.sqrt(area_km2(res) * 2.0 / (3.0 * math.sqrt(3.0))) * 1000.0


def widened(box: Box, metres: float) -> Box:
    """The box with a margin, inside the world."""
    west, south, east, north = box
    dy = metres / _METRES_PER_DEGREE
    dx = dy / max(0.05, math.cos(math.radians(min(89.0, max(abs(south), abs(north)) + dy))))
    return max(-180.0, west - dx), max(-90.0, south - dy), min(180.0, east + dx), min(90.0, north + dy)


@lru_cache(maxsize=512)
def ranges(box: Box, res: int, rows_res: int) -> tuple[list[int], list[int]] | None:
    """Ranges (low, high) of cells at `rows_res` that hold every cell of `res` touching the box; None for everywhere.

    Not to be written to: they are kept for the next who asks.
    """
    for coarse in range(res, -1, -1):
        # A cell's descendants stick out of it by less than half its own radius.
        margin = widened(box, radius_m(coarse) / 2 if coarse < res else 0.0)
        area = shapely.box(*margin)
        size_km2 = area.area * 111.2**2 * math.cos(math.radians(area.centroid.y))
        if size_km2 / area_km2(coarse) < _RANGES:
            spans = [child_range(int(cell), rows_res) for cell in cover(area, coarse)]
            return [lo for lo, _ in spans], [hi for _, hi in spans]
    return None


def inside(found: HeatCells, box: Box, res: int) -> HeatCells:
    """The cells that touch the box, give or take a corner."""
    if not len(found.cells):
        return found
    near = inside_mask(found.cells, box, res)
    return HeatCells(found.cells[near], found.values[near])


def inside_mask(cells: Cells, box: Box, res: int) -> npt.NDArray[np.bool_]:
    """Which of some cells of one resolution touch the box, give or take a corner."""
    lon, lat = centers(cells)
    west, south, east, north = widened(box, radius_m(res))
    return np.asarray((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north), np.bool_)


def heat_cells(rows: list[dict[str, float]]) -> HeatCells:
    """Rows of `cell`, `value` as arrays."""
    return HeatCells(
        np.fromiter((row["cell"] for row in rows), np.int64, len(rows)),
        np.fromiter((row["value"] for row in rows), np.float64, len(rows)),
    )
