"""Text messages and calls: a gateway that takes our signed webhook, or an SMS service that Apprise speaks."""

from __future__ import annotations

import json

from onemap.warnings.sending.adapter import Adapter, Answer, Letter, Way
from onemap.warnings.sending.channels import by_apprise, webhook
from onemap.warnings.sending.post import Post


def body_of(way: Way, letter: Letter) -> bytes:
    """The words, and whose duty phone they are for: which number that is, the gateway knows and we do not."""
    alert = letter.alert
    told = {
        "type": way.kind,
        "test": letter.test,
        "drill": bool(alert["drill"]),
        "idempotency_key": letter.idempotency_key,
        "alert_id": alert["id"],
        "team_key": alert["team_key"],
        "team_name": alert["team_name"],
        "level": alert["level"],
        "title": letter.title,
        "text": letter.text,
    }
    if way.kind == "voice":
        told |= {"say": f"{letter.title}。{letter.text}", "repeat": 2}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def check(way: Way) -> None:
    """As a webhook; an SMS channel may have an Apprise URL instead. Raises BadInput."""
    if _is_apprise(way):
        by_apprise.check(way)
    else:
        webhook.check(way)


def shown(url: str) -> str:
    """The url without what is secret in it."""
    return webhook.ADAPTER.shown(url) if url.lower().startswith("http") else by_apprise.shown(url)


def send(way: Way, letter: Letter, post: Post) -> Answer:
    """One message or call asked for; whether it reached anybody, the gateway's receipt says."""
    if _is_apprise(way):
        return by_apprise.send(way, letter, post)
    return webhook.signed(way, letter, body_of(way, letter), post)


def _is_apprise(way: Way) -> bool:
    return way.kind == "sms" and not way.url.lower().startswith(("http://", "https://"))


ADAPTER = Adapter(("sms", "voice"), check, shown, send)
