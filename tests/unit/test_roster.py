"""Who is on duty, against a slow and obvious count of hours, and as it comes out over days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onemap.core.errors import BadInput
from onemap.warnings.calling.roster import Duty, HandOver, OnDuty, clash, gaps, minutes_of, on_duty, pieces

CITY = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 6, 29, tzinfo=CITY)
TEAMS = ("a", "b", "c", "d")
HOUR = timedelta(hours=1)


def covers(duty: Duty, at: datetime) -> bool:
    """Walk back hour by hour: does this duty begin on one of the last 24 full hours and still last?"""
    if duty.kind == "shift":
        assert duty.starts_at is not None and duty.ends_at is not None
        return duty.starts_at <= at and at < duty.ends_at
    first, last = (int(part) for part in duty.hours.split("-"))
    length = (last - first) % 24 or 24
    hour = at.replace(minute=0, second=0, microsecond=0)
    for back in range(length):
        began = hour - back * HOUR
        if began.hour == first and (not duty.weekdays or began.weekday() in duty.weekdays):
            return True
    return False


def slow(duties: list[Duty], overs: list[HandOver], at: datetime, own: str | None) -> list[OnDuty]:
    if not duties:
        found = [OnDuty(own, 1, "grid")] if own else []
    else:
        found = []
        for rank in range(1, 10):
            here = [duty for duty in duties if duty.rank == rank and covers(duty, at)]
            shifts = [duty for duty in here if duty.kind == "shift"]
            for team in sorted(duty.team_key for duty in (shifts or here)):
                found.append(OnDuty(team, rank, "shift" if shifts else "weekly"))
    for over in overs:
        if over.at <= at < over.until:
            found = [OnDuty(over.to_team, f.rank, "hand_over") if f.team_key == over.from_team else f for f in found]
    seen: list[OnDuty] = []
    for one in found:
        if one.team_key not in [other.team_key for other in seen]:
            seen.append(one)
    return seen


hours = st.builds(lambda a, b: f"{a}-{b}", st.integers(0, 23), st.integers(1, 24))
weekly = st.builds(
    Duty,
    st.sampled_from(TEAMS),
    st.integers(1, 3),
    st.just("weekly"),
    st.lists(st.integers(0, 6), max_size=4, unique=True).map(tuple),
    hours,
)
instants = st.integers(0, 14 * 96).map(lambda quarter: MONDAY + quarter * timedelta(minutes=15))


@st.composite
def shifts(draw: st.DrawFn) -> Duty:
    start = draw(instants)
    ends = start + draw(st.integers(1, 48)) * HOUR
    return Duty(draw(st.sampled_from(TEAMS)), draw(st.integers(1, 3)), "shift", (), "0-24", start, ends)


@st.composite
def hand_overs(draw: st.DrawFn) -> HandOver:
    at = draw(instants)
    teams = draw(st.permutations(TEAMS))
    return HandOver(teams[0], teams[1], at, at + draw(st.integers(1, 24)) * HOUR)


@settings(max_examples=400, deadline=None)
@given(
    st.lists(st.one_of(weekly, shifts()), max_size=6),
    st.lists(hand_overs(), max_size=3),
    st.lists(instants, max_size=8),
)
def test_on_duty_is_what_the_slow_count_says(duties: list[Duty], overs: list[HandOver], when: list[datetime]) -> None:
    for at in when:
        expected = slow(duties, overs, at, "own")
        assert on_duty(duties, overs, at.astimezone(UTC), CITY, own_team="own") == expected


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(weekly, shifts()), max_size=5), st.lists(hand_overs(), max_size=2), instants)
def test_pieces_are_who_is_on_duty_at_every_quarter(duties: list[Duty], overs: list[HandOver], start: datetime) -> None:
    end = start + 3 * 24 * HOUR
    found = pieces(duties, overs, start, end, CITY)
    free = gaps(found, start, end)
    for quarter in range(3 * 96):
        at = start + quarter * timedelta(minutes=15)
        there = {(p.team_key, p.rank, p.source) for p in found if p.start <= at < p.end}
        now = on_duty(duties, overs, at, CITY)
        assert there == {(one.team_key, one.rank, one.source) for one in now}
        assert any(a <= at < b for a, b in free) == (not now)


@settings(max_examples=200, deadline=None)
@given(st.lists(weekly, max_size=4))
def test_two_first_ranks_are_found_when_there_are(duties: list[Duty]) -> None:
    both = any(
        sum(duty.rank == 1 and covers(duty, MONDAY + hour * HOUR) for duty in duties) > 1 for hour in range(7 * 24)
    )
    assert (clash(duties) is not None) == both


def test_an_hour_that_a_clock_change_repeats_is_on_duty_twice() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    night = [Duty("a", hours="20-8"), Duty("b", hours="8-20")]
    start = datetime(2026, 10, 24, 20, tzinfo=berlin).astimezone(UTC)
    found = pieces(night, [], start, start + timedelta(days=1), berlin)
    assert next((piece.team_key, (piece.end - piece.start).total_seconds() / 3600) for piece in found) == ("a", 13.0)
    assert gaps(found, start, start + timedelta(days=1)) == []


def test_hours_are_read_as_people_write_them() -> None:
    assert minutes_of("0-24") == (0, 1440) and minutes_of("20-8") == (1200, 1920)
    assert minutes_of("20:30 – 8") == (1230, 1920) and minutes_of("8-8") == (480, 1920)
    for wrong in ("", "8", "25-3", "8-24:30", "a-b", "-1-5"):
        with pytest.raises(BadInput):
            minutes_of(wrong)
