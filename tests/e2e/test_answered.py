"""Journeys B (steps 1-4) and E: from the MQTT reading, over every silent rung, to a team that says "I am there".

`ONEMAP_E2E_TURNS` runs each journey so many times over.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

import pytest
from playwright.sync_api import Page, expect

from onemap.store.db import connect
from tests.e2e.driver import Gauge, OneMap
from tests.running import Installation, until

TURNS = range(int(os.environ.get("ONEMAP_E2E_TURNS", "1")))


@dataclass(frozen=True)
class Slope:
    """A calm hazard point, the crack meter that watches it, and a reading at its level III."""

    key: str
    name: str
    stream: str
    yellow: float


def calm_slope(demo: Installation) -> Slope:
    """A slope without an open warning whose thresholds ask for no holding time."""
    with connect(demo.cluster.dsn(), autocommit=True) as conn:
        row = conn.execute(
            "SELECT h.key, h.name, t.datastream_key AS stream, t.enter "
            "FROM threshold t JOIN hazard h ON h.key = t.hazard_key "
            "WHERE t.level = 3 AND t.op = '>=' AND t.datastream_key LIKE '%%.rate' AND h.residents > 0 "
            "AND NOT EXISTS (SELECT FROM threshold o WHERE o.hazard_key = h.key AND o.hold_s > 0) "
            "AND NOT EXISTS (SELECT FROM warning w WHERE w.hazard_key = h.key AND w.state <> 'ended') "
            "ORDER BY (SELECT max(raised_at) FROM warning w WHERE w.hazard_key = h.key) NULLS FIRST, h.key LIMIT 1"
        ).fetchone()
    assert row is not None
    return Slope(row["key"], row["name"], row["stream"], row["enter"] * 1.02)


def called(demo: Installation, slope: Slope, rung: str) -> tuple[str, int]:
    """The login of the team that is called on a rung for a slope's warning, and its alert."""

    def found() -> tuple[str, int] | None:
        with connect(demo.cluster.dsn(), autocommit=True) as conn:
            row = conn.execute(
                "SELECT a.login, c.alert_id FROM call c JOIN warning w ON w.key = c.warning_key "
                "JOIN account a ON a.team_key = c.team_key "
                "WHERE w.hazard_key = %s AND w.state <> 'ended' AND c.rung = %s AND c.alert_id IS NOT NULL "
                "ORDER BY c.id DESC LIMIT 1",
                (slope.key, rung),
            ).fetchone()
        return (row["login"], row["alert_id"]) if row else None

    login, alert_id = until(f"a call to the {rung}", found, timeout_s=40)
    return login, alert_id


@pytest.mark.usefixtures("hushed")
@pytest.mark.parametrize("turn", TURNS)
def test_a_wet_night_until_somebody_answers(
    open_page: Callable[..., Page], demo: Installation, gauge: Gauge, turn: int
) -> None:
    slope = calm_slope(demo)
    # The wall first; further turns at a desk's size, which software draws in half the time.
    wide, high = (1920, 1080) if turn == 0 else (1280, 720)
    one = OneMap(open_page(wide, high, dark=turn % 2 == 0)).sign_in("command", "demo-command").ready()
    # B2: within a second the point turns yellow, the banner stands, the list leads with it.
    gauge.publish(slope.stream, slope.yellow)
    item = one.at("warning-item").filter(has_text=slope.name)
    expect(item).to_be_visible()
    expect(one.at("banner")).to_be_visible()
    # B3: one click says why, who is responsible, who lives there, who sees it, who can be there.
    item.click()
    why = one.at("why-panel")
    expect(why).to_contain_text(slope.name)
    expect(why).to_contain_text("责任岗")
    expect(why).to_contain_text("人")
    expect(one.at("why-team").first).to_be_visible()
    expect(one.at("chart").first).to_be_visible()
    # B4: confirmed, the ladder starts with the grid's team; each silence is a step, up to the street.
    expect(one.at("ladder-state")).to_have_attribute("data-state", "waiting")
    one.at("warning-confirm").click()
    expect(one.at("ladder-state")).to_have_attribute("data-state", "calling")
    called(demo, slope, "grid")
    called(demo, slope, "community")
    login, _ = called(demo, slope, "street")
    expect(one.at("warning-timeline")).to_contain_text("未在时限内应答")
    # The street's desk answers in its hand: command sees it.
    hand = OneMap(open_page(390, 844, touch=True)).sign_in(login, "demo-team")
    card = hand.at("alert-card").filter(has_text=slope.name).first
    expect(card).to_be_visible()
    card.get_by_test_id("alert-acknowledge").click()
    one.until(
        "the answer on command's page",
        lambda: one.at("ladder-state").get_attribute("data-state") in ("answered", "confirmed"),
    )
    expect(one.at("warning-timeline")).to_contain_text("已确认接警")
    gauge.publish(slope.stream, 0.0)
    expect(item).to_have_count(0)


