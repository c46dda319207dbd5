"""A thousand operations on real grids and real blocks: PostGIS and GEOS find no gap, no overlap, nobody's building."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from onemap.planning.coverage import Coverage, Delta, Face
from onemap.store.db import Connection
from tests.coverage_play import Play, judged, written

STEPS = 1000
LOOKS = 4


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


class Judge:
    """PostGIS beside GEOS: what it was at the start, it must be at each look."""

    def __init__(self, conn: Connection, cov: Coverage, points: np.ndarray) -> None:
        self.conn = conn
        self.area = float(shapely.area(cov.polygons(cov.faces)).sum())
        conn.execute("CREATE TEMP TABLE play (id text PRIMARY KEY, geom geometry(MultiPolygon, 4326))")
        conn.execute("CREATE TEMP TABLE whole (geom geometry)")
        conn.execute("CREATE TEMP TABLE place (id serial, geom geometry(Point, 4326))")
        self.put(cov)
        conn.execute("INSERT INTO whole SELECT st_union(geom) FROM play")
        rows = [(shapely.to_wkb(point),) for point in points]
        with conn.cursor() as cursor:
            cursor.executemany("INSERT INTO place (geom) VALUES (st_setsrid(st_geomfromwkb(%s), 4326))", rows)
        inside = "EXISTS (SELECT FROM whole WHERE st_covers(whole.geom, st_setsrid(place.geom, st_srid(whole.geom))))"
        conn.execute(f"DELETE FROM place WHERE NOT {inside}")
        self.points = self.one("SELECT count(*) FROM place")

    def put(self, cov: Coverage) -> None:
        self.conn.execute("TRUNCATE play")
        rows = [(name, shapely.to_wkb(cov.polygon(name))) for name in cov.faces]
        with self.conn.cursor() as cursor:
            cursor.executemany("INSERT INTO play VALUES (%s, st_setsrid(st_geomfromwkb(%s), 4326))", rows)
        self.conn.execute("CREATE INDEX IF NOT EXISTS play_geom ON play USING gist (geom)")
        self.conn.execute("ANALYZE play")

    def one(self, asked: str) -> float:
        row = self.conn.execute(asked).fetchone()
        assert row is not None
        return float(next(iter(row.values())))

    def look(self, cov: Coverage) -> None:
        judged(cov, self.area)
        self.put(cov)
        assert self.one("SELECT count(*) FROM play WHERE NOT st_isvalid(geom)") == 0
        pairs = "play a JOIN play b ON a.id < b.id AND a.geom && b.geom"
        assert self.one(f"SELECT count(*) FROM {pairs} WHERE st_relate(a.geom, b.geom, '2********')") == 0
        doubled = self.one(f"SELECT coalesce(sum(st_area(st_intersection(a.geom, b.geom))), 0) FROM {pairs}")
        assert doubled <= 1e-9 * self.area
        whole = self.one("SELECT st_area(st_union(geom)) FROM play")
        assert abs(whole - self.area) <= 1e-9 * self.area
        assert abs(self.one("SELECT sum(st_area(geom)) FROM play") - self.area) <= 1e-9 * self.area
        changed = self.one("SELECT st_area(st_symdifference((SELECT st_union(geom) FROM play), geom)) FROM whole")
        assert changed <= 1e-9 * self.area
        once = """SELECT count(*) FROM (SELECT place.id FROM place JOIN play ON st_covers(play.geom, place.geom)
                  GROUP BY place.id HAVING count(*) = 1) held"""
        assert self.one(once) == self.points


@pytest.fixture(params=sorted(GROUNDS))
def ground(request: pytest.FixtureRequest, shared_data: Path) -> Iterator[tuple[Coverage, np.ndarray]]:
    yield GROUNDS[request.param](shared_data)


def test_a_thousand_operations(ground: tuple[Coverage, np.ndarray], conn: Connection) -> None:
    cov, points = ground
    judge = Judge(conn, cov, points)
    assert judge.points >= 0.99 * len(points)
    before, communities = written(cov), _areas(cov)
    pieces = {name: len(cov.outline(name).polygons) for name in cov.faces}
    play = Play(cov, np.random.default_rng(20251).random)
    log: list[Delta] = []
    for _ in range(LOOKS):
        for _ in range(STEPS // LOOKS):
            play.step()
        judge.look(cov)
    assert len(play.done) > STEPS / 4
    assert all(play.count[name, "done"] for name in ("split", "merge", "move", "reassign", "replace", "undo", "redo"))
    for name, area in _areas(cov).items():
        assert abs(area - communities[name]) <= 1e-9 * area
    for name in cov.faces:
        assert len(cov.outline(name).polygons) <= pieces.get(name, 1)
    # Everything undone gives every bit back, and everything redone every bit of the plan.
    after = written(cov)
    while play.done:
        log.append(play.done.pop())
        cov.patch(log[-1].reversed())
    assert written(cov) == before
    judge.look(cov)
    for delta in reversed(log):
        cov.patch(Delta.from_bytes(delta.to_bytes()))
    assert written(cov) == after


def _areas(cov: Coverage) -> dict[str | None, float]:
    found: dict[str | None, float] = {}
    for name, face in cov.faces.items():
        found[face.community] = found.get(face.community, 0.0) + float(cov.polygon(name).area)
    return found
