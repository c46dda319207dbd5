"""The zone each hazard point threatens."""

from __future__ import annotations

from sqlalchemy import Column
from sqlalchemy import Text as TextType

from onemap.store.layer import Attribute, LayerSpec, Text
from onemap.store.schema import feature_table

TABLE = feature_table(
    "hazard_zone",
    "MultiPolygon",
    [
        Column("hazard_key", TextType),
        Column("name", TextType),
    ],
)

LAYER = LayerSpec(
    name="hazard_zone",
    title=Text("威胁区", "Threatened zones"),
    table=TABLE,
    geometry="MultiPolygon",
    group="hazards",
    minzoom=9,
    live=True,
    style={"kind": "fill", "order": 45},
    attributes=(
        Attribute("hazard_key", Text("隐患点", "Hazard point")),
        Attribute("name", Text("名称", "Name")),
    ),
)
