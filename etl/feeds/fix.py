"""Positions of team devices and vehicles over MQTT, the mover in the topic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from etl import fields
from etl.feed import Context, FeedSpec, FixRecord, Record
from etl.formats import json
from onemap.store.layer import Text

PREFIX = "onemap/fix/"


def position(record: Mapping[str, Any], context: Context) -> Iterable[Record]:
    """Map {"at", "lon", "lat", "accuracy_m"?, "heading_deg"?, "speed_mps"?, "battery_pct"?, "altitude_m"?}."""
    source = context.envelope.source
    mover = source.removeprefix(PREFIX) if source.startswith(PREFIX) else fields.needed(record, "mover")
    yield FixRecord(
        mover=fields.key(mover, "mover"),
        at=context.time(fields.needed(record, "at")),
        lon=fields.number(fields.needed(record, "lon"), "lon"),
        lat=fields.number(fields.needed(record, "lat"), "lat"),
        altitude_m=fields.optional(record.get("altitude_m"), "altitude_m", low=-1000, high=20_000),
        heading_deg=fields.heading(record.get("heading_deg"), "heading_deg"),
        speed_mps=fields.optional(record.get("speed_mps"), "speed_mps", low=0, high=150),
        accuracy_m=fields.optional(record.get("accuracy_m"), "accuracy_m", low=0, high=100_000),
        battery_pct=fields.optional(record.get("battery_pct"), "battery_pct", low=0, high=100),
    )


FEED = FeedSpec(
    name="fix",
    title=Text("队伍与车辆定位", "Teams and vehicles"),
    format=json.read,
    mapping=position,
    topics=(f"{PREFIX}+",),
    keyed_by_source=True,
    expected_every_s=30.0,
    stale_after_s=120.0,
    oldest_s=90 * 86400.0,
)
