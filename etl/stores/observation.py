"""Readings: new ones are stored once, equal ones are nothing, differing ones at the same instant are refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any

from etl.feed import ObservationRecord
from etl.stores import wire
from etl.stores.item import Item, Outcome, Reject
from onemap.core.errors import BadInput
from onemap.store.db import Connection
from onemap.store.partition import Partitions
from onemap.store.sqlfile import sql
from onemap.warnings.service import Reading

Key = tuple[int, datetime]  # datastream id, instant
_when = attrgetter("at")


def store(conn: Connection, items: Sequence[Item[ObservationRecord]], partitions: Partitions) -> Outcome:
    """Store readings, the latest of each datastream, and its sensor's last value if this is newer."""
    outcome = Outcome()
    streams = _streams(conn, {item.record.datastream for item in items})
    first: dict[Key, Item[ObservationRecord]] = {}
    again: list[tuple[Key, Item[ObservationRecord]]] = []
    for item in items:
        stream = streams.get(item.record.datastream)
        if stream is None:
            outcome.rejects.append(Reject(item.raw_id, item.row, _unknown(item.record.datastream)))
            continue
        key = (stream["id"], item.record.at)
        if key in first:
            again.append((key, item))
        else:
            first[key] = item
    if not first:
        return outcome
    partitions.ensure(conn, "observation", {at.date(): at for _, at in first}.values())
    known = _insert(conn, first)
    outcome.stored = len(first) - len(known)
    for key, item in [*((key, first[key]) for key in known), *again]:
        stands = known[key] if key in known else first[key].record.value
        if stands == item.record.value:
            outcome.unchanged += 1
        else:
            outcome.rejects.append(Reject(item.raw_id, item.row, _conflict(item.record, stands)))
    outcome.readings = [
        Reading(key[0], item.record.datastream, item.record.at, item.record.value)
        for key, item in first.items()
        if key not in known
    ]
    outcome.readings.sort(key=_when)
    if outcome.readings:
        outcome.saw(outcome.readings[-1].at)
    _latest(conn, outcome.readings, streams)
    return outcome


def _streams(conn: Connection, keys: set[str]) -> dict[str, Mapping[str, Any]]:
    """Find the datastreams and hold their rows, in one order everywhere: readers of one stream take turns."""
    rows = conn.execute(sql("ingest_datastream_lock"), {"keys": sorted(keys)}).fetchall()
    return {row["key"]: row for row in rows}


def _insert(conn: Connection, first: Mapping[Key, Item[ObservationRecord]]) -> dict[Key, float]:
    """Insert what is new; return the values that stood already.

    The datastreams are held, so no other transaction writes their readings meanwhile.
    """
    wire.register(conn)
    streams, ats = wire.bigints([stream for stream, _ in first]), wire.instants([at for _, at in first])
    inserted = conn.execute(
        sql("ingest_observation"),
        {
            "streams": streams,
            "ats": ats,
            "values": wire.floats([item.record.value for item in first.values()]),
            "raws": wire.bigints([item.raw_id for item in first.values()]),
        },
    ).rowcount
    if inserted == len(first):
        return {}
    rows = conn.execute(sql("ingest_observation_values"), {"streams": streams, "ats": ats}, binary=True).fetchall()
    return {(row["datastream_id"], row["at"]): row["value"] for row in rows}


def _latest(conn: Connection, readings: Sequence[Reading], streams: Mapping[str, Mapping[str, Any]]) -> None:
    newest: dict[int, Reading] = {}
    for reading in readings:
        newest[reading.datastream_id] = reading  # they come in order of time
    ids = sorted(newest)
    conn.execute(
        sql("ingest_datastream_latest"),
        {"ids": ids, "ats": [newest[i].at for i in ids], "values": [newest[i].value for i in ids]},
    )
    sensors: dict[str, tuple[datetime, int, float, str]] = {}
    for stream_id in ids:
        reading, stream = newest[stream_id], streams[newest[stream_id].datastream_key]
        held = sensors.get(stream["sensor_key"])
        if held is None or reading.at > held[0]:
            sensors[stream["sensor_key"]] = (reading.at, stream_id, reading.value, stream["unit"])
    keys = sorted(sensors)
    conn.execute(sql("ingest_sensor_lock"), {"keys": keys})
    conn.execute(
        sql("ingest_sensor_latest"),
        {
            "keys": keys,
            "ats": [sensors[key][0] for key in keys],
            "values": [sensors[key][2] for key in keys],
            "units": [sensors[key][3] for key in keys],
        },
    )


def _unknown(key: str) -> BadInput:
    return BadInput(f"No datastream {key!r} is registered; register its sensor, then replay.", reason="unknown-key")


def _conflict(record: ObservationRecord, stored: float) -> BadInput:
    return BadInput(
        f"Datastream {record.datastream} already holds {stored:g} at {record.at:%Y-%m-%dT%H:%M:%S.%fZ};"
        f" {record.value:g} contradicts it.",
        reason="conflict",
    )
