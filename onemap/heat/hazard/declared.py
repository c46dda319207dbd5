"""Risk surfaces as files: each hazard declares its terms, exposure, vulnerability and coping; one file combines them.

The shipped files lie in `surfaces/` beside this module; a data home's own `surfaces/*.toml` add surfaces or take the
place of shipped ones by name. What a file may say is what the classes here say: anything else is refused at start with
the file, the key and what is allowed. Weights are the scores of a cell of full hazard without people (factor 1).
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from onemap.core.clock import BEIJING
from onemap.core.errors import SetupError

SHIPPED = Path(__file__).parent / "surfaces"
#: Levels I to IV.
LEVELS = 4
HAZARD_KINDS = ("landslide", "collapse", "debris_flow", "ground_collapse", "ground_fissure", "land_subsidence", "")
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0)]
Hours = Annotated[tuple[Share, ...], Field(min_length=24, max_length=24)]
HazardKind = Literal["landslide", "collapse", "debris_flow", "ground_collapse", "ground_fissure", "land_subsidence", ""]


class Strict(BaseModel):
    """A table of a surface file: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Words(Strict):
    """A phrase in both languages."""

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)


class Near(Strict):
    """A term that fades with the distance from a place: exp(-d / decay_m), nothing past radius_m."""

    decay_m: Positive
    radius_m: Annotated[float, Field(gt=0.0, le=2000.0)]


class PointsTerm(Near):
    """Hazard points by level. Down the descent the decay length grows to `downslope_m`.

    Fully so where the ground falls from the point at `reach_angle_deg` or steeper (a travel angle, Corominas 1996).
    """

    kind: Literal["points"]
    hazards: Annotated[tuple[HazardKind, ...], Field(min_length=1)]
    weights: Annotated[tuple[Positive, ...], Field(min_length=LEVELS, max_length=LEVELS)]
    downslope_m: Positive
    reach_angle_deg: Annotated[float, Field(gt=0.0, lt=90.0)] = 22.0


class SensorsTerm(Near):
    """Last readings against their limits, around the hazard point they watch or around the sensor itself.

    Excess runs from 0 at `excess_from` of a limit through 1 at the limit to `excess_max`; it fades with the reading's
    age, exp(-age / fade_h). `limits` gives properties without thresholds of their own the values that enter IV to I.
    """

    kind: Literal["sensors"]
    around: Literal["hazard", "sensor"]
    hazards: tuple[HazardKind, ...] = ()
    sensors: tuple[str, ...] = ()
    limits: dict[str, Annotated[tuple[float, ...], Field(min_length=LEVELS, max_length=LEVELS)]] = {}
    weights: Annotated[tuple[Positive, ...], Field(min_length=LEVELS, max_length=LEVELS)]
    excess_from: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.6
    excess_max: Annotated[float, Field(ge=1.0, le=5.0)] = 2.0
    fade_h: Positive = 6.0

    @model_validator(mode="after")
    def _has_a_place(self) -> SensorsTerm:
        if self.around == "hazard" and not self.hazards:
            raise ValueError("around = 'hazard' needs hazards = [...]: the kinds of hazard point it stands for")
        if self.around == "sensor" and not self.sensors:
            raise ValueError("around = 'sensor' needs sensors = [...]: the kinds of sensor it reads")
        return self


class TerrainTerm(Strict):
    """What the ground itself is prone to: the landslide susceptibility, or how wet it lies; 0..1, from `least` up."""

    kind: Literal["terrain"]
    product: Literal["susceptibility", "wetness"]
    weight: Positive
    least: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.0
    power: Positive = 1.0


class RainTerm(Strict):
    """Antecedent rain: API = sum of decay_per_day^age · mm over `days`, between from_mm (0) and full_mm (1).

    Between gauges inverse to the squared distance, of the nearest `gauges` within `reach_m`. Times how readily the
    ground answers: `ground`: the greater of the points' falloff and the susceptibility; `low`: the wetness.
    """

    kind: Literal["rain"]
    through: Literal["ground", "low"]
    property: str = "rain_intensity"
    weight: Positive
    decay_per_day: Annotated[float, Field(gt=0.0, lt=1.0)]
    days: Annotated[int, Field(ge=1, le=30)] = 7
    from_mm: Annotated[float, Field(ge=0.0)]
    full_mm: Positive
    gauges: Annotated[int, Field(ge=1, le=8)] = 3
    reach_m: Positive = 15_000.0

    @model_validator(mode="after")
    def _rises(self) -> RainTerm:
        if self.full_mm <= self.from_mm:
            raise ValueError("full_mm must be above from_mm")
        return self


