"""A few declared fences, one of each kind: what the page shows at the first look. None of them warns by itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from demo.city.admin import Admin
from demo.city.hazards import Hazards
from demo.city.teams import Teams

Row = dict[str, Any]
_DEGREE_M = 111_195.0


def _circle(middle: Any, radius_m: float) -> BaseGeometry:
    """A circle of metres around a point in degrees."""
    turns = np.linspace(0, 2 * np.pi, 33)
    east = _DEGREE_M * np.cos(np.radians(middle.y))
    ring = np.column_stack(
        (middle.x + radius_m * np.cos(turns) / east, middle.y + radius_m * np.sin(turns) / _DEGREE_M)
    )
    return shapely.Polygon(np.round(ring, 7))


def make_fences(
    admin: Admin, hazards: Hazards, teams: Teams, zone: BaseGeometry
) -> tuple[list[Row], list[BaseGeometry]]:
    """Rows of the layer `geofence` with their grounds in degrees; `zone` is what the first hazard point threatens."""
    rows: list[Row] = []
    grounds: list[BaseGeometry] = []

    def add(name: str, kind: str, source: Row, ground: BaseGeometry, **more: Any) -> None:
        spec = {"name": name, "kind": kind, "source": source, "on_create": "nothing", **more}
        rows.append({"key": f"fence-demo-{len(rows) + 1}", "name": name, "team_key": None, "kind": kind, "spec": spec})
        grounds.append(ground)

    medical = next(i for i, row in enumerate(teams.teams) if row["kind"] == "medical")
    engine = next(i for i, row in enumerate(teams.movers) if row["key"] == "CL-01")
    ground = _circle(teams.team_geom[medical], 300.0)
    near = {"type": "buffer", "layer": "team", "key": teams.teams[medical]["key"], "radius_m": 300.0}
    add("急救中心禁飞区", "nofly", near, ground, mover_kinds=["drone"], ceiling_m=500.0, approach_m=200.0,
        events=["approach", "enter", "exit", "cross", "appeared_inside"])  # fmt: skip
    district = shapely.transform(admin.district_geom.simplify(0.0005), lambda xy: np.round(xy, 6))
    add("无人机作业限定区", "keep_in", {"type": "polygon", "geometry": dict(shapely.geometry.mapping(district))},
        district, mover_kinds=["drone"])  # fmt: skip
    add(f"{hazards.name[0]}警戒区", "alert", {"type": "hazard_zone", "key": hazards.key[0]}, zone, dwell_s=600.0,
        events=["enter", "exit", "dwell"])  # fmt: skip
    add("消防车周边 200 米", "watch", {"type": "mover", "key": "CL-01", "radius_m": 200.0},
        _circle(teams.mover_geom[engine], 200.0), mover_kinds=["drone"])  # fmt: skip
    add("夜间重点网格", "watch", {"type": "grids", "codes": [admin.grid_code[0]]}, admin.grid_geom[0], hours="20-6")
    return rows, grounds
