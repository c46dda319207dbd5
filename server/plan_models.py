"""The shapes of plans, their map, edits, rebases and merges; see server/models.py."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from server.models import Model, Texts
from server.plan_operation_models import Key, Operation, Position

PlanState = Literal["draft", "submitted", "approved", "rejected", "published", "rolled_back", "discarded"]
Severity = Literal["error", "warning"]
Token = Annotated[
    str | None,
    Field(
        max_length=64,
        description="Where the edition's grids overlap or leave gaps: the token of the repairs shown. Without it "
        "the answer is 409 (reason `not-a-coverage`) with `mending`, an EditionRepairs.",
    ),
]
Sliver = Annotated[float | None, Field(gt=0, le=50, description="How wide such slivers may be; none: 5 m.")]


# -- plans ------------------------------------------------------------------------------------------------------------


class PlanMake(Model):
    """A new plan: a branch of an edition."""

    name: str = Field(min_length=1, max_length=120)
    note: str = Field("", max_length=2000)
    base: str | None = Field(None, max_length=64, description="Edition; none: the one in force.")
    scope: str | None = Field(None, max_length=20, description="Code of the area it is about; none: the whole city.")
    copy_of: Key | None = Field(None, description="Branch off this plan instead of an edition.")
    accept_repairs: Token = None
    tolerance_m: Sliver = None


class PlanChange(Model):
    """What of a plan can be renamed."""

    name: str | None = Field(None, min_length=1, max_length=120)
    note: str | None = Field(None, max_length=2000)
    model: str | None = Field(None, max_length=64, description="Name of the workload model.")


class Plan(Model):
    """A plan."""

    key: str
    name: str
    note: str
    base: str
    scope: str | None
    scope_name: str | None
    model: str
    state: PlanState
    version: int = Field(description="Counts every edit, undo and redo.")
    edits: int = Field(description="Edits that count now.")
    created_by: str
    created_at: datetime
    changed_at: datetime
    behind: bool = Field(description="A newer edition than its base is in force: rebase it.")
    mended: bool = Field(description="Its base did not match: it starts from mended borders, a change of their own.")
    submitted_by: str | None = None
    submitted_at: datetime | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    effective_at: datetime | None = None
    edition: str | None = Field(None, description="The edition that it became.")
    open_comments: int = 0


# -- the map of a plan ------------------------------------------------------------------------------------------------


class PlanArc(Model):
    """A stretch of border, shared by the grids on its sides. Moving it moves both."""

    id: int
    xy: list[Position]
    left: str | None = Field(description="Grid on the left in the line's direction; none: outside the coverage.")
    right: str | None
    fixed: bool = Field(description="Border of a community or of the whole: it cannot be moved.")


class PlanGrid(Model):
    """A grid of a plan: its place, its attributes, its load, what is wrong with it."""

    id: str = Field(description="Stable inside the plan: the code in the base edition, or ~n for a new one.")
    code: str | None = Field(description="None until codes are given.")
    label: str = Field(description="Short, for the map: 004, or 004甲 for a part of a split one.")
    name: str
    kind: str
    community_code: str | None
    team_key: str | None
    locked: bool
    special: str | None = Field(None, description="school, estate, industrial, …")
    rings: list[list[int]] = Field(
        description="Arcs of each ring, in order; ~id (bitwise not) for one that runs backwards."
    )
    polygons: list[int] = Field(description="How many of the rings belong to each polygon: shell first, then holes.")
    area_m2: float
    measures: dict[str, float] = Field(description="By measure of the model: buildings, households, …")
    load: float = Field(description="Workload by the model; 1 is the mean of its community or scope.")
    changed: bool = Field(description="Different from the base edition.")
    at: Position = Field(description="A point inside, for the label.")


class PlanProblem(Model):
    """What a rule has against a grid or a border."""

    rule: str
    severity: Severity = Field(description="A plan with an error cannot be submitted.")
    grid: str | None
    text: Texts
    where: dict[str, Any] | None = Field(None, description="GeoJSON geometry.")


# In the schema `Problem` is the problem document of a refusal.
Problem = PlanProblem


class Measure(Model):
    """One measure of the workload model."""

    key: str
    title: Texts
    unit: str
    weight: float


class LoadModel(Model):
    """A workload model as declared in its file."""

    key: str
    title: Texts
    measures: list[Measure]
    tolerance: float = Field(description="0.1: within ten per cent of the mean.")
    least: float
    most: float


class Balance(Model):
    """How even the load is, over the grids of the scope or of one community."""

    community_code: str | None
    name: str | None
    grids: int
    mean: dict[str, float]
    max_over_mean: float
    min_over_mean: float
    gini: float
    out_of_tolerance: int


class History(Model):
    """Whether there is something to undo or redo for the asker, and what."""

    undo: Texts | None
    redo: Texts | None


class PlanMap(Model):
    """Everything of a plan that is drawn."""

    plan: Plan
    arcs: list[PlanArc]
    grids: list[PlanGrid]
    model: LoadModel
    balance: list[Balance] = Field(description="The scope first, then its communities.")
    problems: list[PlanProblem]
    history: History


class PlanDelta(Model):
    """What an edit changed: drop what is gone, then put what is new or different."""

    version: int
    arcs_gone: list[int]
    arcs: list[PlanArc]
    grids_gone: list[str]
    grids: list[PlanGrid]
    balance: list[Balance] = Field(description="Lines that are others now, by community; the rest stand.")
    problems: list[PlanProblem] = Field(description="All of the grids in `grids`; those of other grids stand.")
    history: History
    text: Texts = Field(description="What was done, for the status line.")
    moved: dict[str, float] = Field({}, description="Buildings, households … that changed hands by this edit.")


class PlanEdit(Model):
    """A line of a plan's history."""

    version: int
    at: datetime
    by: str
    kind: Literal["edit", "undo", "redo", "rebase", "merge", "adopt", "import"]
    op: str | None
    text: Texts
    grids: list[str]
    counts: bool = Field(description="Neither undone nor left out.")
    left_out: bool = Field(description="Left out when the plan was brought onto another edition.")


