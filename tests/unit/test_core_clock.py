"""Time at the border."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onemap.core.clock import BEIJING, format_cn, local, now, parse_time
from onemap.core.errors import BadTime

AT = datetime(2026, 3, 5, 6, 0, tzinfo=UTC)
NOON = datetime(2026, 3, 5, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-05T12:00:00+08:00",
        "2026-03-05T04:00:00Z",
        "2026-03-05t04:00:00.000z",
        "2026-03-05 12:00+08",
        " 2026-03-05 12:00:00 +0800 ",
        "20260305T120000+0800",
        "2026-03-04T20:00:00-08:00",
    ],
)
def test_text_with_an_offset(text):
    instant = parse_time(text, at=AT)
    assert instant == NOON
    assert instant.tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("2026-03-05 12:00:00", None),
        ("2026-03-05T12:00", None),
        ("3/5/2026 12:00:00", "%m/%d/%Y %H:%M:%S"),
        ("2026年3月5日12时", "%Y年%m月%d日%H时"),
    ],
)
def test_text_without_offset_needs_a_declared_zone(text, form):
    assert parse_time(text, BEIJING, form=form, at=AT) == NOON
    with pytest.raises(BadTime) as caught:
        parse_time(text, form=form, at=AT)
    assert caught.value.reason == "no-zone"


def test_an_offset_in_the_text_beats_the_declared_zone():
    assert parse_time("2026-03-05T04:00:00Z", BEIJING, at=AT) == NOON


def test_a_bare_date_is_its_local_midnight():
    assert parse_time("2026-03-05", BEIJING, at=AT) == datetime(2026, 3, 4, 16, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "form"),
    [(1772683200, "epoch_s"), ("1772683200", "epoch_s"), (1772683200000, "epoch_ms"), (1772683200.0, "epoch_s")],
)
def test_epochs_by_declaration(value, form):
    assert parse_time(value, form=form, at=AT) == NOON


@pytest.mark.parametrize(
    ("value", "form", "reason"),
    [
        ("", None, "format"),
        ("yesterday", None, "format"),
        ("20260305", None, "format"),
        ("2026-02-30T00:00:00Z", None, "format"),
        ("2026-03-05T25:00:00Z", None, "format"),
        ("5/13/2026", "%d/%m/%Y", "format"),
        (1772683200, None, "format"),
        ("x", "epoch_s", "format"),
        (float("nan"), "epoch_s", "format"),
        (True, "epoch_s", "format"),
        (10**400, "epoch_s", "format"),
        (1772683200000, "epoch_s", "clock-future"),
        (1e30, "epoch_s", "clock-future"),
        (-1e30, "epoch_s", "too-old"),
        (-1, "epoch_s", "too-old"),
        ("0001-01-01T00:00:00+08:00", None, "too-old"),
        ("1969-12-31T23:59:59Z", None, "too-old"),
        ("9999-12-31T23:59:59-08:00", None, "clock-future"),
        ("2026-03-05T06:05:01Z", None, "clock-future"),
    ],
)
def test_refusals_have_reasons(value, form, reason):
    with pytest.raises(BadTime) as caught:
        parse_time(value, form=form, at=AT)
    assert caught.value.reason == reason
    assert caught.value.message


def test_the_future_bound_is_a_parameter():
    assert parse_time("2026-03-05T06:05:00Z", at=AT) == AT + timedelta(minutes=5)
    with pytest.raises(BadTime):
        parse_time("2026-03-05T06:00:02Z", at=AT, future_s=1)
    assert parse_time("2030-01-01T00:00:00Z", at=AT, future_s=None).year == 2030
    with pytest.raises(BadTime):
        parse_time(now().isoformat(), earliest=now() + timedelta(days=1))


def test_clock_changes():
    # Shanghai had summer time in 1991: one hour skipped in April, one twice in September.
    with pytest.raises(BadTime) as caught:
        parse_time("1991-04-14 02:30", BEIJING, at=AT)
    assert caught.value.reason == "no-such-time"
    assert parse_time("1991-09-15 01:30", BEIJING, at=AT) == datetime(1991, 9, 14, 16, 30, tzinfo=UTC)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd"])
def test_unknown_zones(zone):
    with pytest.raises(BadTime) as caught:
        parse_time("2026-03-05 12:00", zone, at=AT)
    assert caught.value.reason == "zone"


@settings(deadline=None)
@given(st.datetimes(datetime(1970, 1, 2), datetime(2199, 1, 1), timezones=st.timezones()))
def test_iso_round_trip(moment):
    try:
        exact = moment.astimezone(UTC)
    except OverflowError:
        return
    assert parse_time(moment.isoformat(), future_s=None) == exact


def test_now_is_aware_utc():
    assert now().utcoffset() == timedelta(0)


def test_showing():
    assert local(NOON).hour == 12
    assert local(NOON, "Europe/London").hour == 4
    assert format_cn(NOON) == "2026年3月5日 12:00"
    with pytest.raises(BadTime):
        local(datetime(2026, 3, 5))
