"""Back-off with jitter, and an outage told once when it begins and once when it ends."""

from __future__ import annotations

import random
import time

import structlog

from etl import metrics

log = structlog.get_logger(__name__)


class Outage:
    """The state of one source: works, or does not since some time."""

    def __init__(self, name: str, *, first_s: float = 0.5, most_s: float = 60.0) -> None:
        self._name, self._first_s, self._most_s = name, first_s, most_s
        self._since: float | None = None
        self._failures = 0

    @property
    def lasting(self) -> bool:
        """Whether the source does not answer now."""
        return self._since is not None

    def failed(self, error: str) -> bool:
        """Note a failure; True when it begins an outage."""
        self._failures += 1
        metrics.TRANSPORT.labels(self._name, "failure").inc()
        metrics.UP.labels(self._name).set(0)
        if self._since is not None:
            return False
        self._since = time.monotonic()
        log.warning("outage begins", transport=self._name, error=error)
        return True

    def worked(self) -> bool:
        """Note a success; True when it ends an outage."""
        metrics.UP.labels(self._name).set(1)
        if self._since is None:
            return False
        log.info("outage ends", transport=self._name, lasted_s=round(time.monotonic() - self._since, 1))
        self._since, self._failures = None, 0
        return True

    @property
    def wait_s(self) -> float:
        """Seconds until the next try: doubled by each failure, bounded, with jitter so that not all come at once."""
        bound = min(self._most_s, self._first_s * 2.0 ** min(self._failures - 1, 20))
        return bound * random.uniform(0.5, 1.0)  # noqa: S311  (spreads load, guards nothing)
