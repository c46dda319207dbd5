"""Rivers, lakes and ponds as areas."""

from __future__ import annotations

from sqlalchemy import Column
from sqlalchemy import Text as TextType

from onemap.store.layer import Attribute, LayerSpec, Text
from onemap.store.schema import feature_table

TABLE = feature_table(
    "water",
    "MultiPolygon",
    [
        Column("kind", TextType),
        Column("name", TextType),
        Column("name_en", TextType),
    ],
)

LAYER = LayerSpec(
    name="water",
    title=Text("水系", "Water"),
    table=TABLE,
    geometry="MultiPolygon",
    group="base",
    minzoom=4,
    style={"kind": "water", "order": 12, "label": "name"},
    attributes=(
        Attribute(
            "kind",
            Text("类型", "Kind"),
            "code",
            values={
                "river": Text("河流", "River"),
                "lake": Text("湖泊", "Lake"),
                "pond": Text("坑塘", "Pond"),
                "reservoir": Text("水库", "Reservoir"),
            },
        ),
        Attribute("name", Text("名称", "Name")),
        Attribute("name_en", Text("英文名", "English name")),
    ),
)