class IncidentsTerm(Near):
    """Incidents near, each fading by half in `half_life_h` hours. Codes: `matter-09012`, or all of `part-01`."""

    kind: Literal["incidents"]
    codes: Annotated[tuple[Annotated[str, Field(pattern=r"^(matter|part)-[0-9]{2,5}$")], ...], Field(min_length=1)]
    weight: Positive
    half_life_h: Positive
    days: Annotated[int, Field(ge=1, le=90)]


class BuildingsTerm(Strict):
    """Low buildings that stand close: the weighted count in a cell by use, `full` of them giving the whole weight."""

    kind: Literal["buildings"]
    uses: Annotated[dict[str, Positive], Field(min_length=1)]
    floors_max: Annotated[int, Field(ge=1)]
    full: Positive
    weight: Positive


Term = Annotated[
    PointsTerm | SensorsTerm | TerrainTerm | RainTerm | IncidentsTerm | BuildingsTerm, Field(discriminator="kind")
]


class Vulnerability(Strict):
    """Mean over a cell's buildings of use factor · floors factor; 1 without any. low: to 2 floors, high: from 7."""

    uses: dict[str, Positive] = {}
    low: Positive = 1.0
    middle: Positive = 1.0
    high: Positive = 1.0


class Coping(Strict):
    """1 + far · (1 - exp(-d / reach_m)) for the nearest idle team, times 1 + unseen where no working camera looks."""

    teams: tuple[str, ...] = ()
    reach_m: Positive = 2000.0
    far: Annotated[float, Field(ge=0.0, le=2.0)] = 0.0
    unseen: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0


class _Surface(Strict):
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
    title: Words
    unit: Words
    breaks: Annotated[tuple[Positive, ...], Field(min_length=2)]
    about: Words

    @model_validator(mode="after")
    def _breaks_rise(self) -> _Surface:
        if list(self.breaks) != sorted(set(self.breaks)):
            raise ValueError("breaks must rise")
        return self


class Hazard(_Surface):
    """One hazard: score = (sum of its terms) · exposure · vulnerability · coping."""

    kind: Literal["hazard"]
    terms: Annotated[tuple[Term, ...], Field(min_length=1)]
    vulnerability: Vulnerability = Vulnerability()
    coping: Coping = Coping()


class Combined(_Surface):
    """Several hazards in one score, by a stated rule.

    sum: the weighted scores added. max: the greatest weighted score. noisy-or: full · (1 - product of
    (1 - min(weighted score / full, 0.999))).
    """

    kind: Literal["combined"]
    of: Annotated[dict[str, Positive], Field(min_length=1)]
    rule: Literal["sum", "max", "noisy-or"]
    full: Positive = 32.0


class Exposure(Strict):
    """Who is where at which hour: shares of residents at home, and of an organisation's people at work, by use.

    `floor` keeps the hazard of an empty slope; each tenfold of people adds one. `present` holds 24 shares from
    midnight on in the city's zone; weekends are not told apart.
    """

    kind: Literal["exposure"]
    floor: Annotated[float, Field(ge=0.0, le=1.0)]
    home: Hours
    per_organisation: dict[str, Positive]
    present: dict[str, Hours]
    always_one: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _uses_agree(self) -> Exposure:
        if missing := set(self.per_organisation) ^ set(self.present):
            raise ValueError(f"per_organisation and present must name the same uses; one lacks {sorted(missing)}")
        return self


Surface = Hazard | Combined
_KINDS: dict[str, type[Hazard] | type[Combined] | type[Exposure]] = {
    "hazard": Hazard, "combined": Combined, "exposure": Exposure
}  # fmt: skip
#: The layers that a term is made of: who may not see one of them does not see the surface.
LAYERS_OF: dict[str, tuple[str, ...]] = {
    "points": ("hazard",), "sensors": ("sensor",), "terrain": (), "rain": ("sensor",), "incidents": ("incident",),
    "buildings": ("building",),
}  # fmt: skip


