"""Where a subject lies and whom it threatens."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from onemap.core.cell import boundary, cells_of
from onemap.core.errors import NotFound
from onemap.core.geometry import representatives
from onemap.store.db import Connection
from onemap.store.sqlfile import sql

#: Kinds of subjects whose place is known from the map; a CAP message and a person bring their own.
KINDS = ("hazard", "grid", "area", "sensor", "feed", "fence", "cell")
_CELL = re.compile(r"[0-9a-f]{15}", re.IGNORECASE)


@dataclass(frozen=True)
class Place:
    """A subject's zone (WGS-84 multipolygon as WKB), its name, and its own counts where it has them."""

    wkb: bytes
    name: str
    hazard_key: str | None = None
    households: int | None = None
    residents: int | None = None


def place_of(conn: Connection, subject: str, *, sensor_key: str | None = None) -> Place:
    """The place of a subject on the map. Raises NotFound (reason "place") when it is nowhere.

    `sensor_key` stands in for a hazard point that is not on the map.
    """
    kind, _, name = subject.partition(":")
    if kind == "cell" and _CELL.fullmatch(name):
        return Place(shapely.to_wkb(multi(boundary(int(name, 16)))), name)
    found = None
    if kind in KINDS:
        asked = {"what": kind, "id": name, "sensor": sensor_key}
        found = conn.execute(sql("claim_place"), asked).fetchone()
    if found is None:
        raise NotFound(f"{subject[:100]} is not on the map.", reason="place")
    return Place(bytes(found["wkb"]), found["name"], found["hazard_key"], found["households"], found["residents"])


def union(wkbs: Iterable[bytes]) -> bytes:
    """The union of zones as one multipolygon."""
    distinct = sorted(set(wkbs))
    if len(distinct) == 1:
        return distinct[0]
    return shapely.to_wkb(multi(shapely.union_all([shapely.from_wkb(one) for one in distinct])))


def normal(wkb: bytes) -> bytes:
    """A zone as the database gives it back: one multipolygon, little-endian WKB."""
    return shapely.to_wkb(multi(shapely.from_wkb(wkb)))


def multi(geom: BaseGeometry) -> MultiPolygon:
    """The polygons of a geometry as one multipolygon."""
    if isinstance(geom, MultiPolygon):
        return geom
    if isinstance(geom, Polygon):
        return MultiPolygon([geom])
    return MultiPolygon([part for part in getattr(geom, "geoms", ()) if isinstance(part, Polygon)])


def counts(conn: Connection, wkb: bytes) -> tuple[int | None, int | None]:
    """Households and residents of the buildings in a zone."""
    row = conn.execute(sql("claim_counts"), {"wkb": wkb}).fetchone()
    return (row["households"], row["residents"]) if row else (None, None)


def spot(wkb: bytes) -> tuple[float, float, int]:
    """The point that stands for a zone, and its H3 cell."""
    lon, lat = representatives(np.array([shapely.from_wkb(wkb)], dtype=object))
    return float(lon[0]), float(lat[0]), int(cells_of(lon, lat)[0])
