"""Child processes of one start: logged to files, restarted with back-off, ended with their parent whatever happens."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)

_PR_SET_PDEATHSIG = 1
_LOG_BYTES = 20 * 1024 * 1024


def die_with_parent() -> None:
    """In the child, before exec: the kernel ends it when the supervisor is gone, even by kill -9."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass
class Child:
    """One process to keep running."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    failures: int = 0
    retry_at: float = 0.0


class Supervisor:
    """Starts children in order, watches them, stops them in the opposite order."""

    def __init__(self, log_folder: Path, *, on_event: Callable[[str], None] = lambda _: None) -> None:
        self.log_folder = log_folder
        self.children: list[Child] = []
        self._on_event = on_event
        log_folder.mkdir(parents=True, exist_ok=True)

    def add(self, name: str, command: Sequence[str], environment: Mapping[str, str] | None = None) -> Child:
        """Start a child now and keep it running."""
        child = Child(name, command, environment or {})
        self.children.append(child)
        self._start(child)
        return child

    def watch(self, stop: threading.Event, *, each: Callable[[], None] | None = None) -> None:
        """Restart what ended, until `stop` is set; `each` runs once in every round of about half a second."""
        while not stop.wait(0.5):
            if each is not None:
                each()
            for child in self.children:
                self._look_after(child)

    def stop(self, *, timeout_s: float = 10.0) -> None:
        """End all children, the youngest first: ask, wait, then kill."""
        for child in reversed(self.children):
            process = child.process
            if process is None or process.poll() is not None:
                continue
            process.terminate()
            try:
                process.wait(timeout=timeout_s)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(timeout=timeout_s)

    def _start(self, child: Child) -> None:
        path = self.log_folder / f"{child.name}.log"
        if path.exists() and path.stat().st_size > _LOG_BYTES:
            path.replace(path.with_suffix(".log.1"))
        with path.open("ab") as output:
            child.process = subprocess.Popen(
                child.command,
                env={**os.environ, **child.environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # A session of its own: Ctrl-C reaches the supervisor alone, which ends the children in order.
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        child.started_at = time.monotonic()

    def _look_after(self, child: Child) -> None:
        process = child.process
        now = time.monotonic()
        if process is not None and process.poll() is not None:
            if now - child.started_at > 60:
                child.failures = 0
            child.failures += 1
            child.retry_at = now + min(30.0, 0.5 * 2 ** min(child.failures - 1, 6))
            log.warning("child ended", name=child.name, code=process.returncode, failures=child.failures)
            self._on_event(f"{child.name} 退出（{process.returncode}），正在重启 / ended, restarting")
            child.process = None
        if child.process is None and now >= child.retry_at:
            self._start(child)


def python(*arguments: str) -> list[str]:
    """The command of a Python module of this checkout, with this interpreter."""
    return [sys.executable, *arguments]


def stop_on_signals() -> threading.Event:
    """An event that Ctrl-C and SIGTERM set.

    The handler takes no lock: it runs in the main thread, which may hold the event's own at that moment, and would wait
    for itself for ever. It writes a byte; a thread of its own reads it and sets the event.
    """
    stop = threading.Event()
    heard, tell = os.pipe()

    def listen() -> None:
        os.read(heard, 1)
        stop.set()

    threading.Thread(target=listen, name="signals", daemon=True).start()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os.write(tell, b"."))
    return stop
