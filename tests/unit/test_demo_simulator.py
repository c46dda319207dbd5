"""The simulator's models: pure functions of time and place, and what becomes of them in a storm."""

from __future__ import annotations

import itertools
import json
import random
import threading
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.city import build
from demo.simulator.__main__ import options
from demo.simulator.casework import Desk, bulletins, course, pace
from demo.simulator.clockwork import Clockwork
from demo.simulator.doors import BulletinServer, backoff_s
from demo.simulator.journal import Journal
from demo.simulator.reading import Instruments, period_s
from demo.simulator.route import DOCK_S, FLIGHT_S, Route, Streets, patrol_loop, sortie
from demo.simulator.run import iso_ms
from demo.simulator.scene import Scene, degrees, load_scene, local
from demo.simulator.weather import CYCLE_S, Weather, crack_rate, river_rise, soil_moisture, street_water, wobble
from etl.feed import BulletinRecord, Context, Envelope
from etl.feeds import geohazard

NOW = datetime(2026, 5, 20, 10, 0, tzinfo=UTC)
STORM = Weather(True, -3000.0, 500.0, 10_000.0)
DRY = Weather(False, -3000.0, 500.0, 10_000.0)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    folder = tmp_path_factory.mktemp("city")
    build(folder, scale=600, anchor=NOW)
    return load_scene(folder)


@given(st.floats(0, 20_000), st.floats(-6000, 6000), st.floats(-6000, 6000))
def test_rain_is_never_negative_nor_beyond_belief(t: float, x: float, y: float) -> None:
    for weather in (STORM, DRY):
        assert 0 <= weather.rain(t, x, y) < 120
        assert 0 <= weather.wetness(t, x, y) < 120


def test_the_storm_builds_up_over_minutes_and_is_heaviest_in_its_cell() -> None:
    rain = [STORM.rain(t, -3000.0, 500.0) for t in (0, 40, 80, 150)]
    assert rain[0] == 0
    assert rain == sorted(rain)
    assert rain[-1] > 50
    assert STORM.rain(150, 4000.0, -3000.0) < 20
    assert STORM.strength(CYCLE_S - 1) == 0


def test_rain_fallen_adds_up() -> None:
    falls = [STORM.fallen_mm(t, -3000.0, 500.0) for t in (0, 60, 300, 900)]
    assert falls == sorted(falls)
    assert falls[-1] > 5


@given(st.floats(0, 1), st.floats(0, 100), st.floats(0, 30))
def test_wetter_ground_moves_more(susceptibility: float, wetness: float, more: float) -> None:
    assert crack_rate(susceptibility, wetness + more) >= crack_rate(susceptibility, wetness) > 0
    assert river_rise(wetness + more) >= river_rise(wetness) >= 0
    assert soil_moisture(25, wetness + more) >= soil_moisture(25, wetness) >= 25
    assert street_water(susceptibility, wetness + more) >= street_water(susceptibility, wetness) >= 0


def test_wobble_is_smooth_and_bounded() -> None:
    values = [wobble("k", t / 10, 10.0) for t in range(2000)]
    assert max(map(abs, values)) <= 1
    assert max(abs(a - b) for a, b in itertools.pairwise(values)) < 0.05


def test_a_slope_passes_yellow_within_three_minutes_and_an_ordinary_day_stays_calm(scene: Scene) -> None:
    storm, calm = Instruments(scene, scene.weather(True)), Instruments(scene, scene.weather(False))
    cracks = [s for s in scene.streams if s.prop == "crack_rate"]
    assert max(storm.value(s, 20.0) for s in cracks) < 1.0
    assert max(storm.value(s, 180.0) for s in cracks) >= 3.0
    assert max(storm.value(s, 480.0) for s in cracks) >= 6.0
    quiet = sum(max(storm.value(s, t) for t in range(0, 600, 60)) < 3.0 for s in cracks)
    assert quiet >= len(cracks) / 3, "most slopes hold"
    for t in range(0, 20_000, 700):
        assert max(calm.value(s, float(t)) for s in cracks) < 1.0


