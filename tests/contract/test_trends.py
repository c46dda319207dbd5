"""Trends of grids and the effect of a measure, through the doors: what was put in is what they tell."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
import shapely
from pydantic import TypeAdapter
from shapely.geometry import MultiPolygon, Point, box, shape

from onemap.core.policy import Role
from onemap.heat import service
from onemap.heat.count.published import last_closed
from onemap.heat.evidence import demand
from onemap.layers import BY_NAME
from onemap.store import account, feature
from onemap.store.db import connect
from onemap.store.feature import FeatureRow
from server import trend_models
from tests.contract import samples

Get = Callable[..., Any]
NOW = datetime.now(UTC)
LAST = last_closed(NOW)
WEST, SOUTH, SIDE, STEP, DAYS = 107.0, 30.0, 6, 0.012, 150
#: A measure in the grids of the south-west corner, forty days ago: two thirds of the events are gone since then.
STARTED, LEFT = LAST - timedelta(days=39), 0.34
CORNER = {(column, row) for column in range(2) for row in range(2)}
#: What a planner draws: within the corner, for the cells of an area reach over its border, where nothing was done.
DRAWN = MultiPolygon([box(WEST, SOUTH, WEST + 2 * STEP, SOUTH + 2 * STEP).buffer(-0.003)])


def code(column: int, row: int) -> str:
    return f"G{column}{row}"


def busy(day: date) -> bool:
    """Two days of each week have more, counted back from the last whole day: not Saturday and Sunday, since the same
    events would then fall on other days of the week with each day the tests run on."""
    return (LAST - day).days % 7 in (2, 3)


@pytest.fixture(scope="module", autouse=True)
def city(filled: str) -> None:
    """Grids in a raster, and two hundred days of incidents, half of which name their grid."""
    draw = np.random.default_rng(3)
    grids = [
        FeatureRow(
            code(c, r),
            MultiPolygon([box(WEST + c * STEP, SOUTH + r * STEP, WEST + (c + 1) * STEP, SOUTH + (r + 1) * STEP)]),
            {"code": code(c, r), "name": f"网格{c}-{r}", "edition": "e1"},
        )
        for c in range(SIDE)
        for r in range(SIDE)
    ]
    rows = []
    for c in range(SIDE):
        for r in range(SIDE):
            level = draw.gamma(24.0, 0.06)
            for back in range(DAYS):
                day = LAST - timedelta(days=back)
                mean = level * (1.5 if busy(day) else 1.0)
                mean *= LEFT if (c, r) in CORNER and day >= STARTED else 1.0
                for n in range(draw.poisson(mean)):
                    at = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=float(draw.uniform(0, 8)))
                    place = WEST + (c + draw.uniform(0.01, 0.99)) * STEP, SOUTH + (r + draw.uniform(0.01, 0.99)) * STEP
                    named = {"grid_code": code(c, r)} if n % 2 else {"grid_code": "of an older edition"}
                    values = {"kind": "matter", "code": "06010", "occurred_at": at, **named}
                    rows.append(FeatureRow(f"{c}-{r}-{back}-{n}", Point(*place), values))
    with connect(filled) as conn:
        for name in ("incident", "grid", "area"):
            feature.delete(conn, BY_NAME[name], [row.key for row in samples.rows(BY_NAME[name])])
        feature.upsert(conn, BY_NAME["grid"], grids, feed="test")
        for start in range(0, len(rows), 5000):
            feature.upsert(conn, BY_NAME["incident"], rows[start : start + 5000], feed="test")
        conn.commit()
        while service.follow(conn):
            conn.commit()
        assert demand.refresh(conn, now=NOW) == 2  # all together, and the one category
        assert demand.refresh(conn, now=NOW) == 0


@pytest.fixture(scope="module")
def signed(signed: dict[str, dict[str, str]], filled: str) -> dict[str, dict[str, str]]:
    """The contract's askers, and one whose area is the western half of the city."""
    half = MultiPolygon([box(WEST - 0.001, SOUTH - 0.001, WEST + 4 * STEP + 0.001, SOUTH + SIDE * STEP + 0.001)])
    with connect(filled, autocommit=True) as conn:
        key = account.create_api_key(conn, "k-west", Role.COMMAND, area_wkb=shapely.to_wkb(half))
    return signed | {"west": {"Authorization": f"Bearer {key}"}}


