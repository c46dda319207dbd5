"""The contract's objects, for the API's description: documentation, checked against real answers by the tests.

Answers are not validated on their way out: the engines' own tests hold their shape, and a screen should not pay for it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from onemap.core.policy import Right, Role

Level = Literal[1, 2, 3, 4]
AlertState = Literal["queued", "delivered", "acknowledged", "arrived", "resolved"]
WarningState = Literal["active", "confirmed", "ended"]
IncidentStatus = Literal["reported", "dispatched", "on_site", "resolved", "closed"]
CallingSummary = Literal["none", "waiting", "calling", "answered", "confirmed", "unanswered", "closed"]
Point = tuple[str, float]


class Model(BaseModel):
    """A closed shape: a field that is not named here is a mistake in one of the two."""

    model_config = ConfigDict(extra="forbid")


class Problem(BaseModel):
    """Problem details (RFC 9457)."""

    type: str
    title: str
    status: int
    code: str
    detail: str | None = None
    reason: str | None = None
    request_id: str
    errors: list[dict[str, str]] | None = None
    where: dict[str, Any] | None = None  # GeoJSON: the place that it is about


class SignIn(Model):
    """What is typed at the sign-in."""

    login: str = Field(min_length=1, max_length=200)
    password: str = Field(min_length=1, max_length=1000)


class Account(Model):
    """The duty post that is signed in, or the system whose key it is."""

    login: str
    title: str
    role: Role
    team_key: str | None
    can: list[Right]


class Texts(Model):
    """A phrase in both languages."""

    zh: str
    en: str


class ClassTitle(Model):
    """A class of the catalogue: five digits. A city's own class without an English name has its Chinese one twice."""

    code: str
    title: Texts


class MajorTitle(Model):
    """A major class of the catalogue: two digits."""

    code: str
    title: Texts


class Classes(Model):
    """All classes of parts or of matters, a city's own among them, in code order."""

    version: str
    kind: Literal["part", "matter"]
    majors: list[MajorTitle]
    classes: list[ClassTitle]


class DemoAccount(Model):
    """An account of the demo city: everybody may know it."""

    login: str
    title: str
    role: Role
    password: str


class Health(Model):
    """Whether the parts answer."""

    status: Literal["ok", "degraded", "down"]
    version: str
    database: bool
    live: bool
    heat: bool = Field(description="Counted events are in memory; until then they are counted in the database.")
    worker_age_s: float | None
    demo: bool
    demo_accounts: list[DemoAccount]


class AlertCounts(Model):
    """How far a warning's alerts have come."""

    total: int
    delivered: int
    acknowledged: int
    arrived: int
    resolved: int


class Warning(Model):
    """A warning as the list shows it."""

    key: str
    hazard_key: str | None
    subject: str = Field(description="What it is about: hazard:…, grid:…, sensor:…, feed:…, fence:…, area:…, cap:…")
    kind: str = Field(description="Event kind: geohazard, rain, flood, fire, fence, feed, other.")
    source: Literal["threshold", "rule", "fence", "cap", "manual", "drill"]
    rule_key: str | None
    level: Level
    state: WarningState
    title: str
    raised_at: datetime
    changed_at: datetime
    ended_at: datetime | None
    end_reason: Literal["fell_back", "ended", "cancelled", "expired"] | None
    onset_at: datetime | None
    valid_until: datetime | None
    actions: str | None
    episode: str | None = Field(description="Similar warnings of one storm share it: one banner.")
    identifier: str | None = Field(description="31 characters, of its newest message.")
    calling: CallingSummary | None = Field(description="How its call-and-confirm ladder stands.")
    residents_waiting: int | None = Field(description="People in grids where nobody has answered yet.")
    residents_waiting_note: str | None = None
    drill: bool
    drill_key: str | None
    households: int | None
    residents: int | None
    households_note: str | None = Field(None, description="Instead of a small count: '<5'.")
    residents_note: str | None = None
    lon: float
    lat: float
    alerts: AlertCounts | None


class Alert(Model):
    """An alert to one team, with its clock."""

    id: int
    warning_key: str
    team_key: str
    team_name: str | None
    level: Level
    title: str
    text: str
    state: AlertState
    created_at: datetime
    delivered_at: datetime | None
    acknowledged_at: datetime | None
    arrived_at: datetime | None
    resolved_at: datetime | None
    due_on_site_at: datetime
    due_resolved_at: datetime
    due_followup_at: datetime
    warning_state: WarningState | None
    declined_at: datetime | None
    answer_due_at: datetime | None = Field(description="Deadline of the call that it belongs to.")
    second_due_at: datetime | None = Field(description="When it has to be confirmed a second time.")
    second_at: datetime | None
    report_due_at: datetime | None = Field(description="When the next situation report is due.")
    drill: bool
    lon: float | None
    lat: float | None


