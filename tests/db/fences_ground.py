"""A flat place with movers for the fences' tests, and a follower over it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from shapely.geometry import MultiPolygon, Point, box, mapping

from onemap.fences import service
from onemap.fences.follow import Follower
from onemap.layers import BY_NAME
from onemap.store import feature
from onemap.store.db import Connection
from onemap.store.feature import FeatureRow
from onemap.store.partition import Partitions

LON, LAT = 110.40, 29.10
ZONE = ZoneInfo("Asia/Shanghai")
#: Metres in degrees of longitude, east of (LON, LAT).
EAST = 1 / (111_195.0 * 0.8737)
_TABLES = (
    "geofence", "mover", "grid", "hazard_zone", "hazard", "team", "warning", "fence_state", "fence_mover", "fence_life",
    "fence_absence", "fence_event", "fix", "change_log", "claim", "alert_event", "alert",
)  # fmt: skip


class _Clock:
    """Set by `clear`, for each test: a whole run is longer than a mover may be silent (ten minutes)."""

    zero: datetime


def zero() -> datetime:
    """The instant from which a test counts its seconds: five minutes before it began."""
    return _Clock.zero


def clear(conn: Connection) -> None:
    """Nothing is left of an earlier test, and its clock begins."""
    _Clock.zero = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)
    for table in _TABLES:
        conn.execute(f"DELETE FROM {table}")  # type: ignore[arg-type]
    conn.execute("DELETE FROM consumer WHERE name = 'fences'")


def put(conn: Connection, layer: str, *rows: FeatureRow) -> None:
    with conn.transaction():
        feature.upsert(conn, BY_NAME[layer], rows, feed="test")


def movers(conn: Connection, *keys: str, kind: str = "vehicle", team: str | None = None) -> None:
    """Movers that were never seen, far away."""
    attributes = {"kind": kind, "team_key": team}
    put(conn, "mover", *(FeatureRow(key, Point(LON + 0.5, LAT), {"name": f"车{key}", **attributes}) for key in keys))


def fix(
    conn: Connection, key: str, after_s: float, east_m: float, *, accuracy: float | None = 5.0, alt: float = 0.0
) -> None:
    """One fix, so many metres east of the middle, in its own transaction."""
    fixes(conn, [(key, after_s, east_m, accuracy, alt)])


def fixes(conn: Connection, given: Sequence[tuple[str, float, float, float | None, float]]) -> None:
    with conn.transaction():
        Partitions().ensure(conn, "fix", {zero(), zero() + timedelta(days=1)})
        for key, after_s, east_m, accuracy, alt in given:
            at, lon = zero() + timedelta(seconds=after_s), LON + east_m * EAST
            conn.execute(
                "INSERT INTO fix (mover_id, at, geom, h3, accuracy_m) SELECT id, %s, "
                "st_setsrid(st_makepoint(%s, %s, %s), 4326), 0, %s FROM mover WHERE key = %s",
                (at, lon, LAT, alt, accuracy, key),
            )
            conn.execute(
                "UPDATE mover SET geom = st_setsrid(st_makepoint(%s, %s), 4326), seen_at = %s, accuracy_m = %s "
                "WHERE key = %s AND (seen_at IS NULL OR seen_at < %s)",
                (lon, LAT, at, accuracy, key, at),
            )


def square(west_m: float = -100, east_m: float = 100, half_m: float = 100) -> dict[str, Any]:
    """A GeoJSON box, metres east of the middle."""
    north = half_m / 111_195.0
    return dict(mapping(box(LON + west_m * EAST, LAT - north, LON + east_m * EAST, LAT + north)))


def fence(conn: Connection, name: str = "围栏", **more: Any) -> str:
    """A declared fence; its key."""
    spec = {"name": name, "kind": "alert", "source": {"type": "polygon", "geometry": square()}, **more}
    with conn.transaction():
        _, ground = service.prepared(conn, spec)
        return service.make(conn, spec, ground)


def change(conn: Connection, key: str, **more: Any) -> None:
    spec = {"name": "围栏", "kind": "alert", "source": {"type": "polygon", "geometry": square()}, **more}
    with conn.transaction():
        _, ground = service.prepared(conn, spec)
        service.change(conn, key, spec, ground)


def grid(conn: Connection, code: str, west_m: float, east_m: float, edition: str = "e1") -> None:
    shape = box(LON + west_m * EAST, LAT - 0.001, LON + east_m * EAST, LAT + 0.001)
    put(conn, "grid", FeatureRow(f"{edition}/{code}", MultiPolygon([shape]), {"edition": edition, "code": code}))


def drain(follower: Follower, conn: Connection, after_s: float = 0.0) -> None:
    """Let the follower go until nothing is left; its clock stands at zero() + after_s."""
    for _ in range(50):
        if not follower.step(conn, at=zero() + timedelta(seconds=after_s)):
            return
    raise AssertionError("the follower finds no end")


def told(conn: Connection) -> list[tuple[str, str | None]]:
    """Kinds and movers of all events, in order."""
    rows = conn.execute("SELECT kind, mover_key FROM fence_event ORDER BY id").fetchall()
    return [(row["kind"], row["mover_key"]) for row in rows]


def states(conn: Connection) -> dict[str, int]:
    rows = conn.execute("SELECT m.key, s.state FROM fence_state s JOIN mover m ON m.id = s.mover_id").fetchall()
    return {row["key"]: row["state"] for row in rows}
