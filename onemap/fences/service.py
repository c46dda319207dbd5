"""What the doors do with fences: list, make, change and take away, try, and tell who is there and what happened."""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import shapely
from psycopg.types.json import Jsonb
from shapely import MultiPolygon
from shapely.geometry.base import BaseGeometry

from onemap.core.cell import cells_of
from onemap.core.clock import now
from onemap.core.errors import BadInput, NotFound
from onemap.core.geometry import representatives
from onemap.fences import machine, wording
from onemap.fences.declare import Declared, read
from onemap.fences.ground import buffered, ground_of
from onemap.fences.index import METRES_PER_DEGREE, FenceIndex
from onemap.store.db import Connection
from onemap.store.sqlfile import sql


def listed(
    conn: Connection, zone: ZoneInfo, *, key: str | None = None, area: bytes | None = None, limit: int = 1000
) -> list[dict[str, Any]]:
    """Declared fences that meet the area, by name, with how they stand now."""
    rows = conn.execute(sql("fence_list"), {"key": key, "area": area, "limit": limit}).fetchall()
    return [_entry(row, zone) for row in rows]


def one(conn: Connection, key: str, zone: ZoneInfo, *, area: bytes | None = None) -> dict[str, Any]:
    """One declared fence. Raises NotFound."""
    found = listed(conn, zone, key=key, area=area)
    if not found:
        raise NotFound("There is no such fence.", reason="fence")
    return found[0]


def prepared(conn: Connection, spec: Mapping[str, Any]) -> tuple[Declared, MultiPolygon]:
    """A checked declaration and its ground. Raises BadInput, NotFound."""
    declared = read(spec)
    return declared, ground_of(conn, declared.source)


def make(conn: Connection, spec: Mapping[str, Any], ground: MultiPolygon) -> str:
    """Store a new fence in the caller's transaction; returns its key."""
    key = f"fence-{secrets.token_hex(6)}"
    conn.execute(sql("fence_make"), {"key": key, **_columns(spec, ground)})
    return key


def change(conn: Connection, key: str, spec: Mapping[str, Any], ground: MultiPolygon) -> None:
    """Store another declaration under a fence's key; the same one again changes nothing. Raises NotFound."""
    if conn.execute("SELECT 1 FROM geofence WHERE key = %s AND spec IS NOT NULL FOR UPDATE", (key,)).fetchone() is None:
        raise NotFound("There is no such fence.", reason="fence")
    conn.execute(sql("fence_change"), {"key": key, **_columns(spec, ground)})


def remove(conn: Connection, key: str) -> None:
    """Take a fence away; its history and its events stay. Raises NotFound."""
    if not conn.execute("DELETE FROM geofence WHERE key = %s AND spec IS NOT NULL", (key,)).rowcount:
        raise NotFound("There is no such fence.", reason="fence")


def preview(
    conn: Connection, spec: Mapping[str, Any], *, area: bytes | None, movers: bool
) -> dict[str, Any]:  # fmt: skip
    """What a declared fence would hold; what is wrong with it is listed, not raised."""
    try:
        declared, ground = prepared(conn, spec)
    except (BadInput, NotFound) as error:
        empty = {"type": "MultiPolygon", "coordinates": []}
        return {
            "geometry": empty, "area_m2": 0.0, "buildings": 0, "households": None, "residents": None, "hazards": 0,
            "cameras": 0, "grids": [], "movers": [], "problems": [error.message],
        }  # fmt: skip
    asked = {"ground": shapely.to_wkb(ground), "area": area, "kinds": sorted(declared.mover_kinds)}
    row = conn.execute(sql("fence_preview"), asked).fetchone()
    assert row is not None  # noqa: S101  (one row for one ground)
    inside = conn.execute(sql("fence_preview_movers"), asked).fetchall() if movers else []
    return {"geometry": _geojson(ground), **row, "movers": inside, "problems": _remarks(declared)}


def inside(conn: Connection, key: str, *, area: bytes | None) -> list[dict[str, Any]]:
    """Objects that are not simply outside a fence, with the probability and distance of where they stand now."""
    fence = conn.execute(sql("fence_list"), {"key": key, "area": area, "limit": 1}).fetchone()
    if fence is None:
        raise NotFound("There is no such fence.", reason="fence")
    rows = conn.execute(sql("fence_inside"), {"key": key, "area": area}).fetchall()
    if not rows:
        return []
    lon, lat = (np.array([row[name] for row in rows]) for name in ("lon", "lat"))
    metres = _distances(fence, lon, lat)
    found = []
    for row, distance in zip(rows, metres.tolist(), strict=True):
        accuracy = row["accuracy_m"] if row["accuracy_m"] is not None else -1.0
        found.append(
            {
                "mover_key": row["mover_key"], "mover_name": row["mover_name"], "kind": row["kind"],
                "state": machine.STATE_NAMES[machine.real(row["state"])], "since": row["since"],
                "probability": round(machine.probability(distance, machine.sigma_of(accuracy)), 4),
                "distance_m": round(distance, 1), "seen_at": row["seen_at"] or row["since"],
            }
        )  # fmt: skip
    return found


