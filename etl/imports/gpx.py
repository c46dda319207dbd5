"""GPX tracks: each segment one line whose measure is the time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import shapely
from pyproj import Geod

from etl import fields
from etl.feed import EARLIEST, Context, Envelope, Row
from etl.formats import gpx
from etl.imports.spec import Found, Skip
from onemap.core.errors import BadGeometry, BadInput, FeedMalformed

_EARTH = Geod(ellps="WGS84")


def read(path: Path, datum: str | None, zone: str | None) -> Found:
    """Read a GPX file's tracks; GPX says its positions are WGS-84, a datum named by the caller counts more."""
    return Found("track", datum or "WGS-84", _rows(path, zone))


def _rows(path: Path, zone: str | None) -> Iterator[Row | Skip]:
    context = Context(Envelope(path.name), zone, earliest=EARLIEST)
    broken: FeedMalformed | None = None
    rows: list[Row] = []
    try:
        for row in gpx.read(path.read_bytes(), context.envelope):
            rows.append(row)
    except FeedMalformed as exc:
        broken = exc
    for row in rows:
        if "points" not in row.data:
            yield Skip("track", "waypoint, not a track" if "waypoint" in row.data else "route, not a track")
            continue
        points: Sequence[Mapping[str, Any]] = row.data["points"]
        if len(points) < 2:
            yield Skip("track", "fewer than two points")
            continue
        try:
            yield Row(row.position, _track(path.stem, row, points, context))
        except BadInput as exc:
            yield Row(row.position, {"layer": "track", "name": row.data["name"], "points": len(points)}, exc)
    if broken is not None:
        raise broken


def _track(stem: str, row: Row, points: Sequence[Mapping[str, Any]], context: Context) -> dict[str, Any]:
    if any(not point["time"] for point in points):
        raise BadGeometry("Points of the track have no time.", reason="no-measure")
    times = [context.time(point["time"]) for point in points]
    coords = [
        (
            fields.number(point["lon"], "lon"),
            fields.number(point["lat"], "lat"),
            fields.optional(point["ele"], "ele", low=-1000, high=20_000) or 0.0,
            at.timestamp(),
        )
        for point, at in zip(points, times, strict=True)
    ]
    line = shapely.from_wkt("LINESTRING ZM (" + ", ".join(" ".join(map(repr, c)) for c in coords) + ")")
    number = row.position.removeprefix("track ").replace(" segment ", ".")
    return {
        "layer": "track",
        "key": f"{stem}/{number}",
        "geometry": line,
        "attributes": {
            "name": row.data["name"] or stem,
            "started_at": _utc(times[0]),
            "ended_at": _utc(times[-1]),
            "length_m": round(_EARTH.line_length([c[0] for c in coords], [c[1] for c in coords]), 1),
        },
    }


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC)
