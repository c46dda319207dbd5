"""MQTT against a real broker: acknowledged after the commit, sent again when there was none."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from etl_broker import sender, until

from etl.feeds import FEEDS
from etl.pipeline import Hooks, Pipeline
from etl.transports import transports_of
from etl.transports.mqtt import MqttTransport
from onemap.core.settings import MqttSettings, Settings
from onemap.store.db import Connection

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def wired(settings: Settings, mosquitto: Any) -> Settings:
    mqtt = MqttSettings(host="127.0.0.1", port=mosquitto.port, client_id="test-worker")
    return settings.model_copy(update={"mqtt": mqtt})


@contextmanager
def running(settings: Settings, pipeline: Pipeline | None = None) -> Iterator[MqttTransport]:
    transport = next(t for t in transports_of(settings, FEEDS, pipeline or Pipeline(settings)) if t.name == "mqtt")
    assert isinstance(transport, MqttTransport)
    stop = threading.Event()
    thread = threading.Thread(target=transport.run, args=(stop,))
    thread.start()
    try:
        yield transport
    finally:
        stop.set()
        thread.join(15)
        assert not thread.is_alive()


def reading(seconds_ago: float, value: float) -> bytes:
    return json.dumps({"at": (NOW - timedelta(seconds=seconds_ago)).isoformat(), "value": value}).encode()


def count(conn: Connection, value: float) -> int:
    row = conn.execute("SELECT count(*) AS n FROM observation WHERE value = %s", (value,)).fetchone()
    assert row is not None
    return int(row["n"])


def test_topics_find_their_feeds(wired: Settings, mosquitto: Any, planted: str, committed: Connection) -> None:
    osd = {"timestamp": int(NOW.timestamp() * 1000), "data": {"latitude": 29.11, "longitude": 110.41, "height": 300}}
    fix = {"at": NOW.isoformat(), "lon": 110.42, "lat": 29.12}
    with running(wired) as transport:
        until(transport.subscribed.is_set)
        with sender(mosquitto.port) as send:
            send("onemap/iot/YL-01.rain", reading(1, 11.5))
            send("thing/product/UAV0001/osd", json.dumps(osd).encode())
            send("onemap/fix/CL-01", json.dumps(fix).encode())
            send("onemap/iot/YL-01.rain", b"\x00not json")

        def all_there() -> bool:
            rows = committed.execute("SELECT feed FROM raw_record").fetchall()
            return sorted(r["feed"] for r in rows) == ["drone", "fix", "iot", "iot"]

        until(all_there)
    assert count(committed, 11.5) == 1
    rows = committed.execute("SELECT key, round(st_x(geom)::numeric, 2) AS x FROM mover ORDER BY key").fetchall()
    assert [(r["key"], float(r["x"])) for r in rows] == [("CL-01", 110.42), ("UAV0001", 110.41)]
    assert committed.execute("SELECT feed, reason FROM quarantine").fetchall() == [{"feed": "iot", "reason": "json"}]


def test_what_came_while_the_worker_was_away_is_there(
    wired: Settings, mosquitto: Any, planted: str, committed: Connection
) -> None:
    with running(wired) as transport:
        until(transport.subscribed.is_set)
    with sender(mosquitto.port) as send:
        for i in range(300):
            send("onemap/iot/LF-01.gap", reading(10_000 + i, 21.5))
    with running(wired):
        until(lambda: count(committed, 21.5) == 300)


def test_no_acknowledgement_without_commit(
    wired: Settings, mosquitto: Any, planted: str, committed: Connection
) -> None:
    seen = threading.Event()

    def dies(conn: Connection, readings: Any, clocks: Any) -> None:
        seen.set()
        raise psycopg.OperationalError("the database went away before the commit")

    with running(wired, Pipeline(wired, hooks=Hooks(readings=dies))) as transport:
        until(transport.subscribed.is_set)
        with sender(mosquitto.port) as send:
            send("onemap/iot/LF-01.gap", reading(31, 31.5))
        until(seen.is_set)
    assert count(committed, 31.5) == 0
    with running(wired):
        until(lambda: count(committed, 31.5) == 1)
    before = committed.execute("SELECT count(*) AS n FROM raw_record").fetchone()
    with running(wired) as transport:  # acknowledged now: nothing comes again
        until(transport.subscribed.is_set)
        with sender(mosquitto.port) as send:
            send("onemap/iot/LF-01.gap", reading(32, 32.5))
        until(lambda: count(committed, 32.5) == 1)
    after = committed.execute("SELECT count(*) AS n FROM raw_record").fetchone()
    assert before is not None and after is not None and after["n"] == before["n"] + 1
    state = committed.execute("SELECT duplicates FROM feed_state WHERE feed = 'iot'").fetchone()
    assert state == {"duplicates": 0}


def test_batches_are_larger_than_the_brokers_default_window(
    wired: Settings, mosquitto: Any, planted: str, committed: Connection
) -> None:
    sizes: list[int] = []

    def note(conn: Connection, readings: Any, clocks: Any) -> None:
        sizes.append(len(readings))

    with running(wired) as transport:
        until(transport.subscribed.is_set)
    with sender(mosquitto.port) as send:
        for i in range(400):
            send("onemap/iot/LF-01.gap", reading(20_000 + i, 41.5))
    with running(wired, Pipeline(wired, hooks=Hooks(readings=note))):
        until(lambda: count(committed, 41.5) == 400)
    assert max(sizes) > 20


def test_a_broker_that_restarts_is_found_again(
    wired: Settings, mosquitto: Any, planted: str, committed: Connection
) -> None:
    with running(wired) as transport:
        until(transport.subscribed.is_set)
        mosquitto.stop()
        until(lambda: not transport.subscribed.is_set())
        mosquitto.start()
        until(transport.subscribed.is_set, 30)
        with sender(mosquitto.port) as send:
            send("onemap/iot/LF-01.gap", reading(51, 51.5))
        until(lambda: count(committed, 51.5) == 1)
