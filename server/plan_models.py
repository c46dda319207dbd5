"""The shapes of editions, plans, their edits, checks, balance, proposals, impact and review; see server/models.py."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from server.models import Model, Texts

Position = Annotated[list[float], Field(min_length=2, max_length=2, description="Longitude and latitude, WGS-84.")]
Line = Annotated[list[Position], Field(min_length=2, max_length=6000)]
PlanState = Literal["draft", "submitted", "approved", "rejected", "published", "rolled_back", "discarded"]
Severity = Literal["error", "warning"]
Key = Annotated[str, Field(min_length=1, max_length=64)]


# -- editions ---------------------------------------------------------------------------------------------------------


class EditionPeriod(Model):
    """When an edition was in force; a roll-back gives an older one a second period."""

    valid_from: datetime | None
    valid_to: datetime | None


class Edition(Model):
    """One edition of the grids."""

    name: str
    title: str
    current: bool
    grids: int
    base: str | None = Field(description="The edition it was drawn from.")
    plan_key: str | None
    published_by: str | None
    published_at: datetime | None
    periods: list[EditionPeriod]


class Figure(Model):
    """What is counted of a grid."""

    key: str
    title: Texts
    unit: str


class GridFigures(Model):
    """A grid's figures in a period."""

    grid: str
    name: str
    community_code: str | None
    figures: dict[str, float] = Field(description="By key of the measure.")


class StatisticsPeriod(Model):
    """A stretch of time in which one edition counts, with its grids, the most cases first."""

    edition: str
    start: datetime
    stop: datetime
    grids: int
    total: dict[str, float]
    rows: list[GridFigures]
    more: int = Field(description="Rows that are left out.")


class GridStatistics(Model):
    """Figures of grids over a range: cases when and where they happened, what stands as it is today."""

    measures: list[Figure]
    periods: list[StatisticsPeriod]


class Ancestor(Model):
    """One line of a grid's lineage."""

    edition: str
    code: str
    name: str | None
    relation: Literal["same", "changed", "split", "merged", "new", "retired"]
    share: float = Field(description="Share of the later grid's area that came from here; 0 to 1.")
    valid_from: datetime | None
    valid_to: datetime | None


class Lineage(Model):
    """Where a grid came from and what became of it."""

    edition: str
    code: str
    before: list[Ancestor]
    after: list[Ancestor]


# -- plans ------------------------------------------------------------------------------------------------------------


class PlanMake(Model):
    """A new plan: a branch of an edition."""

    name: str = Field(min_length=1, max_length=120)
    note: str = Field("", max_length=2000)
    base: str | None = Field(None, max_length=64, description="Edition; none: the one in force.")
    scope: str | None = Field(None, max_length=20, description="Code of the area it is about; none: the whole city.")
    copy_of: Key | None = Field(None, description="Branch off this plan instead of an edition.")
    accept_repairs: str | None = Field(
        None,
        max_length=64,
        description="Where the edition's grids overlap or leave gaps: the token of the repairs shown. Without it "
        "the answer is 409 (reason `not-a-coverage`) with `mending`, an EditionRepairs.",
    )
    tolerance_m: float | None = Field(None, gt=0, le=50, description="How wide such slivers may be; none: 5 m.")


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
    counts: bool = Field(description="Not undone.")


# -- operations -------------------------------------------------------------------------------------------------------


class Split(Model):
    """Cut a grid along a line; ends snap to its border, and may reach over it."""

    op: Literal["split"]
    grid: Key
    line: Line


class Merge(Model):
    """Make one grid of several neighbours; the first keeps its code."""

    op: Literal["merge"]
    grids: Annotated[list[Key], Field(min_length=2, max_length=200)]


class MoveVertex(Model):
    """Move a corner of shared borders."""

    op: Literal["move"]
    at: Position
    to: Position


class InsertVertex(Model):
    """Add a corner to a shared border and pull it to a place."""

    op: Literal["insert"]
    arc: int
    at: Position
    to: Position


class RemoveVertex(Model):
    """Take a corner out of a shared border."""

    op: Literal["remove"]
    at: Position


class Reshape(Model):
    """Draw a stretch of border anew: from where the line first meets a border to where it last does."""

    op: Literal["reshape"]
    line: Line


class Reassign(Model):
    """Give ground from its grids to another: by painting buildings, street blocks or cells, or by an area."""

    op: Literal["reassign"]
    to: Key
    buildings: list[Key] = Field([], max_length=2000)
    blocks: list[Position] = Field([], max_length=500, description="A point inside each street block.")
    cells: list[str] = Field([], max_length=2000, description="H3 cells, hexadecimal.")
    area: dict[str, Any] | None = Field(None, description="GeoJSON polygon.")


class Snap(Model):
    """Pull the borders of grids onto roads, rivers or the borders of their parents."""

    op: Literal["snap"]
    grids: Annotated[list[Key], Field(min_length=1, max_length=500)]
    to: Annotated[list[Literal["roads", "rivers", "parents"]], Field(min_length=1)]
    tolerance_m: float = Field(15.0, gt=0, le=100)


