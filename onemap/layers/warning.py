"""Warnings at levels I-IV over the zone they threaten, with their cause."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Integer
from sqlalchemy import Text as TextType
from sqlalchemy.dialects.postgresql import JSONB

from onemap.core.policy import INSIDE
from onemap.store.layer import Attribute, LayerSpec, Text
from onemap.store.schema import feature_table, level_column, timestamp

TABLE = feature_table(
    "warning",
    "MultiPolygon",
    [
        Column("hazard_key", TextType),
        level_column("level"),
        Column("state", TextType),
        Column("title", TextType),
        Column("cause", JSONB),
        timestamp("raised_at"),
        timestamp("changed_at"),
        timestamp("ended_at"),
        Column("drill", Boolean),
        Column("households", Integer),
        Column("residents", Integer),
    ],
)

LAYER = LayerSpec(
    name="warning",
    title=Text("预警", "Warnings"),
    table=TABLE,
    geometry="MultiPolygon",
    group="events",
    minzoom=6,
    live=True,
    time="raised_at",
    style={"kind": "warning", "order": 85, "by": "level"},
    attributes=(
        Attribute("hazard_key", Text("隐患点", "Hazard point")),
        Attribute("level", Text("等级", "Level"), "level"),
        Attribute(
            "state",
            Text("状态", "State"),
            "code",
            values={
                "active": Text("生效", "Active"),
                "confirmed": Text("已确认", "Confirmed"),
                "ended": Text("已解除", "Ended"),
            },
        ),
        Attribute("title", Text("标题", "Title")),
        Attribute("cause", Text("原因", "Cause"), tile_minzoom=None),
        Attribute("raised_at", Text("发布时间", "Raised"), "time"),
        Attribute("changed_at", Text("变更时间", "Changed"), "time"),
        Attribute("ended_at", Text("解除时间", "Ended"), "time"),
        Attribute("drill", Text("演练", "Drill"), "bool"),
        Attribute("households", Text("威胁户数", "Households"), "count", unit="户", small_counts=True, roles=INSIDE),
        Attribute("residents", Text("威胁人数", "Residents"), "count", unit="人", small_counts=True, roles=INSIDE),
    ),
)
