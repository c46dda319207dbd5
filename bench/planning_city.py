"""A lattice of grids in communities as the edition in force, and what they are weighed by: for planners' benches."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import shapely

from onemap.core import clock
from onemap.layers import BY_NAME
from onemap.store import feature
from onemap.store.db import Connection
from onemap.store.feature import FeatureRow

LON, LAT, STEP = 110.0, 29.0, 0.003
#: Grids on each side of a community.
COMMUNITY = 5
CAMERAS = 7_000


def declare(conn: Connection, across: int, buildings: int, corners: int = 8) -> None:
    """`across` squared many-cornered grids (`corners` a side), houses in them, beside each two houses a case of the
    last 90 days; a managed part for each house, cameras, and two streets through each grid.
    """
    rng = np.random.default_rng(7)
    size = across * corners + 1
    xy = np.stack(np.meshgrid(np.arange(size), np.arange(size), indexing="ij"), axis=2) * STEP / corners
    xy = xy + rng.uniform(-0.2, 0.2, xy.shape) * STEP / corners + (LON, LAT)
    grids = []
    numbers: dict[str, int] = {}
    for i in range(across):
        for j in range(across):
            a, b, n = i * corners, j * corners, corners
            ring = np.concatenate(
                [xy[a : a + n, b], xy[a + n, b : b + n], xy[a + n : a : -1, b + n], xy[a, b + n : b : -1]]
            )
            number = (i // COMMUNITY) * -(-across // COMMUNITY) + j // COMMUNITY
            community = f"330106{number // 100 + 1:03d}{number % 100 + 1:03d}"
            numbers[community] = numbers.get(community, 0) + 1
            code = f"{community}{numbers[community]:03d}"
            shape = shapely.multipolygons([shapely.polygons(ring)])
            columns = {"edition": "e1", "code": code, "name": code[-3:], "kind": "unit", "community_code": community}
            grids.append(FeatureRow(f"e1/{code}", shape, columns))
    # Inside their grids, as houses are: an edition whose borders cut thousands of them is no edition.
    spots = rng.integers(0, across, (buildings, 2)) + rng.uniform(0.12, 0.85, (buildings, 2))
    spots = spots * STEP + (LON, LAT)
    shapes = shapely.multipolygons(shapely.box(*spots.T, *(spots + 8e-5).T)[:, None])
    houses = [
        FeatureRow(f"b{n}", shape, {"households": n % 40, "rentals": n % 5, "use": "residential"})
        for n, shape in enumerate(shapes)
    ]
    wide = across * STEP
    with conn.transaction():
        conn.execute("SET LOCAL session_replication_role = replica")  # no history of what is there before the start
        feature.upsert(conn, BY_NAME["grid"], grids, feed="bench")
        feature.upsert(conn, BY_NAME["building"], houses, feed="bench")
        feature.upsert(conn, BY_NAME["incident"], _cases(rng, across, buildings // 2), feed="bench")
        feature.upsert(conn, BY_NAME["camera"], _cameras(rng, across), feed="bench")
        feature.upsert(conn, BY_NAME["road"], _streets(rng, across), feed="bench")
        feature.upsert(conn, BY_NAME["part"], _parts(rng, across, buildings), feed="bench")
        conn.execute(
            "INSERT INTO city (id, name, bounds, center, zoom, edition) VALUES (1, 'b', %s, %s, 12, 'e1')",
            ([LON, LAT, LON + wide, LAT + wide], [LON + wide / 2, LAT + wide / 2]),
        )
    conn.execute("ANALYZE")


def _cases(rng: Any, across: int, count: int) -> list[FeatureRow]:
    spots = shapely.points(rng.uniform((LON, LAT), (LON + across * STEP, LAT + across * STEP), (count, 2)))
    ago = rng.uniform(1.0, 80.0, count)
    return [
        FeatureRow(f"i{n}", spot, {"kind": "case", "occurred_at": clock.now() - timedelta(days=float(ago[n]))})
        for n, spot in enumerate(spots)
    ]


def _cameras(rng: Any, across: int) -> list[FeatureRow]:
    spots = shapely.points(rng.uniform((LON, LAT), (LON + across * STEP, LAT + across * STEP), (CAMERAS, 2)))
    return [FeatureRow(f"c{n}", spot, {"name": f"c{n}"}) for n, spot in enumerate(spots)]


def _parts(rng: Any, across: int, count: int) -> list[FeatureRow]:
    spots = shapely.points(rng.uniform((LON, LAT), (LON + across * STEP, LAT + across * STEP), (count, 2)))
    return [FeatureRow(f"p{n}", spot, {"class_code": "01037", "status": "intact"}) for n, spot in enumerate(spots)]


def _streets(rng: Any, across: int) -> list[FeatureRow]:
    """One street along each row and column of grids, from end to end: 600 m in a grid."""
    wide = across * STEP
    at = (np.arange(across) + rng.uniform(0.3, 0.7, (2, across))) * STEP
    ends = [[(LON, LAT + y), (LON + wide, LAT + y)] for y in at[0]] + [
        [(LON + x, LAT), (LON + x, LAT + wide)] for x in at[1]
    ]
    lines = shapely.multilinestrings(shapely.linestrings(ends)[:, None])
    return [FeatureRow(f"r{n}", line, {"class": "residential"}) for n, line in enumerate(lines)]
