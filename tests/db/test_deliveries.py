"""The sender against real HTTP endpoints: at least once, in order, signed; failures wait and never block the others."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from onemap.core.clock import now
from onemap.store.db import Connection, connect
from onemap.warnings import service
from onemap.warnings.sending import channel, ledger
from onemap.warnings.sending.channel import Spec
from onemap.warnings.sending.circuit import OPEN_AFTER
from onemap.warnings.sending.post import Post
from onemap.warnings.sending.sender import Sender
from tests.db import warnings_ground as ground
from tests.db.endpoints import Endpoint

SECRET = "endpoint-secret-of-32-characters"


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with closing(Endpoint()) as made:
        yield made


@pytest.fixture
def slope(committed: Connection) -> Iterator[Connection]:
    """A committed slope with teams; everything is taken away afterwards."""
    with committed.transaction():
        ground.slope(committed)
        ground.teams(committed)
    yield committed
    with committed.transaction():
        names = committed.execute(
            "SELECT quote_ident(relname) AS name FROM pg_class WHERE relnamespace = 'onemap'::regnamespace "
            "AND relkind = 'r' AND relname NOT IN ('channel', 'alembic_version')"
        ).fetchall()
        committed.execute("SET LOCAL session_replication_role = replica")
        for row in names:
            committed.execute(f"DELETE FROM {row['name']}")
        committed.execute("DELETE FROM channel WHERE kind <> 'live'")


def sender(**options: Any) -> Sender:
    return Sender(**{"slots": 64, "post": Post(read_s=options.pop("read_s", 5.0))} | options)


def pump(conn: Connection, **options: Any) -> Sender:
    """Send until nothing is due."""
    made = sender(**options)
    made.settle_all(conn, 20)
    return made


def add(conn: Connection, url: str, team: str | None = None, kind: str = "webhook", **more: Any) -> int:
    with conn.transaction():
        return int(channel.add(conn, Spec(kind, team, url=url, secret=SECRET, **more), "Asia/Shanghai")["id"])


def alarm(conn: Connection, value: float = 21.0, minute: float = 1) -> None:
    """A reading that raises the slope's warning and alerts t1 and t2; a higher one alerts them again."""
    with conn.transaction():
        ground.feed(conn, (value, minute))


def rows(conn: Connection, *, live: bool = False) -> list[dict[str, Any]]:
    return conn.execute(
        "SELECT d.*, c.url, a.team_key FROM delivery d JOIN channel c ON c.id = d.channel_id "
        "JOIN alert a ON a.id = d.alert_id WHERE (d.kind = 'live') = %s ORDER BY c.url, d.id",
        (live,),
    ).fetchall()


def test_each_team_gets_its_alert_once_and_signed(slope: Connection, endpoint: Endpoint) -> None:
    add(slope, f"{endpoint.url}/ok", "t1")
    alarm(slope)
    pump(slope)
    pump(slope)
    ((path, headers, body),) = endpoint.seen
    wanted = hmac.new(SECRET.encode(), headers["X-Onemap-Timestamp"].encode() + b"." + body, hashlib.sha256)
    assert path == "/ok" and headers["X-Onemap-Signature"] == f"sha256={wanted.hexdigest()}"
    alert = json.loads(body)["alert"]
    assert alert["team_key"] == "t1" and alert["title"] == "黄色 III 级 · 云溪沟3号滑坡"
    (row,) = rows(slope)
    assert (row["state"], row["attempts"], row["idempotency_key"]) == ("delivered", 1, headers["Idempotency-Key"])
    states = {a["team_key"]: a["state"] for a in service.alerts(slope)}
    assert states == {"t1": "delivered", "t2": "queued"}
    told = slope.execute("SELECT text_zh FROM alert_event WHERE kind = 'delivered'").fetchall()
    assert told == [{"text_zh": "已送达队伍t1（接口推送）"}]


def test_a_channel_of_no_team_gets_every_alert_in_order(slope: Connection, endpoint: Endpoint) -> None:
    add(slope, f"{endpoint.url}/ok")
    for level, value in enumerate((11.0, 21.0, 31.0, 41.0)):
        alarm(slope, value, level)
    pump(slope)
    told = [json.loads(body)["alert"] for _, _, body in endpoint.seen]
    assert [one["id"] for one in told] == sorted(one["id"] for one in told) and len(told) == 8
    assert [one["level"] for one in told if one["team_key"] == "t1"] == [4, 3, 2, 1]
    assert len({headers["Idempotency-Key"] for _, headers, _ in endpoint.seen}) == 8


