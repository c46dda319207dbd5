"""News on the live stream that are neither features nor alerts: that calls, deliveries, fences or drills have moved.

A new topic is one line here; whoever causes it writes `changelog.log_event(conn, <layer>, key, note)`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from onemap.core.policy import Grant, Right


@dataclass(frozen=True)
class Topic:
    """Events of one name: which layer of the change log they come from, and who hears them."""

    layer: str
    event: str
    rights: frozenset[Right]  # any of these

    def is_for(self, grant: Grant) -> bool:
        """Whether the asker hears of it at all."""
        return bool(self.rights & grant.rights)

    def told(self, note: Mapping[str, Any], grant: Grant) -> Mapping[str, Any]:
        """What the asker is told. With an area of its own only that something moved: it asks, and sees what is its."""
        return note if grant.area_wkb is None else {}


TOPICS: tuple[Topic, ...] = (
    Topic("calls", "calls", frozenset({Right.ALERTS_ALL})),
    Topic("delivery", "ledger", frozenset({Right.LEDGER_SEE})),
    Topic("fence_event", "fence", frozenset({Right.ALERTS_ALL, Right.FENCES_EDIT})),
    Topic("drill", "drill", frozenset({Right.ALERTS_ALL})),
    Topic("plan", "plan", frozenset({Right.PLANS_SEE})),
    Topic("notice", "notice", frozenset({Right.ALERTS_OWN})),
)
BY_LAYER = {topic.layer: topic for topic in TOPICS}
