"""Rules' one door for drills: what the rules that are on say of the readings in the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from onemap.store.db import Connection
from onemap.warnings.rules.around import Around
from onemap.warnings.rules.cause import cause_of
from onemap.warnings.rules.dryrun import standing
from onemap.warnings.rules.spec import parse


@dataclass(frozen=True)
class Standing:
    """A rule that would stand raised over a subject."""

    rule_key: str
    kind: str
    subject: str
    level: int
    cause: dict[str, Any]


def standing_now(
    conn: Connection, around: Around, since: datetime, at: datetime, *, scopes: Sequence[str] = ("hazard",)
) -> list[Standing]:
    """The rules that are on, of these scopes, that stand raised at an instant, had they been on since another.

    Nothing is written and nobody is told.
    """
    rows = conn.execute("SELECT spec FROM rule WHERE enabled ORDER BY key").fetchall()
    rules = [rule for rule in (parse(row["spec"]) for row in rows) if rule.scope in scopes]
    return [
        Standing(supply.rule.key, supply.rule.kind, subject.key, step.level, cause_of(supply, subject, step))
        for supply, subject, step in standing(conn, rules, around, since, at)
        if step.level is not None
    ]
