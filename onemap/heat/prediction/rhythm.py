"""How busy each hour is, apart from where: the week's rhythm and the slow trend of the whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d

Int32 = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]

WEEK = 168
#: Events that the flat week counts for: with few events the rhythm stays near flat.
_PRIOR = 168.0
_TREND_DAYS = 21.0
_TREND_PRIOR = 400.0


@dataclass(frozen=True)
class Rhythm:
    """Factors of the hours of the week, Monday 00 first, in the city's zone; their mean is 1. float64[168]."""

    factors: Floats
    zone: ZoneInfo

    def of(self, first: int, last: int) -> Floats:
        """Factors of the hours `first` to `last` - 1 (hours since 1970-01-01 UTC): float64[last - first]."""
        return np.asarray(self.factors[week_hours(np.arange(first, last), self.zone)], np.float64)


def week_hours(hours: npt.NDArray[np.integer], zone: ZoneInfo) -> npt.NDArray[np.int64]:
    """The local hour of the week, 0..167, Monday 00 first, of hours since 1970-01-01 UTC."""
    if not len(hours):
        return np.empty(0, np.int64)
    first, last = int(hours.min()), int(hours.max())
    offsets = np.array([_offset_h(hour, zone) for hour in range(first, last + 1)], np.int64)
    there = np.asarray(hours, np.int64) + offsets[np.asarray(hours, np.int64) - first]
    # 1970-01-01 was a Thursday.
    return np.asarray((there + 72) % WEEK, np.int64)


@lru_cache(maxsize=131_072)
def _offset_h(hour: int, zone: ZoneInfo) -> int:
    return (datetime.fromtimestamp(hour * 3600, zone).utcoffset() or timedelta()) // timedelta(hours=1)


def rhythm(hours: Int32, first: int, last: int, zone: ZoneInfo, prior: Rhythm | None = None) -> Rhythm:
    """The week's rhythm of events in [first, last): day-of-week times hour-of-day, each shrunk to the prior's.

    Shrinkage is that of a gamma prior worth 168 events, about the whole's rhythm or a flat one.
    """
    week = week_hours(np.arange(first, last), zone)
    open_hours = np.bincount(week, minlength=WEEK).astype(np.float64).reshape(7, 24)
    events = np.bincount(week_hours(hours, zone), minlength=WEEK).astype(np.float64).reshape(7, 24)
    base = np.ones((7, 24)) if prior is None else prior.factors.reshape(7, 24)
    rate = events.sum() / max(1e-9, float((open_hours * base).sum()))
    factors = base.copy()
    for axis in (0, 1):  # first the hours of the day over all days, then the days over all hours
        expected = rate * (open_hours * factors).sum(axis=axis, keepdims=True)
        share = _PRIOR * expected / max(1e-9, float(expected.sum()))
        factors = factors * (events.sum(axis=axis, keepdims=True) + share) / np.maximum(expected + share, 1e-9)
    return Rhythm((factors / factors.mean()).ravel(), zone)


def trend(hours: Int32, first: int, last: int) -> Floats:
    """The slow level of the hours [first, last) about a mean of 1: daily counts smoothed with a Gaussian of 21 days.

    The last hours stand for the future; shrunk to 1 by a prior worth 400 events a bandwidth. float64[last - first].
    """
    n_days = max(1, (last - first) // 24)
    day = np.minimum((np.asarray(hours, np.int64) - first) // 24, n_days - 1)
    daily = np.bincount(day, minlength=n_days).astype(np.float64)
    mean = daily.mean()
    if mean <= 0.0:
        return np.ones(last - first)
    smooth = gaussian_filter1d(daily, _TREND_DAYS, mode="nearest")
    worth = _TREND_PRIOR / (2.0 * _TREND_DAYS * mean)
    level = (smooth / mean + worth) / (1.0 + worth)
    hourly = np.repeat(level, 24)
    return np.asarray(np.concatenate((hourly, np.full(max(0, last - first - len(hourly)), level[-1])))[: last - first])
