"""Call and confirm over the database: who is called when, what silences and answers do, and what the banner says."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest

from onemap.core.errors import BadInput, Conflict, NotFound
from onemap.store.db import Connection
from onemap.warnings import ledger
from onemap.warnings.calling import board, desk, service
from onemap.warnings.calling.roster import Duty
from onemap.warnings.sending import channel
from onemap.warnings.sending.channel import Spec
from tests.db import call_ground as ground
from tests.db.call_ground import GRIDS, T0, after, alert_of

# Level II of the 631 template, from grid to district.
GRID_S, COMMUNITY_S, STREET_S, DISTRICT_S = 300, 180, 180, 120
CHAIN_S = GRID_S + COMMUNITY_S + STREET_S + DISTRICT_S


@pytest.fixture
def city(conn: Connection) -> Connection:
    ground.city(conn)
    return conn


def raised(conn: Connection, **more: Any) -> str:
    key = ground.warn(conn, **more)
    service.begin(conn, key, T0)
    return key


def grids(conn: Connection, key: str = "w:h1") -> list[dict[str, Any]]:
    return conn.execute("SELECT * FROM calling WHERE warning_key = %s ORDER BY grid_code", (key,)).fetchall()


def calls(conn: Connection, key: str = "w:h1") -> list[tuple[str, str | None, str]]:
    rows = conn.execute("SELECT rung, team_key, state FROM call WHERE warning_key = %s ORDER BY id", (key,)).fetchall()
    return [(row["rung"], row["team_key"], row["state"]) for row in rows]


def banner(conn: Connection, key: str = "w:h1") -> tuple[str, int]:
    row = conn.execute("SELECT calling, residents_waiting FROM warning WHERE key = %s", (key,)).fetchone()
    assert row is not None
    return row["calling"], row["residents_waiting"]


def kinds(conn: Connection, key: str = "w:h1") -> list[str]:
    rows = conn.execute("SELECT kind FROM alert_event WHERE warning_key = %s ORDER BY id", (key,)).fetchall()
    return [row["kind"] for row in rows]


def test_one_calling_for_each_grid_with_who_lives_in_the_zone(city: Connection) -> None:
    raised(city, grids=(0, 2))
    found = grids(city)
    assert [row["grid_code"] for row in found] == [GRIDS[0], GRIDS[2]]
    assert [(row["households"], row["residents"], row["state"]) for row in found] == [(3, 10, "waiting")] * 2
    assert found[1]["community_code"] == ground.COMMUNITIES[1] and found[0]["district_code"] == ground.DISTRICT
    assert banner(city) == ("waiting", 20)
    service.begin(city, "w:h1", T0)  # again: nothing new
    assert len(grids(city)) == 2
    # A zone that only touches the neighbour's border does not call there.
    ground.warn(city, "w:edge", zone=ground.cell(1))
    service.begin(city, "w:edge", T0)
    assert [row["grid_code"] for row in grids(city, "w:edge")] == [GRIDS[1]]


def test_silence_climbs_rung_by_rung_and_ends_loud(city: Connection) -> None:
    raised(city)
    assert service.step(city, T0) > 0
    assert calls(city) == [("grid", "g1", "calling")] and banner(city) == ("calling", 10)
    assert service.step(city, after(GRID_S - 1)) == 0
    service.step(city, after(GRID_S))
    service.step(city, after(GRID_S + COMMUNITY_S))
    service.step(city, after(GRID_S + COMMUNITY_S + STREET_S))
    assert calls(city) == [
        ("grid", "g1", "silent"), ("community", "dc1", "silent"), ("street", "ds", "silent"),
        ("district", "dd", "calling"),
    ]  # fmt: skip
    assert banner(city)[0] == "calling"
    service.step(city, after(CHAIN_S))
    assert banner(city) == ("unanswered", 10)
    assert kinds(city) == ["call_started", *["called", "silent"] * 4, "unanswered"]
    # It is called again, in rounds, and stays loud until somebody answers.
    service.step(city, after(CHAIN_S + 120))
    assert calls(city)[-1] == ("grid", "g1", "calling") and banner(city)[0] == "unanswered"
    ledger.acknowledge(city, alert_of(city, "dc1"), "dc1", "dc1", at=after(CHAIN_S + 130))
    assert banner(city) == ("answered", 0)
    (row,) = grids(city)
    assert (row["answered_by"], row["team_key"], row["rung"]) == ("dc1", "dc1", "community")
    assert calls(city)[-1] == ("grid", "g1", "closed") and ("community", "dc1", "answered") in calls(city)


def test_another_round_rings_on_every_channel_again(city: Connection) -> None:
    for kind, rank in (("webhook", 1), ("sms", 2)):
        spec = Spec(kind, "g1", url=f"http://127.0.0.1:1/{kind}", secret="a-secret-of-no-use", rank=rank)
        channel.add(city, spec, "Asia/Shanghai")

    def lines() -> list[tuple[object, ...]]:
        found = city.execute("SELECT kind, ring, state FROM delivery WHERE kind <> 'live' AND alert_id = %s "
                             "ORDER BY ring, rank", (alert_of(city, "g1"),)).fetchall()  # fmt: skip
        return [tuple(row.values()) for row in found]

    raised(city)
    service.step(city, T0)
    assert lines() == [("webhook", 1, "queued"), ("sms", 1, "held")]
    city.execute("UPDATE delivery SET state = 'delivered' WHERE kind <> 'live'")
    for seconds in (GRID_S, GRID_S + COMMUNITY_S, GRID_S + COMMUNITY_S + STREET_S, CHAIN_S):
        service.step(city, after(seconds))
    assert len(lines()) == 2  # other teams were called: this one's phone is left alone
    service.step(city, after(CHAIN_S + 120))
    assert lines()[2:] == [("webhook", 2, "queued"), ("sms", 2, "held")]
    keys = city.execute("SELECT DISTINCT idempotency_key FROM delivery WHERE kind <> 'live'").fetchall()
    assert len(keys) == 4
    ledger.acknowledge(city, alert_of(city, "g1"), "g1", "g1", at=after(CHAIN_S + 130))
    assert lines()[2:] == [("webhook", 2, "queued"), ("sms", 2, "moot")]


def test_a_step_done_twice_is_done_once(city: Connection) -> None:
    raised(city, grids=(0, 1, 2, 3))
    service.step(city, T0)
    before = (calls(city), grids(city), kinds(city))
    assert service.step(city, T0) == 0 and service.step(city, after(10)) == 0
    assert (calls(city), grids(city), kinds(city)) == before


def test_one_alert_for_a_team_with_many_grids_and_one_answer_for_all(city: Connection) -> None:
    raised(city, grids=(0, 1, 2))
    service.step(city, T0)
    teams = city.execute("SELECT team_key, origin, answer_due_at FROM alert ORDER BY team_key").fetchall()
    assert [row["team_key"] for row in teams] == ["g1", "g3"] and teams[0]["answer_due_at"] == after(GRID_S)
    ledger.acknowledge(city, alert_of(city, "g1"), "g1", "g1", at=after(30))
    assert [row["state"] for row in grids(city)] == ["answered", "answered", "calling"]
    assert banner(city) == ("calling", 10)
    second = city.execute("SELECT second_due_at, report_due_at FROM alert WHERE team_key = 'g1'").fetchone()
    assert second == {"second_due_at": after(30 + 1800), "report_due_at": after(30 + 1800)}


def test_who_cannot_go_is_passed_over_at_once(city: Connection) -> None:
    raised(city)
    service.step(city, T0)
    ledger.decline(city, alert_of(city, "g1"), "g1", "g1", at=after(20))
    assert calls(city) == [("grid", "g1", "declined"), ("community", "dc1", "calling")]
    assert grids(city)[0]["due_at"] == after(20 + COMMUNITY_S)
    ledger.decline(city, alert_of(city, "g1"), "g1", "g1", at=after(21))  # again: the same
    assert len(calls(city)) == 2


def test_a_second_confirmation_that_is_missing_is_asked_for_and_climbs(city: Connection) -> None:
    raised(city)
    service.step(city, T0)
    alert = alert_of(city, "g1")
    with pytest.raises(Conflict):
        ledger.confirm_again(city, alert, "g1", "g1")
    ledger.acknowledge(city, alert, "g1", "g1", at=T0)
    service.step(city, after(1800))
    assert banner(city) == ("calling", 10) and calls(city)[-1] == ("grid", "g1", "calling")
    asked = city.execute("SELECT second_at, second_due_at FROM alert WHERE id = %s", (alert,)).fetchone()
    assert asked == {"second_at": None, "second_due_at": after(1800 + GRID_S)}
    ledger.acknowledge(city, alert, "g1", "g1", at=after(1810))  # an old answer sent again confirms nothing
    assert banner(city)[0] == "calling"
    service.step(city, after(1800 + GRID_S))
    assert calls(city)[-1] == ("community", "dc1", "calling")
    ledger.confirm_again(city, alert, "g1", "g1", at=after(2200))
    assert banner(city) == ("confirmed", 0) and grids(city)[0]["second_at"] == after(2200)
    assert kinds(city)[-2:] == ["called", "confirmed_again"]


def test_a_report_confirms_and_a_late_one_is_marked(city: Connection) -> None:
    raised(city)
    service.step(city, T0)
    alert = alert_of(city, "g1")
    ledger.acknowledge(city, alert, "g1", "g1", at=T0)
    ledger.report(city, alert, "g1", "g1", "人员已撤离", at=after(600))
    assert banner(city)[0] == "confirmed" and grids(city)[0]["report_due_at"] == after(2400)
    service.step(city, after(2400))
    assert kinds(city)[-1] == "report_late" and grids(city)[0]["report_due_at"] == after(2400)
    assert service.step(city, after(2500)) == 0
    service.step(city, after(4200))
    assert kinds(city).count("report_late") == 2


def test_a_warning_that_gets_worse_calls_again(city: Connection) -> None:
    raised(city, level=3)
    assert grids(city)[0]["due_at"] is None and service.step(city, after(299)) == 0
    service.start(city, "w:h1", "command", after(10))
    service.start(city, "w:h1", "command", after(11))
    assert calls(city) == [("grid", "g1", "calling")]
    old = alert_of(city, "g1")
    ledger.acknowledge(city, old, "g1", "g1", at=after(20))
    city.execute("UPDATE warning SET level = 1 WHERE key = 'w:h1'")
    service.begin(city, "w:h1", after(60))
    service.step(city, after(60))
    assert banner(city) == ("calling", 10)
    ledger.report(city, old, "g1", "g1", "正在路上", at=after(70))  # of the milder alert: no answer to this one
    assert banner(city)[0] == "calling"
    ledger.acknowledge(city, alert_of(city, "g1"), "g1", "g1", at=after(80))
    assert banner(city)[0] == "answered"
    for level, at in ((3, 90), (1, 100)):  # milder and worse again
        city.execute("UPDATE warning SET level = %s WHERE key = 'w:h1'", (level,))
        service.begin(city, "w:h1", after(at))
    service.step(city, after(100))
    assert banner(city)[0] == "calling"
    ledger.confirm_again(city, alert_of(city, "g1"), "g1", "g1", at=after(110))
    assert banner(city)[0] == "answered"


def test_a_team_that_answered_the_fence_alert_before_its_call_has_answered(city: Connection) -> None:
    from onemap.core.settings import CaseSettings
    from onemap.warnings import alerting

    ground.warn(city)
    ids = alerting.alert_teams(city, "w:h1", ["g1", "g2"], CaseSettings(), origin="fence", at=T0)
    service.begin(city, "w:h1", T0)
    for team in ids:
        ledger.acknowledge(city, ids[team], team, team, at=after(2))
    assert banner(city)[0] == "waiting"  # nobody was called yet
    service.step(city, after(3))
    assert banner(city) == ("answered", 0) and calls(city) == [("grid", "g1", "answered")]


def test_where_nobody_has_the_duty_the_ladder_climbs_at_once(conn: Connection) -> None:
    ground.city(conn, desks=False)
    desk.put(conn, [(ground.STREET, Duty("ds", hours="8-18")), (ground.DISTRICT, Duty("dd"))])
    conn.execute("UPDATE grid SET team_key = NULL")
    raised(conn)
    service.step(conn, T0)
    assert calls(conn) == [
        ("grid", None, "no_duty"), ("community", None, "no_duty"), ("street", None, "no_duty"),
        ("district", "dd", "calling"),
    ]  # fmt: skip
    conn.execute("DELETE FROM duty")
    ground.warn(conn, "w:2", grids=(3,))
    service.begin(conn, "w:2", T0)
    service.step(conn, T0)
    assert banner(conn, "w:2")[0] == "unanswered"
    # Command knows somebody who stands by: that is an answer.
    call = conn.execute("SELECT min(id) AS id FROM call WHERE warning_key = 'w:2'").fetchone()
    assert call is not None
    ledger.answer_call(conn, call["id"], "command", here=True, note="村支书在场", at=after(5))
    assert banner(conn, "w:2") == ("answered", 0)
    assert (
        "村支书在场" in conn.execute("SELECT text_zh FROM alert_event ORDER BY id DESC LIMIT 1").fetchone()["text_zh"]
    )


def test_a_zone_without_grids_is_not_forgotten(conn: Connection) -> None:
    raised(conn)  # no grid, no area, nobody
    service.step(conn, T0)
    assert banner(conn)[0] == "unanswered" and grids(conn)[0]["grid_code"] == ""
    ground.city(conn)
    conn.execute("DELETE FROM grid")
    ground.warn(conn, "w:2", grids=(3,))
    service.begin(conn, "w:2", T0)
    service.step(conn, T0)
    (row,) = grids(conn, "w:2")
    assert row["grid_code"] == ground.COMMUNITIES[1] and row["residents"] == 10
    assert calls(conn, "w:2") == [("grid", None, "no_duty"), ("community", "dc2", "calling")]


def test_the_end_closes_everything(city: Connection) -> None:
    raised(city, grids=(0, 3))
    service.step(city, T0)
    city.execute("UPDATE warning SET state = 'ended' WHERE key = 'w:h1'")
    service.closed(city, "w:h1", after(5))
    assert banner(city) == ("closed", 0) and service.step(city, after(10_000)) == 0
    assert {state for _, _, state in calls(city)} == {"closed"}
    ledger.acknowledge(city, alert_of(city, "g1"), "g1", "g1", at=after(20))  # too late to change anything
    assert banner(city) == ("closed", 0)
    with pytest.raises(Conflict):
        service.start(city, "w:h1", "command", after(30))
    with pytest.raises(NotFound):
        service.start(city, "w:none", "command", after(30))


def test_a_feed_that_is_silent_calls_nobody_until_command_does(city: Connection) -> None:
    raised(city, kind="feed")
    assert grids(city) == [] and banner(city)[0] == "none"
    service.start(city, "w:h1", "command", T0)
    assert banner(city)[0] == "calling"


def test_a_hand_over_takes_open_calls_along(city: Connection) -> None:
    raised(city)
    service.step(city, T0)
    with pytest.raises(Conflict):
        desk.hand_over(city, GRIDS[0], "g2", "g3", "", "command", after(10))
    with pytest.raises(BadInput):
        desk.hand_over(city, GRIDS[0], "g1", "nobody", "", "command", after(10))
    assert desk.hand_over(city, GRIDS[0], "g1", "g2", "换班", "command", after(60)) == 1
    assert calls(city) == [("grid", "g1", "closed"), ("grid", "g2", "calling")]
    assert grids(city)[0]["due_at"] == after(60 + GRID_S) and kinds(city)[-1] == "handed_over"
    assert desk.one(city, GRIDS[0], after(61))["organisation"]["on_duty"][0]["team_key"] == "g2"
    ledger.acknowledge(city, alert_of(city, "g2"), "g2", "g2", at=after(90))
    assert banner(city)[0] == "answered"
    # An answered grid goes along too: the next team is told, and may confirm.
    desk.hand_over(city, GRIDS[0], "g2", "g3", "", "command", after(120))
    alert = alert_of(city, "g3")
    ledger.acknowledge(city, alert, "g3", "g3", at=after(130))
    ledger.confirm_again(city, alert, "g3", "g3", at=after(131))
    assert banner(city)[0] == "confirmed"


def test_a_ladder_that_cannot_be_moved_holds_up_no_other(city: Connection) -> None:
    raised(city)
    ground.warn(city, "w:broken", grids=(3,))
    service.begin(city, "w:broken", T0 - timedelta(minutes=1))
    city.execute("ALTER TABLE alert ADD CONSTRAINT never CHECK (warning_key <> 'w:broken')")
    with pytest.raises(psycopg.errors.CheckViolation):
        service.step(city, T0)
    assert banner(city)[0] == "calling" and banner(city, "w:broken")[0] == "waiting"
    city.execute("ALTER TABLE alert DROP CONSTRAINT never")
    service.step(city, T0)
    assert banner(city, "w:broken")[0] == "calling"


def test_ladder_board_and_paint_say_the_same(city: Connection) -> None:
    raised(city, grids=(0, 2))
    ground.warn(city, "w:drill", grids=(1,), drill=True)
    service.begin(city, "w:drill", T0)
    service.step(city, T0)
    ledger.acknowledge(city, alert_of(city, "g3"), "g3", "g3", at=after(5))
    found = board.ladder(city, "w:h1")
    assert (found["state"], found["grids_waiting"], found["residents_waiting"]) == ("calling", 1, 10)
    assert [call["area_name"] for call in found["calls"]] == ["网格1", "网格3"]
    own = board.ladder(city, "w:h1", team="g3")
    assert [one["grid_code"] for one in own["grids"]] == [GRIDS[2]] and len(own["calls"]) == 1
    whole = board.board(city)
    assert (whole["calling"], whole["answered"], whole["residents_waiting"]) == (
        1,
        1,
        10,
    )  # the drill is no number here
    painted = board.paint(city)["features"]
    assert {f["properties"]["grid_code"]: (f["properties"]["state"], f["properties"]["drill"]) for f in painted} == {
        GRIDS[0]: ("calling", False), GRIDS[1]: ("calling", True), GRIDS[2]: ("answered", False),
    }  # fmt: skip
    assert painted[0]["geometry"]["type"] == "MultiPolygon"


def test_phases_are_counted_back_from_the_onset(city: Connection) -> None:
    onset = T0 + timedelta(hours=4)
    raised(city, level=3, onset_at=onset)
    row = city.execute("SELECT auto_start_at FROM ladder").fetchone()
    assert row == {"auto_start_at": onset - timedelta(hours=1)}  # nobody is woken four hours ahead for level III
    service.step(city, onset - timedelta(hours=1))
    ledger.acknowledge(city, alert_of(city, "g1"), "g1", "g1", at=onset - timedelta(minutes=50))
    assert grids(city)[0]["second_due_at"] == onset - timedelta(minutes=30)
    phases = {one["name"]: (one["due_at"], one["done_at"]) for one in board.ladder(city, "w:h1")["phases"]}
    assert phases["call"] == (onset - timedelta(hours=1), onset - timedelta(minutes=50))
    assert phases["confirm"] == (onset - timedelta(minutes=30), None) and phases["forecast"][1] == T0


def test_a_roster_is_checked(city: Connection) -> None:
    def refused(error: type[Exception], *duties: Duty) -> None:
        with pytest.raises(error):
            desk.replace(city, GRIDS[0], list(duties))

    refused(BadInput, Duty("nobody"))
    refused(BadInput, Duty("g1", hours="25-8"))
    refused(BadInput, Duty("g1", weekdays=(7,)))
    refused(BadInput, Duty("g1", kind="shift"))
    refused(BadInput, Duty("g1", kind="shift", starts_at=T0, ends_at=T0))
    refused(Conflict, Duty("g1", hours="20-8"), Duty("g2", hours="7-9", weekdays=(3,)))
    desk.replace(city, GRIDS[0], [Duty("g1", hours="8-20"), Duty("g2", hours="20-8"), Duty("g3", rank=2)])
    found = desk.one(city, GRIDS[0], T0)  # 20:00 in the city
    assert [(duty["team_key"], duty["rank"]) for duty in found["organisation"]["on_duty"]] == [("g2", 1), ("g3", 2)]
    assert found["organisation"]["next_change_at"] == datetime.fromisoformat("2026-07-02T08:00:00+08:00")
    assert (
        len([piece for piece in found["days"] if piece["team_key"] == "g2"]) == 7 and not found["organisation"]["gap"]
    )
    raised(city)
    service.step(city, T0)
    service.step(city, after(GRID_S))
    assert calls(city) == [("grid", "g2", "silent"), ("grid", "g3", "calling")]
