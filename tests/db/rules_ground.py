"""Ground for tests of rules: a hazard point, sensors with one datastream each, incidents, a hillside."""

from __future__ import annotations

from datetime import datetime

from onemap.core.cell import cell_of, centers, disk
from onemap.store.db import Connection
from onemap.store.partition import Partitions

POINT = "st_setsrid(st_makepoint(%s, %s), 4326)"


def add_hazard(conn: Connection, key: str, lon: float, lat: float, *, level: int = 2) -> None:
    """A landslide point."""
    conn.execute(
        f"INSERT INTO hazard (key, geom, h3, name, kind, level) VALUES (%s, {POINT}, %s, %s, 'landslide', %s)",
        (key, lon, lat, cell_of(lon, lat), f"点{key}", level),
    )


def add_sensor(conn: Connection, key: str, lon: float, lat: float, prop: str, *, hazard: str | None = None) -> None:
    """A sensor with one datastream of the same key."""
    conn.execute(
        f"INSERT INTO sensor (key, geom, h3, name, kind, hazard_key) VALUES (%s, {POINT}, %s, %s, 'crack_meter', %s)",
        (key, lon, lat, cell_of(lon, lat), key, hazard),
    )
    conn.execute(
        "INSERT INTO datastream (key, sensor_key, property, name, unit) VALUES (%s, %s, %s, %s, 'x')",
        (key, key, prop, prop),
    )


def observe(conn: Connection, key: str, points: list[tuple[datetime, float]]) -> None:
    """Store readings, as the pipeline does."""
    days = {at.date(): at for at, _ in points}
    Partitions().ensure(conn, "observation", days.values())
    for at, value in points:
        conn.execute(
            "INSERT INTO observation (datastream_id, at, value) SELECT id, %s, %s FROM datastream WHERE key = %s",
            (at, value, key),
        )
        conn.execute(
            "UPDATE datastream SET last_at = %s, last_value = %s WHERE key = %s AND (last_at IS NULL OR last_at < %s)",
            (at, value, key, at),
        )


def add_incident(conn: Connection, key: str, lon: float, lat: float, at: datetime, code: str) -> None:
    """A reported incident."""
    conn.execute(
        f"INSERT INTO incident (key, geom, h3, kind, code, source, status, reported_at) "
        f"VALUES (%s, {POINT}, %s, 'matter', %s, 'patrol', 'reported', %s)",
        (key, lon, lat, cell_of(lon, lat), code, at),
    )


def add_terrain(conn: Connection, *, slope_per_deg: float) -> None:
    """A hillside that rises to the north around 114.31 E 30.60 N, in cells of resolution 9."""
    cells = disk(cell_of(114.31, 30.60, 9), 14)
    _, lat = centers(cells)
    for cell, y in zip(cells.tolist(), lat.tolist(), strict=True):
        conn.execute(
            "INSERT INTO terrain_cell (res, cell, elevation_m, slope_deg, slope_max_deg, raster) "
            "VALUES (9, %s, %s, 1, 1, 'x')",
            (cell, 100 + (y - 30.60) * slope_per_deg),
        )