def test_a_broken_endpoint_waits_at_its_first_letter_and_blocks_nobody(slope: Connection, endpoint: Endpoint) -> None:
    broken, _ = add(slope, f"{endpoint.url}/broken"), add(slope, f"{endpoint.url}/ok")
    alarm(slope)
    pump(slope)
    assert endpoint.paths().count("/ok") == 2 and endpoint.paths().count("/broken") == 1
    first, second = (row for row in rows(slope) if row["channel_id"] == broken)
    assert (first["state"], first["attempts"], first["error"]) == ("queued", 1, "HTTP 500")
    assert first["next_at"] > now() and (second["state"], second["attempts"]) == ("queued", 0)
    endpoint.answers["/broken"] = (200, {}, b"")
    with slope.transaction():
        channel.mended(slope, broken)
    pump(slope)
    keys = [headers["Idempotency-Key"] for path, headers, _ in endpoint.seen if path == "/broken"]
    assert keys == [first["idempotency_key"]] * 2 + [second["idempotency_key"]]
    assert {row["state"] for row in rows(slope)} == {"delivered"}


def test_a_poisoned_letter_is_dead_at_once_and_the_next_one_goes(slope: Connection, endpoint: Endpoint) -> None:
    add(slope, f"{endpoint.url}/refused/x", "t1")
    alarm(slope)
    pump(slope)
    endpoint.answers["/refused"] = (200, {}, b"")
    alarm(slope, 31.0, 2)
    pump(slope)
    assert [row["state"] for row in rows(slope)] == ["dead", "delivered"]
    assert ledger.summary(slope)["dead_unseen"] == 1
    told = slope.execute("SELECT text_en FROM alert_event WHERE kind = 'delivery_dead'").fetchall()
    assert told == [{"text_en": "Sending to 队伍t1 by webhook given up: HTTP 422"}]
    (event,) = slope.execute("SELECT note FROM change_log WHERE layer = 'delivery'").fetchall()
    assert event["note"]["state"] == "dead" and event["note"]["team_key"] == "t1"


def test_an_endpoint_that_refuses_everything_is_left_alone(slope: Connection, endpoint: Endpoint) -> None:
    """A wrong token must not kill every letter that waits."""
    add(slope, f"{endpoint.url}/refused")
    for level, value in enumerate((11.0, 21.0, 31.0, 41.0)):
        alarm(slope, value, level)
    pump(slope)
    assert [row["state"] for row in rows(slope)] == ["dead"] * OPEN_AFTER + ["queued"] * (8 - OPEN_AFTER)
    (shown,) = (one for one in channel.channels(slope) if one["kind"] == "webhook")
    assert (shown["state"], shown["dead"], shown["queued"]) == ("open", OPEN_AFTER, 8 - OPEN_AFTER)
    assert shown["url"] == shown["secret"] == "" and "refused" not in shown["url_shown"]


def test_an_answer_may_say_when_to_come_again(slope: Connection, endpoint: Endpoint) -> None:
    add(slope, f"{endpoint.url}/busy", "t1")
    alarm(slope)
    pump(slope)
    (row,) = rows(slope)
    assert row["state"] == "queued" and 110 < (row["next_at"] - now()).total_seconds() <= 120


def test_what_no_endpoint_does_is_an_error_here(slope: Connection, endpoint: Endpoint) -> None:
    for url in (f"{endpoint.url}/silent", f"{endpoint.url}/away", "http://127.0.0.1:1/"):
        add(slope, url, "t1")
    alarm(slope)
    pump(slope, read_s=0.2)
    assert sorted(endpoint.paths()) == ["/away", "/silent"]
    errors = {row["url"].rpartition("/")[2]: row["error"] for row in rows(slope)}
    assert "Timeout" in errors["silent"] and "redirect" in errors["away"] and "ConnectError" in errors[""]
    assert {row["state"] for row in rows(slope)} == {"queued"}


def test_after_two_days_it_is_dead_and_may_be_queued_again(slope: Connection, endpoint: Endpoint) -> None:
    add(slope, f"{endpoint.url}/broken")
    alarm(slope)
    slope.execute("UPDATE delivery SET give_up_at = now()")
    pump(slope)
    assert {row["state"] for row in rows(slope)} == {"dead"}
    assert {row["state"] for row in rows(slope, live=True)} == {"dead"}
    endpoint.answers["/broken"] = (200, {}, b"")
    slope.execute("UPDATE channel SET retry_at = NULL")
    with slope.transaction():
        for row in rows(slope):
            again = ledger.retry(slope, row["id"])
            assert again["state"] == "queued" and again["attempts"] == 0
    pump(slope)
    assert {row["state"] for row in rows(slope)} == {"delivered"}
    assert ledger.summary(slope)["dead_unseen"] == 2
    with slope.transaction():
        assert ledger.seen(slope, 2**62) == 2 and ledger.seen(slope, 2**62) == 0


