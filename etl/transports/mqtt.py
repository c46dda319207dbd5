"""MQTT 5 with a session that the broker keeps: each message is acknowledged after the commit that stored it.

The broker sends no more than a window of unacknowledged messages, so a slow database slows the broker and fills no
memory here. Killed at any line, this leaves unacknowledged what was not committed, and the broker sends it again.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from etl import metrics
from etl.feed import FeedSpec
from etl.pipeline import Payload, Pipeline
from etl.transports.outage import Outage
from etl.transports.store import Store
from onemap.core.settings import Settings
from onemap.store.db import dsn_of

log = structlog.get_logger(__name__)

WINDOW = 500
LINGER_S = 0.02
SESSION_S = 7 * 24 * 3600
_KEEPALIVE_S = 30
_CONNECT_S = 10.0


@dataclass(frozen=True, slots=True)
class _Message:
    """One message and the connection it came over: an acknowledgement is only good on that one."""

    epoch: int
    mid: int
    qos: int
    feed: FeedSpec | None
    payload: Payload


class MqttTransport:
    """Subscribes to the topics of all MQTT feeds and takes their messages in batches, in order."""

    name = "mqtt"

    def __init__(self, settings: Settings, feeds: Sequence[FeedSpec], pipeline: Pipeline) -> None:
        self._settings, self._pipeline = settings.mqtt, pipeline
        self._routes = [(topic, feed) for feed in feeds for topic in feed.topics]
        self._limit = settings.feeds.max_payload_bytes
        # The broker's window bounds QoS 1; the queue's own bound is for senders that publish at QoS 0.
        self._queue: queue.Queue[_Message] = queue.Queue(maxsize=4 * WINDOW)
        self._epoch = 0
        self._stop = threading.Event()
        self._outage = Outage(self.name, most_s=15.0)
        self._store = Store(dsn_of(settings), self.name)
        self.subscribed = threading.Event()

    def run(self, stop: threading.Event) -> None:
        """Serve until `stop`; messages taken but not committed by then stay with the broker."""
        self._stop = stop
        client = self._client()
        threading.Thread(target=self._keep_connected, args=(client, stop), name="mqtt-connect", daemon=True).start()
        try:
            while not stop.is_set():
                batch = self._gather(stop)
                if batch and self._take(batch, stop):
                    self._acknowledge(client, batch)
        finally:
            client.disconnect()
            client.loop_stop()
            self._store.close()

    def _client(self) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=self._settings.client_id, protocol=paho.MQTTv5, manual_ack=True
        )
        password = self._settings.password.get_secret_value()
        if password:
            client.username_pw_set(self._settings.user, password)
        client.reconnect_delay_set(min_delay=1, max_delay=15)
        client.on_connect = self._connected
        client.on_disconnect = self._disconnected
        client.on_message = self._arrived
        client.on_subscribe = self._subscribed_to
        return client

    def _keep_connected(self, client: paho.Client, stop: threading.Event) -> None:
        """Make the first connection, with back-off; later ones are made again by the client itself."""
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = SESSION_S
        properties.ReceiveMaximum = WINDOW
        properties.MaximumPacketSize = min(self._limit + 65_536, 268_435_455)
        while not stop.is_set():
            try:
                client.connect_timeout = _CONNECT_S
                client.connect(
                    self._settings.host, self._settings.port, _KEEPALIVE_S, clean_start=False, properties=properties
                )
            except OSError as exc:
                self._outage.failed(str(exc))
                stop.wait(self._outage.wait_s)
                continue
            client.loop_start()
            return

    def _connected(
        self, client: paho.Client, userdata: Any, flags: paho.ConnectFlags, code: ReasonCode, properties: Any
    ) -> None:
        if code.is_failure:
            self._outage.failed(f"the broker refuses: {code}")
            return
        self._epoch += 1
        self._outage.worked()
        metrics.TRANSPORT.labels(self.name, "connect").inc()
        log.info("connected to the broker", session_kept=flags.session_present)
        # Subscribing again to what the session holds is harmless, and a feed added since is then in it. What is
        # retained comes only with a new subscription: a last value from last month is no news.
        options = SubscribeOptions(qos=1, retainHandling=SubscribeOptions.RETAIN_SEND_IF_NEW_SUB)
        client.subscribe([(topic, options) for topic, _ in self._routes])

    def _subscribed_to(
        self, client: paho.Client, userdata: Any, mid: int, codes: list[ReasonCode], properties: Any
    ) -> None:
        refused = [topic for (topic, _), code in zip(self._routes, codes, strict=True) if code.is_failure]
        if refused:
            log.error("the broker refuses subscriptions", topics=refused)
        else:
            self.subscribed.set()

    def _disconnected(self, client: paho.Client, userdata: Any, flags: Any, code: ReasonCode, properties: Any) -> None:
        self._epoch += 1
        self.subscribed.clear()
        if code.is_failure:
            self._outage.failed(f"disconnected: {code}")

    def _arrived(self, client: paho.Client, userdata: Any, message: paho.MQTTMessage) -> None:
        """Runs in the client's network thread: hand over, do no work."""
        feed = next((feed for topic, feed in self._routes if paho.topic_matches_sub(topic, message.topic)), None)
        held = _Message(self._epoch, message.mid, message.qos, feed, Payload(bytes(message.payload), message.topic))
        while not self._stop.is_set():
            try:
                self._queue.put(held, timeout=0.5)
                return
            except queue.Full:
                continue

    def _gather(self, stop: threading.Event) -> list[_Message]:
        """Wait for a message, then take what comes within the linger, at most a window."""
        try:
            batch = [self._queue.get(timeout=0.2)]
        except queue.Empty:
            return []
        until = time.monotonic() + LINGER_S
        while len(batch) < WINDOW and not stop.is_set():
            try:
                batch.append(self._queue.get(timeout=max(0.0, until - time.monotonic())))
            except queue.Empty:
                break
        return batch

    def _take(self, batch: Sequence[_Message], stop: threading.Event) -> bool:
        """Commit a batch, one transaction a feed; False when told to stop before all of it was."""
        by_feed: dict[str, tuple[FeedSpec, list[Payload]]] = {}
        for message in batch:
            if message.feed is None:
                log.warning("no feed for this topic", topic=message.payload.source)
            elif len(message.payload.body) > self._limit:
                log.warning("message too large", topic=message.payload.source, size=len(message.payload.body))
            else:
                by_feed.setdefault(message.feed.name, (message.feed, []))[1].append(message.payload)
        for feed, payloads in by_feed.values():
            receipt = self._store.until_done(
                lambda conn, f=feed, p=payloads: self._pipeline.receive_many(conn, f, p),  # type: ignore[misc]
                stop,
            )
            if receipt is None:
                return False
        return True

    def _acknowledge(self, client: paho.Client, batch: Sequence[_Message]) -> None:
        """Acknowledge in order of arrival. After a reconnect the old numbers may mean other messages: leave those."""
        for message in batch:
            if message.qos > 0 and message.epoch == self._epoch:
                client.ack(message.mid, message.qos)
        metrics.TRANSPORT.labels(self.name, "message").inc(len(batch))
