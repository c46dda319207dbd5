"""Geologic-hazard points: six kinds, levels I-IV, what they threaten in counts, which post is responsible."""

from __future__ import annotations

from sqlalchemy import Column, Double, Integer
from sqlalchemy import Text as TextType

from onemap.core.policy import INSIDE
from onemap.store.layer import Attribute, LayerSpec, Text
from onemap.store.schema import feature_table, level_column

TABLE = feature_table(
    "hazard",
    "Point",
    [
        Column("name", TextType),
        Column("kind", TextType),
        level_column("level"),
        Column("households", Integer),
        Column("residents", Integer),
        Column("contact_role", TextType),
        Column("slope_deg", Double),
        Column("grid_code", TextType),
        Column("status", TextType),
    ],
)

LAYER = LayerSpec(
    name="hazard",
    title=Text("地灾隐患点", "Geologic-hazard points"),
    table=TABLE,
    geometry="Point",
    group="hazards",
    minzoom=6,
    live=True,
    style={"kind": "symbol", "order": 80, "glyph": "hazard", "by": "level"},
    attributes=(
        Attribute("name", Text("名称", "Name")),
        Attribute(
            "kind",
            Text("灾害类型", "Kind"),
            "code",
            values={
                "collapse": Text("山体崩塌", "Collapse"),
                "landslide": Text("滑坡", "Landslide"),
                "debris_flow": Text("泥石流", "Debris flow"),
                "ground_collapse": Text("地面塌陷", "Ground collapse"),
                "ground_fissure": Text("地裂缝", "Ground fissure"),
                "land_subsidence": Text("地面沉降", "Land subsidence"),
            },
        ),
        Attribute("level", Text("险情等级", "Level"), "level"),
        Attribute("households", Text("威胁户数", "Households"), "count", unit="户", small_counts=True, roles=INSIDE),
        Attribute("residents", Text("威胁人数", "Residents"), "count", unit="人", small_counts=True, roles=INSIDE),
        Attribute("contact_role", Text("责任岗位", "Duty contact"), roles=INSIDE),
        Attribute("slope_deg", Text("坡度", "Slope"), "number", unit="°"),
        Attribute("grid_code", Text("所在网格", "Grid")),
        Attribute(
            "status",
            Text("状态", "Status"),
            "code",
            values={
                "active": Text("在册", "Active"),
                "watch": Text("监测", "Watched"),
                "closed": Text("销号", "Closed"),
            },
        ),
    ),
)
