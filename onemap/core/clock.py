"""Time at the border: everything inside is an aware datetime in UTC; text without a zone needs a declared one.

Refusing beats guessing: an eight-hour error looks plausible on a map and ruins every clock that runs from it.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from onemap.core.errors import BadTime

BEIJING = "Asia/Shanghai"
FUTURE_S = 300.0
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
# Declared formats besides strptime patterns: seconds or milliseconds since 1970-01-01T00:00Z.
EPOCH_S, EPOCH_MS = "epoch_s", "epoch_ms"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# fromisoformat also takes "20180924", which is more likely an id or a count than a time: ask for the separators.
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].*)?|[0-9]{8}T[0-9]{4,6}.*", re.IGNORECASE)


def now() -> datetime:
    """Return the present instant, aware, UTC."""
    return datetime.now(UTC)


def parse_time(
    text: str | int | float,
    default_zone: str | None = None,
    *,
    form: str | None = None,
    at: datetime | None = None,
    future_s: float | None = FUTURE_S,
    earliest: datetime = EARLIEST,
) -> datetime:
    """Return the instant, aware, UTC.

    `form` is what the feed declares: None for ISO 8601, "epoch_s", "epoch_ms", or a strptime pattern such as
    "%m/%d/%Y %H:%M:%S". Text without an offset is read in `default_zone` (an IANA name); a bare date is its midnight
    there. A local time that happens twice is the first of the two.
    Raises BadTime: reason "format", "no-zone", "zone" (unknown zone), "no-such-time" (skipped by a clock change),
    "too-old" (before `earliest`), "clock-future" (more than `future_s` seconds after `at`, default now; None allows
    any future).
    """
    if form in (EPOCH_S, EPOCH_MS):
        instant = _from_epoch(text, 1.0 if form == EPOCH_S else 1000.0)
    elif isinstance(text, str):
        instant = _to_utc(_parse_text(text.strip(), form), text, default_zone)
    else:
        raise BadTime(
            f"The time {text!r} is a bare number; the feed must declare epoch_s or epoch_ms.", reason="format"
        )
    if instant < earliest:
        raise BadTime(f"The time {text} lies before {earliest:%Y-%m-%d}.", reason="too-old")
    if future_s is not None and instant > (at or now()) + timedelta(seconds=future_s):
        raise BadTime(
            f"The time {text} lies more than {future_s:g} s in the future; the sender's clock or zone is wrong.",
            reason="clock-future",
        )
    return instant


def local(instant: datetime, zone: str = BEIJING) -> datetime:
    """Return the same instant on the clock of an IANA zone; BadTime if the datetime has no zone or none is known."""
    if instant.tzinfo is None:
        raise BadTime("A time without zone cannot be shown in one.", reason="no-zone")
    return instant.astimezone(zone_of(zone))


def format_cn(instant: datetime, zone: str = BEIJING) -> str:
    """Return the instant for Chinese readers, 24 h, to the minute: 2026年3月5日 14:05."""
    there = local(instant, zone)
    return f"{there.year}年{there.month}月{there.day}日 {there:%H:%M}"


@lru_cache(maxsize=64)
def zone_of(name: str) -> ZoneInfo:
    """Return the IANA zone; BadTime (reason "zone") if there is none of that name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
        raise BadTime(f"There is no time zone {name!r}.", reason="zone") from exc


def _from_epoch(value: str | int | float, per_second: float) -> datetime:
    try:
        seconds = float(value) / per_second
    except (ValueError, OverflowError, TypeError):
        seconds = math.nan
    if isinstance(value, bool) or not math.isfinite(seconds):
        raise BadTime(f"The time {str(value)[:60]!r} is not a number of seconds.", reason="format")
    try:
        return _EPOCH + timedelta(seconds=seconds)
    except OverflowError as exc:
        reason = "clock-future" if seconds > 0 else "too-old"
        raise BadTime(f"The time {value!r} is out of range; are its units as declared?", reason=reason) from exc


def _parse_text(text: str, form: str | None) -> datetime:
    try:
        if form is not None:
            return datetime.strptime(text, form)
        if _ISO.fullmatch(text) is None:
            raise ValueError("not ISO 8601")
        # Many loggers put a blank before the offset, which the parser does not take.
        return datetime.fromisoformat(re.sub(r"\s+(?=[+-][0-9])", "", text.upper()))
    except ValueError as exc:
        raise BadTime(f"The time {text[:60]!r} is not of the form {form or 'ISO 8601'}.", reason="format") from exc


def _to_utc(parsed: datetime, text: str, default_zone: str | None) -> datetime:
    try:
        if parsed.tzinfo is not None:
            return parsed.astimezone(UTC)
        if default_zone is None:
            raise BadTime(f"The time {text!r} has no offset and the feed declares no zone.", reason="no-zone")
        there = parsed.replace(tzinfo=zone_of(default_zone))
        instant = there.astimezone(UTC)
        if instant.astimezone(there.tzinfo).replace(tzinfo=None) != parsed:
            raise BadTime(f"The time {text!r} was skipped by a clock change in {default_zone}.", reason="no-such-time")
        return instant
    except OverflowError as exc:
        reason = "too-old" if parsed.year < 1970 else "clock-future"
        raise BadTime(f"The time {text!r} is out of range.", reason=reason) from exc
