"""The simulated teams: they answer through the doors, some are silent, and the visitor answers for his own."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from demo.simulator import responders
from demo.simulator.responders import HUMAN, Responders, plan


def alert(number: int, team: str, *, due_s: float | None = None, warning: str = "w:1") -> dict[str, Any]:
    due = None if due_s is None else (datetime.now(UTC) + timedelta(seconds=due_s)).isoformat()
    return {"id": number, "team_key": team, "warning_key": warning, "warning_state": "active", "answer_due_at": due}


class Doors:
    """Sign-in and alerts on the loopback, with what was asked of them."""

    def __init__(self) -> None:
        self.alerts: list[dict[str, Any]] = []
        self.asked: list[tuple[str, str]] = []  # (login, path)
        self.valid = True
        doors = self

        class Handler(BaseHTTPRequestHandler):
            def _give(self, status: int, body: Any, cookie: str = "") -> None:
                text = json.dumps(body).encode()
                self.send_response(status)
                if cookie:
                    self.send_header("Set-Cookie", f"onemap_session={cookie}; Path=/; HttpOnly")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def do_GET(self) -> None:
                doors._note(self)
                self._give(200, doors.alerts if self.path.endswith("queued") else [])

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if self.path == "/auth/sign-in":
                    self._give(200, {}, json.loads(body)["login"])
                elif not doors.valid:
                    doors.valid = True
                    self._give(401, {})
                else:
                    doors._note(self)
                    self._give(200, {})

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def _note(self, handler: BaseHTTPRequestHandler) -> None:
        login = handler.headers.get("Cookie", "").removeprefix("onemap_session=")
        self.asked.append((login, handler.path))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def doors() -> Iterator[Doors]:
    found = Doors()
    yield found
    found.server.shutdown()
    found.server.server_close()


def now_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every deed of a plan is due at once."""

    def at_once(one: dict[str, Any], rng: random.Random, now: datetime, speed: float = 1.0) -> list[responders.Deed]:
        whats = ("acknowledge", "arrive", "report")
        return [
            responders.Deed(now + timedelta(microseconds=n), one["id"], one["team_key"], what)
            for n, what in enumerate(whats)
        ]

    monkeypatch.setattr(responders, "plan", at_once)


def test_teams_answer_as_themselves_and_the_visitors_team_is_left_alone(
    doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_is_due(monkeypatch)
    people = Responders(doors.url, silent=0.0, seed=1, speed=1.0, showing=False)
    doors.alerts = [alert(1, "team05")]
    people.look()  # there before: somebody has dealt with it
    doors.alerts += [alert(2, "team05"), alert(3, HUMAN), alert(4, "watch-9")]
    doors.valid = False  # the first sign-in has run out
    people.look()
    people.look()
    people.close()
    done = [(login, path) for login, path in doors.asked if "?" not in path]
    assert sorted(done) == sorted(
        (team, f"/alerts/{number}/{what}")
        for number, team in ((4, "watch-9"), (2, "team05"))
        for what in ("acknowledge", "arrive", "report")
    )
    assert next(path for login, path in done if login == "team05").endswith("acknowledge")


def test_some_are_silent_and_grid_teams_are_for_the_first_warning(
    doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_is_due(monkeypatch)
    people = Responders(doors.url, silent=0.3, seed=1, speed=1.0, showing=True)
    people.look()
    doors.alerts = [alert(n, "team05") for n in range(1, 50)]
    doors.alerts += [alert(n, "team20", warning="w:2") for n in range(100, 500)]
    doors.alerts.append(alert(999, "watch-1", warning="w:1"))
    doors.alerts.reverse()  # newest first, as the door gives them
    people.look()
    people.close()
    answered = {path.split("/")[2] for _, path in doors.asked if path.endswith("acknowledge")}
    assert not any(int(number) < 50 for number in answered)
    assert 230 < len(answered) < 330


def test_a_plan_answers_before_its_deadline() -> None:
    now = datetime.now(UTC)
    for seed in range(300):
        deeds = plan(alert(1, "t", due_s=60), random.Random(seed), now)
        assert now < deeds[0].at < now + timedelta(seconds=60) and deeds[0].what in ("acknowledge", "decline")
        assert len(deeds) == 1 or [deed.what for deed in deeds[:3]] == ["acknowledge", "arrive", "report"]


def test_doors_that_are_shut_are_tried_again() -> None:
    people = Responders("http://127.0.0.1:9", silent=0.0, seed=1, speed=1.0, showing=False)
    assert people.look() > people.look() - 1.0 > 0
    people.close()
