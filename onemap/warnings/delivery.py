"""Deliveries by webhook: at least once with an idempotency key, signed, with back-off; dead after two days."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from onemap.core.clock import now
from onemap.store import changelog
from onemap.store.db import Connection
from onemap.store.sqlfile import sql
from onemap.warnings.ledger import ACTOR_DELIVERY, alerts_of, delivered, record

#: Longer than any sending takes: while it lasts nobody else sends the same delivery.
LEASE_S = 120.0
FIRST_S, LONGEST_S = 5.0, 3600.0
GIVE_UP = timedelta(hours=48)
GONE = 410


@dataclass(frozen=True)
class WebhookRequest:
    """One POST to an endpoint."""

    url: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Response:
    """What came of it: the status, or 0 with the error when there was no answer."""

    status: int
    error: str = ""


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """The signature a receiver checks: HMAC-SHA256 over `timestamp.body`, so that an old message cannot be replayed."""
    return "sha256=" + hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def request_of(url: str, secret: str, idempotency_key: str, alert: dict[str, Any], at: datetime) -> WebhookRequest:
    """The signed request that carries an alert."""
    body = json.dumps({"type": "alert", "alert": alert}, ensure_ascii=False, separators=(",", ":")).encode()
    timestamp = str(int(at.timestamp()))
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "onemap",
        "Idempotency-Key": idempotency_key,
        "X-Onemap-Timestamp": timestamp,
        "X-Onemap-Signature": sign(secret, timestamp, body),
    }
    return WebhookRequest(url, headers, body)


def wait_s(attempts: int, jitter: float) -> float:
    """Seconds until the next try after `attempts` failed ones: doubling up to an hour, × 0.5 to 1.5 by `jitter`.

    The jitter keeps the deliveries that failed together from coming back together.
    """
    return float(min(LONGEST_S, FIRST_S * 2.0 ** min(attempts - 1, 20)) * (0.5 + jitter))


def deliver_due(conn: Connection, send: Callable[[WebhookRequest], Response], *, limit: int = 100) -> int:
    """Send what is due by webhook; return how many deliveries were tried.

    Wants an autocommit connection: each delivery is taken in one short transaction and settled in another, and none is
    open while an endpoint is slow. A crash in between sends again after the lease, under the same idempotency key. An
    endpoint that fails is left alone for the rest of the call.
    """
    failed: list[int] = []
    tried = 0
    while tried < limit:
        with conn.transaction():
            due = conn.execute(sql("warn_due"), {"now": now(), "failed": failed, "lease_s": LEASE_S}).fetchone()
        if due is None:
            break
        tried += 1
        alert = alerts_of(conn, [due["alert_id"]])[0]
        answer = send(request_of(due["url"], due["secret"], due["idempotency_key"], alert, now()))
        if not _settle(conn, due, alert, answer):
            failed.append(due["webhook_id"])
    return tried


def _settle(conn: Connection, due: dict[str, Any], alert: dict[str, Any], answer: Response) -> bool:
    at = now()
    done = 200 <= answer.status < 300
    next_at = at + timedelta(seconds=wait_s(due["attempts"], random.random()))  # noqa: S311  (spreads load, no secret)
    dead = answer.status == GONE or next_at > datetime.fromisoformat(alert["created_at"]) + GIVE_UP
    state = "delivered" if done else "dead" if dead else "queued"
    error = None if done else (answer.error or f"HTTP {answer.status}")[:500]
    with conn.transaction():
        written = conn.execute(
            sql("warn_delivery_write"),
            {"id": due["id"], "state": state, "now": at, "next_at": None if done else next_at, "error": error},
        ).rowcount
        if written and done:
            delivered(conn, due["alert_id"], "webhook", at)
        elif written and state == "dead":
            record(
                conn, alert["warning_key"], "delivery_dead", ACTOR_DELIVERY,
                f"向{alert['team_name']}的接口推送失败，已停止重试：{error}",
                f"Webhook delivery to {alert['team_name']} given up: {error}", alert_id=due["alert_id"], at=at,
            )  # fmt: skip
            changelog.log_event(
                conn, "delivery", str(due["id"]), {"state": "dead", "alert_id": due["alert_id"], "error": error}
            )
    return done
