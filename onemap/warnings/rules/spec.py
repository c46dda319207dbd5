"""What a rule says: inputs, levels with their conditions, and when it applies; read from TOML or from the page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, field
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from onemap.core.errors import BadInput

Scope = Literal["hazard", "grid", "area", "sensor", "feed", "fence", "cell"]
Kind = Literal["reading", "hazard_level", "incidents", "heat", "feed", "movers", "fence_events", "bulletin"]
Aggregate = Literal["last", "min", "max", "mean", "sum", "count", "delta", "rate_per_h", "rate_per_d", "age_s"]
Combine = Literal["max", "min", "mean", "sum"]

_CLOSED = ConfigDict(extra="forbid")
_UNITS_S = {"min": 60.0, "h": 3600.0, "d": 86_400.0}
_DURATION = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)(min|h|d)")
_HOURS = re.compile(r"([0-9]{1,2})-([0-9]{1,2})")
#: The longest window of an input.
LONGEST_S = 90 * 86_400.0


@dataclass(frozen=True, config=_CLOSED)
class Phrase:
    """A phrase in both languages."""

    zh: str
    en: str


@dataclass(frozen=True, config=_CLOSED)
class Input:
    """A number that conditions may name; see docs/rules.md for what each kind gives."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    kind: Kind
    title: Phrase
    unit: str = ""
    property: str | None = None
    aggregate: Aggregate = "last"
    window: str = ""
    combine: Combine = "max"
    own: bool = False
    within_m: Annotated[float, Field(gt=0, le=100_000)] | None = None
    upslope: bool = False
    categories: tuple[str, ...] = ()
    surface: str | None = None
    feed: str | None = None
    mover_kinds: tuple[str, ...] = ()
    event_kinds: tuple[str, ...] = ()

    def window_s(self) -> float:
        """The window in seconds, 0 for none. Raises BadInput."""
        return duration_s(self.window) if self.window else 0.0


@dataclass(frozen=True, config=_CLOSED)
class Level:
    """A level (1 is worst): `when` raises after `hold_s` seconds of truth, `until` ends; without it, `when` false."""

    level: Literal[1, 2, 3, 4]
    when: Annotated[str, Field(min_length=1, max_length=1000)]
    until: Annotated[str, Field(max_length=1000)] | None = None
    hold_s: Annotated[float, Field(ge=0, le=30 * 86_400)] = 0.0


@dataclass(frozen=True, config=_CLOSED)
class Calendar:
    """When a rule applies, on the city's clock: months 1-12, weekdays (0 is Monday), hours such as 20-6."""

    months: tuple[Annotated[int, Field(ge=1, le=12)], ...] = ()
    weekdays: tuple[Annotated[int, Field(ge=0, le=6)], ...] = ()
    hours: str = "0-24"

    def span(self) -> tuple[int, int]:
        """The first hour and the hour after the last; the first is larger where the night lies inside."""
        found = _HOURS.fullmatch(self.hours)
        if found is None:
            raise BadInput(
                f"{self.hours[:20]!r} 不是时段：写 8-20，跨夜写 20-6 · no hours: write 8-20, or 20-6 over midnight.",
                reason="hours",
            )
        first, last = int(found[1]), int(found[2])
        if first > 23 or last > 24 or first == last:
            raise BadInput(f"{self.hours!r} 不是一天内的时段 · no hours of a day: 0-24.", reason="hours")
        return first, last


@dataclass(frozen=True, config=_CLOSED)
class Rule:
    """A rule as its author declared it."""

    key: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")]
    title: Phrase
    scope: Scope
    inputs: Annotated[tuple[Input, ...], Field(max_length=20)]
    levels: Annotated[tuple[Level, ...], Field(min_length=1, max_length=4)]
    kind: Literal["geohazard", "rain", "flood", "fire", "feed", "fence", "other"] = "geohazard"
    where: Annotated[str, Field(max_length=1000)] = "true"
    calendar: Calendar | None = None
    join: Literal["subject", "area", "rule"] = "subject"
    valid_h: Annotated[float, Field(gt=0, le=240)] = 24.0
    lead_h: Annotated[float, Field(ge=0, le=72)] | None = None
    actions: Phrase = field(default_factory=lambda: Phrase("", ""))

    def plain(self) -> dict[str, Any]:
        """The rule as JSON-ready data; `parse` gives it back."""
        return asdict(self)


_RULE = TypeAdapter(Rule)


def parse(data: Mapping[str, Any]) -> Rule:
    """The rule in decoded TOML or JSON. Raises BadInput (reason "rule") that names the first field at fault."""
    try:
        return _RULE.validate_python(dict(data))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"]).lstrip(".")
        raise BadInput(f"{place or 'rule'}: {first['msg']}", reason="rule") from None


def duration_s(text: str) -> float:
    """Seconds of a duration such as 30min, 3h or 2d. Raises BadInput (reason "duration")."""
    found = _DURATION.fullmatch(text.strip())
    length = float(found[1]) * _UNITS_S[found[2]] if found else 0.0
    if not 0 < length <= LONGEST_S:
        raise BadInput(
            f"{text[:20]!r} 不是时间窗：写 30min、3h 或 2d，至多 90d · no window: write 30min, 3h or 2d, up to 90d.",
            reason="duration",
        )
    return length
