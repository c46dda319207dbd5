"""Told warnings at the doors: by hand, CAP in and out, Atom, GeoJSON, episodes, withdrawn, each within the grant."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import shapely
from lxml import etree
from pydantic import TypeAdapter

from onemap.core.policy import Role
from onemap.core.settings import Settings
from onemap.store import account
from onemap.store.db import Connection, connect
from onemap.warnings.telling import atom, cap, messages, signing
from server import delivery_models, models
from tests.api.conftest import Running
from tests.db import warnings_ground as ground

POLYGON = {
    "type": "Polygon",
    "coordinates": [[[110.4, 29.1], [110.41, 29.1], [110.41, 29.11], [110.4, 29.11], [110.4, 29.1]]],
}
NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture(scope="module")
def slope(server: Running) -> Iterator[Running]:
    with connect(server.dsn) as conn:
        ground.slope(conn)
        ground.teams(conn)
    yield server


@pytest.fixture
def clean(slope: Running) -> Iterator[Running]:
    yield slope
    with slope.client("command") as client:
        for one in client.get("/warnings").json():
            client.post(f"/warnings/{one['key']}/end")


def by_hand(**more: Any) -> dict[str, Any]:
    return {"level": 2, "kind": "flood", "name": "云溪河段", "text": "水位将漫堤", "geometry": POLYGON, **more}


def raised(client: httpx.Client, **more: Any) -> dict[str, Any]:
    answer = client.post("/warnings", json=by_hand(**more))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def foreign(identifier: str = "W-1", msg_type: str = "Alert", references: str = "", **more: str) -> bytes:
    sent = more.get("sent", NOW.isoformat())
    refs = f"<references>{references}</references>" if references else ""
    info = (
        f"<info><category>Met</category><event>暴雨</event><urgency>Immediate</urgency>"
        f"<severity>{more.get('severity', 'Severe')}</severity><certainty>Observed</certainty>"
        f"<expires>{(NOW + timedelta(hours=6)).isoformat()}</expires><headline>暴雨预警</headline>"
        f"<area><areaDesc>x</areaDesc><circle>29.1,110.4 {more.get('radius', '2')}</circle></area></info>"
    )
    return (
        f'<alert xmlns="{cap.CAP}"><identifier>{identifier}</identifier><sender>weather@city.test</sender>'
        f"<sent>{sent}</sent><status>{more.get('status', 'Actual')}</status><msgType>{msg_type}</msgType>"
        f"<scope>Public</scope>{refs}{info}</alert>"
    ).encode()


def test_a_warning_by_hand_is_told_and_withdrawn(clean: Running) -> None:
    with clean.client("command") as client:
        warning = raised(client, onset_at=(NOW + timedelta(hours=2)).isoformat(), actions="转移沿河居民")
        models.Warning.model_validate(warning)
        key = warning["key"]
        assert (warning["source"], warning["level"], warning["kind"]) == ("manual", 2, "flood")
        why = client.get(f"/warnings/{key}").json()
        models.Why.model_validate(why)
        assert why["cause"]["text_zh"] == "水位将漫堤" and why["rule"] is None and why["reading"] is None
        assert {"raised", "by_hand"} <= {step["kind"] for step in why["timeline"]}
        (told,) = client.get("/warnings/messages", params={"warning": key}).json()
        delivery_models.Message.model_validate(told)
        assert told["identifier"] == client.get("/warnings").json()[0]["identifier"]
        answer = client.get(told["cap"])
        assert answer.headers["content-type"].startswith("application/cap+xml")
        root: Any = etree.fromstring(answer.content)
        assert signing.check(root) == "valid"
        assert root.findtext(f".//{{{cap.CAP}}}instruction") == "转移沿河居民"
        assert client.get(told["cap"]).content == answer.content
        pem = client.get("/warnings/certificate").text
        body = "".join(pem.split("-----")[2].split())
        assert body in "".join((root.findtext(".//{*}X509Certificate") or "").split())
        assert client.post(f"/warnings/{key}/cancel", json={"reason": ""}).status_code == 400
        done = client.post(f"/warnings/{key}/cancel", json={"reason": "水位回落"})
        assert done.json()["end_reason"] == "cancelled"
        assert client.post(f"/warnings/{key}/cancel", json={"reason": "水位回落"}).status_code == 200
        newest = client.get("/warnings/messages", params={"warning": key}).json()[0]
        assert newest["msg_type"] == "Cancel" and newest["references"][0].split(",")[1] == told["identifier"]
    with connect(clean.dsn) as conn:
        rows = conn.execute("SELECT * FROM message WHERE warning_key = %s ORDER BY id", (key,)).fetchall()
        assert messages.chain_faults(rows) == []


@pytest.mark.parametrize(
    ("change", "status", "reason"),
    [
        ({"geometry": None}, 400, "place"),
        ({"hazard_key": "h1"}, 400, "place"),
        ({"geometry": None, "hazard_key": "nowhere"}, 404, "place"),
        ({"geometry": None, "area_code": "nowhere"}, 404, "place"),
        ({"kind": "war"}, 400, "kind"),
        ({"geometry": {"type": "Point", "coordinates": [110, 29]}}, 400, "wrong-type"),
        ({"geometry": {"type": "Polygon", "coordinates": "x"}}, 400, "malformed"),
        ({"level": 5}, 400, None),
        ({"valid_h": 0}, 400, None),
        ({"valid_h": 1e9}, 400, None),
        ({"name": ""}, 400, None),
        ({"text": "x" * 501}, 400, None),
    ],
)
def test_what_cannot_be_raised_is_refused(
    clean: Running, change: dict[str, Any], status: int, reason: str | None
) -> None:
    with clean.client("command") as client:
        answer = client.post("/warnings", json=by_hand(**change))
        assert answer.status_code == status, answer.text
        if reason:
            assert answer.json()["reason"] == reason
        assert client.get("/warnings").json() == []


def test_a_drill_by_hand_is_marked_at_every_door(clean: Running) -> None:
    with clean.client("command") as client:
        warning = raised(client, geometry=None, hazard_key="h1", drill=True)
        real = raised(client, geometry=None, hazard_key="h1")
        assert warning["drill"] and not real["drill"] and warning["key"] != real["key"]
        (told,) = client.get("/warnings/messages", params={"warning": warning["key"]}).json()
        assert told["status"] == "Exercise" and told["title"].startswith("【演练】")
        features = client.get("/warnings/geojson").json()["features"]
        assert {one["id"]: one["properties"]["status"] for one in features} == {
            warning["key"]: "Exercise", real["key"]: "Actual",
        }  # fmt: skip
        found = client.get("/warnings/episodes").json()
        assert [one["drill"] for one in found] == [False, True] and found[1]["title"].startswith("【演练】")


def test_the_feed_the_map_and_the_banner_of_others(clean: Running) -> None:
    with clean.client("command") as client:
        one, two = raised(client), raised(client, name="下游", level=1)
        feed = client.get("/warnings/atom")
        assert feed.headers["content-type"].startswith("application/atom+xml")
        links = etree.fromstring(feed.content).findall(f"{{{atom.ATOM}}}entry/{{{atom.ATOM}}}link")
        assert client.get(httpx.URL(links[0].get("href") or "").path).status_code == 200
        features = client.get("/warnings/geojson")
        assert features.headers["content-type"].startswith("application/geo+json")
        first = features.json()["features"][0]
        assert (first["id"], first["properties"]["colour"], len(first["properties"]["identifier"])) == (
            two["key"],
            "red",
            31,
        )
        assert shapely.from_geojson(str(first["geometry"]).replace("'", '"')).geom_type == "MultiPolygon"
        (banner,) = TypeAdapter(list[delivery_models.Episode]).validate_python(client.get("/warnings/episodes").json())
        assert sorted(banner.warnings) == sorted([one["key"], two["key"]])
        assert (banner.level, banner.unconfirmed) == (1, 2) and "等 2 处" in banner.title


def test_others_warnings_come_in_follow_their_chain_and_are_refused_with_a_reason(clean: Running) -> None:
    with clean.client("operator") as client:

        def push(body: bytes) -> httpx.Response:
            return client.post("/warnings/cap", content=body, headers={"content-type": "application/cap+xml"})

        first = push(foreign())
        assert first.status_code == 200, first.text
        taken = delivery_models.Imported.model_validate(first.json())
        assert taken.stored and taken.note == "Unsigned."
        (key,) = taken.warnings
        again = push(foreign())
        assert again.status_code == 200 and not again.json()["stored"]
        assert push(foreign() + b"\n").json()["stored"] is False
        update = foreign(
            "W-2", "Update", f"weather@city.test,W-1,{NOW.isoformat()}", severity="Extreme",
            sent=(NOW + timedelta(seconds=1)).isoformat(),
        )  # fmt: skip
        assert push(update).json()["warnings"] == [key]
        (stands,) = client.get("/warnings").json()
        assert (stands["level"], stands["source"], stands["kind"]) == (1, "cap", "rain")
        cancel = foreign(
            "W-3", "Cancel", f"weather@city.test,W-2,{(NOW + timedelta(seconds=1)).isoformat()}",
            sent=(NOW + timedelta(seconds=2)).isoformat(),
        )  # fmt: skip
        assert push(cancel).json()["warnings"] == [key]
        assert client.get("/warnings").json() == []
        for status in ("Exercise", "Test", "Draft", "System"):
            kept = push(foreign(f"T-{status}", status=status)).json()
            assert kept["warnings"] == [] and status in kept["note"]
        assert client.get("/warnings").json() == []
        stranger = foreign("W-9", "Cancel", f"other@city.test,W-1,{NOW.isoformat()}")
        for body, reason in (
            (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + foreign(), "dtd"),
            (foreign().replace(b"<scope>Public</scope>", b""), "missing"),
            (foreign("W-8", "Update"), "references"),
            (stranger, "references"),
            (foreign("W-7", radius="-1"), "circle"),
            (foreign("W-6").replace(b"<circle>29.1,110.4 2</circle>", b""), "place"),
        ):
            for _ in range(2):  # sent again, it is refused again for the same reason
                answer = push(body)
                assert (answer.status_code, answer.json()["reason"]) == (400, reason), answer.text
        kept = client.get("/quarantine", params={"feed": "cap"}).json()
        assert {one["reason"] for one in kept} == {"dtd", "missing", "references", "circle", "place"}


def test_a_late_message_of_a_chain_that_moved_on_raises_nothing(clean: Running) -> None:
    with clean.client("operator") as client:
        cancel = foreign(
            "L-2", "Cancel", f"weather@city.test,L-1,{NOW.isoformat()}", sent=(NOW + timedelta(seconds=5)).isoformat()
        )
        assert client.post("/warnings/cap", content=cancel).json()["warnings"] == []
        late = client.post("/warnings/cap", content=foreign("L-1")).json()
        assert late["warnings"] == [] and "newer" in late["note"]


def test_signed_ones_are_checked(clean: Running) -> None:
    with clean.client("operator") as client:
        body = signing.signed(etree.fromstring(foreign("S-1")), None)
        assert client.post("/warnings/cap", content=body).json()["note"] == "Signed."
        bad = signing.signed(etree.fromstring(foreign("S-2")), None).replace(b"Severe", b"Minor")
        assert client.post("/warnings/cap", content=bad).json()["reason"] == "signature"


def test_who_may_and_who_sees(clean: Running, committed: Connection) -> None:
    with clean.client("command") as client:
        key = raised(client)["key"]
        (told,) = client.get("/warnings/messages", params={"warning": key}).json()
    for login in ("viewer", "planner", "team", "operator"):
        with clean.client(login) as client:
            assert client.post("/warnings", json=by_hand()).status_code == 403, login
            assert client.post(f"/warnings/{key}/cancel", json={"reason": "x"}).status_code == 403, login
            assert client.get(told["cap"]).status_code == 200
            banner = client.get("/warnings/episodes").json()[0]
            if login == "viewer":
                assert banner["residents"] is None
                assert client.post("/warnings/cap", content=foreign("N-1")).status_code == 403
    far = shapely.to_wkb(shapely.MultiPolygon([shapely.box(100.0, 20.0, 100.1, 20.1)]))
    account.create_account(committed, "far-off", "t", Role.COMMAND, "a-password-of-no-account")
    account.limit_account(committed, "far-off", far)
    with clean.client("far-off") as client:
        assert client.get("/warnings/messages").json() == [] and client.get("/warnings/episodes").json() == []
        assert client.get("/warnings/geojson").json()["features"] == []
        assert b"<entry>" not in client.get("/warnings/atom").content
        assert client.get(told["cap"]).status_code == 404
        assert client.post(f"/warnings/{key}/cancel", json={"reason": "x"}).status_code == 404
        assert client.post("/warnings", json=by_hand()).status_code == 404
    with clean.client("command") as client:
        assert [one["key"] for one in client.get("/warnings").json()] == [key]
    blind = account.create_api_key(committed, "blind", Role.COMMAND, ["team"])
    with clean.with_key(blind) as client:
        for path in ("atom", "geojson", "episodes", "messages", f"messages/{told['identifier']}"):
            assert client.get(f"/warnings/{path}").status_code == 404, path


def test_the_settings_name_the_teller(settings: Settings) -> None:
    assert len(settings.telling.organisation) == len(settings.telling.internal) == 3
