"""The shapes of grids brought as files, and of what is mended of them or of an edition; see server/models.py."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from server.models import Model, Texts


class ImportRepair(Model):
    """A gap or overlap that an import would mend, to be looked at."""

    kind: Literal["gap", "overlap", "invalid", "outside", "joined"]
    area_m2: float
    grids: list[str]
    to: str | None = Field(description="The grid that the sliver goes to.")
    where: dict[str, Any]


class ImportPreview(Model):
    """What a file of grids would make: nothing is kept until it is confirmed."""

    token: str
    file: str
    grids: int
    columns: dict[str, str | None] = Field(description="Which column of the file gives code, name, community, kind.")
    columns_found: list[str]
    repairs: list[ImportRepair] = Field(description="The largest, at most 500.")
    unlisted: int = Field(0, description="Smaller ones beside them: both together are all there are.")
    repaired_m2: float = Field(description="Of all of them.")
    problems: list[Texts] = Field(description="What must be mended in the file: with any, it cannot be confirmed.")
    notes: list[Texts] = Field([], description="Good to know.")
    datum: str = Field("WGS-84", description="What the file was read as.")
    edition: str = Field("", description="The edition that it was looked at beside.")
    bounds: list[float]


class EditionRepairs(Model):
    """What must be mended before a plan is opened on an edition whose grids overlap or leave gaps, or what was."""

    edition: str
    token: str = Field(
        description="Agrees to all of these repairs, listed or not, and to no others; empty where there are problems."
    )
    tolerance_m: float
    grids: int
    repairs: list[ImportRepair] = Field(description="The largest, at most 500.")
    unlisted: int = Field(0, description="Smaller ones beside them: both together are all there are.")
    repaired_m2: float = Field(description="Of all of them.")
    problems: list[Texts] = Field(description="What is no sliver: with any, no plan can be opened.")
    notes: list[Texts]
    bounds: list[float]
    accepted_by: str | None = None
    accepted_at: datetime | None = None


class Unmatched(Model):
    """The problem document (409) of an edition whose repairs nobody has agreed to yet, among others."""

    code: str
    reason: str | None = Field(None, description="`not-a-coverage`: see `mending`.")
    detail: str | None = None
    mending: EditionRepairs | None = None


class ImportConfirm(Model):
    """Make a plan of a previewed import."""

    token: str = Field(max_length=64)
    name: str = Field(min_length=1, max_length=120)
    accept_repairs: bool
