"""Every door of the application at once: closed without credentials, open to the right roles, honest about errors."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from onemap.core import errors
from onemap.core.policy import RIGHTS, Grant, Right, Role
from onemap.core.settings import Settings
from onemap.store import account
from onemap.store.db import Connection
from server.app import OPEN_DOORS, ROUTERS, create_app
from server.errors import STATUS, answer, status_of
from server.middleware import BODY_BYTES
from tests.api.conftest import Running

FILLED = {"layer": "incident", "key": "k", "surface": "risk", "cell": "0", "z": "1", "x": "0", "y": "0", "name": "n"}
#: Doors that ask for a right beyond being signed in: method, path, and any one of these.
ASKED: list[tuple[str, str, frozenset[Right]]] = [
    ("GET", "/metrics", frozenset({Right.METRICS})),
    ("POST", "/warnings/k/confirm", frozenset({Right.WARNINGS_STEER})),
    ("POST", "/warnings/k/end", frozenset({Right.WARNINGS_STEER})),
    ("GET", "/alerts", frozenset({Right.ALERTS_OWN, Right.ALERTS_ALL})),
    ("POST", "/alerts/1/acknowledge", frozenset({Right.ALERTS_OWN, Right.WARNINGS_STEER})),
    ("POST", "/alerts/1/arrive", frozenset({Right.ALERTS_OWN, Right.WARNINGS_STEER})),
    ("POST", "/alerts/1/resolve", frozenset({Right.ALERTS_OWN, Right.WARNINGS_STEER})),
    ("POST", "/alerts/1/report", frozenset({Right.ALERTS_OWN, Right.WARNINGS_STEER})),
    ("GET", "/attachments/n", frozenset({Right.ALERTS_OWN, Right.ALERTS_ALL})),
    ("POST", "/incidents/k/status", frozenset({Right.INCIDENTS_STATUS})),
    ("GET", "/feeds", frozenset({Right.FEEDS_SEE})),
    ("POST", "/feeds/iot", frozenset({Right.FEEDS_PUSH})),
    ("GET", "/quarantine", frozenset({Right.QUARANTINE})),
    ("POST", "/quarantine/1/replay", frozenset({Right.QUARANTINE})),
    ("GET", "/heat/trends", frozenset({Right.EXACT_COUNTS})),
    ("GET", "/heat/trends/1", frozenset({Right.EXACT_COUNTS})),
    ("POST", "/heat/risk/effect", frozenset({Right.EXACT_COUNTS})),
    ("POST", "/warnings", frozenset({Right.WARNINGS_STEER})),
    ("POST", "/warnings/cap", frozenset({Right.FEEDS_PUSH})),
    ("POST", "/warnings/k/cancel", frozenset({Right.WARNINGS_STEER})),
    ("GET", "/calls/board", frozenset({Right.ALERTS_ALL})),
    ("GET", "/calls/grids", frozenset({Right.ALERTS_ALL})),
    ("GET", "/calls/templates", frozenset({Right.ALERTS_ALL})),
    ("POST", "/calls/1/answer", frozenset({Right.WARNINGS_STEER})),
    ("POST", "/alerts/1/decline", frozenset({Right.ALERTS_OWN, Right.WARNINGS_STEER})),
    ("POST", "/alerts/1/confirm-again", frozenset({Right.ALERTS_OWN, Right.WARNINGS_STEER})),
    ("POST", "/ladders/start", frozenset({Right.WARNINGS_STEER})),
    ("GET", "/rosters", frozenset({Right.ALERTS_ALL})),
    ("GET", "/rosters/1", frozenset({Right.ALERTS_ALL})),
    ("PUT", "/rosters/1", frozenset({Right.ROSTERS_EDIT})),
    ("POST", "/rosters/1/hand-over", frozenset({Right.ROSTERS_EDIT})),
    ("GET", "/deliveries/summary", frozenset({Right.LEDGER_SEE})),
    ("GET", "/deliveries", frozenset({Right.LEDGER_SEE})),
    ("POST", "/deliveries/1/retry", frozenset({Right.CHANNELS_EDIT})),
    ("POST", "/deliveries/seen", frozenset({Right.LEDGER_SEE})),
    ("GET", "/channels", frozenset({Right.LEDGER_SEE})),
    ("POST", "/channels", frozenset({Right.CHANNELS_EDIT})),
    ("PUT", "/channels/1", frozenset({Right.CHANNELS_EDIT})),
    ("DELETE", "/channels/1", frozenset({Right.CHANNELS_EDIT})),
    ("POST", "/channels/1/test", frozenset({Right.CHANNELS_EDIT})),
    ("POST", "/rules/check", frozenset({Right.RULES_EDIT})),
    ("POST", "/rules/dry-run", frozenset({Right.RULES_EDIT})),
    ("PUT", "/rules/k", frozenset({Right.RULES_EDIT})),
    ("POST", "/rules/k/switch", frozenset({Right.RULES_EDIT})),
    ("DELETE", "/rules/k", frozenset({Right.RULES_EDIT})),
    ("POST", "/fences", frozenset({Right.FENCES_EDIT})),
    ("POST", "/fences/preview", frozenset({Right.FENCES_EDIT})),
    ("PUT", "/fences/k", frozenset({Right.FENCES_EDIT})),
    ("DELETE", "/fences/k", frozenset({Right.FENCES_EDIT})),
    ("GET", "/drills/scenarios", frozenset({Right.ALERTS_ALL})),
    ("GET", "/drills", frozenset({Right.ALERTS_ALL})),
    ("POST", "/drills", frozenset({Right.DRILLS})),
    ("GET", "/drills/k", frozenset({Right.ALERTS_ALL})),
    ("POST", "/drills/k/stop", frozenset({Right.DRILLS})),
    ("GET", "/plans", frozenset({Right.PLANS_SEE})),
    ("POST", "/plans", frozenset({Right.PLANS_EDIT})),
    ("GET", "/plans/k", frozenset({Right.PLANS_SEE})),
    ("PATCH", "/plans/k", frozenset({Right.PLANS_EDIT})),
    ("DELETE", "/plans/k", frozenset({Right.PLANS_EDIT})),
    ("GET", "/plans/k/map", frozenset({Right.PLANS_SEE})),
    ("POST", "/plans/k/edits", frozenset({Right.PLANS_EDIT})),
    ("POST", "/plans/k/try", frozenset({Right.PLANS_EDIT})),
    ("POST", "/plans/k/undo", frozenset({Right.PLANS_EDIT})),
    ("POST", "/plans/k/redo", frozenset({Right.PLANS_EDIT})),
    ("GET", "/plans/k/edits", frozenset({Right.PLANS_SEE})),
    ("GET", "/plans/k/since/1", frozenset({Right.PLANS_SEE})),
    ("POST", "/plans/k/rebase", frozenset({Right.PLANS_EDIT})),
    ("POST", "/plans/k/merge", frozenset({Right.PLANS_EDIT})),
    ("GET", "/plans/k/blocks", frozenset({Right.PLANS_SEE})),
    ("GET", "/plans/k/proposals", frozenset({Right.PLANS_SEE})),
    ("POST", "/plans/k/proposals", frozenset({Right.PLANS_EDIT})),
    ("GET", "/plans/k/proposals/1", frozenset({Right.PLANS_SEE})),
    ("DELETE", "/plans/k/proposals/1", frozenset({Right.PLANS_EDIT})),
    ("POST", "/plans/k/proposals/1/adopt", frozenset({Right.PLANS_EDIT})),
    ("GET", "/plans/k/impact", frozenset({Right.PLANS_SEE})),
    ("GET", "/plans/k/report", frozenset({Right.PLANS_SEE})),
    ("GET", "/plans/k/comments", frozenset({Right.PLANS_SEE})),
    ("POST", "/plans/k/comments", frozenset({Right.PLANS_SEE})),
    ("POST", "/plans/k/comments/1/resolve", frozenset({Right.PLANS_SEE})),
    ("POST", "/plans/k/submit", frozenset({Right.PLANS_EDIT})),
    ("POST", "/plans/k/withdraw", frozenset({Right.PLANS_EDIT})),
    ("POST", "/plans/k/approve", frozenset({Right.PLANS_APPROVE})),
    ("POST", "/plans/k/reject", frozenset({Right.PLANS_APPROVE})),
    ("POST", "/plans/k/publish", frozenset({Right.PLANS_APPROVE})),
    ("POST", "/plans/k/rollback", frozenset({Right.PLANS_APPROVE})),
    ("GET", "/plans/k/export", frozenset({Right.PLANS_SEE})),
    ("GET", "/plans/k/review", frozenset({Right.PLANS_SEE})),
    ("GET", "/editions/statistics", frozenset({Right.PLANS_SEE})),
    ("GET", "/notices", frozenset({Right.ALERTS_OWN})),
    ("POST", "/notices/1/acknowledge", frozenset({Right.ALERTS_OWN})),
    ("GET", "/editions/n/repairs", frozenset({Right.PLANS_SEE})),
    ("POST", "/plan-imports", frozenset({Right.PLANS_EDIT})),
    ("POST", "/plan-imports/confirm", frozenset({Right.PLANS_EDIT})),
]


def doors() -> Iterator[tuple[str, str]]:
    for router in ROUTERS:
        for route in router.routes:
            assert isinstance(route, APIRoute), route
            path = re.sub(r"\{(\w+)(:\w+)?\}", lambda found: FILLED.get(found[1], "1"), route.path)
            for method in sorted(route.methods or ()):
                yield method, path


def test_no_door_answers_without_an_account_or_a_key(server: Running) -> None:
    found = sorted(set(doors()))
    assert len(found) > 30
    with server.client() as client:
        for method, path in found:
            if path in OPEN_DOORS:
                continue
            for headers in (
                {},
                {"Authorization": "Bearer omk_wrong"},
                {"Authorization": "Basic eDp5"},
                {"Cookie": "onemap_session=x"},
            ):
                response = client.request(method, path, headers=headers, content=b"{}")
                assert response.status_code == 401, (method, path, headers, response.text)
                body = response.json()
                assert body["code"] == "not-signed-in" and set(body) <= {
                    "type",
                    "title",
                    "status",
                    "code",
                    "detail",
                    "request_id",
                }


def test_what_is_open_is_open(server: Running) -> None:
    with server.client() as client:
        assert client.get("/health").status_code == 200
        assert client.get("/").status_code in (200, 503)
        assert client.get("/no/such/thing").status_code == 404
        assert client.get("/openapi.json").status_code == 401
        for path in ("/docs", "/redoc"):
            assert client.get(path).status_code == 404


@pytest.mark.parametrize("role", list(Role))
def test_each_role_passes_the_doors_of_its_rights_and_no_other(server: Running, role: Role) -> None:
    with server.client(role) as client:
        for method, path, rights in ASKED:
            response = client.request(method, path, json={"status": "closed"} if path.endswith("/status") else None)
            allowed = bool(RIGHTS[role] & rights)
            assert (response.status_code != 403) == allowed, (role, method, path, response.text)
            assert response.status_code not in (401, 500)


def test_every_door_that_asks_for_a_right_is_in_the_table_above() -> None:
    asked = {(method, path) for method, path, _ in ASKED}
    for method, path in doors():
        if method == "POST" and not path.startswith("/auth/") and path not in OPEN_DOORS:
            assert (method, path.replace("/feeds/1", "/feeds/iot")) in asked, path


def test_a_key_steers_nothing_whatever_its_role(server: Running, committed: Connection) -> None:
    key = account.create_api_key(committed, "strong-key", Role.COMMAND, None, [])
    with server.with_key(key) as client:
        assert client.get("/auth/me").json()["login"] == "strong-key"
        for method, path, rights in ASKED:
            response = client.request(method, path, json={"status": "closed"} if path.endswith("/status") else None)
            allowed = bool(Grant("k", Role.COMMAND, key_only=True).rights & rights)
            assert (response.status_code != 403) == allowed, (path, response.text)


def test_a_key_reads_its_layers_and_no_other(server: Running, committed: Connection) -> None:
    key = account.create_api_key(committed, "two-layers", Role.PLANNER, ["incident", "sensor"])
    with server.with_key(key) as client:
        for layer, status in (("incident", 200), ("sensor", 200), ("road", 404), ("camera", 404), ("none", 404)):
            assert client.get(f"/ogc/collections/{layer}/items").status_code == status, layer
            assert client.get(f"/tiles/{layer}.json").status_code == status, layer
        listed = {one["id"] for one in client.get("/ogc/collections").json()["collections"]}
        assert listed == {"incident", "sensor"}
        account.enable_api_key(committed, "two-layers", enabled=False)
        server.state.grants.forget()
        assert client.get("/ogc/collections").status_code == 401


def test_a_key_that_has_run_out_opens_nothing(server: Running, committed: Connection) -> None:
    key = account.create_api_key(committed, "old-key", Role.VIEWER)
    committed.execute("UPDATE api_key SET expires_at = now() - interval '1 s' WHERE name = 'old-key'")
    with server.with_key(key) as client:
        assert client.get("/auth/me").status_code == 401
    stored = committed.execute("SELECT key_hash FROM api_key WHERE name = 'old-key'").fetchone()
    assert stored is not None and key.encode() not in bytes(stored["key_hash"]) and len(stored["key_hash"]) == 32
    listed = {row["name"]: row for row in account.list_api_keys(committed)}
    assert "key_hash" not in listed["old-key"]
    with pytest.raises(errors.Conflict):
        account.create_api_key(committed, "old-key")
    with pytest.raises(errors.BadInput):
        account.create_api_key(committed, " ")


# -- errors ---------------------------------------------------------------------------------------------------------


def subclasses(root: type[errors.OnemapError]) -> Iterator[type[errors.OnemapError]]:
    for child in root.__subclasses__():
        yield child
        yield from subclasses(child)


def test_every_error_has_its_status() -> None:
    for kind in (errors.OnemapError, *subclasses(errors.OnemapError)):
        if kind.__module__.startswith(("onemap.", "server.", "etl.", "tiles.")):
            assert kind in STATUS, f"{kind.__name__} is not in the table of server/errors.py"
            assert 400 <= status_of(kind)[0] < 600


def test_a_message_for_the_house_does_not_leave_it() -> None:
    for kind in (errors.SetupError, errors.Unavailable, errors.FeedRefused):
        body = json.loads(bytes(answer("r", kind("type: chmod 700 /secret/folder")).body))
        assert "secret" not in json.dumps(body)
    assert answer("r", errors.Unavailable("x")).headers["retry-after"]


def test_problems_are_problem_details(server: Running) -> None:
    with server.client("viewer") as client:
        for path, status, code in (
            ("/no/such/thing", 404, "not-found"),
            ("/ogc/collections/none", 404, "not-found"),
            ("/timeline?hours=x", 400, "bad-input"),
            ("/warnings/a%00b", 400, "bad-input"),
            ("/metrics", 403, "forbidden"),
        ):
            response = client.get(path)
            assert response.status_code == status, path
            assert response.headers["content-type"] == "application/problem+json"
            body = response.json()
            assert (body["status"], body["code"]) == (status, code)
            assert body["type"] == f"urn:onemap:problem:{code}" and body["title"]
            assert body["request_id"] == response.headers["x-request-id"]
        assert client.delete("/auth/me").json()["code"] == "method-not-allowed"
        listed = client.post("/auth/sign-in", json={"login": 5}).json()["errors"]
        assert {one["in"] for one in listed} == {"body.login", "body.password"}
        given = client.get("/auth/me", headers={"X-Request-Id": "from-the-proxy-1"})
        assert given.headers["x-request-id"] == "from-the-proxy-1"
        assert client.get("/auth/me", headers={"X-Request-Id": "a b<script>"}).headers["x-request-id"] != "a b<script>"


async def test_what_nobody_foresaw_says_nothing(server_settings: Settings) -> None:
    app = create_app(server_settings)

    def broken() -> None:
        raise RuntimeError("the secret is a pumpkin")

    app.router.routes.insert(0, APIRoute("/broken", broken))
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        response = await client.get("/broken")
    assert response.status_code == 500 and response.json()["code"] == "internal"
    assert "pumpkin" not in response.text and response.headers["content-security-policy"]


async def test_without_a_database_doors_say_come_back(server_settings: Settings) -> None:
    app = create_app(server_settings.model_copy(update={"database_url": "host=/nowhere dbname=none"}))
    app.state.onemap.pool.timeout = 0.2
    await app.state.onemap.pool.open()
    try:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            response = await client.get("/auth/me", headers={"Cookie": "onemap_session=x"})
            assert response.status_code == 503 and response.json()["code"] == "unavailable"
            assert int(response.headers["retry-after"]) >= 1 and "nowhere" not in response.text
            health = await client.get("/health")
            assert health.status_code == 503 and health.json()["status"] == "down"
    finally:
        await app.state.onemap.pool.close()


# -- what every answer carries, what every request may weigh --------------------------------------------------------


def test_every_answer_has_the_security_headers(server: Running) -> None:
    with server.client("viewer") as client:
        for path in ("/", "/health", "/auth/me", "/no/such/thing", "/metrics", "/tiles/incident/1/0/0.mvt"):
            headers = client.get(path).headers
            policy = headers["content-security-policy"]
            assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy, path
            assert "worker-src 'self' blob:" in policy and "img-src 'self' data: blob:" in policy
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "no-referrer"


def test_a_body_that_is_too_large_is_refused_whether_it_says_so_or_not(server: Running) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(20):
            yield b"x" * 100_000

    with server.client("viewer") as client:
        headers = {"Content-Type": "application/json"}
        for content in (b"x" * (BODY_BYTES + 1), chunks()):
            response = client.post("/auth/sign-in", content=content, headers=headers)
            assert response.status_code == 413, response.text
            assert response.json()["code"] == "too-large"


def test_json_is_compressed_and_tiles_and_streams_are_not_again(server: Running) -> None:
    with server.client("operator") as client:
        assert client.get("/metrics").headers["content-encoding"] == "gzip"
        with client.stream("GET", "/live", headers={"Accept-Encoding": "gzip"}) as stream:
            assert "content-encoding" not in stream.headers
            assert stream.headers["content-type"].startswith("text/event-stream")
            assert "no-transform" in stream.headers["cache-control"]


def test_the_description_names_every_door(server: Running) -> None:
    with server.client("viewer") as client:
        found = client.get("/openapi.json").json()
    assert found["openapi"].startswith("3.1")
    for router in ROUTERS:
        for route in router.routes:
            assert isinstance(route, APIRoute)
            if route.include_in_schema:
                path = re.sub(r":\w+\}", "}", route.path)
                assert path in found["paths"], path
    text = json.dumps(found)
    assert "HTTPValidationError" not in text
    for name in ("Warning", "Why", "Alert", "Account", "FeedStatus", "Timeline", "Health", "Problem", "Receipt"):
        assert name in found["components"]["schemas"], name
    for reference in set(re.findall(r'"#/components/schemas/(\w+)"', text)):
        assert reference in found["components"]["schemas"], reference
    assert found["paths"]["/auth/sign-in"]["post"]["security"] == []
    assert found["paths"]["/warnings"]["get"]["security"] == [{"session": []}, {"key": []}]


def test_metrics_count_requests_by_their_route(server: Running) -> None:
    with server.client("operator") as client:
        client.get("/warnings/of-no-key")
        text = client.get("/metrics").text
    assert re.search(r'onemap_requests_total\{method="GET",route="/warnings/\{key:path\}",status="404"\} 1\.0', text)
    for name in (
        "onemap_live_subscribers",
        "onemap_live_lag_seconds_bucket",
        "onemap_pool_connections",
        "onemap_feed_records",
    ):
        assert name in text, name


def test_a_request_that_breaks_off_harms_nobody(server: Running) -> None:
    host, _, port = server.url.removeprefix("http://").partition(":")
    for data in (
        b"POST /auth/sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
        b"GET /live HTTP/1.1\r\n",
        b"\x00\xff",
    ):
        with socket.create_connection((host, int(port)), timeout=5) as raw:
            raw.sendall(data)
    with server.client() as client:
        assert client.get("/health").status_code == 200


def test_a_secret_of_the_data_folder_is_made_once(server_settings: Settings, tmp_path: Any) -> None:
    settings = server_settings.model_copy(
        update={"home": tmp_path / "fresh", "secret_key": type(server_settings.secret_key)("")}
    )
    first, second = (create_app(settings).state.onemap.secret for _ in range(2))
    assert first == second and len(first) >= 32
    (path,) = (tmp_path / "fresh").glob("secrets*")
    assert path.stat().st_mode & 0o077 == 0