# -- edits ------------------------------------------------------------------------------------------------------------


class EditAsk(Model):
    """An edit, made on the version that the asker sees.

    409 (reason `conflict`): another planner has changed the same grids since; the problem's `detail` says who and what.
    400 with the operation's own reason: it cannot be done, and why; `where` in the problem is GeoJSON, if any.
    """

    version: int = Field(ge=0)
    operation: Operation


class VersionAsk(Model):
    """Undo or redo on the version that the asker sees."""

    version: int = Field(ge=0)


class RebaseAsk(Model):
    """Replay the plan's edits on a newer edition, or another plan's edits on this one."""

    version: int = Field(ge=0)
    onto: str | None = Field(None, max_length=64, description="Edition; none: the one in force. (rebase)")
    other: Key | None = Field(None, description="Plan of the same base. (merge)")
    skip: list[int] = Field([], max_length=5000, description="Versions to leave out: how conflicts are settled.")
    accept_repairs: Token = None
    tolerance_m: Sliver = None


class Replayed(Model):
    """What a rebase or merge came to. With conflicts nothing was changed: settle them by `skip`."""

    done: bool
    applied: int
    conflicts: list[Conflict]
    delta_version: int | None = Field(None, description="The new version; load the plan's map anew.")


class Heir(Model):
    """A grid that has ground of one that is no more."""

    grid: str
    name: str
    share: float = Field(description="Of the ground of the one that is no more, 0 to 1.")


class Became(Model):
    """A grid that is no more, and who has its ground: the largest share first, from 5 % on, or the largest alone."""

    grid: str
    into: list[Heir]


class Conflict(Model):
    """An edit that does not fit."""

    version: int
    by: str
    text: Texts
    reason: str
    detail: Texts
    grids: list[str]
    where: dict[str, Any] | None = None
    became: list[Became] = Field(description="Those of its grids that the base has and that are no more.")
