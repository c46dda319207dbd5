"""Inputs as step functions of time: readings of a stream aggregated over a sliding window, several streams as one.

Times are whole microseconds since 1970 (int64), so that a reading leaves its window at exactly the instant said. A
window of length w ending at t holds what lies in (t - w, t]. NaN: not known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from onemap.warnings.rules.spec import Aggregate, Combine

Times = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]

SECOND = 1_000_000
MINUTE = 60 * SECOND
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: A rate needs readings that span this share of its window: two close together say more of noise than of movement.
SPAN_SHARE = 0.25
_PER_S = {"rate_per_h": 3600.0, "rate_per_d": 86_400.0}


def micros(at: datetime) -> int:
    """An aware instant in microseconds since 1970, exactly."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def instant(us: int) -> datetime:
    """The aware UTC instant of microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=int(us))


@dataclass(frozen=True)
class Stream:
    """Readings in time order, at most one an instant."""

    times: Times
    values: Values


EMPTY = Stream(np.empty(0, np.int64), np.empty(0))


@dataclass(frozen=True)
class Steps:
    """values[i] holds from times[i] until times[i + 1]; times[0] is where the question began."""

    times: Times
    values: Values

    def at(self, times: Times) -> Values:
        """The value at each of some instants, none before times[0]."""
        return self.values[np.searchsorted(self.times, times, side="right") - 1]

    def squeezed(self) -> Steps:
        """The same function without instants at which nothing changes."""
        v = self.values
        same = (v[1:] == v[:-1]) | (np.isnan(v[1:]) & np.isnan(v[:-1]))
        kept = np.concatenate(([True], ~same))
        return Steps(self.times[kept], v[kept])


def constant(value: float, lo: int) -> Steps:
    """One value from `lo` on."""
    return Steps(np.array([lo], np.int64), np.array([value]))


def aggregated(stream: Stream, aggregate: Aggregate, window: int, lo: int, hi: int) -> Steps:
    """The aggregate of a window (µs) over lo..hi: it changes where readings come and where they leave the window.

    `age_s` changes all the time and is taken at each whole minute and each reading.
    """
    t = stream.times
    near = t[np.searchsorted(t, lo - window, side="right") : np.searchsorted(t, hi, side="right")]
    came = near[near > lo]
    if aggregate == "age_s":
        more = np.arange(-(-(lo + 1) // MINUTE) * MINUTE, hi + 1, MINUTE, dtype=np.int64)
    else:
        gone = near + window
        more = gone[(gone > lo) & (gone <= hi)]
    times = np.unique(np.concatenate((np.array([lo], np.int64), came, more)))
    return Steps(times, aggregate_at(stream, aggregate, window, times)).squeezed()


def aggregate_at(stream: Stream, aggregate: Aggregate, window: int, times: Times) -> Values:
    """The aggregate of the window that ends at each instant; `count` of none is 0, everything else is not known."""
    t, v = stream.times, stream.values
    i = np.searchsorted(t, times - window, side="right")
    j = np.searchsorted(t, times, side="right")
    if aggregate == "count":
        return (j - i).astype(np.float64)
    out = np.full(len(times), np.nan)
    some = j > i
    if not some.any():
        return out
    i, j, at = i[some], j[some], times[some]
    if aggregate == "last":
        out[some] = v[j - 1]
    elif aggregate == "age_s":
        out[some] = (at - t[j - 1]) / SECOND
    elif aggregate == "delta":
        out[some] = np.where(j - i > 1, v[j - 1] - v[i], np.nan)
    elif aggregate in _PER_S:
        span = t[j - 1] - t[i]
        long = (j - i > 1) & (span >= SPAN_SHARE * window)
        with np.errstate(all="ignore"):
            out[some] = np.where(long, (v[j - 1] - v[i]) * (_PER_S[aggregate] * SECOND) / span, np.nan)
    else:
        out[some] = _reduced(v, i, j, aggregate)
    return out


def _reduced(v: Values, i: Times, j: Times, aggregate: Aggregate) -> Values:
    # Each slice is reduced by itself: differences of running sums would carry the rounding of what came before.
    ufunc = {"min": np.minimum, "max": np.maximum}.get(aggregate, np.add)
    bounds = np.empty(2 * len(i), np.int64)
    bounds[0::2], bounds[1::2] = i, j
    found: Values = ufunc.reduceat(np.append(v, 0.0), bounds)[0::2]
    return found / (j - i) if aggregate == "mean" else found


def combined(parts: Sequence[Steps], combine: Combine, lo: int) -> Steps:
    """Several streams as one value, of those that are known; none known: not known."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return constant(np.nan, lo)
    times = np.unique(np.concatenate([part.times for part in parts]))
    table = np.stack([part.at(times) for part in parts])
    known = ~np.isnan(table)
    n = known.sum(axis=0)
    if combine in ("max", "min"):
        away = -np.inf if combine == "max" else np.inf
        filled = np.where(known, table, away)
        values = filled.max(axis=0) if combine == "max" else filled.min(axis=0)
    else:
        values = np.where(known, table, 0.0).sum(axis=0)
        values = values / np.maximum(n, 1) if combine == "mean" else values
    return Steps(times, np.where(n > 0, values, np.nan)).squeezed()
