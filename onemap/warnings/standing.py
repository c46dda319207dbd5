"""What claims amount to: plain rules, no database. The worst claim speaks; validity and place are of all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from onemap.warnings import wording


@dataclass(frozen=True)
class Standing:
    """How a warning stands by its claims."""

    level: int
    source: str
    rule_key: str | None
    cause: dict[str, Any]
    name: str
    title: str
    onset_at: datetime | None
    valid_until: datetime | None
    actions: str | None


def stand(
    claims: Sequence[Mapping[str, Any]], cause: Mapping[str, Any] | None = None, *, drill: bool = False
) -> Standing:
    """The standing of at least one claim; order does not matter. An exercise has its mark in the title itself.

    The worst level holds. Among claims of that level the one whose cause is told already (`cause`) goes on speaking,
    else the newest does. It is valid as long as one of them is, without end when one has none; the onset is the first.
    """
    worst = min(one["level"] for one in claims)
    order = sorted(claims, key=lambda one: (one["at"], one["subject"], one["claimant"]), reverse=True)
    heads = [one for one in order if one["level"] == worst]
    speaker = next((one for one in heads if cause is not None and one["cause"] == cause), heads[0])
    subjects = {one["subject"] for one in claims}
    name = speaker["name"] if len(subjects) == 1 else f"{speaker['name']}等{len(subjects)}处"
    ends = [one["valid_until"] for one in claims]
    onsets = [one["onset_at"] for one in claims if one["onset_at"] is not None]
    actions = [one["actions"] for one in sorted(order, key=lambda one: int(one["level"])) if one["actions"]]
    return Standing(
        level=worst,
        source=speaker["source"],
        rule_key=speaker["rule_key"],
        cause=dict(speaker["cause"]),
        name=name,
        title=wording.marked(wording.title(worst, name), drill=drill),
        onset_at=min(onsets, default=None),
        valid_until=None if None in ends else max(ends),
        actions=speaker["actions"] or next(iter(actions), None),
    )
