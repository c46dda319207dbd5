"""Pushing into feeds, what became of it, quarantine and replay, all through the doors."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter

from onemap.core.policy import Role
from onemap.store import account
from onemap.store.db import Connection
from server import models
from tests.api.conftest import Running
from tests.api.listening import listen
from tests.db import warnings_ground as ground


@pytest.fixture(scope="module")
def slope(server: Running) -> Running:
    from onemap.store.db import connect

    with connect(server.dsn) as conn:
        ground.slope(conn)
        ground.teams(conn)
    return server


def reading(value: float, *, ago_s: float = 0.0, stream: str = "h1-crack-ds") -> dict[str, Any]:
    return {"datastream": stream, "at": (datetime.now(UTC) - timedelta(seconds=ago_s)).isoformat(), "value": value}


def push(client: Any, feed: str, body: Any) -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post(f"/feeds/{feed}", content=content, headers={"Content-Type": "application/json"})


def test_pushed_readings_are_stored_once_and_raise_a_warning(slope: Running, committed: Connection) -> None:
    key = account.create_api_key(committed, "vendor", Role.VIEWER, [], ["iot"])
    body = [reading(1.0, ago_s=30), reading(21.0, ago_s=1)]
    with slope.with_key(key) as vendor, listen(slope, "team", layers="warning") as phone:
        phone.started()
        first = push(vendor, "iot", body)
        assert first.status_code == 200, first.text
        receipt = models.Receipt.model_validate(first.json())
        assert (receipt.received, receipt.stored, receipt.duplicates, receipt.quarantined) == (2, 2, 0, 0)
        assert phone.wait(lambda one: one.name == "alert").data["team_key"] == "t1"
        phone.wait(lambda one: one.name == "change" and one.data["layer"] == "warning")
        again = push(vendor, "iot", body).json()
        assert (again["stored"], again["duplicates"]) == (0, 1)
    row = committed.execute("SELECT count(*) AS n FROM observation").fetchone()
    assert row == {"n": 2}
    changed = committed.execute("SELECT changed_by FROM sensor WHERE key = 'h1-crack'").fetchone()
    assert changed is not None


def test_a_key_pushes_the_feeds_it_names(slope: Running, committed: Connection) -> None:
    key = account.create_api_key(committed, "iot-only", Role.OPERATOR, [], ["iot", "drone"])
    with slope.with_key(key) as client:
        assert push(client, "iot", reading(1.0, ago_s=50)).status_code == 200
        assert push(client, "incident", {}).status_code == 403
        assert push(client, "no-such", {}).status_code == 403
        assert push(client, "drone", {}).status_code == 404  # a feed of the broker, not of this door
        assert client.get("/quarantine").status_code == 403
    for login, status in (("operator", 200), ("command", 403), ("viewer", 403), ("team", 403), ("planner", 403)):
        with slope.client(login) as client:
            assert push(client, "iot", reading(1.5, ago_s=40)).status_code == status, login
    with slope.client("operator") as client:
        assert push(client, "no-such", {}).status_code == 404


def test_what_cannot_be_taken_is_kept_with_its_reason_and_can_be_replayed(
    slope: Running, committed: Connection
) -> None:
    with slope.client("operator") as client:
        body = [reading(2.0, ago_s=20), reading(3.0, stream="not-yet-known")]
        receipt = push(client, "iot", body).json()
        assert (receipt["stored"], receipt["quarantined"]) == (1, 1)
        listed = client.get("/quarantine?feed=iot").json()
        (entry,) = TypeAdapter(list[models.Quarantined]).validate_python(listed)
        assert entry.feed == "iot" and entry.message and entry.raw_id == receipt["raw_id"]
        assert client.get("/quarantine?feed=incident").json() == []
        assert client.get("/quarantine?limit=0").status_code == 400
        still = client.post(f"/quarantine/{entry.id}/replay").json()
        assert still["quarantined"] == 1 and len(client.get("/quarantine").json()) == 1
        committed.execute(
            "INSERT INTO datastream (key, sensor_key, property, name, unit) "
            "VALUES ('not-yet-known', 'h1-crack', 'p', 'n', 'mm')"
        )
        replayed = models.Receipt.model_validate(client.post(f"/quarantine/{entry.id}/replay").json())
        assert (replayed.stored, replayed.quarantined) == (1, 0)
        assert client.get("/quarantine").json() == []
        assert client.post("/quarantine/999999/replay").status_code == 404


@pytest.mark.parametrize("body", [b"", b"not json", b"\x00\xff\xfe", b"[" * 20000, b'{"at": NaN}'])
def test_bytes_that_are_no_payload_are_kept_too(slope: Running, body: bytes) -> None:
    with slope.client("operator") as client:
        answer = push(client, "iot", body)
        assert answer.status_code == 200, answer.text
        assert answer.json()["stored"] == 0 and answer.json()["quarantined"] == 1


def test_an_incident_is_pushed_and_seen(slope: Running) -> None:
    feature = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [110.4, 29.1]},
        "properties": {
            "key": "12345-1", "title": "井盖破损", "kind": "part", "code": "0101", "severity": 3, "source": "12345",
            "status": "reported", "occurred_at": datetime.now(UTC).isoformat(),
        },
    }  # fmt: skip
    feature["properties"]["code"] = "01001"  # type: ignore[index]
    with slope.client("operator") as client, listen(slope, "command", layers="incident") as ears:
        ears.started()
        receipt = push(client, "incident", feature).json()
        assert receipt["received"] == 1, receipt
        if receipt["quarantined"]:
            pytest.fail(str(client.get("/quarantine?feed=incident").json()))
        assert ears.wait(lambda one: one.name == "change").data["key"].endswith("12345-1")
        assert push(client, "incident", feature).json()["duplicates"] == 1


def test_every_feed_says_how_it_is(slope: Running) -> None:
    found, public = (_feeds(slope, who) for who in ("command", "viewer"))
    assert {"iot", "incident", "geohazard"} <= set(found)
    assert found["iot"].state == "ok" and (found["iot"].received or 0) > 0 and found["iot"].age_s is not None
    assert found["geohazard"].state == "idle" and found["geohazard"].last_at is None
    assert public["iot"].state == "ok" and public["iot"].last_at == found["iot"].last_at
    for one in public.values():  # a counter that is watched tells of every single event, and so does a clock
        assert {one.received, one.stored, one.unchanged, one.duplicates, one.quarantined} == {None}
    last = public["incident"].last_at
    assert last is not None and (last.minute, last.second, last.microsecond) == (0, 0, 0)


def _feeds(slope: Running, who: str) -> dict[str, models.FeedStatus]:
    with slope.client(who) as client:
        listed = TypeAdapter(list[models.FeedStatus]).validate_python(client.get("/feeds").json())
    return {one.name: one for one in listed}


def test_a_feed_that_goes_silent_or_fails_is_told_on_the_stream(slope: Running, committed: Connection) -> None:
    from etl.feeds import BY_NAME
    from etl.status import record_error

    with listen(slope, "viewer", layers="") as ears:
        ears.started()
        hub = slope.state.live
        from tests.api.conftest import wait_until

        wait_until(lambda: hub._feed_states is not None)
        committed.execute("UPDATE feed_state SET last_at = now() - interval '1 h' WHERE feed = 'iot'")
        told = ears.wait(lambda one: one.name == "feed" and one.data["name"] == "iot")
        assert models.FeedStatus.model_validate(told.data).state == "stale"
        record_error(committed, BY_NAME["geohazard"], "connection refused")
        failed = ears.wait(lambda one: one.name == "feed" and one.data["name"] == "geohazard")
        assert failed.data["error"] == "connection refused"
