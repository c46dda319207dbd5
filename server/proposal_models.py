"""The shapes of proposals of balanced grids; see server/models.py."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from server.models import Model, Texts
from server.plan_operation_models import Key


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
