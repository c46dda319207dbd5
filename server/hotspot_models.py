"""The shapes of the hot-spot doors, for the API's description; see server/models.py."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from server.models import Model, Texts

GiClass = Literal["hot99", "hot95", "hot90", "none", "cold90", "cold95", "cold99"]
EmergingClass = Literal[
    "hot-new", "hot-consecutive", "hot-intensifying", "hot-persistent", "hot-diminishing", "hot-sporadic",
    "hot-oscillating", "hot-historical", "none", "cold-new", "cold-consecutive", "cold-intensifying",
    "cold-persistent", "cold-diminishing", "cold-sporadic", "cold-oscillating", "cold-historical",
]  # fmt: skip
Position = tuple[float, float]


class MultiPolygonGeometry(Model):
    """A GeoJSON MultiPolygon in WGS-84 degrees."""

    type: Literal["MultiPolygon"]
    coordinates: list[list[list[Position]]]


class HotSpotProperties(Model):
    """One class of cells: all of it, or with `bbox` the patches that meet the box."""

    class_: GiClass | EmergingClass = Field(alias="class")
    title: Texts
    cells: int
    events: float = Field(description="What was counted in the cells, over all steps.")
    z_max: float = Field(description="The z farthest from 0; of an emerging class that of the last step.")
    p_min: float = Field(description="The least p; of an emerging class that of the trend.")
    area_km2: float


class HotSpotFeature(Model):
    """The outline of one class."""

    type: Literal["Feature"]
    geometry: MultiPolygonGeometry
    properties: HotSpotProperties


class HotSpotMeta(Model):
    """What was tested, and how."""

    kind: Literal["gi", "emerging"]
    res: int
    rings: int
    window: str
    from_: datetime | None = Field(alias="from")
    to: datetime | None
    cells_tested: int
    study_area: Literal["district", "street", "grid", "events"] | None
    fdr: Literal["benjamini-hochberg"]
    alpha: float
    method: Texts
    published: bool
    steps: list[tuple[datetime, datetime]] | None


class HotSpots(Model):
    """A GeoJSON FeatureCollection, one feature a class, hottest first."""

    type: Literal["FeatureCollection"]
    features: list[HotSpotFeature]
    meta: HotSpotMeta


class EmergingCell(Model):
    """A cell over the steps of the space-time cube."""

    class_: EmergingClass = Field(alias="class")
    title: Texts
    z_series: list[tuple[datetime, float]] = Field(description="End of the step, z; oldest first.")
    mk_tau: float
    mk_p: float


class HotSpotCell(Model):
    """One cell of the study area."""

    cell: str
    res: int
    value: float
    z: float
    p: float
    q: float
    class_: GiClass = Field(alias="class")
    title: Texts
    n: int = Field(description="Cells tested.")
    local_sum: float = Field(description="Its value and its neighbours'.")
    neighbours: int = Field(description="How many it has inside the study area.")
    mean: float = Field(description="Of all cells tested.")
    emerging: EmergingCell | None
