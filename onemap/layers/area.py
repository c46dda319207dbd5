"""Administrative areas from province to community, each naming its parent."""

from __future__ import annotations

from sqlalchemy import Column
from sqlalchemy import Text as TextType

from onemap.store.layer import Attribute, LayerSpec, Text
from onemap.store.schema import feature_table

TABLE = feature_table(
    "area",
    "MultiPolygon",
    [
        Column("level", TextType),
        Column("code", TextType),
        Column("parent_code", TextType),
        Column("name", TextType),
        Column("name_en", TextType),
    ],
)

LAYER = LayerSpec(
    name="area",
    title=Text("行政区划", "Administrative areas"),
    table=TABLE,
    geometry="MultiPolygon",
    group="grids",
    style={"kind": "line", "order": 40, "label": "name", "by": "level"},
    attributes=(
        Attribute(
            "level",
            Text("级别", "Level"),
            "code",
            values={
                "province": Text("省", "Province"),
                "city": Text("市", "City"),
                "district": Text("区县", "District"),
                "street": Text("街道/镇", "Street or town"),
                "community": Text("社区/村", "Community"),
            },
        ),
        Attribute("code", Text("区划代码", "Division code")),
        Attribute("parent_code", Text("上级代码", "Parent code")),
        Attribute("name", Text("名称", "Name")),
        Attribute("name_en", Text("英文名", "English name")),
    ),
)
