"""The ladder's small city with a named edition, and other ways to draw its grids."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from shapely import MultiPolygon, Point, box

from onemap.planning import editions, putting
from onemap.planning.editions import Grid
from onemap.planning.putting import Put
from onemap.store.db import Connection
from onemap.store.feature import FeatureRow
from tests.db import call_ground as ground
from tests.db.call_ground import LAT, LON, SIDE, put

OLD, NEW = "2025", "2026"
#: The new grid's code: the next of the first community.
FRESH = f"{ground.COMMUNITIES[0]}003"


def strip(start: float, stop: float) -> MultiPolygon:
    """From west to east, in sides of the squares."""
    return MultiPolygon([box(LON + start * SIDE, LAT, LON + stop * SIDE, LAT + SIDE)])


def spot(n: float) -> Point:
    """A place on the middle line, in sides."""
    return Point(LON + n * SIDE, LAT + SIDE / 2)


def city(conn: Connection, *, desks: bool = True) -> None:
    """The ladder's city; its grids are the edition `OLD`, which is in force."""
    ground.city(conn, desks=desks)
    conn.execute("UPDATE grid SET edition = %s, key = %s || '/' || code, kind = 'unit'", (OLD, OLD))
    conn.execute(
        "INSERT INTO city (name, bounds, center, zoom, edition) VALUES ('云岭', %s, %s, 12, %s)",
        ([LON, LAT, LON + 4 * SIDE, LAT + SIDE], [LON + 2 * SIDE, LAT + SIDE / 2], OLD),
    )


def redrawn(conn: Connection) -> list[Grid]:
    """The first grid loses its eastern half to a new grid of team g2; the third and fourth become one, of team g3."""
    one, two, three, _ = editions.grids(conn, OLD)
    return [
        replace(one, geom=strip(0, 0.5)),
        two,
        Grid(FRESH, strip(0.5, 1), "网格1乙", "unit", one.community_code, "g2"),
        replace(three, geom=strip(2, 4)),
    ]


def publish(conn: Connection, after: list[Grid] | None = None) -> Put:
    """Put the redrawn city in force, past every review."""
    before = editions.grids(conn, OLD)
    with conn.transaction():
        putting.turn(conn)
        return putting.put_new(conn, NEW, "", OLD, None, before, after or redrawn(conn), "t")


def roll_back(conn: Connection, carried: Any) -> Put:
    """Put the old edition back."""
    with conn.transaction():
        putting.turn(conn)
        return putting.put_back(conn, NEW, OLD, editions.grids(conn, NEW), editions.grids(conn, OLD), carried)


def case(conn: Connection, key: str, n: float, code: str | None, status: str = "reported", **more: Any) -> None:
    """An incident at a place."""
    put(conn, "incident", FeatureRow(key, spot(n), {"grid_code": code, "status": status, **more}))


def code_of(conn: Connection, layer: str, key: str) -> str | None:
    """The grid that a row names."""
    row = conn.execute(f"SELECT grid_code FROM {layer} WHERE key = %s", (key,)).fetchone()
    assert row is not None, key
    found: str | None = row["grid_code"]
    return found
