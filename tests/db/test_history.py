"""The change log and the history: written with the row, in order, and nothing when nothing changed."""

from __future__ import annotations

from itertools import pairwise

import psycopg
import pytest
from shapely.geometry import Point

from onemap.layers import BY_NAME
from onemap.store import changelog, feature
from onemap.store.changelog import Position
from onemap.store.db import Connection, acting, connect
from onemap.store.feature import FeatureRow


def _hazard(key: str, level: int, lon: float = 110.4) -> FeatureRow:
    return FeatureRow(key, Point(lon, 29.1), {"name": "云溪沟", "kind": "landslide", "level": level})


def test_upsert_counts_and_same_again_changes_nothing(conn: Connection) -> None:
    layer = BY_NAME["hazard"]
    first = feature.upsert(conn, layer, [_hazard("h1", 3), _hazard("h2", 4)], feed="t")
    again = feature.upsert(conn, layer, [_hazard("h1", 3), _hazard("h2", 2)], feed="t")
    assert (first.inserted, first.updated, first.unchanged) == (2, 0, 0)
    assert (again.inserted, again.updated, again.unchanged) == (0, 1, 1)
    rows = conn.execute("SELECT op, key FROM change_log WHERE xid = pg_current_xact_id() ORDER BY seq").fetchall()
    assert [(r["op"], r["key"]) for r in rows] == [("I", "h1"), ("I", "h2"), ("U", "h2")]


def test_partial_update_keeps_the_rest_and_reports_missing(conn: Connection) -> None:
    layer = BY_NAME["hazard"]
    feature.upsert(conn, layer, [_hazard("h1", 3)], feed="t")
    done = feature.upsert(
        conn, layer, [FeatureRow("h1", None, {"level": 1}), FeatureRow("no", None, {"level": 1})], feed="t"
    )
    assert (done.updated, done.missing) == (1, ["no"])
    row = conn.execute("SELECT name, level, st_x(geom) AS x FROM hazard WHERE key = 'h1'").fetchone()
    assert row == {"name": "云溪沟", "level": 1, "x": 110.4}


def test_history_answers_as_of_any_instant(dsn: str) -> None:
    layer = BY_NAME["hazard"]
    with connect(dsn) as conn:
        for actor, level in (("import", 4), ("command", 2), ("command", 1)):
            with acting(conn, actor):
                feature.upsert(conn, layer, [_hazard("as-of", level)], feed="t")
    with connect(dsn) as conn:
        with acting(conn, "planner"):
            feature.delete(conn, layer, ["as-of"])
        rows = conn.execute(
            "SELECT level, sys_from, sys_to, sys_op, sys_by, changed_by FROM hazard_history "
            "WHERE key = 'as-of' ORDER BY sys_from"
        ).fetchall()
    assert [(r["level"], r["changed_by"], r["sys_op"], r["sys_by"]) for r in rows] == [
        (4, "import", "U", "command"),
        (2, "command", "U", "command"),
        (1, "command", "D", "planner"),
    ]
    assert all(a["sys_to"] == b["sys_from"] for a, b in pairwise(rows))


def test_volatile_columns_go_live_without_history(conn: Connection) -> None:
    layer = BY_NAME["mover"]
    feature.upsert(conn, layer, [FeatureRow("d1", Point(110.4, 29.1), {"name": "无人机01", "kind": "drone"})], feed="t")
    before = conn.execute("SELECT sys_from FROM mover WHERE key = 'd1'").fetchone()
    feature.upsert(conn, layer, [FeatureRow("d1", Point(110.5, 29.1), {"speed_mps": 7.0})], feed="t")
    assert conn.execute("SELECT count(*) AS n FROM mover_history WHERE key = 'd1'").fetchone() == {"n": 0}
    assert conn.execute("SELECT sys_from FROM mover WHERE key = 'd1'").fetchone() == before
    box = conn.execute(
        "SELECT west, east FROM change_log WHERE layer = 'mover' AND op = 'U' ORDER BY seq DESC"
    ).fetchone()
    assert box == {"west": 110.4, "east": 110.5}


def test_a_reader_never_skips_a_transaction_that_commits_late(dsn: str) -> None:
    layer = BY_NAME["hazard"]
    with connect(dsn) as slow, connect(dsn) as quick, connect(dsn, autocommit=True) as reader:
        start = changelog.head(reader)
        feature.upsert(slow, layer, [_hazard("slow", 1)], feed="t")  # takes the lower ids, commits last
        feature.upsert(quick, layer, [_hazard("quick", 1)], feed="t")
        quick.commit()
        first = changelog.read(reader, start)
        slow.commit()
        rest = changelog.read(reader, first[-1].position if first else start)
    assert [c.key for c in [*first, *rest]] == ["slow", "quick"]


def test_truncate_is_refused(conn: Connection) -> None:
    with pytest.raises(psycopg.errors.RaiseException, match="history"):
        conn.execute("TRUNCATE hazard")


def test_positions_are_parsed_strictly() -> None:
    assert Position.parse(str(Position(12, 34))) == Position(12, 34)
    for text in ("", "1", "a-b", "-1-2", "1-2-3", "٣-1", "99999999999999999999-1"):
        assert Position.parse(text) is None
