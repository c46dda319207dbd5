"""Cameras at junctions and gates, and sensors where each kind belongs, with their datastreams and thresholds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from shapely import STRtree

from demo.city.buildings import Buildings
from demo.city.fabric import Fabric
from demo.city.hazards import Hazards
from demo.city.network import HALF_WIDTH_M
from demo.city.plan import DIVISION, Floats, Plan
from demo.city.shapes import along, points, union
from demo.city.terrain import Terrain
from demo.city.water import Water

Row = dict[str, Any]


@dataclass
class Assets:
    """Rows of point assets with their positions in local metres."""

    cameras: list[Row] = field(default_factory=list)
    camera_xy: list[tuple[float, float]] = field(default_factory=list)
    sensors: list[Row] = field(default_factory=list)
    sensor_xy: list[tuple[float, float]] = field(default_factory=list)
    datastreams: list[Row] = field(default_factory=list)
    thresholds: list[Row] = field(default_factory=list)


def kept_edges(fabric: Fabric, buildings: Buildings) -> np.ndarray:
    """Which edges are roads in the end: main roads everywhere, streets only beside what is built or a park."""
    settled = np.zeros(len(fabric.faces) + 1, dtype=bool)
    settled[:-1] = (np.bincount(buildings.face, minlength=len(fabric.faces)) > 1) | (buildings.face_form != "")
    main = np.array([line.keep for line in fabric.lines])[fabric.edge_line]
    beside = settled[fabric.edge_left] | settled[fabric.edge_right]
    return np.asarray((fabric.edge_class() != "") & (main | beside))


def _spread(rng: np.random.Generator, xy: Floats, score: Floats, count: int, apart_m: float) -> list[int]:
    """Choose points by falling score, keeping them apart while that is possible."""
    order = np.argsort(-score, kind="stable")
    chosen: list[int] = []
    blocked = np.zeros(len(xy), dtype=bool)
    tree = STRtree(points(xy))
    for gap in (apart_m, apart_m / 2, apart_m / 4, 0.0):
        blocked[:] = False
        blocked[chosen] = True
        if gap and chosen:
            blocked[tree.query(points(xy[chosen]), predicate="dwithin", distance=gap)[1]] = True
        for i in order.tolist():
            if len(chosen) >= count:
                return chosen
            if blocked[i]:
                continue
            chosen.append(i)
            if gap:
                blocked[tree.query(shapely.Point(xy[i]), predicate="dwithin", distance=gap)] = True
            blocked[i] = True
    return chosen


def make_cameras(plan: Plan, fabric: Fabric, buildings: Buildings, assets: Assets) -> None:
    """Stand cameras beside junctions, looking along the roads that meet there."""
    rng = plan.rng("cameras")
    keep = np.flatnonzero(kept_edges(fabric, buildings) & (shapely.length(fabric.edges) > 40))
    inside = shapely.intersects(fabric.district, fabric.edges[keep])
    keep = keep[inside & (fabric.edge_class()[keep] != "rail")]
    edges, classes = fabric.edges[keep], fabric.edge_class()[keep]
    names = [fabric.lines[i].name for i in fabric.edge_line[keep].tolist()]
    rank = {"trunk": 3.0, "primary": 2.8, "secondary": 2.2, "motorway": 2.0, "tertiary": 1.4, "residential": 1.0}
    length = shapely.length(edges)
    starts = shapely.get_coordinates(shapely.line_interpolate_point(edges, 6.0))
    aims = shapely.get_coordinates(shapely.line_interpolate_point(edges, np.minimum(48.0, length)))
    ends = shapely.get_coordinates(shapely.line_interpolate_point(edges, -6.0))
    back = shapely.get_coordinates(shapely.line_interpolate_point(edges, -np.minimum(48.0, length)))
    base, aim = np.vstack([starts, ends]), np.vstack([aims, back])
    half = np.array([HALF_WIDTH_M[str(c)] for c in classes.tolist()] * 2)
    along = aim - base
    along /= np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-6)[:, None]
    spot = base + np.stack([along[:, 1], -along[:, 0]], axis=1) * (half * 0.55)[:, None]
    far = np.minimum(1.6, np.hypot(*(spot - np.median(spot, axis=0)).T) / (plan.width_m / 2))
    score = np.array([rank.get(str(c), 1.0) for c in classes.tolist()] * 2) - far + rng.uniform(0, 1.1, len(spot))
    ok = shapely.contains_xy(fabric.district, spot[:, 0], spot[:, 1])
    index = np.flatnonzero(ok)
    chosen = [int(index[i]) for i in _spread(rng, spot[index], score[index], plan.cameras, 62.0)]
    chosen.sort(key=lambda i: (round(-spot[i, 1] / 400), spot[i, 0]))
    seen: dict[str, int] = {}
    for serial, i in enumerate(chosen, start=1):
        name = names[i % len(edges)]
        road = name.zh if name else "小区入口"
        seen[road] = seen.get(road, 0) + 1
        kind = "132" if rng.uniform() < 0.8 else "131"
        # 8 centre, 2 industry (00: public security road monitoring), 3 type, 1 network, 6 serial
        code = f"{DIVISION}00" + "00" + kind + "0" + f"{serial:06d}"
        dice = rng.uniform()
        assets.cameras.append(
            {
                "key": code,
                "code": code,
                "name": f"{road}{seen[road]:02d}号{'球机' if kind == '131' else '枪机'}",
                "heading_deg": round(float(np.degrees(np.arctan2(along[i, 0], along[i, 1])) % 360), 1),
                "fov_deg": float(rng.choice([45.0, 60.0, 75.0, 90.0])),
                "range_m": float(rng.choice([60.0, 80.0, 100.0, 150.0])),
                "status": "online" if dice < 0.955 else "offline" if dice < 0.985 else "fault",
                "mount_height_m": float(rng.choice([4.5, 6.0, 6.5, 8.0, 12.0])),
            }
        )
        assets.camera_xy.append((float(spot[i, 0]), float(spot[i, 1])))


# kind: key prefix, Chinese name, datastreams (suffix, property, name, unit)
_STREAMS: dict[str, tuple[str, str, list[tuple[str, str, str, str]]]] = {
    "crack_meter": (
        "LF",
        "裂缝计",
        [("rate", "crack_rate", "裂缝速率", "mm/d"), ("width", "crack_width", "裂缝宽度", "mm")],
    ),
    "tilt_meter": ("QJ", "倾角计", [("rate", "tilt_rate", "倾斜速率", "deg/d")]),
    "gnss": ("GN", "GNSS 位移站", [("rate", "displacement_rate", "位移速率", "mm/d")]),
    "rain_gauge": (
        "YL",
        "雨量站",
        [("intensity", "rain_intensity", "雨强", "mm/h"), ("total", "rain_24h", "24 小时雨量", "mm")],
    ),
    "soil_moisture": ("TS", "土壤墒情站", [("moisture", "soil_moisture", "土壤含水率", "%")]),
    "water_level": ("SW", "水位站", [("level", "water_level", "水位", "m")]),
    "water_logging": ("JS", "积水监测点", [("depth", "water_depth", "积水深度", "m")]),
    "smoke": ("YG", "烟感", [("density", "smoke_density", "烟雾浓度", "dB/m")]),
}
# property: values to enter levels IV, III, II, I
_LEVELS: dict[str, tuple[float, float, float, float]] = {
    "crack_rate": (1.0, 3.0, 6.0, 10.0),
    "tilt_rate": (0.05, 0.15, 0.30, 0.60),
    "displacement_rate": (2.0, 5.0, 10.0, 20.0),
    "soil_moisture": (34.0, 38.0, 42.0, 46.0),
    "rain_intensity": (16.0, 30.0, 50.0, 80.0),
    "water_depth": (0.10, 0.15, 0.27, 0.50),
    "smoke_density": (0.10, 0.20, 0.40, 0.80),
}
_SHARE = {"rain_gauge": 0.12, "water_level": 0.05, "water_logging": 0.10, "soil_moisture": 0.08, "smoke": 0.23,
          "tilt_meter": 0.10, "gnss": 0.09}  # fmt: skip


def _add(assets: Assets, kind: str, label: str, xy: tuple[float, float], hazard: str | None, online: bool) -> None:
    prefix, title, streams = _STREAMS[kind]
    serial = sum(1 for row in assets.sensors if row["kind"] == kind) + 1
    key = f"{prefix}-{serial:03d}"
    assets.sensors.append(
        {
            "key": key,
            "name": f"{label}{title} {key}",
            "kind": kind,
            "hazard_key": hazard,
            "status": "online" if online else "offline",
            "last_value": None,
            "last_unit": streams[0][3],
            "last_at": None,
        }
    )
    assets.sensor_xy.append(xy)
    for suffix, prop, name, unit in streams:
        assets.datastreams.append(
            {"key": f"{key}.{suffix}", "sensor_key": key, "property": prop, "name": name, "unit": unit}
        )


def make_sensors(
    plan: Plan, fabric: Fabric, buildings: Buildings, hazards: Hazards, terrain: Terrain, water: Water, assets: Assets
) -> None:
    """Put instruments on every hazard point, gauges over the district, probes in water, underpasses and buildings."""
    rng = plan.rng("sensors")
    total = plan.sensors
    quota = {k: max(2, round(total * s)) for k, s in _SHARE.items()}
    quota["crack_meter"] = max(len(hazards.key), total - sum(quota.values()))
    quota["smoke"] = total - sum(v for k, v in quota.items() if k != "smoke")
    n = len(hazards.key)
    axis = [
        np.asarray(shapely.get_coordinates(shapely.centroid(z))[0]) - hazards.xy[i] for i, z in enumerate(hazards.zone)
    ]

    def on_hazard(kind: str) -> None:
        worst = np.argsort(hazards.level, kind="stable")
        for k in range(quota[kind]):
            i = k if kind == "crack_meter" and k < n else int(worst[k % n])
            turn = k // n
            down = axis[i] / max(float(np.hypot(*axis[i])), 1e-6)
            side = np.array([-down[1], down[0]]) * rng.uniform(-14, 14)
            p = hazards.xy[i] + down * (4 + 13 * turn + rng.uniform(0, 8)) + side
            _add(
                assets,
                kind,
                hazards.name[i],
                (float(p[0]), float(p[1])),
                hazards.key[i],
                rng.uniform() < 0.985 or k < n,
            )

    for kind in ("crack_meter", "tilt_meter", "gnss"):
        on_hazard(kind)
    for k in range(quota["soil_moisture"]):
        i = int(np.argsort(hazards.level, kind="stable")[k % n])
        p = hazards.xy[i] + rng.uniform(-26, 26, 2)
        _add(assets, "soil_moisture", hazards.name[i], (float(p[0]), float(p[1])), hazards.key[i], True)

    # rain gauges: spread over the whole district, denser in the hills
    west, south, east, north = fabric.district.bounds
    cloud = rng.uniform((west, south), (east, north), (4000, 2))
    cloud = cloud[shapely.contains_xy(fabric.district.buffer(-150), cloud[:, 0], cloud[:, 1])]
    dry = ~shapely.contains_xy(water.all.buffer(25), cloud[:, 0], cloud[:, 1])
    cloud = cloud[dry]
    hilly = terrain.sample(terrain.hilliness, cloud)
    spacing = (fabric.district.area / max(quota["rain_gauge"], 1)) ** 0.5 * 0.72
    for j, i in enumerate(
        _spread(rng, cloud, hilly * 0.7 + rng.uniform(0, 1, len(cloud)), quota["rain_gauge"], spacing)
    ):
        where = "山区" if hilly[i] > 0.15 else "城区"
        _add(assets, "rain_gauge", where, (float(cloud[i, 0]), float(cloud[i, 1])), None, j % 29 != 28)

    reach = shapely.intersection(water.river_line, fabric.district.buffer(-60))
    on_stream = max(1, quota["water_level"] // 5)
    for k in range(quota["water_level"] - on_stream):
        at = along(reach, (k + 0.5) / (quota["water_level"] - on_stream))
        _add(assets, "water_level", "云岭河", (at.x, at.y), None, True)
    brook = shapely.intersection(water.stream_line, fabric.district.buffer(-60))
    for k in range(on_stream):
        at = along(brook, (k + 0.5) / on_stream)
        _add(assets, "water_level", "云溪", (at.x, at.y), None, True)

    # water stands where the road is low: sample edges, take the lowest of their surroundings
    keep = kept_edges(fabric, buildings) & np.isin(fabric.edge_class(), ["trunk", "primary", "secondary", "tertiary"])
    mids = shapely.line_interpolate_point(fabric.edges[keep], 0.5, normalized=True)
    xy = shapely.get_coordinates(mids)
    names = [fabric.lines[i].name for i in fabric.edge_line[keep].tolist()]
    ok = shapely.contains_xy(fabric.district.buffer(-80), xy[:, 0], xy[:, 1]) & (
        terrain.sample(terrain.hilliness, xy) < 0.05
    )
    xy, names = xy[ok], [m for m, good in zip(names, ok.tolist(), strict=True) if good]
    rails = [line.geom for line in fabric.lines if line.cls in ("rail", "motorway")]
    under = np.asarray(shapely.distance(points(xy), union(list(rails)))) < 90
    score = under * 2.0 - terrain.sample(terrain.elevation, xy) * 0.05 + rng.uniform(0, 0.6, len(xy))
    for i in _spread(rng, xy, score, quota["water_logging"], 330.0 * min(1.0, plan.factor)):
        name = names[i]
        place = (name.zh if name else "支路") + ("下穿" if under[i] else "低洼")
        _add(assets, "water_logging", place, (float(xy[i, 0]), float(xy[i, 1])), None, rng.uniform() < 0.98)

    busy = np.isin(buildings.form, ["commercial", "office", "hospital", "school", "highrise", "industrial", "public"])
    # where such buildings are few, homes are fitted as well
    indoor = np.flatnonzero(busy) if busy.sum() >= quota["smoke"] else np.arange(len(buildings.form))
    centre = shapely.get_coordinates(shapely.point_on_surface(buildings.geoms[indoor]))
    picked = _spread(rng, centre, rng.uniform(0, 1, len(centre)), quota["smoke"], 120.0)
    for i in picked:
        _add(
            assets,
            "smoke",
            buildings.name[int(indoor[i])],
            (float(centre[i, 0]), float(centre[i, 1])),
            None,
            rng.uniform() < 0.98,
        )
    _thresholds(rng, assets, hazards, terrain)


def _thresholds(rng: np.random.Generator, assets: Assets, hazards: Hazards, terrain: Terrain) -> None:
    """Four levels for each datastream that has a danger; a level is left at four fifths of the value that enters it."""
    hazard_of = {row["key"]: row["hazard_key"] for row in assets.sensors}
    spot = {row["key"]: xy for row, xy in zip(assets.sensors, assets.sensor_xy, strict=True)}
    patient = {key: bool(rng.uniform() < 0.3) and i > 0 for i, key in enumerate(hazards.key)}
    for stream in assets.datastreams:
        prop, sensor = stream["property"], stream["sensor_key"]
        hazard = hazard_of[sensor]
        if prop == "water_level":
            bed = float(terrain.sample(terrain.elevation, np.array([spot[sensor]]))[0])
            enters: tuple[float, ...] = tuple(round(bed + 3.2 + rise, 2) for rise in (1.2, 1.8, 2.4, 3.0))
            leaves = [round(v - 0.3, 2) for v in enters]
        elif prop in _LEVELS:
            enters = _LEVELS[prop]
            share = 0.95 if prop == "soil_moisture" else 0.8
            leaves = [round(v * share, 3) for v in enters]
        else:
            continue
        # on some points short spikes are known to be wind or cattle: there the value must last
        holds = (120, 60, 30, 0) if hazard is not None and patient[hazard] else (0, 0, 0, 0)
        for level, enter, leave, hold in zip((4, 3, 2, 1), enters, leaves, holds, strict=True):
            assets.thresholds.append(
                {
                    "key": f"{stream['key']}.{level}",
                    "datastream_key": stream["key"],
                    "hazard_key": hazard,
                    "level": level,
                    "op": ">=",
                    "enter": enter,
                    "leave": leave,
                    "hold_s": hold,
                }
            )
