"""What a plan counts, read from the map, against PostGIS counting the same by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import shapely

from onemap.planning.balance import Balances
from onemap.planning.codes import ever
from onemap.planning.facts import Facts, twice
from onemap.planning.grounds import coverage_of_edition
from onemap.planning.model import Model, models
from onemap.planning.rules import Problems
from onemap.store.db import Connection, acting
from onemap.store.feature import FeatureRow
from onemap.store.sqlfile import sql
from tests.db import plans_ground as ground
from tests.db.call_ground import put
from tests.unit.plan_ground import LAT, LON, STEP

NOW = datetime(2026, 7, 1, 8, tzinfo=UTC)
STANDARD = models(None)["standard"]
_EAST, _NORTH = LON + ground.COLUMNS * STEP, LAT + ground.ROWS * STEP
#: Lamps, bins, one of no class, and three that are cameras and gauges as well.
CLASSES = ("01037", "03005", None, "01050", "01067", "03010")
STATES = ("intact", "lost", "removed", None, "disused")

#: Each point once: on a shared border it belongs to the lower code.
_COUNTS = """
WITH points AS (
  SELECT st_pointonsurface(geom) AS at, 1.0 AS buildings, coalesce(households, 0)::float8 AS households,
         0.0 AS incidents, 0.0 AS parts FROM onemap.building
  UNION ALL
  SELECT geom, 0, 0, 1, 0 FROM onemap.incident WHERE occurred_at > %(since)s AND occurred_at <= %(now)s
  UNION ALL
  SELECT geom, 0, 0, 0, 1 FROM onemap.camera
  UNION ALL
  SELECT geom, 0, 0, 0, 1 FROM onemap.sensor
  UNION ALL
  SELECT geom, 0, 0, 0, 1 FROM onemap.part
  WHERE coalesce(status, '') <> 'removed' AND coalesce(class_code, '') NOT IN ('01050', '01067', '03010')
)
SELECT owner.code, sum(p.buildings)::float8 AS buildings, sum(p.households) AS households,
       sum(p.incidents)::float8 AS incidents, sum(p.parts)::float8 AS parts
FROM points p
CROSS JOIN LATERAL (
  SELECT g.code FROM onemap.grid g WHERE g.edition = 'e1' AND st_covers(g.geom, p.at) ORDER BY g.code LIMIT 1
) owner
GROUP BY 1
"""
_METRES = """
SELECT g.code, sum(st_length(st_intersection(r.geom, g.geom)::geography)) AS metres
FROM onemap.grid g JOIN onemap.road r ON st_intersects(r.geom, g.geom)
WHERE g.edition = 'e1' AND r.class <> 'rail' GROUP BY 1
"""


@pytest.fixture
def city(conn: Connection) -> Connection:
    """The planner's small city with incidents, parts, cameras, sensors, streets, a river and a school."""
    ground.city(conn)
    rng = np.random.default_rng(8)
    spots = rng.uniform((LON, LAT), (_EAST, _NORTH), (240, 2))
    around = rng.uniform((LON, LAT), (_EAST, _NORTH), (300, 2))
    with acting(conn, "test"):
        cases = [
            FeatureRow(f"i{n}", shapely.Point(at), {"kind": "matter", "occurred_at": NOW - timedelta(days=n - 3)})
            for n, at in enumerate(spots[:140])
        ]
        put(conn, "incident", *cases)
        put(conn, "camera", *[FeatureRow(f"c{n}", shapely.Point(at), {}) for n, at in enumerate(spots[140:200])])
        put(conn, "sensor", *[FeatureRow(f"s{n}", shapely.Point(at), {}) for n, at in enumerate(spots[200:])])
        put(conn, "part", *[
            FeatureRow(f"p{n}", shapely.Point(at), {"class_code": CLASSES[n % 6], "status": STATES[n % 5]})
            for n, at in enumerate(around)
        ])  # fmt: skip
        lines = [
            ("r1", "residential", False, [(LON, LAT + 0.3 * STEP), (_EAST, LAT + 2.7 * STEP)]),
            ("r2", "secondary", False, [(LON + 0.7 * STEP, LAT), (LON + 0.4 * STEP, _NORTH)]),
            ("rail", "rail", False, [(LON, _NORTH - 0.1 * STEP), (_EAST, _NORTH - 0.1 * STEP)]),
            ("high", "rail", True, [(LON, _NORTH - 0.5 * STEP), (_EAST, _NORTH - 0.5 * STEP)]),
        ]
        put(conn, "road", *[
            FeatureRow(key, shapely.MultiLineString([xy]), {"class": kind, "bridge": bridge})
            for key, kind, bridge, xy in lines
        ])  # fmt: skip
        river = shapely.LineString([(LON, LAT + 1.5 * STEP), (_EAST, LAT + 1.5 * STEP)]).buffer(0.05 * STEP)
        put(conn, "water", *[FeatureRow("w", shapely.MultiPolygon([river]), {"kind": "river", "name": "运河"})])
    return conn