class Simplify(Model):
    """Simplify the borders of grids together."""

    op: Literal["simplify"]
    grids: Annotated[list[Key], Field(min_length=1, max_length=10_000)]
    tolerance_m: float = Field(2.0, gt=0, le=100)


class PerBuilding(Model):
    """One building, one grid: part a grid between its buildings and streets."""

    op: Literal["per_building"]
    grid: Key
    least_households: int = Field(0, ge=0, description="Buildings with fewer go to their nearest neighbour's grid.")


class Describe(Model):
    """Name, kind, lock, duty team of a grid; nothing of its ground."""

    op: Literal["describe"]
    grid: Key
    name: str | None = Field(None, max_length=120)
    kind: Literal["unit", "special"] | None = None
    special: Literal["", "school", "estate", "industrial", "hospital", "market", "other"] | None = None
    team_key: str | None = Field(None, max_length=64, description="Empty: nobody.")
    locked: bool | None = None


Operation = Annotated[
    Split | Merge | MoveVertex | InsertVertex | RemoveVertex | Reshape | Reassign | Snap | Simplify | PerBuilding
    | Describe,
    Field(discriminator="op"),
]  # fmt: skip


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


class Replayed(Model):
    """What a rebase or merge came to. With conflicts nothing was changed: settle them by `skip`."""

    done: bool
    applied: int
    conflicts: list[Conflict]
    delta_version: int | None = Field(None, description="The new version; load the plan's map anew.")


class Conflict(Model):
    """An edit that does not fit."""

    version: int
    by: str
    text: Texts
    reason: str
    detail: Texts
    grids: list[str]
    where: dict[str, Any] | None = None


# -- import -----------------------------------------------------------------------------------------------------------


class ImportRepair(Model):
    """A gap or overlap that an import would mend, to be looked at."""

    kind: Literal["gap", "overlap", "invalid", "outside", "joined"]
    area_m2: float
    grids: list[str]
    to: str | None = Field(description="The grid that the sliver goes to.")
    where: dict[str, Any]


class ImportPreview(Model):
    """What a file of grids would make: nothing is kept until it is confirmed."""

    token: str
    file: str
    grids: int
    columns: dict[str, str | None] = Field(description="Which column of the file gives code, name, community, kind.")
    columns_found: list[str]
    repairs: list[ImportRepair]
    repaired_m2: float
    problems: list[Texts] = Field(description="What must be mended in the file: with any, it cannot be confirmed.")
    notes: list[Texts] = Field([], description="Good to know.")
    datum: str = Field("WGS-84", description="What the file was read as.")
    edition: str = Field("", description="The edition that it was looked at beside.")
    bounds: list[float]


class EditionRepairs(Model):
    """What must be mended before a plan is opened on an edition whose grids overlap or leave gaps, or what was."""

    edition: str
    token: str = Field(description="Agrees to these repairs and no others; empty where there are problems.")
    tolerance_m: float
    grids: int
    repairs: list[ImportRepair] = Field(description="The largest.")
    unlisted: int = Field(0, description="Smaller ones beside them.")
    repaired_m2: float = Field(description="Of all of them.")
    problems: list[Texts] = Field(description="What is no sliver: with any, no plan can be opened.")
    notes: list[Texts]
    bounds: list[float]
    accepted_by: str | None = None
    accepted_at: datetime | None = None


class Unmatched(Model):
    """The problem document (409) of an edition whose repairs nobody has agreed to yet, among others."""

    code: str
    reason: str | None = Field(None, description="`not-a-coverage`: see `mending`.")
    detail: str | None = None
    mending: EditionRepairs | None = None


class ImportConfirm(Model):
    """Make a plan of a previewed import."""

    token: str = Field(max_length=64)
    name: str = Field(min_length=1, max_length=120)
    accept_repairs: bool


# -- proposals --------------------------------------------------------------------------------------------------------


class ProposalAsk(Model):
    """Ask for partitions of a scope into balanced grids."""

    version: int = Field(ge=0)
    community: str | None = Field(None, max_length=20, description="Its grids are redrawn; or name grids.")
    grids: list[Key] = Field([], max_length=3000)
    count: int | None = Field(None, ge=1, le=3000, description="How many grids; none: as many as now.")
    tolerance: float = Field(0.1, ge=0.01, le=1)
    units: Literal["blocks", "buildings", "cells"] = "blocks"
    barriers: list[Literal["rivers", "roads", "railways"]] = Field(["rivers"])
    hard_barriers: bool = Field(True, description="Barriers may not be crossed at all; else it costs.")
    keep: float = Field(0.5, ge=0, le=1, description="How much today's borders weigh.")
    seconds: float = Field(5.0, ge=0.5, le=600)


class ProposalMove(Model):
    """A piece of ground that changes hands, with its reason."""

    unit: int
    grid: str | None
    to: str
    buildings: int
    households: int
    reason: Texts
    where: dict[str, Any]


