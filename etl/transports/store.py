"""A transport's own connection to the database, opened again when it is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

import psycopg
import structlog

from etl.transports.outage import Outage
from onemap.core.errors import OnemapError
from onemap.store.db import Connection, connect

log = structlog.get_logger(__name__)
T = TypeVar("T")


class Store:
    """Runs work over one connection; while the database is away, the same work is tried again, nothing is dropped."""

    def __init__(self, dsn: str, name: str) -> None:
        self._dsn, self._name = dsn, name
        self._outage = Outage(f"{name}.database", most_s=5.0)
        self._conn: Connection | None = None

    def until_done(self, work: Callable[[Connection], T], stop: threading.Event) -> T | None:
        """Return the work's result once it has been committed; None when `stop` came first."""
        while not stop.is_set():
            try:
                found = work(self._open())
            except OnemapError:
                raise
            except Exception as exc:
                # Mostly the database being away; whatever else it is, giving up would lose what is in hand.
                if self._outage.failed(str(exc).strip()) and not isinstance(exc, psycopg.OperationalError):
                    log.exception("store failed", transport=self._name)
                self.close()
                stop.wait(self._outage.wait_s)
                continue
            self._outage.worked()
            return found
        return None

    def close(self) -> None:
        """Close the connection; the next work opens a new one."""
        if self._conn is not None:
            self._conn.close()
            self._conn = None

    def _open(self) -> Connection:
        if self._conn is None or self._conn.closed:
            self._conn = connect(self._dsn)
        return self._conn
