"""A whole installation for a test: `onemap demo` in a data folder and on ports of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from onemap.store.cluster import Cluster
from server.supervisor import die_with_parent

ROOT = Path(__file__).resolve().parent.parent


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(what: str, check: Callable[[], Any], *, timeout_s: float = 60.0, every_s: float = 0.05) -> Any:
    """Wait for a condition; its true value is returned, and a time-out says what was waited for."""
    deadline = time.monotonic() + timeout_s
    last: BaseException | None = None
    while time.monotonic() < deadline:
        try:
            if value := check():
                return value
        except (httpx.HTTPError, OSError) as error:
            last = error
        time.sleep(every_s)
    raise AssertionError(f"after {timeout_s} s still waiting for: {what} ({last})")


@dataclass
class Installation:
    """`onemap demo` as a person starts it, in its own process."""

    home: Path
    scale: int = 2500
    scenario: str = "ordinary"
    simulate: bool = True
    env: dict[str, str] = field(default_factory=dict)  # settings of its own
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where the server answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def cluster(self) -> Cluster:
        """The demo's own cluster."""
        return Cluster(self.home)

    @property
    def secrets(self) -> dict[str, str]:
        """The data folder's secrets."""
        found: dict[str, str] = json.loads((self.home / "secrets.json").read_text())
        return found

    @property
    def mqtt_port(self) -> int:
        """Where the broker listens."""
        return int(json.loads((self.home / "ports.json").read_text())["mqtt"])

    def start(self, *, timeout_s: float = 240.0) -> float:
        """Start and wait until the map answers. Returns the seconds it took."""
        began = time.monotonic()
        self.home.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "server.cli", "demo", "--port", str(self.port), "--scale", str(self.scale)]
        command += ["--scenario", self.scenario, *([] if self.simulate else ["--no-simulator"])]
        with (self.home / "demo.out").open("ab") as output:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, "ONEMAP_HOME": str(self.home), "PYTHONPATH": str(ROOT), **self.env},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=die_with_parent,  # a run that is cut off leaves nothing behind
            )
        until("the map to answer", self._healthy, timeout_s=timeout_s)
        return time.monotonic() - began

    def stop(self) -> None:
        """Ctrl-C, and wait for the end."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(timeout=60)

    def kill(self) -> None:
        """Kill -9 of the whole start, as a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(timeout=30)

    def remove(self) -> None:
        """Stop, and delete the data folder."""
        self.stop()
        self.cluster.remove()
        shutil.rmtree(self.home, ignore_errors=True)

    def output(self) -> str:
        """What it has printed."""
        return (self.home / "demo.out").read_text(errors="replace")

    def _healthy(self) -> bool:
        if self.process is not None and self.process.poll() is not None:
            raise AssertionError(f"the demo ended at once:\n{self.output()[-3000:]}")
        return httpx.get(f"{self.url}/health", timeout=2).status_code == 200

    def child_pid(self, name: str) -> int | None:
        """The process id of a child (server, worker, simulator), by its command line."""
        assert self.process is not None
        listing = subprocess.run(
            ["ps", "-o", "pid=,args=", "--ppid", str(self.process.pid)], capture_output=True, text=True
        )
        mark = {
            "server": "server.cli serve",
            "worker": "server.cli worker",
            "simulator": "demo.simulator",
            "broker": "mosquitto",
        }[name]
        for line in listing.stdout.splitlines():
            pid, _, rest = line.strip().partition(" ")
            if mark in rest:
                return int(pid)
        return None
