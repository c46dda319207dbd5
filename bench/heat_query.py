"""Viewport questions over millions of incidents: the cube, beside PostGIS aggregating the same rows."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import h3.api.basic_int as h3
import numpy as np
import numpy.typing as npt

from bench.ground import Ground
from bench.row import Row, at_most, faster
from onemap.core.cell import cell_of, cells_of, parents
from onemap.heat import service
from onemap.heat.ask import Ask
from onemap.heat.count.cube import Cube
from onemap.heat.window import Box, HeatCells, at_hour, hour_of, inside_mask, radius_m, widened
from onemap.layers import LAYERS
from onemap.store.db import Connection, connect
from onemap.store.migrate import migrate

FULL = os.environ.get("ONEMAP_BENCH_FULL") == "1"
COUNT = int(os.environ.get("ONEMAP_BENCH_HEAT", 100_000_000 if FULL else 20_000_000))
NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
YEARS = 2
CITY = (106.2, 29.3, 106.9, 29.9)
CATEGORIES = tuple(f"matter-{number:02d}" for number in range(1, 11))
SOURCES = ("12345", "drone")
WINDOWS = ("2h", "24h", "7d", "30d", "90d", "365d", "7d~1w", "7d~1y", "90d@fri18-24", "90d@mon-fri08-10")
#: A map of 1400 x 850 points at 512-point tiles.
SCREEN = (1400, 850)
ASKED, ASKED_OF_PEER = 3000, 40
_BLOCK = 1_000_000
_PG_EPOCH_H = 262_968
_HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_EVENT = np.dtype(
    [
        ("columns", ">i2"), ("l0", ">i4"), ("surface", "S9"), ("l1", ">i4"), ("fid", ">i8"), ("l2", ">i4"),
        ("cell", ">i8"), ("l3", ">i4"), ("hour", ">i8"), ("l4", ">i4"), ("category", "S9"), ("l5", ">i4"),
        ("source", "S5"), ("l6", ">i4"), ("severity", ">i2"), ("l7", ">i4"), ("n", ">i4"),
    ]
)  # fmt: skip
_POINT = np.dtype(
    [
        ("columns", ">i2"), ("l0", ">i4"), ("id", ">i8"), ("l1", ">i4"), ("order", "u1"), ("kind", "<u4"),
        ("srid", "<u4"), ("x", "<f8"), ("y", "<f8"), ("l2", ">i4"), ("h3", ">i8"), ("l3", ">i4"), ("at", ">i8"),
        ("l4", ">i4"), ("category", "S9"),
    ]
)  # fmt: skip
_PEER = """
SELECT (h3 & ~(15::bigint << 52)) | (%(res)s::bigint << 52) | ((1::bigint << (3 * (15 - %(res)s::int))) - 1) AS cell,
       count(*)::float8 AS value
FROM bench_incident
WHERE geom && st_makeenvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326) AND at >= %(from)s AND at < %(to)s
  AND (cardinality(%(starts)s::timestamptz[]) = 1 OR EXISTS (
    SELECT 1 FROM unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[]) AS w (low, high)
    WHERE at >= w.low AND at < w.high))
  AND (%(categories)s::text[] IS NULL OR category = ANY(%(categories)s::text[]))
