"""Webhooks against a real HTTP server: delivered once, signed; failures wait their turn and never block the others."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from onemap.core.clock import now
from onemap.store.db import Connection
from onemap.warnings import service
from onemap.warnings.delivery import Response, WebhookRequest
from onemap.warnings.webhook import send
from tests.db import warnings_ground as ground

SECRET = "endpoint-secret"


class Endpoint:
    """An HTTP server that answers by path: /ok, /broken, /gone, /away (redirect), /silent (no answer until closed)."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, dict[str, str], bytes]] = []
        self.closing = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.seen.append((self.path, dict(self.headers), body))
                if self.path == "/silent":
                    outer.closing.wait()
                    return
                status = {"/ok": 200, "/broken": 500, "/gone": 410, "/away": 302}[self.path]
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "/ok")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def paths(self) -> list[str]:
        return [path for path, _, _ in self.seen]


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    made = Endpoint()
    yield made
    made.closing.set()
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def raised(committed: Connection, endpoint: Endpoint) -> Iterator[Connection]:
    """A committed slope with a warning whose two alerts wait for the endpoints given by the test."""
    yield committed
    with committed.transaction():
        for table in ("delivery", "alert_event", "alert", "webhook", "threshold_state", "threshold", "datastream"):
            committed.execute(f"DELETE FROM {table}")
        for table in ("warning", "hazard", "hazard_zone", "sensor", "team", "geofence"):
            committed.execute(f"DELETE FROM {table}")


def _raise(conn: Connection, *hooks: tuple[str, str | None]) -> None:
    with conn.transaction():
        ground.slope(conn)
        ground.teams(conn)
        for url, team in hooks:
            conn.execute("INSERT INTO webhook (url, secret, team_key) VALUES (%s, %s, %s)", (url, SECRET, team))
        ground.feed(conn, (21.0, 1))


def _deliveries(conn: Connection) -> list[dict[str, Any]]:
    return conn.execute(
        "SELECT d.*, h.url, a.team_key FROM delivery d JOIN webhook h ON h.id = d.webhook_id "
        "JOIN alert a ON a.id = d.alert_id ORDER BY h.url, d.id"
    ).fetchall()


def test_each_team_webhook_gets_its_alert_once_and_signed(raised: Connection, endpoint: Endpoint) -> None:
    _raise(raised, (f"{endpoint.url}/ok", "t1"))
    assert service.deliver_due(raised, send) == 1
    assert service.deliver_due(raised, send) == 0
    ((path, headers, body),) = endpoint.seen
    wanted = hmac.new(SECRET.encode(), headers["X-Onemap-Timestamp"].encode() + b"." + body, hashlib.sha256)
    assert path == "/ok" and headers["X-Onemap-Signature"] == f"sha256={wanted.hexdigest()}"
    alert = json.loads(body)["alert"]
    assert alert["team_key"] == "t1" and alert["title"] == "黄色 III 级 · 云溪沟3号滑坡"
    (row,) = _deliveries(raised)
    assert (row["state"], row["attempts"], row["idempotency_key"]) == ("delivered", 1, headers["Idempotency-Key"])
    states = {a["team_key"]: a["state"] for a in service.alerts(raised)}
    assert states == {"t1": "delivered", "t2": "queued"}


def test_a_webhook_of_no_team_gets_every_alert(raised: Connection, endpoint: Endpoint) -> None:
    _raise(raised, (f"{endpoint.url}/ok", None))
    assert service.deliver_due(raised, send) == 2
    assert {json.loads(body)["alert"]["team_key"] for _, _, body in endpoint.seen} == {"t1", "t2"}
    assert len({headers["Idempotency-Key"] for _, headers, _ in endpoint.seen}) == 2


def test_a_broken_endpoint_waits_and_blocks_nobody(raised: Connection, endpoint: Endpoint) -> None:
    _raise(raised, (f"{endpoint.url}/broken", None), (f"{endpoint.url}/ok", None))
    service.deliver_due(raised, send)
    assert endpoint.paths().count("/ok") == 2
    assert endpoint.paths().count("/broken") == 1  # left alone for the rest of the call
    failed = [d for d in _deliveries(raised) if d["url"].endswith("/broken")]
    tried = [d for d in failed if d["attempts"]]
    assert len(tried) == 1 and tried[0]["state"] == "queued" and tried[0]["error"] == "HTTP 500"
    assert tried[0]["next_at"] > now()
    service.deliver_due(raised, send)
    assert endpoint.paths().count("/broken") == 2  # the other alert's first try; the first one still waits
    raised.execute("UPDATE delivery SET next_at = now() WHERE state = 'queued'")
    raised.execute("UPDATE webhook SET url = %s WHERE url LIKE '%%/broken'", (f"{endpoint.url}/ok?",))
    again = [d["idempotency_key"] for d in failed]

    def kept(request: WebhookRequest) -> Response:
        assert request.headers["Idempotency-Key"] in again
        return Response(204)

    assert service.deliver_due(raised, kept) == 2
    assert {d["state"] for d in _deliveries(raised)} == {"delivered"}


def test_an_endpoint_that_never_answers_is_a_failure_in_time(raised: Connection, endpoint: Endpoint) -> None:
    _raise(raised, (f"{endpoint.url}/silent", "t1"))
    assert service.deliver_due(raised, lambda request: send(request, timeout=0.2)) == 1
    (row,) = _deliveries(raised)
    assert row["state"] == "queued" and "Timeout" in row["error"]


def test_a_redirect_is_not_followed_and_a_refused_connection_is_no_error(
    raised: Connection, endpoint: Endpoint
) -> None:
    _raise(raised, (f"{endpoint.url}/away", "t1"), ("http://127.0.0.1:1/", "t1"), ("no url at all", "t1"))
    assert service.deliver_due(raised, send) == 3
    assert endpoint.paths() == ["/away"]
    errors = {d["url"]: d["error"] for d in _deliveries(raised)}
    assert all(errors.values()) and "redirect" in errors[f"{endpoint.url}/away"]


def test_after_two_days_or_gone_it_is_dead_and_told(raised: Connection, endpoint: Endpoint) -> None:
    _raise(raised, (f"{endpoint.url}/broken", "t1"), (f"{endpoint.url}/gone", "t2"))
    raised.execute("UPDATE alert SET created_at = created_at - %s", (timedelta(hours=48),))
    assert service.deliver_due(raised, send) == 2
    assert {d["state"] for d in _deliveries(raised)} == {"dead"}
    told = raised.execute("SELECT count(*) AS n FROM alert_event WHERE kind = 'delivery_dead'").fetchone()
    logged = raised.execute("SELECT count(*) AS n FROM change_log WHERE layer = 'delivery'").fetchone()
    assert told == logged == {"n": 2}
    assert service.deliver_due(raised, send) == 0


def test_two_workers_never_send_the_same_delivery(raised: Connection, dsn: str, endpoint: Endpoint) -> None:
    from onemap.store.db import connect

    _raise(raised, (f"{endpoint.url}/ok", None))
    sent: list[str] = []

    def outer(request: WebhookRequest) -> Response:
        sent.append(request.headers["Idempotency-Key"])
        with connect(dsn, autocommit=True) as other:  # while the first is on its way, another worker looks for work
            service.deliver_due(other, lambda r: sent.append(r.headers["Idempotency-Key"]) or Response(200))
        return Response(200)

    service.deliver_due(raised, outer)
    assert len(sent) == len(set(sent)) == 2
