"""A made-up city of fences and movers for the fences' benches, in a database of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import numpy as np
import shapely

from bench.ground import Ground
from onemap.layers import LAYERS
from onemap.store.db import Connection, connect
from onemap.store.migrate import migrate
from onemap.store.partition import Partitions

LON, LAT, WIDE = 110.0, 29.0, 0.5
NAME = "bench_fences"


@contextmanager
def city(ground: Ground, name: str = NAME) -> Iterator[str]:
    """An empty database; its connection string. Dropped at the end."""
    ground.cluster.start()
    ground.cluster.drop_database(name)
    ground.cluster.ensure_database(name)
    migrate(ground.cluster.dsn(name), LAYERS)
    try:
        yield ground.cluster.dsn(name)
    finally:
        ground.cluster.drop_database(name)


def declare(conn: Connection, count: int, *, share: float = 0.2, wide: float = WIDE) -> None:
    """`count` twelve-cornered fences that together hold a share of `wide` degrees of ground, however many they are."""
    rng = np.random.default_rng(count)
    radius = wide * np.sqrt(share / (np.pi * count))
    spec = {
        "name": "f",
        "kind": "alert",
        "source": {"type": "polygon", "geometry": {"type": "Polygon"}},
        "dwell_s": 600,
    }
    turns = np.linspace(0, 2 * np.pi, 13)
    with conn.transaction(), conn.cursor() as cursor:
        conn.execute("SET LOCAL session_replication_role = replica")  # no log of what is there before the start
        with cursor.copy("COPY geofence (key, geom, h3, name, kind, spec) FROM STDIN") as copy:
            for start in range(0, count, 50_000):
                size = min(50_000, count - start)
                x, y = LON + rng.uniform(0, wide, size), LAT + rng.uniform(0, wide, size)
                ring = np.stack([x[:, None] + radius * np.cos(turns), y[:, None] + radius * np.sin(turns)], axis=2)
                shapes = shapely.set_srid(shapely.multipolygons(np.asarray(shapely.polygons(ring))[:, None]), 4326)
                hexes = shapely.to_wkb(shapes, hex=True, include_srid=True)
                rest = f"\t0\tf\talert\t{json.dumps(spec)}\n"
                copy.write("".join(f"f{start + n}\t{geom}{rest}" for n, geom in enumerate(hexes)))
    conn.execute("ANALYZE geofence")


def movers(conn: Connection, count: int) -> list[int]:
    """So many vehicles; their ids."""
    with conn.transaction():
        rows = conn.execute(
            "INSERT INTO mover (key, geom, h3, name, kind) SELECT 'm' || n, st_setsrid(st_makepoint(110, 29), 4326), "
            "0, 'm' || n, 'vehicle' FROM generate_series(1, %s) n RETURNING id",
            (count,),
        ).fetchall()
    return [row["id"] for row in rows]


class Traffic:
    """Vehicles at some 12 m/s, one fix each second, accuracies of 3 to 15 m."""

    def __init__(self, ids: list[int], seed: int = 7, *, wide: float = WIDE) -> None:
        self.rng = np.random.default_rng(seed)
        self.wide = wide
        self.ids = np.array(ids)
        self.places = np.array([LON, LAT]) + self.rng.uniform(0, wide, (len(ids), 2))
        self.headings = self.rng.uniform(0, 2 * np.pi, len(ids))
        self.at = datetime.now(UTC) - timedelta(hours=1)

    def commit(self, conn: Connection, seconds: int) -> int:
        """Store so many seconds of everybody's fixes, a transaction for each second; returns how many fixes."""
        with conn.transaction():
            Partitions().ensure(conn, "fix", {self.at, self.at + timedelta(seconds=seconds)})
        for _ in range(seconds):
            self.at += timedelta(seconds=1)
            self.headings += self.rng.normal(0, 0.1, len(self.ids))
            step = 12.0 / 111_195.0
            self.places += step * np.column_stack([np.cos(self.headings), np.sin(self.headings)])
            self.places = np.array([LON, LAT]) + np.mod(self.places - [LON, LAT], self.wide)
            accuracy = self.rng.uniform(3, 15, len(self.ids))
            seen = self.places + self.rng.normal(0, 1, self.places.shape) * (accuracy / 1.51 / 111_195.0)[:, None]
            with conn.transaction():
                conn.execute(
                    "INSERT INTO fix (mover_id, at, geom, h3, accuracy_m) "
                    "SELECT m, %s, st_setsrid(st_makepoint(x, y, 0), 4326), 0, a "
                    "FROM unnest(%s::bigint[], %s::float8[], %s::float8[], %s::float8[]) AS t (m, x, y, a)",
                    (self.at, self.ids.tolist(), seen[:, 0].tolist(), seen[:, 1].tolist(), accuracy.tolist()),
                )
        return seconds * len(self.ids)


@contextmanager
def connected(dsn: str) -> Iterator[Connection]:
    """An autocommit connection without a time limit."""
    with connect(dsn, autocommit=True, statement_timeout_s=0) as conn:
        yield conn
