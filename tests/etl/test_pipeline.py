"""The pipeline's promises: once, whole, in one transaction, and nothing lost."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from etl.feeds import BY_NAME
from etl.pipeline import Hooks, Payload, Pipeline
from onemap.core.errors import TooLarge
from onemap.core.settings import Settings
from onemap.store.db import Connection, connect

IOT, DRONE, FIX = BY_NAME["iot"], BY_NAME["drone"], BY_NAME["fix"]
NOW = datetime.now(UTC).replace(microsecond=0)


def reading(stream: str, seconds_ago: float, value: Any) -> dict[str, Any]:
    return {"datastream": stream, "at": (NOW - timedelta(seconds=seconds_ago)).isoformat(), "value": value}


def body(*records: dict[str, Any]) -> bytes:
    return json.dumps(list(records)).encode()


def one(conn: Connection, query: str, *params: Any) -> dict[str, Any]:
    row = conn.execute(query, params).fetchone()
    conn.commit()
    assert row is not None
    return row


def test_readings_are_stored_once_and_move_the_sensor(pipeline: Pipeline, idle: Connection) -> None:
    payload = body(reading("YL-01.rain", 100, 3.5), reading("LF-01.gap", 90, 0.2), reading("YL-01.rain", 95, 4.5))
    first = pipeline.receive(idle, IOT, payload, source="push", actor="key")
    again = pipeline.receive(idle, IOT, payload, source="push", actor="key")
    assert (first.received, first.stored, first.quarantined) == (3, 3, 0)
    assert (again.received, again.stored, again.duplicates) == (1, 0, 1)
    sensor = one(idle, "SELECT last_value, last_unit, last_at, status FROM sensor WHERE key = 'YL-01'")
    assert sensor == {"last_value": 4.5, "last_unit": "mm", "last_at": NOW - timedelta(seconds=95), "status": "online"}
    late = pipeline.receive(idle, IOT, body(reading("YL-01.rain", 5000, 9.0)), source="push")
    assert late.stored == 1
    assert one(idle, "SELECT last_value FROM sensor WHERE key = 'YL-01'") == {"last_value": 4.5}
    assert one(idle, "SELECT last_value FROM datastream WHERE key = 'YL-01.rain'") == {"last_value": 4.5}
    same = pipeline.receive(idle, IOT, body(reading("YL-01.rain", 95, 4.5), reading("LF-01.gap", 80, 1)), source="p")
    assert (same.stored, same.unchanged) == (1, 1)


def test_a_differing_value_for_the_same_instant_is_a_conflict(pipeline: Pipeline, idle: Connection) -> None:
    pipeline.receive(idle, IOT, body(reading("LF-01.gap", 700, 1.0)), source="p")
    receipt = pipeline.receive(
        idle,
        IOT,
        body(reading("LF-01.gap", 700, 2.0), reading("LF-01.gap", 701, 1), reading("LF-01.gap", 701, 5)),
        source="p",
    )
    assert (receipt.stored, receipt.quarantined, receipt.reasons) == (1, 2, {"conflict": 2})
    row = one(idle, "SELECT position, message, record FROM quarantine WHERE raw_id = %s ORDER BY id", receipt.raw_id)
    assert row["position"] == "[0]" and "contradicts" in row["message"] and row["record"]["value"] == 2.0


def test_two_topics_with_equal_bytes_are_two_readings(pipeline: Pipeline, idle: Connection) -> None:
    payload = json.dumps({"at": (NOW - timedelta(seconds=33)).isoformat(), "value": 0.0}).encode()
    receipt = pipeline.receive_many(
        idle,
        IOT,
        [
            Payload(payload, "onemap/iot/LF-01.gap"),
            Payload(payload, "onemap/iot/YL-01.24h"),
            Payload(payload, "onemap/iot/LF-01.gap"),
        ],
    )
    assert (receipt.stored, receipt.duplicates, receipt.received) == (2, 1, 3)


def test_bad_records_are_quarantined_and_the_good_pass(pipeline: Pipeline, idle: Connection) -> None:
    payload = body(
        reading("YL-01.24h", 50, 7),
        reading("nobody", 50, 7),
        reading("YL-01.24h", -9000, 7),
        {"datastream": "YL-01.24h", "at": "2026-05-01T00:00:00", "value": 1},
        {"datastream": "YL-01.24h", "value": 1},
        reading("YL-01.24h", 49, float("nan")),
        reading("YL-01.24h", 48, "x\x00y"),
        {"datastream": "YL-01.24h", "at": "0001-01-01T00:00:00Z", "value": 1},
        {"datastream": ["a"], "at": NOW.isoformat(), "value": 1},
    )
    receipt = pipeline.receive(idle, IOT, payload, source="p")
    assert (receipt.received, receipt.stored, receipt.quarantined) == (9, 1, 8)
    rows = idle.execute("SELECT position, reason FROM quarantine WHERE raw_id = %s", (receipt.raw_id,)).fetchall()
    assert {(r["position"], r["reason"]) for r in rows} == {
        ("[1]", "unknown-key"), ("[2]", "clock-future"), ("[3]", "no-zone"), ("[4]", "missing"), ("[5]", "not-finite"),
        ("[6]", "number"), ("[7]", "too-old"), ("[8]", "text"),
    }  # fmt: skip


def test_half_a_payload_gives_its_whole_records(pipeline: Pipeline, idle: Connection) -> None:
    payload = body(*(reading("LF-01.gap", 2000 + i, i) for i in range(10)))
    receipt = pipeline.receive(idle, IOT, payload[:-150], source="p")
    assert receipt.stored == 7 or receipt.stored == 8
    assert receipt.reasons == {"json": 1}
    junk = pipeline.receive(idle, IOT, b"\xff\xfe\x00junk", source="p")
    assert (junk.received, junk.quarantined) == (1, 1)
    raw = one(idle, "SELECT payload FROM raw_record WHERE id = %s", junk.raw_id)
    assert bytes(raw["payload"]) == b"\xff\xfe\x00junk"


def test_replay_after_the_cause_is_mended(pipeline: Pipeline, idle: Connection) -> None:
    receipt = pipeline.receive(idle, IOT, body(reading("new.stream", 5, 1), reading("LF-01.gap", 5, 1)), source="p")
    found = one(idle, "SELECT id FROM quarantine WHERE raw_id = %s", receipt.raw_id)["id"]
    still = pipeline.replay(idle, found, "operator")
    assert (still.stored, still.quarantined) == (0, 1)
    assert one(idle, "SELECT replayed_at FROM quarantine WHERE id = %s", found) == {"replayed_at": None}
    idle.execute(
        "INSERT INTO datastream (key, sensor_key, property, name, unit) VALUES ('new.stream', 'LF-01', 'x', 'x', 'mm')"
    )
    idle.commit()
    done = pipeline.replay(idle, found, "operator")
    assert (done.stored, done.quarantined) == (1, 0)
    assert one(idle, "SELECT replayed_at FROM quarantine WHERE id = %s", found)["replayed_at"] is not None


def test_fixes_move_the_mover_forward_only(pipeline: Pipeline, idle: Connection) -> None:
    def send(seconds_ago: int, lon: float) -> Any:
        message = {"at": (NOW - timedelta(seconds=seconds_ago)).isoformat(), "lon": lon, "lat": 29.1, "speed_mps": 5}
        return pipeline.receive(idle, FIX, json.dumps(message).encode(), source="onemap/fix/CL-01")

    assert [send(20, 110.41).stored, send(10, 110.42).stored, send(15, 110.43).stored] == [1, 1, 1]
    assert send(10, 110.99).reasons == {"conflict": 1}
    row = one(idle, "SELECT st_x(geom) AS x, seen_at, status, feed FROM mover WHERE key = 'CL-01'")
    assert row == {"x": 110.42, "seen_at": NOW - timedelta(seconds=10), "status": "active", "feed": "fix"}
    assert one(idle, "SELECT count(*) AS n FROM fix JOIN mover m ON m.id = mover_id WHERE m.key = 'CL-01'") == {"n": 3}


def test_drone_osd(pipeline: Pipeline, idle: Connection) -> None:
    message = {
        "tid": "t", "bid": "b", "timestamp": int(NOW.timestamp() * 1000), "gateway": "RC1",
        "data": {
            "latitude": 29.105, "longitude": 110.405, "height": 312.5, "elevation": 80, "attitude_head": -90.0,
            "horizontal_speed": 7.5, "vertical_speed": 0, "battery": {"capacity_percent": 81}, "mode_code": 5,
        },
    }  # fmt: skip
    receipt = pipeline.receive(idle, DRONE, json.dumps(message).encode(), source="thing/product/UAV0001/osd")
    assert receipt.stored == 1
    row = one(
        idle, "SELECT st_y(geom) AS y, heading_deg, altitude_m, battery_pct, speed_mps FROM mover WHERE key = 'UAV0001'"
    )
    assert row == {"y": 29.105, "heading_deg": 270.0, "altitude_m": 312.5, "battery_pct": 81.0, "speed_mps": 7.5}
    dock = {"timestamp": int(NOW.timestamp() * 1000), "data": {"temperature": 20}}
    receipt = pipeline.receive(idle, DRONE, json.dumps(dock).encode(), source="thing/product/DOCK/osd")
    assert (receipt.stored, receipt.unchanged, receipt.quarantined) == (0, 1, 0)


def test_one_poison_message_does_not_stop_the_others(settings: Settings, idle: Connection) -> None:
    def fragile(conn: Connection, readings: Any, clocks: Any) -> None:
        if any(r.value == 666.0 for r in readings):
            conn.execute("SELECT 1 / 0")

    pipeline = Pipeline(settings, hooks=Hooks(readings=fragile))
    payloads = [Payload(body(reading("YL-01.24h", 300 + i, 666.0 if i == 3 else i)), "p") for i in range(6)]
    receipt = pipeline.receive_many(idle, IOT, payloads)
    assert (receipt.stored, receipt.quarantined, receipt.reasons) == (5, 1, {"store-failed": 1})
    mended = Pipeline(settings, hooks=Hooks(readings=lambda conn, readings, clocks: None))
    found = one(idle, "SELECT max(id) AS id FROM quarantine WHERE reason = 'store-failed'")["id"]
    assert mended.replay(idle, found, "operator").stored == 1


def test_nothing_is_taken_when_the_database_goes_away(settings: Settings, planted: str) -> None:
    payload = body(reading("YL-01.24h", 12345, 1))
    with connect(planted) as victim, connect(planted, autocommit=True) as killer:

        def cut(conn: Connection, readings: Any, clocks: Any) -> None:
            killer.execute("SELECT pg_terminate_backend(%s)", (victim.info.backend_pid,))
            conn.execute("SELECT 1")

        with pytest.raises(psycopg.OperationalError):
            Pipeline(settings, hooks=Hooks(readings=cut)).receive(victim, IOT, payload, source="p")
        rows = killer.execute("SELECT 1 FROM observation WHERE at = %s", (NOW - timedelta(seconds=12345),)).fetchall()
        assert rows == []
    with connect(planted) as conn:
        assert Pipeline(settings).receive(conn, IOT, payload, source="p").stored == 1


def test_bounds_and_misuse_are_refused(settings: Settings, pipeline: Pipeline, idle: Connection) -> None:
    small = Pipeline(settings.model_copy(update={"feeds": settings.feeds.model_copy(update={"max_payload_bytes": 10})}))
    with pytest.raises(TooLarge):
        small.receive(idle, IOT, b"x" * 11, source="p")
    idle.execute("SELECT 1")
    with pytest.raises(psycopg.ProgrammingError, match="commits"):
        pipeline.receive(idle, IOT, b"[]", source="p")


def test_counters_add_up(pipeline: Pipeline, idle: Connection) -> None:
    before = one(idle, "SELECT * FROM feed_state WHERE feed = 'iot'")
    receipt = pipeline.receive(idle, IOT, body(reading("LF-01.gap", 4, 1), reading("nobody", 4, 1)), source="count")
    pipeline.receive(idle, IOT, body(reading("LF-01.gap", 4, 1), reading("nobody", 4, 1)), source="count")
    after = one(idle, "SELECT * FROM feed_state WHERE feed = 'iot'")
    names = ("received", "stored", "unchanged", "duplicates", "quarantined")
    assert tuple(after[n] - before[n] for n in names) == (3, 1, 0, 1, 1)
    assert receipt.received == 2
    assert after["last_source_at"] >= NOW - timedelta(seconds=4)
