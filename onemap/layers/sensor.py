"""Sensors as SensorThings Things; their Datastreams and Observations are in tables of their own."""

from __future__ import annotations

from sqlalchemy import Column, Double
from sqlalchemy import Text as TextType

from onemap.store.layer import Attribute, LayerSpec, Text
from onemap.store.schema import feature_table, timestamp

VOLATILE = ("last_value", "last_unit", "last_at")

TABLE = feature_table(
    "sensor",
    "Point",
    [
        Column("name", TextType),
        Column("kind", TextType),
        Column("hazard_key", TextType),
        Column("status", TextType),
        Column("last_value", Double),
        Column("last_unit", TextType),
        timestamp("last_at"),
    ],
    volatile=VOLATILE,
)

LAYER = LayerSpec(
    name="sensor",
    title=Text("传感器", "Sensors"),
    table=TABLE,
    geometry="Point",
    group="hazards",
    minzoom=10,
    live=True,
    volatile=VOLATILE,
    as_of="as_of_sensor",
    style={"kind": "symbol", "order": 70, "glyph": "sensor", "by": "kind"},
    attributes=(
        Attribute("name", Text("名称", "Name")),
        Attribute(
            "kind",
            Text("类型", "Kind"),
            "code",
            values={
                "rain_gauge": Text("雨量计", "Rain gauge"),
                "crack_meter": Text("裂缝计", "Crack meter"),
                "tilt_meter": Text("倾角计", "Tilt meter"),
                "gnss": Text("GNSS 位移", "GNSS"),
                "water_level": Text("水位计", "Water level"),
                "water_logging": Text("积水计", "Water logging"),
                "soil_moisture": Text("土壤含水", "Soil moisture"),
                "smoke": Text("烟感", "Smoke"),
            },
        ),
        Attribute("hazard_key", Text("隐患点", "Hazard point")),
        Attribute(
            "status",
            Text("状态", "Status"),
            "code",
            values={"online": Text("在线", "Online"), "offline": Text("离线", "Offline")},
        ),
        Attribute("last_value", Text("最新值", "Last value"), "number"),
        Attribute("last_unit", Text("单位", "Unit")),
        Attribute("last_at", Text("观测时间", "Observed at"), "time"),
    ),
)
