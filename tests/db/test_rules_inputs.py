"""Every kind of input: what it counts, where, since when, and that it says nothing where nothing is known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from onemap.core.cell import cell_of
from onemap.store.db import Connection
from onemap.store.partition import Partitions
from onemap.warnings.rules.around import Around, FeedLimits
from onemap.warnings.rules.ground import subjects_of
from onemap.warnings.rules.spec import parse
from onemap.warnings.rules.steps import Steps, instant, micros
from onemap.warnings.rules.supply import AGE_S, Supply, readings_of
from tests.db.rules_ground import POINT, add_hazard, add_incident, add_sensor, add_terrain, observe

START = datetime(2026, 6, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
AROUND = Around("Asia/Shanghai", {"iot": FeedLimits("物联", "IoT", 60.0, 300.0)})


def curve(
    conn: Connection, scope: str, around: Around = AROUND, *, until: timedelta = timedelta(hours=2), **one: Any
) -> dict[str, list[tuple[float, float]]]:
    """An input over some hours: for each subject (minutes since the start, value), NaN written as -1."""
    title = {"zh": "x", "en": "x"}
    rule = parse(
        {"key": "r", "title": title, "scope": scope, "inputs": [{"name": "x", "title": title, **one}],
         "levels": [{"level": 1, "when": "x > 0"}]}
    )  # fmt: skip
    subjects = subjects_of(conn, rule, feeds=around.titles)
    supply = Supply.wired(conn, rule, subjects, around)
    lo, hi = micros(START), micros(START + until)
    readings = readings_of(conn, supply.ids, lo - 86_400_000_000, hi, far_s=AGE_S)
    supply.load_events(conn, lo, hi, live=False)
    return {one.key: plain(supply.steps(one.key, readings, lo, hi)["x"]) for one in subjects}


def plain(steps: Steps) -> list[tuple[float, float]]:
    return [
        ((instant(at) - START) / MINUTE, -1.0 if np.isnan(value) else float(value))
        for at, value in zip(steps.times.tolist(), steps.values.tolist(), strict=True)
    ]


def add_area(conn: Connection, layer: str, key: str, west: float, east: float) -> None:
    conn.execute(
        f"INSERT INTO {layer} (key, geom, h3, name, code) VALUES "
        f"(%s, st_multi(st_makeenvelope(%s, 30.5, %s, 30.7, 4326)), %s, %s, %s)",
        (key, west, east, cell_of(west, 30.6), key, key),
    )


def test_rain_upslope_takes_only_what_lies_higher(conn: Connection) -> None:
    add_hazard(conn, "h1", 114.31, 30.60)
    for key, lat in (("up", 30.61), ("down", 30.59), ("far", 30.64)):
        add_sensor(conn, key, 114.31, lat, "rain_mm")
    for key, mm in (("up", 2.0), ("down", 50.0), ("far", 70.0)):
        observe(conn, key, [(START + 10 * MINUTE, mm), (START + 20 * MINUTE, mm)])
    asked: dict[str, Any] = {"kind": "reading", "property": "rain_mm", "aggregate": "sum", "window": "30min"}
    # Without terrain no height is known: nothing is taken for higher, and nothing is known.
    assert curve(conn, "hazard", **asked, within_m=2000, upslope=True) == {"hazard:h1": [(0.0, -1.0)]}
    add_terrain(conn, slope_per_deg=4000.0)
    found = curve(conn, "hazard", **asked, within_m=2000, upslope=True)["hazard:h1"]
    assert found == [(0, -1), (10, 2), (20, 4), (40, 2), (50, -1)]
    assert curve(conn, "hazard", **asked, within_m=2000)["hazard:h1"][1] == (10, 50)


def test_readings_inside_an_area_and_near_it(conn: Connection) -> None:
    add_area(conn, "grid", "g1", 114.30, 114.32)
    add_sensor(conn, "inside", 114.31, 30.60, "depth")
    add_sensor(conn, "beside", 114.325, 30.60, "depth")  # 480 m east of the border
    observe(conn, "inside", [(START, 1.0)])
    observe(conn, "beside", [(START, 5.0)])
    near = {"kind": "reading", "property": "depth", "combine": "sum"}
    assert curve(conn, "grid", **near, within_m=400)["grid:g1"] == [(0, 1)]
    assert curve(conn, "grid", **near, within_m=500)["grid:g1"] == [(0, 6)]
    assert curve(conn, "cell", **near, within_m=1) == {}  # no area, no cells


def test_incidents_of_an_area_are_those_inside_and_of_the_kinds_asked(conn: Connection) -> None:
    add_area(conn, "grid", "g1", 114.30, 114.32)
    for k, (lon, code) in enumerate([(114.31, "1101"), (114.33, "1101"), (114.30, "1201"), (114.311, "1102")]):
        add_incident(conn, f"i{k}", lon, 30.60, START + (k + 1) * MINUTE, code)
    asked: dict[str, Any] = {"kind": "incidents", "window": "1h"}
    assert curve(conn, "grid", **asked)["grid:g1"] == [(0, 0), (1, 1), (3, 2), (4, 3), (61, 2), (63, 1), (64, 0)]
    assert curve(conn, "grid", **asked, categories=["11"])["grid:g1"] == [(0, 0), (1, 1), (4, 2), (61, 1), (64, 0)]
    assert curve(conn, "grid", **asked, categories=["patrol"])["grid:g1"][-3] == (61, 2)


def test_cells_cover_the_areas_of_the_city(conn: Connection) -> None:
    add_area(conn, "area", "420100", 114.30, 114.34)
    add_incident(conn, "i", 114.32, 30.60, START + MINUTE, "1101")
    found = curve(conn, "cell", kind="incidents", window="1h")
    assert len(found) > 20
    assert [key for key, steps in found.items() if len(steps) > 1] == [f"cell:{cell_of(114.32, 30.60, 8):x}"]


def test_movers_are_counted_while_their_last_fix_is_near_and_fresh(conn: Connection) -> None:
    add_hazard(conn, "h1", 114.31, 30.60)
    Partitions().ensure(conn, "fix", [START])
    for key, kind in (("d1", "drone"), ("d2", "drone"), ("v1", "vehicle")):
        conn.execute(f"INSERT INTO mover (key, geom, h3, kind) VALUES (%s, {POINT}, 1, %s)", (key, 114.31, 30.60, kind))
    for key, minute, lon in (("d1", 1, 114.31), ("d1", 5, 114.40), ("d2", 2, 114.3105), ("v1", 1, 114.31)):
        conn.execute(
            "INSERT INTO fix (mover_id, at, geom, h3) SELECT id, %s, "
            "st_setsrid(st_makepoint(%s, 30.60, 0), 4326), 1 FROM mover WHERE key = %s",
            (START + minute * MINUTE, lon, key),
        )
    found = curve(conn, "hazard", kind="movers", window="10min", within_m=200, mover_kinds=["drone"])
    assert found["hazard:h1"] == [(0, 0), (1, 1), (2, 2), (5, 1), (12, 0)]


def test_fence_events_are_those_of_the_fence_or_those_near(conn: Connection) -> None:
    conn.execute(
        "INSERT INTO geofence (key, geom, h3, name, kind) VALUES "
        "('f1', st_multi(st_makeenvelope(114.3, 30.5, 114.32, 30.7, 4326)), 1, 'f1', 'nofly')"
    )
    add_hazard(conn, "h1", 114.31, 30.60)
    for fence, kind, minute in (("f1", "enter", 1), ("f1", "exit", 2), ("f2", "enter", 3)):
        conn.execute(
            "INSERT INTO fence_event (fence_id, fence_key, fence_name, kind, at, lon, lat) "
            "VALUES (1, %s, %s, %s, %s, 114.31, 30.60)",
            (fence, fence, kind, START + minute * MINUTE),
        )
    asked: dict[str, Any] = {"kind": "fence_events", "window": "30min", "event_kinds": ["enter"]}
    assert curve(conn, "fence", **asked)["fence:f1"] == [(0, 0), (1, 1), (31, 0)]
    assert curve(conn, "hazard", **asked, within_m=50)["hazard:h1"] == [(0, 0), (1, 1), (3, 2), (31, 1), (33, 0)]


def test_a_bulletin_counts_in_its_areas_while_it_is_in_force(conn: Connection) -> None:
    add_area(conn, "area", "420106", 114.30, 114.32)
    add_hazard(conn, "in", 114.31, 30.60)
    add_hazard(conn, "out", 114.35, 30.60)
    for key, level, issued, until in (("b1", 3, 10, 90), ("b2", 2, 20, 40)):
        conn.execute(
            "INSERT INTO bulletin (key, level, area_codes, issued_at, valid_until, text) "
            "VALUES (%s, %s, '{420106}', %s, %s, '')",
            (key, level, START + issued * MINUTE, START + until * MINUTE),
        )
    found = curve(conn, "hazard", kind="bulletin")
    assert found["hazard:in"] == [(0, 5), (10, 3), (20, 2), (40, 3), (90, 5)]
    assert found["hazard:out"] == [(0, 5)]


def test_the_level_of_a_hazard_point_or_of_the_worst_near(conn: Connection) -> None:
    add_hazard(conn, "h1", 114.31, 30.60, level=3)
    add_hazard(conn, "h2", 114.312, 30.60, level=1)
    conn.execute("UPDATE hazard SET sys_from = %s", (START + 5 * MINUTE,))
    conn.execute("UPDATE hazard SET sys_from = %s", (START + 5 * MINUTE,))
    now = timedelta(days=3650)
    found = curve(conn, "hazard", kind="hazard_level", until=now)
    assert (found["hazard:h1"][-1][1], found["hazard:h2"][-1][1]) == (3, 1)
    assert curve(conn, "hazard", kind="hazard_level", within_m=500, until=now)["hazard:h1"][-1][1] == 1


def test_a_feed_is_late_then_stale_and_has_an_age(conn: Connection) -> None:
    for minute in range(5):
        conn.execute("INSERT INTO feed_heard VALUES ('iot', %s)", (START + minute * MINUTE,))
    conn.execute("INSERT INTO feed_state (feed, last_at) VALUES ('iot', %s)", (START + 4.5 * MINUTE,))
    state = curve(conn, "feed", kind="feed")["feed:iot"]
    assert [value for _, value in state] == [0, 1, 2]
    assert state[1][0] == pytest.approx(7, abs=0.01) and state[2][0] == pytest.approx(10, abs=0.01)
    age = dict(curve(conn, "feed", kind="feed", aggregate="age_s")["feed:iot"])
    assert age[60.0] == pytest.approx(55 * 60, abs=1)
    add_hazard(conn, "h1", 114.31, 30.60)
    assert len(curve(conn, "hazard", kind="feed", feed="iot")["hazard:h1"]) == 3


def test_the_age_of_a_reading_is_known_long_after_it(conn: Connection) -> None:
    add_hazard(conn, "h1", 114.31, 30.60)
    add_sensor(conn, "c1", 114.31, 30.60, "crack", hazard="h1")
    observe(conn, "c1", [(START - timedelta(days=5), 1.0)])
    age = dict(curve(conn, "hazard", kind="reading", property="crack", aggregate="age_s", own=True)["hazard:h1"])
    assert age[0.0] == 5 * 86_400 and age[30.0] == 5 * 86_400 + 1800
    assert curve(conn, "hazard", kind="reading", property="crack", own=True)["hazard:h1"] == [(0, -1)]


def test_heat_is_that_of_the_objects_cell_at_each_hour(conn: Connection) -> None:
    add_hazard(conn, "h1", 114.31, 30.60)

    def heat(_: Any, surface: str, window: str, categories: Any, lon: Any, lat: Any, instants: Any) -> Any:
        assert (surface, window, list(categories)) == ("incidents", "24h", ["11"])
        return np.array([[float(at.hour) if at < START + timedelta(hours=1.5) else np.nan] for at in instants])

    around = Around("Asia/Shanghai", {}, frozenset({"incidents"}), heat)
    found = curve(conn, "hazard", around, kind="heat", surface="incidents", window="24h", categories=["11"])
    assert found["hazard:h1"] == [(0, 0), (60, 1)]
