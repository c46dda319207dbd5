"""The processes of the ledger's fault test, forked from a warm parent so that a restart costs milliseconds.

`python -m tests.faults.nursery DSN FOLDER` reads one command a line from its input and answers with a process id:
`sender`, `receiver` (then its port as well) or `producer`. Everything a child says, it writes into files of the folder.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psycopg
from shapely import MultiPolygon, box

from onemap.core.clock import now
from onemap.core.settings import CaseSettings
from onemap.layers import BY_NAME
from onemap.store import feature
from onemap.store.db import Connection, connect
from onemap.store.feature import FeatureRow
from onemap.warnings.alerting import alert_teams
from onemap.warnings.sending.post import Post
from onemap.warnings.sending.sender import Sender
from server.supervisor import die_with_parent

WARNINGS, LEVELS, TEAMS = 63, (4, 3, 2, 1), 40
#: Letters that their receiver refuses for good, whatever happens: (warning, team, level).
POISON = frozenset({(5, 3, 2), (17, 11, 4), (17, 12, 4), (40, 39, 1), (62, 0, 1)})
LEASE_S = 0.4


def team(n: int) -> str:
    return f"team-{n:02d}"


def expected() -> list[tuple[str, str, int]]:
    """Every alert there must be: warning, team, level."""
    return [(f"w-{w}", team(t), level) for w in range(WARNINGS) for level in LEVELS for t in range(TEAMS)]


# -- the receivers ----------------------------------------------------------------------------------------------------


class Receiver:
    """One endpoint for each team, on one port. It keeps the idempotency key: a letter has its effect once.

    `effects.log` gets a line for each effect, `attempts.log` one for each request, both written before the answer.
    """

    def __init__(self, folder: Path) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self.effects = os.open(folder / "effects.log", flags)
        self.attempts = os.open(folder / "attempts.log", flags)
        self.known: set[str] = set()
        self.chance = random.Random(4)

    async def serve(self, tell: Callable[[int], int]) -> None:
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0, backlog=256)
        tell(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._request(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        path = head.split(" ", 2)[1].strip("/")
        headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
        body = await reader.readexactly(int(headers["content-length"]))
        key, alert = headers["idempotency-key"], json.loads(body)["alert"]
        os.write(self.attempts, f"{path} {key}\n".encode())
        warning = int(alert["warning_key"].removeprefix("w-"))
        if (warning, int(path.removeprefix("team-")), alert["level"]) in POISON:
            return await _answer(writer, 422)
        fate = self.chance.random()
        if fate < 0.03:
            return await _answer(writer, 500)
        if fate < 0.04:
            return await _answer(writer, 429, "Retry-After: 0\r\n")
        if fate < 0.06:
            return False  # dropped before anything happened
        if fate < 0.065:
            await asyncio.sleep(1.0)  # nobody waits so long, and nothing happened
            return False
        if fate < 0.07:
            await asyncio.sleep(0.6)  # the effect comes when the sender has given up and sent it again
        if key not in self.known:
            self.known.add(key)
            os.write(self.effects, f"{path} {key} {alert['id']} {alert['warning_key']} {alert['level']}\n".encode())
        if fate < 0.10:
            return False  # the answer is lost, the effect stands
        return await _answer(writer, 200)


async def _answer(writer: asyncio.StreamWriter, status: int, more: str = "") -> bool:
    writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n{more}\r\n".encode())
    await writer.drain()
    return True


# -- senders and producer ---------------------------------------------------------------------------------------------


def send(dsn: str, post: Post) -> None:
    """A sender as the worker runs it: its own connection, again whenever it is lost."""
    sender = Sender(slots=64, run=8, lease_s=LEASE_S, first_s=0.05, post=post)
    woken = threading.Event()
    sender.wakes(woken)
    while True:
        try:
            with connect(dsn, autocommit=True) as conn:
                while True:
                    woken.clear()
                    if not sender.step(conn):
                        woken.wait(0.05)
        except psycopg.Error:
            time.sleep(0.05)


def produce(dsn: str, done: Path) -> None:
    """Make every alert by the way that warnings go; what a lost connection left open is done again."""
    steps = itertools.product(range(WARNINGS), LEVELS)
    step = next(steps, None)
    while step is not None:
        try:
            with connect(dsn) as conn:
                while step is not None:
                    with conn.transaction():
                        _raise(conn, *step)
                    step = next(steps, None)
        except psycopg.Error:
            time.sleep(0.05)
    done.touch()


def _raise(conn: Connection, warning: int, level: int) -> None:
    key, east = f"w-{warning}", 110.0 + warning * 0.01
    given = {
        "level": level,
        "state": "active",
        "title": f"III · 边坡{warning}",
        "cause": {"text_zh": "雨"},
        "drill": False,
    }
    zone = MultiPolygon([box(east, 29.0, east + 0.005, 29.005)])
    feature.upsert(conn, BY_NAME["warning"], [FeatureRow(key, zone, given)], feed="test")
    alert_teams(conn, key, [team(n) for n in range(TEAMS)], CaseSettings(), origin="call", at=now())


# -- the parent -------------------------------------------------------------------------------------------------------


def main(dsn: str, folder: Path) -> None:
    """Fork what is asked for until the input ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead are nobody's to wait for
    post = Post(connections=64, read_s=0.4)  # made once: a child does not load certificates again
    for line in sys.stdin:
        reader, writer = os.pipe()
        pid = os.fork()
        if not pid:
            die_with_parent()
            os.close(reader)
            work: dict[str, Callable[[], None]] = {
                "sender": lambda: send(dsn, post),
                "producer": lambda: produce(dsn, folder / "produced"),
                "receiver": partial(_receive, folder, writer),
            }
            try:
                work[line.strip()]()
            finally:
                os._exit(0)
        os.close(writer)
        told = os.read(reader, 20).decode() if line.strip() == "receiver" else ""
        os.close(reader)
        print(pid, told, flush=True)


def _receive(folder: Path, pipe: int) -> None:
    asyncio.run(Receiver(folder).serve(lambda port: os.write(pipe, str(port).encode())))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
