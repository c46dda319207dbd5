"""A small city for the planner's tests: an edition of grids in communities, with houses in them."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from onemap.layers import BY_NAME
from onemap.planning.coverage import Coverage
from onemap.store import feature
from onemap.store.db import Connection, acting
from onemap.store.feature import FeatureRow
from tests.unit.plan_ground import LAT, LON, STEP, across, parts

EDITION = "e1"
STREET = "330106001"
WEST, EAST = "330106001001", "330106001002"
COLUMNS, ROWS = 6, 4


def city(conn: Connection, *, edition: str = EDITION, seed: int = 1) -> None:
    """Two communities of a street with the grids of an edition, which is in force, houses, and a team."""
    with acting(conn, "test"):
        grids(conn, edition, seed=seed)
        put_areas(conn, seed=seed)
        rng = np.random.default_rng(5)
        spots = rng.uniform((LON, LAT), (LON + COLUMNS * STEP, LAT + ROWS * STEP), (300, 2))
        feature.upsert(
            conn,
            BY_NAME["building"],
            [
                FeatureRow(
                    f"b{n}",
                    shapely.multipolygons([shapely.box(x, y, x + 5e-5, y + 5e-5)]),
                    {"households": int(n % 7) + 1, "residents": int(n % 7) * 3, "use": "residential"},
                )
                for n, (x, y) in enumerate(spots.tolist())
            ],
            feed="test",
        )
        feature.upsert(
            conn, BY_NAME["team"], [FeatureRow("t1", shapely.Point(LON, LAT), {"name": "一队"})], feed="test"
        )
        in_force(conn, edition)


def city_anew(conn: Connection) -> None:
    """The small city, without anything of an earlier test."""
    for table in ("plan_edit", "plan_ground", "plan", "grid", "area", "building", "team"):
        conn.execute(f"DELETE FROM {table}")  # type: ignore[arg-type]
    city(conn)


def in_force(conn: Connection, edition: str) -> None:
    """Let the city name an edition."""
    conn.execute(
        "INSERT INTO city (id, name, bounds, center, zoom, edition) VALUES (1, '测试城', %s, %s, 12, %s) "
        "ON CONFLICT (id) DO UPDATE SET edition = excluded.edition",
        ([LON, LAT, LON + 0.02, LAT + 0.02], [LON, LAT], edition),
    )


def grids(conn: Connection, edition: str, *, seed: int = 1, instead: Coverage | None = None) -> None:
    """The grids of an edition: a lattice in two communities, or those of a coverage."""
    if instead is None:
        faces, geoms = parts(COLUMNS, ROWS, seed=seed, communities=2)
    else:
        faces = list(instead.faces.values())
        geoms = list(instead.polygons(instead.faces))
    rows = [
        FeatureRow(
            f"{edition}/{face.id}",
            geom,
            {"edition": edition, "code": face.id}
            | {name: face.props.get(name) for name in ("name", "kind", "special", "community_code", "team_key")},
        )
        for face, geom in zip(faces, geoms, strict=True)
    ]
    feature.upsert(conn, BY_NAME["grid"], rows, feed="test")


def put_areas(conn: Connection, *, seed: int = 1) -> None:
    """The street and its communities."""
    faces, geoms = parts(COLUMNS, ROWS, seed=seed, communities=2)
    found: dict[str, list[Any]] = {STREET: list(geoms)}
    for face, geom in zip(faces, geoms, strict=True):
        found.setdefault(str(face.community), []).append(geom)
    feature.upsert(
        conn,
        BY_NAME["area"],
        [
            FeatureRow(
                code,
                shapely.multipolygons(shapely.get_parts(shapely.coverage_union_all(shapes))),
                {"code": code, "name": f"区{code[-3:]}", "level": "street" if code == STREET else "community",
                 "parent_code": None if code == STREET else STREET},
            )
            for code, shapes in found.items()
        ],
        feed="test",
    )  # fmt: skip


def grid(column: int, row: int) -> str:
    """Id of a grid of the lattice."""
    return f"33010600100{1 + column * 2 // COLUMNS}{column * ROWS + row + 1:03d}"


def split(column: int, row: int, at: float = 0.5) -> dict[str, Any]:
    """An operation that splits a grid."""
    return {"op": "split", "grid": grid(column, row), "line": across(column, row, at)}


def named(column: int, row: int, name: str) -> dict[str, Any]:
    """An operation that names a grid."""
    return {"op": "describe", "grid": grid(column, row), "name": name}