@pytest.mark.usefixtures("hushed")
@pytest.mark.parametrize("turn", TURNS)
def test_a_team_underground(open_page: Callable[..., Page], demo: Installation, gauge: Gauge, turn: int) -> None:
    slope = calm_slope(demo)
    with connect(demo.cluster.dsn(), autocommit=True) as conn:
        row = conn.execute(
            "SELECT a.login, t.key, m.key AS device, st_x(spot.geom) AS lon, st_y(spot.geom) AS lat FROM hazard h "
            "CROSS JOIN LATERAL (SELECT coalesce((SELECT st_pointonsurface(z.geom) FROM hazard_zone z "
            "WHERE z.hazard_key = h.key ORDER BY z.key LIMIT 1), h.geom) AS geom) AS spot "
            "JOIN geofence g ON st_intersects(g.geom, h.geom) JOIN team t ON t.key = g.team_key "
            "JOIN account a ON a.team_key = t.key JOIN mover m ON m.team_key = t.key AND m.kind = 'team_device' "
            "WHERE h.key = %s ORDER BY t.key LIMIT 1",
            (slope.key,),
        ).fetchone()
    assert row is not None
    hand = OneMap(open_page(390, 844, touch=True, dark=turn % 2 == 0)).sign_in(row["login"], "demo-team")
    expect(hand.at("mine")).to_be_visible()
    hand.until("the page to work without a network", hand.kept)
    # E1: the alert is there within a second of its cause, with place, level and what to do.
    began = time.monotonic()
    gauge.publish(slope.stream, slope.yellow)
    card = hand.at("alert-card").filter(has_text=slope.name).first
    expect(card).to_be_visible()
    print(f"reading to phone: {time.monotonic() - began:.3f} s")
    expect(card).to_contain_text("III")
    expect(hand.at("checklist").first).to_be_visible()
    # E2: acknowledged with one thumb; then the network goes, and the page is even opened anew without it.
    card.get_by_test_id("alert-acknowledge").click()
    expect(card).to_have_attribute("data-state", "acknowledged")
    context = hand.page.context
    context.set_offline(True)
    hand.page.reload()
    card = hand.at("alert-card").filter(has_text=slope.name).first
    expect(card).to_be_visible()
    expect(hand.at("checklist").first).to_be_visible()
    note = f"第{turn + 1}次：坡脚渗水，已劝离"
    card.get_by_test_id("alert-report").click()
    hand.at("report-note").fill(note)
    hand.at("report-send").click()
    expect(hand.at("pending")).to_contain_text("1")
    assert reports(demo, note) == 0
    context.set_offline(False)
    hand.until("the report to be sent", lambda: reports(demo, note) == 1)
    expect(hand.at("pending")).to_have_count(0)
    assert reports(demo, note) == 1
    # E3: a jittery position at the zone's edge: one arrival, no second alert.
    before = alerts(demo, slope)
    steps = count()

    def jitter() -> bool:
        # A device goes on sending: its first fixes after a jump are not believed at once.
        gauge.move(row["device"], row["lon"] + (0.00002 if next(steps) % 2 else -0.00002), row["lat"], 12.0)
        return card.get_attribute("data-state") == "arrived"

    for _ in range(20):
        jitter()
    hand.until("the arrival", jitter, timeout_s=30)
    assert alerts(demo, slope) == before
    assert arrivals(demo, slope, row["key"]) == 1
    gauge.publish(slope.stream, 0.0)
    hand.until("the warning's end", lambda: ended(demo, slope))


def reports(demo: Installation, note: str) -> int:
    """Lines of the timeline that carry a note."""
    return _count(demo, "SELECT count(*) AS n FROM alert_event WHERE kind = 'report' AND text_zh LIKE %s", f"%{note}%")


def alerts(demo: Installation, slope: Slope) -> int:
    """Alerts of a slope's warnings."""
    query = "SELECT count(*) AS n FROM alert a JOIN warning w ON w.key = a.warning_key WHERE w.hazard_key = %s"
    return _count(demo, query, slope.key)


def arrivals(demo: Installation, slope: Slope, team: str) -> int:
    """Arrivals of a team at a slope's open warning, as the timeline has them."""
    return _count(
        demo,
        "SELECT count(*) AS n FROM alert_event e JOIN alert a ON a.id = e.alert_id "
        "JOIN warning w ON w.key = a.warning_key "
        "WHERE w.hazard_key = %s AND w.state <> 'ended' AND a.team_key = %s AND e.kind = 'arrived'",
        slope.key,
        team,
    )


def ended(demo: Installation, slope: Slope) -> bool:
    """Whether a slope has no open warning."""
    return not _count(demo, "SELECT count(*) AS n FROM warning WHERE hazard_key = %s AND state <> 'ended'", slope.key)


def _count(demo: Installation, query: str, *given: object) -> int:
    with connect(demo.cluster.dsn(), autocommit=True) as conn:
        row = conn.execute(query, given).fetchone()
    assert row is not None
    return int(row["n"])
