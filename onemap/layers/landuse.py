"""Green land and other uses of land, for the base map."""

from __future__ import annotations

from sqlalchemy import Column
from sqlalchemy import Text as TextType

from onemap.store.layer import Attribute, LayerSpec, Text
from onemap.store.schema import feature_table

TABLE = feature_table(
    "landuse",
    "MultiPolygon",
    [
        Column("kind", TextType),
        Column("name", TextType),
    ],
)

LAYER = LayerSpec(
    name="landuse",
    title=Text("用地", "Land use"),
    table=TABLE,
    geometry="MultiPolygon",
    group="base",
    minzoom=6,
    style={"kind": "landuse", "order": 10, "by": "kind"},
    attributes=(
        Attribute(
            "kind",
            Text("类型", "Kind"),
            "code",
            values={
                "forest": Text("林地", "Forest"),
                "grass": Text("草地", "Grass"),
                "park": Text("公园", "Park"),
                "farm": Text("农田", "Farmland"),
                "industrial": Text("工业", "Industrial"),
                "residential": Text("居住", "Residential"),
                "school": Text("学校", "School"),
                "hospital": Text("医院", "Hospital"),
                "other": Text("其他", "Other"),
            },
        ),
        Attribute("name", Text("名称", "Name")),
    ),
)