def test_two_senders_never_send_the_same_letter(slope: Connection, dsn: str, endpoint: Endpoint) -> None:
    for team in ("t1", "t2", None):
        add(slope, f"{endpoint.url}/ok/{team}", team)
    for level, value in enumerate((11.0, 21.0, 31.0, 41.0)):
        alarm(slope, value, level)

    def work() -> None:
        with connect(dsn, autocommit=True) as conn:
            pump(conn, run=1)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(endpoint.seen) == 16 == len({headers["Idempotency-Key"] for _, headers, _ in endpoint.seen})


def test_what_a_dead_sender_held_is_sent_again_in_order(slope: Connection, endpoint: Endpoint) -> None:
    add(slope, f"{endpoint.url}/silent/x", "t1")
    for level, value in enumerate((11.0, 21.0, 31.0)):
        alarm(slope, value, level)
    killed = sender(lease_s=0.1)
    killed.step(slope)
    assert {row["state"] for row in rows(slope)} == {"sending"}
    sent = [row["idempotency_key"] for row in rows(slope)]
    slope.execute("UPDATE channel SET leased_until = now() - interval '1 s' WHERE holder IS NOT NULL")
    endpoint.closing.set()
    endpoint.answers["/silent"] = (200, {}, b"")
    slope.execute("UPDATE channel SET url = replace(url, 'silent', 'ok')")
    endpoint.seen.clear()
    pump(slope)
    keys = [headers["Idempotency-Key"] for path, headers, _ in endpoint.seen if path.startswith("/ok")]
    assert keys == sent
    killed.step(slope)  # it comes back from the dead: what it has to say of failures counts no more
    assert {row["state"] for row in rows(slope)} == {"delivered"}


def test_the_next_rank_waits_for_an_answer(slope: Connection, endpoint: Endpoint) -> None:
    add(slope, f"{endpoint.url}/ok/first", "t1")
    add(slope, f"{endpoint.url}/ok/second", "t1", "sms", rank=2, wait_s=60)
    add(slope, f"{endpoint.url}/ok/third", "t1", "voice", rank=3, wait_s=90)
    alarm(slope)
    pump(slope)
    first, second, third = rows(slope)
    assert endpoint.paths() == ["/ok/first"]
    assert (second["state"], third["state"]) == ("held", "held")
    waits = [round((row["next_at"] - row["created_at"]).total_seconds()) for row in (second, third)]
    assert waits == [60, 150]
    slope.execute("UPDATE delivery SET next_at = now() WHERE id = %s", (second["id"],))
    pump(slope)
    assert endpoint.paths() == ["/ok/first", "/ok/second"]
    sms = json.loads(endpoint.seen[-1][2])
    assert (sms["type"], sms["team_key"], sms["drill"]) == ("sms", "t1", False) and sms["text"].startswith("云溪沟3号")
    with slope.transaction():
        assert ledger.moot(slope, [first["alert_id"]], "answered") == 2  # the voice call, and the live page
    slope.execute("UPDATE delivery SET next_at = now() WHERE state = 'held'")
    pump(slope)
    assert [row["state"] for row in rows(slope)] == ["delivered", "delivered", "moot"]


def test_an_answered_alert_lets_go_of_what_is_held_whoever_answered(slope: Connection, endpoint: Endpoint) -> None:
    add(slope, f"{endpoint.url}/ok/second", "t1", rank=2, wait_s=0)
    alarm(slope)
    slope.execute("UPDATE alert SET acknowledged_at = now()")
    pump(slope)
    assert [row["state"] for row in rows(slope)] == ["moot"] and endpoint.seen == []


def test_when_a_rank_fails_the_next_goes_at_once(slope: Connection, endpoint: Endpoint) -> None:
    add(slope, f"{endpoint.url}/gone/1", "t1")
    add(slope, f"{endpoint.url}/ok/2", "t1", rank=2, wait_s=600)
    add(slope, f"{endpoint.url}/ok/3", "t1", rank=3, wait_s=600)
    alarm(slope)
    pump(slope)
    assert endpoint.paths() == ["/gone/1", "/ok/2"]
    last = rows(slope)[2]
    assert last["state"] == "held" and 590 < (last["next_at"] - now()).total_seconds() <= 600