def test_every_grid_has_its_expectation(get: Get, filled: str) -> None:
    found = TypeAdapter(trend_models.Trends).validate_python(get("/heat/trends").json())
    assert (found.day, found.days, found.horizon_days, len(found.grids)) == (LAST, DAYS, 14, SIDE**2)
    with connect(filled) as conn:
        (truth,) = conn.execute(
            "SELECT count(*) AS n FROM incident WHERE (occurred_at AT TIME ZONE 'Asia/Shanghai')::date > %s",
            (LAST - timedelta(days=30),),
        ).fetchall()
    assert sum(one.total_30d for one in found.grids) == truth["n"]  # named or not, each incident is one grid's
    for one in found.grids:
        assert one.low_95 <= one.low <= one.mean_next_7d + 1 and one.mean_next_7d <= one.high <= one.high_95
        assert one.mean_next_7d == pytest.approx(one.total_30d * 7 / 30, abs=max(2.5, 0.6 * one.mean_next_7d))
    corner = {code(*one) for one in CORNER}
    fell = [one for one in found.grids if one.grid_code in corner]
    assert sum(one.p < 0.1 and one.change_pct < 0 for one in fell) >= 3
    assert {one.trend for one in fell} <= {"down", "flat"}
    assert sum(one.trend != "flat" for one in found.grids if one.grid_code not in corner) <= 3
    assert found.coverage is not None and found.coverage.nominal == 0.8
    assert found.coverage.observed_pit == pytest.approx(0.8, abs=0.12)
    assert get("/heat/trends?category=matter-06").json()["grids"] == get("/heat/trends").json()["grids"]
    assert get("/heat/trends?category=matter-09").json()["reason"] == "no-trend"
    assert get("/heat/trends?category=nothing").status_code == 400


def test_one_grid_day_by_day(get: Get) -> None:
    found = TypeAdapter(trend_models.Trend).validate_python(get("/heat/trends/G33").json())
    days = [day for day, _ in found.history]
    assert days == [(LAST - timedelta(days=DAYS - 1 - n)).isoformat() for n in range(DAYS)]
    assert sum(n for _, n in found.history[-30:]) == found.total_30d
    assert [day for day, _ in found.fitted] == days
    assert sum(mean for _, mean in found.fitted) == pytest.approx(sum(n for _, n in found.history), rel=0.2)
    assert [day for day, *_ in found.forecast] == [(LAST + timedelta(days=n + 1)).isoformat() for n in range(14)]
    busier = [mean for day, mean, *_ in found.forecast if busy(date.fromisoformat(day))]
    assert np.mean(busier) > np.mean([mean for _, mean, *_ in found.forecast])
    for (day, mean, low, high), (same, lower, higher) in zip(found.forecast, found.forecast_95, strict=True):
        assert day == same and lower <= low <= mean + 1 and high <= higher
    assert get("/heat/trends/none").status_code == 404


def test_trends_are_of_the_grids_that_lie_whole_in_an_area(get: Get) -> None:
    mine = {one["grid_code"] for one in get("/heat/trends", "west").json()["grids"]}
    assert mine == {code(c, r) for c in range(4) for r in range(SIDE)}
    assert get("/heat/trends/G50", "west").status_code == 404
    for who in ("viewer", "key in area"):
        assert get("/heat/trends", who).status_code == 403
    assert get("/heat/trends", "key two layers").status_code == 404


