"""A folder in which files are dropped: each is taken once it has stopped growing, and moved away after the commit."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime
from pathlib import Path

import structlog

from etl import metrics
from etl.feed import FeedSpec
from etl.pipeline import Pipeline
from etl.transports.outage import Outage
from etl.transports.store import Store
from onemap.core.errors import TooLarge
from onemap.core.settings import Settings
from onemap.store.db import dsn_of

log = structlog.get_logger(__name__)

DONE, REFUSED = "done", "refused"
# Names under which tools write what is not finished.
_PARTIAL = (".part", ".tmp", ".crdownload", ".filepart", "~")


class DropTransport:
    """Watches one folder for one feed, by listing it: that works on network shares, where notifications do not."""

    def __init__(
        self, settings: Settings, feed: FeedSpec, pipeline: Pipeline, *, folder: Path, every_s: float = 1.0
    ) -> None:
        self._feed, self._pipeline = feed, pipeline
        self._folder = folder.expanduser().resolve()
        self._every_s = every_s
        self._bytes = settings.feeds.max_payload_bytes
        self._outage = Outage(self.name)
        self._store = Store(dsn_of(settings), self.name)
        self._seen: dict[Path, tuple[int, int]] = {}

    @property
    def name(self) -> str:
        """A name for logs and metrics."""
        return f"drop.{self._feed.name}"

    def run(self, stop: threading.Event) -> None:
        """Watch until `stop`."""
        while not stop.is_set():
            wait_s = self._every_s
            try:
                self.look(stop)
                self._outage.worked()
            except OSError as exc:
                self._outage.failed(str(exc))
                wait_s = self._outage.wait_s
            stop.wait(wait_s)
        self._store.close()

    def look(self, stop: threading.Event) -> int:
        """Look once: take the files that have not changed since the last look, oldest first. Returns how many."""
        for name in (DONE, REFUSED):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        now: dict[Path, tuple[int, int]] = {}
        for entry in os.scandir(self._folder):
            if entry.is_file(follow_symlinks=False) and not entry.name.startswith("."):
                if not entry.name.lower().endswith(_PARTIAL):
                    state = entry.stat(follow_symlinks=False)
                    now[Path(entry.path)] = (state.st_size, state.st_mtime_ns)
        still = [path for path, state in now.items() if self._seen.get(path) == state]
        self._seen = now
        taken = 0
        for path in sorted(still, key=lambda p: now[p][1]):
            if stop.is_set():
                break
            taken += self._take(path, now[path][0], stop)
        return taken

    def _take(self, path: Path, size: int, stop: threading.Event) -> int:
        if size > self._bytes:
            log.warning("dropped file too large", file=path.name, size=size)
            self._move(path, REFUSED)
            return 0
        try:
            body = path.read_bytes()
            receipt = self._store.until_done(
                lambda conn: self._pipeline.receive(conn, self._feed, body, source=path.name), stop
            )
        except TooLarge:
            self._move(path, REFUSED)  # it grew between the look and the read
            return 0
        if receipt is None:
            return 0
        # Nothing of it could be used: it goes where a person looks; its bytes are in quarantine as well.
        useless = receipt.quarantined > 0 and receipt.stored + receipt.unchanged + receipt.duplicates == 0
        self._move(path, REFUSED if useless else DONE)
        metrics.TRANSPORT.labels(self.name, "file").inc()
        log.info(
            "file taken", file=path.name, stored=receipt.stored, unchanged=receipt.unchanged,
            duplicates=receipt.duplicates, quarantined=receipt.quarantined,
        )  # fmt: skip
        return 1

    def _move(self, path: Path, where: str) -> None:
        """Move the file; one of that name there already keeps its place."""
        target = self._folder / where / path.name
        if target.exists():
            stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
            target = target.with_name(f"{path.stem}.{stamp}{path.suffix}")
        os.replace(path, target)
        self._seen.pop(path, None)
