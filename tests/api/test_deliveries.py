"""The ledger's doors: channels without their secrets, dead letters told and queued again, signed receipts, resuming."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import shapely
from pydantic import TypeAdapter

from onemap.core.policy import Role
from onemap.store import account
from onemap.store.db import Connection, connect
from onemap.warnings.sending.channels.webhook import sign
from onemap.warnings.sending.post import Post
from onemap.warnings.sending.sender import Sender
from onemap.warnings.service import Reading, evaluate
from server import delivery_models as models
from tests.api.conftest import PASSWORD, Running
from tests.api.listening import listen
from tests.db import warnings_ground as ground
from tests.db.endpoints import Endpoint

SECRET = "channel-secret-of-32-characters."


@pytest.fixture(scope="module")
def slope(server: Running) -> Running:
    with connect(server.dsn, autocommit=True) as conn, conn.transaction():
        ground.slope(conn)
        ground.teams(conn)
    return server


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with closing(Endpoint()) as made:
        yield made


@pytest.fixture(autouse=True)
def quiet(slope: Running, committed: Connection) -> Iterator[None]:
    yield
    with slope.client("command") as client:
        for one in client.get("/warnings").json():
            client.post(f"/warnings/{one['key']}/end")
    with slope.client("operator") as client:
        for one in client.get("/channels").json():
            if one["kind"] != "live":
                assert client.delete(f"/channels/{one['id']}").status_code == 204
        client.post("/deliveries/seen", params={"through": 2**62})
    read(committed, 0.0)


def read(conn: Connection, value: float) -> None:
    with conn.transaction():
        evaluate(conn, [Reading(1, "h1-crack-ds", datetime.now(UTC), value)], ground.CLOCKS)


def add(server: Running, url: str, **more: Any) -> Any:
    asked = {"kind": "webhook", "team_key": "t1", "url": url, "secret": SECRET} | more
    with server.client("operator") as client:
        answer = client.post("/channels", json=asked)
    assert answer.status_code == 201, answer.text
    return answer.json()


def pump(conn: Connection) -> None:
    Sender(slots=16, post=Post(read_s=2)).settle_all(conn, 20)


def test_a_channel_is_declared_changed_tried_and_taken_out(slope: Running, endpoint: Endpoint) -> None:
    made = models.Channel.model_validate(add(slope, f"{endpoint.url}/ok/token-in-path?key=hidden", title="值班系统"))
    assert (made.url, made.secret, made.state, made.team_name) == ("", "", "idle", "队伍t1")
    with slope.client("operator") as client:
        tried = models.TestSent.model_validate(client.post(f"/channels/{made.id}/test").json())
        assert tried.ok and tried.status == 200 and json.loads(endpoint.seen[0][2])["type"] == "test"
        change = {"kind": "webhook", "team_key": "t1", "title": "新名", "rank": 2, "hours": "22-6"}
        changed = client.put(f"/channels/{made.id}", json=change).json()
        assert (changed["title"], changed["rank"], changed["hours"]) == ("新名", 2, "22-6")
        assert client.post(f"/channels/{made.id}/test").json()["ok"], "an empty url keeps the old one"
        for told in (client.get("/channels").text, client.get("/deliveries/summary").text, json.dumps(changed)):
            assert "hidden" not in told and "token-in-path" not in told and SECRET not in told
        assert client.put(f"/channels/{made.id}", json=change | {"kind": "sms"}).status_code == 409
        assert client.delete(f"/channels/{made.id}").status_code == 204
        assert client.post(f"/channels/{made.id}/test").status_code == 404
        live = next(one for one in client.get("/channels").json() if one["kind"] == "live")
        assert client.delete(f"/channels/{live['id']}").status_code == 409
        assert client.post(f"/channels/{live['id']}/test").status_code == 409
        assert client.post("/channels", json={"kind": "live"}).json()["reason"] == "live"
        for bad in (
            {"url": "file:///etc/passwd"},
            {"url": "http://169.254.169.254/latest"},
            {"secret": "short"},
            {"hours": "8"},
            {"rank": 0},
            {"kind": "fax"},
            {"kind": "apprise", "url": "syslog://"},
        ):
            asked = {"kind": "webhook", "url": f"{endpoint.url}/ok", "secret": SECRET} | bad
            assert client.post("/channels", json=asked).status_code == 400, bad


def test_a_dead_letter_is_told_seen_and_queued_again(slope: Running, committed: Connection, endpoint: Endpoint) -> None:
    add(slope, f"{endpoint.url}/gone")
    with listen(slope, "operator", layers="") as ears, listen(slope, "team", layers="") as team:
        ears.started(), team.started()
        read(committed, 21.0)
        pump(committed)
        told = ears.wait(lambda one: one.name == "ledger")
        assert told.data["state"] == "dead" and told.data["team_key"] == "t1" and told.data["error"] == "HTTP 410"
        team.wait(lambda one: one.name == "alert")
        assert not [one for one in team.heard if one.name == "ledger"]
    with slope.client("operator") as client:
        summary = models.DeliverySummary.model_validate(client.get("/deliveries/summary").json())
        assert summary.dead_unseen == 1 and summary.states["dead"] == 1
        (dead,) = TypeAdapter(list[models.Delivery]).validate_python(client.get("/deliveries?state=dead").json())
        assert (dead.team_key, dead.kind, dead.attempts, dead.error) == ("t1", "webhook", 1, "HTTP 410")
        text = client.get("/metrics").text
        assert 'onemap_deliveries{kind="webhook",state="dead"} 1.0' in text
        assert 'onemap_deliveries_dead_unseen{kind="webhook"} 1.0' in text
        assert client.post("/deliveries/seen", params={"through": dead.id}).json() == {"seen": 1}
        assert client.get("/deliveries/summary").json()["dead_unseen"] == 0
        assert client.post(f"/deliveries/{dead.id}/retry").json()["state"] == "queued"
        assert client.post(f"/deliveries/{dead.id}/retry").status_code == 409
        assert client.post("/deliveries/987654/retry").status_code == 404
        endpoint.answers["/gone"] = (200, {}, b"")
        committed.execute("UPDATE channel SET retry_at = NULL")
        pump(committed)
        (done,) = client.get(f"/deliveries?warning={dead.warning_key}&state=delivered&channel={dead.channel_id}").json()
        assert done["id"] == dead.id and done["delivered_at"] and done["error"] is None
        page = client.get("/deliveries?limit=1").json()
        older = client.get(f"/deliveries?limit=1&before={page[0]['id']}").json()
        assert older[0]["id"] < page[0]["id"]
    with slope.client("command") as client:
        assert client.post(f"/deliveries/{dead.id}/retry").status_code == 403
        timeline = client.get(f"/warnings/{dead.warning_key}").json()["timeline"]
    # The team's live page has its own line, and its own moment.
    assert [step["kind"] for step in timeline if "接口推送" in step["text_zh"]] == ["delivery_dead", "delivered"]


def receipt(
    server: Running, key: str, state: str, *, secret: str = SECRET, at: float | None = None, note: str = ""
) -> httpx.Response:
    body = json.dumps({"idempotency_key": key, "state": state, "note": note}).encode()
    stamp = str(int(time.time() if at is None else at))
    headers = {"X-Onemap-Timestamp": stamp, "X-Onemap-Signature": sign(secret, stamp, body)}
    return httpx.post(f"{server.url}/deliveries/receipts", content=body, headers=headers)


def test_receipts_are_signed_fresh_and_move_the_letter(
    slope: Running, committed: Connection, endpoint: Endpoint
) -> None:
    add(slope, f"{endpoint.url}/ok/sms", kind="sms")
    add(slope, f"{endpoint.url}/ok/voice", kind="voice", rank=2, wait_s=600)
    read(committed, 21.0)
    pump(committed)
    key = endpoint.seen[0][1]["Idempotency-Key"]
    for refused in (
        receipt(slope, key, "received", secret="x" * 32),
        receipt(slope, key, "received", at=time.time() - 400),
        receipt(slope, key, "received", at=time.time() + 400),
        receipt(slope, "no-such-key", "received"),
        receipt(slope, "no-such-key", "received", secret="none"),
        httpx.post(f"{slope.url}/deliveries/receipts", json={"idempotency_key": key, "state": "read"}),
    ):
        assert refused.status_code == 401 and refused.json().get("reason") == "signature", refused.text
    for bad in (b"", b"[]", b"{}", b"\xff", b'{"idempotency_key":"k","state":"lost"}', b"x" * 20_000):
        assert httpx.post(f"{slope.url}/deliveries/receipts", content=bad).status_code in (400, 413)
    assert endpoint.paths() == ["/ok/sms"]
    failed = receipt(slope, key, "failed", note="关机")
    assert failed.status_code == 200 and failed.json()["state"] == "dead" and "关机" in failed.json()["error"]
    pump(committed)
    assert endpoint.paths() == ["/ok/sms", "/ok/voice"], "the next rank goes at once"
    voice = endpoint.seen[1][1]["Idempotency-Key"]
    first = models.Delivery.model_validate(receipt(slope, voice, "received").json())
    assert (first.state, first.receipt) == ("received", "received") and first.received_at
    assert models.Delivery.model_validate(receipt(slope, voice, "received").json()) == first, "again: the same"
    assert receipt(slope, voice, "read").json()["receipt"] == "read"
    assert receipt(slope, voice, "received").json()["receipt"] == "read"
    assert receipt(slope, voice, "failed").json()["state"] == "received", "what has arrived has arrived"


def test_an_answer_makes_the_later_ranks_moot(slope: Running, committed: Connection, endpoint: Endpoint) -> None:
    add(slope, f"{endpoint.url}/ok/1")
    add(slope, f"{endpoint.url}/ok/2", rank=2, wait_s=0.2)
    read(committed, 21.0)
    with slope.client("team") as client:
        alert = client.get("/alerts").json()[0]
        assert client.post(f"/alerts/{alert['id']}/acknowledge").status_code == 200
    committed.execute("UPDATE delivery SET next_at = now() WHERE state = 'held'")
    pump(committed)
    assert endpoint.paths() == ["/ok/1"]
    with slope.client("operator") as client:
        found = client.get(f"/deliveries?alert={alert['id']}").json()
    assert {one["state"] for one in found if one["kind"] == "webhook"} == {"delivered", "moot"}
    assert {one["state"] for one in found if one["kind"] == "live"} == {"moot"}


def test_an_operator_with_an_area_rules_over_that_area(
    slope: Running, committed: Connection, endpoint: Endpoint
) -> None:
    far = shapely.to_wkb(shapely.MultiPolygon([shapely.box(100.0, 20.0, 100.1, 20.1)]))
    account.create_account(committed, "far-operator", "t", Role.OPERATOR, PASSWORD)
    account.limit_account(committed, "far-operator", far)
    here, everywhere = add(slope, f"{endpoint.url}/gone"), add(slope, f"{endpoint.url}/ok", team_key=None)
    read(committed, 21.0)
    pump(committed)
    with slope.client("far-operator") as client:
        assert client.get("/deliveries").json() == []
        summary = client.get("/deliveries/summary").json()
        assert summary["dead_unseen"] == summary["backlog"] == sum(summary["states"].values()) == 0
        assert here["id"] not in {one["id"] for one in client.get("/channels").json()}
        for path in (f"/channels/{here['id']}", f"/channels/{everywhere['id']}"):
            asked = {"kind": "webhook", "team_key": "t1", "url": f"{endpoint.url}/x", "secret": SECRET}
            assert client.put(path, json=asked).status_code in (403, 404)
            assert client.delete(path).status_code in (403, 404)
            assert client.post(f"{path}/test").status_code in (403, 404)
        for team in ("t1", None):
            asked = {"kind": "webhook", "team_key": team, "url": f"{endpoint.url}/x", "secret": SECRET}
            assert client.post("/channels", json=asked).status_code == 403
        assert client.post("/deliveries/seen", params={"through": 2**62}).json() == {"seen": 0}
    with slope.client("operator") as client:
        (dead,) = client.get("/deliveries?state=dead&limit=1").json()
    with slope.client("far-operator") as client:
        assert client.post(f"/deliveries/{dead['id']}/retry").status_code == 404


def test_a_stream_that_broke_off_resumes_with_every_alert_once(slope: Running, committed: Connection) -> None:
    """A phone that loses its network hears, after its last id, each alert it missed and none twice."""
    with listen(slope, "command", layers="") as ears:
        last = ears.started().last_id
    told: list[tuple[int, str]] = []
    for value in (11.0, 21.0, 31.0, 41.0):
        read(committed, value)  # while nobody listens: t1 and t2 get one alert each
        with slope.client("command") as client:
            newest = max(one["id"] for one in client.get("/alerts").json())
        with listen(slope, "command", layers="", after=last) as ears:
            end = ears.wait(lambda one, n=newest: one.name == "alert" and one.data["id"] == n)  # type: ignore[misc]
            alerts = [one for one in ears.heard[: ears.heard.index(end) + 1] if one.name == "alert"]
            # Broken off after the first of two: the second comes again with the next connection.
            told.append((alerts[0].data["id"], alerts[0].data["state"]))
            last = alerts[0].id
    with listen(slope, "command", layers="", after=last) as ears:
        end = ears.wait(lambda one: one.name == "alert" and one.data["id"] == newest)
        rest = [one for one in ears.heard[: ears.heard.index(end) + 1] if one.name == "alert"]
        told += [(one.data["id"], one.data["state"]) for one in rest]
    assert len(told) == len(set(told)), "none twice"
    with slope.client("command") as client:
        made = {one["id"] for one in client.get("/alerts").json() if one["warning_state"] != "ended"}
    assert made <= {alert_id for alert_id, _ in told}, "none lost"
