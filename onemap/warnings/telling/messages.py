"""Messages: a warning as it was told at one instant, signed, numbered, chained to those before, and never changed."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from onemap.store.db import Connection

Told = Literal["alert", "update", "upgrade", "downgrade", "cancel", "expire"]


def issue(conn: Connection, warning_key: str, what: Told, at: datetime, note: str = "") -> str | None:
    """Tell a warning as it stands now; returns the identifier. In the caller's transaction."""
    return None