GROUP BY 1 ORDER BY 1
"""


def rows(ground: Ground) -> Iterator[Row]:
    """`heat.query`: the 99th percentile of a viewport question; `heat.query_postgis`: beside PostGIS."""
    dsn = _prepared(ground)
    questions = list(_questions(random.Random(3), ASKED))
    with connect(dsn, statement_timeout_s=600) as conn:
        cube = Cube()
        cube.load(conn)
        cube.warm()
        for question in questions[:200]:
            _ours(conn, cube, question)
        times, most = [], 0
        for question in questions:
            began = time.perf_counter()
            found = _ours(conn, cube, question)
            times.append(time.perf_counter() - began)
            most = max(most, len(found.cells))
        if most > 5000:
            raise RuntimeError(f"a viewport of {most} cells is more than asked")
        note = (
            f"{COUNT:,} incidents of {YEARS} years, {ASKED} viewports of {SCREEN[0]} x {SCREEN[1]}, zoom 8-17, at most "
            f"{most} cells, windows and categories mixed; median {np.median(times) * 1e3:.2f} ms; cube of "
            f"{cube.nbytes / 1e6:,.0f} MB loaded in {cube.loaded_s:.0f} s"
        )
        yield at_most("heat.query", float(np.percentile(times, 99)) * 1e3, 10.0, "ms p99", note)
        ours, peer = _beside(conn, cube, questions[:ASKED_OF_PEER])
    note = f"{ASKED_OF_PEER} of these questions, taken in turns, same answers; GiST on the points, B-tree on the time"
    yield faster(
        "heat.query_postgis", 1.0 / ours, 1.0 / peer, "PostGIS GROUP BY of the rows", "queries/s", 1000.0, note
    )


Question = tuple[Ask, int, Box]


def _questions(rng: random.Random, count: int) -> Iterator[Question]:
    for _ in range(count):
        zoom = rng.uniform(8.0, 17.0)
        res = service.res_for_zoom(zoom)
        lat = rng.gauss((CITY[1] + CITY[3]) / 2, 0.1)
        lon = rng.gauss((CITY[0] + CITY[2]) / 2, 0.1)
        degrees = 360.0 / 512.0 / 2.0**zoom
        width, height = SCREEN[0] * degrees, SCREEN[1] * degrees * np.cos(np.radians(lat))
        # Where a screen would hold more than 5,000 cells, their border ones included, the map shown is smaller.
        cells = width * height * np.cos(np.radians(lat)) * 111.195**2 / h3.cell_area(cell_of(lon, lat, res))
        shrink = min(1.0, (4300.0 / cells) ** 0.5)
        width, height = width * shrink, height * shrink
        categories = tuple(sorted(rng.sample(CATEGORIES, rng.choice((0, 0, 1, 3)))))
        ask = Ask("incidents", rng.choice(WINDOWS), categories, now=NOW)
        yield ask, res, (lon - width / 2, lat - height / 2, lon + width / 2, lat + height / 2)


def _ours(conn: Connection, cube: Cube, question: Question) -> HeatCells:
    ask, res, box = question
    return service.cells(conn, ask, res, box, view=cube.view())


def _beside(conn: Connection, cube: Cube, questions: list[Question]) -> tuple[float, float]:
    """Mean seconds of a question, ours and the peer's; every answer is compared."""
    ours = peer = 0.0
    for question in questions:
        ask, res, box = question
        began = time.perf_counter()
        found = _ours(conn, cube, question)
        ours += time.perf_counter() - began
        hours = ask.hours()
        west, south, east, north = widened(box, 2.5 * radius_m(res))  # cells that stick out are counted whole
        given = {
            "res": res, "west": west, "south": south, "east": east, "north": north, "from": at_hour(hours[0, 0]),
            "to": at_hour(hours[-1, 1]), "starts": [at_hour(hour) for hour in hours[:, 0]],
            "ends": [at_hour(hour) for hour in hours[:, 1]], "categories": list(ask.categories) or None,
        }  # fmt: skip
        began = time.perf_counter()
        listed = conn.execute(_PEER, given, binary=True).fetchall()
        peer += time.perf_counter() - began
        known = {row["cell"]: row["value"] for row in listed}
        mine = dict(zip(found.cells.tolist(), found.values.tolist(), strict=True))
        if any(known.get(cell) != value for cell, value in mine.items()):
            raise RuntimeError(f"different counts for {question}")
        cells = np.array(sorted(known), np.int64)
        if len(cells) and not set(cells[_centred(cells, box)].tolist()) <= mine.keys():
            raise RuntimeError(f"cells missing for {question}")
    return ours / len(questions), peer / len(questions)


def _centred(cells: npt.NDArray[np.int64], box: Box) -> npt.NDArray[np.bool_]:
    """Cells well inside the box."""
    west, south, east, north = box
    dx, dy = (east - west) * 0.1, (north - south) * 0.1
    inset = (west + dx, south + dy, east - dx, north - dy)
    return inside_mask(cells, inset, 12)


def _prepared(ground: Ground) -> str:
    """A database of this bench's own, filled once."""
    ground.cluster.start()
    name = f"heat_{COUNT}"
    ground.cluster.ensure_database(name)
    dsn = ground.cluster.dsn(name)
    migrate(dsn, LAYERS)
    with connect(dsn, statement_timeout_s=0) as conn:
        row = conn.execute("SELECT to_regclass('bench_ready') IS NOT NULL AS ready").fetchone()
        if row is not None and row["ready"]:
            return dsn
        _fill(conn)
        conn.execute("CREATE TABLE bench_ready ()")
        conn.commit()
        conn.autocommit = True
        conn.execute("VACUUM ANALYZE bench_incident")
        conn.execute("VACUUM ANALYZE heat_event")
    return dsn


