"""Editions of the grids as they are kept: which is in force, which there are, the grids of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from onemap.core.errors import NotFound
from onemap.planning.plane import areas_m2
from onemap.store.db import Connection
from onemap.store.sqlfile import sql


@dataclass(frozen=True)
class Grid:
    """A grid with its ground (a multipolygon in WGS-84 degrees); `code` is its id in a plan before it has one."""

    code: str
    geom: BaseGeometry = field(repr=False)
    name: str = ""
    kind: str = "unit"
    community_code: str | None = None
    team_key: str | None = None
    special: str | None = None


def current(conn: Connection) -> str | None:
    """The edition in force; None when there are no grids, or only such of no edition."""
    row = conn.execute("SELECT onemap.edition_in_force() AS name").fetchone()
    return None if row is None else row["name"]


def at(conn: Connection, instant: datetime) -> str | None:
    """The edition that was in force at an instant."""
    row = conn.execute("SELECT onemap.edition_at(%s) AS name", (instant,)).fetchone()
    return None if row is None else row["name"]


def exists(conn: Connection, name: str) -> bool:
    """Whether there is an edition of that name."""
    row = conn.execute("SELECT EXISTS (SELECT FROM grid WHERE edition = %s) AS there", (name,)).fetchone()
    return row is not None and bool(row["there"])


def listed(conn: Connection) -> list[dict[str, Any]]:
    """Every edition, newest first, with the periods in which it was in force."""
    return [dict(row) for row in conn.execute(sql("edition_list")).fetchall()]


def grids(conn: Connection, name: str | None) -> list[Grid]:
    """The grids of an edition in the order of their codes. Raises NotFound for one that has none."""
    rows = conn.execute(sql("edition_grids"), {"edition": name}).fetchall()
    if not rows:
        raise NotFound(f"There is no edition {str(name)[:64]!r}.", reason="edition")
    geoms: Any = shapely.from_wkb(np.array([row["wkb"] for row in rows], dtype=object))
    return [
        Grid(row["code"], geom, row["name"], row["kind"], row["community_code"], row["team_key"], row["special"])
        for row, geom in zip(rows, geoms, strict=True)
    ]


def shapes(found: Sequence[Grid]) -> npt.NDArray[Any]:
    """The grounds of grids as an array."""
    made = np.empty(len(found), dtype=object)
    made[:] = [grid.geom for grid in found]
    return made


def areas(found: Sequence[Grid]) -> npt.NDArray[np.float64]:
    """Square metres of each grid."""
    return areas_m2(shapes(found)) if found else np.zeros(0)


def holds(conn: Connection, name: str, code: str, area: bytes | None = None) -> bool:
    """Whether an edition has a grid of that code, inside the asker's area if there is one."""
    row = conn.execute(
        "SELECT EXISTS (SELECT FROM grid WHERE coalesce(edition, '') = %s AND code = %s "
        "AND (%s::bytea IS NULL OR st_intersects(geom, st_geomfromwkb(%s::bytea, 4326)))) AS there",
        (name, code, area, area),
    ).fetchone()
    return row is not None and bool(row["there"])
