"""A real server for the API tests: granian over real sockets, in a thread, so that a test can look inside as well."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from onemap.core.policy import Role
from onemap.core.settings import Settings
from onemap.store import account
from onemap.store.db import connect
from server.app import create_app
from server.serving import Serving
from server.state import State

PASSWORD = "a-password-of-no-account"
TEAM, OTHER_TEAM = "t1", "t2"


def wait_until(condition: Any, *, timeout_s: float = 30.0) -> Any:
    """Wait for a condition to hold and return what it gave; fails loudly when it does not."""
    ticking = threading.Event()
    deadline = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < deadline, "the condition did not come to hold"
        ticking.wait(0.005)
    return found


@dataclass
class Running:
    """One running server."""

    url: str
    app: FastAPI
    dsn: str
    cookies: dict[str, str] = field(default_factory=dict)

    @property
    def state(self) -> State:
        """The application's parts."""
        state: State = self.app.state.onemap
        return state

    def client(self, login: str | None = None, **options: Any) -> httpx.Client:
        """A client, signed in as that login if one is given."""
        if login is None:
            return httpx.Client(base_url=self.url, timeout=20, **options)
        if login not in self.cookies:
            answer = httpx.post(f"{self.url}/auth/sign-in", json={"login": login, "password": PASSWORD})
            assert answer.status_code == 200, answer.text
            self.cookies[login] = answer.cookies["onemap_session"]
        cookies = {"onemap_session": self.cookies[login]}
        return httpx.Client(base_url=self.url, timeout=20, cookies=cookies, **options)

    def with_key(self, key: str) -> httpx.Client:
        """A client of another system."""
        return httpx.Client(base_url=self.url, timeout=20, headers={"Authorization": f"Bearer {key}"})


@contextmanager
def serving(settings: Settings) -> Iterator[Running]:
    """Run the application under granian until the block ends."""
    app = create_app(settings)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    ready = threading.Event()
    parts: dict[str, Any] = {}

    async def main() -> None:
        parts["loop"] = asyncio.get_running_loop()
        parts["serving"] = Serving(app, host="127.0.0.1", port=port)
        ready.set()
        await parts["serving"].run()

    thread = threading.Thread(target=lambda: asyncio.run(main()), name="granian", daemon=True)
    thread.start()
    ready.wait(30)
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            return httpx.get(f"{url}/health", timeout=5).json()["live"] is True
        except httpx.TransportError:
            return False

    wait_until(answers, timeout_s=30)
    try:
        yield Running(url, app, settings.database_url)
    finally:
        parts["loop"].call_soon_threadsafe(parts["serving"].stop)
        thread.join(20)
        assert not thread.is_alive(), "the server did not stop"


@pytest.fixture(scope="module")
def server_settings(dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of this module's server."""
    home: Path = tmp_path_factory.mktemp("home")
    return Settings(home=home, database_url=dsn, secret_key="test-secret-key-of-no-account", pool_size=4)


@pytest.fixture(scope="module")
def server(server_settings: Settings) -> Iterator[Running]:
    """A running server with an account of every role, login = role; `team2` is another team."""
    with connect(server_settings.database_url) as conn:
        for role in Role:
            account.create_account(
                conn, role, f"{role} post", role, PASSWORD, team_key=TEAM if role is Role.TEAM else None
            )
        account.create_account(conn, "team2", "other team", Role.TEAM, PASSWORD, team_key=OTHER_TEAM)
    with serving(server_settings) as running:
        yield running
