"""Builds the city stage by stage and writes its files."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from demo.city.admin import Admin, make_admin
from demo.city.assets import Assets, kept_edges, make_cameras, make_sensors
from demo.city.buildings import Buildings, make_buildings
from demo.city.fabric import buildable, make_district, make_fabric
from demo.city.fences import make_fences
from demo.city.ground import make_contours, make_landuse, make_places, make_roads
from demo.city.hazards import Hazards, make_hazards
from demo.city.incidents import BEIJING, COLUMNS, make_incidents
from demo.city.names import CITY, DISTRICT, PROVINCE, NamePool
from demo.city.network import make_centres, make_streets
from demo.city.parts import make_parts
from demo.city.plan import CENTER_LAT, CENTER_LON, DIVISION, EDITION, Geoms, Plan, geoms_to_lonlat, to_local
from demo.city.rosters import add_desks
from demo.city.shapes import points, union
from demo.city.sites import make_county_roads, make_villages
from demo.city.teams import Teams, make_teams
from demo.city.terrain import filled, make_terrain, write_dem
from demo.city.warp import Warp
from demo.city.water import make_water

Row = dict[str, Any]
Progress = Callable[[str, float], None]


def build(
    folder: Path, *, scale: int = 12_000, seed: int = 20260101, anchor: datetime, progress: Progress | None = None
) -> None:
    """Write the demo city's files into a folder.

    The same scale, seed and anchor give the same bytes. `anchor` is the present of the city (aware): incidents end
    there. `progress` is called with what is being done and the share done, 0 to 1.
    """
    plan = Plan(scale, seed, anchor)
    folder.mkdir(parents=True, exist_ok=True)

    def tell(what: str, share: float) -> None:
        if progress is not None:
            progress(what, share)

    tell("terrain", 0.0)
    warp = Warp(plan)
    water = make_water(plan, warp)
    terrain = make_terrain(plan, warp, water)
    centres = make_centres(plan, warp)
    pool = NamePool(plan.rng("names"))
    tell("streets", 0.15)
    streets = make_streets(plan, warp, water, centres, pool)
    villages = make_villages(plan, terrain, water, centres, make_district(plan, warp), pool)
    hills = union(np.array(filled(terrain, terrain.hilliness, 0.10, 6.0), dtype=object))
    county = make_county_roads(plan, terrain, hills, streets, villages)
    fabric = make_fabric(plan, warp, water, terrain, centres, streets, county)
    tell("buildings", 0.3)
    free = buildable(fabric, water)
    buildings = make_buildings(plan, fabric, centres, free, villages, terrain, pool)
    tell("grids", 0.5)
    admin = make_admin(plan, fabric, buildings, centres, water)
    tell("hazards and sensors", 0.55)
    hazards = make_hazards(plan, terrain, buildings, villages, admin, fabric.district, water.stream_line)
    assets = Assets()
    make_cameras(plan, fabric, buildings, assets)
    make_sensors(plan, fabric, buildings, hazards, terrain, water, assets)
    keep = kept_edges(fabric, buildings) & ~np.isin(fabric.edge_class(), ["motorway", "rail"])
    inside = shapely.within(fabric.edges, fabric.district.buffer(-60))
    stands = shapely.get_coordinates(shapely.line_interpolate_point(fabric.edges[keep & inside], 0.5, normalized=True))
    teams = make_teams(plan, admin, hazards, stands)
    tell("parts", 0.6)
    street_parts = make_parts(plan, fabric, buildings, admin, water)
    tell("incidents", 0.65)
    incidents = make_incidents(plan, fabric, buildings, admin, teams, water, street_parts)
    rosters = add_desks(admin, teams)

    tell("files", 0.75)
    _write_areas(folder, admin, hazards, teams, plan)
    tell("building files", 0.8)
    _write_buildings(folder, plan, buildings, admin)
    tell("layer files", 0.92)

    def local(layer: str, rows: list[Row], geoms: list[BaseGeometry] | Geoms) -> None:
        _write(folder, layer, rows, geoms_to_lonlat(np.array(geoms, dtype=object)))

    local("camera", assets.cameras, points(assets.camera_xy))
    local("part", street_parts.rows, points(street_parts.xy))
    local("sensor", assets.sensors, points(assets.sensor_xy))
    local("hazard", [
        {"key": hazards.key[i], "name": hazards.name[i], "kind": hazards.kind[i], "level": int(hazards.level[i]),
         "households": int(hazards.households[i]), "residents": int(hazards.residents[i]),
         "contact_role": hazards.contact_role[i], "slope_deg": float(hazards.slope_deg[i]),
         "grid_code": hazards.grid_code[i], "status": hazards.status[i]}
        for i in range(len(hazards.key))
    ], points(hazards.xy))  # fmt: skip
    zones = [
        {"key": f"Z-{k[2:]}", "hazard_key": k, "name": f"{n}威胁区"}
        for k, n in zip(hazards.key, hazards.name, strict=True)
    ]
    local("hazard_zone", zones, hazards.zone)
    local("road", *make_roads(fabric, buildings, water))
    local("water", [
        {"key": b.key, "kind": b.kind, "name": b.name, "name_en": b.name_en} for b in water.bodies
    ], [b.geom.simplify(0.6) for b in water.bodies])  # fmt: skip
    local("landuse", *make_landuse(fabric, buildings, free, terrain, water))
    local("contour", *make_contours(terrain, plan))
    local("place", *make_places(plan, admin, terrain, villages, water, fabric.district))
    _write_json(folder / "datastreams.json", assets.datastreams)
    _write_json(folder / "thresholds.json", assets.thresholds)
    _write_json(folder / "rosters.json", rosters)
    with (folder / "incident.csv").open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(incidents)
    write_dem(terrain, str(folder / "dem.tif"))
    west, south, east, north = (round(float(v), 6) for v in admin.district_geom.bounds)
    _write_json(
        folder / "city.json",
        {
            "name": DISTRICT.zh, "name_en": DISTRICT.en, "division": DIVISION, "bounds": [west, south, east, north],
            "center": [CENTER_LON, CENTER_LAT], "zoom": round(12.6 - float(np.log2(plan.factor)), 1), "seed": seed,
            "scale": scale, "edition": EDITION, "anchor": anchor.isoformat(),
        },
    )  # fmt: skip
    tell("done", 1.0)


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _write(folder: Path, layer: str, rows: list[Row], geoms: Geoms) -> None:
    """Write one FeatureCollection, a feature a line; lines and polygons as their multi kind, as the tables are."""
    multi = np.asarray(geoms, dtype=object).copy()
    kind = shapely.get_type_id(multi)
    for type_id in (1, 3):
        sel = np.flatnonzero(kind == type_id)
        if len(sel):
            promote = shapely.multilinestrings if type_id == 1 else shapely.multipolygons
            multi[sel] = promote(multi[sel], indices=np.arange(len(sel)))
    texts = shapely.to_geojson(multi)
    with (folder / f"{layer}.geojson").open("w", encoding="utf-8") as out:
        out.write(f'{{"type":"FeatureCollection","name":"{layer}","features":[\n')
        last = len(rows) - 1
        for i, (row, text) in enumerate(zip(rows, texts, strict=True)):
            props = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
            out.write(f'{{"type":"Feature","properties":{props},"geometry":{text}}}{"," if i < last else ""}\n')
        out.write("]}\n")


def _write_areas(folder: Path, admin: Admin, hazards: Hazards, teams: Teams, plan: Plan) -> None:
    rows: list[Row] = []
    geoms: list[BaseGeometry] = []

    def area(level: str, code: str, parent: str | None, zh: str, en: str, geom: BaseGeometry) -> None:
        rows.append(
            {"key": code, "level": level, "code": code, "parent_code": parent, "name": zh, "name_en": en}
        )  # fmt: skip
        geoms.append(geom)

    district = admin.district_geom
    around = shapely.transform(district.buffer(0.09).simplify(0.012), lambda xy: np.round(xy, 6))
    beyond = shapely.transform(district.buffer(0.8).simplify(0.1), lambda xy: np.round(xy, 6))
    province, city, code = "990000000000", f"{DIVISION[:4]}00000000", f"{DIVISION}000000"
    area("province", province, None, PROVINCE.zh, PROVINCE.en, beyond)
    area("city", city, province, CITY.zh, CITY.en, around)
    area("district", code, city, DISTRICT.zh, DISTRICT.en, district)
    for street, name, geom in zip(admin.street_code, admin.street_name, admin.street_geom, strict=True):
        area("street", f"{street}000", code, name.zh, name.en, geom)
    for comm, name, geom in zip(admin.community_code, admin.community_name, admin.community_geom, strict=True):
        area("community", comm, f"{comm[:9]}000", name.zh, name.en, geom)
    _write(folder, "area", rows, np.array(geoms, dtype=object))

    since = datetime(2025, 7, 1, tzinfo=BEIJING).isoformat()
    metres = shapely.area(admin_local(admin.grid_geom))
    grids: list[Row] = []
    for i, grid in enumerate(admin.grid_code):
        community = admin.community_name[int(admin.grid_community[i])].zh
        grids.append(
            {"key": f"{EDITION}/{grid}", "edition": EDITION, "code": grid, "name": f"{community}{grid[12:]}格",
             "community_code": grid[:12], "kind": "unit", "valid_from": since, "valid_to": None,
             "team_key": teams.grid_team[i], "area_m2": round(float(metres[i]), 1)}
        )  # fmt: skip
    _write(folder, "grid", grids, admin.grid_geom)
    _write(folder, "team", teams.teams, np.array(teams.team_geom, dtype=object))
    declared, grounds = make_fences(admin, hazards, teams, geoms_to_lonlat(hazards.zone[:1])[0])
    _write(folder, "geofence", [*teams.fences, *declared], np.array([*teams.fence_geom, *grounds], dtype=object))
    _write(folder, "mover", teams.movers, np.array(teams.mover_geom, dtype=object))


def admin_local(geoms: Geoms) -> Geoms:
    """Geometries in degrees back in local metres, to measure them."""
    return np.asarray(shapely.transform(geoms, to_local), dtype=object)


def _write_buildings(folder: Path, plan: Plan, buildings: Buildings, admin: Admin) -> None:
    geoms = geoms_to_lonlat(buildings.geoms)
    grid = admin.grid_of(geoms)
    # each community brought its counts up to date on a day of its own within the last quarter
    rng = plan.rng("as-of")
    age = {code: int(rng.integers(3, 88)) for code in admin.community_code}
    midnight = plan.anchor.astimezone(BEIJING).replace(hour=0, minute=0, second=0, microsecond=0)
    as_of = {code: (midnight - timedelta(days=days)).isoformat() for code, days in age.items()}
    floors, height, use = buildings.floors.tolist(), buildings.height_m.tolist(), buildings.use
    counts = {
        name: getattr(buildings, name).tolist()
        for name in ("residents", "households", "vehicles", "organisations", "rentals")
    }
    rows: list[Row] = []
    for i, name in enumerate(buildings.name):
        code = grid[i] or admin.grid_code[0]
        at = as_of[code[:12]]
        row: Row = {"key": f"B-{i + 1:06d}", "address_code": f"yl:{code[:12]}-{i + 1:06d}", "name": name,
                    "floors": floors[i], "height_m": height[i], "use": use[i]}  # fmt: skip
        for column, values in counts.items():
            row[column] = values[i]
            row[f"{column}_at"] = at
        row["grid_code"] = code
        rows.append(row)
    _write(folder, "building", rows, geoms)