def events(
    conn: Connection, *, fence: str | None, since: datetime | None, area: bytes | None, limit: int
) -> list[dict[str, Any]]:
    """What happened at fences, newest first."""
    asked = {"fence": fence, "since": since, "area": area, "limit": limit}
    return [told(row) for row in conn.execute(sql("fence_events"), asked).fetchall()]


def told(row: Mapping[str, Any]) -> dict[str, Any]:
    """An event as the doors and the live stream tell it."""
    names = ("id", "fence_key", "fence_name", "mover_key", "mover_name", "kind", "at", "lon", "lat", "probability")
    return {**{name: row[name] for name in names}, "reason": wording.reason(row), "warning_key": row["warning_key"]}


def _distances(fence: Mapping[str, Any], lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """Signed metres to the border of a fence, as the index measures them."""
    ground = shapely.from_wkb(fence["wkb"])
    if fence["spec"]["source"]["type"] == "mover" and fence["centre"] is not None:
        centre = shapely.from_wkb(fence["centre"])
        east = METRES_PER_DEGREE * np.cos(np.radians(lat))
        metres = np.hypot((lon - centre.x) * east, (lat - centre.y) * METRES_PER_DEGREE)
        return np.asarray(metres - fence["spec"]["source"]["radius_m"])
    found = np.full(len(lon), math.inf)
    at, _, metres = FenceIndex.build(np.array([1]), np.array([ground], dtype=object)).near(
        lon, lat, np.full(len(lon), 50_000.0)
    )
    found[at] = metres
    return np.asarray(np.minimum(found, 50_000.0))


def _columns(spec: Mapping[str, Any], ground: BaseGeometry) -> dict[str, Any]:
    lon, lat = representatives(np.array([ground], dtype=object))
    return {
        "wkb": shapely.to_wkb(ground), "h3": int(cells_of(lon, lat)[0]), "name": spec["name"], "kind": spec["kind"],
        "team_key": spec.get("team_key"), "level": spec.get("level"), "spec": Jsonb(dict(spec)),
    }  # fmt: skip


def _entry(row: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    ground = shapely.from_wkb(row["wkb"])
    spec, problem = row["spec"], row["problem"]
    try:
        state = read(spec).state(now(), zone, problem=problem)
        if spec["source"]["type"] == "mover" and row["centre"] is not None:
            ground = buffered(shapely.from_wkb(row["centre"]), float(spec["source"]["radius_m"]))
    except BadInput as error:
        state, problem = "broken", problem or error.message
    return {
        **DEFAULTS, **spec, "key": row["key"], "name": row["name"], "state": state, "problem": problem,
        "geometry": _geojson(ground), "area_m2": round(row["area_m2"], 1), "inside": row["inside"],
        "changed_at": row["changed_at"], "changed_by": row["changed_by"],
    }  # fmt: skip


def _geojson(geom: BaseGeometry) -> dict[str, Any]:
    rounded = shapely.transform(geom, lambda xy: np.round(xy, 7))
    found: dict[str, Any] = shapely.geometry.mapping(rounded)
    return found


def _remarks(declared: Declared) -> list[str]:
    """What is allowed, and probably not meant."""
    remarks = []
    if declared.warn_on - declared.events:
        names = ", ".join(sorted(declared.warn_on - declared.events))
        remarks.append(f"只告警不记事件：{names} · warned of, but not written as events: {names}")
    if "approach" in declared.events | declared.warn_on and declared.approach_m <= 0:
        remarks.append("未设接近距离，不会有接近事件 · approach_m is 0: nothing approaches")
    if "dwell" in declared.events | declared.warn_on and declared.dwell_s <= 0:
        remarks.append("未设停留时长，不会有停留事件 · dwell_s is 0: nothing dwells")
    if "absent_when_due" in declared.events | declared.warn_on and declared.due is None:
        remarks.append("未设应到对象，不会有缺席事件 · nobody is due: nobody is absent")
    return remarks


#: What a declaration that leaves a field out means by it.
DEFAULTS: dict[str, Any] = {
    "kind": "alert", "team_key": None, "level": None, "events": ["enter", "exit"], "warn_on": [], "on_create": "event",
    "enter_p": 0.8, "exit_p": 0.2, "approach_m": 0, "dwell_s": 0, "max_speed_mps": 70, "floor_m": None,
    "ceiling_m": None, "hours": "0-24", "weekdays": [], "valid_from": None, "valid_until": None, "mover_kinds": [],
    "due": None, "note": "",
}  # fmt: skip
