"""Runs what is due, when it is due, until told to stop. Never busy: it sleeps until the next thing or the stop."""

from __future__ import annotations

import heapq
import logging
import threading
import time
from collections.abc import Callable

LOG = logging.getLogger("simulator")
LONGEST_WAIT_S = 1.0
TOO_LATE_S = 5.0

Task = Callable[[], float | None]
"""Does one thing and says in how many seconds to do it again; None ends it."""


class Clockwork:
    """A heap of tasks by due time."""

    def __init__(self, stop: threading.Event) -> None:
        """Stop when the event is set."""
        self._stop = stop
        self._heap: list[tuple[float, int, Task]] = []
        self._serial = 0

    def add(self, delay_s: float, task: Task) -> None:
        """Do a task for the first time after a delay."""
        self._push(time.monotonic() + delay_s, task)

    def _push(self, due: float, task: Task) -> None:
        self._serial += 1
        heapq.heappush(self._heap, (due, self._serial, task))

    def run(self) -> None:
        """Run until stopped or until nothing is left."""
        while self._heap and not self._stop.is_set():
            due, _, task = self._heap[0]
            wait = due - time.monotonic()
            if wait > 0:
                self._stop.wait(min(wait, LONGEST_WAIT_S))
                continue
            heapq.heappop(self._heap)
            try:
                again = task()
            except Exception:
                # one broken device must not silence the district; it tries again later
                LOG.exception("task failed")
                again = 30.0
            if again is None:
                continue
            # keep the rhythm, unless so far behind (suspended, a blocked door) that catching up would be a flood
            now = time.monotonic()
            self._push(due + again if now - due < TOO_LATE_S else now + again, task)
