"""The ground of all benches: a cluster of their own, a large demo city from the pipeline, child processes."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx

from demo.city import build
from etl.importer import import_city
from onemap.core.policy import Role
from onemap.core.settings import Settings
from onemap.layers import LAYERS
from onemap.store import account
from onemap.store.cluster import Cluster
from onemap.store.db import acting, connect
from onemap.store.migrate import migrate

ROOT = Path(__file__).resolve().parent.parent
SCALE = int(os.environ.get("ONEMAP_BENCH_SCALE", "60000"))


class Ground:
    """The prepared database, and how to start what is measured on it."""

    def __init__(self) -> None:
        self.home = Path(os.environ.get("ONEMAP_BENCH_HOME", ROOT / ".onemap" / "bench")).resolve()
        self.cluster = Cluster(self.home)
        self.settings = Settings(home=self.home)
        self.key = ""

    def prepare(self) -> None:
        """Start the cluster and fill it once; later runs find it as it was."""
        self.cluster.start()
        self.cluster.ensure_database()
        migrate(self.cluster.dsn(), LAYERS)
        mark = self.home / f"seeded-{SCALE}"
        if not mark.exists():
            folder = self.home / f"city-{SCALE}"
            shutil.rmtree(folder, ignore_errors=True)
            build(folder, scale=SCALE, anchor=datetime(2026, 6, 1, 4, tzinfo=UTC))
            import_city(self.settings, folder)
            mark.touch()
        with connect(self.cluster.dsn(), autocommit=True) as conn:
            conn.execute("VACUUM ANALYZE")
            conn.execute("DELETE FROM api_key WHERE name = 'bench'")
        with connect(self.cluster.dsn()) as conn, acting(conn, "bench"):
            self.key = account.create_api_key(conn, "bench", Role.COMMAND, layers=None, feeds=["iot"])
            if not conn.execute("SELECT 1 FROM account").fetchone():
                account.create_account(conn, "bench", "bench", Role.OPERATOR, "bench-password-of-no-use")

    def stop(self) -> None:
        """Stop the cluster; the data stays for the next run."""
        self.cluster.stop()

    @contextmanager
    def child(self, command: Sequence[str], environment: Mapping[str, str], ready: str, log: str) -> Iterator[None]:
        """A process that answers at the URL `ready` within a minute; ended at the end."""
        with (self.home / f"{log}.log").open("wb") as output:
            process = subprocess.Popen(
                command, cwd=ROOT, env={**os.environ, **environment}, stdout=output, stderr=output
            )
        try:
            deadline = time.monotonic() + 60
            while True:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError((self.home / f"{log}.log").read_text()[-2000:])
                try:
                    if httpx.get(ready, timeout=2).status_code < 500:
                        break
                except httpx.HTTPError:
                    time.sleep(0.1)
            yield
        finally:
            process.terminate()
            process.wait(timeout=20)


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
