"""Roads and railways by class."""

from __future__ import annotations

from sqlalchemy import Boolean, Column
from sqlalchemy import Text as TextType

from onemap.store.layer import Attribute, LayerSpec, Text
from onemap.store.schema import feature_table, searched_index

TABLE = feature_table(
    "road",
    "MultiLineString",
    [
        Column("class", TextType),
        Column("name", TextType),
        Column("name_en", TextType),
        Column("bridge", Boolean),
    ],
)
searched_index(TABLE, "name", "name_en")

LAYER = LayerSpec(
    name="road",
    title=Text("道路", "Roads"),
    table=TABLE,
    geometry="MultiLineString",
    group="base",
    minzoom=6,
    style={"kind": "road", "order": 20, "label": "name", "by": "class"},
    tile_where={
        0: "class IN ('motorway', 'trunk', 'primary', 'rail')",
        11: "class IN ('motorway', 'trunk', 'primary', 'secondary', 'rail')",
        13: "class NOT IN ('service', 'footway', 'track')",
        14: "true",
    },
    attributes=(
        Attribute("class", Text("等级", "Class"), "code"),
        Attribute("name", Text("路名", "Name")),
        Attribute("name_en", Text("英文名", "English name")),
        Attribute("bridge", Text("桥", "Bridge"), "bool"),
    ),
)