def test_every_datastream_has_a_model_and_a_period(scene: Scene) -> None:
    instruments = Instruments(scene, scene.weather(True))
    for stream in scene.streams:
        assert np.isfinite(instruments.value(stream, 333.0))
        assert period_s(stream, True) <= period_s(stream, False) == 60.0
    assert {period_s(s, True) for s in scene.streams if s.prop == "rain_intensity"} == {10.0}


def test_the_river_rises_through_its_levels(scene: Scene) -> None:
    instruments = Instruments(scene, scene.weather(True))
    for stream in (s for s in scene.streams if s.prop == "water_level"):
        assert stream.enter_iv is not None
        assert instruments.value(stream, 0.0) < stream.enter_iv < instruments.value(stream, 420.0)


def test_route_goes_to_and_fro() -> None:
    route = Route(np.array([[0.0, 0.0], [100.0, 0.0], [100.0, 0.0], [100.0, 50.0]]))
    assert route.length_m == 150
    assert (route.place(0).x, route.place(0).heading_deg) == (0, 90)
    assert (route.place(120).x, route.place(120).y, route.place(120).heading_deg) == (100, 20, 0)
    back = route.place(180)
    assert (back.x, back.y, back.heading_deg) == (100, 20, 180)
    assert route.place(300).x == pytest.approx(0)


@given(st.floats(0, 1e6))
def test_places_on_a_route_are_continuous(distance: float) -> None:
    loop = patrol_loop((0.0, 0.0), [(500.0, 100.0), (700.0, 900.0), (-100.0, 400.0)])
    a, b = loop.place(distance), loop.place(distance + 1.0)
    assert np.hypot(a.x - b.x, a.y - b.y) <= 1.0 + 1e-6


def test_a_route_of_one_point_is_refused() -> None:
    with pytest.raises(ValueError, match="two different points"):
        Route(np.array([[1.0, 1.0], [1.0, 1.0]]))


def test_wandering_stays_on_the_streets(scene: Scene) -> None:
    mover = next(m for m in scene.movers if m.kind == "vehicle")
    route = scene.streets.wander(mover.x, mover.y, 5000.0, 3, 2000.0)
    again = scene.streets.wander(mover.x, mover.y, 5000.0, 3, 2000.0)
    assert np.array_equal(route.xy, again.xy)
    assert route.length_m > 1000
    assert np.hypot(*np.diff(route.xy, axis=0).T).max() < 600, "no leap from street to street"
    assert scene.streets.tree is not None


def test_no_streets_is_no_error() -> None:
    assert Streets([]).wander(5.0, 5.0, 100.0, 1, 100.0).length_m == 1.0


def test_a_drone_flies_lands_and_charges() -> None:
    states = [sortie(float(t), 0.0, 12.0, 120.0) for t in range(int(FLIGHT_S + DOCK_S))]
    flying = [s for s in states if s.flying]
    assert len(flying) == FLIGHT_S
    assert max(s.above_ground_m for s in flying) == 120.0
    assert [s.distance_m for s in flying] == sorted(s.distance_m for s in flying)
    assert max(abs(a.above_ground_m - b.above_ground_m) for a, b in itertools.pairwise(states)) <= 3.1
    assert all(30 <= s.battery_pct <= 100 for s in states)
    assert not states[-1].flying
    assert states[-1].speed_mps == 0


def test_incidents_follow_the_hour_and_the_storm() -> None:
    night, morning = NOW.replace(hour=19), NOW.replace(hour=1)  # 03:00 and 09:00 in the city
    assert pace(morning, 0.0) > 1.5 * pace(night, 0.0)
    assert pace(night, 1.0) > pace(night, 0.0) + 100


