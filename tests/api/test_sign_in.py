"""Sign-in, sign-out, what a session is, and the bound on guessing."""

from __future__ import annotations

import hashlib
import statistics
import time

import httpx
import pytest

from onemap.core.errors import BadInput, Conflict
from onemap.core.policy import Role
from onemap.store import account
from onemap.store.db import Connection
from server.auth import Limiter
from server.errors import RateLimited
from tests.api.conftest import PASSWORD, Running, wait_until


def test_sign_in_opens_a_session_and_sign_out_ends_it(server: Running) -> None:
    with server.client() as client:
        assert client.get("/auth/me").status_code == 401
        answer = client.post("/auth/sign-in", json={"login": " Command ", "password": PASSWORD})
        assert answer.status_code == 200
        assert answer.json() == {
            "login": "command",
            "title": "command post",
            "role": "command",
            "team_key": None,
            "can": [
                "alerts.all", "counts.exact", "drills", "feeds.see", "fences.edit", "incidents.status", "ledger.see",
                "metrics", "plans.approve", "plans.see", "rosters.edit", "rules.edit", "warnings.steer",
            ],
        }  # fmt: skip
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie and "SameSite=strict" in cookie and "Path=/" in cookie and "Secure" not in cookie
        assert client.get("/auth/me").json()["login"] == "command"
        token = client.cookies["onemap_session"]
        assert client.post("/auth/sign-out").status_code == 204
        assert client.get("/auth/me").status_code == 401
    with httpx.Client(base_url=server.url, cookies={"onemap_session": token}) as kept:
        assert kept.get("/auth/me").status_code == 401


def test_only_a_keyed_digest_of_the_token_is_stored(server: Running, committed: Connection) -> None:
    with server.client() as client:
        token = client.post("/auth/sign-in", json={"login": "viewer", "password": PASSWORD}).cookies["onemap_session"]
    assert len(token) >= 43
    stored = {bytes(row["token_hash"]) for row in committed.execute("SELECT token_hash FROM session").fetchall()}
    assert token.encode() not in stored
    assert hashlib.sha256(token.encode()).digest() not in stored
    hashes = committed.execute("SELECT password_hash FROM account").fetchall()
    assert all(row["password_hash"].startswith("$argon2id$") for row in hashes)


def test_a_session_that_has_run_out_is_none(server: Running, committed: Connection) -> None:
    with server.client() as client:
        client.post("/auth/sign-in", json={"login": "planner", "password": PASSWORD})
        committed.execute("UPDATE session SET expires_at = now() - interval '1 s' WHERE login = 'planner'")
        server.state.grants.forget()
        assert client.get("/auth/me").status_code == 401


def test_closing_an_account_ends_its_sessions_at_once(
    server: Running, committed: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server.state.grants, "_ttl_s", 3600.0)  # so that nothing but the news of it ends them
    account.create_account(committed, "leaver", "post", Role.VIEWER, PASSWORD)
    with server.client("leaver") as client:
        assert client.get("/auth/me").status_code == 200  # and is remembered from here on
        account.enable_account(committed, "leaver", enabled=False)
        wait_until(lambda: client.get("/auth/me").status_code == 401)
        assert client.post("/auth/sign-in", json={"login": "leaver", "password": PASSWORD}).status_code == 401


@pytest.mark.parametrize("login", ["viewer", "nobody-of-that-name"])
def test_wrong_credentials_are_told_alike(server: Running, login: str) -> None:
    with server.client() as client:
        answer = client.post("/auth/sign-in", json={"login": login, "password": "wrong-password"})
    assert answer.status_code == 401
    body = answer.json()
    assert (body["code"], body["reason"]) == ("not-signed-in", "wrong-credentials")
    assert login not in answer.text


