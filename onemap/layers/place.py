"""Place names for labels."""

from __future__ import annotations

from sqlalchemy import Column
from sqlalchemy import Text as TextType

from onemap.store.layer import Attribute, LayerSpec, Text
from onemap.store.schema import feature_table

TABLE = feature_table(
    "place",
    "Point",
    [
        Column("kind", TextType),
        Column("name", TextType),
        Column("name_en", TextType),
    ],
)

LAYER = LayerSpec(
    name="place",
    title=Text("地名", "Place names"),
    table=TABLE,
    geometry="Point",
    group="base",
    minzoom=4,
    style={"kind": "label", "order": 95, "label": "name", "by": "kind"},
    attributes=(
        Attribute(
            "kind",
            Text("类型", "Kind"),
            "code",
            values={
                "city": Text("市", "City"),
                "district": Text("区", "District"),
                "street": Text("街道", "Street"),
                "community": Text("社区", "Community"),
                "village": Text("村", "Village"),
                "peak": Text("山峰", "Peak"),
                "river": Text("河流", "River"),
            },
        ),
        Attribute("name", Text("名称", "Name")),
        Attribute("name_en", Text("英文名", "English name")),
    ),
)
