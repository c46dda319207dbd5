"""Scenarios as files: made-up readings at real hazard points, minute by minute.

The shipped files lie in `scenarios/` beside this module; a data home's own `scenarios/*.toml` add to them or take the
place of shipped ones by key. A scenario names no place: its points are the city's own, by how many they threaten.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from onemap.core.errors import SetupError

SHIPPED = Path(__file__).parent / "scenarios"
KEY = r"^[a-z0-9][a-z0-9-]{0,59}$"


class Strict(BaseModel):
    """A table of a scenario file: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Words(Strict):
    """A phrase in both languages."""

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)


class Exceed(Strict):
    """The readings of a point pass its threshold of a level, for as long as that threshold asks."""

    do: Literal["exceed"]
    at_min: Annotated[float, Field(ge=0, le=24 * 60)]
    point: Annotated[int, Field(ge=1, le=50)]
    level: Annotated[int, Field(ge=1, le=4)]


class Ease(Strict):
    """The readings of a point fall back below all its thresholds."""

    do: Literal["ease"]
    at_min: Annotated[float, Field(ge=0, le=24 * 60)]
    point: Annotated[int, Field(ge=1, le=50)]


class Rain(Strict):
    """Gauges near a point have rained so much in each of the last hours: for rules that look at rain."""

    do: Literal["rain"]
    at_min: Annotated[float, Field(ge=0, le=24 * 60)]
    point: Annotated[int, Field(ge=1, le=50)]
    mm_per_h: Annotated[float, Field(ge=0, le=300)]
    hours: Annotated[float, Field(gt=0, le=72)]
    within_m: Annotated[float, Field(gt=0, le=20_000)] = 3000


Step = Annotated[Exceed | Ease | Rain, Field(discriminator="do")]


class Scenario(Strict):
    """A drill as it is written down."""

    key: str = Field(pattern=KEY)
    title: Words
    summary: Words
    minutes: Annotated[float, Field(gt=0, le=24 * 60)]
    step: Annotated[tuple[Step, ...], Field(min_length=1, max_length=200)]

    @model_validator(mode="after")
    def _in_order(self) -> Scenario:
        times = [step.at_min for step in self.step]
        if times != sorted(times) or times[-1] > self.minutes:
            raise ValueError("steps come in the order of time, and none after the scenario's end")
        return self

    @property
    def points(self) -> int:
        """How many hazard points it needs."""
        return max(step.point for step in self.step)


def read(path: Path) -> Scenario:
    """One scenario file. Raises SetupError with the file, the key and what is allowed."""
    try:
        return Scenario.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SetupError(f"The scenario {path} cannot be read: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise SetupError(f"The scenario {path} is wrong at {place}: {first['msg']}.") from None


def scenarios(home: Path) -> Mapping[str, Scenario]:
    """All scenarios by key: the shipped ones, and those of a data home. Raises SetupError."""
    found: dict[str, Scenario] = {}
    for folder in (SHIPPED, home / "scenarios"):
        for path in sorted(folder.glob("*.toml")):
            scenario = read(path)
            found[scenario.key] = scenario
    return found
