"""A small wet slope for the warnings' tests: a hazard point with zone, sensors, thresholds, and teams around it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from shapely.geometry import MultiPolygon, Point, box

from onemap.core.settings import CaseSettings
from onemap.layers import BY_NAME
from onemap.store import feature
from onemap.store.db import Connection
from onemap.store.feature import FeatureRow
from onemap.warnings.service import Reading, evaluate

T0 = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
CLOCKS = CaseSettings()
LON, LAT = 110.40, 29.10
ZONE = MultiPolygon([box(LON - 0.001, LAT - 0.001, LON + 0.001, LAT + 0.001)])
#: level → enter, leave
LEVELS = {4: (10.0, 8.0), 3: (20.0, 16.0), 2: (30.0, 25.0), 1: (40.0, 35.0)}


def put(conn: Connection, layer: str, *rows: FeatureRow) -> None:
    feature.upsert(conn, BY_NAME[layer], rows, feed="test")


def slope(conn: Connection, name: str = "h1", *, hold_s: float = 0.0, zone: bool = True) -> None:
    """A hazard point with a crack meter (all four levels) and a rain gauge (level III), and the teams around it."""
    put(
        conn,
        "hazard",
        FeatureRow(
            name,
            Point(LON, LAT),
            {"name": "云溪沟3号滑坡", "kind": "landslide", "level": 3, "households": 12, "residents": 45},
        ),
    )
    if zone:
        put(conn, "hazard_zone", FeatureRow(f"z-{name}", ZONE, {"hazard_key": name, "name": "威胁区"}))
    for kind, title, prop, unit in (("crack_meter", "裂缝计", "crack", "mm"), ("rain_gauge", "雨量计", "rain", "mm")):
        sensor = f"{name}-{prop}"
        put(
            conn,
            "sensor",
            FeatureRow(sensor, Point(LON, LAT), {"name": f"{title}01", "kind": kind, "hazard_key": name}),
        )
        conn.execute(
            "INSERT INTO datastream (key, sensor_key, property, name, unit) VALUES (%s, %s, %s, %s, %s)",
            (f"{sensor}-ds", sensor, prop, title, unit),
        )
    rules = [(f"{name}-crack-ds", level, *limits) for level, limits in LEVELS.items()]
    rules.append((f"{name}-rain-ds", 3, 50.0, 40.0))
    for stream, level, enter, leave in rules:
        conn.execute(
            "INSERT INTO threshold (key, datastream_key, hazard_key, level, op, enter, leave, hold_s) "
            "VALUES (%s, %s, %s, %s, '>=', %s, %s, %s)",
            (f"{stream}-{level}", stream, name, level, enter, leave, hold_s),
        )


def teams(conn: Connection) -> None:
    """Two teams whose fences meet the zone, one whose fence does not."""
    for key, east in (("t1", 0.0), ("t2", 0.002), ("t3", 0.5)):
        base = Point(LON + east + 0.01, LAT)
        put(
            conn,
            "team",
            FeatureRow(key, base, {"name": f"队伍{key}", "kind": "geohazard", "status": "idle", "members": 6}),
        )
        fence = box(LON + east - 0.0015, LAT - 0.01, LON + east + 0.0015, LAT + 0.01)
        put(conn, "geofence", FeatureRow(f"f-{key}", MultiPolygon([fence]), {"team_key": key, "kind": "duty"}))


def reading(value: float, minutes: float, stream: str = "h1-crack-ds") -> Reading:
    return Reading(1, stream, T0 + timedelta(minutes=minutes), value)


def feed(conn: Connection, *values: tuple[float, float], stream: str = "h1-crack-ds") -> list[str]:
    """(value, minute) pairs as one batch."""
    return evaluate(conn, [reading(value, minute, stream) for value, minute in values], CLOCKS)
