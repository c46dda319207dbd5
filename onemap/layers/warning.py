"""Warnings at levels I-IV over the zone they threaten, with their cause."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, text
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
        Column("subject", TextType),  # what it is about: hazard:h12, grid:…, fence:…, cap:…
        Column("kind", TextType),  # event kind: geohazard, rain, flood, fire, fence, feed, other
        Column("source", TextType),  # threshold, rule, fence, cap, manual, drill
        Column("rule_key", TextType),
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
        Column("end_reason", TextType),  # fell_back, ended, cancelled, expired
        timestamp("onset_at"),  # when the danger is expected, where that is known
        timestamp("valid_until"),
        Column("actions", TextType),
        Column("episode", TextType),  # similar warnings of one storm share it
        Column("identifier", TextType),  # of its newest message
        Column("calling", TextType),  # none, waiting, calling, answered, confirmed, unanswered, closed
        Column("residents_waiting", Integer),  # people in grids where nobody has answered yet
        Column("drill_key", TextType),
    ],
)
Index("ix_warning_open", TABLE.c.subject, postgresql_where=text("state <> 'ended'"))

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
    found_by=("title", "identifier"),
    attributes=(
        Attribute("hazard_key", Text("隐患点", "Hazard point")),
        Attribute("subject", Text("对象", "Subject")),
        Attribute(
            "kind",
            Text("类型", "Kind"),
            "code",
            values={
                "geohazard": Text("地质灾害", "Geologic hazard"),
                "rain": Text("暴雨", "Rain"),
                "flood": Text("洪涝", "Flood"),
                "fire": Text("火灾", "Fire"),
                "fence": Text("围栏", "Fence"),
                "feed": Text("数据中断", "Feed"),
                "other": Text("其他", "Other"),
            },
        ),
        Attribute("source", Text("来源", "Source")),
        Attribute("rule_key", Text("规则", "Rule")),
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
        Attribute("drill_key", Text("演练编号", "Drill's key"), roles=INSIDE),
        Attribute("end_reason", Text("解除原因", "Why ended")),
        Attribute("onset_at", Text("预计影响时间", "Expected onset"), "time"),
        Attribute("valid_until", Text("有效至", "Valid until"), "time"),
        Attribute("actions", Text("应对措施", "Actions"), tile_minzoom=None),
        Attribute("episode", Text("过程", "Episode")),
        Attribute("identifier", Text("预警编号", "Identifier")),
        Attribute(
            "calling",
            Text("叫应", "Call and confirm"),
            "code",
            values={
                "none": Text("未开始", "Not started"),
                "waiting": Text("待叫应", "Waiting"),
                "calling": Text("叫应中", "Calling"),
                "answered": Text("已应答", "Answered"),
                "confirmed": Text("已复核", "Confirmed twice"),
                "unanswered": Text("无人应答", "No answer"),
                "closed": Text("已关闭", "Closed"),
            },
            roles=INSIDE,
        ),
        Attribute(
            "residents_waiting",
            Text("尚未叫应人数", "Residents not reached"),
            "count",
            unit="人",
            small_counts=True,
            roles=INSIDE,
        ),
        Attribute("households", Text("威胁户数", "Households"), "count", unit="户", small_counts=True, roles=INSIDE),
        Attribute("residents", Text("威胁人数", "Residents"), "count", unit="人", small_counts=True, roles=INSIDE),
    ),
)
