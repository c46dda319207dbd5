"""What risk is computed from, read from the database: the ground of some chunks, the city's state, sensors' excess."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import shapely

from onemap.core.cell import cells_of
from onemap.core.clock import local
from onemap.heat.hazard import risk
from onemap.heat.hazard.chunk import CHUNK_RES, RISK_RES, Box, boxes_of, cells_in, chunks_near, spans
from onemap.heat.hazard.declared import Declared, Hazard, IncidentsTerm, PointsTerm, RainTerm, SensorsTerm
from onemap.heat.hazard.risk import Excess, Limit
from onemap.heat.hazard.score import CAMERA_M, CAMERA_MAX_M, Camera, City, Gauge, Ground, Houses, Incident, Point, Probe
from onemap.store.db import Connection
from onemap.store.sqlfile import sql

#: The topographic wetness index taken as dry (0) and as wet (1).
_DRY_TWI, _WET_TWI = 6.0, 14.0
#: Antecedent rain is kept in steps of 5 %: below half a millimetre there is none.
_RAIN_STEP, _RAIN_LEAST_MM = 1.05, 0.5
#: Hours whose readings are added up anew at the turn of an hour, for gauges that deliver late; else only the last two.
LATE_H = 26
_RES_MASK = 0xF << 52


def ancestor_bits(res: int) -> dict[str, int]:
    """`keep` and `set` such that (cell & keep) | set is a cell's ancestor at `res`."""
    return {"keep": ~_RES_MASK, "set": res << 52 | (1 << 3 * (15 - res)) - 1}


def reach_m(declared: Declared, *kinds: str) -> float:
    """The greatest radius of the terms of some kinds."""
    radii = [
        getattr(term, "radius_m", 0.0) for hazard in declared.hazards for term in hazard.terms if term.kind in kinds
    ]
    return max(radii, default=0.0)


