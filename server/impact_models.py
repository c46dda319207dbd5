"""The shapes of what publishing a plan would change; see server/models.py."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from server.models import Model, Texts


class Handed(Model):
    """Things of one kind that change hands."""

    kind: Literal[
        "building", "incident", "part", "camera", "hazard", "sensor", "place", "team", "fence", "roster", "route"
    ]  # fmt: skip
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


class TeamChange(Model):
    """What a team gains and loses, by what it is: grids, buildings, households, residents, cases, parts."""

    team_key: str
    team_name: str
    gains: dict[str, int]
    loses: dict[str, int]


class Mended(Model):
    """What mending the base edition moves by itself, whatever the plan does; publishing the plan does that, too."""

    area_m2: float = Field(description="Ground that another grid has, or that gaps and overlaps were.")
    grids: int = Field(description="Grids that gave or took any of it.")
    counts: dict[str, int] = Field(description="Things on it by kind, as in `handed`.")
    households: int


class Impact(Model):
    """What publishing would change: a plan beside its base, which may have been mended first."""

    version: int
    handed: list[Handed]
    exchanges: list[Exchange]
    indicators: list[Indicator]
    described: list[Described] = Field(description="Grids with another code, name, kind or team.")
    teams: list[TeamChange]
    difference: dict[str, Any] = Field(description="FeatureCollection of ground that changes hands: grid, to.")
    mended: Mended | None = Field(description="Apart from all the rest. None: the base was not mended.")
