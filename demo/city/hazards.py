"""Geologic-hazard points on real slopes of the elevation model, and the ground each one threatens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import ndimage
from shapely import LineString, Polygon

from demo.city.admin import Admin
from demo.city.buildings import Buildings
from demo.city.plan import Floats, Geoms, Plan, geoms_to_lonlat
from demo.city.shapes import points, union
from demo.city.sites import Village
from demo.city.terrain import Terrain
from demo.city.warp import smooth_ring

STEEP_DEG = 21.0
_KINDS = [("landslide", "滑坡"), ("collapse", "崩塌"), ("debris_flow", "泥石流"), ("ground_fissure", "地裂缝"),
          ("ground_collapse", "地面塌陷"), ("land_subsidence", "地面沉降")]  # fmt: skip


@dataclass
class Hazards:
    """Hazard points, worst zones included; geometry in local metres, arrays parallel, in key order."""

    key: list[str]
    name: list[str]
    kind: list[str]
    level: NDArray[np.int64]
    xy: Floats
    zone: Geoms
    slope_deg: Floats
    households: NDArray[np.int64]
    residents: NDArray[np.int64]
    buildings: NDArray[np.int64]
    contact_role: list[str]
    grid_code: list[str]
    status: list[str]


def _descend(terrain: Terrain, xy: Floats, steps: int, step_m: float) -> Floats:
    """Paths of steepest descent, shape (n, steps + 1, 2), with some momentum as moving ground has."""
    smooth = ndimage.gaussian_filter(terrain.elevation, 1.8)
    gy, gx = np.gradient(smooth, terrain.cell_m)
    gy = -gy
    out = np.empty((len(xy), steps + 1, 2))
    out[:, 0] = at = xy.astype(float)
    heading = np.zeros_like(at)
    for k in range(1, steps + 1):
        down = -np.stack([terrain.sample(gx, at), terrain.sample(gy, at)], axis=1)
        norm = np.maximum(np.hypot(down[:, 0], down[:, 1]), 1e-6)
        heading = 0.62 * heading + down / norm[:, None]
        heading /= np.maximum(np.hypot(heading[:, 0], heading[:, 1]), 1e-6)[:, None]
        at = at + heading * step_m
        out[:, k] = at
    return out


def _tongue(path: Floats, head_m: float, toe_m: float) -> Polygon:
    """Outline of the threatened ground along a descent: narrow at the crown, wide at the toe, rounded."""
    n = len(path)
    u = np.linspace(0, 1, n)
    width = head_m + (toe_m - head_m) * u**0.8
    body = [LineString(path[max(0, i - 1) : i + 1]).buffer(float(width[i]), quad_segs=6) for i in range(1, n)]
    outline = cast(Polygon, union(list(body)).buffer(8).buffer(-8).simplify(2.0))
    ring = shapely.get_coordinates(outline.exterior)[:-1]
    return Polygon(smooth_ring(ring, 2))


def make_hazards(
    plan: Plan,
    terrain: Terrain,
    buildings: Buildings,
    villages: list[Village],
    admin: Admin,
    district: Polygon,
    stream: LineString,
) -> Hazards:
    """Choose slopes above buildings, the worst-lying first but well spread, and draw what each threatens."""
    rng = plan.rng("hazards")
    step = max(1, round(20.0 / terrain.cell_m))
    xs, ys = terrain.centres()
    gx, gy = np.meshgrid(xs[::step], ys[::step])
    xy = np.stack([gx.ravel(), gy.ravel()], axis=1)
    steep = (terrain.slope_deg[::step, ::step].ravel() >= STEEP_DEG) & (terrain.slope_deg[::step, ::step].ravel() < 52)
    xy = xy[steep & shapely.contains_xy(district.buffer(-120), xy[:, 0], xy[:, 1])]
    middle = shapely.get_coordinates(shapely.centroid(buildings.geoms))
    houses = points(middle[buildings.households > 0])
    tree = shapely.STRtree(houses)
    near = np.unique(tree.query(points(xy), predicate="dwithin", distance=330.0)[0])
    xy = xy[near]
    if len(xy) > 9000:
        xy = xy[np.sort(rng.permutation(len(xy))[:9000])]
    paths = _descend(terrain, xy, 16, 20.0)
    lines = np.asarray(shapely.linestrings(paths), dtype=object)
    hits = np.bincount(tree.query(lines, predicate="dwithin", distance=34.0)[0], minlength=len(lines))
    score = np.log1p(hits) + rng.uniform(0, 0.9, len(hits))
    order = [i for i in np.argsort(-score, kind="stable").tolist() if hits[i] > 0]

    chosen: list[int] = []
    zones: list[Polygon] = []
    btree = shapely.STRtree(buildings.geoms)
    sums: list[tuple[int, int, int]] = []
    for apart in (240.0, 150.0, 90.0, 45.0):
        for i in order:
            if len(chosen) >= plan.hazards:
                break
            if i in chosen or any(np.hypot(*(xy[i] - xy[j])) < apart for j in chosen):
                continue
            path = paths[i][: int(rng.integers(11, 17))]
            zone = _tongue(path, float(rng.uniform(16, 26)), float(rng.uniform(38, 66)))
            inside = btree.query(zone, predicate="intersects")
            inside = inside[buildings.households[inside] > 0]
            if len(inside) == 0 or not zone.is_valid or not district.contains(zone):
                continue
            chosen.append(i)
            zones.append(zone)
            sums.append((len(inside), int(buildings.households[inside].sum()), int(buildings.residents[inside].sum())))
    if len(chosen) < plan.hazards:
        raise ValueError(f"only {len(chosen)} slopes above houses were found, {plan.hazards} are wanted")
    rank = sorted(range(len(chosen)), key=lambda k: (-xy[chosen[k]][1], xy[chosen[k]][0]))
    at = xy[chosen][rank]
    count, households, residents = (np.array(v)[rank] for v in zip(*sums, strict=True))
    n = len(at)
    slope = np.round(terrain.sample(terrain.slope_deg, at), 1)
    kind_dice = rng.uniform(0, 1, n)
    kind_at = np.searchsorted(np.cumsum([0.56, 0.20, 0.14, 0.06, 0.02]), kind_dice)
    # the level stands for what is at stake and how steep it is
    danger = np.log1p(residents) / 3 + (slope - 20) / 30 + rng.normal(0, 0.25, n)
    level = np.full(n, 4)
    level[np.argsort(-danger, kind="stable")[: round(n * 0.60)]] = 3
    level[np.argsort(-danger, kind="stable")[: round(n * 0.27)]] = 2
    level[np.argsort(-danger, kind="stable")[: round(n * 0.10)]] = 1
    spot = geoms_to_lonlat(points(at))
    grid_code = [code or "" for code in admin.grid_of(spot)]
    community = {code: name.zh for code, name in zip(admin.community_code, admin.community_name, strict=True)}
    vxy = np.array([(v.x, v.y) for v in villages])
    names: list[str] = []
    roles: list[str] = []
    counter: dict[str, int] = {}
    # the slope nearest to the stream bears its name, and is a landslide
    by_stream = int(np.argmin(shapely.distance(points(at), stream) + 1e6 * (np.arange(n) == 0)))
    kind_at[by_stream] = 0
    level[by_stream] = min(int(level[by_stream]), 3)
    for i in range(n):
        v = villages[int(np.argmin(np.hypot(vxy[:, 0] - at[i, 0], vxy[:, 1] - at[i, 1])))]
        stem = "云溪沟" if i == by_stream else v.name.zh
        counter[stem] = counter.get(stem, 0) + 1
        number = 3 if stem == "云溪沟" else counter[stem]
        names.append(f"{stem}{number}号{_KINDS[int(kind_at[i])][1]}")
        roles.append(f"{community.get(grid_code[i][:12], '白石镇').removesuffix('社区')}地灾责任岗")
    status = np.where(rng.uniform(0, 1, n) < 0.7, "active", "watch")
    return Hazards(
        [f"H-{i + 1:03d}" for i in range(n)], names, [_KINDS[int(k)][0] for k in kind_at], level.astype(np.int64),
        at, np.array(zones, dtype=object)[rank], slope, households, residents, count, roles, grid_code,
        status.tolist(),
    )  # fmt: skip
