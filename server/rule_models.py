"""The shapes of the rule doors, for the API's description; see server/models.py."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from server.models import Level, Model, Point, Texts

RuleScope = Literal["hazard", "grid", "area", "sensor", "feed", "fence", "cell"]
InputKind = Literal["reading", "hazard_level", "incidents", "heat", "feed", "movers", "fence_events", "bulletin"]
Aggregate = Literal["last", "min", "max", "mean", "sum", "count", "delta", "rate_per_h", "rate_per_d", "age_s"]
Combine = Literal["max", "min", "mean", "sum"]


class RuleInput(Model):
    """A number that the rule's conditions may name; unknown while there is no data for it."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    kind: InputKind
    title: Texts
    unit: str = ""
    property: str | None = Field(None, description="Of readings, such as rain_mm or crack_mm.")
    aggregate: Aggregate = "last"
    window: str = Field("", description="Such as 3h, 2d; empty with last.")
    combine: Combine = Field("max", description="Over several sensors.")
    own: bool = Field(False, description="Only sensors that belong to the subject.")
    within_m: float | None = Field(None, gt=0, le=100_000, description="Sensors, incidents, movers this near.")
    upslope: bool = Field(False, description="Only what lies higher than the subject.")
    categories: list[str] = Field([])
    surface: str | None = Field(None, description="Of heat cells.")
    feed: str | None = None
    mover_kinds: list[str] = Field([])
    event_kinds: list[str] = Field([], description="Of fence events.")


class RuleLevel(Model):
    """When the rule stands at a level, and until when."""

    level: Level
    when: str = Field(max_length=1000, description="CEL; true raises.")
    until: str | None = Field(None, max_length=1000, description="CEL; true ends. Empty: when `when` is false.")
    hold_s: float = Field(0, ge=0, le=30 * 86_400, description="True for so long before it raises.")


class RuleCalendar(Model):
    """When the rule applies, in the city's time."""

    months: list[int] = Field([])
    weekdays: list[int] = Field([], description="0 is Monday.")
    hours: str = "0-24"


class RuleSpec(Model):
    """A rule as its author declares it, in a file or on the page."""

    key: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")
    title: Texts
    kind: str = Field("geohazard", description="Event kind of its warnings: geohazard, rain, flood, fire, feed, fence.")
    scope: RuleScope
    where: str = Field("true", max_length=1000, description="CEL over `subject`: which objects it applies to.")
    inputs: list[RuleInput] = Field(max_length=20)
    levels: list[RuleLevel] = Field(min_length=1, max_length=4)
    calendar: RuleCalendar | None = None
    join: Literal["subject", "area", "rule"] = Field("subject", description="What its warnings are joined by.")
    valid_h: float = Field(24, gt=0, le=240)
    lead_h: float | None = Field(None, ge=0, le=72, description="Hours until the danger is expected.")
    actions: Texts = Texts(zh="", en="")


class RuleProblem(Model):
    """Why a rule cannot be switched on, and where."""

    where: str = Field(description="Such as levels[0].when.")
    message: str
    column: int | None = None


class Rule(RuleSpec):
    """A rule as it stands."""

    enabled: bool
    origin: Literal["file", "page"]
    version: int
    changed_at: datetime
    changed_by: str
    problems: list[RuleProblem]
    open_warnings: int
    last_run_at: datetime | None
    dry_run_at: datetime | None = Field(description="When this version was last tried against the past.")


class RuleCheck(Model):
    """What the checker says of a declared rule."""

    problems: list[RuleProblem]
    subjects: int = Field(description="Objects that it would apply to now.")


class DryRunAsk(Model):
    """A rule to try against the past: a declared one, or a stored one by its key."""

    spec: RuleSpec | None = None
    key: str | None = None
    days: float = Field(30, gt=0, le=400)
    subject: str | None = Field(None, description="Only this subject, with its series.")


class DryRunWarning(Model):
    """A warning that the rule would have raised."""

    subject: str
    name: str
    level: Level = Field(description="The worst it reached.")
    raised_at: datetime
    ended_at: datetime | None
    steps: list[tuple[datetime, int]] = Field(description="Level from each instant; 0 is ended.")
    values: dict[str, float | None] = Field(description="The inputs at the instant of its worst level.")


class DryRunSeries(Model):
    """An input of one subject over the time tried."""

    subject: str
    input: str
    title: Texts
    unit: str
    points: list[Point]
    limits: list[tuple[Level, float]] = Field(description="Levels whose condition compares this input to a number.")


class DryRun(Model):
    """What the rule would have done."""

    from_: datetime = Field(alias="from")
    to: datetime
    subjects: int
    evaluated: int = Field(description="Instants at which conditions were weighed.")
    warnings: list[DryRunWarning]
    by_level: dict[str, int]
    series: list[DryRunSeries] = Field(description="Of the subject asked, else of that of the worst warning.")
    truncated: bool
    took_ms: float


class RuleSwitch(Model):
    """Switch a rule on or off."""

    enabled: bool
