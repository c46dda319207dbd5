"""Loopback ports of the programs that one start brings up: asked of the system, and held for as long as it runs."""

from __future__ import annotations

import socket
import time

from onemap.core.errors import SetupError

_LOOPBACK = "127.0.0.1"
_TRIES = 20


class HeldPort:
    """A port of the loopback that no other start and no outgoing connection is given while this object lives.

    It is bound and does not listen, so that a program of ours, which binds it with SO_REUSEADDR as servers do, still
    can, and can again after it was killed. Another start could do the same: an abstract socket named after the port,
    which only one process can have, tells it that the port is spoken for.
    """

    def __init__(self, preferred: int = 0, *, deadline: float = 0.0) -> None:
        """Take `preferred` as soon as it is free, else, from `deadline` (monotonic, s) on, any port that is.

        Raises SetupError (reason "no-port").
        """
        if 0 <= preferred < 65536:
            while not (taken := self._take(preferred)) and time.monotonic() < deadline:
                time.sleep(0.1)
            if taken:
                return
        if not any(self._take(0) for _ in range(_TRIES)):
            raise SetupError("No free port on 127.0.0.1.", reason="no-port")

    def _take(self, port: int) -> bool:
        self._bound, self._name = socket.socket(), socket.socket(socket.AF_UNIX)
        try:
            self._bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._bound.bind((_LOOPBACK, port))
            self.number = int(self._bound.getsockname()[1])
            self._name.bind(f"\0onemap-port-{self.number}")
        except OSError:
            self.release()
            return False
        return True

    def release(self) -> None:
        """Give it back; a program that listens there goes on."""
        self._bound.close()
        self._name.close()