def test_measures_are_what_postgis_counts(city: Connection) -> None:
    cov = coverage_of_edition(city, "e1")
    facts = Facts.load(city, STANDARD, None, NOW)
    balances = Balances.full(cov, facts)
    asked = {"since": NOW - timedelta(days=90), "now": NOW}
    counted = {row["code"]: row for row in city.execute(_COUNTS, asked)}
    metres = {row["code"]: row["metres"] for row in city.execute(_METRES)}
    assert len(cov.faces) == ground.COLUMNS * ground.ROWS
    for face in cov.faces:
        mine, theirs = balances.measures(face), counted.get(face, {})
        for key in ("buildings", "households", "incidents", "parts"):
            assert mine[key] == theirs.get(key, 0.0), (face, key)
        # Roads are counted in pieces of up to 20 m at their middles: off by half a piece at each crossing.
        assert mine["patrol_m"] == pytest.approx(metres.get(face, 0.0), abs=40.0)
    counted_m = sum(balances.measures(face)["patrol_m"] for face in cov.faces)
    assert counted_m == pytest.approx(sum(metres.values()), abs=40.0)
    assert 80.0 < sum(row["incidents"] for row in counted.values()) <= 90.0


def test_a_part_that_is_a_layer_of_its_own_counts_once(city: Connection) -> None:
    """By each of three models: what of parts, cameras and sensors a measure names, it counts, and none of it twice."""
    rows = city.execute("SELECT class_code, coalesce(status, '') AS status FROM onemap.part").fetchall()
    stand = [row["class_code"] for row in rows if row["status"] != "removed"]
    for counts, spare, more in (
        (["parts"], set(), 0), (["parts", "cameras"], {"01050"}, 60),
        (["parts", "cameras", "sensors"], {"01050", "01067", "03010"}, 100), (["cameras"], set(stand), 60),
    ):  # fmt: skip
        measure = {"key": "n", "title": {"zh": "数", "en": "n"}, "unit": "", "weight": 1.0, "counts": counts}
        model = Model.model_validate({"key": "m", "title": {"zh": "数", "en": "n"}, "measures": [measure]})
        facts = Facts.load(city, model, None, NOW)
        assert facts.values.sum() == sum(code not in spare for code in stand) + more, counts


def test_a_box_brings_what_reaches_into_it(city: Connection) -> None:
    west = (LON - STEP, LAT - STEP, LON + 1.5 * STEP, _NORTH + STEP)
    facts = Facts.load(city, STANDARD, west, NOW)
    box = shapely.box(*west)
    every = Facts.load(city, STANDARD, None, NOW)
    inside = shapely.intersects(box, every.footprints.take(np.arange(len(every.keys))))
    assert facts.keys == [key for key, here in zip(every.keys, inside.tolist(), strict=True) if here]
    assert 0 < len(facts.keys) < len(every.keys)
    assert set(facts.areas) <= set(every.areas) and ground.WEST in facts.areas


def test_barriers_and_communities_of_the_map(city: Connection) -> None:
    cov = coverage_of_edition(city, "e1")
    facts = Facts.load(city, STANDARD, None, NOW)
    assert [one.key for one in facts.barriers()] == ["rail", "w"]
    problems = Problems.full(cov, facts, Balances.full(cov, facts))
    across = {one.grid for one in problems.all if one.rule == "barrier" and one.subject == "water"}
    rows = city.execute(
        "SELECT g.code FROM onemap.grid g, onemap.water w WHERE g.edition = 'e1' AND st_intersects(g.geom, w.geom)"
        " AND (SELECT count(*) FROM st_dump(st_difference(g.geom, w.geom)) d"
        "      WHERE st_area(d.geom::geography) >= greatest(1000, 0.05 * st_area(g.geom::geography))"
        "         OR EXISTS (SELECT FROM onemap.building b WHERE st_covers(d.geom, st_pointonsurface(b.geom)))) > 1"
    ).fetchall()
    assert across == {row["code"] for row in rows} != set()
    assert not [one for one in problems.all if one.rule == "community"]


def test_codes_ever_given_are_those_of_the_present_and_the_past(city: Connection) -> None:
    now = ever(city)
    gone = sorted(now)[0]
    with acting(city, "test"):
        city.execute("DELETE FROM onemap.grid WHERE code = %s", (gone,))
    assert ever(city) == now


@pytest.mark.parametrize("name", ["buildings", "lines", "areas", "incidents", "points", "parts"])
def test_a_box_is_found_by_its_index(city: Connection, name: str) -> None:
    asked = {"west": LON, "south": LAT, "east": LON + STEP, "north": LAT + STEP, "now": NOW, "days": 90}
    asked |= twice()
    city.execute("SET LOCAL enable_seqscan = off")
    plan = "\n".join(row["QUERY PLAN"] for row in city.execute("EXPLAIN " + sql(f"plan_facts_{name}"), asked))
    assert "_geom" in plan and "Seq Scan" not in plan
