"""Edits of a plan on an edition of 10,000 grids: checked, weighed, saved, answered; beside doing it all anew."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterator
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from bench.fence_city import city
from bench.ground import Ground
from bench.planning_city import STEP, declare
from bench.row import Row, at_most
from onemap.planning import book
from onemap.planning.grounds import database
from onemap.planning.workspace import Workspaces, workspaces
from onemap.store.db import Connection, acting, connect
from server import plan_answer
from server.answer import Json

ACROSS = int(os.environ.get("ONEMAP_BENCH_GRIDS_ACROSS", "100"))
BUILDINGS = int(os.environ.get("ONEMAP_BENCH_BUILDINGS", "200000"))
EDITS = 100


def rows(ground: Ground) -> Iterator[Row]:
    """`planning.edit`: median of five rounds' p99 on the server; `planning.edit-anew`: against all of it anew."""
    with city(ground, "bench_planning") as dsn:
        with connect(dsn, autocommit=True) as conn:
            declare(conn, ACROSS, BUILDINGS)
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
