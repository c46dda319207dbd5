"""Readings and events along time: a sensor's series, and the last hours of the whole map in buckets."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from onemap.core.policy import Grant
from onemap.store.db import Connection
from onemap.store.sqlfile import sql

#: Points of one datastream that a chart can show and a phone can take.
MOST_POINTS = 1000
_STEPS_S = (300, 600, 900, 1800, 3600, 7200)
_BUCKETS = 96


def sensor_series(conn: Connection, sensor_key: str, start: datetime, end: datetime) -> list[dict[str, Any]]:
    """The sensor's datastreams with their points [instant, value] after `start` up to `end`, oldest first."""
    bucket_s = max(1.0, (end - start).total_seconds() / MOST_POINTS)
    return conn.execute(
        sql("sensor_series"),
        {"sensor": sensor_key, "start": start, "end": end, "bucket_s": bucket_s, "most": MOST_POINTS},
    ).fetchall()


def bucket_of(span: timedelta) -> int:
    """The width in seconds of the buckets of such a span: round, and no more than some hundred of them."""
    wanted = span.total_seconds() / _BUCKETS
    return next((step for step in _STEPS_S if step >= wanted), _STEPS_S[-1])


def timeline(conn: Connection, end: datetime, span: timedelta, grant: Grant, seen: frozenset[str]) -> dict[str, Any]:
    """Rain (mean over gauges, mm a bucket), incidents and warnings of the span before `end`, inside the grant's area.

    `seen` names the layers that the grant may see: of the others there is nothing. What is published of incidents to
    others, whole days, is not this query's to say: `incidents_by_day` is empty.
    """
    bucket_s = bucket_of(span)
    # Whole buckets: the same one has the same bounds at every call, and the first is not half empty.
    start = datetime.fromtimestamp((end - span).timestamp() // bucket_s * bucket_s, end.tzinfo)
    asked = {"start": start, "end": end, "bucket_s": bucket_s, "area": grant.area_wkb}
    rain = conn.execute(sql("timeline_rain"), asked).fetchall() if "sensor" in seen else []
    incidents = conn.execute(sql("timeline_incidents"), asked).fetchall() if "incident" in seen else []
    warnings = conn.execute(sql("timeline_warnings"), asked).fetchall() if "warning" in seen else []
    return {
        "bucket_s": bucket_s,
        "rain": [[row["at"], row["mm"]] for row in rain],
        "incidents": [[row["at"], row["n"]] for row in incidents],
        "incidents_by_day": [],
        "warnings": warnings,
    }