def _fill(conn: Connection) -> None:
    conn.execute("SET maintenance_work_mem = '1GB'")
    conn.execute("DROP TABLE IF EXISTS bench_incident")
    conn.execute(
        "CREATE TABLE bench_incident (id bigint, geom geometry(Point, 4326), h3 bigint, at timestamptz, category text)"
    )
    conn.execute("TRUNCATE heat_event")
    for index in ("ix_heat_event_cell", "ix_heat_event_hour"):
        conn.execute(f"DROP INDEX {index}")
    conn.execute("ALTER TABLE heat_event DROP CONSTRAINT pk_heat_event")
    rng = np.random.default_rng(7)
    heaps = 400
    at = (rng.uniform(CITY[0], CITY[2], heaps), rng.uniform(CITY[1], CITY[3], heaps))
    spread, share = rng.lognormal(-4.5, 0.8, heaps), rng.pareto(1.2, heaps) + 0.2
    for start in range(0, COUNT, _BLOCK):
        events, points = _block(rng, start, min(_BLOCK, COUNT - start), at, spread, share / share.sum())
        _copy(conn, "heat_event (surface, fid, cell, hour, category, source, severity, n)", events)
        _copy(conn, "bench_incident (id, geom, h3, at, category)", points)
    conn.execute("ALTER TABLE heat_event ADD CONSTRAINT pk_heat_event PRIMARY KEY (surface, fid)")
    conn.execute("CREATE INDEX ix_heat_event_cell ON heat_event (surface, cell)")
    conn.execute("CREATE INDEX ix_heat_event_hour ON heat_event (surface, hour)")
    conn.execute("CREATE INDEX ON bench_incident USING gist (geom)")
    conn.execute("CREATE INDEX ON bench_incident (at)")


def _block(
    rng: np.random.Generator,
    start: int,
    count: int,
    at: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]],
    spread: npt.NDArray[np.float64],
    share: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.void], npt.NDArray[np.void]]:
    """Some incidents around the heaps, as rows of both tables."""
    heap = rng.choice(len(share), count, p=share)
    x = at[0][heap] + rng.normal(size=count) * spread[heap]
    y = at[1][heap] + rng.normal(size=count) * spread[heap]
    hour = hour_of(NOW) - (rng.random(count) * YEARS * 8760).astype(np.int64)
    minute = rng.integers(0, 60, count)
    category = np.array(CATEGORIES, "S9")[rng.choice(len(CATEGORIES), count, p=_shares(len(CATEGORIES)))]
    ids, stored = np.arange(start, start + count), cells_of(x, y)
    events = np.zeros(count, _EVENT)
    events["columns"] = 8
    for name, width in (("l0", 9), ("l1", 8), ("l2", 8), ("l3", 8), ("l4", 9), ("l5", 5), ("l6", 2), ("l7", 4)):
        events[name] = width
    events["surface"], events["fid"], events["cell"], events["n"] = b"incidents", ids, parents(stored, 12), 1
    events["hour"] = (hour - _PG_EPOCH_H) * 3_600_000_000
    events["category"], events["source"] = category, np.array(SOURCES, "S5")[rng.integers(0, len(SOURCES), count)]
    events["severity"] = rng.integers(0, 5, count)
    points = np.zeros(count, _POINT)
    points["columns"], points["order"], points["kind"], points["srid"] = 5, 1, 0x20000001, 4326
    for name, width in (("l0", 8), ("l1", 25), ("l2", 8), ("l3", 8), ("l4", 9)):
        points[name] = width
    points["id"], points["x"], points["y"], points["h3"] = ids, x, y, stored
    points["at"] = events["hour"].astype(np.int64) + minute * 60_000_000
    points["category"] = category
    return events, points


def _shares(count: int) -> npt.NDArray[np.float64]:
    weights = 1.0 / np.arange(1, count + 1)
    return np.asarray(weights / weights.sum())


def _copy(conn: Connection, into: str, rows: npt.NDArray[np.void]) -> None:
    with conn.cursor() as cursor, cursor.copy(f"COPY {into} FROM STDIN (FORMAT binary)") as copy:
        copy.write(_HEADER)
        copy.write(rows.tobytes())
        copy.write(b"\xff\xff")
