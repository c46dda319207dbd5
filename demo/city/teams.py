"""Duty teams, the ground each looks after, and what they move in. A team is a post with a headcount, never persons."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import shapely
from shapely import Point
from shapely.geometry.base import BaseGeometry

from demo.city.admin import Admin
from demo.city.hazards import Hazards
from demo.city.plan import Geoms, Plan, geoms_to_lonlat
from demo.city.shapes import coverage, points

Row = dict[str, Any]
GRID_TEAMS, GEOHAZARD_TEAMS = 12, 6
DRONES, VEHICLES = 12, 10


@dataclass
class Teams:
    """Rows of teams, geofences and movers with geometries in degrees."""

    teams: list[Row] = field(default_factory=list)
    team_geom: list[Point] = field(default_factory=list)
    fences: list[Row] = field(default_factory=list)
    fence_geom: list[BaseGeometry] = field(default_factory=list)
    movers: list[Row] = field(default_factory=list)
    mover_geom: list[BaseGeometry] = field(default_factory=list)
    grid_team: list[str] = field(default_factory=list)


def _base(area: BaseGeometry, stands: Geoms, used: set[int]) -> Point:
    """A place by the road near the middle of an area, not taken by another team."""
    order = np.argsort(shapely.distance(stands, area.centroid), kind="stable")
    for i in order.tolist():
        if i not in used:
            used.add(i)
            return cast(Point, stands[i])
    return area.representative_point()


def _grid_teams(plan: Plan, admin: Admin) -> tuple[np.ndarray, list[int]]:
    """Team index of every community and the street of every grid team; a team's communities lie side by side."""
    count = np.bincount(admin.community_street, minlength=4)
    per = np.maximum(1, np.floor(count / count.sum() * GRID_TEAMS)).astype(int)
    while per.sum() < GRID_TEAMS:
        per[int(np.argmax(count / per))] += 1
    while per.sum() > GRID_TEAMS:
        per[int(np.argmax(np.where(per > 1, per / count, -1)))] -= 1
    team_of = np.zeros(len(admin.community_code), dtype=int)
    street_of: list[int] = []
    for s in range(4):
        mine = np.flatnonzero(admin.community_street == s)
        xy = shapely.get_coordinates(shapely.centroid(admin.community_geom[mine]))
        wide = np.ptp(xy[:, 0]) > np.ptp(xy[:, 1])
        ordered = mine[np.argsort(xy[:, 0] if wide else -xy[:, 1], kind="stable")]
        for part in np.array_split(ordered, per[s]):
            team_of[part] = len(street_of)
            street_of.append(s)
    return team_of, street_of


