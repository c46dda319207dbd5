"""What command staff do with a warning: confirm it, end it."""

from __future__ import annotations

from typing import Any

from onemap.core.clock import now
from onemap.core.errors import Conflict, NotFound
from onemap.store.db import Connection, acting
from onemap.store.sqlfile import sql
from onemap.warnings.ledger import record
from onemap.warnings.picture import one


def confirm(conn: Connection, key: str, actor: str) -> dict[str, Any]:
    """Command has seen the warning and stands by it. Again: the same. Raises NotFound, Conflict when it has ended."""
    return _set(conn, key, actor, "confirmed", "指挥员确认预警", "Warning confirmed by command")


def end(conn: Connection, key: str, actor: str) -> dict[str, Any]:
    """Command ends the warning. Again: the same. Raises NotFound.

    Its thresholds keep their state: the point warns again only when one of them is raised anew.
    """
    return _set(conn, key, actor, "ended", "指挥员解除预警", "Warning ended by command")


def _set(conn: Connection, key: str, actor: str, state: str, zh: str, en: str) -> dict[str, Any]:
    with acting(conn, actor):
        warning = conn.execute(sql("warn_get"), {"key": key}).fetchone()
        if warning is None:
            raise NotFound("There is no such warning.", reason="warning")
        if warning["state"] == "ended" and state != "ended":
            raise Conflict("The warning has ended.", reason="ended")
        if warning["state"] != state:
            at = now()
            conn.execute(sql("warn_state"), {"key": key, "state": state, "at": at})
            record(conn, key, state, actor, zh, en, at=at)
        return one(conn, key)
