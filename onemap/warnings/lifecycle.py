"""A warning's life: claims hold it up, similar causes join it, and each change of it is told, alerted and called out.

A *claim* says: this claimant (a threshold, a rule, a fence, a message, a person) holds that this subject is at this
level. One open warning a subject (real and drill apart) stands at the worst of its claims and ends with the last.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from onemap.core.settings import CaseSettings
from onemap.store.db import Connection

Source = Literal["threshold", "rule", "fence", "cap", "manual", "drill"]
What = Literal["raised", "joined", "upgraded", "downgraded", "updated", "ended", "nothing"]
EndReason = Literal["fell_back", "ended", "cancelled", "expired"]


@dataclass(frozen=True)
class Claim:
    """That a subject is at a level, and why."""

    subject: str  # hazard:h12, grid:500…, sensor:…, feed:iot, fence:…, area:…, cap:…
    claimant: str  # threshold:<hazard>, rule:<key>, fence:<key>, cap:<identifier>, manual:<uuid>
    level: int  # 1 is worst
    source: Source
    kind: str  # geohazard, rain, flood, fire, fence, feed, other
    cause: dict[str, Any]  # JSON; has text_zh and text_en: the why in one clause
    at: datetime  # source time of what says so
    since: datetime | None = None
    name: str | None = None  # of the place, for the title; else that of the subject
    geom_wkb: bytes | None = None  # WGS-84 (multi)polygon; else the place of the subject
    hazard_key: str | None = None
    rule_key: str | None = None
    onset_at: datetime | None = None
    valid_until: datetime | None = None
    actions: str | None = None
    drill_key: str | None = None  # a drill's claim never joins a real warning
    join: str | None = None  # claims with the same join key join one warning whatever their subjects


@dataclass(frozen=True)
class Outcome:
    """What a claim or its end did."""

    what: What
    warning_key: str | None = None
    alert_ids: list[int] = field(default_factory=list)


def claim(conn: Connection, said: Claim, clocks: CaseSettings, *, at: datetime | None = None) -> Outcome:
    """Hold a warning up, in the caller's transaction; the same claim again changes nothing.

    Raises NotFound (reason "place") when the subject is nowhere on the map and no geometry is given.
    """
    raise NotImplementedError


def release(
    conn: Connection, subject: str, claimant: str, reason: EndReason, clocks: CaseSettings,
    *, drill_key: str | None = None, at: datetime | None = None, text_zh: str = "", text_en: str = "",
) -> Outcome:  # fmt: skip
    """Let go of a claim: the warning falls to the worst that is left, or ends for this reason. Again: nothing."""
    raise NotImplementedError
