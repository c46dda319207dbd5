"""Sensor readings: MQTT with the datastream in the topic, or HTTP push of one reading or an array of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from etl import fields
from etl.feed import Context, FeedSpec, ObservationRecord, Record
from etl.formats import json
from onemap.store.layer import Text

PREFIX = "onemap/iot/"
# No instrument of a city measures more; a larger number is a fault code.
LARGEST = 1e12


def reading(record: Mapping[str, Any], context: Context) -> Iterable[Record]:
    """Map {"datastream"?, "at", "value"}; over MQTT the topic names the datastream."""
    source = context.envelope.source
    stream = source.removeprefix(PREFIX) if source.startswith(PREFIX) else fields.needed(record, "datastream")
    return (
        ObservationRecord(
            fields.key(stream, "datastream"),
            context.time(fields.needed(record, "at")),
            fields.number(fields.needed(record, "value"), "value", low=-LARGEST, high=LARGEST),
        ),
    )


FEED = FeedSpec(
    name="iot",
    title=Text("物联传感", "IoT sensors"),
    format=json.read,
    mapping=reading,
    topics=(f"{PREFIX}+",),
    pushed=True,
    keyed_by_source=True,
    expected_every_s=60.0,
    stale_after_s=300.0,
)
