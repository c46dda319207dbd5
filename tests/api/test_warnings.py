"""From a reading to the team's answer, through the doors: warning, alert on the stream, acknowledgement, report."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import shapely
from pydantic import TypeAdapter

from onemap.core.policy import Role
from onemap.store import account
from onemap.store.db import Connection, connect
from onemap.warnings.service import Reading, evaluate
from server import models
from tests.api.conftest import Running
from tests.api.listening import Listener, listen
from tests.api.pictures import jpeg
from tests.db import warnings_ground as ground

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture(scope="module")
def slope(server: Running) -> Running:
    with connect(server.dsn, autocommit=True) as conn:
        with conn.transaction():
            ground.slope(conn)
            ground.teams(conn)
    return server


def read_past(conn: Connection, value: float) -> str:
    """A reading's commit; the key of the warning it moved."""
    with conn.transaction():
        reading = Reading(1, "h1-crack-ds", datetime.now(UTC), value)
        (key,) = evaluate(conn, [reading], ground.CLOCKS)
    return key


@pytest.fixture
def raised(slope: Running, committed: Connection) -> Any:
    """A warning of level II; ended afterwards."""
    yield read_past(committed, 31.0)
    with slope.client("command") as client:
        for one in client.get("/warnings").json():
            assert client.post(f"/warnings/{one['key']}/end").status_code == 200
    with committed.transaction():
        evaluate(committed, [Reading(1, "h1-crack-ds", datetime.now(UTC), 0.0)], ground.CLOCKS)


def alert_of(server: Running, login: str) -> Any:
    with server.client(login) as client:
        found = client.get("/alerts").json()
    return found[0]


def test_a_reading_is_on_screen_and_phone_within_a_second(slope: Running, committed: Connection) -> None:
    with (
        listen(slope, "command", layers="warning") as wall,
        listen(slope, "team", layers="warning") as phone,
        listen(slope, "team2", layers="warning") as other,
    ):
        for ears in (wall, phone, other):
            ears.started()
        began = time.monotonic()
        key = read_past(committed, 21.0)
        warning = wall.wait(lambda one: one.name == "change")
        alert = phone.wait(lambda one: one.name == "alert")
        assert max(warning.at, alert.at) - began < 15.0  # measured by the bench and in the browser
        assert warning.data["key"] == key and warning.data["feature"]["properties"]["level"] == 3
        assert alert.data["team_key"] == "t1" and alert.data["state"] == "queued"
        # It left for the team's own stream: that is a delivery, and everybody who may hear it does.
        wall.wait(
            lambda one: one.name == "alert" and one.data["id"] == alert.data["id"] and one.data["state"] == "delivered"
        )
        wall.wait(lambda one: one.name == "alert" and one.data["team_key"] == "t2" and one.data["state"] == "delivered")
        assert {one.data["team_key"] for one in phone.heard if one.name == "alert"} == {"t1"}
        assert {one.data["team_key"] for one in other.heard if one.name == "alert"} == {"t2"}
    with slope.client("command") as client:
        assert client.post(f"/warnings/{key}/end").json()["state"] == "ended"
        assert client.post(f"/warnings/{key}/confirm").status_code == 409
        assert client.get("/warnings").json() == []
        assert [one["key"] for one in client.get("/warnings?state=all").json()] == [key]
        assert client.get("/warnings?state=none").status_code == 400
    with committed.transaction():
        evaluate(committed, [Reading(1, "h1-crack-ds", datetime.now(UTC), 0.0)], ground.CLOCKS)


def test_an_alert_raised_while_nobody_listens_waits_for_the_team(slope: Running, raised: str) -> None:
    alert = next(one for one in [alert_of(slope, "team")] if one["warning_key"] == raised)
    assert alert["state"] == "queued"
    with listen(slope, "team", layers="") as phone:
        assert phone.wait(lambda one: one.name == "alert").data["id"] == alert["id"]
        phone.wait(lambda one: one.name == "alert" and one.data["state"] == "delivered")
    assert alert_of(slope, "team")["state"] == "delivered"
    with listen(slope, "team", layers="") as again:
        again.started()
        with slope.client("team") as client:
            client.post(f"/alerts/{alert['id']}/acknowledge")
        # Nothing is sent a second time: the first thing heard is what happened since.
        assert again.wait(lambda one: one.name == "alert").data["state"] == "acknowledged"


