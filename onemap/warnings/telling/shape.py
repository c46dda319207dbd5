"""CAP's polygons and circles, `lat,lon` in WGS-84, as zones."""

from __future__ import annotations

import math
import re

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon

from onemap.core.errors import BadInput
from onemap.warnings.sight import METRES_PER_DEGREE

MAX_VERTICES = 10_000
#: A circle without a radius is a place; what is told of a place concerns those around it.
LEAST_RADIUS_KM = 0.2
MAX_RADIUS_KM = 2000.0
#: Digits as anyone writes them; some senders' libraries write a hundred-thousandth of a degree as 1e-05.
_NUMBER = re.compile(r"[-+]?(\d{1,3}(\.\d{0,20})?|\.\d{1,20})([eE][-+]?\d{1,3})?", re.ASCII)


def polygon(text: str) -> bytes:
    """A closed ring of `lat,lon` pairs as WKB. Raises BadInput (reason "polygon")."""
    pairs = text.split()
    if not 4 <= len(pairs) <= MAX_VERTICES:
        raise BadInput(f"A polygon has 4 to {MAX_VERTICES} points; {len(pairs)} came.", reason="polygon")
    ring = [_pair(one, "polygon") for one in pairs]
    if ring[0] != ring[-1]:
        raise BadInput("The polygon is not closed: its last point is not its first.", reason="polygon")
    shape = shapely.make_valid(Polygon([(lon, lat) for lat, lon in ring]))
    parts = [part for part in shapely.get_parts(shape) if isinstance(part, Polygon) and part.area > 0]
    if not parts:
        raise BadInput("The polygon has no area.", reason="polygon")
    return shapely.to_wkb(MultiPolygon(parts))


def circle(text: str) -> bytes:
    """`lat,lon radius_km` as WKB of a polygon around it. Raises BadInput (reason "circle")."""
    pieces = text.split()
    if len(pieces) != 2:
        raise BadInput(f"{text[:60]!r} is no circle: lat,lon and a radius in km.", reason="circle")
    lat, lon = _pair(pieces[0], "circle")
    try:
        radius_km = float(pieces[1])
    except ValueError as exc:
        raise BadInput(f"{pieces[1][:40]!r} is no radius.", reason="circle") from exc
    if not 0 <= radius_km <= MAX_RADIUS_KM:
        raise BadInput(f"The radius must lie between 0 and {MAX_RADIUS_KM:g} km.", reason="circle")
    turns = np.linspace(0, 2 * math.pi, 72, endpoint=False)
    # Corners lie a little outside: the polygon holds the whole circle.
    reach = max(radius_km, LEAST_RADIUS_KM) * 1000 / METRES_PER_DEGREE / math.cos(math.pi / 72)
    east = reach / max(math.cos(math.radians(lat)), 0.01)
    ring = np.column_stack(
        (np.clip(lon + east * np.sin(turns), -180, 180), np.clip(lat + reach * np.cos(turns), -90, 90))
    )
    return shapely.to_wkb(MultiPolygon([Polygon(ring)]))


def _pair(text: str, reason: str) -> tuple[float, float]:
    lat, comma, lon = text.partition(",")
    if not (comma and _NUMBER.fullmatch(lat) and _NUMBER.fullmatch(lon)):
        raise BadInput(f"{text[:60]!r} is no lat,lon.", reason=reason)
    if abs(float(lat)) > 90 or abs(float(lon)) > 180:
        raise BadInput(f"{text[:60]!r} lies outside the earth: latitude comes first.", reason=reason)
    return float(lat), float(lon)
