"""What command staff do with a warning: confirm it, end it, withdraw it."""

from __future__ import annotations

from typing import Any

from onemap.core.clock import now
from onemap.core.errors import Conflict, NotFound
from onemap.store.db import Connection, acting
from onemap.store.sqlfile import sql
from onemap.warnings import lifecycle
from onemap.warnings.calling import service as calling
from onemap.warnings.picture import one
from onemap.warnings.timeline import record


def confirm(conn: Connection, key: str, actor: str) -> dict[str, Any]:
    """Command has seen the warning and stands by it. Again: the same. Raises NotFound, Conflict when it has ended."""
    with acting(conn, actor):
        warning = _locked(conn, key)
        if warning["state"] == "ended":
            raise Conflict("The warning has ended.", reason="ended")
        if warning["state"] != "confirmed":
            at = now()
            conn.execute(sql("warn_state"), {"key": key, "state": "confirmed", "at": at, "reason": None})
            record(conn, key, "confirmed", actor, "指挥员确认预警", "Warning confirmed by command", at=at)
            calling.start(conn, key, actor, at)
        return one(conn, key)


def end(conn: Connection, key: str, actor: str) -> dict[str, Any]:
    """Command ends the warning. Again: the same. Raises NotFound.

    What held it up keeps its state: the subject warns again only when something rises anew.
    """
    with acting(conn, actor):
        if _locked(conn, key)["state"] != "ended":
            lifecycle.finish(conn, key, "ended", now(), actor, "指挥员解除预警", "Warning ended by command")
        return one(conn, key)


def cancel(conn: Connection, key: str, actor: str, reason: str) -> dict[str, Any]:
    """Command withdraws the warning and says why; everybody who was told is told so. Again: the same.

    Raises NotFound, Conflict when it has ended otherwise.
    """
    with acting(conn, actor):
        warning = _locked(conn, key)
        if warning["state"] == "ended" and warning["end_reason"] != "cancelled":
            raise Conflict("The warning has ended.", reason="ended")
        if warning["state"] != "ended":
            lifecycle.finish(
                conn, key, "cancelled", now(), actor, f"指挥员撤销预警：{reason}", f"Warning withdrawn: {reason}"
            )
        return one(conn, key)


def _locked(conn: Connection, key: str) -> dict[str, Any]:
    warning = conn.execute(sql("warn_get"), {"key": key}).fetchone()
    if warning is None:
        raise NotFound("There is no such warning.", reason="warning")
    return warning