def make_teams(plan: Plan, admin: Admin, hazards: Hazards, stands_xy: np.ndarray) -> Teams:
    """Post thirty teams with their areas, twelve drones, ten vehicles and a device each."""
    rng = plan.rng("teams")
    out = Teams()
    stands = geoms_to_lonlat(points(stands_xy))
    used: set[int] = set()
    street_short = [n.zh.removesuffix("街道").removesuffix("镇") for n in admin.street_name]

    def add(name: str, kind: str, parent: str | None, area: BaseGeometry, members: tuple[int, int]) -> str:
        key = f"team{len(out.teams) + 1:02d}"
        base = _base(area, stands, used)
        out.teams.append(
            {"key": key, "name": name, "kind": kind, "status": "idle" if rng.uniform() < 0.85 else "busy",
             "members": int(rng.integers(*members)), "grid_code": admin.grid_of(np.array([base]))[0],
             "parent_key": parent}
        )  # fmt: skip
        out.team_geom.append(base)
        out.fences.append({"key": f"F-{key}", "name": f"{name}责任区", "team_key": key, "kind": "duty"})
        out.fence_geom.append(area)
        return key

    # grid teams come first so that team01 is one; their parents, the street teams, are team25-28
    parents = [f"team{25 + s}" for s in range(4)]
    team_of, street_of = _grid_teams(plan, admin)
    number: dict[int, int] = {}
    community_team: dict[int, str] = {}
    for t, s in enumerate(street_of):
        area = coverage(admin.community_geom[team_of == t])
        number[s] = number.get(s, 0) + 1
        key = add(f"{street_short[s]}网格{'一二三四五六七八九'[number[s] - 1]}组", "grid", parents[s], area, (4, 9))
        for c in np.flatnonzero(team_of == t).tolist():
            community_team[c] = key
    out.grid_team = [community_team[int(c)] for c in admin.grid_community]

    zones = geoms_to_lonlat(hazards.zone)
    spread = np.argsort(hazards.xy[:, 1], kind="stable")[::-1]
    for k, part in enumerate(np.array_split(spread, GEOHAZARD_TEAMS)):
        meets = np.any([shapely.intersects(admin.grid_geom, zones[i]) for i in part], axis=0)
        area = coverage(admin.grid_geom[meets])
        add(f"地灾巡查{'一二三四五六'[k]}队", "geohazard", "team29", area, (3, 7))

    half = np.array_split(np.argsort(shapely.get_x(shapely.centroid(admin.community_geom)), kind="stable"), 3)
    for k, part in enumerate(half):
        area = coverage(admin.community_geom[part])
        add(f"{('白石', '石桥', '滨河')[k]}消防站", "fire", "team29", area, (8, 15))
    urban = admin.community_street != 3
    town = coverage(admin.community_geom[urban])
    for k, name in enumerate(("云岭急救一组", "滨河急救二组", "云岭抢修一队")):
        add(name, "medical" if k < 2 else "repair", "team29", town, (3, 8))
    for s in range(4):
        add(f"{admin.street_name[s].zh}应急队", "patrol", "team29", admin.street_geom[s], (6, 12))
    add("云岭区应急指挥队", "patrol", None, admin.district_geom, (8, 13))
    add("云岭抢修二队", "repair", "team29", town, (4, 8))
    _movers(rng, out)
    return out


def _movers(rng: np.random.Generator, out: Teams) -> None:
    at = {row["key"]: geom for row, geom in zip(out.teams, out.team_geom, strict=True)}

    def add(key: str, name: str, kind: str, team: str) -> None:
        base = at[team]
        dx, dy = rng.uniform(-0.00012, 0.00012, 2)
        out.movers.append(
            {"key": key, "name": name, "kind": kind, "team_key": team, "status": "docked", "heading_deg": None,
             "speed_mps": None, "altitude_m": None, "battery_pct": None, "accuracy_m": None, "seen_at": None}
        )  # fmt: skip
        out.mover_geom.append(Point(round(base.x + dx, 7), round(base.y + dy, 7)))

    geo = [r["key"] for r in out.teams if r["kind"] == "geohazard"]
    street = [r["key"] for r in out.teams if r["kind"] == "patrol"]
    fire = [r["key"] for r in out.teams if r["kind"] == "fire"]
    owners = geo + street[:4] + fire[:1] + street[4:5]
    for i in range(DRONES):
        add(f"YLUAV{i + 1:07d}", f"无人机 {i + 1:02d}", "drone", owners[i % len(owners)])
    repair = [r["key"] for r in out.teams if r["kind"] in ("repair", "medical")]
    drivers = fire + repair + street
    for i in range(VEHICLES):
        team = drivers[i % len(drivers)]
        kind = next(r["kind"] for r in out.teams if r["key"] == team)
        name = {"fire": "消防车", "medical": "救护车", "repair": "抢修车", "patrol": "巡逻车"}[kind]
        add(f"CL-{i + 1:02d}", f"{name} {i + 1:02d}", "vehicle", team)
    for i, row in enumerate(out.teams):
        add(f"SB-{i + 1:02d}", f"{row['name']}终端", "team_device", row["key"])
