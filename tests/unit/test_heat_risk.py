"""The risk score: stated factors, monotone in what they should be, every term equal to a loop that spells it out."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pyproj import Geod
from shapely.geometry import Point as Spot
from shapely.geometry import box

from onemap.core.cell import cell_of, centers, parent
from onemap.heat.hazard import risk, score
from onemap.heat.hazard.chunk import cells_in, chunks_near, rows
from onemap.heat.hazard.declared import (
    BuildingsTerm,
    Coping,
    Exposure,
    Hazard,
    IncidentsTerm,
    PointsTerm,
    RainTerm,
    SensorsTerm,
    TerrainTerm,
    Vulnerability,
    Words,
    declared,
)
from onemap.heat.hazard.risk import Limit
from onemap.heat.hazard.score import Camera, City, Gauge, Ground, Houses, Incident, Point, Probe

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
GEOD = Geod(ellps="WGS84")
LON, LAT = 110.40, 29.10
CHUNK = cell_of(LON, LAT, 8)
CELLS, X, Y = cells_in(CHUNK)
N = len(CELLS)
WEIGHTS = (8.0, 4.0, 2.0, 1.0)
SENSORS = SensorsTerm(
    kind="sensors", around="hazard", hazards=("landslide",), weights=WEIGHTS, decay_m=150.0, radius_m=300.0
)
WORDS = Words(zh="字", en="words")


def limit(value: float, *, sensor: str = "s1", kind: str = "crack_meter", level: int = 2, age_h: float = 0.0) -> Limit:
    at = NOW - timedelta(hours=age_h)
    return Limit("h1", sensor, kind, "name", "crack", "mm", level, ">=", 30.0, value, at)


def hazard(*terms: Any, **more: Any) -> Hazard:
    return Hazard(
        kind="hazard", name="one", title=WORDS, unit=WORDS, breaks=(1.0, 2.0), about=WORDS, terms=terms, **more
    )


def houses(*each: tuple[int, str, int, float, float, float, float]) -> Houses:
    at, use, floors, n, residents, organisations, without = zip(*each, strict=True) if each else ((),) * 7
    return Houses(
        np.array(at, np.int64), list(use), np.array(floors, np.int64), np.array(n, float), np.array(residents, float),
        np.array(organisations, float), np.array(without, float),
    )  # fmt: skip


def ground(**given: Any) -> Ground:
    bare = np.full(N, np.nan)
    told: dict[str, Any] = {
        "elevation_m": bare, "susceptibility": bare, "wetness": bare, "raster": "", "houses": houses(), "points": (),
        "probes": {}, "incidents": (), "cameras": (),
    }  # fmt: skip
    return Ground(CELLS, X, Y, **{**told, **given})


def point(**given: Any) -> Point:
    told: dict[str, Any] = {
        "key": "h1", "name": "坡", "kind": "landslide", "level": 2, "lon": LON, "lat": LAT, "zone": None,
        "place": Spot(LON, LAT), "elevation_m": math.nan, "at": NOW,
    }  # fmt: skip
    return Point(**{**told, **given})


CITY = City(hour=480_000, local_hour=20, teams=(), gauges=())


def by_cell(parts: score.Parts, kind: str) -> np.ndarray[Any, Any]:
    total = np.zeros(N)
    for source, where, h in zip(parts.sources, parts.where, parts.h, strict=True):
        if source.kind == kind:
            total[where] += h
    return total


def metres(lon: float, lat: float) -> np.ndarray[Any, Any]:
    return np.array([GEOD.inv(x, y, lon, lat)[2] for x, y in zip(X, Y, strict=True)])


# -- readings ----------------------------------------------------------------------------------------------------------


@given(st.floats(0, 200), st.floats(0, 200), st.floats(0, 48), st.floats(0, 48))
def test_more_past_the_limit_adds_more_and_age_fades(a: float, b: float, young: float, old: float) -> None:
    low, high = sorted((a, b))
    assert risk.excess(SENSORS, limit(low), NOW).factor <= risk.excess(SENSORS, limit(high), NOW).factor
    young, old = sorted((young, old))
    older, newer = (risk.excess(SENSORS, limit(40, age_h=age), NOW).factor for age in (old, young))
    assert older <= newer


def test_excess_begins_at_sixty_percent_and_is_bounded() -> None:
    factors = [risk.excess(SENSORS, limit(v), NOW).factor for v in (17.9, 24.0, 30.0, 42.0, 900.0)]
    assert factors == pytest.approx([0.0, 2.0, 4.0, 8.0, 8.0], rel=0.011)
    assert risk.excess(SENSORS, limit(30.0, age_h=6), NOW).factor == pytest.approx(4.0 / math.e, rel=0.011)


@given(st.floats(1e-6, 1e6))
def test_steps_are_of_two_percent_and_rest_where_they_are(value: float) -> None:
    stepped = risk.stepped(value)
    assert abs(stepped / value - 1) < 0.0101 and risk.stepped(stepped) == stepped
    assert risk.stepped(0.0) == 0.0


def test_ratio_without_a_common_sign() -> None:
    assert risk.ratio_of("<=", 10.0, 5.0) == 2.0
    assert risk.ratio_of("<=", -5.0, -6.0) == 1.0
    assert risk.ratio_of(">=", 0.0, 3.0) == 1.0
    assert risk.ratio_of(">", 5.0, -1.0) == 0.0


def test_of_one_kind_only_the_worst_sensor_counts() -> None:
    limits = [
        limit(31.0), limit(40.0, sensor="s2"), limit(35.0, level=4, sensor="s2"),
        limit(33.0, sensor="r1", kind="rain_gauge"), limit(1.0, sensor="q", kind="gnss"),
    ]  # fmt: skip
    found = risk.worst(SENSORS, limits, NOW)
    assert set(found) == {("h1", "s2"), ("h1", "r1")}
    assert found["h1", "s2"].limit.value == 40.0


# -- terms against loops -----------------------------------------------------------------------------------------------

POINTS = PointsTerm(
    kind="points", hazards=("landslide",), weights=WEIGHTS, decay_m=100.0, downslope_m=250.0, reach_angle_deg=20.0,
    radius_m=400.0,
)  # fmt: skip


def test_points_fade_with_distance_and_less_down_the_descent() -> None:
    height = 500.0 + (Y - LAT) * 111_195 * 0.4 - np.hypot(X - LON, Y - LAT) * 1000
    one = ground(elevation_m=height, points=[point(elevation_m=500.0)])
    found = by_cell(score.hazard(hazard(POINTS), one, CITY, {}), "hazard")
    for cell, d in enumerate(metres(LON, LAT)):
        fall = min(1.0, max(0.0, (500.0 - height[cell]) / (max(d, 1.0) * math.tan(math.radians(20.0)))))
        expected = 4.0 * math.exp(-d / (100.0 + 150.0 * fall))
        if abs(d - 400.0) > 3:
            assert found[cell] == pytest.approx(expected if d <= 400 else 0.0, rel=0.02), d


def test_without_an_elevation_model_the_zone_says_where_down_is() -> None:
    zone = box(LON - 0.0003, LAT - 0.0025, LON + 0.0003, LAT - 0.0005)
    found = by_cell(score.hazard(hazard(POINTS), ground(points=[point(zone=zone, place=zone)]), CITY, {}), "hazard")
    inside = (np.abs(X - LON) < 0.0003) & (Y > LAT - 0.0025) & (Y < LAT - 0.0005)
    assert inside.sum() >= 3 and found[inside] == pytest.approx(np.full(int(inside.sum()), 4.0))
    below, beside = (
        int(np.argmin(np.hypot((X - LON - dx) * 0.87, Y - LAT + 0.0025 + dy)))
        for dx, dy in ((0, 0.001), (0.0016, -0.002))
    )
    near = [risk.distance_to(zone, X[[i]], Y[[i]])[0] for i in (below, beside)]
    fades = [-near[k] / math.log(found[i] / 4.0) for k, i in enumerate((below, beside))]
    assert fades[0] > 1.5 * fades[1]


def test_sensors_and_standing_probes_spread_around_their_places() -> None:
    around = SENSORS.model_copy(update={"around": "sensor", "sensors": ("smoke",), "hazards": ()})
    place = (LON + 0.001, LAT)
    excess = {("", "s1"): risk.excess(around, limit(30.0), NOW)}
    one = ground(probes={"s1": Probe(*place)})
    parts = score.hazard(hazard(around), one, CITY, {0: excess})
    found = by_cell(parts, "excess")
    for cell, d in enumerate(metres(*place)):
        if abs(d - 300.0) > 3:
            assert found[cell] == pytest.approx(4.0 * math.exp(-d / 150.0) if d <= 300 else 0.0, rel=0.02)
    at_hazard = score.hazard(
        hazard(SENSORS), ground(points=[point()]), CITY, {0: {("h1", "s1"): risk.excess(SENSORS, limit(30.0), NOW)}}
    )
    assert at_hazard.sources[0].detail["value"] == 30.0 and at_hazard.sources[0].key == "s1"


def test_incidents_fade_with_age_and_distance_and_sum() -> None:
    term = IncidentsTerm(
        kind="incidents", codes=("matter-01",), weight=2.0, half_life_h=12.0, days=2, decay_m=80.0, radius_m=200.0
    )
    incidents = [
        Incident("a", LON, LAT, "matter-01004", CITY.hour), Incident("b", LON, LAT, "matter-01004", CITY.hour - 12),
        Incident("c", LON, LAT, "matter-01002", CITY.hour - 24), Incident("d", LON, LAT, "matter-09001", CITY.hour),
        Incident("e", LON, LAT, "matter-01004", CITY.hour - 48), Incident("f", LON, LAT, "matter-01002", CITY.hour + 1),
    ]  # fmt: skip
    parts = score.hazard(hazard(term), ground(incidents=incidents), CITY, {})
    assert [source.detail["code"] for source in parts.sources] == ["matter-01002", "matter-01004"]
    found = by_cell(parts, "incidents")
    for cell, d in enumerate(metres(LON, LAT)):
        if abs(d - 200.0) > 3:
            expected = 2.0 * (1 + 0.5 + 0.25 + 1) * math.exp(-d / 80.0) if d <= 200 else 0.0
            assert found[cell] == pytest.approx(expected, rel=0.02)


def test_terrain_and_buildings_are_as_declared() -> None:
    prone = np.linspace(0.0, 1.0, N)
    term = TerrainTerm(kind="terrain", product="susceptibility", weight=3.0, least=0.5, power=2.0)
    found = by_cell(score.hazard(hazard(term), ground(susceptibility=prone), CITY, {}), "terrain")
    assert found == pytest.approx([3 * p * p if p >= 0.5 else 0.0 for p in prone.tolist()], rel=1e-6)
    close = BuildingsTerm(
        kind="buildings", uses={"residential": 1.0, "industrial": 2.0}, floors_max=4, full=10.0, weight=0.6
    )
    low = ((0, "residential", 3, 5.0), (0, "industrial", 1, 1.0), (1, "residential", 2, 40.0))
    rest = ((0, "office", 2, 9.0), (0, "residential", 5, 9.0), (2, "residential", 0, 9.0))
    each = [(at, use, floors, n, 0.0, 0.0, 0.0) for at, use, floors, n in (*low, *rest)]
    dense = by_cell(score.hazard(hazard(close), ground(houses=houses(*each)), CITY, {}), "buildings")
    assert dense[:4].tolist() == pytest.approx([0.6 * 7 / 10, 0.6, 0.0, 0.0])


@given(st.dictionaries(st.integers(-300, 3), st.floats(0, 50), max_size=20), st.floats(0.5, 0.99))
def test_antecedent_rain_is_the_sum_it_says(mm: dict[int, float], k: float) -> None:
    expected = sum(k ** (-h / 24) * v for h, v in mm.items() if -7 * 24 < h <= 0)
    assert risk.antecedent({h + 9000: v for h, v in mm.items()}, 9000, decay_per_day=k, days=7) == pytest.approx(
        expected
    )


def test_rain_between_gauges_is_inverse_to_the_squared_distance_and_named_by_gauge() -> None:
    term = RainTerm(
        kind="rain",
        through="low",
        weight=4.0,
        decay_per_day=0.84,
        from_mm=10.0,
        full_mm=100.0,
        gauges=2,
        reach_m=9000.0,
    )
    spots = {"a": (LON - 0.01, LAT, 80.0), "b": (LON + 0.012, LAT + 0.01, 20.0), "c": (LON + 0.05, LAT, 500.0)}
    gauges = [Gauge(key, key, lon, lat, "", {"one": mm}) for key, (lon, lat, mm) in spots.items()]
    parts = score.hazard(hazard(term), ground(wetness=np.full(N, 0.5)), City(0, 0, (), gauges), {})
    found, distance = by_cell(parts, "rain"), {key: metres(lon, lat) for key, (lon, lat, _) in spots.items()}
    for cell in range(0, N, 7):
        near = sorted(spots, key=lambda key: distance[key][cell])[:2]
        weight = {key: 1 / distance[key][cell] ** 2 for key in near}
        mm = sum(weight[key] * spots[key][2] for key in near) / sum(weight.values())
        assert found[cell] == pytest.approx(4.0 * min(1.0, max(0.0, (mm - 10) / 90)) * 0.5, rel=0.03)
    share = {source.key: h.sum() for source, h in zip(parts.sources, parts.h, strict=True)}
    assert share["a"] > share["b"] and "c" not in share
    dry = [Gauge("a", "a", LON, LAT, "", {"one": 10.0})]
    assert score.hazard(hazard(term), ground(wetness=np.ones(N)), City(0, 0, (), dry), {}).sources == []
    far = [Gauge("a", "a", LON + 1, LAT, "", {"one": 99.0})]
    assert score.hazard(hazard(term), ground(wetness=np.ones(N)), City(0, 0, (), far), {}).sources == []


def test_rain_through_the_ground_needs_ground_that_moves() -> None:
    term = RainTerm(kind="rain", through="ground", weight=4.0, decay_per_day=0.84, from_mm=10.0, full_mm=100.0)
    gauges = [Gauge("a", "a", LON, LAT, "", {"one": 100.0})]
    parts = score.hazard(hazard(POINTS, term), ground(points=[point()]), City(0, 0, (), gauges), {})
    assert by_cell(parts, "rain") == pytest.approx(by_cell(parts, "hazard"), rel=1e-6)  # level II weighs 4 as well


# -- factors -----------------------------------------------------------------------------------------------------------


def test_people_are_at_home_by_night_and_at_work_by_day() -> None:
    told = declared().exposure
    each = houses((0, "residential", 6, 2, 100, 0, 2), (0, "office", 9, 1, 0, 4, 0), (1, "school", 3, 2, 0, 1, 1))
    for hour in range(24):
        found = score.people(told, each, N, hour)
        assert found[0] == pytest.approx(100 * told.home[hour] + 4 * 25 * told.present["office"][hour])
        assert found[1] == pytest.approx(2 * 600 * told.present["school"][hour])
    assert score.people(told, each, N, 3)[1] < score.people(told, each, N, 10)[1]


@given(st.lists(st.floats(0, 20_000), min_size=2, max_size=30))
def test_exposure_rises_with_people_and_tells_no_small_count(people: list[float]) -> None:
    found = risk.exposure(np.array(sorted(people)), 1.0)
    assert (np.diff(found) >= 0).all()
    assert found == pytest.approx([1 + math.log10(1 + p) for p in sorted(people)], abs=0.56)
    assert len(set(risk.exposure(np.array([1.0, 2.0, 3.0, 4.0, 4.9]), 1.0).tolist())) == 1
    assert risk.exposure(np.array([0.0, 99.0]), 1.0).tolist() == [1.0, 3.0]


def test_vulnerability_is_the_mean_over_the_buildings() -> None:
    told = Vulnerability(low=1.2, middle=1.0, high=0.8, uses={"school": 1.5})
    each = houses((0, "residential", 2, 3, 0, 0, 0), (0, "school", 4, 1, 0, 0, 0), (1, "office", 30, 1, 0, 0, 0),
                  (2, "office", 0, 1, 0, 0, 0))  # fmt: skip
    found = score.vulnerability(hazard(POINTS, vulnerability=told), each, N)
    assert found[:4].tolist() == pytest.approx([(3 * 1.2 + 1.5) / 4, 0.8, 1.0, 1.0])


def test_coping_grows_with_the_way_to_a_team_and_where_no_camera_looks() -> None:
    told = hazard(POINTS, coping=Coping(teams=("fire",), reach_m=1000.0, far=0.5, unseen=0.1))
    teams = [("a", "fire", LON, LAT), ("b", "grid", LON + 0.001, LAT), ("c", "fire", LON + 0.02, LAT)]
    looking = Camera(LON, LAT, 150.0, 90.0, 60.0)
    found = score.coping(told, ground(cameras=[looking]), City(0, 0, teams, ()))
    seen = 0
    for cell in range(N):
        azimuth, _, d = GEOD.inv(LON, LAT, X[cell], Y[cell])
        away = min(d, GEOD.inv(LON + 0.02, LAT, X[cell], Y[cell])[2])
        looked = d <= 174.0 and abs((azimuth - 90 + 180) % 360 - 180) <= 30.0
        seen += looked
        expected = (1 + 0.5 * (1 - math.exp(-away / 1000))) * (1.0 if looked else 1.1)
        assert found[cell] == pytest.approx(expected, rel=0.01)
    assert seen > 3
    nobody = score.coping(told, ground(), City(0, 0, teams[1:2], ()))
    assert nobody == pytest.approx(np.full(N, 1.1))
    assert risk.seen_by(X, Y, (LON, LAT), range_m=100.0, heading_deg=None, fov_deg=60.0).sum() > 10


# -- rows and rules ----------------------------------------------------------------------------------------------------


def test_rows_hold_parts_that_sum_to_the_score() -> None:
    one = ground(points=[point(), point(key="h2", lon=LON + 0.002, place=Spot(LON + 0.002, LAT))])
    parts = score.hazard(hazard(POINTS), one, CITY, {})
    factors = np.stack([np.linspace(1, 3, N), np.linspace(0.8, 1.2, N), np.ones(N)])
    (row,) = rows([CHUNK], CELLS, parts, factors, 0.01).values()
    assert (row.score >= 0.01).all() and (np.diff(row.cells) > 0).all()
    product = row.factors.prod(axis=0)
    for index, cell in enumerate(row.cells.tolist()):
        mine = row.parts[row.parts["cell"] == index]
        assert float((mine["h"].astype(float) * product[index]).sum()) == pytest.approx(row.score[index], rel=1e-12)
        assert parent(cell, 8) == CHUNK
    assert rows([CHUNK], CELLS, parts, factors * 0, 0.01) == {}


@settings(deadline=None, max_examples=60)
@given(st.floats(-0.01, 0.01), st.floats(-0.01, 0.01), st.floats(0, 0.004), st.floats(0, 900))
@example(-0.008982525574490655, 0.0, 0.000703181646324878, 613.0)  # a chunk two steps on, past the corner of the next
def test_chunks_near_a_box_are_those_with_a_cell_near_it(dx: float, dy: float, size: float, radius: float) -> None:
    area = (LON + dx, LAT + dy, LON + dx + size, LAT + dy + size)
    found = chunks_near([area], radius)
    everywhere = chunks_near([(LON - 0.03, LAT - 0.03, LON + 0.03, LAT + 0.03)], 500.0)
    for chunk in everywhere:
        _, lon, lat = cells_in(chunk)
        if (risk.distance_to(box(*area), lon, lat) <= radius).any():
            assert chunk in found
    assert len(found) <= 12 + int((radius * 2 + size * 111_195) ** 2 / 500_000)


def test_rules_combine_as_they_say_and_share_out_the_whole() -> None:
    weighted = np.array([[8.0, 0.0, 3.0], [4.0, 0.0, 3.0], [0.0, 0.0, 1.0]])
    added, share = risk.combine("sum", weighted, 32.0)
    assert added.tolist() == [12.0, 0.0, 7.0] and share[0].tolist() == pytest.approx([8 / 12, 0, 3 / 7])
    greatest, share = risk.combine("max", weighted, 32.0)
    assert greatest.tolist() == [8.0, 0.0, 3.0] and share.tolist() == [[1, 0, 1], [0, 0, 0], [0, 0, 0]]
    either, share = risk.combine("noisy-or", weighted, 32.0)
    assert either[0] == pytest.approx(32 * (1 - (1 - 8 / 32) * (1 - 4 / 32)))
    assert either[0] < added[0] and share.sum(axis=0).tolist() == pytest.approx([1, 0, 1])


def test_a_cell_is_near_what_it_is_near() -> None:
    lon, lat = centers(CELLS)
    assert lon.tolist() == X.tolist() and lat.tolist() == Y.tolist() and isinstance(declared().exposure, Exposure)
