"""Geofences: areas for which a team gets alerts, and fences declared to watch who comes and goes.

A row with a `spec` is a declared fence (see `onemap.fences`): its geometry is derived from what the spec names. A row
without one is a team's duty area.
"""

from __future__ import annotations

from sqlalchemy import Column, SmallInteger
from sqlalchemy import Text as TextType
from sqlalchemy.dialects.postgresql import JSONB

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
        Column("level", SmallInteger),  # of the warning that its events raise
        Column("spec", JSONB),  # as its author declared it
        Column("problem", TextType),  # why it has no ground at present
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
        Attribute(
            "kind",
            Text("类型", "Kind"),
            "code",
            values={
                "duty": Text("责任区", "Duty area"),
                "alert": Text("告警围栏", "Alert fence"),
                "nofly": Text("禁飞区", "No-fly zone"),
                "keep_in": Text("限定区", "Keep-in area"),
                "watch": Text("关注区", "Watched area"),
            },
        ),
        Attribute("level", Text("告警等级", "Warning level"), "level"),
        Attribute("spec", Text("声明", "Declaration"), tile_minzoom=None),
        Attribute("problem", Text("问题", "Problem")),
    ),
)
