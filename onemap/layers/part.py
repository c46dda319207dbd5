"""Managed parts 管理部件 of the city (GB/T 47678.5): manhole covers, lamps, hydrants, bins, signs, as assets.

Who is in charge is an authority or a company. The catalogue's class is five digits, the instance's code seventeen.
"""

from __future__ import annotations

from sqlalchemy import Column
from sqlalchemy import Text as TextType

from onemap.core.policy import INSIDE
from onemap.store.layer import Attribute, LayerSpec, Text
from onemap.store.schema import feature_table, searched_index, timestamp

TABLE = feature_table(
    "part",
    "Point",
    [
        Column("code", TextType),
        Column("class_code", TextType),
        Column("name", TextType),
        Column("status", TextType),
        Column("authority", TextType),
        Column("owner", TextType),
        Column("maintainer", TextType),
        Column("grid_code", TextType),
        timestamp("installed_at"),
        timestamp("changed_at"),
        Column("source", TextType),
    ],
)
searched_index(TABLE, "name", "code")

LAYER = LayerSpec(
    name="part",
    title=Text("部件", "Parts"),
    table=TABLE,
    geometry="Point",
    group="assets",
    minzoom=14,
    style={"kind": "symbol", "order": 45, "glyph": "part", "by": "class_code"},
    attributes=(
        Attribute("code", Text("部件标识码", "Part code"), roles=INSIDE, tile_minzoom=None),
        Attribute("class_code", Text("分类代码", "Class code")),
        Attribute("name", Text("名称", "Name")),
        Attribute(
            "status",
            Text("状态", "Status"),
            "code",
            values={
                "intact": Text("完好", "Intact"),
                "damaged": Text("破损", "Damaged"),
                "lost": Text("丢失", "Lost"),
                "disused": Text("废弃", "Disused"),
                "removed": Text("移除", "Removed"),
            },
        ),
        Attribute("authority", Text("主管部门", "Authority"), tile_minzoom=None),
        Attribute("owner", Text("权属单位", "Owner"), roles=INSIDE, tile_minzoom=None),
        Attribute("maintainer", Text("养护单位", "Maintainer"), roles=INSIDE, tile_minzoom=None),
        Attribute("grid_code", Text("所在网格", "Grid")),
        Attribute("installed_at", Text("初始日期", "Installed"), "time", tile_minzoom=None),
        Attribute("changed_at", Text("变更日期", "Changed"), "time", tile_minzoom=None),
        Attribute("source", Text("数据来源", "Source"), roles=INSIDE, tile_minzoom=None),
    ),
)
