"""One hazard's score over some cells: the parts of every source, times exposure, vulnerability and coping.

    score(cell) = (sum of h over the sources) · exposure · vulnerability · coping,    part of a source = h · E · V · C

A cell's result depends on the inputs near it alone, never on which other cells are computed with it: recomputing some
cells gives the very rows that recomputing all would.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from shapely.geometry.base import BaseGeometry

from onemap.core.catalogue import Kind, current
from onemap.core.cell import Cells, Floats
from onemap.heat.hazard import risk
from onemap.heat.hazard.declared import (
    BuildingsTerm,
    Exposure,
    Hazard,
    IncidentsTerm,
    PointsTerm,
    RainTerm,
    SensorsTerm,
    TerrainTerm,
)
from onemap.heat.hazard.risk import Excess

#: A cell below this score is none: no colour begins so low.
LEAST_SCORE = 0.01
#: The widest view of a camera that is counted, and what an unknown one is taken as, in metres.
CAMERA_MAX_M, CAMERA_M = 500.0, 100.0
_CELL_M = 24.0  # a cell counts as seen when the camera reaches its inner circle
PART = np.dtype([("source", "<u2"), ("cell", "<u2"), ("h", "<f4"), ("measure", "<f4")])


@dataclass(frozen=True)
class Point:
    """A hazard point that counts; `elevation_m` is that of its cell, NaN where no elevation model is."""

    key: str
    name: str
    kind: str
    level: int
    lon: float
    lat: float
    zone: BaseGeometry | None
    place: BaseGeometry  # the zone, or the point
    elevation_m: float
    at: datetime


@dataclass(frozen=True)
class Probe:
    """A sensor that stands for itself."""

    lon: float
    lat: float


@dataclass(frozen=True)
class Gauge:
    """A rain gauge with its antecedent rain by surface, mm."""

    key: str
    name: str
    lon: float
    lat: float
    at: str
    api_mm: Mapping[str, float]


@dataclass(frozen=True)
class Incident:
    """Where, what (`matter-06048`) and when, in hours since 1970."""

    key: str
    lon: float
    lat: float
    code: str
    hour: int


@dataclass(frozen=True)
class Camera:
    """A working camera."""

    lon: float
    lat: float
    range_m: float
    heading_deg: float | None
    fov_deg: float | None


@dataclass(frozen=True)
class Houses:
    """Buildings summed by cell, use and floors: columns of one length; `at` indexes the cells."""

    at: npt.NDArray[np.int64]
    use: Sequence[str]
    floors: npt.NDArray[np.int64]  # 0: not known
    n: Floats
    residents: Floats
    organisations: Floats
    without: Floats  # of n, those without a count of organisations


@dataclass(frozen=True)
class Ground:
    """The cells of some chunks, ascending, and what lies in or near them. NaN: no elevation model covers the cell."""

    cells: Cells
    lon: Floats
    lat: Floats
    elevation_m: Floats
    susceptibility: Floats
    wetness: Floats  # 0..1
    raster: str
    houses: Houses
    points: Sequence[Point]
    probes: Mapping[str, Probe]
    incidents: Sequence[Incident]
    cameras: Sequence[Camera]

    @cached_property
    def by_lat(self) -> tuple[npt.NDArray[np.int64], Floats]:
        """The cells from south to north, with their latitudes: what lies near a place is a short run of them."""
        order = np.argsort(self.lat, kind="stable")
        return order, self.lat[order]

    @cached_property
    def seen(self) -> npt.NDArray[np.int64]:
        """How many working cameras look at each cell."""
        count = np.zeros(len(self.cells), np.int64)
        for camera in self.cameras:
            where = in_box(self, (camera.lon, camera.lat, camera.lon, camera.lat), camera.range_m + _CELL_M)
            looks = risk.seen_by(
                self.lon[where], self.lat[where], (camera.lon, camera.lat), range_m=camera.range_m + _CELL_M,
                heading_deg=camera.heading_deg, fov_deg=camera.fov_deg,
            )  # fmt: skip
            count[where[looks]] += 1
        return count


@dataclass(frozen=True)
class City:
    """What concerns every cell: the hour (since 1970, and on the city's clock), idle teams, gauges."""

    hour: int
    local_hour: int
    teams: Sequence[tuple[str, str, float, float]]  # key, kind, lon, lat
    gauges: Sequence[Gauge]


@dataclass(frozen=True)
class Source:
    """What a part comes from. `measure` names the figure that each cell's part carries (distance_m, susceptibility)."""

    layer: str
    key: str | None
    name: str
    kind: str
    measure: str
    detail: Mapping[str, Any]
    at: str | None

    def told(self) -> dict[str, Any]:
        """As it is stored with the parts."""
        return dict(self.__dict__)


@dataclass
class Parts:
    """Hazard by source: for each source the cells it acts on, h there, and its measure."""

    sources: list[Source] = field(default_factory=list)
    where: list[npt.NDArray[np.int64]] = field(default_factory=list)
    h: list[npt.NDArray[np.float32]] = field(default_factory=list)
    measure: list[npt.NDArray[np.float32]] = field(default_factory=list)

    def put(self, source: Source, where: npt.NDArray[np.int64], h: Floats, measure: Floats) -> None:
        """Add a source, without the cells where it adds nothing."""
        kept = h > 0.0
        if kept.any():
            self.sources.append(source)
            self.where.append(where[kept])
            self.h.append(h[kept].astype(np.float32))
            self.measure.append(measure[kept].astype(np.float32))


def hazard(
    surface: Hazard, ground: Ground, city: City, excess: Mapping[int, Mapping[tuple[str, str], Excess]]
) -> Parts:
    """The hazard of every source on every cell. `excess` holds what counts of the sensors, by the term's index."""
    parts = Parts()
    prone = np.nan_to_num(ground.susceptibility, nan=0.0)
    for index, term in enumerate(surface.terms):
        if isinstance(term, PointsTerm):
            prone = np.maximum(prone, _points(parts, term, ground))
        elif isinstance(term, SensorsTerm):
            _sensors(parts, term, ground, excess.get(index, {}))
        elif isinstance(term, TerrainTerm):
            _terrain(parts, term, ground)
        elif isinstance(term, IncidentsTerm):
            _incidents(parts, term, ground, city.hour)
        elif isinstance(term, BuildingsTerm):
            _buildings(parts, term, ground)
    for term in surface.terms:
        if isinstance(term, RainTerm):
            ready = prone if term.through == "ground" else np.nan_to_num(ground.wetness, nan=0.0)
            _rain(parts, surface.name, term, ground, city, ready)
    return parts


def factors(surface: Hazard, exposure: Exposure, ground: Ground, city: City) -> Floats:
    """Exposure, vulnerability and coping of every cell, shape (3, cells)."""
    return np.stack(
        [
            risk.exposure(people(exposure, ground.houses, len(ground.cells), city.local_hour), exposure.floor),
            vulnerability(surface, ground.houses, len(ground.cells)),
            coping(surface, ground, city),
        ]
    )


def people(exposure: Exposure, houses: Houses, cells: int, local_hour: int) -> Floats:
    """People in each cell at an hour of the day: residents at home, and those at work by use."""
    counted = houses.residents * exposure.home[local_hour]
    for use, each in exposure.per_organisation.items():
        of_use = np.array([one == use for one in houses.use], bool)
        bodies = houses.organisations + (houses.without if use in exposure.always_one else 0.0)
        counted = counted + np.where(of_use, bodies * each * exposure.present[use][local_hour], 0.0)
    return np.bincount(houses.at, weights=counted, minlength=cells).astype(np.float64)


def vulnerability(surface: Hazard, houses: Houses, cells: int) -> Floats:
    """The mean over a cell's buildings of use factor · floors factor; 1 where none stands."""
    told = surface.vulnerability
    use = np.array([told.uses.get(one, 1.0) for one in houses.use], np.float64)
    floors = np.select(
        [houses.floors <= 0, houses.floors <= 2, houses.floors <= 6], [1.0, told.low, told.middle], told.high
    )
    n = np.bincount(houses.at, weights=houses.n, minlength=cells)
    total = np.bincount(houses.at, weights=houses.n * use * floors, minlength=cells)
    return np.divide(total, n, out=np.ones(cells), where=n > 0)


def coping(surface: Hazard, ground: Ground, city: City) -> Floats:
    """How far help is, and whether anybody looks; 1 where no team of the kinds asked is known at all."""
    told = surface.coping
    found = np.ones(len(ground.cells))
    near = nearest_team(told.teams, ground, city)
    if told.far and near is not None:
        found *= risk.out_of_reach(near, told.reach_m, told.far)
    if told.unseen:
        found *= np.where(ground.seen > 0, 1.0, 1.0 + told.unseen)
    return found


def nearest_team(kinds: Sequence[str], ground: Ground, city: City) -> Floats | None:
    """Metres from each cell to the nearest idle team of some kinds (of all, if none is named); None without any."""
    at = [(lon, lat) for _, kind, lon, lat in city.teams if not kinds or kind in kinds]
    if not at:
        return None
    _, _, distance = risk.between_gauges(ground.lon, ground.lat, at, nearest=1, reach_m=np.inf)
    return distance[:, 0]


def in_box(ground: Ground, box: tuple[float, float, float, float], margin_m: float) -> npt.NDArray[np.int64]:
    """Cells whose centres lie in a box (west, south, east, north) with a margin, ascending."""
    west, south, east, north = box
    dy = margin_m / risk.METRES_PER_DEGREE * 1.01
    dx = dy / np.cos(np.radians(max(abs(south), abs(north))))
    order, lat = ground.by_lat
    low, high = np.searchsorted(lat, [south - dy, north + dy])
    band = order[low:high]
    lon = ground.lon[band]
    return np.sort(band[(lon >= west - dx) & (lon <= east + dx)])


def _around(ground: Ground, lon: float, lat: float, radius_m: float) -> tuple[npt.NDArray[np.int64], Floats]:
    """Cells whose centres lie within a radius of a position, with the distance."""
    where = in_box(ground, (lon, lat, lon, lat), radius_m)
    distance = np.hypot(*risk.plane(ground.lon[where], ground.lat[where], lon, lat))
    near = distance <= radius_m
    return where[near], distance[near]


def _within(ground: Ground, place: BaseGeometry, radius_m: float) -> tuple[npt.NDArray[np.int64], Floats]:
    """Cells whose centres lie within a radius of a place, with the distance."""
    where = in_box(ground, place.bounds, radius_m)
    distance = risk.distance_to(place, ground.lon[where], ground.lat[where])
    near = distance <= radius_m
    return where[near], distance[near]


def downslope(point: Point, ground: Ground, where: npt.NDArray[np.int64], reach_angle_deg: float) -> Floats:
    """How far down the descent from a point each cell lies, 0..1: by elevation, else by where the zone lies."""
    east, north = risk.plane(ground.lon[where], ground.lat[where], point.lon, point.lat)
    drop = point.elevation_m - ground.elevation_m[where]
    by_height = risk.fall_share(np.hypot(east, north), np.nan_to_num(drop, nan=0.0), reach_angle_deg)
    if point.zone is None:
        return by_height
    middle = point.zone.centroid
    toward = risk.plane(np.array([middle.x]), np.array([middle.y]), point.lon, point.lat)
    by_zone = risk.tongue_share(east, north, (float(toward[0][0]), float(toward[1][0])))
    return np.where(np.isnan(drop), by_zone, by_height)


def _points(parts: Parts, term: PointsTerm, ground: Ground) -> Floats:
    """Puts the hazard points' parts; returns how near to one each cell is, 0..1."""
    nearest = np.zeros(len(ground.cells))
    for point in ground.points:
        if point.kind not in term.hazards:
            continue
        where, distance = _within(ground, point.place, term.radius_m)
        share = downslope(point, ground, where, term.reach_angle_deg)
        unit = risk.falloff(distance, term.decay_m + (term.downslope_m - term.decay_m) * share)
        nearest[where] = np.maximum(nearest[where], unit)
        weight = term.weights[min(max(point.level, 1), len(term.weights)) - 1]
        detail = {"level": point.level, "weight": weight, "hazard_kind": point.kind}
        source = Source("hazard", point.key, point.name, "hazard", "distance_m", detail, point.at.isoformat())
        parts.put(source, where, weight * unit, distance)
    return nearest


def _sensors(parts: Parts, term: SensorsTerm, ground: Ground, found: Mapping[tuple[str, str], Excess]) -> None:
    places = {point.key: point.place for point in ground.points if point.kind in term.hazards}
    for (hazard_key, sensor_key), entry in sorted(found.items()):
        limit = entry.limit
        if hazard_key:
            if hazard_key not in places:
                continue
            where, distance = _within(ground, places[hazard_key], term.radius_m)
        else:
            probe = ground.probes.get(sensor_key)
            if probe is None:
                continue
            where, distance = _around(ground, probe.lon, probe.lat, term.radius_m)
        detail = {
            "hazard_key": hazard_key or None, "property": limit.property, "unit": limit.unit, "value": limit.value,
            "op": limit.op, "enter": limit.enter, "level": limit.level, "ratio": round(entry.ratio, 3),
            "factor": round(entry.factor, 6), "sensor_kind": limit.sensor_kind,
        }  # fmt: skip
        source = Source("sensor", sensor_key, limit.name, "excess", "distance_m", detail, limit.at.isoformat())
        parts.put(source, where, entry.factor * risk.falloff(distance, term.decay_m), distance)


def _terrain(parts: Parts, term: TerrainTerm, ground: Ground) -> None:
    values = ground.susceptibility if term.product == "susceptibility" else ground.wetness
    where = np.flatnonzero(np.nan_to_num(values, nan=-1.0) >= term.least)
    name = {"susceptibility": "地形易发性", "wetness": "低洼汇水"}[term.product]
    detail = {"weight": term.weight, "power": term.power, "least": term.least}
    source = Source("terrain", None, name, "terrain", term.product, detail, None)
    parts.put(source, where, term.weight * values[where] ** term.power, values[where])


def _incidents(parts: Parts, term: IncidentsTerm, ground: Ground, hour: int) -> None:
    """One part for each code: an incident more or less is not worth a line of its own."""
    by_code: dict[str, list[Incident]] = {}
    for incident in ground.incidents:
        if incident.code.startswith(term.codes) and hour - incident.hour < term.days * 24:
            by_code.setdefault(incident.code, []).append(incident)
    for code, members in sorted(by_code.items()):
        h, nearest = np.zeros(len(ground.cells)), np.full(len(ground.cells), np.inf)
        for incident in sorted(members, key=lambda one: one.key):
            where, distance = _around(ground, incident.lon, incident.lat, term.radius_m)
            fade = float(risk.faded(np.array([hour - incident.hour], np.float64), term.half_life_h)[0])
            h[where] += term.weight * fade * risk.falloff(distance, term.decay_m)
            nearest[where] = np.minimum(nearest[where], distance)
        at = np.flatnonzero(h)
        detail = {"code": code, "days": term.days, "half_life_h": term.half_life_h, "radius_m": term.radius_m}
        source = Source("incident", None, title_of(code), "incidents", "distance_m", detail, None)
        parts.put(source, at, h[at], nearest[at])


def title_of(code: str) -> str:
    """The catalogue's name of `matter-06048`, or the code itself."""
    kind, _, digits = code.partition("-")
    catalogue = current()
    known = kind in ("part", "matter") and catalogue.has(cast(Kind, kind), digits)
    return catalogue.get(cast(Kind, kind), digits).name if known else code


def _buildings(parts: Parts, term: BuildingsTerm, ground: Ground) -> None:
    houses = ground.houses
    weight = np.array([term.uses.get(use, 0.0) for use in houses.use], np.float64)
    low = (houses.floors >= 1) & (houses.floors <= term.floors_max)
    count = np.bincount(houses.at, weights=houses.n * weight * low, minlength=len(ground.cells)).astype(np.float64)
    where = np.flatnonzero(count)
    detail = {"floors_max": term.floors_max, "full": term.full, "weight": term.weight}
    source = Source("building", None, "低层密集建筑", "buildings", "buildings", detail, None)
    parts.put(source, where, term.weight * np.minimum(1.0, count[where] / term.full), count[where])


def _rain(parts: Parts, surface: str, term: RainTerm, ground: Ground, city: City, ready: Floats) -> None:
    """Rain between the gauges, each gauge's part in proportion to what it says of the rain there."""
    gauges = [gauge for gauge in city.gauges if surface in gauge.api_mm]
    if not gauges or max(gauge.api_mm[surface] for gauge in gauges) <= term.from_mm:
        return
    act = np.flatnonzero(ready > 0.0)
    places = [(gauge.lon, gauge.lat) for gauge in gauges]
    which, weight, distance = risk.between_gauges(
        ground.lon[act], ground.lat[act], places, nearest=term.gauges, reach_m=term.reach_m
    )
    amount = weight * np.array([gauge.api_mm[surface] for gauge in gauges])[which]
    mm = amount.sum(axis=1)
    h = term.weight * risk.wetted(mm, term.from_mm, term.full_mm) * ready[act]
    share = np.divide(amount, mm[:, None], out=np.zeros_like(amount), where=mm[:, None] > 0)
    for number, gauge in enumerate(gauges):
        row, column = np.nonzero(which == number)
        detail = {"rain_mm": round(gauge.api_mm[surface], 1), "from_mm": term.from_mm, "full_mm": term.full_mm,
                  "days": term.days, "decay_per_day": term.decay_per_day}  # fmt: skip
        source = Source("sensor", gauge.key, gauge.name, "rain", "distance_m", detail, gauge.at)
        parts.put(source, act[row], h[row] * share[row, column], distance[row, column])