def ask(browser: Any, signed: dict[str, dict[str, str]], who: str = "command", **changed: Any) -> Any:
    question = {"area": shapely.geometry.mapping(DRAWN), "start": STARTED.isoformat(), "days": 40, "before_days": 100}
    return browser.post("/heat/incidents/effect", json=question | changed, headers=signed[who])


def test_a_measure_that_helped_is_found(browser: Any, signed: dict[str, dict[str, str]]) -> None:
    answer = ask(browser, signed)
    assert answer.status_code == 200, answer.text
    found = TypeAdapter(trend_models.Effect).validate_python(answer.json())
    truth = 100.0 * (LEFT - 1.0)
    assert found.low_pct <= truth <= found.high_pct < 0.0
    assert found.effect_pct == pytest.approx(truth, abs=15)
    assert found.p < 0.05 and found.verdict.zh.startswith("下降") and "95 %" in found.verdict.en
    assert len(found.series) == 140 and found.series[100][0] == STARTED.isoformat()
    assert sum(n for _, n, _ in found.series[:100]) == found.treated.before
    assert sum(n for _, n, _ in found.series[100:]) == found.treated.after
    compared = shape(found.comparison_cells)
    assert compared.geom_type == "MultiPolygon"
    assert not compared.intersects(DRAWN)
    assert ask(browser, signed).json() == answer.json()
    assert ask(browser, signed, category="matter-06").json()["treated"] == answer.json()["treated"]


def test_where_nothing_was_done_nothing_is_claimed(browser: Any, signed: dict[str, dict[str, str]]) -> None:
    """A grid far from the measure, by its code; and an area-bound asker is told of nothing outside."""
    found = ask(browser, signed, area={"grid": "G44"}).json()
    assert found["low_pct"] <= 0.0 <= found["high_pct"]
    assert found["verdict"]["zh"].startswith("看不出效果")
    assert ask(browser, signed, "west", area={"grid": "G50"}).status_code == 404
    inside = ask(browser, signed, "west", area={"grid": "G22"})
    assert inside.status_code == 200
    assert shape(inside.json()["comparison_cells"]).bounds[2] <= WEST + 4 * STEP + 0.001


def test_bad_questions_are_refused(browser: Any, signed: dict[str, dict[str, str]]) -> None:
    whole = shapely.geometry.mapping(box(WEST, SOUTH, WEST + SIDE * STEP, SOUTH + SIDE * STEP))
    crossed = {"type": "Polygon", "coordinates": [[[107, 30], [107.02, 30.02], [107.02, 30], [107, 30.02], [107, 30]]]}
    far = shapely.geometry.mapping(box(1.0, 1.0, 1.01, 1.01))
    for changed, reason in (
        ({"days": 3}, "period"), ({"days": 4000}, "period"), ({"before_days": 5}, "period"),
        ({"start": LAST.isoformat()}, "period"), ({"start": "0001-01-01"}, "period"), ({"area": whole}, "area-size"),
        ({"area": crossed}, "area"), ({"area": far}, "area"), ({"area": {"grid": "no\u0000"}}, "area"),
        ({"area": {"grid": "none"}}, "area"), ({"area": {"area": "none"}}, "area"), ({"category": "x"}, "category"),
        ({"area": {"type": "Polygon", "coordinates": [["x"]]}}, "area"),
        ({"area": {"type": "Polygon", "coordinates": []}}, "area"),
    ):  # fmt: skip
        answer = ask(browser, signed, **changed)
        assert answer.status_code in (400, 404), (changed, answer.text)
        assert answer.json()["reason"] == reason, (changed, answer.text)
    for changed in ({"area": 3}, {"start": "yesterday"}, {"days": "many"}, {"area": {"type": "Point"}}):
        assert ask(browser, signed, **changed).status_code in (400, 422)
    assert ask(browser, signed, "viewer").status_code == 403
    assert ask(browser, signed, "key two layers").status_code == 404
    assert browser.post("/heat/risk/effect", json={}, headers=signed["command"]).status_code in (400, 422)
