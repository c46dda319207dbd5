"""An edition that came as an ordinary file, with gaps and overlaps: planned, edited and published all the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from etl.importer import import_file
from onemap.core import clock
from onemap.core.errors import Conflict, Forbidden
from onemap.layers import BY_NAME
from onemap.planning import book, editions, grounds, impact, publish, rebase, report, review
from onemap.planning.exchange.spec import LISTED
from onemap.planning.mending import Agreed, CannotMend, Unmended, kept_of, look
from onemap.store import feature
from onemap.store.db import Connection, acting, connect
from onemap.store.feature import FeatureRow
from tests.db.plans_ground import STREET, WEST, grid, named, put_areas, split
from tests.unit.grid_files_ground import shapefile, zipped
from tests.unit.plan_ground import LAT, LON, STEP, parts

PLANNER, CHIEF = "planner", "chief"
COLUMNS, ROWS = 6, 4
EDITION = "grid2025"
M2 = 111_320.0 * np.cos(np.radians(LAT)) * 110_574.0


def _drawn_apart(seed: int, metres: float) -> list[Any]:
    """A town whose grids were drawn one by one: every corner of every grid is a little off its neighbours'."""
    rng = np.random.default_rng(seed)

    def shaken(at: np.ndarray) -> np.ndarray:
        moved = at[:-1] + rng.uniform(-metres, metres, at[:-1].shape) / 100_000
        return np.vstack([moved, moved[:1]])

    return [shapely.transform(geom, shaken) for geom in parts(COLUMNS, ROWS, seed=1, communities=2)[1]]


def _bring(dsn: str, folder: Path, name: str, shapes: list[Any]) -> None:
    """A zipped Shapefile by the importer of files, with the columns that such files have."""
    faces, _ = parts(COLUMNS, ROWS, seed=1, communities=2)
    rows = [{"网格编码": face.id, "名称": f"网格{face.id[-3:]}", "面积": 1.0} for face in faces]
    file = folder / f"{name}.zip"
    file.write_bytes(zipped(shapefile(folder, shapes, rows, encoding="GBK"), name))
    done = import_file(dsn, file, layer="grid", encoding="GBK")
    assert done.layers["grid"].taken == len(shapes), done


