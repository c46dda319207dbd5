"""The shapes of the operations that edit a plan; see server/models.py."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from server.models import Model

Position = Annotated[list[float], Field(min_length=2, max_length=2, description="Longitude and latitude, WGS-84.")]
Line = Annotated[list[Position], Field(min_length=2, max_length=6000)]
Key = Annotated[str, Field(min_length=1, max_length=64)]


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