def hour_of(at: datetime) -> int:
    """Hours since 1970."""
    return int(at.timestamp() // 3600)


def at_hour(hour: int) -> datetime:
    """The instant at which an hour since 1970 begins."""
    return datetime.fromtimestamp(hour * 3600, UTC)


# -- what concerns the whole city -------------------------------------------------------------------------------------


def city_of(inputs: Mapping[str, Any]) -> City:
    """The city's state out of what is kept of it."""
    gauges = [Gauge(**one) for one in inputs["gauges"]]
    teams = [(key, kind, lon, lat) for key, kind, lon, lat in inputs["teams"]]
    return City(inputs["hour"], local(at_hour(inputs["hour"]), inputs["zone"]).hour, teams, gauges)


def teams(conn: Connection) -> list[list[Any]]:
    """Idle teams at their bases."""
    return [[row["key"], row["kind"], row["lon"], row["lat"]] for row in conn.execute(sql("risk_teams")).fetchall()]


def terrain_version(conn: Connection) -> str:
    """Changes when the terrain was computed anew."""
    row = conn.execute(sql("risk_terrain_version")).fetchone()
    return str(row["version"]) if row else ""


@dataclass(frozen=True)
class Rain:
    """Gauges with their antecedent rain, and the hours that were added up for it."""

    gauges: list[dict[str, Any]]
    added: list[tuple[str, datetime, float]]


def rain(conn: Connection, declared: Declared, now: datetime, *, since_h: int | None) -> Rain:
    """Antecedent rain by gauge and surface, in steps of 5 %, from readings since `since_h` hours ago and hours kept.

    None: from the readings of all days. Rain of an hour is its mean intensity, for as long as the hour has lasted.
    """
    terms = [(hazard.name, term) for hazard in declared.hazards for term in hazard.terms if isinstance(term, RainTerm)]
    if not terms:
        return Rain([], [])
    hour, days = hour_of(now), max(term.days for _, term in terms)
    first = at_hour(hour - days * 24)
    since = first if since_h is None else max(first, at_hour(hour - since_h + 1))
    asked = {"properties": sorted({term.property for _, term in terms}), "since": since, "now": now}
    mm: dict[str, dict[int, float]] = {}
    for row in conn.execute(sql("risk_rain_hours"), {"since": first}).fetchall():
        if row["hour"] < since:
            mm.setdefault(row["sensor_key"], {})[hour_of(row["hour"])] = row["mm"]
    added = []
    for row in conn.execute(sql("risk_rain_read"), asked).fetchall():
        then = hour_of(row["hour"])
        lasted = 1.0 if then < hour else (now - at_hour(hour)).total_seconds() / 3600.0
        mm.setdefault(row["sensor_key"], {})[then] = row["mm_per_h"] * lasted
        added.append((row["sensor_key"], row["hour"], row["mm_per_h"] * lasted))
    gauges = []
    for row in conn.execute(sql("risk_gauges"), asked).fetchall():
        api = {}
        for name, term in terms:
            found = risk.antecedent(mm.get(row["key"], {}), hour, decay_per_day=term.decay_per_day, days=term.days)
            api[name] = risk.stepped(found, _RAIN_STEP) if found >= _RAIN_LEAST_MM else 0.0
        gauges.append({**row, "at": row["at"].isoformat(), "api_mm": api})
    return Rain(gauges, added)


# -- sensors past their limits ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Exceeded:
    """What counts of the sensors, by surface, term and (hazard point, sensor); places of those that stand alone."""

    found: Mapping[str, Mapping[int, Mapping[tuple[str, str], Excess]]]
    probes: Mapping[str, Probe]


def exceeded(conn: Connection, declared: Declared, now: datetime) -> Exceeded:
    """All readings against their limits, as they stand."""
    rows = conn.execute(sql("risk_limits")).fetchall()
    of_kind: dict[str, list[Limit]] = {}
    for row in rows:
        of_kind.setdefault(row.pop("hazard_kind"), []).append(Limit(**row))
    probes = conn.execute(sql("risk_probes"), {"kinds": standing(declared)}).fetchall()
    found: dict[str, dict[int, dict[tuple[str, str], Excess]]] = {}
    for hazard in declared.hazards:
        for index, term in enumerate(hazard.terms):
            if isinstance(term, SensorsTerm):
                limits = [limit for kind in term.hazards for limit in of_kind.get(kind, [])]
                if term.around == "sensor":
                    limits = _own_limits(term, probes)
                found.setdefault(hazard.name, {})[index] = risk.worst(term, limits, now)
    return Exceeded(found, {row["sensor_key"]: Probe(row["lon"], row["lat"]) for row in probes})


def standing(declared: Declared) -> list[str]:
    """The kinds of sensor that stand for themselves."""
    terms = [term for hazard in declared.hazards for term in hazard.terms if isinstance(term, SensorsTerm)]
    return sorted({kind for term in terms if term.around == "sensor" for kind in term.sensors})


def _own_limits(term: SensorsTerm, probes: Iterable[Mapping[str, Any]]) -> list[Limit]:
    limits = []
    for row in probes:
        if row["sensor_kind"] not in term.sensors:
            continue
        same = {name: row[name] for name in ("sensor_key", "sensor_kind", "name", "property", "unit", "value", "at")}
        if row["level"] is not None:
            limits.append(Limit("", **same, level=row["level"], op=row["op"], enter=row["enter"]))
        else:
            ladder = term.limits.get(row["property"], ())
            for level, enter in zip((4, 3, 2, 1), ladder, strict=False):
                limits.append(Limit("", **same, level=level, op=">=", enter=enter))
    return limits


# -- the ground of some chunks ----------------------------------------------------------------------------------------


def ground(
    conn: Connection, declared: Declared, chunks: Sequence[int], hour: int, probes: Mapping[str, Probe]
) -> Ground:
    """The cells of some chunks (ascending) with all that lies in or near them."""
    each = [cells_in(chunk) for chunk in chunks]
    cells = np.concatenate([cells for cells, _, _ in each])
    raw = _points(conn, boxes_of(chunks, reach_m(declared, "points", "sensors")))
    terrain, raster, homes = _terrain(conn, chunks, cells, raw)
    points = [Point(**row, elevation_m=height) for row, height in zip(raw, homes, strict=True)]
    lon, lat = np.concatenate([lon for _, lon, _ in each]), np.concatenate([lat for _, _, lat in each])
    elevation, susceptibility, wetness = terrain
    houses, cameras = _houses(conn, chunks, cells), _cameras(conn, chunks)
    incidents = _incidents(conn, declared, chunks, hour)
    return Ground(
        cells, lon, lat, elevation, susceptibility, wetness, raster, houses, points, probes, incidents, cameras
    )


def _points(conn: Connection, boxes: dict[str, list[float]]) -> list[dict[str, Any]]:
    found = []
    for row in conn.execute(sql("risk_points"), boxes).fetchall():
        zone = shapely.from_wkb(bytes(row["zone"])) if row["zone"] is not None else None
        if zone is not None and zone.is_empty:
            zone = None
        found.append({**row, "zone": zone, "place": zone or shapely.Point(row["lon"], row["lat"])})
    return found


def _terrain(
    conn: Connection, chunks: Sequence[int], cells: Any, points: Sequence[Mapping[str, Any]]
) -> tuple[list[Any], str, list[float]]:
    """Elevation, susceptibility, wetness of the cells; the model's name; elevations of the points' own cells."""
    lo, hi = spans(chunks, RISK_RES)
    homes = cells_of([p["lon"] for p in points], [p["lat"] for p in points], RISK_RES) if points else np.zeros(0, int)
    rows = conn.execute(sql("risk_ground"), {"lo": lo, "hi": hi, "res": RISK_RES, "cells": homes.tolist()}).fetchall()
    columns = [np.full(len(cells), np.nan) for _ in range(3)]
    if not rows:
        return columns, "", [np.nan] * len(points)
    at = np.array([row["cell"] for row in rows], np.int64)
    order = np.argsort(at)
    at = at[order]
    found = [
        np.array([row[n] for row in rows], np.float64)[order] for n in ("elevation_m", "susceptibility", "wetness")
    ]
    found[2] = np.clip((found[2] - _DRY_TWI) / (_WET_TWI - _DRY_TWI), 0.0, 1.0)

    def look(wanted: Any, values: Any) -> Any:
        place = np.minimum(np.searchsorted(at, wanted), len(at) - 1)
        return np.where(at[place] == wanted, values[place], np.nan)

    names = sorted({row["raster"] for row in rows})
    return [look(cells, values) for values in found], ", ".join(names), look(homes, found[0]).tolist()


def _houses(conn: Connection, chunks: Sequence[int], cells: Any) -> Houses:
    lo, hi = spans(chunks, 15)
    asked = {"lo": lo, "hi": hi, **ancestor_bits(RISK_RES)}
    rows = conn.execute(sql("risk_houses"), asked).fetchall()

    def column(name: str) -> Any:
        return np.array([row[name] for row in rows], np.float64)

    return Houses(
        np.searchsorted(cells, np.array([row["cell"] for row in rows], np.int64)), [row["use"] for row in rows],
        np.array([row["floors"] for row in rows], np.int64), column("n"), column("residents"), column("organisations"),
        column("without"),
    )  # fmt: skip


def incident_codes(declared: Declared) -> tuple[list[str], int]:
    """Patterns of all codes that any surface counts, and the most days back."""
    terms = [term for hazard in declared.hazards for term in hazard.terms if isinstance(term, IncidentsTerm)]
    codes = sorted({f"{code}%" for term in terms for code in term.codes})
    return codes, max((term.days for term in terms), default=0)


def _incidents(conn: Connection, declared: Declared, chunks: Sequence[int], hour: int) -> list[Incident]:
    codes, days = incident_codes(declared)
    if not codes:
        return []
    asked = {**boxes_of(chunks, reach_m(declared, "incidents")), "codes": codes, "since": at_hour(hour - days * 24)}
    return [Incident(**row) for row in conn.execute(sql("risk_incidents"), asked).fetchall()]


def _cameras(conn: Connection, chunks: Sequence[int]) -> list[Camera]:
    found = []
    for row in conn.execute(sql("risk_cameras"), boxes_of(chunks, CAMERA_MAX_M + 50.0)).fetchall():
        reach = min(CAMERA_MAX_M, row["range_m"]) if row["range_m"] is not None else CAMERA_M
        found.append(Camera(row["lon"], row["lat"], reach, row["heading_deg"], row["fov_deg"]))
    return found


# -- where there can be risk ------------------------------------------------------------------------------------------


def domain(conn: Connection, declared: Declared, now: datetime) -> set[int]:
    """All chunks in which there is, was, or could be risk."""
    rows = conn.execute(sql("risk_domain"), {"res": RISK_RES, **ancestor_bits(CHUNK_RES)}).fetchall()
    codes, days = incident_codes(declared)
    asked = {"kinds": standing(declared), "codes": codes, "since": now - timedelta(days=days)}
    boxes: list[Box] = [
        (row["west"], row["south"], row["east"], row["north"])
        for row in conn.execute(sql("risk_boxes"), asked).fetchall()
    ]
    return {row["chunk"] for row in rows} | chunks_near(boxes, reach_m(declared, "points", "sensors", "incidents"))


def has_points(hazard: Hazard) -> bool:
    """Whether hazard points or their sensors make a part of it."""
    return any(isinstance(term, PointsTerm | SensorsTerm) and bool(term.hazards) for term in hazard.terms)
