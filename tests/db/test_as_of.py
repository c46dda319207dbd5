"""Sensors and movers as of an instant: the version, the reading and the place that were known then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from shapely.geometry import Point

from onemap.core.cell import cell_of
from onemap.layers import BY_NAME
from onemap.store import feature
from onemap.store.db import Connection
from onemap.store.feature import FeatureRow
from onemap.store.partition import Partitions
from onemap.store.sqlfile import sql


def _moment(conn: Connection) -> datetime:
    row = conn.execute("SELECT clock_timestamp() AS at").fetchone()
    assert row is not None
    found: datetime = row["at"]
    return found


def _put(conn: Connection, layer: str, key: str, lon: float | None, **attributes: Any) -> None:
    with conn.transaction():
        point = None if lon is None else Point(lon, 29.1)
        feature.upsert(conn, BY_NAME[layer], [FeatureRow(key, point, attributes)], feed="t")


def _as_of(conn: Connection, layer: str, key: str, instant: datetime) -> dict[str, Any] | None:
    """As the doors use it: a relation under other conditions."""
    statement = "SELECT t.*, st_x(t.geom) AS x FROM (" + sql(f"as_of_{layer}") + ") t WHERE t.key = %(key)s"
    rows = conn.execute(statement, {"instant": instant, "key": key}).fetchall()
    assert len(rows) <= 1
    return rows[0] if rows else None


@pytest.mark.parametrize("layer", ["sensor", "mover", "track"])
def test_columns_are_those_of_the_layer(conn: Connection, layer: str) -> None:
    cursor = conn.execute(sql(f"as_of_{layer}"), {"instant": datetime.now(UTC)})
    assert cursor.description is not None
    wanted = {c.name for c in BY_NAME[layer].table.columns}
    assert {column.name for column in cursor.description} == wanted


def test_a_sensor_shows_the_version_and_the_reading_known_then(committed: Connection) -> None:
    conn = committed
    before = _moment(conn)
    _put(conn, "sensor", "s1", 110.4, name="旧名", kind="rain_gauge")
    named = _moment(conn)
    conn.execute(
        "INSERT INTO datastream (key, sensor_key, property, name, unit) VALUES ('d1', 's1', 'rain', '雨', 'mm')"
    )
    first = _moment(conn)
    Partitions().ensure(conn, "observation", [first, first - timedelta(minutes=30)])
    conn.execute("INSERT INTO observation SELECT id, %s, 4.5 FROM datastream WHERE key = 'd1'", (first,))
    read = _moment(conn)
    conn.execute(  # observed half an hour ago, arrived only now
        "INSERT INTO observation SELECT id, %s, 99 FROM datastream WHERE key = 'd1'", (first - timedelta(minutes=30),)
    )
    _put(conn, "sensor", "s1", 110.5, name="新名", kind="rain_gauge")
    after = _moment(conn)
    assert _as_of(conn, "sensor", "s1", before) is None
    old = _as_of(conn, "sensor", "s1", named)
    assert old is not None and (old["name"], old["x"], old["last_value"]) == ("旧名", 110.4, None)
    then = _as_of(conn, "sensor", "s1", read)
    assert then is not None and (then["name"], then["last_value"], then["last_unit"], then["last_at"]) == (
        "旧名", 4.5, "mm", first,
    )  # fmt: skip
    new = _as_of(conn, "sensor", "s1", after)
    assert new is not None and (new["name"], new["x"], new["last_value"]) == ("新名", 110.5, 4.5)


def test_a_mover_is_where_its_newest_fix_of_then_was(committed: Connection) -> None:
    conn = committed
    _put(conn, "mover", "m1", 110.40, name="巡逻车", kind="vehicle")
    registered = _moment(conn)
    seen = _as_of(conn, "mover", "m1", registered)
    assert seen is not None and (seen["x"], seen["seen_at"]) == (110.40, None)
    instants = []
    for x in (110.41, 110.42):
        at = _moment(conn)
        Partitions().ensure(conn, "fix", [at])
        conn.execute(
            "INSERT INTO fix (mover_id, at, geom, h3, speed_mps) SELECT id, %s, "
            "st_setsrid(st_makepoint(%s, 29.1, 310), 4326), %s, 7 FROM mover WHERE key = 'm1'",
            (at, x, cell_of(x, 29.1)),
        )
        _put(conn, "mover", "m1", x, seen_at=at)
        instants.append(_moment(conn))
    for x, instant in zip((110.41, 110.42), instants, strict=True):
        then = _as_of(conn, "mover", "m1", instant)
        assert then is not None
        assert (then["x"], then["altitude_m"], then["speed_mps"], then["status"]) == (x, 310, 7, "active")
        assert then["h3"] == cell_of(x, 29.1) and then["name"] == "巡逻车"
    lost = _as_of(conn, "mover", "m1", instants[-1] + timedelta(minutes=30))
    assert lost is not None and lost["status"] == "lost"
    assert _as_of(conn, "mover", "m1", registered) is None  # where it stood before its first fix is no longer known
