"""The demo city: the same every time, tiling exactly, and true to what its codes and slopes claim."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from demo.city import DIVISION, EDITION, Plan, build
from demo.city.catalogue import MATTERS, STORM
from demo.city.plan import to_local, to_lonlat
from onemap.core.catalogue import load_catalogue
from onemap.core.code import parse_part_id

ANCHOR = datetime(2026, 5, 20, 13, 40, tzinfo=UTC)
SCALE = 600
LAYERS = (
    "area", "grid", "building", "camera", "part", "hazard", "hazard_zone", "sensor", "team", "geofence", "mover",
    "road", "water", "landuse", "contour", "place",
)  # fmt: skip


class City:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self.geoms: dict[str, np.ndarray] = {}
        for layer in LAYERS:
            features = json.loads((folder / f"{layer}.geojson").read_text(encoding="utf-8"))["features"]
            self.rows[layer] = [f["properties"] for f in features]
            self.geoms[layer] = np.array([shape(f["geometry"]) for f in features], dtype=object)

    def local(self, layer: str) -> np.ndarray:
        return np.asarray(shapely.transform(self.geoms[layer], to_local), dtype=object)

    def json(self, name: str) -> Any:
        return json.loads((self.folder / name).read_text(encoding="utf-8"))

    def incidents(self) -> list[dict[str, str]]:
        with (self.folder / "incident.csv").open(encoding="utf-8", newline="") as source:
            return list(csv.DictReader(source))


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    folder = tmp_path_factory.mktemp("city")
    build(folder, scale=SCALE, anchor=ANCHOR)
    return City(folder)


def digest(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}


def test_the_same_seed_scale_and_anchor_give_the_same_bytes(city: City, tmp_path: Path) -> None:
    steps: list[tuple[str, float]] = []
    build(tmp_path / "again", scale=SCALE, anchor=ANCHOR, progress=lambda what, share: steps.append((what, share)))
    assert digest(tmp_path / "again") == digest(city.folder)
    assert [s for _, s in steps] == sorted(s for _, s in steps)
    assert steps[-1][1] == 1.0


def test_another_seed_gives_another_city(city: City, tmp_path: Path) -> None:
    build(tmp_path, scale=SCALE, seed=7, anchor=ANCHOR)
    other = digest(tmp_path)
    assert all(other[f"{layer}.geojson"] != digest(city.folder)[f"{layer}.geojson"] for layer in LAYERS)


def test_anchor_must_be_aware() -> None:
    with pytest.raises(ValueError, match="aware"):
        Plan(SCALE, 1, datetime(2026, 1, 1))


def test_counts_are_those_planned(city: City) -> None:
    plan = Plan(SCALE, 1, ANCHOR)
    assert len(city.rows["building"]) == SCALE
    assert len(city.rows["camera"]) == plan.cameras
    assert len(city.rows["hazard"]) == len(city.rows["hazard_zone"]) == plan.hazards
    assert len(city.rows["sensor"]) == plan.sensors
    desks = [row for row in city.rows["team"] if row["kind"] == "desk"]
    duties = [row for row in city.rows["geofence"] if row["kind"] == "duty"]
    assert len(city.rows["team"]) - len(desks) == len(duties) == 30
    declared = [row["spec"]["source"]["type"] for row in city.rows["geofence"] if row.get("spec")]
    assert declared == ["buffer", "polygon", "hazard_zone", "mover", "grids"]
    assert len(desks) == 1 + 4 + 20
    assert Counter(m["kind"] for m in city.rows["mover"]) == {"drone": 12, "vehicle": 10, "team_device": 30}
    assert Counter(a["level"] for a in city.rows["area"]) == {
        "province": 1, "city": 1, "district": 1, "street": 4, "community": 20,
    }  # fmt: skip
    assert len(city.rows["grid"]) >= plan.grids


def test_the_reference_city_is_the_one_asked_for() -> None:
    plan = Plan(12_000, 1, ANCHOR)
    assert (plan.cameras, plan.hazards, plan.sensors, plan.communities) == (1000, 40, 500, 20)
    assert plan.grids >= 150
    assert 9_000 <= plan.width_m <= 11_000


def test_keys_are_unique_and_every_geometry_is_valid(city: City) -> None:
    for layer in LAYERS:
        keys = [row["key"] for row in city.rows[layer]]
        assert len(set(keys)) == len(keys), layer
        assert shapely.is_valid(city.geoms[layer]).all(), layer
        assert not shapely.is_empty(city.geoms[layer]).any(), layer


def test_grids_tile_the_communities_the_streets_and_the_district_exactly(city: City) -> None:
    grids = city.geoms["grid"]
    single = shapely.get_parts(grids)
    assert shapely.coverage_is_valid(single)
    area = {row["code"]: geom for row, geom in zip(city.rows["area"], city.geoms["area"], strict=True)}
    children: dict[str, list[BaseGeometry]] = {}
    for row, geom in zip(city.rows["grid"], grids, strict=True):
        children.setdefault(row["community_code"], []).append(geom)
    for row, geom in zip(city.rows["area"], city.geoms["area"], strict=True):
        if row["level"] in ("community", "street"):
            children.setdefault(row["parent_code"], []).append(geom)
    parents = {row["code"] for row in city.rows["area"] if row["level"] in ("community", "street", "district")}
    assert parents == set(children)
    for code in parents:
        union = shapely.union_all(children[code])
        assert shapely.symmetric_difference(union, area[code]).area < 1e-15, code
        assert sum(g.area for g in children[code]) == pytest.approx(area[code].area, rel=1e-9)
    district = area[f"{DIVISION}000000"]
    for row in city.rows["area"]:
        if row["level"] in ("province", "city"):
            assert area[row["code"]].contains(district)


def test_codes_have_their_form_and_order(city: City) -> None:
    for row in city.rows["grid"]:
        assert re.fullmatch(rf"{DIVISION}\d{{9}}", row["code"])
        assert row["key"] == f"{EDITION}/{row['code']}"
        assert row["community_code"] == row["code"][:12]
    for row in city.rows["area"]:
        assert re.fullmatch(r"\d{12}", row["code"])
        if row["level"] in ("street", "community"):
            assert row["parent_code"][:6] == DIVISION
    for row in city.rows["camera"]:
        assert re.fullmatch(rf"{DIVISION}00\d{{2}}13[12]\d\d{{6}}", row["code"])
        assert len(row["code"]) == 20
        assert row["key"] == row["code"]
    for row in city.rows["building"]:
        assert re.fullmatch(r"yl:\d{12}-\d{6}", row["address_code"])


def test_parts_stand_where_their_kind_does(city: City) -> None:
    rows, at = city.rows["part"], city.local("part")
    assert 0.7 * SCALE < len(rows) <= 1.1 * SCALE
    catalogue = load_catalogue()
    grids = dict(zip((row["code"] for row in city.rows["grid"]), city.geoms["grid"], strict=True))
    for row, point in zip(rows, city.geoms["part"], strict=True):
        part = parse_part_id(row["code"])
        assert (row["key"], part.division, part.class_code) == (row["code"], DIVISION, row["class_code"])
        assert row["name"] == catalogue.get("part", row["class_code"]).name
        assert grids[row["grid_code"]].intersects(point)
        assert row["authority"] and row["maintainer"]
        assert (row["changed_at"] is None) == (row["status"] == "intact")
    statuses = Counter(row["status"] for row in rows)
    assert statuses["intact"] > 0.93 * len(rows) and statuses["damaged"] > 0
    kinds = np.array([row["class_code"] for row in rows])
    assert {"01002", "01003", "01004", "01013", "01037", "02004", "02014", "03005", "04002", "04007"} <= set(kinds)
    indoors = set(shapely.STRtree(city.local("building")).query(at, predicate="intersects")[0].tolist())
    assert {kinds[i] for i in indoors} == {"01076"}, "only lifts are in houses"
    roads = shapely.union_all([g for r, g in zip(city.rows["road"], city.local("road"), strict=True)])
    lamps = shapely.distance(at[kinds == "01037"], roads)
    assert np.quantile(lamps, 0.02) > 2.0 and lamps.max() < 20.0


def test_incidents_of_parts_are_at_such_a_part(city: City) -> None:
    stands: dict[str, set[tuple[float, ...]]] = {}
    for row, geom in zip(city.rows["part"], city.geoms["part"], strict=True):
        stands.setdefault(row["class_code"], set()).add((geom.x, geom.y))
    seen = [row for row in city.incidents() if row["kind"] == "part"]
    assert len({row["code"] for row in seen}) > 4
    assert all((float(row["lon"]), float(row["lat"])) in stands[row["code"]] for row in seen if row["code"] in stands)


def test_grid_sequence_runs_west_to_east_and_north_to_south(city: City) -> None:
    by_community: dict[str, list[tuple[str, float, float]]] = {}
    for row, geom in zip(city.rows["grid"], city.geoms["grid"], strict=True):
        by_community.setdefault(row["community_code"], []).append((row["code"], geom.centroid.x, geom.centroid.y))
    for members in by_community.values():
        members.sort()
        assert [int(code[12:]) for code, _, _ in members] == list(range(1, len(members) + 1))
        # within a band x grows; when it falls back a new band begins, and that lies further south
        bands: list[list[float]] = [[]]
        last = -np.inf
        for _, x, y in members:
            if x < last:
                bands.append([])
            bands[-1].append(y)
            last = x
        means = [float(np.mean(band)) for band in bands]
        assert means == sorted(means, reverse=True)


def test_buildings_keep_clear_of_each_other_of_water_and_of_roads(city: City) -> None:
    buildings = city.local("building")
    tree = shapely.STRtree(buildings)
    a, b = tree.query(buildings, predicate="intersects")
    assert (a == b).all()
    water = shapely.union_all(city.local("water"))
    assert not shapely.intersects(buildings, water).any()
    assert len(tree.query(city.local("road"), predicate="dwithin", distance=4.0)[0]) == 0
    assert {row["use"] for row in city.rows["building"]} >= {"residential", "commercial", "office"}
    grid_of = dict(zip((row["code"] for row in city.rows["grid"]), city.geoms["grid"], strict=True))
    for row, geom in zip(city.rows["building"], city.geoms["building"], strict=True):
        assert grid_of[row["grid_code"]].intersects(geom)
        assert row["residents"] >= row["households"] >= row["rentals"] >= 0
        assert row["residents_at"] < ANCHOR.isoformat()


def test_hazard_points_stand_on_slopes_of_the_elevation_model(city: City) -> None:
    with rasterio.open(city.folder / "dem.tif") as source:
        assert source.dtypes == ("float32",)
        z = source.read(1).astype(float)
        inverse = ~source.transform
        cell = (
            shapely.get_coordinates(
                shapely.transform(shapely.Point(source.bounds.left + source.transform.a, 29.13), to_local)
            )[0, 0]
            - shapely.get_coordinates(shapely.transform(shapely.Point(source.bounds.left, 29.13), to_local))[0, 0]
        )
    gy, gx = np.gradient(z, cell)
    slope = np.degrees(np.arctan(np.hypot(gx, gy)))
    for row, point in zip(city.rows["hazard"], city.geoms["hazard"], strict=True):
        c, r = inverse @ (point.x, point.y)
        around = slope[int(r) - 1 : int(r) + 2, int(c) - 1 : int(c) + 2]
        assert around.max() >= 20, row["key"]
        assert row["slope_deg"] >= 20
        assert row["contact_role"].endswith("责任岗")


def test_zones_run_downhill_and_reach_the_buildings_they_count(city: City) -> None:
    tree = shapely.STRtree(city.geoms["building"])
    rows = city.rows["building"]
    with rasterio.open(city.folder / "dem.tif") as source:
        z, inverse = source.read(1), ~source.transform
    hazards = dict(zip((r["key"] for r in city.rows["hazard"]), city.rows["hazard"], strict=True))
    points = dict(zip((r["key"] for r in city.rows["hazard"]), city.geoms["hazard"], strict=True))
    for zone, geom in zip(city.rows["hazard_zone"], city.geoms["hazard_zone"], strict=True):
        hazard, point = hazards[zone["hazard_key"]], points[zone["hazard_key"]]
        homes = [i for i in tree.query(geom, predicate="intersects").tolist() if rows[i]["households"] > 0]
        assert homes
        assert hazard["households"] == sum(rows[i]["households"] for i in homes)
        assert hazard["residents"] == sum(rows[i]["residents"] for i in homes)
        assert geom.contains(point)
        (c0, r0), (c1, r1) = inverse @ (point.x, point.y), inverse @ (geom.centroid.x, geom.centroid.y)
        assert z[int(r1), int(c1)] < z[int(r0), int(c0)]


def test_every_hazard_zone_meets_two_geofences_or_more(city: City) -> None:
    tree = shapely.STRtree(city.geoms["geofence"])
    for geom in city.geoms["hazard_zone"]:
        teams = {city.rows["geofence"][i]["team_key"] for i in tree.query(geom, predicate="intersects").tolist()}
        assert len(teams - {None}) >= 2
    teams = {row["key"] for row in city.rows["team"]}
    fenced = {row["team_key"] for row in city.rows["geofence"]} - {None}
    assert fenced == {key for key in teams if key.startswith("team")}
    assert {row["team_key"] for row in city.rows["grid"]} <= teams
    assert {row["parent_key"] for row in city.rows["team"]} - {None} <= teams


def test_every_hazard_has_a_crack_meter_with_four_levels(city: City) -> None:
    sensors = {row["key"]: row for row in city.rows["sensor"]}
    streams = {row["key"]: row for row in city.json("datastreams.json")}
    levels: dict[str, list[dict[str, Any]]] = {}
    for row in city.json("thresholds.json"):
        levels.setdefault(row["datastream_key"], []).append(row)
        assert row["op"] == ">="
        assert row["leave"] < row["enter"]
        assert 0 <= row["hold_s"] <= 120
    assert {s["sensor_key"] for s in streams.values()} == set(sensors)
    cracks = {s["hazard_key"] for s in sensors.values() if s["kind"] == "crack_meter"}
    assert cracks == {row["key"] for row in city.rows["hazard"]}
    for key, stream in streams.items():
        hazard = sensors[stream["sensor_key"]]["hazard_key"]
        if hazard is not None and stream["property"] != "crack_width":
            rules = sorted(levels[key], key=lambda r: r["level"])
            assert [r["level"] for r in rules] == [1, 2, 3, 4]
            assert [r["enter"] for r in rules] == sorted((r["enter"] for r in rules), reverse=True)
            assert {r["hazard_key"] for r in rules} == {hazard}
        assert re.fullmatch(r"[A-Z]{2}-\d{3}\.[a-z]+", key), "keys are topic levels"


def test_incidents_have_rhythm_and_end_at_the_anchor(city: City) -> None:
    rows = city.incidents()
    assert len(rows) > 300
    times = ("occurred_at", "reported_at", "dispatched_at", "on_site_at", "resolved_at", "closed_at")
    grids = {row["code"] for row in city.rows["grid"]}
    hours: Counter[int] = Counter()
    for row in rows:
        known = [datetime.fromisoformat(row[c]) for c in times if row[c]]
        assert known == sorted(known)
        assert known[-1] <= ANCHOR
        reached = ("reported", "dispatched", "on_site", "resolved", "closed")[len(known) - 2]
        assert row["status"] == reached
        assert row["grid_code"] in grids
        assert row["kind"] in ("matter", "part")
        hours[known[0].hour] += 1
    old = [r for r in rows if datetime.fromisoformat(r["occurred_at"]) < datetime(2026, 5, 1, tzinfo=UTC)]
    assert np.mean([r["status"] == "closed" for r in old]) > 0.98
    assert hours[9] + hours[10] + hours[18] > 3 * (hours[2] + hours[3] + hours[4])


def test_incident_codes_are_in_the_catalogue_form() -> None:
    for matter in (*MATTERS, *STORM):
        assert re.fullmatch(r"(0[1-9]|10)\d{3}", matter.code)
        assert sum(matter.severity) == pytest.approx(1.0)


def test_no_column_could_hold_a_person(city: City) -> None:
    forbidden = re.compile(r"phone|mobile|person|reporter|id_card|birth|gender|face|plate|owner|contact_name|电话|姓名")
    columns = {column for layer in LAYERS for row in city.rows[layer] for column in row} | set(city.incidents()[0])
    assert [c for c in columns if forbidden.search(c)] == []
    text = "".join(path.read_text(encoding="utf-8") for path in city.folder.glob("*.geojson"))
    assert re.search(r"1[3-9]\d{9}(?!\d)", re.sub(r"[\d.]{15,}", "", text)) is None


def test_city_card_bounds_hold_the_district(city: City) -> None:
    card = city.json("city.json")
    district = next(g for r, g in zip(city.rows["area"], city.geoms["area"], strict=True) if r["level"] == "district")
    assert card["bounds"] == pytest.approx(list(district.bounds), abs=1e-6)
    assert district.contains(shapely.Point(card["center"]))
    assert (card["scale"], card["edition"]) == (SCALE, EDITION)


def test_local_metres_and_degrees_are_inverse() -> None:
    xy = np.array([[0.0, 0.0], [-4321.5, 3210.25], [50_000.0, -40_000.0]])
    assert np.abs(to_local(to_lonlat(xy)) - xy).max() < 0.01


def test_some_matters_come_again_near_where_they_were(city: City) -> None:
    rows = city.incidents()
    xy = to_local(np.array([[float(row["lon"]), float(row["lat"])] for row in rows]))
    days = np.array([datetime.fromisoformat(row["occurred_at"]).timestamp() / 86_400 for row in rows])
    codes = np.array([row["code"] for row in rows])
    rng = np.random.default_rng(1)

    def near_pairs(coming_again: bool) -> float:
        """Pairs within 150 m and 3 days beside those of shuffled days: Knox's ratio."""
        seen, shuffled = 0.0, 0.0
        for matter in MATTERS:
            of = np.flatnonzero(codes == matter.code)
            if (matter.near is not None) == coming_again and len(of) > 1:
                apart = np.hypot(*(xy[of][:, None] - xy[of][None]).transpose(2, 0, 1)) < 150.0
                for at, times in enumerate([days[of], *(rng.permutation(days[of]) for _ in range(20))]):
                    pairs = float((apart & (np.abs(times[:, None] - times[None]) < 3.0)).sum() - len(of))
                    seen, shuffled = (seen + pairs, shuffled) if at == 0 else (seen, shuffled + pairs / 20)
        return seen / shuffled

    assert near_pairs(True) > 1.5
    assert near_pairs(False) < 1.3


def test_every_organisation_has_its_duty_at_every_hour(city: City) -> None:
    teams = {row["key"] for row in city.rows["team"]}
    held: dict[str, set[tuple[int, int]]] = {}
    for duty in city.json("rosters.json"):
        assert duty["team_key"] in teams
        first, last = (int(part) for part in duty["hours"].split("-"))
        for day in duty["weekdays"] or range(7):
            for hour in range(first, last if last > first else last + 24):
                if duty["rank"] == 1:
                    spot = ((day + hour // 24) % 7, hour % 24)
                    assert spot not in held.setdefault(duty["org_code"], set()), "two first ranks at one hour"
                    held[duty["org_code"]].add(spot)
    codes = {row["code"] for row in city.rows["grid"]}
    codes |= {row["code"] for row in city.rows["area"] if row["level"] in ("district", "street", "community")}
    assert set(held) == codes and all(len(hours) == 7 * 24 for hours in held.values())
