"""A client of the live stream, as a browser's EventSource is one: events with their ids, the last id remembered."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import httpx

from tests.api.conftest import Running, wait_until


@dataclass(frozen=True)
class Heard:
    """One event; `at` is when its last byte was read (monotonic seconds)."""

    name: str
    data: Any
    id: str
    at: float


class Listener:
    """Reads a stream in a thread until it is closed or ends."""

    def __init__(self, client: httpx.Client, *, layers: str | None = None, after: str | None = None) -> None:
        self.heard: list[Heard] = []
        self.last_id = after or ""
        self.status = 0
        self.body = ""
        self.ended = False
        self._client = client
        self._socket: socket.socket | None = None
        self._opened = threading.Event()
        headers = {"Last-Event-ID": after} if after else {}
        params = {"layers": layers} if layers is not None else {}
        self._request = client.build_request("GET", "/live", params=params, headers=headers, timeout=None)
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Listener:
        self._thread.start()
        self._opened.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def started(self) -> Listener:
        """Wait until the stream has said where it starts."""
        wait_until(lambda: self.last_id or self.ended)
        return self

    def close(self) -> None:
        """Close the connection, as a browser that leaves does."""
        if self._socket is not None:
            # Closing alone would leave the connection open for as long as the other thread reads from it.
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._client.close()

    def changes(self) -> list[Any]:
        """The data of the change events so far."""
        return [one.data for one in self.heard if one.name == "change"]

    def wait(self, condition: Callable[[Heard], bool], *, timeout_s: float = 30.0) -> Heard:
        """The first event that meets the condition."""
        found = wait_until(lambda: next((one for one in list(self.heard) if condition(one)), None), timeout_s=timeout_s)
        assert isinstance(found, Heard)
        return found

    def _read(self) -> None:
        try:
            answer = self._client.send(self._request, stream=True)
            self.status = answer.status_code
            self._socket = answer.extensions["network_stream"].get_extra_info("socket")
            if answer.status_code != 200:
                self.body = answer.read().decode()
                return
            self._opened.set()
            self._parse(answer)
        except (httpx.TransportError, httpx.StreamError, RuntimeError):
            pass  # closed by us, or broken off by the server: both are an end
        finally:
            self.ended = True
            self._opened.set()

    def _parse(self, answer: httpx.Response) -> None:
        name, data = "message", ""
        for line in answer.iter_lines():
            if line == "":
                if data:
                    self.heard.append(Heard(name, json.loads(data), self.last_id, time.monotonic()))
                name, data = "message", ""
            elif line.startswith("id: "):
                self.last_id = line[4:]
            elif line.startswith("event: "):
                name = line[7:]
            elif line.startswith("data: "):
                data += line[6:]


def listen(server: Running, login: str, *, layers: str | None = None, after: str | None = None) -> Listener:
    """A listener with a client of its own, signed in as that login."""
    return Listener(server.client(login), layers=layers, after=after)