class Rule(Model):
    """The rule that a reading passed."""

    threshold_key: str | None
    property: str | None
    name: str | None
    op: str | None
    enter: float | None
    leave: float | None
    hold_s: float | None
    unit: str | None
    level: Level | None


class Reading(Model):
    """The reading that passed it."""

    sensor_key: str | None
    sensor_name: str | None
    datastream_key: str | None
    value: float | None
    unit: str | None
    at: datetime | None
    since: datetime | None


class Series(Model):
    """Points of one datastream: [instant, value], oldest first."""

    datastream_key: str
    name: str
    unit: str
    property: str | None = None
    points: list[Point]


class Threatened(Model):
    """Who and what is inside the warning's zone: counts alone."""

    households: int | None
    residents: int | None
    households_note: str | None = None
    residents_note: str | None = None
    buildings: int | None


class NearCamera(Model):
    """A camera that may see the place."""

    key: str
    name: str | None
    distance_m: float
    status: str | None
    lon: float
    lat: float


class NearTeam(Model):
    """A team that may come."""

    key: str
    name: str | None
    kind: str | None
    status: str | None
    distance_m: float
    eta_s: float
    members: int | None
    position: Literal["mover", "base"]
    position_at: datetime | None


class Before(Model):
    """An earlier warning of the same hazard point."""

    key: str
    level: Level
    title: str
    raised_at: datetime
    ended_at: datetime | None


class Step(Model):
    """One entry of the timeline."""

    at: datetime
    kind: str
    text_zh: str
    text_en: str
    alert_id: int | None
    attachment: str | None = Field(description="A photo, at /attachments/{name}.")


class Why(Model):
    """Everything one click on a warning shows."""

    warning: Warning
    hazard: dict[str, Any] | None
    cause: dict[str, Any] | None = Field(
        None, description="What its claim says: text_zh, text_en; for rules also when, inputs, values, since."
    )
    rule: Rule | None
    reading: Reading | None
    series: list[Series]
    threatened: Threatened
    cameras: list[NearCamera]
    teams: list[NearTeam]
    previous: list[Before]
    timeline: list[Step]
    alerts: list[Alert]


class StatusChange(Model):
    """The next state of an incident; `team_key` names who is sent, with `dispatched`."""

    status: IncidentStatus
    team_key: str | None = Field(None, max_length=200)


class IncidentState(Model):
    """Where an incident stands, with its clock."""

    key: str
    status: IncidentStatus
    team_key: str | None
    reported_at: datetime | None
    dispatched_at: datetime | None
    on_site_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    due_on_site_at: datetime | None
    due_resolved_at: datetime | None
    due_followup_at: datetime | None


class TimelineWarning(Model):
    """A warning on the time axis."""

    at: datetime
    level: Level
    key: str
    title: str


class Timeline(Model):
    """The last hours in buckets: [start of bucket, value]."""

    bucket_s: int
    rain: list[Point]
    incidents: list[tuple[str, int]]
    incidents_by_day: list[tuple[str, int]] = Field(
        description="Published counts of whole closed days [midnight, count], for who may not know exact counts."
    )
    warnings: list[TimelineWarning]


class FeedStatus(Model):
    """How a feed is."""

    name: str
    title: Texts
    state: Literal["ok", "late", "stale", "idle"]
    last_at: datetime | None
    last_source_at: datetime | None
    age_s: float | None
    received: int | None = Field(description="Counters are null for who may not know exact counts.")
    stored: int | None
    unchanged: int | None
    duplicates: int | None
    quarantined: int | None
    error: str | None


class Receipt(Model):
    """What became of pushed bytes; they are committed when this is sent."""

    raw_id: int | None = Field(description="None for bytes that came before.")
    received: int
    stored: int
    unchanged: int
    duplicates: int
    quarantined: int


class Quarantined(Model):
    """A record that could not be taken, with the reason."""

    id: int
    feed: str
    raw_id: int
    position: str
    reason: str
    message: str
    record: Any
    at: datetime
    replayed_at: datetime | None
