"""The composite risk of a cell: what hazard points and sensors past their limits put on it, times who is exposed.

A part of a cell's score (resolution 11, about 50 m across) is

    weight(level) · falloff(distance) · exposure(residents) [· excess(ratio) · fade(age) for a sensor]

weight: I 8, II 4, III 2, IV 1: each level doubles. falloff: exp(-d / 150 m) from the hazard point's threatened zone (0
inside it; from the point when it has no zone), nothing past 500 m, for a sensor past 300 m. exposure: 1 + log10(1 +
residents), from the building counts in the cell, so that an empty slope keeps its hazard and ten times the people add
one. excess: from 0 at 60 % of a threshold through 1 at the threshold to at most 2. fade: exp(-age / 6 h).
A cell's score is the sum of its parts. These are stated conventions that order places, not probabilities.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from onemap.core.cell import Cells, Floats, centers, cover
from onemap.heat.surface import RISK_RES

LEVEL_WEIGHT = {1: 8.0, 2: 4.0, 3: 2.0, 4: 1.0}
DECAY_M, RADIUS_M, SENSOR_RADIUS_M = 150.0, 500.0, 300.0
EXCESS_FROM, EXCESS_MAX = 0.6, 2.0
FADE_S = 6 * 3600.0
#: A sensor that adds less than this to a full-weight cell adds nothing: it has faded.
LEAST_FACTOR = 0.02
_METRES_PER_DEGREE = 111_195.0


@dataclass(frozen=True)
class Field:
    """The cells around one hazard point: how far each is, how many people live in it."""

    cells: Cells
    distance_m: Floats
    residents: Floats


@dataclass(frozen=True, slots=True)
class Limit:
    """One threshold of a hazard point with the last reading of its sensor."""

    hazard_key: str
    sensor_key: str
    sensor_kind: str
    property: str
    unit: str
    level: int
    op: str
    enter: float
    value: float
    at: datetime


@dataclass(frozen=True, slots=True)
class Excess:
    """What a sensor adds around a hazard point: the factor of all cells, and the limit that gives it."""

    limit: Limit
    ratio: float
    factor: float


def reach(place: BaseGeometry, radius_m: float = RADIUS_M) -> BaseGeometry:
    """An area in degrees that holds everything within a radius of a WGS-84 place, with a little to spare."""
    lat = place.centroid.y
    degrees = radius_m / _METRES_PER_DEGREE
    # The wider of the two axes is enough: cells outside the true distance are dropped one by one.
    area: BaseGeometry = place.envelope.buffer(degrees / math.cos(math.radians(lat)), quad_segs=4).envelope
    return area


def field(place: BaseGeometry, residents: dict[int, float], *, radius_m: float = RADIUS_M) -> Field:
    """The cells whose centres lie within a radius of a place (a zone or a point), with residents by cell."""
    lon0, lat0 = place.centroid.x, place.centroid.y
    east = _METRES_PER_DEGREE * math.cos(math.radians(lat0))

    def plane(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.column_stack(((xy[:, 0] - lon0) * east, (xy[:, 1] - lat0) * _METRES_PER_DEGREE))

    cells = cover(reach(place, radius_m), RISK_RES)
    lon, lat = centers(cells)
    spots = shapely.points(plane(np.column_stack((lon, lat))))
    distance: Floats = np.asarray(shapely.distance(spots, shapely.transform(place, plane)), np.float64)
    near = distance <= radius_m
    cells = cells[near]
    people = np.array([residents.get(cell, 0.0) for cell in cells.tolist()], np.float64)
    return Field(cells, distance[near], people)


def exposure(residents: Floats) -> Floats:
    """The factor of the people in a cell."""
    return np.asarray(1.0 + np.log10(1.0 + residents), np.float64)


def falloff(distance_m: Floats) -> Floats:
    """The factor of the distance from the threatened zone."""
    return np.asarray(np.exp(-distance_m / DECAY_M), np.float64)


def spread(around: Field, factor: float, *, radius_m: float = RADIUS_M) -> tuple[Field, Floats]:
    """The part of every cell within the radius for one factor (a level's weight, or a sensor's), to four digits."""
    near = around.distance_m <= radius_m
    kept = Field(around.cells[near], around.distance_m[near], around.residents[near])
    return kept, np.round(factor * falloff(kept.distance_m) * exposure(kept.residents), 4)


def ratio_of(op: str, enter: float, value: float) -> float:
    """How near a reading is to a threshold: 1 at it, above 1 past it. Without a common sign: 1 past it, else 0."""
    upward = op in (">=", ">")
    if enter > 0 and value > 0:
        return value / enter if upward else enter / value
    return float(value >= enter if upward else value <= enter)


def excess(limit: Limit, now: datetime) -> Excess:
    """What a limit and its last reading add."""
    ratio = ratio_of(limit.op, limit.enter, limit.value)
    over = min(EXCESS_MAX, max(0.0, (ratio - EXCESS_FROM) / (1.0 - EXCESS_FROM)))
    age_s = max(0.0, (now - limit.at).total_seconds())
    return Excess(limit, ratio, LEVEL_WEIGHT.get(limit.level, LEVEL_WEIGHT[4]) * over * math.exp(-age_s / FADE_S))


def worst(limits: list[Limit], now: datetime) -> dict[tuple[str, str], Excess]:
    """By (hazard point, sensor): what counts. Of the sensors of one kind at a point only the worst does.

    Ten rain gauges in the same rain are one fact, a gauge and a crack meter are two.
    """
    best: dict[tuple[str, str], Excess] = {}
    for limit in limits:
        found = excess(limit, now)
        kind = (limit.hazard_key, limit.sensor_kind)
        known = best.get(kind)
        if found.factor >= LEAST_FACTOR and (
            known is None or (found.factor, limit.sensor_key) > (known.factor, known.limit.sensor_key)
        ):
            best[kind] = found
    return {(entry.limit.hazard_key, entry.limit.sensor_key): entry for entry in best.values()}
