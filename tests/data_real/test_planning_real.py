"""Workload, rules and parting on real grids, buildings, parts and rivers, against GeoPandas joins and GEOS."""

from __future__ import annotations

from dataclasses import replace as with_changes
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely import LineString, MultiPolygon

from onemap.planning import parting
from onemap.planning.balance import Balances
from onemap.planning.coverage import Coverage, Face, Refused, merge, replace, split
from onemap.planning.facts import Area, Facts, Tables
from onemap.planning.model import models
from onemap.planning.plane import areas_m2
from onemap.planning.rules import Problems
from onemap.planning.shapes import Feature
from tests.data_real.test_coverage_real import hangzhou

STANDARD = models(None)["standard"]


def _flat(frame: gpd.GeoDataFrame) -> Any:
    return shapely.force_2d(np.array(frame.geometry.values))


@pytest.fixture(scope="module")
def city() -> tuple[Coverage, Facts, dict[str, gpd.GeoDataFrame]]:
    """The grids with the communities they are assigned to; office buildings, public facilities, avenues, rivers."""
    data = Path(__file__).resolve().parents[3] / "shared" / "data"
    folder = data / "grids" / "hangzhou"
    cov, _ = hangzhou(data)
    frames = {name: gpd.read_file(folder / f"{name}.geojson") for name in (
        "buildings_3d", "public_facilities", "avenue", "river", "grid_events", "community_90"
    )}  # fmt: skip
    # A building has a row for each floor.
    houses = frames["buildings_3d"].drop_duplicates("楼宇名称").reset_index(drop=True)
    frames["buildings_3d"] = houses
    rng = np.random.default_rng(1)
    counts = rng.integers(0, 60, (len(houses), 5)).astype(np.float64)
    houses["households"] = counts[:, 0]
    communities = frames["community_90"]
    areas = [
        Area(str(code), str(code), shapely.make_valid(shapely.union_all(_flat(group))))
        for code, group in communities.groupby("社区编码")
    ]
    tables = Tables(
        keys=[str(n) for n in range(len(houses))],
        uses=["office"] * len(houses),
        counts=counts,
        footprints=list(shapely.to_wkb(_flat(houses))),
        incidents=shapely.get_coordinates(_flat(frames["grid_events"])),
        days_ago=np.full(len(frames["grid_events"]), 5.0),
        points={"parts": shapely.get_coordinates(_flat(frames["public_facilities"]))},
        features=[
            *(Feature("road", f"a{n}", "primary", "", False, one) for n, one in enumerate(_flat(frames["avenue"]))),
            *(
                Feature("water", f"r{n}", "river", str(name), False, one.buffer(0.0001))
                for n, (name, one) in enumerate(zip(frames["river"]["RNAME"], _flat(frames["river"]), strict=True))
            ),
        ],
        areas=areas,
    )
    return cov, Facts(STANDARD, tables), frames


def test_counts_are_those_of_a_spatial_join(city: tuple[Coverage, Facts, dict[str, gpd.GeoDataFrame]]) -> None:
    cov, facts, frames = city
    balances = Balances.full(cov, facts)
    faces = sorted(cov.faces)
    grids = gpd.GeoDataFrame({"grid": faces}, geometry=cov.polygons(faces), crs=4326)

    def joined(points: Any, value: Any) -> dict[str, float]:
        frame = gpd.GeoDataFrame({"value": np.broadcast_to(value, len(points))}, geometry=points, crs=4326)
        found = gpd.sjoin(frame, grids, predicate="intersects").sort_values("grid")
        return found[~found.index.duplicated()].groupby("grid")["value"].sum().to_dict()

    houses, parts, events = frames["buildings_3d"], frames["public_facilities"], frames["grid_events"]
    middles = shapely.point_on_surface(_flat(houses))
    expected = {
        "buildings": joined(middles, 1.0), "households": joined(middles, houses["households"].to_numpy()),
        "parts": joined(_flat(parts), 1.0), "incidents": joined(_flat(events), 1.0),
    }  # fmt: skip
    for key, by_grid in expected.items():
        assert {f: v for f in faces if (v := balances.measures(f)[key])} == {f: v for f, v in by_grid.items() if v}
    assert sum(expected["parts"].values()) > 600


def test_roads_inside_grids(city: tuple[Coverage, Facts, dict[str, gpd.GeoDataFrame]]) -> None:
    cov, facts, frames = city
    balances = Balances.full(cov, facts)
    ground = gpd.GeoSeries([shapely.coverage_union_all(cov.polygons(list(cov.faces)))], crs=4326)
    metres = frames["avenue"].clip(ground).to_crs(32650).length.sum()  # UTM: up to 4 parts in 10,000 short
    assert sum(balances.measures(face)["patrol_m"] for face in cov.faces) == pytest.approx(metres, rel=2e-3)