def test_hours_and_levels_choose_channels(slope: Connection, endpoint: Endpoint) -> None:
    zone, local = "Asia/Shanghai", now().astimezone(ZoneInfo("Asia/Shanghai"))
    # Two hours each way, so that the next may begin meanwhile.
    inside, outside = f"{local.hour}-{(local.hour + 2) % 24 or 24}", f"{(local.hour + 2) % 24}-{(local.hour + 22) % 24}"
    with slope.transaction():
        for name, more in {
            "now": {"hours": inside},
            "later": {"hours": outside},
            "worst": {"worst_level": 2},
            "off": {"enabled": False},
        }.items():
            channel.add(slope, Spec("webhook", "t1", url=f"{endpoint.url}/ok/{name}", secret=SECRET, **more), zone)  # type: ignore[arg-type]
    alarm(slope)
    pump(slope)
    assert endpoint.paths() == ["/ok/now"]
    alarm(slope, 31.0, 2)
    pump(slope)
    assert sorted(endpoint.paths()[1:]) == ["/ok/now", "/ok/worst"]


def test_a_channel_taken_out_of_use_keeps_its_ledger(slope: Connection, endpoint: Endpoint) -> None:
    out = add(slope, f"{endpoint.url}/broken", "t1")
    alarm(slope)
    pump(slope)
    with slope.transaction():
        channel.take_out(slope, out)
    alarm(slope, 31.0, 2)
    pump(slope)
    assert [row["state"] for row in rows(slope)] == ["moot"] and endpoint.paths() == ["/broken"]
    kept = slope.execute("SELECT url, secret FROM channel WHERE id = %s", (out,)).fetchone()
    assert kept == {"url": "", "secret": ""}


def test_robots_are_believed_by_what_they_say(slope: Connection, endpoint: Endpoint) -> None:
    for path, kind in {
        "/robot?access_token=t": "dingtalk",
        "/robot-busy/a": "dingtalk",
        "/robot-no/a": "wecom",
        "/feishu/hook/x": "feishu",
        "/feishu-no/hook/x": "feishu",
    }.items():
        add(slope, endpoint.url + path, "t1", kind)
    alarm(slope)
    pump(slope)
    states = {row["url"].removeprefix(endpoint.url): (row["state"], row["error"]) for row in rows(slope)}
    assert states["/robot?access_token=t"] == states["/feishu/hook/x"] == ("delivered", None)
    assert states["/robot-busy/a"] == ("queued", "130101: send too fast")
    assert states["/robot-no/a"] == ("dead", "310000: 关键词不匹配")
    assert states["/feishu-no/hook/x"] == ("dead", "19021: sign match fail")
    bodies = {path: json.loads(body) for path, _, body in endpoint.seen}
    (ding,) = (path for path in bodies if path.startswith("/robot?"))
    assert "&timestamp=" in ding and "&sign=" in ding
    assert bodies[ding]["text"]["content"].startswith("黄色 III 级 · 云溪沟3号滑坡\n")
    assert bodies["/feishu/hook/x"]["msg_type"] == "text" and bodies["/feishu/hook/x"]["sign"]


def test_other_services_are_sent_to_by_apprise(slope: Connection, endpoint: Endpoint) -> None:
    host = endpoint.url.removeprefix("http://")
    add(slope, f"json://{host}/ok/json", "t1", "apprise")
    add(slope, f"json://{host}/away/json?redirect=yes", "t1", "apprise")
    alarm(slope)
    pump(slope)
    assert sorted(endpoint.paths()) == ["/away/json", "/ok/json"]
    assert sorted(row["state"] for row in rows(slope)) == ["delivered", "queued"]
    body = next(json.loads(body) for path, _, body in endpoint.seen if path == "/ok/json")
    assert body["title"] == "黄色 III 级 · 云溪沟3号滑坡"


def test_hanging_endpoints_do_not_delay_the_healthy(slope: Connection, endpoint: Endpoint) -> None:
    """50 endpoints, 10 of them never answer: the others have everything while those still hang."""
    for n in range(50):
        add(slope, f"{endpoint.url}/{'silent' if n < 10 else 'ok'}/{n}", "t1")
    came = threading.Event()
    with closing(sender(read_s=30.0)) as working:
        working.wakes(came)
        for level, value in enumerate((11.0, 21.0, 31.0, 41.0)):
            alarm(slope, value, level)
            while sum(path.startswith("/ok") for path in endpoint.paths()) < 40 * (level + 1):
                came.clear()
                if not working.step(slope):
                    assert came.wait(10), "the healthy endpoints stand still"
        while working.in_flight > 10:
            came.wait(0.1)
            working.step(slope)
        late = [
            (row["delivered_at"] - row["created_at"]).total_seconds()
            for row in rows(slope)
            if row["state"] == "delivered"
        ]
        assert len(late) == 160 and working.in_flight == 10
        print(f"healthy endpoints: last of 160 after {max(late):.2f} s while 10 hang")
        endpoint.closing.set()
        working.settle_all(slope, 20)