def test_incidents_are_features_of_the_city_and_go_on(scene: Scene) -> None:
    desk = Desk(scene, 5, NOW)
    features = [desk.open(NOW, 0.5) for _ in range(40)]
    assert len({f["properties"]["key"] for f in features}) == 40
    for f in features:
        props = f["properties"]
        assert props["status"] == "reported"
        assert props["occurred_at"] < props["reported_at"]
        assert len(props["grid_code"]) == 15
    later = desk.follow(features[0], "dispatched", NOW + timedelta(minutes=1))
    assert later["properties"]["status"] == "dispatched"
    assert later["properties"]["dispatched_at"] > later["properties"]["reported_at"]
    assert features[0]["properties"]["status"] == "reported", "the earlier feature is left as it was"
    order = ["reported", "dispatched", "on_site", "resolved", "closed"]
    for seed in range(50):
        steps = course(random.Random(seed))
        assert [s.status for s in steps] == order[: len(steps)]


def test_bulletins_grow_graver_and_keep_their_keys(scene: Scene) -> None:
    early = list(bulletins(60.0, NOW, 1.0, scene.town_codes, True))
    late = list(bulletins(600.0, NOW, 1.0, scene.town_codes, True))
    assert early == late[:1]
    assert [b["level"] for b in late] == [3, 2]
    assert all(code[6:9] == "100" for b in late for code in b["area_codes"])
    assert [b["level"] for b in bulletins(600.0, NOW, 1.0, scene.town_codes, False)] == [4]
    context = Context(Envelope("pull", received_at=NOW + timedelta(hours=1)))
    taken = [record for said in late for record in geohazard.piece({**said, "_section": "bulletins"}, context)]
    assert [record.key for record in taken if isinstance(record, BulletinRecord)] == [b["key"] for b in late]


def test_bulletin_server_answers_and_closes() -> None:
    server = BulletinServer(0, lambda: {"bulletins": [], "readings": []})
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/geohazard.json", timeout=5) as answer:
            assert json.load(answer) == {"bulletins": [], "readings": []}
    finally:
        server.close()


def test_journal_has_one_line_a_record_and_appends(tmp_path: Path) -> None:
    path = tmp_path / "log" / "journal.jsonl"
    for value in (1.5, 2.5):
        journal = Journal(path)
        journal.write("observation", "LF-001.rate", iso_ms(1_790_000_000_123), value)
        journal.close()
        journal.write("observation", "late", "", 0.0)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["value"] for line in lines] == [1.5, 2.5]
    assert datetime.fromisoformat(lines[0]["at"]).timestamp() == pytest.approx(1_790_000_000.123, abs=1e-6)


def test_clockwork_runs_in_order_survives_a_failure_and_stops() -> None:
    stop = threading.Event()
    clockwork = Clockwork(stop)
    seen: list[str] = []

    def once(name: str) -> None:
        seen.append(name)

    def broken() -> float:
        raise RuntimeError("device")

    def last() -> float:
        seen.append("last")
        stop.set()
        return 0.0

    clockwork.add(0.02, lambda: once("second"))
    clockwork.add(0.0, lambda: once("first"))
    clockwork.add(0.01, broken)
    clockwork.add(0.03, last)
    clockwork.run()
    assert seen == ["first", "second", "last"]


def test_waiting_grows_but_has_a_limit() -> None:
    waits = [backoff_s(n) for n in range(12)]
    assert waits == sorted(waits)
    assert waits[-1] == 15.0


def test_degrees_and_local_are_inverse() -> None:
    assert local(*degrees(1234.5, -987.6)) == pytest.approx((1234.5, -987.6), abs=0.02)


def test_secrets_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ONEMAP_SIM_API_KEY", "k")
    monkeypatch.setenv("ONEMAP_SIM_MQTT_PASSWORD", "p")
    chosen = options(["--city", str(tmp_path), "--scenario", "rainstorm", "--speed", "4"])
    assert (chosen.api_key, chosen.mqtt_password, chosen.speed) == ("k", "p", 4.0)
    with pytest.raises(SystemExit):
        options(["--city", str(tmp_path), "--speed", "0"])