def test_rules_keep_up_with_edits(city: tuple[Coverage, Facts, dict[str, gpd.GeoDataFrame]]) -> None:
    base, facts, _ = city
    cov = base.copy()
    balances = Balances.full(cov, facts)
    problems = Problems.full(cov, facts, balances, base=base)
    assert not problems.errors
    assert {one.rule for one in problems.all} >= {"barrier", "load"}
    rng, done = np.random.default_rng(4), 0
    for _ in range(60):
        face = sorted(cov.faces)[rng.integers(len(cov.faces))]
        west, south, east, north = cov.polygon(face).bounds
        a, b = rng.uniform(0.2, 0.8, 2)
        try:
            if rng.random() < 0.6:
                line = LineString([(west + a * (east - west), south - 1e-4), (west + b * (east - west), north + 1e-4)])
                delta = split(cov, face, line)
            else:
                delta = merge(cov, [face, sorted(cov.neighbours(face))[0]])
        except (Refused, IndexError):
            continue
        cov.patch(delta)
        balances = balances.update(cov, delta)
        problems = problems.update(cov, balances, delta)
        done += 1
    assert done > 20
    anew = Problems.full(cov, facts, Balances.full(cov, facts), base=base)
    assert [(*one.order, one.zh, one.extent) for one in problems.all] == [
        (*one.order, one.zh, one.extent) for one in anew.all
    ]
    assert problems.errors


def test_barriers_by_brute_force(city: tuple[Coverage, Facts, dict[str, gpd.GeoDataFrame]]) -> None:
    cov, facts, _ = city
    found = {one.grid for one in Problems.full(cov, facts, Balances.full(cov, facts)).all if one.rule == "barrier"}
    water = shapely.union_all(facts.rivers())
    limits, expected = STANDARD.barriers, set()
    houses = shapely.points(facts.footprints.middles)
    for face in cov.faces:
        polygon = cov.polygon(face)
        for part in polygon.geoms:
            sides = shapely.get_parts(part.difference(water))
            least = max(limits.area_m2, limits.share * float(areas_m2(np.array([polygon]))[0]))
            held = [
                area >= least or any(side.intersects(one) for one in houses if side.envelope.intersects(one))
                for side, area in zip(sides, areas_m2(sides), strict=True)
            ]
            if sum(held) > 1:
                expected.add(face)
    assert found == expected
    assert len(found) > 5


@pytest.mark.parametrize("half", [0.0015, 0.003])
def test_one_building_one_grid_in_suzhou(shared_data: Path, half: float) -> None:
    houses = gpd.read_file(shared_data / "buildings" / "suzhou_buildings_3076.geojson")
    walls = shapely.make_valid(_flat(houses), method="structure", keep_collapsed=False)
    middle = np.median(shapely.get_coordinates(shapely.centroid(walls)), axis=0)
    # A leaning block, so that no border is parallel to the walls; two streets through it.
    ring = middle + half * np.array([[-1.0, -0.8], [0.9, -1.0], [1.0, 0.7], [-0.8, 1.0]])
    ground = MultiPolygon([shapely.Polygon(ring)])
    streets = [
        Feature("road", f"s{n}", "residential", "", False, LineString(middle + half * np.array(ends)))
        for n, ends in enumerate([[(-1.2, 0.1), (1.2, -0.1)], [(0.2, -1.2), (0.1, 1.2)]])
    ]
    counts = np.ones((len(walls), 5))
    cov = Coverage.from_polygons([Face("g", {"community_code": "c", "kind": "unit"})], [ground])
    facts = Facts(
        STANDARD,
        Tables(
            [str(n) for n in range(len(walls))],
            ["residential"] * len(walls),
            counts,
            list(shapely.to_wkb(walls)),
            features=streets,
        ),
    )
    parts = parting.per_building(cov, facts, "g")
    middles = facts.footprints.middles
    inside = np.flatnonzero(shapely.intersects_xy(ground, middles[:, 0], middles[:, 1]))
    array = np.array(parts, dtype=object)
    assert shapely.coverage_is_valid(array)
    assert shapely.area(array).sum() == pytest.approx(ground.area, rel=1e-12)
    # The data are cut at tile seams, where a house may stand twice: of houses with the same middle one has the part.
    held = shapely.STRtree(array).query(shapely.points(middles[inside]), predicate="intersects")
    assert len(np.unique(held[0])) == len(inside) >= 50
    assert len(np.unique(held[1])) == len(parts) >= 0.98 * len(inside)
    # There, halves of one house lean on each other; else no wall is cut.
    whole = np.flatnonzero(shapely.covers(ground, walls[inside]))
    home = dict(zip(*held.tolist(), strict=True))
    mine = walls[inside][whole]
    lost = areas_m2(shapely.difference(mine, array[[home[n] for n in whole.tolist()]]))
    assert float((lost > np.maximum(4.0, 0.05 * areas_m2(mine))).mean()) < 0.03
    names = ["g", *cov.next_ids(len(parts) - 1)]
    delta = replace(
        cov, ["g"], [(Face(name, cov.face("g").props), part) for name, part in zip(names, parts, strict=True)]
    )
    cov.patch(delta)
    assert shapely.coverage_is_valid(cov.polygons(list(cov.faces)))
    balances = Balances.full(cov, facts)
    assert {balances.measures(face)["buildings"] for face in cov.faces} <= {1.0, 2.0}


def test_a_model_without_barriers_sees_none(city: tuple[Coverage, Facts, dict[str, gpd.GeoDataFrame]]) -> None:
    cov, facts, _ = city
    free = STANDARD.model_copy(update={"barriers": STANDARD.barriers.model_copy(update={"water": ()})})
    rivers = [one for one in facts.features.all if one.layer == "water"]
    tables = Tables(features=[with_changes(one, kind="river") for one in rivers])
    loose = Facts(free, tables)
    assert not [one for one in Problems.full(cov, loose, Balances.full(cov, loose)).all if one.rule == "barrier"]
