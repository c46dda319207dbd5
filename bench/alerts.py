"""From a reading's commit to the alert's byte at 1,000 subscribers of the live stream."""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import httpx

from bench.ground import ROOT, Ground, free_port
from bench.row import Row, at_most
from onemap.core.policy import Role
from onemap.store import account
from onemap.store.db import Connection, acting, connect
from onemap.warnings.service import Reading, evaluate
from tests.db import warnings_ground as slope

SUBSCRIBERS = 1000
_TRIALS = 60
_PASSWORD = "bench-password-of-no-use"
#: Half of the screens watch over all alerts, the others are phones of the two teams that are alerted.
_LOGINS = ("bench-command", "bench-t1", "bench-command", "bench-t2")
_VALUES = (11.0, 21.0, 31.0, 41.0)


def rows(ground: Ground) -> Iterator[Row]:
    """`alerts.latency`: median and 99th percentile in milliseconds over every subscriber and alert."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with connect(ground.cluster.dsn(), autocommit=True) as conn:
        _prepare(conn)
    environment = {"ONEMAP_HOME": str(ground.home), "ONEMAP_PORT": str(port), "PYTHONPATH": "."}
    with ground.child([sys.executable, "-m", "server.cli", "serve"], environment, f"{url}/health", "bench-alerts"):
        delays = _measure(ground, url, port)
    quantiles = statistics.quantiles(delays, n=100)
    note = f"{_TRIALS} readings past a limit, two alerts each, {SUBSCRIBERS} HTTP streams, {len(delays)} events"
    yield at_most("alerts.latency_p50", statistics.median(delays), 20.0, "ms", note)
    yield at_most("alerts.latency_p99", quantiles[98], 150.0, "ms", note)


def _prepare(conn: Connection) -> None:
    with acting(conn, "bench"):
        if not conn.execute("SELECT 1 FROM datastream WHERE key = 'h1-crack-ds'").fetchone():
            slope.slope(conn)
            slope.teams(conn)
        for login in sorted(set(_LOGINS)):
            if not conn.execute("SELECT 1 FROM account WHERE login = %s", (login,)).fetchone():
                team = login.removeprefix("bench-") if login != "bench-command" else None
                account.create_account(
                    conn, login, login, Role.TEAM if team else Role.COMMAND, _PASSWORD, team_key=team
                )


def _measure(ground: Ground, url: str, port: int) -> list[float]:
    cookies = [_sign_in(url, login) for login in _LOGINS]
    listener = subprocess.Popen(
        [sys.executable, "-m", "bench.alerts", str(port), *cookies],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert listener.stdout is not None
    if listener.stdout.readline().strip() != "ready":
        raise RuntimeError("the streams do not open")
    committed: dict[int, float] = {}
    with connect(ground.cluster.dsn(), autocommit=True) as conn:
        for trial in range(_TRIALS):
            if trial % len(_VALUES) == 0:
                _read(conn, 0.0)
                time.sleep(0.5)
            done = _read(conn, _VALUES[trial % len(_VALUES)])
            newest = conn.execute("SELECT id FROM alert ORDER BY id DESC LIMIT 2").fetchall()
            committed |= {row["id"]: done for row in newest}
            time.sleep(0.4)
        _read(conn, 0.0)
    out, _ = listener.communicate("", timeout=60)
    heard = json.loads(out)
    wanted = len(committed) // 2 * SUBSCRIBERS // 2 * 3  # command hears both alerts, a team its own
    if len(heard) < wanted * 0.999:
        raise RuntimeError(f"{len(heard)} of {wanted} events arrived")
    return [(at - committed[alert]) * 1000 for alert, at in heard if alert in committed]


def _sign_in(url: str, login: str) -> str:
    return httpx.post(f"{url}/auth/sign-in", json={"login": login, "password": _PASSWORD}).cookies["onemap_session"]


def _read(conn: Connection, value: float) -> float:
    with acting(conn, "bench"):
        evaluate(conn, [Reading(1, "h1-crack-ds", datetime.now(UTC), value)], slope.CLOCKS)
    return time.monotonic()


# -- the subscribers, in a process of their own -----------------------------------------------------------------------


class _Stream(asyncio.Protocol):
    """One subscriber: it notes when bytes come, and reads them when all is over."""

    def __init__(self, cookie: str, opened: Callable[[], None]) -> None:
        self._cookie = cookie
        self._opened: Callable[[], None] | None = opened
        self.came: list[tuple[float, bytes]] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        ask = f"GET /live?layers=warning HTTP/1.1\r\nHost: x\r\nCookie: onemap_session={self._cookie}\r\n\r\n"
        transport.write(ask.encode())

    def data_received(self, data: bytes) -> None:
        self.came.append((time.monotonic(), data))
        if self._opened is not None and b"\nid: " in data:
            self._opened()
            self._opened = None

    def alerts(self) -> Iterator[tuple[int, float]]:
        """The id of each new alert that this subscriber heard, and when its last byte came."""
        rest = b""
        for at, data in self.came:
            *blocks, rest = (rest + data).split(b"\n\n")
            for block in blocks:
                if b"event: alert\n" in block and b'"state":"queued"' in block:
                    yield json.loads(block.partition(b"data: ")[2].partition(b"\n")[0])["id"], at


async def _listen(port: int, cookies: list[str]) -> None:
    loop, opened, everybody = asyncio.get_running_loop(), 0, asyncio.Event()

    def one_more() -> None:
        nonlocal opened
        opened += 1
        if opened == SUBSCRIBERS:
            everybody.set()

    streams: list[_Stream] = []
    for number in range(SUBSCRIBERS):
        stream = _Stream(cookies[number % len(cookies)], one_more)
        streams.append(stream)
        await loop.create_connection(lambda stream=stream: stream, "127.0.0.1", port)
    await asyncio.wait_for(everybody.wait(), 60)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    print(json.dumps([heard for stream in streams for heard in stream.alerts()]))


if __name__ == "__main__":
    asyncio.run(_listen(int(sys.argv[1]), sys.argv[2:]))
