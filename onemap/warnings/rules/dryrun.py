"""A rule against the past: what it would have raised."""

from __future__ import annotations

from typing import Any

from onemap.core.errors import Unavailable
from onemap.store.db import Connection
from onemap.warnings.rules.around import Around
from onemap.warnings.rules.spec import Rule


def dry_run(conn: Connection, rule: Rule, around: Around, *, days: float, subject: str | None = None) -> dict[str, Any]:
    """What the rule would have raised in the past days."""
    raise Unavailable("This door is being built.")
