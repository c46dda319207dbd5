"""The doors of forecasts: the back-test by role, and a surface that is not shown until it is better than counting."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from psycopg.types.json import Jsonb

from onemap.core.cell import cell_of, hex_of
from onemap.heat.prediction.nightly import RES
from onemap.store.db import connect
from server.routes.forecast import BacktestAnswer
from tests.api.conftest import Running

RUN = datetime(2026, 6, 30, 18, 10, tzinfo=UTC)
CELL = cell_of(110.48, 29.13, RES)


def _model(name: str, pei: float) -> dict[str, object]:
    return {
        "name": name, "title": {"zh": name, "en": name}, "setting": "30 d", "hit_rate": [[0.05, 0.4]], "pai": 8.0,
        "pei": pei, "rri": None, "brier": 0.1, "deviance": None, "expected": 90.0, "observed": 100.0,
        "calibration": [[0.1, 0.2, 30]],
    }  # fmt: skip


@pytest.fixture
def tested(server: Running) -> Iterator[Running]:
    """A server with a back-test that lets 24 hours be shown and 7 days not."""
    about = {
        "run_at": RUN.isoformat(), "res": RES, "nights": 28, "share": 0.05, "process": {"branching": 0.3},
        "train": {"from": RUN.isoformat(), "to": RUN.isoformat()}, "test": {"from": RUN.isoformat(),
        "to": RUN.isoformat()},
    }  # fmt: skip
    with connect(server.dsn, autocommit=True) as conn:
        for horizon, shown in (("24h", True), ("7d", False)):
            told = {
                "shown": shown, "verdict": {"zh": "好" if shown else "不好", "en": "good" if shown else "bad"},
                "gain": {"pei": 0.1, "low": 0.05, "high": 0.2, "level": 0.9},
                "models": [_model("forecast", 0.5), _model("count", 0.4), _model("kde", 0.3)],
                "series": [{"night": RUN.isoformat(), "horizon": horizon, "forecast": 0.5, "count": 0.4, "kde": None}],
            }  # fmt: skip
            conn.execute(
                "INSERT INTO heat_backtest (category, run, horizon, shown, verdict, told, about) "
                "VALUES ('', %s, %s, %s, %s, %s, %s)",
                (RUN, horizon, shown, Jsonb(told["verdict"]), Jsonb(told), Jsonb(about)),
            )
            conn.execute(
                "INSERT INTO heat_forecast VALUES ('', %s, %s, %s, 1.5, %s, %s, %s)",
                (horizon, CELL, RES, [0.7, 0.5] + [0.0] * 11 + [0.2, 0.1], [2] + [0] * 11, RUN),
            )
        yield server
        for table in ("heat_backtest", "heat_forecast"):
            conn.execute(f"DELETE FROM {table}")


def test_before_the_first_night_there_is_none(server: Running) -> None:
    with server.client("command") as client:
        answer = client.get("/heat/backtest")
        assert (answer.status_code, answer.json()["reason"]) == (404, "no-backtest")
        surfaces = {one["name"]: one for one in client.get("/catalogue").json()["surfaces"]}
        assert surfaces["forecast"]["shown"] is False
        assert "60" in surfaces["forecast"]["why"]["en"]
        assert surfaces["forecast"]["horizons"] == ["24h", "7d"]


def test_the_backtest_as_described(tested: Running) -> None:
    with tested.client("command") as client:
        told = BacktestAnswer.model_validate(client.get("/heat/backtest").json())
        assert told.horizons["24h"].shown and not told.horizons["7d"].shown
        assert len(told.series) == 2
        assert client.get("/heat/backtest", params={"category": "matter-06"}).status_code == 404
        assert client.get("/heat/backtest", params={"category": "nothing"}).json()["reason"] == "category"
        assert client.get("/heat/backtest", params={"surface": "risk"}).status_code == 400


def test_a_horizon_that_is_not_better_is_not_shown(tested: Running) -> None:
    with tested.client("command") as client:
        found = client.get("/tiles/heat/forecast/12/3305/1701.mvt", params={"window": "24h"})
        assert found.status_code == 200
        refused = client.get("/tiles/heat/forecast/12/3305/1701.mvt", params={"window": "7d"})
        assert (refused.status_code, refused.json()["reason"]) == (404, "not-better")
        entry = next(one for one in client.get("/catalogue").json()["surfaces"] if one["name"] == "forecast")
        assert entry["shown"] is True
        assert "bad" in entry["why"]["en"]
        legend = client.get("/heat/forecast/legend", params={"window": "24h", "z": 14}).json()
        assert legend["res"] == RES


def test_a_cells_parts_sum_to_what_is_expected(tested: Running) -> None:
    with tested.client("command") as client:
        told = client.get(f"/heat/forecast/cells/{hex_of(CELL)}", params={"window": "24h"}).json()
        assert told["value"] == pytest.approx(1.5)
        raised = [part for part in told["parts"] if part["kind"] == "raised"]
        assert raised[0]["detail"]["events"] == 2
        assert raised[0]["value"] == pytest.approx(0.5)


def test_the_public_sees_scores_and_no_forecast(tested: Running) -> None:
    with tested.client("viewer") as client:
        names = [one["name"] for one in client.get("/catalogue").json()["surfaces"]]
        assert "forecast" not in names
        assert client.get("/tiles/heat/forecast/12/3305/1701.mvt").status_code == 404
        answer = client.get("/heat/backtest")
        if answer.status_code == 200:
            told = BacktestAnswer.model_validate(answer.json())
            assert told.horizons["24h"].models[0].pei == 0.5
            assert told.horizons["24h"].models[0].calibration == []
            assert told.series == []


def test_the_last_run_counts(tested: Running) -> None:
    with connect(tested.dsn, autocommit=True) as conn:
        conn.execute("UPDATE heat_backtest SET run = %s WHERE horizon = '24h'", (RUN + timedelta(days=1),))
    with tested.client("command") as client:
        assert set(client.get("/heat/backtest").json()["horizons"]) == {"24h"}
