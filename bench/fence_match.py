"""Who is in which fence: 10 million points in 100,000 fences, beside shapely's tree and a join in PostGIS."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from bench.ground import Ground
from bench.row import Row, faster, interleaved
from onemap.fences.index import FenceIndex
from onemap.store.db import Connection, connect

#: A city of about 57 x 55 km.
WEST, SOUTH, EAST, NORTH = 108.2, 30.5, 108.8, 31.0
FENCES, POINTS = 100_000, 10_000_000
#: What the peers are asked of the same points; all of them would take them minutes.
TREE_POINTS, JOIN_POINTS = 300_000, 100_000
ROUNDS = 5

Floats = npt.NDArray[np.float64]
Shapes = npt.NDArray[np.object_]


def rows(ground: Ground) -> list[Row]:
    """`fences.match_strtree`, `fences.match_postgis`: points a second with all their fences told."""
    rng = np.random.default_rng(20_260_601)
    ids, fences = np.arange(FENCES), city(rng, FENCES)
    lon, lat = positions(rng, fences, POINTS)
    began = time.perf_counter()
    index = FenceIndex.build(ids[:10], fences[:10])
    index.match(lon[:10], lat[:10])  # compile
    began = time.perf_counter()
    index = FenceIndex.build(ids, fences)
    built = time.perf_counter() - began
    tree = shapely.STRtree(fences)
    sample = shapely.points(lon[:TREE_POINTS], lat[:TREE_POINTS])
    kept: dict[str, Any] = {}
    dsn = _prepared(ground, ids, fences, lon[:JOIN_POINTS], lat[:JOIN_POINTS])
    with connect(dsn, statement_timeout_s=0) as conn:

        def ours() -> float:
            began = time.perf_counter()
            kept["ours"] = index.match(lon, lat)
            return POINTS / (time.perf_counter() - began)

        def strtree() -> float:
            began = time.perf_counter()
            kept["tree"] = tree.query(sample, predicate="intersects")
            return TREE_POINTS / (time.perf_counter() - began)

        def postgis() -> float:
            began = time.perf_counter()
            kept["join"] = conn.execute(_JOIN).fetchone()
            return JOIN_POINTS / (time.perf_counter() - began)

        mine, beside, join = interleaved(ROUNDS, ours, strtree, postgis)
        told = conn.execute(_PAIRS).fetchall()
    point, fence = kept["ours"]
    wrong_tree = _apart(point, fence, TREE_POINTS, *kept["tree"])
    joined = np.array([(row["point"], row["fence"]) for row in told], np.int64).reshape(-1, 2)
    wrong_join = _apart(point, fence, JOIN_POINTS, joined[:, 0], joined[:, 1])
    if wrong_tree or wrong_join:
        raise AssertionError(f"{wrong_tree} pairs differ from shapely's, {wrong_join} from PostGIS'")
    vertices = len(shapely.get_coordinates(fences)) / FENCES
    note = (
        f"{FENCES:,} fences of {vertices:.0f} vertices on average, {POINTS:,} points,"
        f" 1 in 100 on a border, {len(point) / POINTS:.2f} fences a point; built in {built:.1f} s;"
    )
    return [
        faster("fences.match_strtree", mine, beside, "shapely.STRtree.query(intersects), bulk", "points/s", 5.0,
               f"{note} the peer: {TREE_POINTS:,} of the points, ready as geometries; 0 pairs differ"),
        faster("fences.match_postgis", mine, join, "PostGIS, GiST + ST_Subdivide join", "points/s", 100.0,
               f"{note} the peer: {JOIN_POINTS:,} of the points in a table, pairs counted there; 0 pairs differ"
               " from those of its whole fences"),
    ]  # fmt: skip


def city(rng: np.random.Generator, count: int) -> Shapes:
    """Fences of a city: a mesh of unit grids that share borders, buffers around assets, some hazard zones."""
    mesh = int(np.sqrt(count * 0.4))
    zones = max(1, count // 1000)
    # The mesh gets finer and buffers smaller with more fences: a point is in about two, however many there are.
    shrink = np.sqrt(100_000 / count)
    grids = _mesh(rng, mesh)
    buffers = _blobs(rng, count - mesh * mesh - zones, 70.0 * shrink, 30)
    return np.concatenate((grids, buffers, _blobs(rng, zones, 600.0 * shrink, 300)))


def positions(rng: np.random.Generator, fences: Shapes, count: int) -> tuple[Floats, Floats]:
    """Points all over the city and heaped at 300 places; 1 in 100 on a vertex or in the middle of an edge."""
    lon, lat = rng.uniform(WEST, EAST, count), rng.uniform(SOUTH, NORTH, count)
    heaps = rng.uniform((WEST, SOUTH), (EAST, NORTH), (300, 2))
    heaped = rng.random(count) < 0.3
    here = heaps[rng.integers(0, 300, heaped.sum())] + rng.normal(0.0, 0.01, (heaped.sum(), 2))
    lon[heaped], lat[heaped] = here.T
    corners = shapely.get_coordinates(fences)
    on = np.flatnonzero(rng.random(count) < 0.01)
    at = rng.integers(0, len(corners) - 1, len(on))
    share = rng.integers(0, 2, len(on))[:, None] * 0.5
    lon[on], lat[on] = (corners[at] + (corners[at + 1] - corners[at]) * share).T
    return lon, lat


def _mesh(rng: np.random.Generator, side: int) -> Shapes:
    """A coverage of side x side quadrilaterals with corners moved at random."""
    x, y = np.meshgrid(np.linspace(WEST, EAST, side + 1), np.linspace(SOUTH, NORTH, side + 1))
    corner = np.stack((x, y), axis=-1)
    corner += rng.uniform(-0.3, 0.3, corner.shape) * ((EAST - WEST) / side, (NORTH - SOUTH) / side)
    ring = np.stack((corner[:-1, :-1], corner[:-1, 1:], corner[1:, 1:], corner[1:, :-1]), axis=2)
    return np.asarray(shapely.polygons(ring.reshape(-1, 4, 2)))


def _blobs(rng: np.random.Generator, count: int, radius_m: float, vertices: int) -> Shapes:
    """Star-shaped polygons of log-normal size around random places."""
    center = rng.uniform((WEST, SOUTH), (EAST, NORTH), (count, 1, 2))
    turn = (np.arange(vertices) + rng.uniform(0.1, 0.9, (count, vertices))) / vertices * 2 * np.pi
    reach = rng.lognormal(np.log(radius_m), 0.5, (count, 1)) * rng.uniform(0.7, 1.3, (count, vertices)) / 111_195.0
    ring = center + np.stack((np.cos(turn) * reach / np.cos(np.radians(30.8)), np.sin(turn) * reach), axis=-1)
    return np.asarray(shapely.polygons(ring))


#: What is right is asked of whole fences: subdividing rounds the corners that it adds, and borders move with them.
_PAIRS = """
SELECT p.id AS point, f.id AS fence FROM bench_point p JOIN bench_fence f ON ST_Intersects(f.geom, p.geom)
"""
#: The same join, counted where it is made: no time goes into telling the pairs.
_JOIN = """
SELECT count(*) FROM bench_point p JOIN bench_fence_part f ON ST_Intersects(f.geom, p.geom)
"""


def _apart(point: Any, fence: Any, first: int, other_point: Any, other_fence: Any) -> int:
    """How many pairs of the first points are in one answer only."""
    known = point < first
    mine, theirs = point[known] * FENCES + fence[known], other_point * FENCES + other_fence
    return len(np.setxor1d(mine, theirs))


def _prepared(ground: Ground, ids: npt.NDArray[np.int64], fences: Shapes, lon: Floats, lat: Floats) -> str:
    """A database of this bench's own with fences cut by ST_Subdivide, indexed, and the points."""
    ground.cluster.start()
    name = f"fence_{FENCES}"
    ground.cluster.ensure_database(name)
    dsn = ground.cluster.dsn(name)
    with connect(dsn, statement_timeout_s=0) as conn:
        conn.execute("CREATE EXTENSION IF NOT EXISTS postgis")
        for table in ("bench_fence", "bench_fence_part", "bench_point"):
            conn.execute(f"DROP TABLE IF EXISTS {table}")
        conn.execute("CREATE TABLE bench_fence (id bigint, geom geometry(Geometry, 4326))")
        conn.execute("CREATE TABLE bench_point (id bigint, geom geometry(Point, 4326))")
        _copy(conn, "bench_fence", ids, fences)
        _copy(conn, "bench_point", np.arange(len(lon)), np.asarray(shapely.points(lon, lat)))
        # 32 vertices a part was the fastest of 16, 32, 64 and 128.
        conn.execute("CREATE TABLE bench_fence_part AS SELECT id, ST_Subdivide(geom, 32) AS geom FROM bench_fence")
        conn.execute("CREATE INDEX ON bench_fence_part USING gist (geom)")
        conn.execute("CREATE INDEX ON bench_fence USING gist (geom)")
        conn.commit()
        conn.autocommit = True
        conn.execute("VACUUM ANALYZE bench_fence_part")
        conn.execute("VACUUM ANALYZE bench_fence")
        conn.execute("VACUUM ANALYZE bench_point")
    return dsn


def _copy(conn: Connection, table: str, ids: npt.NDArray[np.int64], shapes: Shapes) -> None:
    with conn.cursor() as cursor, cursor.copy(f"COPY {table} (id, geom) FROM STDIN") as copy:
        wkb = shapely.to_wkb(shapely.set_srid(shapes, 4326), hex=True, include_srid=True)
        for row in zip(ids.tolist(), wkb.tolist(), strict=True):
            copy.write_row(row)
