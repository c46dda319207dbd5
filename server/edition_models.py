"""The shapes of editions, their figures and lineage, and of what teams are told of them; see server/models.py."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from server.models import Model, Texts


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
    since: datetime | None = Field(None, description="Since when it knows what stood; none: it counts no such things.")


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
    as_of_today: list[str] = Field(
        description="Figures of what stands today: the map's past does not reach back to the end of this period."
    )
    total: dict[str, float]
    rows: list[GridFigures]
    more: int = Field(description="Rows that are left out.")


class GridStatistics(Model):
    """Figures of grids over a range: cases when and where they happened, what stood at the end of each period."""

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
