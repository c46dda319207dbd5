"""Duty teams: a post, a number of members, a base; never who they are."""

from __future__ import annotations

from sqlalchemy import Column, Integer
from sqlalchemy import Text as TextType

from onemap.core.policy import INSIDE
from onemap.store.layer import Attribute, LayerSpec, Text
from onemap.store.schema import feature_table

TABLE = feature_table(
    "team",
    "Point",
    [
        Column("name", TextType),
        Column("kind", TextType),
        Column("status", TextType),
        Column("members", Integer),
        Column("grid_code", TextType),
        Column("parent_key", TextType),
    ],
)

LAYER = LayerSpec(
    name="team",
    title=Text("处置队伍", "Teams"),
    table=TABLE,
    geometry="Point",
    group="teams",
    minzoom=8,
    live=True,
    roles=INSIDE,
    style={"kind": "symbol", "order": 78, "glyph": "team", "by": "status"},
    attributes=(
        Attribute("name", Text("名称", "Name")),
        Attribute(
            "kind",
            Text("类型", "Kind"),
            "code",
            values={
                "grid": Text("网格队", "Grid"),
                "geohazard": Text("地灾巡查", "Geohazard"),
                "fire": Text("消防", "Fire"),
                "medical": Text("医疗", "Medical"),
                "repair": Text("抢修", "Repair"),
                "patrol": Text("巡逻", "Patrol"),
                "desk": Text("值班室", "Duty desk"),
            },
        ),
        Attribute(
            "status",
            Text("状态", "Status"),
            "code",
            values={"idle": Text("空闲", "Idle"), "busy": Text("任务中", "Busy"), "off": Text("离线", "Off duty")},
        ),
        Attribute("members", Text("人数", "Members"), "int", unit="人"),
        Attribute("grid_code", Text("驻地网格", "Grid")),
        Attribute("parent_key", Text("上级", "Parent")),
    ),
)
