"""Call and confirm over a connection. All of it runs in the caller's transaction."""

from __future__ import annotations

from datetime import datetime

from onemap.store.db import Connection


def begin(conn: Connection, warning_key: str, at: datetime) -> None:
    """A warning was raised, or worse again: note its grids and when its ladder starts by itself; again: nothing new."""


def start(conn: Connection, warning_key: str, actor: str, at: datetime) -> None:
    """Start the ladder now (command has confirmed). Again: nothing."""


def answered(conn: Connection, alert_id: int, actor: str, at: datetime) -> None:
    """An alert was acknowledged, arrived at or reported on: the calls that belong to it are answered."""


def declined(conn: Connection, alert_id: int, actor: str, at: datetime) -> None:
    """The team cannot go: its calls climb at once."""


def closed(conn: Connection, warning_key: str, at: datetime) -> None:
    """The warning has ended: what still waits is closed."""


def step(conn: Connection, at: datetime) -> int:
    """Start, climb, ask for second confirmations and reports, whatever is due by now; returns how much was done."""
    return 0
