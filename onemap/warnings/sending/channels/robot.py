"""Group robots of DingTalk, WeCom and Feishu, by the JSON that each documents.

They answer HTTP 200 and say in the body whether the message was taken; Apprise does not look there (2.2), so a message
refused for a wrong signature or too many a minute would stand in the ledger as delivered. What is posted and signed:
https://open.dingtalk.com/document/robots/custom-robot-access
https://developer.work.weixin.qq.com/document/path/91770
https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any
from urllib.parse import urlencode, urlsplit

from onemap.core.errors import BadInput
from onemap.warnings.sending.adapter import Adapter, Answer, Letter, Way
from onemap.warnings.sending.post import Post, Reply, check_url, shown_url

#: The least of the three limits (WeCom's) less room for the mark that it was cut.
TEXT_BYTES = 2000
#: "Busy" and "too many a minute": taken later. DingTalk 130101, 90030; WeCom 45009, 45033; Feishu 11232, 230020.
LATER = frozenset({-1, 130101, 90030, 45009, 45033, 11232, 230020})
RETRY_AFTER_S = 30.0


def check(way: Way) -> None:
    """The address that the group's robot page shows. Raises BadInput (reason "url")."""
    check_url(way.url)
    parts = urlsplit(way.url)
    if not parts.path.strip("/"):
        raise BadInput("The whole address of the robot is needed, with its token.", reason="url")


def request_of(way: Way, letter: Letter, at: float) -> tuple[str, dict[str, Any]]:
    """Where to post what; `at` in seconds is signed where the robot has a secret (加签)."""
    text = cut(f"{letter.title}\n{letter.text}", TEXT_BYTES)
    if way.kind == "feishu":
        body: dict[str, Any] = {"msg_type": "text", "content": {"text": text}}
        if way.secret:
            stamp = str(int(at))
            # The key is what other services sign, and the message is empty.
            body |= {"timestamp": stamp, "sign": _hmac(f"{stamp}\n{way.secret}", "")}
        return way.url, body
    body = {"msgtype": "text", "text": {"content": text}}
    if way.kind == "dingtalk" and way.secret:
        stamp = str(int(at * 1000))
        signed = urlencode({"timestamp": stamp, "sign": _hmac(way.secret, f"{stamp}\n{way.secret}")})
        return f"{way.url}{'&' if urlsplit(way.url).query else '?'}{signed}", body
    return way.url, body


def send(way: Way, letter: Letter, post: Post) -> Answer:
    """Post the words to the group. A robot knows no idempotency key: after a lost answer the group reads it twice."""
    url, body = request_of(way, letter, time.time())
    headers = {"Content-Type": "application/json; charset=utf-8"}
    return answer_of(post(url, headers, json.dumps(body, ensure_ascii=False).encode()))


def answer_of(reply: Reply) -> Answer:
    """What the robot says: its own code counts where the HTTP status is good, and tells more where it is not."""
    try:
        said = json.loads(reply.body)
        code, why = said.get("errcode", said.get("code")), said.get("errmsg", said.get("msg", ""))
    except (ValueError, AttributeError):
        code, why = None, ""
    if reply.error:
        return Answer(reply.status, f"{reply.error} {why}".strip()[:300], retry_after_s=reply.retry_after_s)
    if code == 0:
        return Answer(reply.status)
    if code is None:
        return Answer(reply.status, "The robot's answer is none of its documented ones.", refused=False)
    later = code in LATER
    return Answer(
        reply.status, f"{code}: {why}"[:300], refused=not later, retry_after_s=RETRY_AFTER_S if later else None
    )


def cut(text: str, most: int) -> str:
    """The text in at most that many bytes of UTF-8, whole characters."""
    raw = text.encode()
    return text if len(raw) <= most else raw[:most].decode(errors="ignore") + "…"


def _hmac(key: str, message: str) -> str:
    return base64.b64encode(hmac.new(key.encode(), message.encode(), hashlib.sha256).digest()).decode()


ADAPTER = Adapter(("dingtalk", "wecom", "feishu"), check, shown_url, send)
