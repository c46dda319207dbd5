"""The night's work in the database: due when it should be, forecasts whose parts sum, shown only when better."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from bench.simulated_city import Truth, draw
from onemap.core.cell import child_range, parent
from onemap.core.errors import BadInput, NotFound
from onemap.core.settings import Settings
from onemap.heat.prediction import forecast, nightly, selfexciting
from onemap.heat.prediction.backtest import HORIZONS
from onemap.store.db import Connection
from server.worker import loops

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 7, 1, 18, 20, tzinfo=UTC)
TRUTH = Truth(rings=9, days=110.0, per_day=40.0, branching=0.6, decay_days=1.0, by_ring=(0.6, 0.3, 0.1), hot_spots=3)


@pytest.fixture
def city(committed: Connection) -> Connection:
    """An autocommit connection over a database whose only events are a simulated city's, in two categories."""
    drawn = draw(4, TRUTH)
    start = NOW.replace(minute=0) - timedelta(days=int(TRUTH.days))
    for table in ("incident", "heat_event", "heat_backtest", "heat_forecast", "area", "grid"):
        committed.execute(f"DELETE FROM {table}")
    with (
        committed.cursor() as cursor,
        cursor.copy("COPY heat_event (surface, fid, cell, hour, category, n) FROM STDIN") as copy,
    ):
        for fid, (day, index) in enumerate(zip(drawn.days.tolist(), drawn.index.tolist(), strict=True)):
            hour = start + timedelta(hours=int(day * 24))
            cell = child_range(int(drawn.cells[index]), 12)[0]
            copy.write_row(("incidents", fid, cell, hour, "matter-06" if fid % 3 else "matter-09", 1))
    return committed


def test_due_once_a_night_and_at_once_the_first_time(city: Connection) -> None:
    assert nightly.due(city, NOW, ZONE)
    assert not nightly.due(city, NOW - timedelta(days=60), ZONE)  # too few days of events
    with city.transaction(force_rollback=True):  # a city that is being loaded is no past to learn from
        city.execute(
            "INSERT INTO change_log (layer, op, fid) SELECT 'incident', 'I', -n FROM generate_series(1, 501) n"
        )
        assert not nightly.due(city, NOW, ZONE)
    city.execute(
        "INSERT INTO heat_backtest (category, run, horizon, shown, verdict, told, about) "
        "VALUES ('', %s, '24h', true, '{}', '{}', '{}')",
        (NOW,),
    )
    there = NOW.astimezone(ZONE)
    tomorrow = there.replace(hour=2, minute=9) + timedelta(days=1 if there.hour >= 2 else 0)
    assert not nightly.due(city, NOW + timedelta(minutes=5), ZONE)
    assert nightly.due(city, tomorrow + timedelta(minutes=1), ZONE)
    assert not nightly.due(city, tomorrow, ZONE)


def test_a_night_forecasts_scores_and_explains(city: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[int] = []
    assert nightly.run(city, NOW, ZONE, pause=lambda: steps.append(1)) == ["", "matter-06", "matter-09"]
    assert len(steps) > 50
    told = forecast.last_backtest(city, "")
    assert set(told["horizons"]) == set(HORIZONS)
    assert told["nights"] == 28
    assert told["process"]["branching"] == pytest.approx(0.6, abs=0.15)
    assert told["horizons"]["24h"]["shown"], told["horizons"]["24h"]["verdict"]
    assert {row["horizon"] for row in told["series"]} == set(HORIZONS)
    found = forecast.cells(city, (), "24h", 9, None)
    assert (np.diff(found.cells) > 0).all()
    assert found.values.sum() == pytest.approx(40.0, rel=0.5)
    known = nightly.read(city, NOW)
    assert known is not None
    model = selfexciting.fit(known.past(""), selfexciting.Setting(), ZONE)
    again = selfexciting.outlook(model, known.past(""), 24)
    assert np.corrcoef(again[np.isin(known.cells, found.cells)], found.values)[0, 1] > 0.95
    worst = int(found.cells[int(np.argmax(found.values))])
    parts = forecast.explain(city, (), "24h", worst)
    assert sum(part["value"] for part in parts) == pytest.approx(found.values.max())
    assert {part["kind"] for part in parts} >= {"own", "raised", "knock_on", "rhythm"}
    both = forecast.explain(city, ("matter-06", "matter-09"), "24h", worst)
    summed = forecast.cells(city, ("matter-06", "matter-09"), "24h", 9, None)
    assert sum(part["value"] for part in both) == pytest.approx(summed.values[summed.cells == worst][0])
    coarse = forecast.cells(city, (), "24h", 7, None)
    assert coarse.values.sum() == pytest.approx(found.values.sum())
    up = parent(worst, 7)
    assert sum(part["value"] for part in forecast.explain(city, (), "24h", up)) == pytest.approx(
        coarse.values[coarse.cells == up][0]
    )
    with pytest.raises(BadInput):
        forecast.cells(city, (), "24h", 10, None)
    # The next night's back-test finds otherwise: the map says so and shows nothing.
    city.execute(
        "INSERT INTO heat_backtest (category, run, horizon, shown, verdict, told, about) "
        "VALUES ('', %s, '24h', false, '{\"zh\": \"否\", \"en\": \"no\"}', '{}', '{}')",
        (NOW + timedelta(days=1),),
    )
    with pytest.raises(NotFound) as refused:
        forecast.cells(city, (), "24h", 9, None)
    assert refused.value.reason == "not-better"


def test_without_a_backtest_nothing_is_shown(city: Connection) -> None:
    with pytest.raises(NotFound) as refused:
        forecast.cells(city, (), "7d", 9, None)
    assert refused.value.reason == "no-backtest"
    with pytest.raises(NotFound):
        forecast.last_backtest(city, "")
    shown, why = forecast.whether_shown([], tuple(HORIZONS))
    assert not shown and why is not None and "60" in why["zh"]


def test_what_was_reported_late_is_known_late(city: Connection) -> None:
    city.execute(
        "INSERT INTO incident (key, geom, h3, occurred_at, reported_at) "
        "VALUES ('late', 'SRID=4326;POINT(110.48 29.13)', 0, %s, %s)",
        (NOW - timedelta(days=3), NOW - timedelta(days=1)),
    )
    fid = city.execute("SELECT id FROM incident").fetchone()["id"]  # type: ignore[index]
    city.execute("UPDATE heat_event SET fid = -fid - 1")
    city.execute("UPDATE heat_event SET fid = %s WHERE fid = -1", (fid,))
    known = nightly.read(city, NOW)
    assert known is not None
    past = known.past("")
    late = np.flatnonzero(past.known > past.hours) if past.known is not None else []
    assert len(late) == 1


def test_the_workers_loop_runs_it_once(city: Connection, settings: Settings) -> None:
    loop = next(one for one in loops(settings) if one.name == "forecast")
    assert not loop.transacted
    # Months later, in which nothing happened: too little to tell, so nothing is shown.
    assert loop.step(city) == 0
    rows = city.execute("SELECT DISTINCT horizon, shown, verdict FROM heat_backtest WHERE category = ''").fetchall()
    assert {(row["horizon"], row["shown"]) for row in rows} == {("24h", False), ("7d", False)}
    assert all("few" in row["verdict"]["en"] for row in rows)
    before = city.execute("SELECT count(*) AS n FROM heat_backtest").fetchone()
    loop.step(city)
    assert city.execute("SELECT count(*) AS n FROM heat_backtest").fetchone() == before
