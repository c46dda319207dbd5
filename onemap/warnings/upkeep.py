"""What time alone does to warnings: validity runs out, episodes turn out to be one, what was told is told again."""

from __future__ import annotations

from onemap.core.clock import now
from onemap.core.settings import CaseSettings
from onemap.store.db import Connection
from onemap.warnings import episodes, lifecycle
from onemap.warnings.telling import messages


def step(conn: Connection, clocks: CaseSettings) -> int:
    """One round, in the caller's transaction; returns how much was done."""
    at = now()
    return lifecycle.expire(conn, clocks, at) + episodes.merge(conn, at) + messages.retell(conn, at)
