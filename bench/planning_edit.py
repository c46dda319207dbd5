"""Edits of a plan on an edition of 10,000 grids: checked, weighed, saved, answered; beside doing it all anew."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from bench.fence_city import city
from bench.ground import Ground
from bench.row import Row, at_most
from onemap.core import clock
from onemap.layers import BY_NAME
from onemap.planning import book
from onemap.planning.grounds import database
from onemap.planning.workspace import Workspaces, workspaces
from onemap.store import feature
from onemap.store.db import Connection, acting, connect
from onemap.store.feature import FeatureRow
from server import plan_answer
from server.answer import Json

LON, LAT, STEP = 110.0, 29.0, 0.003
ACROSS = int(os.environ.get("ONEMAP_BENCH_GRIDS_ACROSS", "100"))
BUILDINGS = int(os.environ.get("ONEMAP_BENCH_BUILDINGS", "200000"))
#: Beside each two houses a case of the last 90 days; and cameras, and two streets through each grid.
CASES, CAMERAS = BUILDINGS // 2, 7_000
#: Corners on each side of a grid, and grids on each side of a community.
CORNERS, COMMUNITY = 8, 5
EDITS = 100


def rows(ground: Ground) -> Iterator[Row]:
    """`planning.edit`: median of five rounds' p99 on the server; `planning.edit-anew`: against all of it anew."""
    with city(ground, "bench_planning") as dsn:
        with connect(dsn, autocommit=True) as conn:
            _declare(conn)
            with acting(conn, "bench"):
                key = book.open_plan(conn, "bench", "bench")["key"]
            began = time.perf_counter()
            Workspaces().get(conn, book.plan(conn, key))
            opened_s = time.perf_counter() - began
            workspaces.get(conn, book.plan(conn, key))
            _round(conn, key, EDITS)  # warm
            rounds = [_round(conn, key, EDITS) for _ in range(5)]
            anew = statistics.median(_anew(conn, key) for _ in range(3))
    worst = statistics.median(statistics.quantiles(took, n=100)[98] for took in rounds)
    middle = statistics.median(statistics.median(took) for took in rounds)
    note = f"{ACROSS * ACROSS} grids, {BUILDINGS} buildings; p50 {middle:.1f} ms; opened in {opened_s:.1f} s"
    yield at_most("planning.edit", worst, 50.0, "ms (p99)", note)
    yield Row(
        "planning.edit-anew", round(middle, 3), round(anew, 1), "coverage_invalid_edges and a whole spatial join", "ms",
        round(anew / middle, 2), 100.0, f"median edit of {5 * EDITS}",
    )  # fmt: skip


def _round(conn: Connection, key: str, count: int) -> list[float]:
    """Milliseconds of each edit: its transaction, and its answer as it goes out."""
    rng = np.random.default_rng(book.plan(conn, key)["version"] + 1)
    took = []
    while len(took) < count:
        plan = book.plan(conn, key)
        cov = workspaces.get(conn, plan).cov
        operation = _operation(cov, rng)
        began = time.perf_counter()
        try:
            with conn.pipeline(), acting(conn, "bench"):  # as the door does it
                done = book.edit(conn, key, plan["version"], operation, "bench")
                Json(plan_answer.difference(conn, done, "bench"))
            workspaces.keep(database(conn), done.workspace)
        except book.ops.Refused:
            continue
        took.append((time.perf_counter() - began) * 1000)
    return took


def _operation(cov: Any, rng: Any) -> dict[str, Any]:
    faces = list(cov.faces)
    face = faces[int(rng.integers(len(faces)))]
    west, south, east, north = cov.polygon(face).bounds
    kind = ("split", "reassign", "move", "merge", "describe")[int(rng.integers(5))]
    if kind == "split":
        y = south + float(rng.uniform(0.35, 0.65)) * (north - south)
        return {"op": "split", "grid": face, "line": [[west - 1e-4, y], [east + 1e-4, y]]}
    if kind == "merge":
        return {"op": "merge", "grids": [face, *list(cov.neighbours(face))[:1]]}
    if kind == "move":
        arc = next(
            (cov.arcs[n] for n in cov.arcs_of(face) if not cov.fixed(cov.arcs[n]) and len(cov.arcs[n].xy) > 2), None
        )
        if arc is not None:
            x, y = arc.xy[1].tolist()
            return {"op": "move", "at": [x, y], "to": [x + STEP * 0.01, y + STEP * 0.01]}
    if kind == "describe":
        return {"op": "describe", "grid": face, "name": f"n{rng.integers(10**6)}"}
    x, y = float(rng.uniform(west, east)), float(rng.uniform(south, north))
    half = STEP * 0.2
    area = shapely.geometry.mapping(shapely.box(x - half, y - half, x + half, y + half))
    return {"op": "reassign", "to": face, "area": area}


