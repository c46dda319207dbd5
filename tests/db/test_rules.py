"""Rules live and in a dry-run: over a month the same readings give the same warnings; unknown is never false."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from onemap.core.settings import CaseSettings
from onemap.store.db import Connection
from onemap.warnings.rules import book, service
from onemap.warnings.rules.around import Around, FeedLimits
from onemap.warnings.rules.dryrun import dry_run, standing
from onemap.warnings.rules.follow import GRACE_S, Follower
from onemap.warnings.rules.spec import Rule, parse
from tests.db.rules_ground import add_hazard, add_incident, add_sensor, add_terrain, observe

START = datetime(2026, 6, 1, tzinfo=UTC)
CLOCKS = CaseSettings()
AROUND = Around("Asia/Shanghai", {"iot": FeedLimits("物联", "IoT", 60.0, 300.0)})


def reading(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "kind": "reading", "title": {"zh": name, "en": name}, **more}


def rule(**parts: Any) -> Rule:
    return parse(
        {
            "key": "wet-cracks",
            "title": {"zh": "雨裂", "en": "Wet cracks"},
            "scope": "hazard",
            "inputs": [
                reading("rain", property="rain_mm", aggregate="sum", window="3h", within_m=2000, upslope=True),
                reading("crack", property="crack_mm", aggregate="rate_per_d", window="1d", own=True),
            ],
            "levels": [
                {"level": 2, "when": "rain > 50 && crack > 4", "until": "rain < 5 && crack < 2", "hold_s": 1200},
                {"level": 3, "when": "rain > 50 && crack > 2", "until": "rain < 10"},
            ],
        }
        | parts
    )


def switched_on(conn: Connection, one: Rule, at: datetime) -> None:
    book.put(conn, one, "test", CLOCKS)
    conn.execute("UPDATE rule SET enabled = true, dry_run_at = %s WHERE key = %s", (at, one.key))


def month(rng: np.random.Generator) -> tuple[list[tuple[datetime, float]], list[tuple[datetime, float]]]:
    """Rain each hour with storms, and a crack that opens when it has rained."""
    rain, crack, width, wet = [], [], 100.0, 0.0
    storms = {int(day) for day in rng.integers(2, 28, 12)}
    for k in range(30 * 24):
        at = START + timedelta(hours=k)
        hard = (k // 24) in storms and 5 < k % 24 < 13
        fallen = float(np.round(rng.gamma(2.0, 12.0 if hard else 0.12), 2))
        wet = 0.97 * wet + fallen
        width += (0.006 + 0.0015 * wet) * float(rng.uniform(0.5, 1.5))
        rain.append((at, fallen))
        crack.append((at + timedelta(seconds=7), round(width, 3)))
    return rain, crack


def history(conn: Connection, subject: str) -> list[tuple[datetime, int]]:
    """What the follower said of a subject: level from each instant, 0 is ended."""
    rows = conn.execute(
        "SELECT e.kind, e.at, e.text_en FROM alert_event e JOIN warning w ON w.key = e.warning_key "
        "WHERE w.subject = %s AND e.kind IN ('raised', 'upgraded', 'downgraded', 'ended') ORDER BY e.at, e.id",
        (subject,),
    ).fetchall()
    levels = {"level I ": 1, "level II ": 2, "level III ": 3, "level IV ": 4}
    return [
        (row["at"], 0 if row["kind"] == "ended" else next(n for word, n in levels.items() if word in row["text_en"]))
        for row in rows
    ]


def test_a_month_live_and_in_a_dry_run_give_the_same_warnings(conn: Connection) -> None:
    add_terrain(conn, slope_per_deg=4000.0)
    for key, lon in (("h1", 114.30), ("h2", 114.32)):
        add_hazard(conn, key, lon, 30.60)
        add_sensor(conn, f"crack-{key}", lon, 30.60, "crack_mm", hazard=key)
    add_sensor(conn, "high", 114.31, 30.61, "rain_mm")
    add_sensor(conn, "low", 114.31, 30.59, "rain_mm")  # not upslope: it must not count
    rng = np.random.default_rng(7)
    rain, crack1 = month(rng)
    _, crack2 = month(rng)
    flood = [(at, 90.0) for at, _ in rain]
    streams = {"high": rain, "low": flood, "crack-h1": crack1, "crack-h2": crack2}
    one = rule()
    switched_on(conn, one, START)
    follower = Follower(AROUND, CLOCKS)
    follower.step(conn, now=START - timedelta(seconds=1))
    for k in range(30 * 24):
        for name, points in streams.items():
            observe(conn, name, points[k : k + 1])
        follower.step(conn, now=START + timedelta(hours=k, minutes=1))
        if rng.uniform() < 0.05:
            follower.forget()  # a worker that starts anew goes on as if there had been none
    end = START + timedelta(days=30)
    follower.step(conn, now=end + timedelta(seconds=GRACE_S))
    tried = dry_run(conn, one, AROUND, days=30 + 1 / 86_400, to=end)
    assert tried["subjects"] == 2 and not tried["truncated"] and len(tried["warnings"]) >= 4
    assert {w["subject"] for w in tried["warnings"]} == {"hazard:h1", "hazard:h2"}
    assert {w["level"] for w in tried["warnings"]} == {2, 3}
    for subject in ("hazard:h1", "hazard:h2"):
        steps = sorted(step for w in tried["warnings"] if w["subject"] == subject for step in w["steps"])
        live = [level for _, level in history(conn, subject)]
        assert live == [level for _, level in steps], subject


def test_standing_says_what_would_be_raised_now(conn: Connection) -> None:
    add_hazard(conn, "h9", 114.30, 30.60)
    add_sensor(conn, "c9", 114.30, 30.60, "crack_rate", hazard="h9")
    observe(conn, "c9", [(START, 8.0)])
    one = rule(inputs=[reading("rate", property="crack_rate", own=True)], levels=[{"level": 1, "when": "rate > 6"}])
    found = standing(conn, [one], AROUND, START - timedelta(hours=1), START + timedelta(minutes=1))
    assert [(supply.rule.key, s.key, step.level, step.values) for supply, s, step in found] == [
        ("wet-cracks", "hazard:h9", 1, {"rate": 8.0})
    ]
    switched_on(conn, one, START)
    (said,) = service.standing_now(conn, AROUND, START - timedelta(hours=1), START + timedelta(minutes=1))
    assert (said.rule_key, said.subject, said.level, said.cause["values"]) == (
        "wet-cracks", "hazard:h9", 1, {"rate": 8.0},
    )  # fmt: skip
    # Not known any more: what was raised stays so, but nothing is raised by it.
    assert len(standing(conn, [one], AROUND, START - timedelta(days=3), START + timedelta(days=2))) == 1
    assert standing(conn, [one], AROUND, START + timedelta(hours=25), START + timedelta(days=2)) == []


def test_a_warning_carries_what_the_rule_read(conn: Connection) -> None:
    add_hazard(conn, "h1", 114.30, 30.60)
    add_sensor(conn, "c1", 114.30, 30.60, "crack_rate", hazard="h1")
    one = rule(
        inputs=[reading("rate", property="crack_rate", unit="mm/d", own=True)],
        levels=[{"level": 2, "when": "rate > 6", "until": "rate < 4", "hold_s": 600}],
        actions={"zh": "加密监测", "en": "Watch closely"},
    )
    switched_on(conn, one, START)
    follower = Follower(AROUND, CLOCKS)
    assert follower.step(conn, now=START) == 0
    observe(conn, "c1", [(START + timedelta(minutes=1), 7.5)])
    assert follower.step(conn, now=START + timedelta(minutes=1)) == 0  # it has not lasted
    # No reading comes; the holding time matures by the clock alone.
    assert follower.step(conn, now=START + timedelta(minutes=11, seconds=GRACE_S - 1)) == 0
    assert follower.step(conn, now=START + timedelta(minutes=11, seconds=GRACE_S + 5)) == 1
    found = conn.execute("SELECT * FROM warning WHERE subject = 'hazard:h1' AND state <> 'ended'").fetchone()
    assert found is not None
    assert (found["level"], found["rule_key"], found["source"], found["actions"]) == (
        2, "wet-cracks", "rule", "加密监测",
    )  # fmt: skip
    cause = found["cause"]
    assert cause["values"] == {"rate": 7.5} and cause["when"] == "rate > 6"
    assert cause["since"] == (START + timedelta(minutes=1)).isoformat()
    assert "7.5 mm/d" in cause["text_zh"] and "Wet cracks" in cause["text_en"]
    assert book.one(conn, "wet-cracks")["open_warnings"] == 1
    book.switch(conn, "wet-cracks", False, "test", CLOCKS)  # off: its warnings end
    assert book.one(conn, "wet-cracks")["open_warnings"] == 0


def test_silence_neither_raises_nor_ends(conn: Connection) -> None:
    add_hazard(conn, "h1", 114.30, 30.60)
    add_sensor(conn, "c1", 114.30, 30.60, "crack_rate", hazard="h1")
    one = rule(inputs=[reading("rate", property="crack_rate", own=True)], levels=[{"level": 2, "when": "rate > 6"}])
    switched_on(conn, one, START)
    follower = Follower(AROUND, CLOCKS)
    follower.step(conn, now=START)
    assert follower.watched()["unknown"] == 1
    observe(conn, "c1", [(START + timedelta(minutes=1), 7.5)])
    assert follower.step(conn, now=START + timedelta(minutes=1)) == 1
    for hours in (1, 30, 60):  # nothing more comes; the last reading grows too old to say anything
        follower.step(conn, now=START + timedelta(hours=hours))
    assert [level for _, level in history(conn, "hazard:h1")] == [2]
    assert follower.watched()["unknown"] == 1 and follower.watched()["raised"] == 1


def test_a_silent_feed_is_told_when_nothing_arrives(conn: Connection) -> None:
    conn.execute("INSERT INTO feed_state (feed, last_at) VALUES ('iot', %s)", (START,))
    conn.execute("INSERT INTO city (name, bounds, center, zoom) VALUES ('x', '{114,30,115,31}', '{114,30}', 9)")
    one = rule(
        key="silent", kind="feed", scope="feed",
        inputs=[{"name": "state", "kind": "feed", "title": {"zh": "状态", "en": "State"}}],
        levels=[{"level": 3, "when": "state >= 2", "until": "state < 1"}],
    )  # fmt: skip
    switched_on(conn, one, START)
    follower = Follower(AROUND, CLOCKS)
    assert follower.step(conn, now=START + timedelta(seconds=60)) == 0
    assert follower.step(conn, now=START + timedelta(seconds=290)) == 0
    assert follower.step(conn, now=START + timedelta(seconds=302)) == 1
    conn.execute("UPDATE feed_state SET last_at = %s", (START + timedelta(seconds=310),))
    assert follower.step(conn, now=START + timedelta(seconds=312)) == 1
    kinds = conn.execute("SELECT state, end_reason FROM warning WHERE subject = 'feed:iot'").fetchall()
    assert [(row["state"], row["end_reason"]) for row in kinds] == [("ended", "fell_back")]


def test_incidents_near_are_counted_and_a_surge_ends_by_itself(conn: Connection) -> None:
    add_hazard(conn, "h1", 114.30, 30.60)
    one = rule(
        inputs=[{"name": "n", "kind": "incidents", "title": {"zh": "事件", "en": "Incidents"}, "window": "30min",
                 "within_m": 500, "categories": ["11"]}],
        levels=[{"level": 4, "when": "n >= 3"}],
    )  # fmt: skip
    switched_on(conn, one, START)
    follower = Follower(AROUND, CLOCKS)
    follower.step(conn, now=START)
    for k, (lon, code) in enumerate([(114.301, "1101"), (114.302, "1102"), (114.40, "1101"), (114.301, "99")]):
        add_incident(conn, f"i{k}", lon, 30.60, START + timedelta(minutes=k + 1), code)
    assert follower.step(conn, now=START + timedelta(minutes=6)) == 0
    add_incident(conn, "i9", 114.30, 30.60, START + timedelta(minutes=7), "1103")
    assert follower.step(conn, now=START + timedelta(minutes=8)) == 1
    assert follower.step(conn, now=START + timedelta(minutes=40)) == 1  # the window slid on
    tried = dry_run(conn, one, AROUND, days=1, to=START + timedelta(hours=1))
    assert [(w["level"], w["ended_at"] is not None) for w in tried["warnings"]] == [(4, True)]
    assert tried["warnings"][0]["raised_at"] == START + timedelta(minutes=7)
    assert tried["warnings"][0]["ended_at"] == START + timedelta(minutes=31)


@pytest.mark.parametrize("late_s", [5, 120])
def test_a_reading_that_comes_late_still_counts(conn: Connection, late_s: int) -> None:
    add_hazard(conn, "h1", 114.30, 30.60)
    add_sensor(conn, "c1", 114.30, 30.60, "crack_rate", hazard="h1")
    one = rule(inputs=[reading("rate", property="crack_rate", own=True)], levels=[{"level": 2, "when": "rate > 6"}])
    switched_on(conn, one, START)
    follower = Follower(AROUND, CLOCKS)
    follower.step(conn, now=START)
    follower.step(conn, now=START + timedelta(seconds=60 + late_s - 1))
    observe(conn, "c1", [(START + timedelta(seconds=60), 7.5)])
    assert follower.step(conn, now=START + timedelta(seconds=60 + late_s)) == 1


def test_a_worker_that_was_away_tells_what_stands_and_not_what_is_over(conn: Connection) -> None:
    for key, lon in (("h1", 114.30), ("h2", 114.32)):
        add_hazard(conn, key, lon, 30.60)
        add_sensor(conn, f"c-{key}", lon, 30.60, "crack_rate", hazard=key)
    one = rule(inputs=[reading("rate", property="crack_rate", own=True)], levels=[{"level": 2, "when": "rate > 6"}])
    switched_on(conn, one, START)
    follower = Follower(AROUND, CLOCKS)
    follower.step(conn, now=START)
    hour = timedelta(hours=1)
    observe(conn, "c-h1", [(START + hour, 8.0), (START + 2 * hour, 1.0), (START + 9 * hour, 1.0)])  # over
    observe(conn, "c-h2", [(START + hour, 1.0), (START + 2 * hour, 8.0), (START + 9 * hour, 8.0)])  # still so
    assert follower.step(conn, now=START + 10 * hour) == 2
    assert (history(conn, "hazard:h1"), [level for _, level in history(conn, "hazard:h2")]) == ([], [2])
