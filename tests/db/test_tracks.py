"""Tracks grow with the fixes, one a sortie; growing leaves no history, and the past is cut out of the line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from shapely.geometry import Point

from onemap.core.cell import cell_of
from onemap.layers import BY_NAME
from onemap.store import changelog, feature
from onemap.store.db import Connection, connect
from onemap.store.feature import FeatureRow
from onemap.store.partition import Partitions
from onemap.store.sqlfile import sql
from onemap.tracks import service

LON, LAT = 110.4, 29.1


@pytest.fixture
def mover(committed: Connection) -> Connection:
    with committed.transaction():
        for table in ("track", "mover", "fix", "track_history"):
            committed.execute(f"DELETE FROM {table}")
        feature.upsert(
            committed, BY_NAME["mover"], [FeatureRow("d1", Point(LON, LAT), {"name": "无人机01", "kind": "drone"})],
            feed="t",
        )  # fmt: skip
    while service.follow(committed):
        pass
    return committed


def _fly(conn: Connection, start: datetime, seconds: range, *, speed: float = 8.0, north: float = 0.0) -> None:
    """Fixes of a flight east, one a second of the range, as the fix store writes them."""
    mover = conn.execute("SELECT id FROM mover WHERE key = 'd1'").fetchone()
    assert mover is not None
    at = [start + timedelta(seconds=s) for s in seconds]
    lon = [LON + s * speed / 97_000 for s in seconds]
    with conn.transaction():
        Partitions().ensure(conn, "fix", at)
        conn.cursor().executemany(
            "INSERT INTO fix (mover_id, at, geom, h3) VALUES (%s, %s, st_setsrid(st_makepoint(%s, %s, %s), 4326), %s) "
            "ON CONFLICT DO NOTHING",
            [
                (mover["id"], a, x, LAT + north, 300 + i % 2, cell_of(x, LAT))
                for i, (a, x) in enumerate(zip(at, lon, strict=True))
            ],
        )  # fmt: skip
        feature.upsert(
            conn, BY_NAME["mover"], [FeatureRow("d1", Point(lon[-1], LAT + north), {"seen_at": at[-1]})], feed="t"
        )


def _tracks(conn: Connection) -> list[dict[str, Any]]:
    return conn.execute(
        "SELECT key, name, feed, mover_key, started_at, ended_at, length_m, st_npoints(geom) AS n, "
        "st_length(geom::geography) AS metres, st_isvalidtrajectory(geom) AS valid, "
        "st_m(st_startpoint(geom)) AS m0, st_m(st_endpoint(geom)) AS m1, st_z(st_startpoint(geom)) AS z0 "
        "FROM track ORDER BY started_at"
    ).fetchall()


def _start() -> datetime:
    return datetime.now(UTC).replace(microsecond=250_000) - timedelta(minutes=50)


def test_a_track_grows_with_the_fixes(mover: Connection) -> None:
    start = _start()
    _fly(mover, start, range(0, 60))
    assert service.follow(mover) == 1
    assert service.follow(mover) == 0
    _fly(mover, start, range(60, 400))
    assert service.follow(mover) == 1
    (track,) = _tracks(mover)
    assert track["key"] == f"d1/{start:%Y%m%dT%H%M%SZ}" and track["feed"] == "tracks" and track["mover_key"] == "d1"
    assert (track["started_at"], track["ended_at"]) == (start, start + timedelta(seconds=399))
    assert track["length_m"] == pytest.approx(track["metres"], abs=0.1) and track["metres"] == pytest.approx(
        3192, rel=0.01
    )
    assert track["valid"] and track["n"] < 40 and track["z0"] == 300
    assert (track["m0"], track["m1"]) == (start.timestamp(), (start + timedelta(seconds=399)).timestamp())
    assert track["name"].startswith("无人机01 ")
    assert mover.execute("SELECT count(*) AS n FROM track_history").fetchone() == {"n": 0}


def test_silence_begins_a_new_track_and_late_fixes_are_taken_in(mover: Connection) -> None:
    start = _start()
    _fly(mover, start, range(0, 100))
    service.follow(mover)
    second = start + timedelta(minutes=20)
    _fly(mover, second, range(100, 200))
    service.follow(mover)
    assert [t["started_at"] for t in _tracks(mover)] == [start, second + timedelta(seconds=100)]
    _fly(mover, second, range(200, 300, 2))
    _fly(mover, second, range(240, 260), north=0.001)  # came late, off the line
    service.follow(mover)
    grown = _tracks(mover)[1]
    assert grown["ended_at"] == second + timedelta(seconds=298)
    assert grown["metres"] > 8 * 198 + 150
    followed = _tracks(mover)
    assert service.rebuild(mover, "d1") == 2
    assert _tracks(mover) == followed


def test_no_track_for_who_stands_and_the_same_again_writes_nothing(mover: Connection) -> None:
    start = _start()
    _fly(mover, start, range(0, 120), speed=0.05)
    assert service.follow(mover) == 0 and _tracks(mover) == []
    _fly(mover, start, range(120, 160))
    assert service.follow(mover) == 1
    before = mover.execute("SELECT count(*) AS n FROM change_log WHERE layer = 'track'").fetchone()
    with mover.transaction():  # everything again, from the log's beginning
        changelog.consumer_position(mover, service.CONSUMER)
        changelog.advance(mover, service.CONSUMER, changelog.Position(0, 0))
    assert service.follow(mover) == 0
    assert mover.execute("SELECT count(*) AS n FROM change_log WHERE layer = 'track'").fetchone() == before


def test_a_worker_that_dies_before_commit_loses_nothing(mover: Connection, dsn: str) -> None:
    _fly(mover, _start(), range(0, 60))
    with connect(dsn) as lost, lost.transaction(force_rollback=True):
        assert service.follow(lost) == 1
    assert _tracks(mover) == []
    assert service.follow(mover) == 1


def test_a_track_as_of_an_instant_ends_there(mover: Connection) -> None:
    start = _start()
    _fly(mover, start, range(0, 300))
    service.follow(mover)
    columns = [c.name for c in BY_NAME["track"].table.columns]
    mover.execute("UPDATE track SET sys_from = %s", (start,))  # refused by the stamp: a version keeps its beginning
    now = datetime.now(UTC)
    (whole,) = mover.execute(sql("as_of_track"), {"instant": now}).fetchall()
    assert list(whole) == columns
    assert (
        mover.execute(sql("as_of_track"), {"instant": start + timedelta(seconds=100)}).fetchall() == []
    )  # not known yet
    later = now + timedelta(days=1)
    _fly(mover, later, range(300, 500))  # a drone whose clock runs ahead: the line reaches past the instant asked
    service.follow(mover)
    cut = mover.execute(
        "SELECT t.ended_at, t.length_m, st_m(st_endpoint(t.geom)) AS m FROM (" + sql("as_of_track") + ") t "
        "WHERE t.started_at >= %(later)s",
        {"instant": later + timedelta(seconds=400), "later": later},
    ).fetchall()
    assert len(cut) == 1 and cut[0]["m"] == pytest.approx((later + timedelta(seconds=400)).timestamp(), abs=0.01)
    assert cut[0]["length_m"] == pytest.approx(800, rel=0.02)
