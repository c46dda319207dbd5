"""The warnings engine's one door for feeds, workers and routes. All of it runs in the caller's transaction."""

from __future__ import annotations

from onemap.warnings.ledger import (
    acknowledge,
    alerts,
    answer_call,
    arrive,
    confirm_again,
    decline,
    mark_delivered,
    on_fixes,
    report,
    resolve,
)
from onemap.warnings.picture import list_warnings, why
from onemap.warnings.raising import Reading, evaluate
from onemap.warnings.steering import cancel, confirm, end

__all__ = [
    "Reading",
    "acknowledge",
    "alerts",
    "answer_call",
    "arrive",
    "cancel",
    "confirm",
    "confirm_again",
    "decline",
    "end",
    "evaluate",
    "list_warnings",
    "mark_delivered",
    "on_fixes",
    "report",
    "resolve",
    "why",
]
