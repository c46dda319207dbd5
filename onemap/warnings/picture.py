"""What command staff see of warnings: the list, and for one of them why, who, what next and what was done before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import shapely

from onemap.core.clock import now
from onemap.core.errors import BadInput, NotFound
from onemap.store.db import Connection
from onemap.store.sqlfile import sql
from onemap.warnings.ledger import alerts, plain
from onemap.warnings.sight import RANGE_M, eta_s, sees

SERIES = timedelta(hours=6)
BUCKET_S = 120  # 180 points a datastream at most
FRESH = timedelta(minutes=10)  # an older position of a team's vehicle says less than its base
CAMERAS = 12
#: What of a cause is shown as the rule and as the reading.
RULE = ("threshold_key", "property", "name", "op", "enter", "leave", "hold_s", "unit", "level")
READING = ("sensor_key", "sensor_name", "datastream_key", "value", "unit", "at", "since")


def list_warnings(conn: Connection, state: str = "active", *, limit: int = 500) -> list[dict[str, Any]]:
    """Open warnings (`active`) or all of them, worst first, as doors give them. Raises BadInput for other states."""
    if state not in ("active", "all"):
        raise BadInput(f"{state[:40]!r} is neither active nor all.", reason="state")
    rows = conn.execute(sql("warn_list"), {"key": None, "all": state == "all", "limit": limit}).fetchall()
    return [_entry(row) for row in rows]


def one(conn: Connection, key: str) -> dict[str, Any]:
    """One warning as in the list. Raises NotFound."""
    return _entry(_row(conn, key))


def why(conn: Connection, key: str) -> dict[str, Any]:
    """Everything behind one warning. Raises NotFound."""
    row = _row(conn, key)
    cause: Mapping[str, Any] = row["cause"] or {}
    hazard = conn.execute(sql("warn_hazard"), {"hazard": row["hazard_key"]}).fetchone()
    zone = conn.execute(sql("warn_threatened"), {"key": key}).fetchone()
    assert zone is not None  # noqa: S101  (the warning is there: read a moment ago, and warnings are never deleted)
    return {
        "warning": _entry(row),
        "hazard": plain(hazard) if hazard else None,
        "cause": dict(cause) or None,
        "rule": _part(cause, RULE) if cause.get("threshold_key") or cause.get("rule") else None,
        "reading": _part(cause, READING) if cause.get("sensor_key") else None,
        "series": _series(conn, row, cause),
        "threatened": {
            "households": zone["households"] if row["households"] is None else row["households"],
            "residents": zone["residents"] if row["residents"] is None else row["residents"],
            "buildings": zone["buildings"],
        },
        "cameras": _cameras(conn, key, bytes(zone["wkb"])),
        "teams": _teams(conn, key),
        "previous": [plain(entry) for entry in conn.execute(sql("warn_previous"), {"key": key}).fetchall()],
        "timeline": [plain(entry) for entry in conn.execute(sql("warn_timeline"), {"key": key}).fetchall()],
        "alerts": alerts(conn, warning_key=key),
    }


def _part(cause: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: cause.get(name) for name in names}


def _row(conn: Connection, key: str) -> dict[str, Any]:
    row = conn.execute(sql("warn_list"), {"key": key, "all": True, "limit": 1}).fetchone()
    if row is None:
        raise NotFound("There is no such warning.", reason="warning")
    return row


def _entry(row: Mapping[str, Any]) -> dict[str, Any]:
    counted = ("total", "delivered", "acknowledged", "arrived", "resolved")
    entry = plain({name: value for name, value in row.items() if name not in (*counted, "cause")})
    entry["alerts"] = {name: row[name] for name in counted}
    return entry


def _series(conn: Connection, row: Mapping[str, Any], cause: Mapping[str, Any]) -> list[dict[str, Any]]:
    until = row["ended_at"] or now()
    inputs = [key for one in cause.get("inputs") or () for key in one.get("datastreams") or ()]
    return conn.execute(
        sql("warn_series"),
        {
            "hazard": row["hazard_key"],
            "first": cause.get("datastream_key"),
            "streams": inputs[:24],
            "from": until - SERIES,
            # A source's clock may run a little ahead of ours.
            "to": until + timedelta(minutes=5),
            "bucket_s": BUCKET_S,
        },
    ).fetchall()


def _cameras(conn: Connection, key: str, zone_wkb: bytes) -> list[dict[str, Any]]:
    zone = shapely.from_wkb(zone_wkb)
    found = []
    for row in conn.execute(sql("warn_cameras"), {"key": key, "range_m": RANGE_M}).fetchall():
        view = {name: row[name] for name in ("heading_deg", "fov_deg", "range_m")}
        if sees(zone, row["lon"], row["lat"], **view):
            kept = ("key", "name", "status", "lon", "lat")
            found.append({name: row[name] for name in kept} | {"distance_m": round(row["distance_m"])})
    return found[:CAMERAS]


def _teams(conn: Connection, key: str) -> list[dict[str, Any]]:
    rows = conn.execute(sql("warn_near_teams"), {"key": key, "fresh": now() - FRESH}).fetchall()
    return [
        plain(row) | {"distance_m": round(row["distance_m"]), "eta_s": eta_s(row["distance_m"], row["kind"])}
        for row in rows
    ]