class ProposalOption(Model):
    """One partition of the Pareto set."""

    index: int
    title: Texts = Field(description="What it is best at.")
    max_over_mean: float
    deviation: float = Field(description="Standard deviation over mean.")
    compactness: float = Field(description="Mean Polsby-Popper, 0 to 1.")
    changed_share: float = Field(description="Share of the load that changes hands.")
    crossings: int = Field(description="Rivers and roads of the named barriers that grids lie across.")
    grids: list[dict[str, Any]] = Field(description="GeoJSON features: id, load, measures.")
    moves: list[ProposalMove]


class Proposal(Model):
    """A question and its answers."""

    id: int
    plan: str
    version: int
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    progress: float
    asked: dict[str, Any]
    asked_by: str
    asked_at: datetime
    seconds: float | None
    error: Texts | None = None
    units: int | None = None
    today: ProposalOption | None = Field(None, description="The plan as it is, by the same figures.")
    options: list[ProposalOption] = Field([])


class AdoptAsk(Model):
    """Take an option, whole or the ground of some grids."""

    version: int = Field(ge=0)
    option: int = Field(ge=0)
    grids: Annotated[list[Key], Field(max_length=3000)] = Field([], description="Empty: all.")


# -- impact and review ------------------------------------------------------------------------------------------------


class Handed(Model):
    """Things of one kind that change hands."""

    kind: Literal["building", "incident", "camera", "hazard", "sensor", "place", "team", "fence", "roster", "route"]
    title: Texts
    count: int
    households: int | None = None
    residents: int | None = None


class Exchange(Model):
    """What one grid gives to another."""

    grid: str | None
    to: str | None
    counts: dict[str, int]
    households: int
    team: str | None
    to_team: str | None


class Indicator(Model):
    """A grid's figures, re-aggregated to both editions."""

    grid: str
    label: str
    state: Literal["same", "changed", "new", "retired"]
    before: dict[str, float] | None
    after: dict[str, float] | None
    load_before: float | None
    load_after: float | None


class Change(Model):
    """What of a grid is other than before; teams by their names."""

    what: Literal["code", "name", "kind", "special", "team"]
    before: str | None
    after: str | None


class Described(Model):
    """A grid that stays on its ground and is called otherwise, or is another team's."""

    grid: str
    label: str
    changes: list[Change]


class Impact(Model):
    """What publishing would change."""

    version: int
    handed: list[Handed]
    exchanges: list[Exchange]
    indicators: list[Indicator]
    described: list[Described] = Field(description="Grids with another code, name, kind or team.")
    teams: list[dict[str, Any]] = Field(description="team_key, team_name, gains, loses: households and buildings.")
    difference: dict[str, Any] = Field(description="FeatureCollection of ground that changes hands: grid, to.")


class CommentMake(Model):
    """A remark, on the map if it has a place."""

    text: str = Field(min_length=1, max_length=2000)
    at: Position | None = None
    grid: str | None = Field(None, max_length=64)
    reply_to: int | None = None


class Comment(Model):
    """A remark of the review."""

    id: int
    text: str
    by: str
    written_at: datetime
    version: int
    at: Position | None
    grid: str | None
    reply_to: int | None
    resolved: bool


class SubmitAsk(Model):
    """Hand a plan in for review. Refused (400, reason `problems`) while a rule has an error against it."""

    version: int = Field(ge=0)
    note: str = Field("", max_length=2000)


class DecideAsk(Model):
    """Approve or reject; never by the one who submitted."""

    note: str = Field("", max_length=2000)


class PublishAsk(Model):
    """Publish an approved plan as an edition, now or at a time."""

    edition: str = Field(min_length=1, max_length=32, pattern=r"^[0-9A-Za-z][0-9A-Za-z._-]*$")
    title: str = Field("", max_length=120)
    effective_at: datetime | None = Field(None, description="None: now.")


class GridNotice(Model):
    """What a team was told of its grids."""

    id: int
    edition: str
    title: str = Field(description="Of the edition.")
    text: Texts
    gains: dict[str, int]
    loses: dict[str, int]
    back: bool = Field(description="The edition was rolled back.")
    at: datetime = Field(description="When the grids changed.")
    seen_at: datetime | None = Field(description="When the team acknowledged it.")


class Publication(Model):
    """What publishing did."""

    plan: str
    edition: str
    previous: str | None
    state: Literal["scheduled", "published", "rolled_back", "cancelled"]
    effective_at: datetime
    published_at: datetime | None
    seconds: float | None
    grids: int
    moved: dict[str, int] = Field(description="Rows by layer that were given another grid.")
    notified: int = Field(description="Teams that were told.")
    seen: int = Field(description="Teams that have acknowledged it.")
    problem: str | None = Field(None, description="Why a publication at a time could not be done.")


class ReviewStep(Model):
    """A step of a plan's review."""

    version: int
    what: Literal["submit", "withdraw", "approve", "reject", "schedule", "publish", "cancel", "rollback"]
    by: str
    at: datetime
    note: str = Field(description="What was said; of a publication the edition's name.")
    effective_at: datetime | None = Field(None, description="Of a schedule: the time that was set.")


class PlanReview(Model):
    """Every step of a plan's review, oldest first, and its last publication."""

    steps: list[ReviewStep]
    publication: Publication | None
