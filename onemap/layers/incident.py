"""Incidents: catalogue code, severity, source, status and the clocks of the closed loop. Never who reported.

Points can be counted: who may not know exact counts sees no incidents, and their published surface instead.
"""

from __future__ import annotations

from sqlalchemy import Column
from sqlalchemy import Text as TextType

from onemap.core.policy import INSIDE
from onemap.store.layer import Attribute, LayerSpec, Text
from onemap.store.schema import feature_table, level_column, searched_index, timestamp

TABLE = feature_table(
    "incident",
    "Point",
    [
        Column("kind", TextType),
        Column("code", TextType),
        Column("catalogue", TextType),
        Column("title", TextType),
        level_column("severity"),
        Column("source", TextType),
        Column("status", TextType),
        timestamp("occurred_at"),
        timestamp("reported_at"),
        timestamp("dispatched_at"),
        timestamp("on_site_at"),
        timestamp("resolved_at"),
        timestamp("closed_at"),
        timestamp("due_on_site_at"),
        timestamp("due_resolved_at"),
        timestamp("due_followup_at"),
        Column("grid_code", TextType),
        Column("address", TextType),
        Column("team_key", TextType),
    ],
)
searched_index(TABLE, "title", "address")

LAYER = LayerSpec(
    name="incident",
    title=Text("事件", "Incidents"),
    table=TABLE,
    geometry="Point",
    group="events",
    minzoom=8,
    live=True,
    roles=INSIDE,
    time="occurred_at",
    style={"kind": "symbol", "order": 75, "glyph": "incident", "by": "status"},
    found_by=("title", "address"),  # its code is that of its class
    attributes=(
        Attribute(
            "kind",
            Text("类别", "Kind"),
            "code",
            values={"matter": Text("事项", "Matter"), "part": Text("部件", "Part")},
        ),
        Attribute("code", Text("事项代码", "Catalogue code")),
        Attribute("catalogue", Text("目录版本", "Catalogue"), tile_minzoom=None),
        Attribute("title", Text("标题", "Title")),
        Attribute("severity", Text("严重程度", "Severity"), "level"),
        Attribute(
            "source",
            Text("来源", "Source"),
            "code",
            values={
                "12345": Text("12345 热线", "Hotline"),
                "patrol": Text("巡查", "Patrol"),
                "camera": Text("视频分析", "Camera analytics"),
                "iot": Text("物联感知", "IoT"),
                "drone": Text("无人机", "Drone"),
                "import": Text("导入", "Import"),
            },
        ),
        Attribute(
            "status",
            Text("状态", "Status"),
            "code",
            values={
                "reported": Text("已上报", "Reported"),
                "dispatched": Text("已派发", "Dispatched"),
                "on_site": Text("已到场", "On site"),
                "resolved": Text("已解决", "Resolved"),
                "closed": Text("已办结", "Closed"),
            },
        ),
        Attribute("occurred_at", Text("发生时间", "Occurred"), "time"),
        Attribute("reported_at", Text("上报时间", "Reported"), "time", tile_minzoom=None),
        Attribute("dispatched_at", Text("派发时间", "Dispatched"), "time", tile_minzoom=None),
        Attribute("on_site_at", Text("到场时间", "On site"), "time", tile_minzoom=None),
        Attribute("resolved_at", Text("解决时间", "Resolved"), "time", tile_minzoom=None),
        Attribute("closed_at", Text("办结时间", "Closed"), "time", tile_minzoom=None),
        Attribute("due_on_site_at", Text("到场时限", "Due on site"), "time", tile_minzoom=None),
        Attribute("due_resolved_at", Text("解决时限", "Due resolved"), "time", tile_minzoom=None),
        Attribute("due_followup_at", Text("回访时限", "Due followed up"), "time", tile_minzoom=None),
        Attribute("grid_code", Text("所在网格", "Grid")),
        Attribute("address", Text("地点", "Place"), tile_minzoom=None),
        Attribute("team_key", Text("处置队伍", "Team")),
    ),
)