@pytest.fixture(scope="module")
def ground(dsn: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    _bring(dsn, tmp_path_factory.mktemp("dirty"), EDITION, _drawn_apart(3, 1.0))
    with connect(dsn, autocommit=True) as conn:
        conn.execute(
            "INSERT INTO city (id, name, bounds, center, zoom, edition) VALUES (1, '测试城', %s, %s, 12, %s)",
            ([LON, LAT, LON + 0.02, LAT + 0.02], [LON, LAT], EDITION),
        )
        spots = [
            (LON + (i + at) * STEP, LAT + (j + at) * STEP)
            for i in range(COLUMNS)
            for j in range(ROWS)
            for at in (0.3, 0.7)
        ]
        with acting(conn, "t"):
            put_areas(conn)
            rows = [
                FeatureRow(
                    f"b{n}",
                    shapely.multipolygons([shapely.box(x, y, x + 5e-5, y + 5e-5)]),
                    {"households": 3, "residents": 8, "use": "residential"},
                )
                for n, (x, y) in enumerate(spots)
            ]
            feature.upsert(conn, BY_NAME["building"], rows, feed="test")
    return dsn


@pytest.fixture
def conn(ground: str) -> Iterator[Connection]:
    with connect(ground, autocommit=True) as found:
        yield found


def _asked(conn: Connection, edition: str = EDITION) -> Unmended:
    with pytest.raises(Unmended) as caught, acting(conn, PLANNER):
        book.open_plan(conn, "x", PLANNER, base=edition)
    return caught.value


def test_what_would_be_mended_is_told_before_a_plan_is_opened(conn: Connection) -> None:
    asked = _asked(conn)
    assert asked.reason == "not-a-coverage" and EDITION in asked.message
    told = asked.members["mending"]
    assert {"gap", "overlap"} <= {repair["kind"] for repair in told["repairs"]}
    assert told["grids"] == COLUMNS * ROWS and told["problems"] == [] and len(told["token"]) == 32
    assert sum(repair["area_m2"] for repair in told["repairs"]) == pytest.approx(told["repaired_m2"], rel=1e-3)
    assert all(repair["where"]["coordinates"] for repair in told["repairs"])
    assert _asked(conn).members == asked.members  # the same every time
    assert kept_of(conn, EDITION) == []


@pytest.mark.parametrize("token", ["", "0" * 32])
def test_nothing_else_than_what_was_shown_is_agreed_to(conn: Connection, token: str) -> None:
    with pytest.raises(Unmended), acting(conn, PLANNER):
        book.open_plan(conn, "x", PLANNER, agreed=Agreed(token))
    told = _asked(conn).members["mending"]
    with pytest.raises(Unmended), acting(conn, PLANNER):  # the same token for other slivers
        book.open_plan(conn, "x", PLANNER, agreed=Agreed(told["token"], tolerance_m=4.0))
    all_of_it = shapely.to_wkb(shapely.box(LON - 1, LAT - 1, LON + 1, LAT + 1))
    with pytest.raises(Forbidden), acting(conn, PLANNER):  # to agree for the whole city is not a part's planner's
        book.open_plan(conn, "x", PLANNER, scope=STREET, area=all_of_it, agreed=Agreed(told["token"]))
    assert kept_of(conn, EDITION) == []


def test_a_plan_of_another_edition_comes_onto_it_when_its_repairs_are_agreed_to(
    conn: Connection, ground: str, tmp_path: Path
) -> None:
    _bring(ground, tmp_path, "clean", parts(COLUMNS, ROWS, seed=1, communities=2)[1])
    _bring(ground, tmp_path, "later", _drawn_apart(9, 1.0))
    with acting(conn, PLANNER):
        key = book.open_plan(conn, "x", PLANNER, base="clean")["key"]
        book.edit(conn, key, 0, named(1, 1, "新名"), PLANNER)
    with pytest.raises(Unmended) as asked, acting(conn, PLANNER):
        rebase.rebase(conn, key, 1, PLANNER, onto="later")
    agreed = Agreed(asked.value.mend.token)
    all_of_it = shapely.to_wkb(shapely.box(LON - 1, LAT - 1, LON + 1, LAT + 1))
    with pytest.raises(Forbidden), acting(conn, PLANNER):
        grounds.agree(conn, "later", agreed, PLANNER, area=all_of_it)
    assert (book.plan(conn, key)["base"], kept_of(conn, "later")) == ("clean", [])
    with acting(conn, PLANNER):
        assert rebase.rebase(conn, key, 1, PLANNER, onto="later", agreed=agreed).version == 2
    assert book.plan(conn, key)["base"] == "later" and len(kept_of(conn, "later")) == 1
    assert book.coverage_of(conn, key).faces[grid(1, 1)].props["name"] == "新名"


def test_of_many_repairs_the_largest_are_listed_and_all_are_agreed_to() -> None:
    faces, shapes = parts(24, 16, seed=1, communities=2)
    rng = np.random.default_rng(4)
    ground = np.array([shapely.transform(one, lambda at: at + rng.uniform(-5e-6, 5e-6, 2)) for one in shapes])
    found = look(EDITION, faces, ground, 5.0)
    told = found.told()
    assert len(told["repairs"]) == LISTED and told["unlisted"] == found.findings.count - LISTED > 100
    areas = [one["area_m2"] for one in told["repairs"]]
    assert areas == sorted(areas, reverse=True) and told["repaired_m2"] > sum(areas)
    assert f"{found.findings.count} places" in Unmended(found).message
    # One of the smallest is another: what was listed is the same, and not what is agreed to.
    other = ground.copy()
    other[0] = shapely.transform(ground[0], lambda at: at - (3e-7, 0))
    assert look(EDITION, faces, other, 5.0).token != found.token


def test_an_agreement_that_is_rolled_back_leaves_nothing(conn: Connection) -> None:
    token = _asked(conn).mend.token
    with pytest.raises(ZeroDivisionError), acting(conn, PLANNER):
        book.open_plan(conn, "x", PLANNER, agreed=Agreed(token))
        raise ZeroDivisionError
    assert _asked(conn).mend.token == token


def test_planned_on_the_mended_borders_edited_and_published(conn: Connection) -> None:
    asked = _asked(conn)
    raw = editions.grids(conn, EDITION)
    with acting(conn, PLANNER):
        first = book.open_plan(conn, "一", PLANNER, agreed=Agreed(asked.mend.token))["key"]
    (kept,) = kept_of(conn, EDITION)
    assert (kept["accepted_by"], kept["token"]) == (PLANNER, asked.mend.token)
    assert kept["repairs"] == json.loads(json.dumps(asked.members["mending"]["repairs"]))
    # Whoever comes later starts from the very same borders and is asked nothing; others are not agreed to any more.
    with acting(conn, "other"):
        second = book.open_plan(conn, "二", "other")["key"]
        west = book.open_plan(conn, "三", "other", scope=WEST)["key"]
    start = book.coverage_of(conn, first)
    for key in (first, second):
        _tiles(conn, list(book.coverage_of(conn, key).polygons(start.faces)), raw)
        assert book.coverage_of(conn, key).arcs.keys() == start.arcs.keys()
    with pytest.raises(Conflict, match=PLANNER), acting(conn, "other"):
        book.open_plan(conn, "x", "other", agreed=Agreed("0" * 32))
    # Edits, a merge of plans, a plan of a part in the whole, the impact: all on the mended borders.
    with acting(conn, PLANNER):
        book.edit(conn, first, 0, split(1, 1), PLANNER)
    with acting(conn, "other"):
        book.edit(conn, second, 0, split(4, 2), "other")
        book.edit(conn, west, 0, split(0, 0), "other")
        assert rebase.merge(conn, first, 1, second, "other").misfits == ()
    whole = book.whole_of(conn, west)
    _tiles(conn, list(whole.polygons(whole.faces)), raw)
    told = impact.of_plan(conn, first, clock.now())
    assert {row["state"] for row in told["indicators"]} >= {"new", "changed"}
    # The edition in force is as it came until a plan of it is published.
    assert [one.geom.wkb for one in editions.grids(conn, EDITION)] == [one.geom.wkb for one in raw]
    with acting(conn, PLANNER):
        review.submit(conn, first, 2, "", PLANNER)
    with acting(conn, CHIEF):
        review.decide(conn, first, "approve", "", CHIEF)
    done = publish.publish(conn, first, "2026", "", None, CHIEF, clock.now())
    assert (done["state"], done["grids"]) == ("published", COLUMNS * ROWS + 2)
    _tiles(conn, [one.geom for one in editions.grids(conn, "2026")], raw)
    grounds.coverage_of_edition(conn, "2026")
    # The other plan is brought onto the new edition, which needs no mending; then the old one comes back.
    with acting(conn, "other"):
        assert rebase.rebase(conn, west, 1, "other").misfits == ()
    publish.rollback(conn, first, "", CHIEF)
    assert editions.current(conn) == EDITION
    with acting(conn, "other"):
        last = book.open_plan(conn, "四", "other")["key"]
    now = book.coverage_of(conn, last)
    assert list(now.polygons(start.faces)) == list(start.polygons(start.faces))


def test_what_mending_moves_is_told_apart_from_what_a_plan_changes(conn: Connection, ground: str) -> None:
    with acting(conn, PLANNER):
        token = None if kept_of(conn, EDITION) else _asked(conn).mend.token
        agreed = Agreed(token)
        key = book.open_plan(conn, "x", PLANNER, base=EDITION, agreed=agreed)["key"]
    (kept,) = kept_of(conn, EDITION)
    # A house on ground that two grids claim, and that mending gives to the other one than it was counted in.
    overlap = next(one for one in kept["repairs"] if one["kind"] == "overlap" and one["to"] != min(one["grids"]))
    spot = shapely.point_on_surface(shapely.geometry.shape(overlap["where"]))
    house = shapely.multipolygons([shapely.buffer(spot, 1e-9)])
    with acting(conn, "t"):
        feature.upsert(conn, BY_NAME["building"], [FeatureRow("slip", house, {"households": 5})], feed="test")
    told = impact.of_plan(conn, key, clock.now())
    assert told["difference"]["features"] == [] and told["exchanges"] == told["teams"] == told["indicators"] == []
    assert {row["kind"]: row["count"] for row in told["handed"] if row["count"]} == {}
    assert told["mended"]["area_m2"] == pytest.approx(kept["repaired_m2"], rel=0.2)
    assert (told["mended"]["counts"]["building"], told["mended"]["households"]) == (1, 5)
    assert "边界修补" in report.of_plan(conn, key, clock.now())
    with acting(conn, PLANNER):
        book.edit(conn, key, 0, split(1, 1), PLANNER)
    after = impact.of_plan(conn, key, clock.now())
    assert after["mended"] == told["mended"]
    assert {one["to"] for one in after["exchanges"]} == {"~1"} and len(after["difference"]["features"]) == 1
    with acting(conn, "t"):
        conn.execute("DELETE FROM building WHERE key = 'slip'")


def test_what_is_no_sliver_is_refused_with_its_place(conn: Connection, ground: str, tmp_path: Path) -> None:
    shapes = [geom.geoms[0] for geom in parts(COLUMNS, ROWS, seed=1, communities=2)[1]]
    shapes[5] = shapely.union(shapes[5], shapes[6])  # two grids claim one ground
    _bring(ground, tmp_path, "grid-torn", shapes)
    for _ in range(2):
        with pytest.raises(CannotMend) as caught, acting(conn, PLANNER):
            book.open_plan(conn, "x", PLANNER, base="grid-torn", agreed=Agreed("0" * 32))
        assert caught.value.reason == "cannot-mend" and "重叠" in caught.value.message
        assert shapely.symmetric_difference(caught.value.where, shapes[6]).area < 1e-12
        assert caught.value.members["mending"]["token"] == ""
    assert kept_of(conn, "grid-torn") == []


def _tiles(conn: Connection, shapes: list[Any], raw: list[editions.Grid]) -> None:
    """PostGIS and GEOS find no gap and no overlap, and the ground that the town had, but for its edge."""
    found = np.array(shapes, dtype=object)
    assert shapely.is_valid(found).all() and shapely.coverage_is_valid(found)
    row = conn.execute(
        "WITH g AS (SELECT n, st_geomfromwkb(wkb, 4326) AS geom FROM unnest(%s::bytea[]) WITH ORDINALITY w (wkb, n)) "
        "SELECT (SELECT count(*) FROM g a JOIN g b ON a.n < b.n AND st_relate(a.geom, b.geom, '2********')) AS over, "
        "st_area(st_union(geom)) AS area, sum(st_area(geom)) AS parts, st_nrings(st_union(geom)) AS rings FROM g",
        ([shapely.to_wkb(shape) for shape in shapes],),
    ).fetchone()
    assert row is not None and row["over"] == 0 and row["rings"] == 1
    assert row["parts"] == pytest.approx(row["area"], rel=1e-12)
    ground = shapely.union_all(np.array([one.geom for one in raw], dtype=object))
    assert shapely.symmetric_difference(shapely.union_all(found), ground).area * M2 < 4_000