def _anew(conn: Connection, key: str) -> float:
    """Milliseconds to look at every border and to count everything anew, as without a plan in memory."""
    work = workspaces.get(conn, book.plan(conn, key))
    faces = list(work.cov.faces)
    shapes = work.cov.polygons(faces)
    values = work.facts.values
    counted = gpd.GeoDataFrame(
        {str(n): values[:, n] for n in range(values.shape[1])}, geometry=shapely.points(work.facts.xy), crs=4326
    )
    grids = gpd.GeoDataFrame({"grid": faces}, geometry=shapes, crs=4326)
    began = time.perf_counter()
    shapely.coverage_invalid_edges(shapes)
    joined = gpd.sjoin(counted, grids, predicate="intersects")
    joined.drop(columns="geometry").groupby("grid")[[str(n) for n in range(values.shape[1])]].sum()
    return (time.perf_counter() - began) * 1000


def _declare(conn: Connection) -> None:
    """A lattice of many-cornered grids in communities, as the edition in force, and what they are weighed by."""
    rng = np.random.default_rng(7)
    size = ACROSS * CORNERS + 1
    xy = np.stack(np.meshgrid(np.arange(size), np.arange(size), indexing="ij"), axis=2) * STEP / CORNERS
    xy = xy + rng.uniform(-0.2, 0.2, xy.shape) * STEP / CORNERS + (LON, LAT)
    grids = []
    numbers: dict[str, int] = {}
    for i in range(ACROSS):
        for j in range(ACROSS):
            a, b, n = i * CORNERS, j * CORNERS, CORNERS
            ring = np.concatenate(
                [xy[a : a + n, b], xy[a + n, b : b + n], xy[a + n : a : -1, b + n], xy[a, b + n : b : -1]]
            )
            number = (i // COMMUNITY) * (ACROSS // COMMUNITY) + j // COMMUNITY
            community = f"330106{number // 100 + 1:03d}{number % 100 + 1:03d}"
            numbers[community] = numbers.get(community, 0) + 1
            code = f"{community}{numbers[community]:03d}"
            shape = shapely.multipolygons([shapely.polygons(ring)])
            columns = {"edition": "e1", "code": code, "name": code[-3:], "kind": "unit", "community_code": community}
            grids.append(FeatureRow(f"e1/{code}", shape, columns))
    # Inside their grids, as houses are: an edition whose borders cut thousands of them is no edition.
    spots = rng.integers(0, ACROSS, (BUILDINGS, 2)) + rng.uniform(0.12, 0.85, (BUILDINGS, 2))
    spots = spots * STEP + (LON, LAT)
    shapes = shapely.multipolygons(shapely.box(*spots.T, *(spots + 8e-5).T)[:, None])
    houses = [
        FeatureRow(f"b{n}", shape, {"households": n % 40, "rentals": n % 5, "use": "residential"})
        for n, shape in enumerate(shapes)
    ]
    with conn.transaction():
        conn.execute("SET LOCAL session_replication_role = replica")  # no history of what is there before the start
        feature.upsert(conn, BY_NAME["grid"], grids, feed="bench")
        feature.upsert(conn, BY_NAME["building"], houses, feed="bench")
        feature.upsert(conn, BY_NAME["incident"], _cases(rng), feed="bench")
        feature.upsert(conn, BY_NAME["camera"], _cameras(rng), feed="bench")
        feature.upsert(conn, BY_NAME["road"], _streets(rng), feed="bench")
        conn.execute(
            "INSERT INTO city (id, name, bounds, center, zoom, edition) VALUES (1, 'b', %s, %s, 12, 'e1')",
            ([LON, LAT, LON + 0.3, LAT + 0.3], [LON, LAT]),
        )
    conn.execute("ANALYZE")


def _cases(rng: Any) -> list[FeatureRow]:
    spots = shapely.points(rng.uniform((LON, LAT), (LON + ACROSS * STEP, LAT + ACROSS * STEP), (CASES, 2)))
    ago = rng.uniform(1.0, 80.0, CASES)
    return [
        FeatureRow(f"i{n}", spot, {"kind": "case", "occurred_at": clock.now() - timedelta(days=float(ago[n]))})
        for n, spot in enumerate(spots)
    ]


def _cameras(rng: Any) -> list[FeatureRow]:
    spots = shapely.points(rng.uniform((LON, LAT), (LON + ACROSS * STEP, LAT + ACROSS * STEP), (CAMERAS, 2)))
    return [FeatureRow(f"c{n}", spot, {"name": f"c{n}"}) for n, spot in enumerate(spots)]


def _streets(rng: Any) -> list[FeatureRow]:
    """One street along each row and column of grids, from end to end: 600 m in a grid."""
    wide = ACROSS * STEP
    at = (np.arange(ACROSS) + rng.uniform(0.3, 0.7, (2, ACROSS))) * STEP
    ends = [[(LON, LAT + y), (LON + wide, LAT + y)] for y in at[0]] + [
        [(LON + x, LAT), (LON + x, LAT + wide)] for x in at[1]
    ]
    lines = shapely.multilinestrings(shapely.linestrings(ends)[:, None])
    return [FeatureRow(f"r{n}", line, {"class": "residential"}) for n, line in enumerate(lines)]
