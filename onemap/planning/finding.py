"""What a rule finds: on which grid, how bad, where, and how it is said in Chinese and English."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from shapely.geometry.base import BaseGeometry

Severity = Literal["error", "warning"]
Rule = Literal["contiguity", "community", "barrier", "cut", "size", "load", "special", "name", "code"]
#: In the order in which problems are listed.
RULES: tuple[Rule, ...] = ("contiguity", "community", "barrier", "cut", "load", "size", "special", "code", "name")
SEVERITY: dict[Rule, Severity] = {
    "contiguity": "error", "community": "error", "barrier": "error", "cut": "error", "load": "error", "code": "error",
    "size": "warning", "special": "warning", "name": "warning",
}  # fmt: skip


@dataclass(frozen=True)
class Problem:
    """What a rule has against a grid. A plan with an error cannot be submitted.

    `subject` tells problems of one rule on one grid apart (a building's key, a kind of barrier), `extent` says how bad
    it is in the rule's own measure. `where` is in degrees.
    """

    rule: Rule
    severity: Severity
    grid: str
    zh: str
    en: str
    where: BaseGeometry | None = None
    subject: str = ""
    extent: float = 0.0

    @property
    def order(self) -> tuple[int, int, str, str]:
        """Errors first, then by rule and grid."""
        return (0 if self.severity == "error" else 1, RULES.index(self.rule), self.grid, self.subject)

    def called(self, old: str, label: str) -> Problem:
        """The same problem of a grid that the map calls otherwise: 004甲 instead of 004 or ~7."""
        zh = re.sub(rf"网格 {re.escape(old)}(?=\s)", f"网格 {label}", self.zh)
        en = re.sub(rf"([Gg]rid ){re.escape(old)}(?!\w)", rf"\g<1>{label}", self.en)
        return self if (zh, en) == (self.zh, self.en) else replace(self, zh=zh, en=en)


def problem(
    rule: Rule,
    grid: str,
    zh: str,
    en: str,
    *,
    where: BaseGeometry | None = None,
    subject: str = "",
    extent: float = 0.0,
    severity: Severity | None = None,
) -> Problem:
    """A problem of the rule's own severity."""
    return Problem(rule, severity or SEVERITY[rule], grid, zh, en, where, subject, extent)