def test_the_list_and_the_reasons_have_the_described_shape(slope: Running, raised: str) -> None:
    with slope.client("command") as client:
        listed = client.get("/warnings").json()
        (entry,) = TypeAdapter(list[models.Warning]).validate_python(listed)
        assert (entry.key, entry.level, entry.state, entry.residents) == (raised, 2, "active", 45)
        assert entry.alerts is not None and entry.alerts.total == 2
        answer = client.get(f"/warnings/{raised}")
        why = models.Why.model_validate(answer.json())
        TypeAdapter(list[models.Alert]).validate_python(client.get("/alerts").json())
    assert why.rule is not None and (why.rule.enter, why.rule.unit, why.rule.op) == (30.0, "mm", ">=")
    assert why.reading is not None and why.reading.value == 31.0 and why.reading.sensor_key == "h1-crack"
    assert [team.key for team in why.teams][:2] == ["t1", "t2"] and len(why.alerts) == 2
    assert "raised" in {step.kind for step in why.timeline}


def test_a_team_answers_from_acknowledged_to_resolved(slope: Running, raised: str) -> None:
    alert = alert_of(slope, "team")
    with slope.client("team") as team, listen(slope, "command", layers="") as wall:
        wall.started()
        assert team.post(f"/alerts/{alert['id']}/resolve").json()["reason"] == "not-on-site"
        for act, state in (("acknowledge", "acknowledged"), ("arrive", "arrived"), ("resolve", "resolved")):
            answer = team.post(f"/alerts/{alert['id']}/{act}")
            assert answer.status_code == 200, answer.text
            assert models.Alert.model_validate(answer.json()).state == state
            wall.wait(lambda one, s=state: one.name == "alert" and one.data["state"] == s)  # type: ignore[misc]
            again = team.post(f"/alerts/{alert['id']}/{act}").json()
            assert again == answer.json()
        assert team.get(f"/alerts?state=resolved&warning={raised}").json()[0]["id"] == alert["id"]
    with slope.client("command") as client:
        kinds = [step["kind"] for step in client.get(f"/warnings/{raised}").json()["timeline"]]
        assert [kind for kind in kinds if kind in ("acknowledged", "arrived", "resolved")] == [
            "acknowledged", "arrived", "resolved",
        ]  # fmt: skip


def test_a_team_sees_and_answers_its_own_alerts_alone(slope: Running, raised: str) -> None:
    mine, theirs = alert_of(slope, "team"), alert_of(slope, "team2")
    assert mine["team_key"] == "t1" and theirs["team_key"] == "t2"
    with slope.client("team") as client:
        assert {one["team_key"] for one in client.get("/alerts").json()} == {"t1"}
        for act in ("acknowledge", "arrive", "resolve", "report"):
            answer = client.post(f"/alerts/{theirs['id']}/{act}", data={"note": "x"} if act == "report" else None)
            assert answer.status_code == 403, act
        assert client.post("/alerts/987654/acknowledge").status_code == 404
        assert client.post(f"/alerts/{2**70}/acknowledge").status_code == 400
        why = client.get(f"/warnings/{raised}").json()
        assert {one["team_key"] for one in why["alerts"]} == {"t1"}
        assert all(step["alert_id"] in (None, mine["id"]) for step in why["timeline"])
    with slope.client("viewer") as client:
        why = client.get(f"/warnings/{raised}").json()
        assert why["alerts"] == [] and why["cameras"] == [] and why["teams"] == []
        assert why["warning"]["alerts"] is None and why["warning"]["residents"] is None
        assert why["hazard"]["residents"] is None and why["threatened"]["residents"] is None
        assert all(step["alert_id"] is None for step in why["timeline"])
        assert client.get("/alerts").status_code == 403


