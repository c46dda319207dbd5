"""Signed webhooks of other systems: the whole alert as JSON."""

from __future__ import annotations

import hashlib
import hmac
import json
import time

from onemap.core.errors import BadInput
from onemap.warnings.sending.adapter import Adapter, Answer, Letter, Way
from onemap.warnings.sending.post import Post, check_url, shown_url

SECRET_CHARACTERS = 16


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """The signature a receiver checks: HMAC-SHA256 over `timestamp.body`, so that an old message cannot be replayed."""
    return "sha256=" + hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def body_of(letter: Letter) -> bytes:
    """The alert as the doors give it."""
    told = {"type": "test" if letter.test else "alert", "alert": letter.alert}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def signed(way: Way, letter: Letter, body: bytes, post: Post) -> Answer:
    """One signed POST."""
    timestamp = str(int(time.time()))
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Idempotency-Key": letter.idempotency_key,
        "X-Onemap-Timestamp": timestamp,
        "X-Onemap-Signature": sign(way.secret, timestamp, body),
    }
    reply = post(way.url, headers, body)
    return Answer(reply.status, reply.error, retry_after_s=reply.retry_after_s)


def check(way: Way) -> None:
    """An http(s) address, and a secret that cannot be guessed. Raises BadInput."""
    check_url(way.url)
    if len(way.secret) < SECRET_CHARACTERS:
        raise BadInput(
            f"The secret has {SECRET_CHARACTERS} characters at least: it signs what we send.", reason="secret"
        )


def send(way: Way, letter: Letter, post: Post) -> Answer:
    """One signed POST with the alert."""
    return signed(way, letter, body_of(letter), post)


ADAPTER = Adapter(("webhook",), check, shown_url, send)
