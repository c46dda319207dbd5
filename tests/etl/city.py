"""A handful of features that feeds refer to: a hazard point with sensors, movers, unit grids."""

from __future__ import annotations

from shapely import MultiPolygon
from shapely import box as _box
from shapely.geometry import Point

from onemap.layers import BY_NAME
from onemap.store import feature
from onemap.store.db import Connection
from onemap.store.feature import FeatureRow

EDITION = "2026"
GRIDS = ("990101001001001", "990101001001002")


def box(*bounds: float) -> MultiPolygon:
    return MultiPolygon([_box(*bounds)])


def plant(conn: Connection) -> None:
    """Write the features; the caller commits."""

    def put(layer: str, *rows: FeatureRow) -> None:
        feature.upsert(conn, BY_NAME[layer], rows, feed="test")

    put("hazard", FeatureRow("YH-01", Point(110.41, 29.11), {"name": "云溪沟", "kind": "landslide", "level": 2}))
    put("hazard_zone", FeatureRow("YH-01/zone", box(110.40, 29.10, 110.42, 29.12), {"hazard_key": "YH-01"}))
    sensor = {"kind": "rain_gauge", "status": "online"}
    put("sensor", FeatureRow("YL-01", Point(110.411, 29.111), {**sensor, "name": "雨量计", "hazard_key": "YH-01"}))
    put("sensor", FeatureRow("LF-01", Point(110.412, 29.112), {"kind": "crack_meter", "name": "裂缝计"}))
    put("mover", FeatureRow("UAV0001", Point(110.4, 29.1), {"name": "无人机 01", "kind": "drone", "status": "docked"}))
    put("mover", FeatureRow("CL-01", Point(110.4, 29.1), {"name": "消防车 01", "kind": "vehicle", "status": "docked"}))
    for at, code in enumerate(GRIDS):
        west = 110.40 + 0.01 * at
        values = {"edition": EDITION, "code": code, "kind": "unit"}
        put("grid", FeatureRow(f"{EDITION}/{code}", box(west, 29.10, west + 0.01, 29.12), values))
    for key, sensor_key in (("YL-01.rain", "YL-01"), ("YL-01.24h", "YL-01"), ("LF-01.gap", "LF-01")):
        conn.execute(
            "INSERT INTO datastream (key, sensor_key, property, name, unit) VALUES (%s, %s, 'rain', %s, 'mm')",
            (key, sensor_key, key),
        )