class Declared(Strict):
    """All risk surfaces of one installation: hazards before their combinations, each in the order of its name."""

    hazards: tuple[Hazard, ...]
    combined: tuple[Combined, ...]
    exposure: Exposure
    zone: str = BEIJING  # whose clock the hours of the exposure are on

    def __hash__(self) -> int:
        return hash(self.digest)

    @cached_property
    def digest(self) -> str:
        """Changes with anything that is declared."""
        return hashlib.sha256(json.dumps(self.model_dump(mode="json"), sort_keys=True).encode()).hexdigest()[:16]

    @property
    def surfaces(self) -> tuple[Surface, ...]:
        """Combinations first, as they are offered."""
        return (*self.combined, *self.hazards)

    def surface(self, name: str) -> Surface:
        """The surface of that name. Raises KeyError."""
        return {surface.name: surface for surface in self.surfaces}[name]

    def layers(self, name: str) -> tuple[str, ...]:
        """The layers that a surface is made of, sorted. Raises KeyError."""
        surface = self.surface(name)
        if isinstance(surface, Combined):
            return tuple(sorted({layer for member in surface.of for layer in self.layers(member)}))
        # Exposure and vulnerability come from buildings, whatever the terms are.
        return tuple(sorted({"building", *(layer for term in surface.terms for layer in LAYERS_OF[term.kind])}))


def read(folders: Iterable[Path], zone: str = BEIJING) -> Declared:
    """The surfaces of some folders; a later file takes the place of an earlier one of its name.

    Raises SetupError with file, key and what is allowed for anything that is not as the classes here say.
    """
    found: dict[str, tuple[Path, Surface]] = {}
    exposure: Exposure | None = None
    for path in _files(folders):
        table = _table(path)
        if isinstance(table, Exposure):
            exposure = table
        else:
            found[table.name] = (path, table)
    if exposure is None:
        raise SetupError("No surface file states the exposure (kind = 'exposure').")
    hazards = tuple(s for _, (_, s) in sorted(found.items()) if isinstance(s, Hazard))
    combined = tuple(s for _, (_, s) in sorted(found.items()) if isinstance(s, Combined))
    known = {hazard.name for hazard in hazards}
    for surface in combined:
        if unknown := sorted(set(surface.of) - known):
            path = found[surface.name][0]
            raise SetupError(
                f"{path}: of: no hazard surface {', '.join(unknown)}; there are {', '.join(sorted(known))}."
            )
    for name in ("incidents", "forecast"):
        if name in found:
            raise SetupError(f"{found[name][0]}: name: {name!r} is the name of another surface.")
    return Declared(hazards=hazards, combined=combined, exposure=exposure, zone=zone)


def _files(folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        if folder.is_dir():
            yield from sorted(folder.glob("*.toml"))


def _table(path: Path) -> Hazard | Combined | Exposure:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SetupError(f"{path}: cannot be read as TOML: {error}.") from error
    kind = table.get("kind")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise SetupError(f"{path}: kind: {kind!r} is none of {', '.join(_KINDS)}.")
    try:
        return _KINDS[kind].model_validate(table)
    except ValidationError as error:
        raise SetupError(f"{path}: {'; '.join(_told(one) for one in error.errors(include_url=False))}.") from error


def _told(error: Any) -> str:
    """One complaint: which key, what is wrong with it, what came."""
    key = ".".join(str(part) for part in error["loc"]) or "the file"
    if error["type"] == "extra_forbidden":
        return f"{key}: there is no such key"
    given = "" if error["type"] == "missing" else f" (it says {str(error['input'])[:60]!r})"
    return f"{key}: {error['msg']}{given}"


_used: list[Declared] = []


def use(home: Path | None, zone: str = BEIJING) -> Declared:
    """Read the shipped surfaces and the data home's own, once at start, for this process. Raises SetupError."""
    found = read([SHIPPED] if home is None else [SHIPPED, home / "surfaces"], zone)
    _used[:] = [found]
    return found


def declared() -> Declared:
    """The surfaces of this process: what `use` read, or the shipped ones."""
    return _used[0] if _used else use(None)
