"""Unit grids (单元网格) of an edition, with 15-character codes, validity and duty team."""

from __future__ import annotations

from sqlalchemy import Column, Double, Index
from sqlalchemy import Text as TextType

from onemap.store.layer import Attribute, LayerSpec, Text
from onemap.store.schema import feature_table, timestamp

TABLE = feature_table(
    "grid",
    "MultiPolygon",
    [
        Column("edition", TextType),
        Column("code", TextType),
        Column("name", TextType),
        Column("community_code", TextType),
        Column("kind", TextType),
        timestamp("valid_from"),
        timestamp("valid_to"),
        Column("team_key", TextType),
        Column("area_m2", Double),
        Column("special", TextType),  # of a special grid: what it is made of
    ],
)
Index("ix_grid_edition_code", TABLE.c.edition, TABLE.c.code)

LAYER = LayerSpec(
    name="grid",
    title=Text("网格", "Unit grids"),
    table=TABLE,
    geometry="MultiPolygon",
    group="grids",
    minzoom=10,
    valid=("valid_from", "valid_to"),
    style={"kind": "line", "order": 41, "label": "name"},
    attributes=(
        Attribute("edition", Text("版本", "Edition")),
        Attribute("code", Text("网格编码", "Grid code")),
        Attribute("name", Text("名称", "Name")),
        Attribute("community_code", Text("所属社区", "Community")),
        Attribute(
            "kind",
            Text("类别", "Kind"),
            "code",
            values={"unit": Text("单元网格", "Unit grid"), "special": Text("专属网格", "Special grid")},
        ),
        Attribute("valid_from", Text("启用时间", "Valid from"), "time"),
        Attribute("valid_to", Text("终止时间", "Valid to"), "time"),
        Attribute("team_key", Text("责任队伍", "Duty team")),
        Attribute("area_m2", Text("面积", "Area"), "number", unit="m²"),
        Attribute(
            "special",
            Text("专属类别", "Special use"),
            "code",
            values={
                "school": Text("学校", "School"),
                "estate": Text("小区", "Estate"),
                "industrial": Text("园区", "Industrial park"),
                "hospital": Text("医院", "Hospital"),
                "market": Text("市场", "Market"),
                "other": Text("其他专属", "Other special"),
            },
        ),
    ),
)
