"""A small city for the ladder's tests: a district of one street and two communities with two grids each, and teams."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb
from shapely import wkb
from shapely.geometry import MultiPolygon, Point, box

from onemap.core.cell import cells_of
from onemap.layers import BY_NAME
from onemap.store import feature
from onemap.store.db import Connection
from onemap.store.feature import FeatureRow
from onemap.warnings.calling import desk
from onemap.warnings.calling.roster import Duty

T0 = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)  # 20:00 in the city
LON, LAT, SIDE = 110.40, 29.10, 0.01
DISTRICT, STREET = "430802", "430802001"
COMMUNITIES = ("430802001001", "430802001002")
GRIDS = tuple(f"{community}00{n}" for community in COMMUNITIES for n in (1, 2))
DESKS = {DISTRICT: "dd", STREET: "ds", COMMUNITIES[0]: "dc1", COMMUNITIES[1]: "dc2"}
#: The team that each grid names.
OWN = dict(zip(GRIDS, ("g1", "g1", "g3", "g4"), strict=True))


def put(conn: Connection, layer: str, *rows: FeatureRow) -> None:
    feature.upsert(conn, BY_NAME[layer], rows, feed="test")


def cell(n: int) -> MultiPolygon:
    """The square of the nth grid, from west to east."""
    return MultiPolygon([box(LON + n * SIDE, LAT, LON + (n + 1) * SIDE, LAT + SIDE)])


def city(conn: Connection, *, desks: bool = True) -> None:
    """Areas, grids, one building of 3 households and 10 people in each grid, teams; desks have their area's duty."""
    whole = MultiPolygon([box(LON, LAT, LON + 4 * SIDE, LAT + SIDE)])
    put(
        conn,
        "area",
        FeatureRow(DISTRICT, whole, {"level": "district", "code": DISTRICT, "parent_code": None, "name": "云岭区"}),
        FeatureRow(STREET, whole, {"level": "street", "code": STREET, "parent_code": DISTRICT, "name": "白石镇"}),
    )
    for n, code in enumerate(COMMUNITIES):
        half = MultiPolygon([box(LON + 2 * n * SIDE, LAT, LON + 2 * (n + 1) * SIDE, LAT + SIDE)])
        attributes = {"level": "community", "code": code, "parent_code": STREET, "name": f"社区{n + 1}"}
        put(conn, "area", FeatureRow(code, half, attributes))
    for n, code in enumerate(GRIDS):
        attributes = {"code": code, "name": f"网格{n + 1}", "community_code": code[:12], "team_key": OWN[code]}
        put(conn, "grid", FeatureRow(f"now:{code}", cell(n), attributes))
        middle = Point(LON + (n + 0.5) * SIDE, LAT + SIDE / 2).buffer(0.0005, quad_segs=1)
        counts = {"households": 3, "residents": 10, "grid_code": code}
        put(conn, "building", FeatureRow(f"b{n}", MultiPolygon([middle]), counts))
    for key in ("g1", "g2", "g3", "g4", *DESKS.values()):
        kind = "desk" if key.startswith("d") else "grid"
        put(conn, "team", FeatureRow(key, Point(LON, LAT), {"name": f"队伍{key}", "kind": kind, "status": "idle"}))
    if desks:
        desk.put(conn, [(code, Duty(team)) for code, team in DESKS.items()])


def warn(
    conn: Connection,
    key: str = "w:h1",
    *,
    grids: tuple[int, ...] = (0,),
    level: int = 2,
    zone: MultiPolygon | None = None,
    at: datetime = T0,
    **more: Any,
) -> str:
    """A warning over the middle of some grids, as the warnings' engine writes one."""
    inside = [box(LON + (n + 0.2) * SIDE, LAT + 0.002, LON + (n + 0.8) * SIDE, LAT + 0.008) for n in grids]
    geom = zone or MultiPolygon(inside)
    spot = geom.representative_point()
    columns = {
        "level": level, "state": "active", "title": f"橙色 II 级 · {key}", "kind": "geohazard", "raised_at": at,
        "changed_at": at, "drill": False, "calling": "none", "cause": Jsonb({"text_zh": "裂缝", "text_en": "crack"}),
    } | more  # fmt: skip
    names = ", ".join(columns)
    conn.execute(
        f"INSERT INTO warning (key, geom, h3, {names}) "
        f"VALUES (%s, st_setsrid(st_geomfromwkb(%s), 4326), %s, {', '.join(['%s'] * len(columns))})",
        (key, wkb.dumps(geom), int(cells_of([spot.x], [spot.y])[0]), *columns.values()),
    )
    return key


def after(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def alert_of(conn: Connection, team: str, key: str = "w:h1") -> int:
    """The newest alert of a team."""
    row = conn.execute(
        "SELECT id FROM alert WHERE team_key = %s AND warning_key = %s ORDER BY id DESC LIMIT 1", (team, key)
    ).fetchone()
    assert row is not None, team
    return int(row["id"])
