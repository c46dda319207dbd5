"""Shapes of the trend and effect doors, for the API's description."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from server.models import Model, Texts

Day = tuple[str, int]


class Tested(Model):
    """One interval held against what came."""

    of: Literal["day", "total"]
    nominal: float
    observed: float
    observed_pit: float
    cases: int
    days: int


class Coverage(Model):
    """How often the weekly total lay in its 80 % interval in the back-test, and all that was tested beside it."""

    nominal: float
    observed: float
    observed_pit: float = Field(description="The mass at an interval's ends counted in part")
    cases: int
    days: int
    all: list[Tested]


class GridTrend(Model):
    """What is expected of one grid in the next seven days, and where it goes."""

    grid_code: str
    name: str
    total_30d: int
    mean_next_7d: float
    low: int = Field(description="Of 80 %")
    high: int
    low_95: int
    high_95: int
    change_pct: float = Field(description="Of the mean in four weeks, as fitted")
    trend: Literal["up", "flat", "down"]
    p: float
    q: float = Field(description="p adjusted for the number of grids (false discovery rate)")


class Trends(Model):
    """Every grid of the current edition."""

    category: str | None
    horizon_days: int
    run_at: datetime
    day: date = Field(description="The last day that was fitted")
    days: int
    coverage: Coverage | None
    grids: list[GridTrend]


class Trend(GridTrend):
    """One grid, day by day."""

    run_at: datetime
    coverage: Coverage | None
    history: list[Day]
    fitted: list[tuple[str, float]]
    forecast: list[tuple[str, float, int, int]] = Field(description="[day, mean, low, high], 80 %")
    forecast_95: list[tuple[str, int, int]]


class GridArea(Model):
    """A grid of the current edition."""

    grid: str = Field(max_length=200)


class NamedArea(Model):
    """An administrative area."""

    area: str = Field(max_length=200)


class Shape(Model):
    """A GeoJSON polygon in WGS-84."""

    type: Literal["Polygon", "MultiPolygon"]
    coordinates: list[Any]


class Question(Model):
    """What was done: where, from which day, and the days to look at after and before it."""

    area: GridArea | NamedArea | Shape
    start: date
    days: int
    before_days: int
    category: Annotated[str | None, Field(max_length=60)] = None


class Counted(Model):
    """Events of the area."""

    before: int
    after: int
    cells: int


class Compared(Model):
    """Events of the matched cells, weighted as they are matched."""

    before: float
    after: float
    cells: int
    matched_on: list[str]


class Neighbours(Model):
    """What changed in the two rings around the area."""

    effect_pct: float
    low_pct: float
    high_pct: float
    p: float
    cells: int


class Effect(Model):
    """What changed in the area beyond what changed in comparable cells."""

    effect_pct: float
    low_pct: float
    high_pct: float
    level: float
    p: float
    treated: Counted
    comparison: Compared
    series: list[tuple[str, int, float]] = Field(description="[day, area, comparison scaled to the area before]")
    pretrend_p: float
    neighbours: Neighbours | None
    placebos: int
    res: int
    verdict: Texts
    method: Texts
    caveats: list[Texts]
    comparison_cells: dict[str, Any]
