"""The risk score's arithmetic: how hazard spreads from places, how readings, rain and incidents count and fade.

Pure functions over arrays. Distances in metres on the local plane of a place (equirectangular, below 0.5 % off within
some kilometres), angles in degrees clockwise from north, rain in mm. What changes by itself with time (readings that
age, rain that drains) is kept in steps of 2 % (`stepped`): less changes no colour, and a rebuild finds the very same.
These are stated conventions that order places, not probabilities.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import shapely
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

from onemap.core.cell import Floats
from onemap.heat.hazard.declared import SensorsTerm

METRES_PER_DEGREE = 111_195.0
#: A reading that adds less than this to a full-weight cell adds nothing: it has faded.
LEAST_FACTOR = 0.02
_STEP = 1.02
#: Gauges count as at least this far away: two beside each other share the place between them.
_NEAREST_GAUGE_M = 50.0
#: Counts of people from 1 to 4 stand as one value, and exposure moves in steps of 0.1: no score tells a count.
_FEW, _FEW_AS = 5.0, 2.5


@dataclass(frozen=True, slots=True)
class Limit:
    """One threshold with the last reading of its datastream; `hazard_key` is '' for a sensor that stands for itself."""

    hazard_key: str
    sensor_key: str
    sensor_kind: str
    name: str
    property: str
    unit: str
    level: int
    op: str
    enter: float
    value: float
    at: datetime


@dataclass(frozen=True, slots=True)
class Excess:
    """What a sensor adds around its place: a factor in steps of 2 %, and the limit that gives it."""

    limit: Limit
    ratio: float
    factor: float

    @property
    def said(self) -> float:
        """The ratio in steps of 5 %: past its cap a factor rests, but what is told of the reading must not."""
        return stepped(self.ratio, 1.05)


def stepped(value: float, step: float = _STEP) -> float:
    """The nearest power of `step`; 0 stays 0."""
    return step ** round(math.log(value) / math.log(step)) if value > 0 else 0.0


def plane(lon: Floats, lat: Floats, lon0: float, lat0: float) -> tuple[Floats, Floats]:
    """East and north in metres of positions in degrees, from a place."""
    scale = METRES_PER_DEGREE * math.cos(math.radians(lat0))
    return np.asarray((lon - lon0) * scale), np.asarray((lat - lat0) * METRES_PER_DEGREE)


def distance_to(place: BaseGeometry, lon: Floats, lat: Floats) -> Floats:
    """Metres from each position to a WGS-84 geometry, 0 inside it."""
    lon0, lat0 = place.centroid.x, place.centroid.y

    def local(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.column_stack(plane(xy[:, 0], xy[:, 1], lon0, lat0))

    spots = shapely.points(local(np.column_stack((lon, lat))))
    return np.asarray(shapely.distance(spots, shapely.transform(place, local)), np.float64)


def falloff(distance_m: Floats, decay_m: float | Floats) -> Floats:
    """exp(-d / decay)."""
    return np.asarray(np.exp(-distance_m / decay_m), np.float64)


def fall_share(distance_m: Floats, drop_m: Floats, reach_angle_deg: float) -> Floats:
    """How far down the descent each cell lies, 0..1: 1 where the ground falls from the point at the angle or more."""
    steep = math.tan(math.radians(reach_angle_deg))
    return np.asarray(np.clip(drop_m / (np.maximum(distance_m, 1.0) * steep), 0.0, 1.0), np.float64)


def tongue_share(east: Floats, north: Floats, toward: tuple[float, float]) -> Floats:
    """The same without an elevation model: the squared cosine to where the threatened zone lies, 0 behind the point."""
    far = math.hypot(*toward)
    if far < 5.0:
        return np.zeros(len(east))
    away = np.maximum(np.hypot(east, north), 1.0)
    cosine = (east * toward[0] + north * toward[1]) / (away * far)
    return np.asarray(np.maximum(cosine, 0.0) ** 2, np.float64)


def ratio_of(op: str, enter: float, value: float) -> float:
    """How near a reading is to a threshold: 1 at it, above 1 past it. Without a common sign: 1 past it, else 0."""
    upward = op in (">=", ">")
    if enter > 0 and value > 0:
        return value / enter if upward else enter / value
    return float(value >= enter if upward else value <= enter)


def excess(term: SensorsTerm, limit: Limit, now: datetime) -> Excess:
    """What a limit and its last reading add."""
    ratio = ratio_of(limit.op, limit.enter, limit.value)
    over = min(term.excess_max, max(0.0, (ratio - term.excess_from) / (1.0 - term.excess_from)))
    age_h = max(0.0, (now - limit.at).total_seconds()) / 3600.0
    weight = term.weights[min(max(limit.level, 1), len(term.weights)) - 1]
    return Excess(limit, ratio, weight * stepped(over * math.exp(-age_h / term.fade_h)))


def worst(term: SensorsTerm, limits: Iterable[Limit], now: datetime) -> dict[tuple[str, str], Excess]:
    """By (hazard point, sensor): what counts. Of the sensors of one kind at a point only the worst does.

    Ten rain gauges in the same rain are one fact, a gauge and a crack meter are two. Sensors that stand for themselves
    (no hazard point) each count, with the worst of their limits.
    """
    best: dict[tuple[str, str], Excess] = {}
    for limit in limits:
        found = excess(term, limit, now)
        kind = (limit.hazard_key, limit.sensor_kind if limit.hazard_key else limit.sensor_key)
        known = best.get(kind)
        if found.factor >= LEAST_FACTOR and (known is None or _rank(found) > _rank(known)):
            best[kind] = found
    return {(entry.limit.hazard_key, entry.limit.sensor_key): entry for entry in best.values()}


def _rank(entry: Excess) -> tuple[float, str, int, str]:
    return entry.factor, entry.limit.sensor_key, -entry.limit.level, entry.limit.property


def antecedent(mm_by_hour: Mapping[int, float], hour: int, *, decay_per_day: float, days: int) -> float:
    """Effective rainfall in mm: the sum of decay^(age in days) · mm over the hours of `days` up to and with `hour`."""
    ages = ((hour - then, mm) for then, mm in sorted(mm_by_hour.items()) if 0 <= hour - then < days * 24)
    return float(sum(mm * decay_per_day ** (age / 24.0) for age, mm in ages))


def wetted(mm: Floats, from_mm: float, full_mm: float) -> Floats:
    """0 up to `from_mm`, 1 from `full_mm` on, straight between."""
    return np.asarray(np.clip((mm - from_mm) / (full_mm - from_mm), 0.0, 1.0), np.float64)


def between_gauges(
    lon: Floats, lat: Floats, gauges: Sequence[tuple[float, float]], *, nearest: int, reach_m: float
) -> tuple[npt.NDArray[np.int64], Floats, Floats]:
    """The `nearest` gauges of each position, their weights (inverse squared distance, summing to 1) and distances.

    Arrays of shape (n, k); a gauge past `reach_m` weighs nothing, and where all are, so do all.
    """
    k = min(nearest, len(gauges))
    if not k:
        return np.zeros((len(lon), 0), np.int64), np.zeros((len(lon), 0)), np.zeros((len(lon), 0))
    at = np.asarray(gauges, np.float64)
    chord, order = cKDTree(_sphere(at[:, 0], at[:, 1])).query(_sphere(lon, lat), k=range(1, k + 1))
    near = 2.0 * math.degrees(1.0) * METRES_PER_DEGREE * np.arcsin(chord / 2.0)
    weight = np.where(near <= reach_m, 1.0 / np.maximum(near, _NEAREST_GAUGE_M) ** 2, 0.0)
    total = weight.sum(axis=1, keepdims=True)
    return np.asarray(order, np.int64), np.divide(weight, total, out=np.zeros_like(weight), where=total > 0), near


def _sphere(lon: Floats, lat: Floats) -> Floats:
    """Places on the unit sphere, shape (n, 3): nearest by chord is nearest on the ground, the same for any batch."""
    along, up = np.radians(lon), np.radians(lat)
    return np.column_stack((np.cos(up) * np.cos(along), np.cos(up) * np.sin(along), np.sin(up)))


def faded(age_h: Floats, half_life_h: float) -> Floats:
    """2^(-age / half-life); what lies in the hour that runs has no age yet."""
    return np.asarray(0.5 ** (np.maximum(age_h, 0.0) / half_life_h), np.float64)


def exposure(people: Floats, floor: float) -> Floats:
    """floor + log10(1 + people), the logarithm in steps of 0.1, 1 to 4 people counted as 2.5."""
    counted = np.where((people > 0.0) & (people < _FEW), _FEW_AS, people)
    return np.asarray(floor + np.round(np.log10(1.0 + counted), 1), np.float64)


def out_of_reach(distance_m: Floats, reach_m: float, far: float) -> Floats:
    """1 beside a team, towards 1 + far with the distance."""
    return np.asarray(1.0 + far * (1.0 - np.exp(-distance_m / reach_m)), np.float64)


def seen_by(
    lon: Floats,
    lat: Floats,
    at: tuple[float, float],
    *,
    range_m: float,
    heading_deg: float | None,
    fov_deg: float | None,
) -> npt.NDArray[np.bool_]:
    """Which positions a camera looks at; without heading or angle it looks all round."""
    east, north = plane(lon, lat, *at)
    near = np.hypot(east, north) <= range_m
    if heading_deg is None or fov_deg is None:
        return near
    off = (np.degrees(np.arctan2(east, north)) - heading_deg + 180.0) % 360.0 - 180.0
    return near & (np.abs(off) <= fov_deg / 2.0)


def combine(rule: str, weighted: Floats, full: float) -> tuple[Floats, Floats]:
    """Scores of shape (hazards, cells), already weighted, in one: (score, share of each hazard in it; same shape).

    Shares sum to 1 where the score is not 0. sum: in proportion to the scores. max: all to the greatest (the first of
    equals). noisy-or: in proportion to -log(1 - p), what each adds to the evidence.
    """
    if rule == "max":
        score = weighted.max(axis=0)
        first = weighted.argmax(axis=0)
        return score, np.asarray((np.arange(len(weighted))[:, None] == first) & (score > 0), np.float64)
    if rule == "noisy-or":
        evidence = -np.log1p(-np.minimum(weighted / full, 0.999))
        score, weighted = full * -np.expm1(-evidence.sum(axis=0)), evidence
    else:
        score = weighted.sum(axis=0)
    total = weighted.sum(axis=0)
    return score, np.divide(weighted, total, out=np.zeros_like(weighted), where=total > 0)
