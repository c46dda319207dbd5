"""Cameras as assets: where they stand, where they look, whether they work. What they see is not kept."""

from __future__ import annotations

from sqlalchemy import Column, Double
from sqlalchemy import Text as TextType

from onemap.core.policy import INSIDE
from onemap.store.layer import Attribute, LayerSpec, Text
from onemap.store.schema import feature_table

TABLE = feature_table(
    "camera",
    "Point",
    [
        Column("code", TextType),
        Column("name", TextType),
        Column("heading_deg", Double),
        Column("fov_deg", Double),
        Column("range_m", Double),
        Column("status", TextType),
        Column("mount_height_m", Double),
    ],
)

LAYER = LayerSpec(
    name="camera",
    title=Text("摄像头", "Cameras"),
    table=TABLE,
    geometry="Point",
    group="assets",
    minzoom=12,
    live=True,
    roles=INSIDE,
    style={"kind": "symbol", "order": 60, "glyph": "camera"},
    attributes=(
        Attribute("code", Text("设备编码", "Device code"), roles=INSIDE),
        Attribute("name", Text("名称", "Name")),
        Attribute("heading_deg", Text("朝向", "Heading"), "number", unit="°"),
        Attribute("fov_deg", Text("视场角", "Field of view"), "number", unit="°"),
        Attribute("range_m", Text("可视距离", "Range"), "number", unit="m"),
        Attribute(
            "status",
            Text("状态", "Status"),
            "code",
            values={
                "online": Text("在线", "Online"),
                "offline": Text("离线", "Offline"),
                "fault": Text("故障", "Fault"),
            },
        ),
        Attribute("mount_height_m", Text("架设高度", "Mount height"), "number", unit="m", tile_minzoom=None),
    ),
)
