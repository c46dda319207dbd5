"""A whole city's grids redrawn at once: published in one transaction while a screen goes on reading."""

from __future__ import annotations

import os
import statistics
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import shapely

from bench.fence_city import city, connected
from bench.ground import Ground
from bench.row import Row, at_most
from onemap.core.cell import cells_of
from onemap.planning import editions, putting
from onemap.planning.editions import Grid
from onemap.store.db import Connection, connect

GRIDS = int(os.environ.get("ONEMAP_BENCH_GRIDS", "10000"))
FEATURES = int(os.environ.get("ONEMAP_BENCH_FEATURES", "200000"))
#: Of all features. Buildings need a point inside found; managed parts come with nearly every second of them.
SHARES = {"building": 0.55, "part": 0.25, "incident": 0.17, "hazard": 0.025, "team": 0.005}
LON, LAT, SIDE = 110.3, 29.0, 0.004
RUNS = 3


def rows(ground: Ground) -> Iterator[Row]:
    """`planning.publish`: seconds from the ask to the commit, and how long a reader waited beside it at most."""
    with city(ground) as dsn, connected(dsn) as conn:
        across = round(GRIDS**0.5)
        before, after = lattice(across, 0.0), lattice(across, 0.12)
        fill(conn, before, across)
        took, waits, moved = [], [], 0
        for n in range(RUNS):
            seconds, wait, moved = published(dsn, conn, f"e{n}", f"e{n + 1}", after if n % 2 == 0 else before)
            took.append(seconds)
            waits.append(wait)
    note = (
        f"{across * across} grids, all redrawn; {FEATURES} features looked up, {moved} changed hands and were "
        f"written with their history; median of {RUNS}; a reader beside it waited {max(waits) * 1000:.0f} ms at most"
    )
    yield at_most("planning.publish", statistics.median(took), 5.0, "s", note)


def published(dsn: str, conn: Connection, base: str, name: str, after: list[Grid]) -> tuple[float, float, int]:
    """Publish and commit; returns seconds, the longest answer of a reader meanwhile, and the rows that moved."""
    stop, waits = threading.Event(), [0.0]

    def read() -> None:
        with connect(dsn, autocommit=True) as own:
            own.execute("SET lock_timeout = '100ms'")
            while not stop.is_set():
                began = time.perf_counter()
                own.execute(
                    "SELECT count(*) FROM grid_in_force g JOIN building b ON b.grid_code = g.code WHERE b.id < 500"
                )
                own.execute("SELECT edition FROM city").fetchone()
                waits.append(time.perf_counter() - began)
                stop.wait(0.02)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    began = time.perf_counter()
    with conn.transaction():
        putting.turn(conn)
        before = editions.grids(conn, base)
        done = putting.put_new(conn, name, "", base, None, before, after, "bench")
    seconds = time.perf_counter() - began
    stop.set()
    thread.join(10)
    return seconds, max(waits), sum(done.moved.values())


def lattice(across: int, bend: float) -> list[Grid]:
    """Squares whose shared borders have four corners a side; `bend`: how far the inner corners lie off, in sides."""
    rng = np.random.default_rng(5)
    shift = rng.uniform(-1, 1, (across + 1, across + 1, 2)) * bend
    shift[[0, -1]] = 0
    shift[:, [0, -1]] = 0
    row, column = np.mgrid[0 : across + 1, 0 : across + 1]
    node = np.stack([LON + (column + shift[..., 0]) * SIDE, LAT + (row + shift[..., 1]) * SIDE], axis=-1)
    steps = np.linspace(0, 1, 5)[:-1, None]

    def side(a: Any, b: Any) -> Any:
        # From the same end on both sides, so that neighbours have the same corners to the last bit.
        if tuple(a) < tuple(b):
            return a + (b - a) * steps
        return (b + (a - b) * np.linspace(0, 1, 5)[1:, None])[::-1]

    grids = []
    for r in range(across):
        for c in range(across):
            ring = [node[r, c], node[r, c + 1], node[r + 1, c + 1], node[r + 1, c]]
            xy = np.concatenate([side(ring[i], ring[(i + 1) % 4]) for i in range(4)])
            community = f"430802{r // 10:03d}{c // 10:03d}"
            code = f"{community}{(r % 10) * 10 + c % 10 + 1:03d}"
            geom = shapely.MultiPolygon([shapely.Polygon(xy)])
            grids.append(Grid(code, geom, code[-3:], "unit", community, f"t{(r // 10) * 100 + c // 10}"))
    return grids


def fill(conn: Connection, grids: list[Grid], across: int) -> None:
    """The edition `e0` in force, and features that name its grids."""
    conn.execute("DELETE FROM city")
    conn.execute(
        "INSERT INTO city (name, bounds, center, zoom, edition) VALUES ('b', '{110,29,111,30}', '{110,29}', 10, 'e0')"
    )
    with conn.transaction():
        putting._write(conn, "e0", grids)
    rng = np.random.default_rng(7)
    for layer, share in SHARES.items():
        count = round(FEATURES * share)
        at = rng.uniform(0.002, across - 0.002, (count, 2))
        lon, lat = LON + at[:, 0] * SIDE, LAT + at[:, 1] * SIDE
        column, row = at[:, 0].astype(int), at[:, 1].astype(int)
        codes = [grids[r * across + c].code for r, c in zip(row.tolist(), column.tolist(), strict=True)]
        points = shapely.points(lon, lat)
        half = SIDE * 0.01
        shapes = shapely.multipolygons(
            [[one] for one in shapely.box(lon - half, lat - half, lon + half, lat + half)]
        ) if layer == "building" else points  # fmt: skip
        wkb: Any = shapely.to_wkb(shapely.set_srid(shapes, 4326), hex=True, include_srid=True, flavor="extended")
        extra = {"building": ", households, residents", "incident": ", status", "part": ", status"}.get(layer, "")
        values = {"building": (4, 11), "incident": ("reported",), "part": ("intact",)}.get(layer, ())
        cells = cells_of(lon, lat).tolist()
        with conn.transaction(), conn.cursor() as cursor:
            with cursor.copy(f"COPY {layer} (key, geom, h3, grid_code{extra}) FROM STDIN") as copy:
                for i in range(count):
                    copy.write_row((f"{layer}{i}", wkb[i], cells[i], codes[i], *values))
    conn.execute("VACUUM ANALYZE")
