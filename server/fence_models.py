"""The shapes of the fence doors, for the API's description; see server/models.py."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from server.models import Level, Model, Texts

FenceKind = Literal["duty", "alert", "nofly", "keep_in", "watch"]
FenceSourceType = Literal["polygon", "grids", "hazard_zone", "cells", "buffer", "mover"]
FenceEventKind = Literal[
    "approach",
    "enter",
    "exit",
    "dwell",
    "cross",
    "appeared_inside",
    "absent_when_due",
    "fence_created",
    "fence_expired",
]
MoverKind = Literal["drone", "vehicle", "team_device"]
PairState = Literal["outside", "approaching", "inside", "dwelling"]


class FenceSource(Model):
    """Where a fence's ground comes from; it follows its source when that changes."""

    type: FenceSourceType
    geometry: dict[str, Any] | None = Field(None, description="GeoJSON Polygon or MultiPolygon; with polygon.")
    codes: list[str] | None = Field(None, description="Grid codes; with grids. They follow the edition in force.")
    cells: list[str] | None = Field(None, description="H3 cells as hexadecimal; with cells.")
    layer: str | None = Field(None, description="Layer of the asset; with buffer.")
    key: str | None = Field(None, description="Key of the hazard point, asset or mover.")
    radius_m: float | None = Field(None, gt=0, le=50_000, description="With buffer and mover.")


class FenceDue(Model):
    """Who has to be inside, and when: its absence is an event."""

    mover_keys: list[str] = Field([])
    team_keys: list[str] = Field([])
    hours: str = Field("0-24", description="Local hours, such as 22-6.")
    weekdays: list[int] = Field([], description="0 is Monday; empty is every day.")
    grace_s: float = Field(600, ge=0)


class FenceSpec(Model):
    """A fence as its author declares it."""

    name: str = Field(min_length=1, max_length=100)
    kind: FenceKind = "alert"
    source: FenceSource
    team_key: str | None = None
    level: Level | None = Field(None, description="Level of the warning that its events raise; empty raises none.")
    events: list[FenceEventKind] = Field(["enter", "exit"], description="Events that are written.")
    warn_on: list[FenceEventKind] = Field([], description="Events that raise the warning.")
    on_create: Literal["nothing", "event", "warn"] = Field(
        "event", description="What an object already inside raises, once."
    )
    enter_p: float = Field(0.8, gt=0, le=1, description="Probability of being inside from which an object is inside.")
    exit_p: float = Field(0.2, ge=0, lt=1, description="Probability below which it is outside again.")
    approach_m: float = Field(0, ge=0, le=20_000, description="Distance at which it is approaching; 0 is off.")
    dwell_s: float = Field(0, ge=0, le=7 * 86_400, description="Time inside after which it is dwelling; 0 is off.")
    max_speed_mps: float = Field(70, gt=0, le=400, description="A fix that implies more is not believed.")
    floor_m: float | None = Field(None, description="Altitude band; empty is open.")
    ceiling_m: float | None = None
    hours: str = Field("0-24", description="Local hours in which it is in force, such as 22-6.")
    weekdays: list[int] = Field([], description="0 is Monday; empty is every day.")
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    mover_kinds: list[MoverKind] = Field([], description="Empty is every kind.")
    due: FenceDue | None = None
    note: str = Field("", max_length=500)


class Fence(FenceSpec):
    """A fence as it stands."""

    key: str
    state: Literal["in_force", "resting", "scheduled", "expired", "broken"] = Field(
        description="resting: outside its hours. broken: its source is gone; see problem."
    )
    problem: str | None = None
    geometry: dict[str, Any] | None = Field(description="GeoJSON MultiPolygon, WGS-84.")
    area_m2: float | None
    inside: int = Field(description="Objects inside or dwelling at present.")
    changed_at: datetime
    changed_by: str


class FencePreview(Model):
    """What a declared fence would hold, before it is made."""

    geometry: dict[str, Any]
    area_m2: float
    buildings: int
    households: int | None
    residents: int | None
    hazards: int
    cameras: int
    grids: list[str]
    movers: list[dict[str, Any]] = Field(description="key, name, kind of those inside now.")
    problems: list[str]


class FenceEvent(Model):
    """Something that happened between an object and a fence, with its reason."""

    id: int
    fence_key: str
    fence_name: str
    mover_key: str | None
    mover_name: str | None
    kind: FenceEventKind
    at: datetime = Field(description="Time of the fix, or of the fence's change.")
    lon: float | None
    lat: float | None
    probability: float | None
    reason: Texts
    warning_key: str | None


class Inside(Model):
    """An object at a fence that is not simply outside."""

    mover_key: str
    mover_name: str | None
    kind: str | None
    state: PairState
    since: datetime
    probability: float
    distance_m: float
    seen_at: datetime
