"""Where villages stand: in valleys, along the foot of the hills and in the fields; and the county roads to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from shapely import LineString
from shapely.geometry.base import BaseGeometry

from demo.city.names import Name, NamePool
from demo.city.network import Centre, Line, county_roads, remoteness
from demo.city.plan import Floats, Plan
from demo.city.terrain import Terrain, terrace
from demo.city.water import Water


@dataclass(frozen=True)
class Village:
    """A hamlet: its centre in local metres, radius, and whether it stands in or under the hills."""

    key: str
    x: float
    y: float
    radius_m: float
    name: Name
    hill: bool


def _pick(
    rng: np.random.Generator, xy: Floats, score: Floats, count: int, apart_m: float, taken: list[Floats]
) -> list[Floats]:
    out: list[Floats] = []
    order = np.argsort(-(score + rng.uniform(0, 0.35, len(score))), kind="stable")
    for i in order.tolist():
        if len(out) >= count:
            break
        p = xy[i]
        if all(np.hypot(*(p - q)) > apart_m for q in taken + out):
            out.append(p)
    return out


def make_villages(
    plan: Plan, terrain: Terrain, water: Water, centres: list[Centre], district: BaseGeometry, pool: NamePool
) -> list[Village]:
    """Choose village sites and level the ground of those in the hills."""
    rng = plan.rng("villages")
    step = max(1, round(45.0 / terrain.cell_m))
    xs, ys = terrain.centres()
    gx, gy = np.meshgrid(xs[::step], ys[::step])
    xy = np.stack([gx.ravel(), gy.ravel()], axis=1)
    slope = terrain.slope_deg[::step, ::step].ravel()
    hilly = terrain.hilliness[::step, ::step].ravel()
    z = terrain.elevation[::step, ::step].ravel()
    inside = shapely.contains_xy(district.buffer(-260), xy[:, 0], xy[:, 1])
    dry = ~shapely.contains_xy(water.all.buffer(45), xy[:, 0], xy[:, 1])
    far = remoteness(centres, xy)
    houses = 0.17 * plan.scale
    total = max(10, round(houses / 42))
    n_hill, n_foot = max(4, round(total * 0.36)), max(4, round(total * 0.34))
    apart = 430.0 if plan.factor > 0.7 else 300.0
    taken: list[Floats] = []

    hill = inside & dry & (hilly > 0.14) & (slope < 19) & (far > 0.8)
    low = -z / (z.max() - z.min())
    found = _pick(rng, xy[hill], low[hill] * 0.8 - slope[hill] / 40, n_hill, apart, taken)
    taken += found
    foot = inside & dry & (hilly > 0.02) & (hilly < 0.15) & (slope < 12) & (far > 0.9)
    feet = _pick(rng, xy[foot], hilly[foot], n_foot, apart * 0.8, taken)
    taken += feet
    plain = inside & dry & (hilly < 0.01) & (far > 1.22)
    fields = _pick(rng, xy[plain], -far[plain] * 0.3, max(2, total - len(found) - len(feet)), apart * 1.25, taken)
    out: list[Village] = []
    for kind, spots in (("hill", found), ("foot", feet), ("plain", fields)):
        for p in spots:
            radius = float(rng.uniform(75, 135) if kind != "plain" else rng.uniform(85, 150))
            out.append(
                Village(f"V-{len(out) + 1:03d}", float(p[0]), float(p[1]), radius, pool.village(), kind != "plain")
            )
    if found:
        terrace(terrain, np.array(found), 62.0)
    return out


def make_county_roads(
    plan: Plan, terrain: Terrain, hills: BaseGeometry, roads: list[Line], villages: list[Village]
) -> list[Line]:
    """Wind a road to each village in the hills, and two over the crest."""
    mains = [line.geom for line in roads if line.keep and line.cls in ("primary", "secondary", "trunk")]
    half_w, half_h = plan.width_m / 2 - 60, plan.height_m / 2 - 60
    box = shapely.box(-half_w, -half_h, half_w, half_h)
    touch = shapely.intersection(np.array(mains, dtype=object), shapely.intersection(hills.boundary, box))
    starts = shapely.get_coordinates(touch)
    # only where the road leaves the town: the first meeting from the east
    west = starts[starts[:, 0] < np.quantile(starts[:, 0], 0.85)] if len(starts) > 4 else starts
    goals = [(v.x, v.y) for v in villages if v.hill]
    if len(west) == 0 or not goals:
        return []
    names = [Name(f"{v.name.zh}公路", f"{v.name.en} Road") for v in villages if v.hill]
    order = np.argsort([g[0] for g in goals], kind="stable")
    xy = np.array(goals)[order]
    lines = county_roads(plan, terrain, west, xy, [names[i] for i in order])
    out = []
    for line in lines:
        end = shapely.get_coordinates(line.geom)
        d = np.hypot(west[:, 0] - end[-1, 0], west[:, 1] - end[-1, 1])
        # the last cell of a road that reaches the town is replaced by the exact end of the town road
        if d.min() < terrain.cell_m * 8:
            line = Line(LineString(np.vstack([end[:-1], west[int(d.argmin())]])), line.cls, line.name, True)
        if line.geom.length > 60:
            out.append(line)
    return out
