"""Workload models as files: what is counted in a grid, what each costs, and the limits that the rules hold it to.

The shipped files lie in `models/` beside this module; a data home's own `models/*.toml` add models or take the place of
shipped ones by key. What a file may say is what the classes here say: anything else is refused with file and key.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from onemap.core.errors import NotFound, SetupError

SHIPPED = Path(__file__).parent / "models"
#: What can be counted: columns of buildings, points of other layers, metres of road.
Count = Literal[
    "buildings", "households", "rentals", "residents", "organisations", "vehicles", "incidents", "parts", "cameras",
    "sensors", "hazards", "roads",
]  # fmt: skip
#: Classes of managed parts (GB/T 47678.5) that are a layer of their own as well, by what a model calls that layer:
#: watching cameras; flood, weather, environment and sewage gauges. A measure that counts the layer counts the thing
#: there, and not a second time among the parts.
TWICE: dict[str, tuple[str, ...]] = {"cameras": ("01050",), "sensors": ("01067", "03009", "03010", "03011", "03012")}
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Span = Annotated[tuple[float, float], Field(description="least, most")]


class Strict(BaseModel):
    """A table of a model file: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Words(Strict):
    """A phrase in both languages."""

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)


class Measured(Strict):
    """One measure: what is counted, and the work of one of it."""

    key: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
    title: Words
    unit: str = Field(max_length=12)
    weight: Annotated[float, Field(ge=0.0, le=1e6)]
    counts: Annotated[tuple[Count, ...], Field(min_length=1)]
    days: Annotated[int, Field(ge=1, le=3660)] = 90
    roads_without: tuple[str, ...] = ("motorway", "rail")

    def takes(self, counted: str) -> bool:
        """Whether it counts a group of points; `parts:cameras` are parts that the layer of cameras holds as well."""
        whole, _, twice = counted.partition(":")
        return whole in self.counts and twice not in self.counts

    @model_validator(mode="after")
    def _of_one_kind(self) -> Measured:
        if "roads" in self.counts and len(self.counts) > 1:
            raise ValueError("counts: metres of road cannot be added to things")
        return self


class Limits(Strict):
    """Sizes that a unit grid should keep to, and when a building counts as cut."""

    area_m2: Span = (300.0, 5_000_000.0)
    households: Span = (0.0, 3_000.0)
    cut_share: Share = 0.05
    cut_m2: Annotated[float, Field(ge=0.0)] = 4.0


class Barriers(Strict):
    """What a grid may not lie across; a side counts with a building on it, or this share and area of the grid."""

    water: tuple[str, ...] = ("river", "reservoir", "lake")
    roads: tuple[str, ...] = ("motorway", "rail")
    share: Share = 0.05
    area_m2: Annotated[float, Field(ge=0.0)] = 1_000.0


class Model(Strict):
    """A workload model. Work is the weighted sum of the measures; load is work over the mean of the reference."""

    key: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
    title: Words
    about: Words | None = None
    reference: Literal["community", "scope"] = "community"
    tolerance: Annotated[float, Field(gt=0.0, le=1.0)] = 0.1
    least: Annotated[float, Field(ge=0.0, le=1.0)] = 0.5
    most: Annotated[float, Field(ge=1.0, le=100.0)] = 1.2
    measures: Annotated[tuple[Measured, ...], Field(min_length=1, max_length=20)]
    limits: Limits = Limits()
    barriers: Barriers = Barriers()

    def __hash__(self) -> int:
        return hash(self.model_dump_json())

    @model_validator(mode="after")
    def _weighs_something(self) -> Model:
        keys = [measure.key for measure in self.measures]
        if len(set(keys)) < len(keys):
            raise ValueError("measures: two have the same key")
        if not any(measure.weight > 0.0 for measure in self.measures):
            raise ValueError("measures: at least one must have a weight above 0")
        return self

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of the measures, in the order of every array of measures."""
        return tuple(measure.key for measure in self.measures)

    @property
    def weights(self) -> npt.NDArray[np.float64]:
        """Work of one of each measure, shape (m,)."""
        return np.array([measure.weight for measure in self.measures], np.float64)

    def column(self, key: str) -> int | None:
        """Where a measure stands in arrays of measures; None when the model has none of that key."""
        return self.keys.index(key) if key in self.keys else None


def read(folders: Iterable[Path]) -> dict[str, Model]:
    """The models of some folders by key; a later file takes the place of an earlier one. Raises SetupError."""
    found: dict[str, Model] = {}
    for folder in folders:
        for path in sorted(folder.glob("*.toml")) if folder.is_dir() else ():
            model = _model(path)
            found[model.key] = model
    return dict(sorted(found.items()))


def models(home: Path | None) -> dict[str, Model]:
    """The shipped models and the data home's own, by key. Raises SetupError for a file that cannot be understood."""
    return read([SHIPPED] if home is None else [SHIPPED, home / "models"])


def model_of(home: Path | None, key: str) -> Model:
    """The model of that key. Raises NotFound (reason "model") and SetupError."""
    known = models(home)
    if key not in known:
        named = ", ".join(known)
        raise NotFound(
            f"没有工作量模型 {key[:64]}，现有：{named} · No workload model {key[:64]}; there are: {named}",
            reason="model",
        )
    return known[key]


def _model(path: Path) -> Model:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SetupError(f"{path}: cannot be read as TOML: {error}.") from error
    try:
        return Model.model_validate(table)
    except ValidationError as error:
        raise SetupError(f"{path}: {'; '.join(_told(one) for one in error.errors(include_url=False))}.") from error


def _told(error: Any) -> str:
    """One complaint: which key, what is wrong with it, what came."""
    key = ".".join(str(part) for part in error["loc"]) or "the file"
    if error["type"] == "extra_forbidden":
        return f"{key}: there is no such key"
    given = "" if error["type"] == "missing" else f" (it says {str(error['input'])[:60]!r})"
    return f"{key}: {error['msg']}{given}"
