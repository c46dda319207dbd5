"""Movers: drones, vehicles and team devices on duty. Their fixes and tracks are machines', not people's."""

from __future__ import annotations

from sqlalchemy import Column, Double
from sqlalchemy import Text as TextType

from onemap.core.policy import INSIDE
from onemap.store.layer import Attribute, LayerSpec, Text
from onemap.store.schema import feature_table, timestamp

VOLATILE = (
    "geom",
    "h3",
    "status",
    "heading_deg",
    "speed_mps",
    "altitude_m",
    "battery_pct",
    "accuracy_m",
    "seen_at",
    "feed",
    "datum",
)

TABLE = feature_table(
    "mover",
    "Point",
    [
        Column("name", TextType),
        Column("kind", TextType),
        Column("team_key", TextType),
        Column("status", TextType),
        Column("heading_deg", Double),
        Column("speed_mps", Double),
        Column("altitude_m", Double),
        Column("battery_pct", Double),
        Column("accuracy_m", Double),
        timestamp("seen_at"),
    ],
    volatile=VOLATILE,
)

LAYER = LayerSpec(
    name="mover",
    title=Text("移动目标", "Movers"),
    table=TABLE,
    geometry="Point",
    group="teams",
    minzoom=6,
    live=True,
    roles=INSIDE,
    volatile=VOLATILE,
    as_of="as_of_mover",
    style={"kind": "mover", "order": 90, "glyph": "mover", "by": "kind"},
    attributes=(
        Attribute("name", Text("名称", "Name")),
        Attribute(
            "kind",
            Text("类型", "Kind"),
            "code",
            values={
                "drone": Text("无人机", "Drone"),
                "vehicle": Text("车辆", "Vehicle"),
                "team_device": Text("队伍终端", "Team device"),
            },
        ),
        Attribute("team_key", Text("队伍", "Team")),
        Attribute(
            "status",
            Text("状态", "Status"),
            "code",
            values={"active": Text("在线", "Active"), "docked": Text("停放", "Docked"), "lost": Text("失联", "Lost")},
        ),
        Attribute("heading_deg", Text("航向", "Heading"), "number", unit="°"),
        Attribute("speed_mps", Text("速度", "Speed"), "number", unit="m/s"),
        Attribute("altitude_m", Text("高度", "Altitude"), "number", unit="m"),
        Attribute("battery_pct", Text("电量", "Battery"), "number", unit="%"),
        Attribute("accuracy_m", Text("定位误差", "Accuracy"), "number", unit="m"),
        Attribute("seen_at", Text("定位时间", "Seen at"), "time"),
    ),
)