def test_a_report_with_a_photo_is_one_report_and_tells_no_place(slope: Running, raised: str) -> None:
    alert = alert_of(slope, "team")
    photo = jpeg(gps=True)
    assert b"GPSSECRET" in photo
    files = {"photo": ("site.jpg", photo, "image/jpeg")}
    with slope.client("team") as team:
        for _ in range(2):  # a phone that lost the answer sends again
            answer = team.post(f"/alerts/{alert['id']}/report", data={"note": "坡脚有新裂缝"}, files=files)
            assert answer.status_code == 200, answer.text
        steps = team.get(f"/warnings/{raised}").json()["timeline"]
        (step,) = [step for step in steps if step["kind"] == "report"]
        assert "坡脚有新裂缝" in step["text_zh"]
        name = step["attachment"]
        kept = team.get(f"/attachments/{name}")
        assert kept.status_code == 200 and kept.headers["content-type"] == "image/jpeg"
        assert b"GPSSECRET" not in kept.content and kept.content.startswith(b"\xff\xd8\xff")
        assert "sandbox" in kept.headers["content-security-policy"]
        assert len(list((slope.state.settings.home_path / "attachments").iterdir())) == 1
    for login, status in (("command", 200), ("operator", 200), ("team2", 404), ("viewer", 403), ("planner", 403)):
        with slope.client(login) as client:
            assert client.get(f"/attachments/{name}").status_code == status, login
    with slope.client() as client:
        assert client.get(f"/attachments/{name}").status_code == 401
    with slope.client("command") as client:
        assert client.get("/attachments/..%2Fsecrets.json").status_code == 404
        assert client.get(f"/attachments/{'0' * 40}.jpg").status_code == 404


@pytest.mark.parametrize(
    ("data", "photo", "status", "reason"),
    [
        ({"note": ""}, None, 400, "empty-report"),
        ({"note": "x" * 2001}, None, 400, "long-note"),
        ({"note": "n"}, b"GIF89a" + b"0" * 40, 400, "photo-kind"),
        ({"note": "n"}, b"<svg onload=alert(1)>", 400, "photo-kind"),
        ({"note": "n"}, b"\xff\xd8\xff\xe0\x00\x10JFIF", 400, "photo-broken"),
        ({"note": "n"}, b"\xff\xd8\xff" + b"0" * (5 * 1024 * 1024), 413, "photo-size"),
        ({"note": "n"}, b"\xff\xd8\xff" + b"0" * (7 * 1024 * 1024), 413, "too-large"),
    ],
)
def test_a_report_that_is_none_is_refused(
    slope: Running, raised: str, data: dict[str, str], photo: bytes | None, status: int, reason: str
) -> None:
    alert = alert_of(slope, "team")
    files = {"photo": ("x", photo, "image/jpeg")} if photo is not None else None
    with slope.client("team") as client:
        answer = client.post(f"/alerts/{alert['id']}/report", data=data, files=files)
        assert answer.status_code == status, answer.text
        body = answer.json()
        assert body.get("reason", body["code"]) == reason
        steps = client.get(f"/warnings/{raised}").json()["timeline"]
        assert not [step for step in steps if step["kind"] == "report"]


def test_only_command_steers(slope: Running, raised: str) -> None:
    for login in ("viewer", "planner", "team", "operator"):
        with slope.client(login) as client:
            for act in ("confirm", "end"):
                assert client.post(f"/warnings/{raised}/{act}").status_code == 403, login
    with slope.client("command") as client:
        assert client.post(f"/warnings/{raised}/confirm").json()["state"] == "confirmed"
        assert client.post("/warnings/no-such/confirm").status_code == 404
    with connect(slope.dsn) as conn:
        row = conn.execute("SELECT changed_by FROM warning WHERE key = %s", (raised,)).fetchone()
    assert row == {"changed_by": "command"}