def test_an_unknown_login_costs_the_time_of_a_known_one(server: Running, committed: Connection) -> None:
    """Time of the processor: what else the machine does costs neither."""
    known = account.credential(committed, "viewer")
    account.verify_password("warm", None)

    def cost(found: account.Credential | None) -> float:
        began = time.process_time()
        account.verify_password("wrong-password", found)
        return time.process_time() - began

    pairs = [(cost(known), cost(None)) for _ in range(9)]
    ratio = statistics.median(a for a, _ in pairs) / statistics.median(b for _, b in pairs)
    assert 0.5 < ratio < 2.0


def test_guessing_is_bounded_and_says_when_to_come_back(server: Running) -> None:
    with server.client() as client:
        for _ in range(5):
            assert client.post("/auth/sign-in", json={"login": "guessed", "password": "x"}).status_code == 401
        answer = client.post("/auth/sign-in", json={"login": "guessed", "password": "x"})
        assert answer.status_code == 429
        assert answer.json()["code"] == "too-many-requests"
        assert 1 <= int(answer.headers["retry-after"]) <= 61
        # Another login from the same place is not shut out by it.
        assert client.post("/auth/sign-in", json={"login": "operator", "password": PASSWORD}).status_code == 200


def test_the_limiter_forgets_with_time_success_and_size() -> None:
    now = [0.0]
    limiter = Limiter(keep=30, clock=lambda: now[0])
    for _ in range(5):
        limiter.failed("a", "1")
    with pytest.raises(RateLimited):
        limiter.check("a", "1")
    limiter.check("a", "2")
    limiter.check("b", "1")
    now[0] = 60.5
    limiter.check("a", "1")
    for _ in range(4):
        limiter.failed("a", "1")
    limiter.succeeded("a", "1")
    limiter.failed("a", "1")
    limiter.check("a", "1")
    for number in range(1000):
        limiter.failed(f"login{number}", f"address{number}")
    assert len(limiter._failed) <= 30


def test_another_site_cannot_use_the_cookie(server: Running) -> None:
    with server.client("viewer") as client:
        refused = client.post("/auth/sign-out", headers={"Origin": "https://elsewhere.example"})
        assert refused.status_code == 403 and refused.json()["reason"] == "cross-site"
        assert client.post("/auth/sign-out", headers={"Origin": "null"}).status_code == 403
        assert client.post("/auth/sign-out", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
        assert client.get("/auth/me", headers={"Origin": "https://elsewhere.example"}).status_code == 200
        form = {"login": "viewer", "password": PASSWORD}
        assert client.post("/auth/sign-in", json=form, headers={"Origin": server.url}).status_code == 200
        assert client.post("/auth/sign-in", json=form, headers={"Origin": "http://127.0.0.1:1"}).status_code == 403


def test_accounts_that_cannot_be_are_refused(committed: Connection) -> None:
    for login, role, password, team in (
        ("No", Role.VIEWER, PASSWORD, None),
        ("x", Role.VIEWER, PASSWORD, None),
        ("fine", "king", PASSWORD, None),
        ("fine", Role.VIEWER, "short", None),
        ("fine", Role.TEAM, PASSWORD, None),
        ("fine", Role.VIEWER, PASSWORD, "team-1"),
    ):
        with pytest.raises(BadInput):
            account.create_account(committed, login, "t", role, password, team_key=team)
    account.create_account(committed, "fine", "t", Role.VIEWER, PASSWORD)
    with pytest.raises(Conflict):
        account.create_account(committed, "fine", "t", Role.VIEWER, PASSWORD)


def test_a_new_password_ends_the_old_sessions(server: Running, committed: Connection) -> None:
    account.create_account(committed, "renewed", "t", Role.VIEWER, PASSWORD)
    with server.client("renewed") as client:
        account.set_password(committed, "renewed", "another-password")
        server.state.grants.forget()
        assert client.get("/auth/me").status_code == 401
        form = {"login": "renewed", "password": "another-password"}
        assert client.post("/auth/sign-in", json=form).status_code == 200
