"""The ways out: MQTT with QoS 1, HTTP push, and a small server whose bulletins are pulled. Every wait has a limit."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from demo.simulator.journal import Journal

LOG = logging.getLogger("simulator")
IN_FLIGHT = 200
ROOM_WAIT_S = 5.0


@dataclass(frozen=True)
class Receipt:
    """What to note when the broker acknowledges a message."""

    kind: str
    key: str
    at: str
    value: float | str | None


class MqttDoor:
    """Publishes with QoS 1, a bounded number unacknowledged; connects again by itself, waiting longer each time."""

    def __init__(self, host: str, port: int, user: str | None, password: str | None, journal: Journal) -> None:
        """Begin connecting in the background."""
        self._journal = journal
        self._room = threading.BoundedSemaphore(IN_FLIGHT)
        self._lock = threading.Lock()
        self._waiting: dict[int, Receipt] = {}
        self._early: set[int] = set()
        self.refused = 0
        self._up = False
        self._closing = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="", clean_session=True)
        if user:
            self._client.username_pw_set(user, password)
        self._client.max_inflight_messages_set(100)
        self._client.reconnect_delay_set(min_delay=1, max_delay=15)
        self._client.on_publish = self._acknowledged
        self._client.on_connect = self._connected
        self._client.on_disconnect = self._lost
        self._client.connect_async(host, port, keepalive=30)
        self._client.loop_start()

    def _connected(self, *args: Any) -> None:
        code = args[3]
        self._up = not code.is_failure
        LOG.info("MQTT connected" if self._up else f"MQTT refused: {code}")

    def _lost(self, *args: Any) -> None:
        if self._up and not self._closing.is_set():
            LOG.warning("MQTT connection lost; connecting again")
        self._up = False

    def _acknowledged(self, _client: Any, _data: Any, mid: int, *_rest: Any) -> None:
        with self._lock:
            receipt = self._waiting.pop(mid, None)
            if receipt is None:
                # the acknowledgement overtook the publishing thread
                self._early.add(mid)
                return
        self._settle(receipt)

    def _settle(self, receipt: Receipt) -> None:
        self._journal.write(receipt.kind, receipt.key, receipt.at, receipt.value)
        self._room.release()

    def _take_room(self) -> bool:
        deadline = time.monotonic() + (ROOM_WAIT_S if self._up else 0.0)
        while not self._closing.is_set():
            if self._room.acquire(timeout=0.2 if self._up else 0.0):
                return True
            if time.monotonic() >= deadline:
                return False
        return False

    def publish(self, topic: str, payload: dict[str, Any], receipt: Receipt) -> bool:
        """Send one message. False when too many are unacknowledged: a device without a buffer drops its reading."""
        if not self._take_room():
            self.refused += 1
            return False
        info = self._client.publish(topic, json.dumps(payload, separators=(",", ":")), qos=1)
        with self._lock:
            if info.mid not in self._early:
                self._waiting[info.mid] = receipt
                return True
            self._early.discard(info.mid)
        self._settle(receipt)
        return True

    def close(self) -> None:
        """Disconnect and stop the network thread."""
        self._closing.set()
        self._client.disconnect()
        self._client.loop_stop()


class HttpDoor:
    """Pushes incidents to the server's feed."""

    def __init__(self, url: str, api_key: str | None, journal: Journal) -> None:
        """Keep one connection."""
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._client = httpx.Client(base_url=url, headers=headers, timeout=httpx.Timeout(5.0), trust_env=False)
        self._journal = journal
        self._down = False

    def push(self, feature: dict[str, Any]) -> bool:
        """Push one incident. True when the server took it or refused it for good; False when to try again."""
        props = feature["properties"]
        try:
            answer = self._client.post(
                "/feeds/incident",
                content=json.dumps(feature, ensure_ascii=False).encode(),
                headers={"Content-Type": "application/geo+json"},
            )
        except httpx.HTTPError as error:
            self._complain(f"{type(error).__name__}")
            return False
        if answer.status_code >= 500 or answer.status_code in (408, 429):
            self._complain(str(answer.status_code))
            return False
        if answer.is_success:
            if self._down:
                LOG.info("incident feed answers again")
            self._down = False
            if not answer.json().get("quarantined"):
                at = props.get(f"{props['status']}_at")
                self._journal.write("incident", props["key"], at, props["status"])
            return True
        self._complain(f"{answer.status_code} {answer.text[:200]}")
        return True

    def _complain(self, why: str) -> None:
        # an outage is said once when it starts
        if not self._down:
            LOG.warning("incident feed does not take the push: %s", why)
        self._down = True

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


class BulletinServer:
    """Serves `GET /geohazard.json` on the loopback; what it says is asked for at each request."""

    def __init__(self, port: int, content: Callable[[], dict[str, Any]]) -> None:
        """Listen and answer in the background. Raises OSError when the port is taken."""

        class Handler(BaseHTTPRequestHandler):
            timeout = 5

            def do_GET(self) -> None:
                """Answer one request."""
                if self.path.split("?")[0] != "/geohazard.json":
                    self.send_error(404)
                    return
                body = json.dumps(content(), ensure_ascii=False).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing: the puller logs."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=2)


def backoff_s(failures: int) -> float:
    """Seconds to wait after so many failures in a row."""
    return float(min(15.0, 0.5 * 2 ** min(failures, 6)))


def now_ms() -> int:
    """Milliseconds of the wall clock."""
    return time.time_ns() // 1_000_000
