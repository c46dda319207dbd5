"""The shapes of a plan's review, its remarks and its publication; see server/models.py."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from server.models import Model
from server.plan_operation_models import Position


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
