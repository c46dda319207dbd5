"""The 藕塘 landslide, day by day: the rule warns before the fastest days, live as in a dry-run, as the docs say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from bench.ootang import RULE, STATIONS, Series, load, replay, told
from onemap.core.settings import CaseSettings
from onemap.store.db import Connection
from onemap.store.partition import Partitions
from onemap.warnings.rules import book
from onemap.warnings.rules.around import Around
from onemap.warnings.rules.declared import read
from onemap.warnings.rules.dryrun import dry_run
from onemap.warnings.rules.engine import Step
from onemap.warnings.rules.follow import GRACE_S, Follower
from onemap.warnings.rules.steps import instant, micros
from tests.db.rules_ground import add_hazard, add_sensor

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "ootang.md"


@pytest.fixture(scope="module")
def series(shared_data: Path) -> Series:
    return load(shared_data / "hazards" / "ootang")


@pytest.fixture(scope="module")
def steps(series: Series) -> list[Step]:
    return replay(series)[0]


def test_the_fast_weeks_of_2017_are_warned_of_level_by_level(series: Series, steps: list[Step]) -> None:
    fastest = datetime(2017, 9, 19, tzinfo=UTC)
    begun: dict[int, datetime] = {}
    for step in steps:
        if step.level is not None and datetime(2017, 8, 20, tzinfo=UTC) < instant(step.at) < fastest:
            begun.setdefault(step.level, instant(step.at))
    assert [(fastest - begun[level]).days >= least for level, least in ((4, 20), (3, 17), (2, 15), (1, 8))] == [
        True
    ] * 4
    # Most of what moved in these weeks moved after the red warning.
    moved = np.max([series.columns[f"{one}/mm"] for one in STATIONS], axis=0)
    red = int(np.searchsorted(series.times, micros(begun[1])))
    begin, end = red - 13, int(np.searchsorted(series.times, micros(datetime(2017, 10, 18, tzinfo=UTC))))
    assert moved[end] - moved[red] > 0.5 * (moved[end] - moved[begin])


def test_quiet_years_stay_quiet(steps: list[Step]) -> None:
    quiet = [
        step
        for step in steps
        if datetime(2017, 11, 1, tzinfo=UTC) < instant(step.at) < datetime(2020, 6, 1, tzinfo=UTC)
    ]
    assert quiet == []


def test_the_document_says_what_the_rule_says(series: Series, steps: list[Step]) -> None:
    written = DOCUMENT.read_text(encoding="utf-8")
    for line in told(steps, replay(series)[1]):
        assert line in written
    assert RULE.read_text(encoding="utf-8").partition("[[levels]]")[2] in written


def test_live_day_by_day_and_in_a_dry_run_it_is_the_same(conn: Connection, series: Series, steps: list[Step]) -> None:
    add_hazard(conn, "ootang", 109.6, 31.0)
    for name, prop, _ in series.streams():
        add_sensor(conn, name, 109.6, 31.0, prop, hazard="ootang")
    rule, around, clocks = read(RULE).rule, Around("Asia/Shanghai"), CaseSettings()
    ids = {row["key"]: row["id"] for row in conn.execute("SELECT key, id FROM datastream").fetchall()}
    first, last = (
        int(np.searchsorted(series.times, micros(datetime(2017, month, 1, tzinfo=UTC)))) for month in (8, 11)
    )
    days = [instant(at) for at in series.times[first - 61 : last].tolist()]
    Partitions().ensure(conn, "observation", days)
    book.put(conn, rule, "test", clocks)
    conn.execute("UPDATE rule SET enabled = true")
    follower = Follower(around, clocks)
    follower.step(conn, now=days[0] - timedelta(seconds=1))
    live: list[int] = []
    for k, day in enumerate(days, start=first - 61):
        for name, _, stream in series.streams():
            conn.execute("INSERT INTO observation (datastream_id, at, value) VALUES (%s, %s, %s)",
                         (ids[name], day, float(stream.values[k])))  # fmt: skip
        conn.execute("UPDATE datastream SET last_at = %s", (day,))
        follower.step(conn, now=day + timedelta(seconds=GRACE_S))
        row = conn.execute("SELECT level FROM rule_state").fetchone()
        live.append((row["level"] or 0) if row else 0)
    span = (days[-1] - days[0]).total_seconds() / 86_400 + 1e-5
    tried = dry_run(conn, rule, around, days=span, to=days[-1])
    changes = sorted(step for warning in tried["warnings"] for step in warning["steps"])
    expected = [max((at, level) for at, level in [(days[0], 0), *changes] if at <= day)[1] for day in days]
    assert live == expected and {1, 2, 3, 4} <= set(live)
    # From the quiet days of August on all windows are full and nothing is held over: the same as of the whole series.
    whole = [(instant(step.at), step.level or 0) for step in steps]
    late = [k for k, day in enumerate(days) if day > datetime(2017, 8, 21, tzinfo=UTC)]
    assert [live[k] for k in late] == [max((at, level) for at, level in whole if at <= days[k])[1] for k in late]
