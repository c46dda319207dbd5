"""Drones in DJI Cloud API form: the OSD message, some twice a second, position in WGS-84."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from etl import fields
from etl.feed import Context, FeedSpec, FixRecord, Record
from etl.formats import json
from onemap.core.clock import EPOCH_MS
from onemap.core.errors import BadInput
from onemap.store.layer import Text

_TOPIC = ("thing", "product")


def osd(record: Mapping[str, Any], context: Context) -> Iterable[Record]:
    """Map {tid, bid, timestamp (ms), gateway, data}; the topic names the device.

    The same topic carries the docks' and remote controls' own state: without a position there is nothing to store.
    """
    data = record.get("data")
    if not isinstance(data, Mapping):
        raise BadInput("The message has no data object.", reason="missing")
    lat, lon = data.get("latitude"), data.get("longitude")
    if lat is None and lon is None:
        return
    at = context.time(fields.needed(record, "timestamp"), form=EPOCH_MS)
    x, y = fields.number(lon, "longitude"), fields.number(lat, "latitude")
    if x == 0.0 and y == 0.0:
        return  # powered on, no satellites yet
    battery = data.get("battery")
    charge = battery.get("capacity_percent") if isinstance(battery, Mapping) else None
    yield FixRecord(
        mover=_device(record, context),
        at=at,
        lon=x,
        lat=y,
        altitude_m=fields.optional(data.get("height"), "height", low=-1000, high=20_000),
        heading_deg=fields.heading(data.get("attitude_head"), "attitude_head"),
        speed_mps=fields.optional(data.get("horizontal_speed"), "horizontal_speed", low=0, high=150),
        battery_pct=fields.optional(charge, "battery.capacity_percent", low=0, high=100),
    )


def _device(record: Mapping[str, Any], context: Context) -> str:
    parts = context.envelope.source.split("/")
    if len(parts) == 4 and tuple(parts[:2]) == _TOPIC:
        return fields.key(parts[2], "device")
    return fields.key(fields.needed(record, "device_sn", "sn"), "device")


FEED = FeedSpec(
    name="drone",
    title=Text("无人机遥测", "Drone telemetry"),
    format=json.read,
    mapping=osd,
    topics=("thing/product/+/osd",),
    keyed_by_source=True,
    expected_every_s=10.0,
    stale_after_s=60.0,
    oldest_s=90 * 86400.0,
)
