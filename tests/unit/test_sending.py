"""Sending without a database: back-off, refusals, signatures, robots' JSON, addresses, hours."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onemap.core.errors import BadInput
from onemap.warnings.sending.adapter import Answer, Letter, Way
from onemap.warnings.sending.channel import hour_bits
from onemap.warnings.sending.channels import ADAPTERS, BY_KIND, gateway, robot, webhook
from onemap.warnings.sending.circuit import FIRST_S, LONGEST_S, refuses, wait_s
from onemap.warnings.sending.outcome import NAMES
from onemap.warnings.sending.post import Reply, _retry_after, check_url, shown_url

ALERT = {
    "id": 7, "team_key": "t1", "team_name": "一队", "level": 2, "drill": True,
    "title": "【演练】橙色 II 级 · 3号滑坡", "text": "【演练】到场警戒。",
}  # fmt: skip
LETTER = Letter("key-1", ALERT)


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_waits_grow_to_a_few_minutes_and_are_spread(failures: int, jitter: float) -> None:
    assert FIRST_S / 2 <= wait_s(failures, jitter) <= LONGEST_S * 1.5
    assert wait_s(failures + 1, jitter) >= wait_s(failures, jitter)


@pytest.mark.parametrize(
    ("status", "refused"),
    [
        *((status, True) for status in (400, 401, 403, 404, 410, 422)),
        *((status, False) for status in (0, 302, 408, 409, 425, 429, 500, 503)),
    ],
)
def test_which_answers_are_for_good(status: int, refused: bool) -> None:
    assert refuses(Answer(status, "x")) is refused
    assert refuses(Answer(status, "x", refused=not refused)) is not refused


def test_a_letter_is_signed_over_time_and_body() -> None:
    wanted = hmac.new(b"s3cret", b"1751328000." + b"{}", hashlib.sha256).hexdigest()
    assert webhook.sign("s3cret", "1751328000", b"{}") == f"sha256={wanted}"
    assert json.loads(webhook.body_of(LETTER)) == {"type": "alert", "alert": ALERT}


def test_gateways_get_words_and_a_team_and_the_drill_flag() -> None:
    voice = json.loads(gateway.body_of(Way("voice", "", ""), LETTER))
    assert voice["say"] == "【演练】橙色 II 级 · 3号滑坡。【演练】到场警戒。"
    assert (voice["type"], voice["drill"], voice["team_key"], voice["idempotency_key"]) == (
        "voice",
        True,
        "t1",
        "key-1",
    )
    assert "say" not in json.loads(gateway.body_of(Way("sms", "", ""), LETTER))


def test_robots_sign_as_each_documents() -> None:
    url, body = robot.request_of(Way("dingtalk", "https://o/robot/send?access_token=a", "SECx"), LETTER, 1.5)
    sign = base64.b64encode(hmac.new(b"SECx", b"1500\nSECx", hashlib.sha256).digest()).decode()
    assert url == "https://o/robot/send?access_token=a&" + urlencode({"timestamp": "1500", "sign": sign})
    assert body == {"msgtype": "text", "text": {"content": f"{ALERT['title']}\n{ALERT['text']}"}}
    url, body = robot.request_of(Way("feishu", "https://f/hook/x", "k"), LETTER, 1.5)
    sign = base64.b64encode(hmac.new(b"1\nk", b"", hashlib.sha256).digest()).decode()
    assert url == "https://f/hook/x" and (body["timestamp"], body["sign"]) == ("1", sign)
    url, body = robot.request_of(Way("wecom", "https://w/send?key=k", "unused"), LETTER, 1.5)
    assert url == "https://w/send?key=k" and body["msgtype"] == "text"


def test_a_robot_is_believed_by_its_own_code() -> None:
    assert robot.answer_of(Reply(200, body=b'{"errcode":0}')).ok
    assert robot.answer_of(Reply(200, body=b'{"StatusCode":0,"code":0}')).ok
    busy = robot.answer_of(Reply(200, body=b'{"errcode":45009,"errmsg":"freq"}'))
    assert not busy.ok and not refuses(busy) and busy.retry_after_s
    for body in (b"", b"<html>", b"[]", b"{}"):
        odd = robot.answer_of(Reply(200, body=body))
        assert not odd.ok and not refuses(odd)
    assert refuses(robot.answer_of(Reply(200, body=b'{"errcode":93000}')))
    assert robot.answer_of(Reply(0, "ConnectError")).status == 0


@given(st.text(max_size=3000))
def test_a_text_is_cut_at_whole_characters(text: str) -> None:
    found = robot.cut(text, robot.TEXT_BYTES)
    assert len(found.encode()) <= robot.TEXT_BYTES + 3
    assert found == text or text.startswith(found.removesuffix("…"))


@pytest.mark.parametrize(
    "url",
    [
        *("", "x", "ftp://h/x", "file:///etc/passwd", "http://", "http://[bad", "http://h:x/", "gopher://h", "//h/x"),
        *("http://169.254.169.254/latest/meta-data", "http://[fe80::1]/", "http://0.0.0.0/", "http://224.0.0.1/"),
    ],
)
def test_addresses_nothing_is_posted_to(url: str) -> None:
    with pytest.raises(BadInput):
        check_url(url)


def test_addresses_are_shown_without_what_is_secret_in_them() -> None:
    assert shown_url("https://user:pass@oapi.dingtalk.com:8443/robot/send?access_token=abc") == (
        "https://oapi.dingtalk.com:8443/…"
    )
    assert shown_url("http://10.0.0.1/") == "http://10.0.0.1"
    assert BY_KIND["email"].shown("mailtos://user:pass@smtp.example.cn/?to=duty@example.cn") == (
        "mailtos://smtp.example.cn/…"
    )
    assert BY_KIND["apprise"].shown("schan://SCT-TOKEN/") == "schan://…"
    assert BY_KIND["sms"].shown("twilio://sid:token@+1555/+1666") == "twilio://…"
    way = Way("webhook", "https://h/token", "secret")
    assert "token" not in repr(way) and "secret" not in repr(way)


@pytest.mark.parametrize(
    ("kind", "url", "secret"),
    [
        ("webhook", "https://h/x", "short"),
        ("voice", "mailto://u:p@h", "x" * 20),
        ("dingtalk", "https://oapi.dingtalk.com/", ""),
        ("email", "json://h/x", ""),
        ("email", "mailto://", ""),
        ("apprise", "syslog://", ""),
        ("apprise", "no-such-service://h", ""),
        ("apprise", "dingtalk://token", ""),
        ("sms", "no-such-service://h", ""),
    ],
)
def test_a_channel_that_cannot_work_is_refused(kind: str, url: str, secret: str) -> None:
    with pytest.raises(BadInput):
        BY_KIND[kind].check(Way(kind, url, secret))


def test_channels_that_can_work_are_taken() -> None:
    for kind, url in {
        "sms": "twilio://AC735c307c62944b5a7d6ba5d8a3dbd41f:e29dfbcebf390dee9d2fd4f1ec4e5bce@+15551230000/+15551230001",
        "email": "mailtos://user:pass@example.com?to=duty@example.com",
        "apprise": "schan://SCT1234567890",
        "feishu": "https://open.feishu.cn/open-apis/bot/v2/hook/x",
        "webhook": "http://127.0.0.1:9/x",
    }.items():
        BY_KIND[kind].check(Way(kind, url, "x" * 16))


def test_every_kind_has_one_adapter_and_a_name() -> None:
    kinds = [kind for adapter in ADAPTERS for kind in adapter.kinds]
    assert len(kinds) == len(set(kinds)) and {*kinds, "live"} == set(NAMES)


@pytest.mark.parametrize(
    ("hours", "inside", "outside"),
    [
        ("0-24", {0, 23}, set()),
        ("8-18", {8, 17}, {7, 18}),
        ("22-6", {22, 23, 0, 5}, {6, 21}),
        ("8-12, 14-18", {8, 14}, {12}),
    ],
)
def test_hours_are_bits(hours: str, inside: set[int], outside: set[int]) -> None:
    bits = hour_bits(hours)
    assert all(bits >> hour & 1 for hour in inside) and not any(bits >> hour & 1 for hour in outside)


@pytest.mark.parametrize("hours", ["", "8", "8-8", "24-6", "0-25", "a-b", "8-18;9-10", "-1-5"])
def test_hours_that_are_none_are_refused(hours: str) -> None:
    with pytest.raises(BadInput):
        hour_bits(hours)


def test_retry_after_is_read_in_both_forms_and_bounded() -> None:
    assert _retry_after("120") == 120.0 and _retry_after("999999") == 3600.0
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert 50 < (_retry_after(date) or 0) <= 60
    assert _retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0
    for nothing in (None, "", "soon", "-5", "1.5"):
        assert _retry_after(nothing) is None
