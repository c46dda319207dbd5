"""Shapes of the search's door, for the API's description."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from server.models import Model


class FoundThing(Model):
    """One thing that is called so, with a place to go to."""

    layer: str
    key: str
    name: str = Field(description="What it is called; its key where it has no name")
    name_en: str | None
    kind: str | None = Field(description="A code of the layer's kind, or of what the map draws it by")
    match: Literal["exact", "prefix", "inside"]
    by: str = Field(description="The attribute that answers, or key")
    text: str = Field(description="That attribute's value")
    place: str | None = Field(description="The grid, or else the smallest area, that it lies in")
    point: tuple[float, float] = Field(description="Longitude and latitude of a place in it")
    bbox: tuple[float, float, float, float] = Field(description="West, south, east, north in degrees")


class Found(Model):
    """What was found, best first."""

    q: str = Field(description="As it was understood: narrow signs, nothing around it")
    items: list[FoundThing]
    more: bool = Field(description="Whether more answer to it than are told")
