"""What a layer says of itself: table, attributes, zooms, time, who may see what, and hints for drawing it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy import Table

from onemap.core.policy import ALL_ROLES, Role

#: What a thing is called and known by, where a layer does not say it otherwise.
NAMING = ("name", "name_en", "title", "code")

AttributeKind = Literal["text", "code", "int", "number", "bool", "time", "count", "level"]


@dataclass(frozen=True)
class Text:
    """A phrase in the two languages of the product."""

    zh: str
    en: str

    def as_json(self) -> dict[str, str]:
        """As the doors tell it."""
        return {"zh": self.zh, "en": self.en}


@dataclass(frozen=True)
class Attribute:
    """One column that leaves the house: its title, unit, who may see it, and from which zoom tiles carry it."""

    name: str
    title: Text
    kind: AttributeKind = "text"
    unit: str = ""
    roles: frozenset[Role] = ALL_ROLES
    tile_minzoom: int | None = 0  # None: never in tiles
    small_counts: bool = False  # suppressed below the floor for roles that are not command
    values: Mapping[str, Text] = field(default_factory=dict)  # titles of a code's values


@dataclass(frozen=True)
class LayerSpec:
    """One layer of the map. Routes, OpenAPI, catalogue, policy, import and contract tests follow from it."""

    name: str
    title: Text
    table: Table
    geometry: str
    attributes: tuple[Attribute, ...]
    group: str = "base"
    minzoom: int = 0
    maxzoom: int = 16
    roles: frozenset[Role] = ALL_ROLES
    time: str | None = None  # the column of the event's own time
    live: bool = False  # streamed to open maps
    valid: tuple[str, str] | None = None  # columns of when a row is in force, start and end: lists and tiles keep to it
    volatile: tuple[str, ...] = ()
    as_of: str | None = None  # .sql file giving the layer as of an instant, where history alone does not
    style: Mapping[str, object] = field(default_factory=dict)
    tile_where: Mapping[int, str] = field(default_factory=dict)  # from zoom: an extra condition (spec text, no values)
    found_by: tuple[str, ...] | None = None  # texts that the search looks in; None: those of NAMING that it has

    def __post_init__(self) -> None:
        known = set(self.table.columns.keys())
        unknown = [a.name for a in self.attributes if a.name not in known]
        if unknown:
            raise ValueError(f"layer {self.name}: attributes without a column: {unknown}")
        if tuple(self.table.info["volatile"]) != self.volatile:
            raise ValueError(f"layer {self.name}: the table's volatile columns are {self.table.info['volatile']}")
        stray = [name for name in self.found_by or () if self.attribute(name) is None]
        if stray:
            raise ValueError(f"layer {self.name}: found by what is no attribute: {stray}")

    @property
    def searched(self) -> tuple[str, ...]:
        """The attributes that the search looks in, besides the key: the first of them names the thing."""
        if self.found_by is not None:
            return self.found_by
        return tuple(name for name in NAMING if self.attribute(name) is not None)

    def attribute(self, name: str) -> Attribute | None:
        """The attribute of that name, or None."""
        return next((a for a in self.attributes if a.name == name), None)

    def visible(self, role: Role) -> tuple[Attribute, ...]:
        """The attributes that a role may see."""
        return tuple(a for a in self.attributes if role in a.roles)

    @property
    def kind_of(self) -> str | None:
        """The attribute that says what sort of a thing it is: its kind, else what the map draws it by; or None."""
        by = self.style.get("by")
        return next((a.name for a in self.attributes if a.name == "kind"), None) or (str(by) if by else None)
