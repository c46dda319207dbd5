"""OpenStreetMap extracts of real places."""

from __future__ import annotations

from pathlib import Path

import pytest

from etl.importer import import_file
from onemap.store.db import Connection


def columns(conn: Connection, query: str) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in conn.execute(query).fetchall()]


@pytest.fixture(scope="module")
def shared(shared_data: Path) -> Path:
    return shared_data / "osm"


def test_liechtenstein_fills_the_map_and_again_changes_nothing(dsn: str, shared: Path, committed: Connection) -> None:
    told: list[str] = []
    first = import_file(dsn, shared / "liechtenstein.osm.pbf", progress=told.append)
    assert first.layers["building"].taken == 17_717
    assert first.layers["road"].taken > 8_000 and first.layers["area"].taken >= 11
    assert first.layers["camera"].taken >= 3 and first.layers["water"].taken > 100
    assert first.quarantined == 0 and told
    assert first.bounds is not None and 9.4 < first.bounds[0] < first.bounds[2] < 9.7
    assert columns(committed, "SELECT count(*) FROM building WHERE NOT st_isvalid(geom)") == [(0,)]
    names = columns(
        committed, "SELECT name FROM area WHERE level = 'street' AND name IN ('Vaduz', 'Schaan') ORDER BY 1"
    )
    assert names == [("Schaan",), ("Vaduz",)]
    assert columns(committed, "SELECT count(*) > 500 FROM road WHERE class = 'residential' AND name <> ''") == [(True,)]
    assert columns(committed, "SELECT bool_and(code IS NULL AND key LIKE 'osm:node/%') FROM camera") == [(True,)]
    assert first.layers["part"].taken == 13_927
    majors = columns(committed, "SELECT left(class_code, 2), count(*) FROM part GROUP BY 1 ORDER BY 1")
    assert majors == [("01", 503), ("02", 643), ("03", 166), ("04", 12_603), ("05", 12)]
    few = columns(committed, "SELECT class_code, count(*) FROM part WHERE class_code ~ '0(1037|2004|3001)' GROUP BY 1")
    assert sorted(few) == [("01037", 87), ("02004", 378), ("03001", 36)]
    assert columns(committed, "SELECT count(*) FROM part WHERE name IS NULL OR source <> 'OpenStreetMap'") == [(0,)]
    changes = columns(committed, "SELECT count(*) FROM change_log")
    again = import_file(dsn, shared / "liechtenstein.osm.pbf")
    assert (again.taken, again.unchanged) == (0, first.taken)
    assert columns(committed, "SELECT count(*) FROM change_log") == changes
    assert columns(committed, "SELECT count(*) FROM raw_record") == [(1,)]


def test_helsinki_reports_what_cannot_be_built_and_goes_on(dsn: str, shared: Path, committed: Connection) -> None:
    summary = import_file(dsn, shared / "helsinki-center.osm.pbf")
    assert summary.layers["building"].taken > 400 and summary.layers["road"].taken > 2_000
    assert summary.reasons["geometry"] == summary.quarantined > 0
    rows = columns(committed, "SELECT DISTINCT reason FROM quarantine")
    assert rows == [("geometry",)]
    record = committed.execute("SELECT position, record FROM quarantine ORDER BY id LIMIT 1").fetchone()
    assert record is not None and record["position"].startswith("way/") and record["record"]["tags"]
