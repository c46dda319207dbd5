"""Tracks of movers: x, y, height in metres and M as seconds since 1970."""

from __future__ import annotations

from sqlalchemy import Column, Double
from sqlalchemy import Text as TextType

from onemap.core.policy import INSIDE
from onemap.store.layer import Attribute, LayerSpec, Text
from onemap.store.schema import feature_table, timestamp

#: A track grows with every fix; `fix` and its own measure hold that past.
VOLATILE = ("geom", "h3", "ended_at", "length_m")

TABLE = feature_table(
    "track",
    "LineStringZM",
    [
        Column("mover_key", TextType),
        Column("name", TextType),
        timestamp("started_at"),
        timestamp("ended_at"),
        Column("length_m", Double),
    ],
    volatile=VOLATILE,
)

LAYER = LayerSpec(
    name="track",
    title=Text("轨迹", "Tracks"),
    table=TABLE,
    geometry="LineStringZM",
    group="teams",
    minzoom=8,
    roles=INSIDE,
    time="started_at",
    volatile=VOLATILE,
    as_of="as_of_track",
    style={"kind": "line", "order": 50},
    found_by=(),  # called like its mover, which is found
    attributes=(
        Attribute("mover_key", Text("目标", "Mover")),
        Attribute("name", Text("名称", "Name")),
        Attribute("started_at", Text("开始", "Started"), "time"),
        Attribute("ended_at", Text("结束", "Ended"), "time"),
        Attribute("length_m", Text("长度", "Length"), "number", unit="m"),
    ),
)
