"""HTTP pull against a real small server: conditional requests, outages, refusals, bounds."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from etl_broker import until

from etl.feeds import BY_NAME
from etl.pipeline import Pipeline
from etl.status import feed_status
from etl.transports import PullTransport, transports_of
from onemap.core.settings import Settings
from onemap.store.db import Connection

NOW = datetime.now(UTC).replace(microsecond=0)


class Source:
    """A service whose answers the test sets."""

    def __init__(self) -> None:
        self.status, self.body, self.etag = 200, b"{}", ""
        self.asked: list[tuple[str | None, int]] = []
        source = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                known = self.headers.get("If-None-Match")
                status = 304 if source.etag and known == source.etag else source.status
                source.asked.append((known, status))
                self.send_response(status)
                if source.etag:
                    self.send_header("ETag", source.etag)
                body = source.body if status == 200 else b""
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hazards"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def source() -> Iterator[Source]:
    found = Source()
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture
def pulling(settings: Settings, planted: str, source: Source) -> Iterator[PullTransport]:
    feeds = settings.feeds.model_copy(update={"geohazard_url": source.url, "geohazard_every_s": 0.05})
    settings = settings.model_copy(update={"feeds": feeds})
    transport = next(t for t in transports_of(settings, [BY_NAME["geohazard"]], Pipeline(settings)))
    assert isinstance(transport, PullTransport)
    transport._refused_s = 0.05
    stop = threading.Event()
    thread = threading.Thread(target=transport.run, args=(stop,))
    thread.start()
    yield transport
    stop.set()
    thread.join(15)
    assert not thread.is_alive()


def bulletin(level: int, minutes_ago: int) -> dict[str, Any]:
    issued = NOW - timedelta(minutes=minutes_ago)
    return {
        "key": "B-1", "level": level, "area_codes": ["990101001000"], "issued_at": issued.isoformat(),
        "valid_until": (issued + timedelta(hours=24)).isoformat(), "text": "未来 24 小时地质灾害气象风险高",
    }  # fmt: skip


def test_pull_stores_and_asks_conditionally(pulling: PullTransport, source: Source, committed: Connection) -> None:
    reading = {"datastream": "LF-01.gap", "at": NOW.isoformat(), "value": 0.4}
    source.body = json.dumps({"bulletins": [bulletin(3, 10)], "readings": [reading]}).encode()
    source.etag = '"one"'
    until(lambda: any(status == 304 for _, status in source.asked))
    rows = committed.execute("SELECT level, area_codes FROM bulletin").fetchall()
    assert rows == [{"level": 3, "area_codes": ["990101001000"]}]
    assert committed.execute("SELECT value FROM observation").fetchall() == [{"value": 0.4}]
    source.body = json.dumps({"bulletins": [bulletin(2, 5), bulletin(4, 60)], "readings": [reading]}).encode()
    source.etag = '"two"'
    until(lambda: ('"two"', 304) in source.asked)
    assert committed.execute("SELECT level FROM bulletin").fetchall() == [{"level": 2}]
    notes = committed.execute(
        "SELECT note->>'level' AS l FROM change_log WHERE layer = 'bulletin' ORDER BY seq"
    ).fetchall()
    assert [n["l"] for n in notes] == ["3", "2"]
    assert feed_status(committed, [BY_NAME["geohazard"]])[0]["state"] == "ok"


@pytest.mark.parametrize("status", [503, 401, 410])
def test_an_outage_is_told_once_and_ends(
    status: int, pulling: PullTransport, source: Source, committed: Connection
) -> None:
    def error() -> Any:
        return feed_status(committed, [BY_NAME["geohazard"]])[0]["error"]

    def told() -> list[str]:
        rows = committed.execute("SELECT note->>'error' AS e FROM change_log WHERE layer = 'feed' ORDER BY seq")
        return [str(r["e"]).replace("The source answers ", "")[:4].strip(".;") for r in rows]

    until(lambda: len(source.asked) > 0)
    before = len(told())
    source.status = status
    until(lambda: error() is not None)
    assert str(status) in error()
    asked = len(source.asked)
    until(lambda: len(source.asked) > asked)
    source.status, source.body = 200, json.dumps({"bulletins": [], "readings": [], "n": status}).encode()
    until(lambda: told()[before:] == [str(status), "None"])
    assert error() is None


def test_more_than_the_bound_is_not_read(pulling: PullTransport, source: Source, committed: Connection) -> None:
    pulling._bytes = 1000
    source.body = b'{"bulletins": [], "x": "' + b"x" * 5000 + b'"}'
    until(lambda: "more than 1000" in (feed_status(committed, [BY_NAME["geohazard"]])[0]["error"] or ""))


def test_a_feed_is_pulled_from_its_own_address_alone(settings: Settings) -> None:
    feeds = settings.feeds.model_copy(update={"cap_url": "http://127.0.0.1:1/cap.xml"})
    told = settings.model_copy(update={"feeds": feeds})
    pulled = transports_of(told, list(BY_NAME.values()), Pipeline(told))
    assert [one.name for one in pulled if isinstance(one, PullTransport)] == ["pull.cap"]
