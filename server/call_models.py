"""The shapes of rosters, ladders and drills, for the API's description; see server/models.py."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from server.models import Level, Model, Texts

Rung = Literal["grid", "community", "street", "district"]
CallingState = Literal["waiting", "calling", "answered", "confirmed", "unanswered", "closed"]
CallState = Literal["calling", "answered", "silent", "declined", "no_duty", "closed"]


class Duty(Model):
    """When a team has the duty of an organisation: by week, or one shift."""

    id: int | None = None
    team_key: str
    team_name: str | None = None
    rank: int = Field(1, ge=1, le=9, description="1 is called first.")
    kind: Literal["weekly", "shift"] = "weekly"
    weekdays: list[int] = Field([], description="0 is Monday; empty is every day; weekly.")
    hours: str = Field("0-24", description="Local hours, such as 20-8 over midnight; weekly.")
    starts_at: datetime | None = Field(None, description="shift")
    ends_at: datetime | None = None


class OnDuty(Model):
    """Who has the duty at the instant asked."""

    team_key: str
    team_name: str | None
    rank: int
    until: datetime | None
    source: Literal["shift", "weekly", "grid", "hand_over"] = Field(
        description="grid: no roster, the team that the grid names."
    )


class Organisation(Model):
    """A grid, community, street or district with its duty."""

    code: str
    name: str
    rung: Rung
    parent_code: str | None
    on_duty: list[OnDuty]
    next_change_at: datetime | None
    gap: bool = Field(description="Nobody has the duty now.")
    waiting_calls: int


class Roster(Model):
    """Organisations with who is on duty at an instant."""

    at: datetime
    organisations: list[Organisation]


class RosterOf(Model):
    """One organisation's duties and the next days as they come out."""

    organisation: Organisation
    duties: list[Duty]
    days: list[dict[str, Any]] = Field(description="Pieces {team_key, team_name, rank, from, to} of the next 7 days.")
    hand_overs: list[dict[str, Any]] = Field(description="at, from_team, to_team, note, by, open_warnings")


class HandOver(Model):
    """Hand the duty over: open calls go with it."""

    from_team: str
    to_team: str
    note: str = Field("", max_length=500)


class Calling(Model):
    """One grid of a warning: who is called, and whether somebody answered."""

    grid_code: str
    grid_name: str
    state: CallingState
    rung: Rung | None
    team_key: str | None
    team_name: str | None
    called_at: datetime | None
    deadline_at: datetime | None
    answered_at: datetime | None
    answered_by: str | None = Field(description="The post that answered.")
    second_due_at: datetime | None = Field(description="When the answer has to be confirmed a second time.")
    second_at: datetime | None
    report_due_at: datetime | None = Field(description="When the next situation report is due.")
    households: int | None
    residents: int | None


class Call(Model):
    """One call on the ladder."""

    id: int
    grid_code: str
    rung: Rung
    area_code: str
    area_name: str
    team_key: str | None
    team_name: str | None
    rank: int
    alert_id: int | None
    called_at: datetime
    deadline_at: datetime
    state: CallState
    answered_at: datetime | None
    note: str | None


class Phase(Model):
    """A step of a template that is due before the danger is expected, such as 6, 3, 1, 0.5 hours."""

    name: str
    title: Texts
    due_at: datetime
    done_at: datetime | None


class Ladder(Model):
    """Call and confirm of one warning."""

    warning_key: str
    template: str
    state: Literal["none", "waiting", "calling", "answered", "confirmed", "unanswered", "closed"]
    auto_start_at: datetime | None = Field(description="When it starts by itself, if command does not confirm before.")
    started_at: datetime | None
    onset_at: datetime | None
    phases: list[Phase]
    grids: list[Calling]
    calls: list[Call]
    grids_waiting: int
    residents_waiting: int | None
    households_waiting: int | None


class CallAnswer(Model):
    """An answer that command writes down for a team that calls in by radio or telephone."""

    answer: Literal["here", "declined"] = "here"
    note: str = Field("", max_length=500)


class Board(Model):
    """How the calls of all open warnings stand."""

    unanswered: int = Field(description="Grids where nobody answered on any rung: the loudest state.")
    calling: int
    waiting: int
    answered: int
    confirmed: int
    residents_waiting: int | None
    households_waiting: int | None
    oldest_waiting_at: datetime | None
    worst: list[Calling] = Field(description="Unanswered first, then nearest deadline; at most 20.")


class GridPaint(Model):
    """GeoJSON of grids with an open calling; properties as Calling with warning_key, level and drill."""

    type: Literal["FeatureCollection"]
    features: list[dict[str, Any]]


class TemplateLevel(Model):
    """What a template asks at one level."""

    level: Level
    start_s: float = Field(description="The ladder starts by itself after so long; 0 is at once.")
    answer_s: float = Field(description="Deadline of each rung.")
    second_s: float | None = Field(description="A second confirmation is due so long after the answer.")
    report_s: float | None = Field(description="Interval of situation reports.")
    first_rung: Rung


class Template(Model):
    """How a warning is called out, by level."""

    key: str
    title: Texts
    phases: list[dict[str, Any]] = Field(description="name, title, before_h")
    levels: list[TemplateLevel]
    kinds: list[str] = Field(description="Event kinds it is used for; empty is all others.")


class Scenario(Model):
    """A drill that can be run."""

    key: str
    title: Texts
    summary: Texts
    minutes: float
    steps: int


class DrillStart(Model):
    """Start a drill."""

    scenario: str
    speed: float = Field(1, gt=0, le=3600)
    note: str = Field("", max_length=500)


class DrillScore(Model):
    """Who answered when; times in seconds from the call."""

    calls: int
    answered: int
    silent: int
    confirmed_twice: int
    median_answer_s: float | None
    worst_answer_s: float | None
    within_deadline: float | None = Field(description="Share of calls answered in time.")
    grids: int
    grids_unanswered: int
    by_team: list[dict[str, Any]] = Field(description="team_key, team_name, calls, answered, median_s, worst_s")


class Drill(Model):
    """A drill: the real rules and rosters, as exercise."""

    key: str
    scenario: str
    title: Texts
    state: Literal["running", "ended", "stopped"]
    started_at: datetime
    started_by: str
    ended_at: datetime | None
    speed: float
    progress: float
    warnings: list[str]
    score: DrillScore | None
    note: str
