"""Geofences: the area for which a team gets alerts."""

from __future__ import annotations

from sqlalchemy import Column
from sqlalchemy import Text as TextType

from onemap.core.policy import INSIDE
from onemap.store.layer import Attribute, LayerSpec, Text
from onemap.store.schema import feature_table

TABLE = feature_table(
    "geofence",
    "MultiPolygon",
    [
        Column("name", TextType),
        Column("team_key", TextType),
        Column("kind", TextType),
    ],
)

LAYER = LayerSpec(
    name="geofence",
    title=Text("责任围栏", "Geofences"),
    table=TABLE,
    geometry="MultiPolygon",
    group="teams",
    minzoom=9,
    roles=INSIDE,
    style={"kind": "line", "order": 43},
    attributes=(
        Attribute("name", Text("名称", "Name")),
        Attribute("team_key", Text("队伍", "Team")),
        Attribute("kind", Text("类型", "Kind"), "code", values={"duty": Text("责任区", "Duty area")}),
    ),
)
