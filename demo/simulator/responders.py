"""Teams and duty desks at their phones: they read their alerts and answer through the same doors as people do.

Some stay silent. The grid teams stay so for the first warning of all, to let everybody see how the ladder climbs, and
the account that the demo gives to its visitor is never answered for.
"""

from __future__ import annotations

import heapq
import logging
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

LOG = logging.getLogger("simulator.responders")
#: Everybody knows these: they are the demo's.
WATCHER, PASSWORD, WATCHER_PASSWORD = "command", "demo-team", "demo-command"
HUMAN = "team01"
GRID_TEAMS = frozenset(f"team{n:02d}" for n in range(1, 13))
LOOK_S = 2.0
REPORTS = (
    "已到达现场，正在组织转移。",
    "威胁区人员已全部撤离至安置点。",
    "已拉警戒带，现场无人员滞留。",
    "道路封控完毕，持续巡查。",
)


@dataclass(order=True)
class Deed:
    """What a team is going to do about an alert."""

    at: datetime
    alert_id: int
    team: str = field(compare=False)
    what: str = field(compare=False)  # acknowledge, decline, arrive, report, confirm-again


def plan(alert: dict[str, Any], rng: random.Random, now: datetime, speed: float = 1.0) -> list[Deed]:
    """What a team that answers does about an alert, from the moment it reads it; a few cannot go."""
    due = alert.get("answer_due_at")
    room_s = (datetime.fromisoformat(due) - now).total_seconds() if due else rng.uniform(40, 160) / speed
    at = now + timedelta(seconds=max(0.5, min(rng.uniform(0.2, 0.8) * room_s, 120.0)))

    def deed(what: str, later_s: float) -> Deed:
        return Deed(at + timedelta(seconds=later_s / speed), alert["id"], alert["team_key"], what)

    if due and rng.random() < 0.06:
        return [deed("decline", 0.0)]
    found = [deed("acknowledge", 0.0), deed("arrive", rng.uniform(90, 300))]
    found.append(deed("report", rng.uniform(320, 560)))
    if rng.random() < 0.85:
        found.append(deed("confirm-again", rng.uniform(30, 85)))
    return found


class Responders:
    """All teams of the demo but the visitor's."""

    def __init__(self, url: str, *, silent: float, seed: int, speed: float, showing: bool) -> None:
        """`silent` is the share of alerts that nobody reads; `showing`: grid teams are, for the first warning."""
        self._http = httpx.Client(base_url=url, timeout=httpx.Timeout(5.0), trust_env=False)
        self._silent = silent
        self._seed = seed
        self._speed = speed
        self._showing = showing
        self._mute: str | None = None  # the first warning of all
        self._known: set[int] = set()
        self._deeds: list[Deed] = []
        self._cookies: dict[str, str] = {}
        self._down = False
        self._first = True

    def look(self) -> float:
        """Read new alerts and do what is due; returns the seconds until the next look."""
        now = datetime.now(UTC)
        try:
            for state in ("queued", "delivered"):
                for alert in reversed(self._ask(WATCHER, "GET", f"/alerts?state={state}").json()):
                    self._read(alert, now)
            self._first = False
            while self._deeds and self._deeds[0].at <= datetime.now(UTC):
                self._do(self._deeds[0])
                heapq.heappop(self._deeds)
            self._down = False
        except (httpx.HTTPError, ValueError, KeyError) as error:
            if not self._down:
                LOG.warning("no answer from the alerts' doors: %s", type(error).__name__)
            self._down = True
            return 5.0
        return LOOK_S

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _read(self, alert: dict[str, Any], now: datetime) -> None:
        if alert["id"] in self._known or alert["warning_state"] == "ended":
            return
        self._known.add(alert["id"])
        if self._first or alert["team_key"] == HUMAN:
            return  # what was there before, others have dealt with
        if self._showing and self._mute is None:
            self._mute = alert["warning_key"]
        if self._mute == alert["warning_key"] and alert["team_key"] in GRID_TEAMS:
            return
        rng = random.Random(f"{self._seed}:{alert['id']}")
        if rng.random() >= self._silent:
            for deed in plan(alert, rng, now, self._speed):
                heapq.heappush(self._deeds, deed)

    def _do(self, deed: Deed) -> None:
        path = f"/alerts/{deed.alert_id}/{deed.what}"
        if deed.what == "report":
            text = random.Random(f"{self._seed}:{deed.alert_id}:note").choice(REPORTS)
            self._ask(deed.team, "POST", path, files={"note": (None, text)})
        else:
            self._ask(deed.team, "POST", path)

    def _ask(self, login: str, method: str, path: str, **options: Any) -> httpx.Response:
        """One request of a post, signed in when it is not; what the door refuses is the door's business."""
        for again in (False, True):
            if login not in self._cookies:
                password = WATCHER_PASSWORD if login == WATCHER else PASSWORD
                answer = self._http.post("/auth/sign-in", json={"login": login, "password": password})
                answer.raise_for_status()
                self._cookies[login] = answer.cookies["onemap_session"]
                self._http.cookies.clear()
            headers = {"Cookie": f"onemap_session={self._cookies[login]}"}
            answer = self._http.request(method, path, headers=headers, **options)
            if answer.status_code != 401 or again:
                break
            del self._cookies[login]
        if answer.status_code >= 500 or answer.status_code in (401, 408, 429):
            answer.raise_for_status()
        return answer
