"""A drill runs the real thresholds, rules, rosters and ladders as exercise, touches nothing real, keeps its score."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from onemap.core.errors import Conflict, NotFound
from onemap.store.db import Connection
from onemap.warnings import ledger, lifecycle
from onemap.warnings.calling import service as calling
from onemap.warnings.drills import imagined, service
from onemap.warnings.drills.scenario import Scenario, scenarios
from onemap.warnings.drills.score import reckon
from onemap.warnings.rules import book
from onemap.warnings.rules.around import Around
from onemap.warnings.rules.spec import parse
from tests.db import call_ground, warnings_ground
from tests.db.warnings_ground import CLOCKS, LAT, LON, T0

AROUND = Around("Asia/Shanghai")
RAIN = {
    "key": "rain-on-slope", "title": {"zh": "坡上大雨", "en": "Rain on a slope"}, "scope": "hazard",
    "inputs": [{"name": "rain", "kind": "reading", "title": {"zh": "雨强", "en": "Rain"}, "unit": "mm/h",
                "property": "rain_intensity", "aggregate": "mean", "window": "1h", "within_m": 3000}],
    "levels": [{"level": 3, "when": "rain > 30.0"}],
}  # fmt: skip


@pytest.fixture
def ground(conn: Connection) -> Connection:
    call_ground.city(conn)
    warnings_ground.teams(conn)
    warnings_ground.slope(conn)
    return conn


def scenario(tmp_path: Path, key: str = "first-call") -> Scenario:
    return scenarios(tmp_path)[key]


def begin(conn: Connection, tmp_path: Path, key: str = "first-call", speed: float = 1.0) -> str:
    made = service.start(conn, scenario(tmp_path, key), speed=speed, actor="command", note="", now=T0)
    assert made["state"] == "running" and made["progress"] == 0.0 and made["warnings"] == []
    return str(made["key"])


def go(conn: Connection, minutes: float) -> int:
    """Take drill and ladders to an instant."""
    at = T0 + timedelta(minutes=minutes)
    done = service.step(conn, at, CLOCKS, AROUND)
    while calling.step(conn, at):
        pass
    return done


def warnings(conn: Connection, *, drill: bool) -> list[dict[str, Any]]:
    return conn.execute("SELECT * FROM warning WHERE drill = %s ORDER BY raised_at, key", (drill,)).fetchall()


def test_an_exercise_is_marked_everywhere_and_touches_nothing_real(ground: Connection, tmp_path: Path) -> None:
    warnings_ground.feed(ground, (12.0, -5.0))  # a real warning at level IV stands at the same point
    (real,) = warnings(ground, drill=False)
    observed = ground.execute("SELECT count(*) AS n FROM observation").fetchone()
    key = begin(ground, tmp_path)
    assert go(ground, 0.0) == 1
    (made,) = warnings(ground, drill=True)
    assert (made["level"], made["drill_key"], made["state"]) == (1, key, "active")
    assert made["key"] != real["key"] and warnings(ground, drill=False) == [real]
    alerts = ground.execute("SELECT * FROM alert WHERE warning_key = %s", (made["key"],)).fetchall()
    assert alerts
    for alert in alerts:
        assert alert["drill"] and alert["title"].startswith("【演练】") and alert["text"].startswith("【演练】")
    for message in ground.execute("SELECT * FROM message WHERE warning_key = %s", (made["key"],)).fetchall():
        assert message["status"] == "Exercise"
    # The real point goes on: what is read there moves the real warning alone, and its end leaves the exercise.
    warnings_ground.feed(ground, (25.0, 1.0))
    assert [one["level"] for one in warnings(ground, drill=False)] == [3]
    warnings_ground.feed(ground, (1.0, 2.0))
    assert [one["state"] for one in warnings(ground, drill=False)] == ["ended"]
    assert [one["state"] for one in warnings(ground, drill=True)] == ["active"]
    assert go(ground, 4.6) == 1
    assert [one["state"] for one in warnings(ground, drill=True)] == ["ended"]
    assert ground.execute("SELECT count(*) AS n FROM observation").fetchone() == observed
    assert go(ground, 5.0) == 1
    assert service.one(ground, key, T0)["state"] == "ended" and go(ground, 6.0) == 0


def test_the_score_says_who_answered_and_when(ground: Connection, tmp_path: Path) -> None:
    key = begin(ground, tmp_path)
    go(ground, 0.0)
    (made,) = warnings(ground, drill=True)
    call = ground.execute(
        "SELECT * FROM call WHERE warning_key = %s AND state = 'calling' ORDER BY id", (made["key"],)
    ).fetchone()
    assert call is not None and call["team_key"] == "g1" and call["alert_id"] is not None
    ground.execute("SELECT set_config('onemap.actor', 'g1', true)")
    calling.answered(ground, call["alert_id"], "g1", call["called_at"] + timedelta(seconds=40))
    score = service.one(ground, key, T0)["score"]
    assert (score["answered"], score["median_answer_s"], score["within_deadline"]) == (1, 40.0, 1.0)
    assert score["by_team"][0] | {"team_name": ""} == {
        "team_key": "g1", "team_name": "", "calls": 1, "answered": 1, "median_s": 40.0, "worst_s": 40.0,
    }  # fmt: skip
    stopped = service.stop(ground, key, T0 + timedelta(minutes=2), CLOCKS)
    assert stopped["state"] == "stopped" and stopped["score"]["answered"] == 1
    assert [one["end_reason"] for one in warnings(ground, drill=True)] == ["cancelled"]
    assert service.stop(ground, key, T0 + timedelta(minutes=3), CLOCKS) == stopped
    assert service.listed(ground, T0)[0] == stopped


def test_nobody_answers_and_the_exercise_says_so(ground: Connection, tmp_path: Path) -> None:
    key = begin(ground, tmp_path, speed=0.01)
    go(ground, 0.0)
    for minutes in range(1, 240, 5):
        go(ground, minutes)
    score = service.one(ground, key, T0)["score"]
    assert score["answered"] == 0 and score["silent"] >= 4 and score["grids_unanswered"] == score["grids"] == 1


def test_one_at_a_time_and_enough_points(ground: Connection, tmp_path: Path) -> None:
    with pytest.raises(Conflict) as few:
        begin(ground, tmp_path, "wet-night")
    assert few.value.reason == "points"
    begin(ground, tmp_path)
    with pytest.raises(Conflict) as second:
        begin(ground, tmp_path)
    assert second.value.reason == "running"
    with pytest.raises(NotFound):
        service.one(ground, "drill-none", T0)


def test_a_real_rule_is_asked_of_made_up_rain_that_nobody_ever_stores(ground: Connection, tmp_path: Path) -> None:
    ground.execute(
        "INSERT INTO datastream (key, sensor_key, property, name, unit) "
        "VALUES ('g.intensity', 'h1-rain', 'rain_intensity', '雨强', 'mm/h')"
    )
    step = {"lon": LON, "lat": LAT, "within_m": 2000.0, "mm_per_h": 40.0, "hours": 2.0}
    made = imagined.rain(ground, step, T0)
    assert {stream for stream, _, _ in made} >= {"g.intensity"} and len({at for _, at, _ in made}) == 13
    assert imagined.standing(ground, AROUND, ["h1"], made, T0) == []  # no rule is on
    book.put(ground, parse(RAIN), "command", CLOCKS)
    ground.execute("UPDATE rule SET enabled = true")
    (found,) = imagined.standing(ground, AROUND, ["h1"], made, T0)
    assert (found.rule_key, found.subject, found.level) == ("rain-on-slope", "hazard:h1", 3)
    assert found.cause["text_zh"].startswith("【演练】坡上大雨") and "40 mm/h" in found.cause["text_zh"]
    assert ground.execute("SELECT count(*) AS n FROM observation").fetchone() == {"n": 0}
    dried = imagined.dry(ground, made, T0 + timedelta(hours=1))
    assert [stream for stream, _, _ in dried] == ["g.intensity"]
    assert imagined.standing(ground, AROUND, ["h1"], [*made, *dried], T0 + timedelta(hours=2, minutes=1)) == []


def test_the_reckoning_of_calls() -> None:
    def call(state: str, answered_s: float | None = None, team: str | None = "t1") -> dict[str, Any]:
        answered = T0 + timedelta(seconds=answered_s) if answered_s is not None else None
        return {"team_key": team, "team_name": team, "called_at": T0, "deadline_at": T0 + timedelta(seconds=60),
                "answered_at": answered, "state": state}  # fmt: skip

    calls = [
        call("answered", 10), call("answered", 90), call("silent"), call("declined"), call("calling"), call("closed"),
        call("no_duty", team=None), call("answered", 20, team="t2"),
    ]  # fmt: skip
    grids = [{"state": "answered", "second_at": T0}, {"state": "unanswered", "second_at": None}]
    score = reckon(calls, grids)
    assert (score["calls"], score["answered"], score["silent"]) == (7, 3, 3)
    assert (score["median_answer_s"], score["worst_answer_s"]) == (20.0, 90.0)
    assert score["within_deadline"] == round(2 / 6, 4)
    assert (score["grids"], score["grids_unanswered"], score["confirmed_twice"]) == (2, 1, 1)
    assert [team["team_key"] for team in score["by_team"]] == ["t1", "t2"]
    assert reckon([], [])["within_deadline"] is None


def test_a_drill_never_takes_a_real_claim_with_it(ground: Connection, tmp_path: Path) -> None:
    warnings_ground.feed(ground, (45.0, -1.0))
    (real,) = warnings(ground, drill=False)
    key = begin(ground, tmp_path)
    go(ground, 0.0)
    service.stop(ground, key, T0 + timedelta(minutes=1), CLOCKS)
    assert warnings(ground, drill=False) == [real]
    held = ground.execute("SELECT count(*) AS n FROM claim WHERE warning_key = %s", (real["key"],)).fetchone()
    assert held == {"n": 1}
    # And the real one may end without the exercise noticing.
    lifecycle.finish(ground, real["key"], "ended", T0, "command", "解除", "ended")
    assert ledger.alerts(ground, warning_key=real["key"])
