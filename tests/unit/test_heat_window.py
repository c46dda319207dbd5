"""Windows against a walk over hours on the city's clock; words and limits of their grammar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onemap.core.errors import BadInput
from onemap.heat.window import at_hour, hour_of, intervals, label

NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ZONES = ("Asia/Shanghai", "Europe/Berlin", "America/New_York", "Pacific/Apia")
nows = st.datetimes(datetime(2024, 1, 1), datetime(2027, 1, 1)).map(
    lambda at: at.replace(minute=0, second=0, microsecond=0, tzinfo=UTC)
)


def held(spans: np.ndarray) -> set[int]:
    return {hour for start, end in spans.tolist() for hour in range(start, end)}


@given(
    nows,
    st.integers(1, 60),
    st.sets(st.integers(0, 6)),
    st.one_of(st.none(), st.tuples(st.integers(0, 23), st.integers(0, 24)).filter(lambda h: h[0] != h[1])),
    st.sampled_from(["", "~1w", "~1y", "~3d"]),
    st.sampled_from(ZONES),
)
def test_a_window_holds_the_hours_that_its_words_say(
    now: datetime, days: int, weekdays: set[int], hours: tuple[int, int] | None, shift: str, zone: str
) -> None:
    part = ",".join(NAMES[day] for day in sorted(weekdays)) + (f"{hours[0]:02d}-{hours[1]:02d}" if hours else "")
    window = f"{days}d{'@' + part if part else ''}{shift}"
    found = intervals(window, now, ZoneInfo(zone))
    assert found.dtype == np.int32 and not found.flags.writeable
    flat = found.ravel()
    assert np.all(np.diff(flat) > 0)
    back = {"": 0, "~1w": 7, "~1y": 364, "~3d": 3}[shift]
    last = now - timedelta(days=back)
    first, until = hours or (0, 24)
    wanted = set()
    for ago in range(days * 24 + 1):
        at = last - timedelta(hours=ago)
        there = at.astimezone(ZoneInfo(zone))
        own = there.weekday()
        if until > first:
            inside = first <= there.hour < until
        else:  # the night belongs to the day it begins on
            inside = there.hour >= first or there.hour < until
            own = own if there.hour >= first else (own - 1) % 7
        if inside and (not weekdays or own in weekdays):
            wanted.add(hour_of(at))
    assert held(found) == wanted


def test_fixed_dates_are_days_of_the_city_unless_they_say_otherwise() -> None:
    now = datetime(2026, 7, 1, tzinfo=UTC)
    days = intervals("2026-06-01/2026-06-03", now, ZoneInfo("Asia/Shanghai"))
    assert [at_hour(hour) for hour in days[0]] == [
        datetime(2026, 5, 31, 16, tzinfo=UTC), datetime(2026, 6, 2, 16, tzinfo=UTC),
    ]  # fmt: skip
    utc = intervals("2026-06-01T00:30:00Z/2026-06-01T02:30:00+00:00", now)
    assert [at_hour(hour) for hour in utc[0]] == [
        datetime(2026, 6, 1, 0, tzinfo=UTC), datetime(2026, 6, 1, 3, tzinfo=UTC),
    ]  # fmt: skip
    assert intervals("2026-06-01T00:00:00 08:00/2026-06-02T00:00:00 08:00", now)[0, 1] - days[0, 0] == 24


def test_half_an_hour_off_counts_from_the_hour() -> None:
    spans = intervals("2d@18-19", datetime(2026, 7, 1, 20, tzinfo=UTC), ZoneInfo("Asia/Kolkata"))
    assert [at_hour(hour).hour for hour in spans[:, 0]] == [12, 12]


BAD = """
h 0h 24 24x -2h 2h@ 2h@noon 2h@25-26 2h@08-08 2h@8-9 2h@fri-mon-sun 2h~ 2h~1 2h~1h 9h~1y@fri 99999d 2h~99y nan ٢h
2h;DROP
2026-01-01 2026-01-01/ 2026-01-01/2025-01-01 2026-13-01/2027-01-01 1900-01-01/1901-01-01 2026-01-01/2026-01-01
2000-01-01/2026-01-01 2150-01-01/2290-01-01
""".split()


@pytest.mark.parametrize("window", ["", "2h" * 500, *BAD])
def test_what_is_no_window_is_refused(window: str) -> None:
    with pytest.raises(BadInput) as refused:
        intervals(window, datetime(2026, 7, 1, tzinfo=UTC))
    assert refused.value.reason == "window"


def test_windows_in_words() -> None:
    assert (label("2h").zh, label("2h").en) == ("近 2 小时", "last 2 h")
    assert label("7d~1y").zh == "近 7 天（去年同期）" and label("7d~1y").en == "last 7 days (same period last year)"
    assert label("90d@fri18-24").en == "last 90 days, Fri 18–24 h"
    assert label("4w@sat,sun22-03~2w").zh == "近 4 周，周六、日 22–03 时（2 周前）"
    assert label("2026-06-01/2026-06-03").zh == "2026-06-01 00:00 – 2026-06-03 00:00"
