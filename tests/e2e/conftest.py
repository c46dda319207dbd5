"""A whole demo and a real Chromium for the journeys."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect, sync_playwright

from tests.conftest import HOME, ROOT
from tests.e2e.driver import Gauge
from tests.running import Installation, until

ARGUMENTS = [
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
SHOTS = ROOT / "test-results"

# What is promised in seconds is measured by the bench; here a machine with other work is waited for.
expect.set_options(timeout=20_000)


@pytest.fixture(scope="session")
def demo() -> Iterator[Installation]:
    """`make demo`'s city with its simulator on an ordinary day; a rung that stays silent is climbed in seconds."""
    hurried = {"ONEMAP_CALLS__ANSWER_S": "3", "ONEMAP_CALLS__START_S": "600", "ONEMAP_CALLS__AGAIN_S": "60"}
    installation = Installation(HOME / "e2e", scale=12000, scenario="ordinary", env=hurried)
    installation.start()
    yield installation
    installation.remove()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, found by name."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def gauge(demo: Installation) -> Iterator[Gauge]:
    """A device that publishes over the demo's broker."""
    found = Gauge(demo)
    yield found
    found.close()


@pytest.fixture
def hushed(demo: Installation) -> Iterator[None]:
    """The simulator holds its breath: its own calm readings would end the warning that the test raises."""
    pid = until("the simulator", lambda: demo.child_pid("simulator"))
    os.kill(pid, signal.SIGSTOP)
    yield
    os.kill(pid, signal.SIGCONT)


class Watched:
    """What a page must never do: talk to another host, or complain."""

    def __init__(self, context: BrowserContext) -> None:
        self.abroad: list[str] = []
        self.complaints: list[str] = []
        context.on("request", self._request)
        context.on("console", self._console)
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https", "ws", "wss"} and parts.hostname != "127.0.0.1":
            self.abroad.append(request.url)

    def _console(self, message: ConsoleMessage) -> None:
        # A refused sign-in and a server that is away are shown by the page; the browser logs them as errors of its own.
        if message.type == "error" and "status of 40" not in message.text and "net::ERR_" not in message.text:
            self.complaints.append(message.text)


class Pages:
    """Pages that were opened; once they are closed, none may have left the machine or complained."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser, self._url = browser, url
        self._contexts: list[tuple[BrowserContext, Watched]] = []

    def open(
        self, width: int = 1280, height: int = 720, *, dark: bool = True, touch: bool = False, calm: bool = True
    ) -> Page:
        """A page of a size. `calm`: of somebody who asked for less motion, as most journeys are made here, for two
        cores draw every frame of it in software.
        """
        context = self._browser.new_context(
            viewport={"width": width, "height": height},
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            color_scheme="dark" if dark else "light",
            has_touch=touch,
            reduced_motion="reduce" if calm else "no-preference",
        )
        context.set_default_timeout(60_000)
        self._contexts.append((context, Watched(context)))
        page = context.new_page()
        page.goto(self._url)
        return page

    def close(self, name: str) -> None:
        """Take a picture of each under that name, close them, and look at what was watched."""
        SHOTS.mkdir(exist_ok=True)
        for number, (context, _) in enumerate(self._contexts):
            for page in context.pages:
                page.screenshot(path=Path(SHOTS) / f"{name}-{number}.png")
            context.close()
        for _, watched in self._contexts:
            assert watched.abroad == []
            assert watched.complaints == []


@pytest.fixture
def open_page(browser: Browser, demo: Installation, request: pytest.FixtureRequest) -> Iterator[Callable[..., Page]]:
    """Opens pages of a test's own."""
    pages = Pages(browser, demo.url)
    yield pages.open
    pages.close(request.node.name)
