"""A thousand operations on plans of real grids and blocks: PostGIS and GEOS find no gap, no overlap, nobody's building.

A plan and a branch of it are edited at random, with undo and redo, and the branch is merged back: again and again. At
last, on the grids, all goes through the book, and two planners share the plan.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from onemap.planning import book
from onemap.planning.coverage import Coverage, Delta, Face
from onemap.planning.workspace import coverage_at
from onemap.store.db import Connection, acting
from tests.coverage_play import KINDS, judged, written
from tests.plan_play import Planners, edition

#: Steps until a branch is merged; and how many more by the book.
ROUNDS = {"hangzhou": (300, 300, 300), "providence": (500, 500)}
BY_THE_BOOK = {"hangzhou": 100, "providence": 0}


def read(path: str) -> gpd.GeoDataFrame:
    found = gpd.read_file(path)
    shapes = shapely.force_2d(np.array(found.geometry.values))
    if not shapely.is_valid(shapes).all():
        # As an import would: mend each, then all together.
        shapes = shapely.coverage_clean(shapely.make_valid(shapes, method="structure"))
    return found.set_geometry(gpd.GeoSeries(shapes, crs=found.crs))


def hangzhou(data: Path) -> tuple[Coverage, np.ndarray]:
    """332 grids with the communities that they lie in; buildings, facilities and the middles of the grids."""
    folder = data / "grids" / "hangzhou"
    grids = read(str(folder / "grid_332.geojson"))
    communities = gpd.read_file(folder / "community_90.geojson")
    middles = shapely.point_on_surface(np.array(grids.geometry.values))
    hits = shapely.STRtree(communities.geometry.values).query(middles, predicate="within")
    whose = dict(zip(*hits.tolist(), strict=True))
    codes = communities["社区编码"].astype(str).tolist()
    faces = [
        Face(f"{i:03d}", {"code": f"{i:03d}", "community_code": codes[whose[i]] if i in whose else None})
        for i in range(len(grids))
    ]
    buildings = gpd.read_file(folder / "buildings_3d.geojson").geometry.representative_point().values
    places = gpd.read_file(folder / "public_facilities.geojson").geometry.values
    return Coverage.from_polygons(faces, grids.geometry.values), np.concatenate([buildings, places, middles])


def providence(data: Path) -> tuple[Coverage, np.ndarray]:
    """3,014 blocks, a ward each for a community; the inner points of the census."""
    blocks = read(f"/vsizip/{data}/coverage/providence_blocks.zip")
    wards = blocks["WARD"].astype(str).tolist()
    faces = [Face(code, {"code": code, "community_code": wards[i]}) for i, code in enumerate(blocks["GEOID10"])]
    inner = shapely.points(blocks["INTPTLON10"].astype(float), blocks["INTPTLAT10"].astype(float))
    return Coverage.from_polygons(faces, blocks.geometry.values), inner


GROUNDS = {"hangzhou": hangzhou, "providence": providence}


def streets(data: Path, name: str) -> Any:
    """Lines to snap to; nobody has those of Providence."""
    if name == "hangzhou":
        return shapely.force_2d(gpd.read_file(data / "grids" / "hangzhou" / "avenue.geojson").geometry.values)
    return []


class Judge:
    """PostGIS beside GEOS: what it was at the start, it must be at each look."""

    def __init__(self, conn: Connection, cov: Coverage, points: np.ndarray) -> None:
        self.conn = conn
        self.area = float(shapely.area(cov.polygons(cov.faces)).sum())
        self.held: dict[str, bytes] = {}
        conn.execute("DROP TABLE IF EXISTS play, whole, place")
        conn.execute("CREATE TEMP TABLE play (id text PRIMARY KEY, geom geometry(MultiPolygon, 4326))")
        conn.execute("CREATE INDEX ON play USING gist (geom)")
        conn.execute("CREATE TEMP TABLE whole (geom geometry)")
        conn.execute("CREATE TEMP TABLE place (id int, geom geometry(Point, 4326))")
        self.put(cov)
        conn.execute("INSERT INTO whole SELECT st_union(geom) FROM play")
        with conn.cursor() as cursor, cursor.copy("COPY place FROM STDIN") as copy:
            for n, point in enumerate(shapely.set_srid(points, 4326)):
                copy.write_row((n, shapely.to_wkb(point, hex=True, include_srid=True)))
        inside = "EXISTS (SELECT FROM whole WHERE st_covers(whole.geom, place.geom))"
        conn.execute(f"DELETE FROM place WHERE NOT {inside}")
        self.points = self.one("SELECT count(*) FROM place")

    def put(self, cov: Coverage) -> None:
        """Bring the table to the grids of a coverage: those whose ground is another are written."""
        names = list(cov.faces)
        raw = shapely.to_wkb(shapely.set_srid(cov.polygons(names), 4326), include_srid=True)
        grounds = dict(zip(names, raw, strict=True))
        other = [name for name, ground in grounds.items() if self.held.get(name) != ground]
        gone = [name for name in self.held if name not in grounds]
        self.conn.execute("DELETE FROM play WHERE id = ANY(%s)", (other + gone,))
        with self.conn.cursor() as cursor, cursor.copy("COPY play FROM STDIN") as copy:
            for name in other:
                copy.write_row((name, grounds[name].hex()))
        self.conn.execute("ANALYZE play")
        self.held = grounds

    def one(self, asked: str) -> float:
        row = self.conn.execute(asked).fetchone()
        assert row is not None
        return float(next(iter(row.values())))

    def look(self, cov: Coverage) -> None:
        judged(cov, self.area)
        self.put(cov)
        assert self.one("SELECT count(*) FROM play") == len(cov.faces)
        assert self.one("SELECT count(*) FROM play WHERE NOT st_isvalid(geom)") == 0
        pairs = "play a JOIN play b ON a.id < b.id AND a.geom && b.geom"
        assert self.one(f"SELECT count(*) FROM {pairs} WHERE st_relate(a.geom, b.geom, '2********')") == 0
        assert abs(self.one("SELECT sum(st_area(geom)) FROM play") - self.area) <= 1e-9 * self.area
        now = self.conn.execute(
            "WITH now AS MATERIALIZED (SELECT st_union(geom) AS geom FROM play) "
            "SELECT st_area(now.geom) AS area, st_area(st_symdifference(now.geom, whole.geom)) AS changed "
            "FROM now, whole"
        ).fetchone()
        assert now is not None
        assert abs(now["area"] - self.area) <= 1e-9 * self.area
        assert now["changed"] <= 1e-9 * self.area
        once = """SELECT count(*) FROM (SELECT place.id FROM place JOIN play ON st_covers(play.geom, place.geom)
                  GROUP BY place.id HAVING count(*) = 1) held"""
        assert self.one(once) == self.points


@pytest.mark.parametrize("name", sorted(GROUNDS))
def test_a_thousand_operations(name: str, committed: Connection, shared_data: Path) -> None:
    cov, points = GROUNDS[name](shared_data)
    edition(committed, name, cov, streets(shared_data, name))
    judge = Judge(committed, cov, points)
    assert judge.points >= 0.99 * len(points)
    before, communities = written(cov), _areas(cov)
    pieces = {face: len(cov.outline(face).polygons) for face in cov.faces}
    random = np.random.default_rng(20251).random
    team = Planners(committed, random)
    key = team.open("p1")
    taken = left = 0
    for steps in ROUNDS[name]:
        branch = team.branch(key, "p3")
        for _ in range(steps):
            team.write(*((branch, "p3") if random() < 0.4 else (key, "p1")))
        merged = team.merge(key, branch, "p1")
        taken, left = taken + merged[0], left + merged[1]
        cov = team.screen(key, "p1").cov
        judge.look(cov)
        _as_before(cov, communities, pieces)
    if BY_THE_BOOK[name]:
        branch = team.branch(key, "p3")
        for _ in range(BY_THE_BOOK[name]):
            lot = random()
            team.step(*((branch, "p3") if lot < 0.3 else (key, "p2") if lot < 0.6 else (key, "p1")))
        team.merge(key, branch, "p1")
        cov = team.screen(key, "p1").cov
        judge.look(cov)
        _as_before(cov, communities, pieces)
        _a_merge_undone(team, key)
    assert sum(n for (_, what), n in team.count.items() if what == "done") > 250
    assert taken > 50
    assert left
    assert all(team.count[kind, "done"] for kind in (*KINDS, "undo", "redo"))
    _taken_back(team, key, before)


def _a_merge_undone(team: Planners, key: str) -> None:
    """One undo takes all that was merged back, one redo brings it again."""
    conn, after = team.conn, written(team.screen(key, "p1").cov)
    version = book.plan(conn, key)["version"]
    with acting(conn, "p1"):
        book.undo(conn, key, version, "p1")
    assert written(team.screen(key, "p1").cov) == written(coverage_at(conn, key, version - 1)) != after
    with acting(conn, "p1"):
        book.redo(conn, key, version + 1, "p1")
    assert written(team.screen(key, "p1").cov) == after


def _taken_back(team: Planners, key: str, before: set[Any]) -> None:
    """The log alone gives the plan; taken back row by row, it gives every bit of the edition."""
    cov, deltas = team.replayed(key)
    assert written(cov) == written(team.screen(key, "p1").cov)
    for delta in reversed(deltas):
        cov.patch(Delta.from_bytes(delta).reversed())
    assert written(cov) == before


def _as_before(cov: Coverage, communities: dict[str | None, float], pieces: dict[str, int]) -> None:
    """Each community has its ground; no grid lies in more pieces than it did, no new one in several."""
    for name, area in _areas(cov).items():
        assert abs(area - communities[name]) <= 1e-9 * area
    for name in cov.faces:
        assert len(cov.outline(name).polygons) <= pieces.get(name, 1)


def _areas(cov: Coverage) -> dict[str | None, float]:
    found: dict[str | None, float] = {}
    for name, face in cov.faces.items():
        found[face.community] = found.get(face.community, 0.0) + float(cov.polygon(name).area)
    return found
