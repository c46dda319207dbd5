"""Connections: every one sets the search path, time limits and, where asked, who acts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, ConnectionPool

from onemap.core.settings import Settings
from onemap.store.cluster import Cluster

Connection = psycopg.Connection[DictRow]
AsyncConnection = psycopg.AsyncConnection[DictRow]

# A pool that gave up tries again at the next request; one that backs off for long would sleep through the recovery.
_RECONNECT_S = 2.0
_OPTIONS = "-c search_path=onemap,public -c timezone=UTC -c jit=off"


def dsn_of(settings: Settings) -> str:
    """The connection string of the settings: theirs, or the private cluster's."""
    return settings.database_url or Cluster(settings.home_path).dsn()


def connect(dsn: str, *, autocommit: bool = False, statement_timeout_s: float = 60.0) -> Connection:
    """Open a connection whose rows are dicts. Raises psycopg.OperationalError when the database does not answer."""
    options = f"{_OPTIONS} -c statement_timeout={int(statement_timeout_s * 1000)}"
    return psycopg.connect(dsn, autocommit=autocommit, row_factory=dict_row, options=options, connect_timeout=10)


async def connect_async(dsn: str, *, statement_timeout_s: float = 60.0) -> AsyncConnection:
    """An autocommit connection of one follower's own: it listens, and reads when it is woken."""
    options = f"{_OPTIONS} -c statement_timeout={int(statement_timeout_s * 1000)}"
    return await psycopg.AsyncConnection.connect(
        dsn, autocommit=True, row_factory=dict_row, options=options, connect_timeout=10, prepare_threshold=2
    )


def open_pool(dsn: str, *, size: int, statement_timeout_s: float = 20.0) -> AsyncConnectionPool[AsyncConnection]:
    """A pool of autocommit connections for the doors; open it with `await pool.open()`."""
    kwargs: dict[str, Any] = {
        "autocommit": True,
        "row_factory": dict_row,
        "options": f"{_OPTIONS} -c statement_timeout={int(statement_timeout_s * 1000)}",
        "connect_timeout": 10,
        "prepare_threshold": 2,
    }
    return AsyncConnectionPool(
        dsn,
        connection_class=psycopg.AsyncConnection[DictRow],
        min_size=min(2, size),
        max_size=size,
        timeout=10,
        reconnect_timeout=_RECONNECT_S,
        max_waiting=500,
        open=False,
        kwargs=kwargs,
        check=_check_idle,
    )


#: A connection that answered this recently is taken as it is: asking each time would double the trips of a tile.
_TRUSTED_S = 1.0
_answered: WeakKeyDictionary[AsyncConnection, float] = WeakKeyDictionary()


async def _check_idle(conn: AsyncConnection) -> None:
    """Ask a connection that has not been asked for a while whether it lives; a dead one raises and is replaced."""
    now = time.monotonic()
    if now - _answered.get(conn, -_TRUSTED_S) >= _TRUSTED_S:
        await AsyncConnectionPool.check_connection(conn)
        _answered[conn] = now


def open_sync_pool(dsn: str, *, size: int, statement_timeout_s: float = 60.0) -> ConnectionPool[Connection]:
    """A pool of transactional connections for engines and feeds in the doors' threads; open it with `.open()`."""
    kwargs: dict[str, Any] = {
        "row_factory": dict_row,
        "options": f"{_OPTIONS} -c statement_timeout={int(statement_timeout_s * 1000)}",
        "connect_timeout": 10,
    }
    return ConnectionPool(
        dsn,
        connection_class=psycopg.Connection[DictRow],
        min_size=1,
        max_size=size,
        timeout=10,
        reconnect_timeout=_RECONNECT_S,
        max_waiting=200,
        open=False,
        kwargs=kwargs,
        check=ConnectionPool.check_connection,
    )


@contextmanager
def acting(conn: Connection, actor: str) -> Iterator[Connection]:
    """One transaction in which history and change log say that `actor` did it."""
    with conn.transaction():
        conn.execute("SELECT set_config('onemap.actor', %s, true)", (actor,))
        yield conn