def test_a_grant_with_an_area_knows_no_warning_outside_it(slope: Running, committed: Connection, raised: str) -> None:
    far = shapely.to_wkb(shapely.MultiPolygon([shapely.box(100.0, 20.0, 100.1, 20.1)]))
    near = shapely.to_wkb(shapely.MultiPolygon([shapely.box(110.39, 29.0, 110.405, 29.2)]))
    account.create_account(committed, "far-command", "t", Role.COMMAND, "a-password-of-no-account")
    account.limit_account(committed, "far-command", far)
    with slope.client("far-command") as client:
        assert client.get("/warnings").json() == []
        assert client.get("/alerts").json() == []
        assert client.get(f"/warnings/{raised}").status_code == 404
        assert client.post(f"/warnings/{raised}/end").status_code == 404
    key = account.create_api_key(committed, "near-key", Role.COMMAND, ["warning", "team"], area_wkb=near)
    with slope.with_key(key) as client:
        why = client.get(f"/warnings/{raised}").json()
        # The team's base lies outside the area; hazard and sensor are layers that the key does not name.
        assert why["teams"] == [] and why["hazard"] is None and why["series"] == [] and why["reading"] is None
        assert why["alerts"] == []
        assert client.post(f"/warnings/{raised}/confirm").status_code == 403
    key = account.create_api_key(committed, "no-warnings", Role.COMMAND, ["team"])
    with slope.with_key(key) as client:
        assert client.get("/warnings").status_code == 404
        assert client.get(f"/warnings/{raised}").status_code == 404
    with Listener(slope.with_key(key)) as ears:
        ears.started()
        assert ears.heard == []


def test_the_time_line_shows_rain_incidents_and_warnings(slope: Running, committed: Connection, raised: str) -> None:
    committed.execute(
        "INSERT INTO datastream (key, sensor_key, property, name, unit) "
        "VALUES ('intensity', 'h1-rain', 'rain_intensity', '雨强', 'mm/h') ON CONFLICT DO NOTHING"
    )
    row = committed.execute("SELECT id FROM datastream WHERE key = 'intensity'").fetchone()
    assert row is not None
    start = datetime.fromtimestamp(NOW.timestamp() // 300 * 300 - 3600, UTC)
    for minute, value in ((0, 12.0), (2, 24.0), (5, 6.0)):
        at = start + timedelta(minutes=minute)
        committed.execute(
            "INSERT INTO observation (datastream_id, at, value) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            (row["id"], at, value),
        )
    with committed.transaction():
        for n in range(3):
            at = start + timedelta(minutes=n)
            row_in = ground.FeatureRow(f"timeline-{n}", shapely.Point(110.4, 29.1), {"occurred_at": at})
            ground.put(committed, "incident", row_in)
    with slope.client("command") as client:
        found = models.Timeline.model_validate(client.get("/timeline?hours=6").json())
        assert found.bucket_s == 300
        assert dict(found.rain) == {start.isoformat(): 1.5, (start + timedelta(minutes=5)).isoformat(): 0.5}
        incidents = dict(found.incidents)
        assert incidents[start.isoformat()] == 3 and sum(incidents.values()) == 3 and len(incidents) in (72, 73)
        assert raised in [warning.key for warning in found.warnings]
        for hours in ("0", "-1", "200", "nan", "x"):
            assert client.get(f"/timeline?hours={hours}").status_code == 400, hours
        series = TypeAdapter(list[models.Series]).validate_python(client.get("/sensors/h1-rain/series?hours=6").json())
        points = next(one.points for one in series if one.datastream_key == "intensity")
        assert [value for _, value in points] == [12.0, 24.0, 6.0]
        assert client.get("/sensors/no-such/series").status_code == 404
    key = account.create_api_key(committed, "incidents-only", Role.PLANNER, ["incident"])
    with slope.with_key(key) as client:
        body = client.get("/timeline").json()
        assert body["rain"] == [] and body["warnings"] == [] and body["incidents"]
        assert client.get("/sensors/h1-rain/series").status_code == 404


def test_a_long_series_is_thinned_and_keeps_its_peak(slope: Running, committed: Connection) -> None:
    row = committed.execute("SELECT id FROM datastream WHERE key = 'h1-crack-ds'").fetchone()
    assert row is not None
    committed.execute(
        "INSERT INTO observation (datastream_id, at, value) "
        "SELECT %s, now() - n * interval '5 s', CASE WHEN n = 1777 THEN 99 ELSE 1 END FROM generate_series(0, 4000) n",
        (row["id"],),
    )
    with slope.client("viewer") as client:
        body = client.get("/sensors/h1-crack/series?hours=6").json()
    points = next(one["points"] for one in body if one["datastream_key"] == "h1-crack-ds")
    assert 500 < len(points) <= 1002
    assert 99 in [value for _, value in points]
    assert [at for at, _ in points] == sorted(at for at, _ in points)
