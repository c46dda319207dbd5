"""Checks and repairs of input geometry, before it may enter a layer. Degrees, WGS-84, x = longitude first.

Every refusal carries a short stable reason (see `REASONS`), every repair is named, so that a quarantine row or an
import summary can say what happened. Nothing here guesses: swapped axes are pointed out, never swapped back.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt
import shapely
from shapely import LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon
from shapely.geometry.base import BaseGeometry

from onemap.core.errors import BadCoordinate, BadGeometry, BadInput

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
_Single = TypeVar("_Single", Point, LineString, Polygon)
Wanted = Literal["Point", "LineString", "LineStringZM", "MultiLineString", "MultiPolygon"]

Repairs = list[tuple[str, ...]]
# GEOS type numbers that pass as they are or by promotion: (single, multi), -1 where there is none.
_TYPE_IDS: dict[str, tuple[int, int]] = {
    "Point": (0, -1),
    "LineString": (1, -1),
    "LineStringZM": (-1, -1),
    "MultiLineString": (1, 5),
    "MultiPolygon": (3, 6),
}

MAX_VERTICES = 200_000
# China is 62 degrees wide; no feature of a city, or of the provinces above it, is wider than this. A shape that
# crosses the antimeridian unsplit shows up here as 360.
MAX_EXTENT_DEG = 60.0
# 0.1 m: instruments without a fix write 0,0, sometimes with float dust.
_NULL_ISLAND_DEG = 1e-6

REASONS: dict[str, str] = {
    "not-finite": "a coordinate is missing or not a number",
    "axes-swapped": "the latitude is beyond 90 degrees while the longitude would fit; the axes may be swapped",
    "lat-range": "the latitude is beyond 90 degrees",
    "lon-range": "the longitude is beyond 180 degrees",
    "null-island": "the position is 0,0, which instruments write when they have no fix",
    "outside-area": "the position lies outside the area where its coordinate system is used",
}


def describe_reason(reason: str) -> str:
    """Return the sentence for a coordinate reason."""
    return REASONS.get(reason, reason)


def check_points(
    lon: npt.ArrayLike, lat: npt.ArrayLike, *, null_island: bool = True
) -> tuple[Bools, npt.NDArray[np.str_]]:
    """Check positions in degrees in bulk: (mask of good ones, reason per position with "" for good ones).

    Both results have the input's shape. `null_island=False` lets 0,0 pass (a check on converted intermediate values).
    """
    x, y = np.asarray(lon, np.float64), np.asarray(lat, np.float64)
    reasons = np.full(np.broadcast_shapes(x.shape, y.shape), "", dtype="<U16")
    with np.errstate(invalid="ignore"):
        if null_island:
            reasons[(np.abs(x) < _NULL_ISLAND_DEG) & (np.abs(y) < _NULL_ISLAND_DEG)] = "null-island"
        reasons[np.abs(x) > 180.0] = "lon-range"
        reasons[np.abs(y) > 90.0] = "lat-range"
        reasons[(np.abs(y) > 90.0) & (np.abs(y) <= 180.0) & (np.abs(x) <= 90.0)] = "axes-swapped"
    reasons[~(np.isfinite(x) & np.isfinite(y))] = "not-finite"
    return np.asarray(reasons == ""), reasons


def check_point(lon: float, lat: float) -> None:
    """Raise BadCoordinate unless the one position in degrees is usable."""
    _, reasons = check_points([lon], [lat])
    reason = str(reasons[0])
    if reason:
        raise BadCoordinate(f"Position ({lon:.10g}, {lat:.10g}): {describe_reason(reason)}.", reason=reason)


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A geometry fit to be stored and the names of the repairs it took to get there."""

    geom: BaseGeometry
    repairs: tuple[str, ...] = ()


def clean_geometry(
    geom: BaseGeometry | None,
    wanted: Wanted,
    *,
    max_vertices: int = MAX_VERTICES,
    max_extent_deg: float = MAX_EXTENT_DEG,
) -> Cleaned:
    """Return the geometry as the wanted type, valid, finite and in range; WGS-84 degrees.

    Repairs, each named in the result: "forced-2d", "promoted" (single to multi), "unwrapped" (multi of one to single),
    "made-valid" (GEOS structure method), "dropped-parts" (parts of another dimension, or collapsed ones, left out).
    Raises BadCoordinate for positions and BadGeometry (reasons empty, wrong-type, vertices, extent, no-measure,
    collapsed) for the rest.
    """
    if geom is None or geom.is_empty:
        raise BadGeometry("The geometry is empty.", reason="empty")
    count = int(shapely.get_num_coordinates(geom))
    if count > max_vertices:
        raise BadGeometry(f"The geometry has {count} vertices; at most {max_vertices} are taken.", reason="vertices")
    _check_vertices(geom)
    west, south, east, north = geom.bounds
    if max(east - west, north - south) > max_extent_deg:
        raise BadGeometry(
            f"The geometry spans {east - west:.1f} by {north - south:.1f} degrees; at most {max_extent_deg:g} is taken."
            " A shape across the antimeridian must be split there.",
            reason="extent",
        )
    if wanted == "LineStringZM":
        return _clean_track(geom)
    repairs: list[str] = []
    if geom.has_z or geom.has_m:
        geom = shapely.force_2d(geom)
        repairs.append("forced-2d")
    geom = _SHAPERS[wanted](geom, repairs)
    return Cleaned(geom, tuple(dict.fromkeys(repairs)))


def clean_geometries(geoms: npt.NDArray[Any], wanted: Wanted) -> tuple[npt.NDArray[Any], Repairs, dict[int, BadInput]]:
    """Clean many geometries as `clean_geometry` would, the sound ones in bulk: for imports of whole layers.

    Returns (object array of shape (n,) with None where refused, repairs per geometry, refusals by index).
    """
    geoms = np.asarray(geoms, dtype=object)
    out = np.full(len(geoms), None, dtype=object)
    repairs: Repairs = [()] * len(geoms)
    refused: dict[int, BadInput] = {}
    single, multi = _TYPE_IDS[wanted]
    types = shapely.get_type_id(geoms)
    sound = _plainly_sound(geoms) & np.isin(types, (single, multi))
    as_is, promote = sound & (types == (single if multi < 0 else multi)), sound & (types == single) & (multi >= 0)
    out[as_is] = geoms[as_is]
    if promote.any():
        build = shapely.multipolygons if wanted == "MultiPolygon" else shapely.multilinestrings
        out[promote] = build(geoms[promote], indices=np.arange(int(promote.sum())))
        for index in np.flatnonzero(promote).tolist():
            repairs[index] = ("promoted",)
    for index in np.flatnonzero(~(as_is | promote)).tolist():
        try:
            cleaned = clean_geometry(geoms[index], wanted)
            out[index], repairs[index] = cleaned.geom, cleaned.repairs
        except BadInput as exc:
            refused[index] = exc
    return out, repairs, refused


def read_geojson(data: Mapping[str, Any] | None) -> Cleaned:
    """Return the geometry of a GeoJSON geometry object; an unclosed ring is closed and named as repair "ring-closed".

    Raises BadGeometry with reason "malformed", or "empty" for null. Ranges are not checked here: the datum may differ.
    """
    if data is None:
        raise BadGeometry("The geometry is empty.", reason="empty")
    if not _is_typed(data):
        raise BadGeometry("The geometry is not a GeoJSON geometry object.", reason="malformed")
    try:
        closed, changed = _close_rings(data)
        geom: BaseGeometry = shapely.from_geojson(json.dumps(closed))
    except (shapely.errors.ShapelyError, TypeError, ValueError, RecursionError) as exc:
        raise BadGeometry(f"The {data['type']} cannot be read: {exc}.", reason="malformed") from exc
    return Cleaned(geom, ("ring-closed",) if changed else ())


def representative(geom: BaseGeometry) -> Point:
    """Return one 2-D point that stands for the geometry and lies on it: itself, half way along, or inside."""
    lon, lat = representatives(np.array([geom], dtype=object))
    return Point(float(lon[0]), float(lat[0]))


def representatives(geoms: npt.NDArray[Any]) -> tuple[Floats, Floats]:
    """Return lon and lat, shape (n,), of the point that stands for each of n non-empty geometries."""
    geoms = np.asarray(geoms, dtype=object)
    if bool(np.any(shapely.is_missing(geoms) | shapely.is_empty(geoms))):
        raise BadGeometry("An empty geometry has no representative point.", reason="empty")
    points = shapely.point_on_surface(geoms)
    # GEOS gives a vertex for a line; half way along reads better on a map and is as much on the line.
    lines = np.isin(shapely.get_type_id(geoms), (1, 2))
    if lines.any():
        points[lines] = shapely.line_interpolate_point(geoms[lines], 0.5, normalized=True)
    return np.asarray(shapely.get_x(points), np.float64), np.asarray(shapely.get_y(points), np.float64)


def map_xy(geom: BaseGeometry, func: Callable[[Floats, Floats], tuple[Floats, Floats]]) -> BaseGeometry:
    """Return the geometry with x, y replaced by `func(x, y)` over all vertices at once; Z and M are kept."""
    if not geom.has_m:
        coords = shapely.get_coordinates(geom, include_z=bool(geom.has_z))
        if len(coords) == 0:
            return geom
        coords[:, 0], coords[:, 1] = func(coords[:, 0].copy(), coords[:, 1].copy())
        # set_coordinates writes in place and wants an array of its own.
        return shapely.set_coordinates(np.array([geom], dtype=object), coords)[0]  # type: ignore[no-any-return]
    # shapely 2.1 cannot write M through coordinates, so the well-known bytes are edited instead.
    raw = bytearray(shapely.to_wkb(geom, output_dimension=4, byte_order=1, flavor="iso"))
    runs: list[tuple[int, int, int]] = []
    _walk_wkb(raw, 0, runs)
    views = [np.frombuffer(raw, "<f8", n * dims, offset).reshape(n, dims) for offset, n, dims in runs]
    x, y = func(np.concatenate([v[:, 0] for v in views]), np.concatenate([v[:, 1] for v in views]))
    start = 0
    for view in views:
        view[:, 0], view[:, 1] = x[start : start + len(view)], y[start : start + len(view)]
        start += len(view)
    return shapely.from_wkb(bytes(raw))


def _walk_wkb(raw: bytearray, at: int, runs: list[tuple[int, int, int]]) -> int:
    """Collect (byte offset, vertices, ordinates a vertex) of every run of coordinates in little-endian ISO WKB."""
    code = struct.unpack_from("<I", raw, at + 1)[0]
    kind, dims = code % 1000, 2 + (1, 1, 2)[code // 1000 - 1] if code >= 1000 else 2
    at += 5
    if kind == 1:
        runs.append((at, 1, dims))
        return at + 8 * dims
    (count,) = struct.unpack_from("<I", raw, at)
    at += 4
    if kind == 2:
        runs.append((at, count, dims))
        return int(at + 8 * dims * count)
    for _ in range(count):
        if kind == 3:
            (size,) = struct.unpack_from("<I", raw, at)
            runs.append((at + 4, size, dims))
            at += 4 + 8 * dims * size
        else:
            at = _walk_wkb(raw, at, runs)
    return at


def _plainly_sound(geoms: npt.NDArray[Any]) -> Bools:
    """Mask of geometries that need no repair for certain: whatever is in doubt goes the slow way."""
    coords, owner = shapely.get_coordinates(geoms, return_index=True)
    lost = np.bincount(owner[~check_points(coords[:, 0], coords[:, 1])[0]], minlength=len(geoms)) > 0
    bounds = shapely.bounds(geoms)
    with np.errstate(invalid="ignore"):
        small = np.maximum(bounds[:, 2] - bounds[:, 0], bounds[:, 3] - bounds[:, 1]) <= MAX_EXTENT_DEG
    flat = ~(shapely.has_z(geoms) | shapely.has_m(geoms))
    filled = ~shapely.is_empty(geoms) & (shapely.get_num_coordinates(geoms) <= MAX_VERTICES) & small & ~lost & flat
    filled[filled] = shapely.is_valid(geoms[filled])
    # A multi with an empty or collapsed member is valid to GEOS, but has something to drop.
    parts, of = shapely.get_parts(geoms, return_index=True)
    hollow = shapely.is_empty(parts) | ((shapely.get_dimensions(parts) > 0) & (shapely.length(parts) == 0.0))
    return np.asarray(filled & (np.bincount(of[hollow], minlength=len(geoms)) == 0))


def _check_vertices(geom: BaseGeometry) -> None:
    """Raise BadCoordinate for the first unusable vertex; a single 0,0 vertex in a line or ring is a lost fix too."""
    coords = shapely.get_coordinates(geom)
    ok, reasons = check_points(coords[:, 0], coords[:, 1])
    if not ok.all():
        at = int(np.flatnonzero(~ok)[0])
        reason = str(reasons[at])
        where = f"Vertex {at + 1} of {len(coords)} ({coords[at, 0]:.10g}, {coords[at, 1]:.10g})"
        raise BadCoordinate(f"{where}: {describe_reason(reason)}.", reason=reason)


def _parts(geom: BaseGeometry, kind: type[_Single]) -> list[_Single]:
    """Flatten to the non-empty single parts of one type."""
    if isinstance(geom, kind):
        return [] if geom.is_empty else [geom]
    return [part for member in getattr(geom, "geoms", ()) for part in _parts(member, kind)]


def _singles(geom: BaseGeometry) -> int:
    return sum(_singles(member) for member in geom.geoms) if hasattr(geom, "geoms") else 1


def _wrong(geom: BaseGeometry, wanted: str) -> BadGeometry:
    return BadGeometry(f"A {geom.geom_type} came where a {wanted} is wanted.", reason="wrong-type")


def _as_multipolygon(geom: BaseGeometry, repairs: list[str]) -> BaseGeometry:
    parts = _parts(geom, Polygon)
    if not parts:
        raise _wrong(geom, "MultiPolygon")
    if len(parts) < _singles(geom):
        repairs.append("dropped-parts")
    if not isinstance(geom, MultiPolygon):
        repairs.append("promoted")
    shape: BaseGeometry = MultiPolygon(parts)
    if not shape.is_valid:
        shape = shapely.make_valid(shape, method="structure", keep_collapsed=False)
        repairs.append("made-valid")
        parts = _parts(shape, Polygon)
        if len(parts) < _singles(shape):
            repairs.append("dropped-parts")
        shape = MultiPolygon(parts)
    if shape.is_empty or shape.area == 0.0:
        raise BadGeometry("The area collapses to nothing: its rings enclose no surface.", reason="collapsed")
    return shape


def _long_lines(geom: BaseGeometry, wanted: str, repairs: list[str]) -> list[LineString]:
    """Return the line parts that have a length."""
    lines = _parts(geom, LineString)
    if not lines:
        raise _wrong(geom, wanted)
    kept = [line for line in lines if line.length > 0.0]
    if not kept:
        raise BadGeometry("The line collapses to nothing: all its vertices are one point.", reason="collapsed")
    if len(kept) < _singles(geom):
        repairs.append("dropped-parts")
    return kept


def _as_multilinestring(geom: BaseGeometry, repairs: list[str]) -> BaseGeometry:
    lines = _long_lines(geom, "MultiLineString", repairs)
    if not isinstance(geom, MultiLineString):
        repairs.append("promoted")
    return MultiLineString(lines)


def _as_linestring(geom: BaseGeometry, repairs: list[str]) -> BaseGeometry:
    lines = _long_lines(geom, "LineString", repairs)
    if len(lines) > 1:
        raise BadGeometry(f"{len(lines)} lines came where one is wanted.", reason="wrong-type")
    if not isinstance(geom, LineString):
        repairs.append("unwrapped")
    return lines[0]


def _as_point(geom: BaseGeometry, repairs: list[str]) -> BaseGeometry:
    points = _parts(geom, Point) if isinstance(geom, Point | MultiPoint) else []
    if not points:
        raise _wrong(geom, "Point")
    if len(points) > 1:
        raise BadGeometry(f"{len(points)} points came where one is wanted.", reason="wrong-type")
    if not isinstance(geom, Point):
        repairs.append("unwrapped")
    return points[0]


_SHAPERS: dict[str, Callable[[BaseGeometry, list[str]], BaseGeometry]] = {
    "Point": _as_point,
    "LineString": _as_linestring,
    "MultiLineString": _as_multilinestring,
    "MultiPolygon": _as_multipolygon,
}


def _clean_track(geom: BaseGeometry) -> Cleaned:
    """Check a track: one line with heights and a measure that is finite and never runs backwards."""
    if not isinstance(geom, LineString):
        raise _wrong(geom, "LineStringZM")
    if not (geom.has_z and geom.has_m):
        raise BadGeometry("A track needs a height (Z) and a time measure (M) on every vertex.", reason="no-measure")
    extra = shapely.get_coordinates(geom, include_z=True, include_m=True)[:, 2:]
    if not bool(np.isfinite(extra).all()):
        raise BadGeometry("A height or time measure of the track is missing or not a number.", reason="not-finite")
    if bool((np.diff(extra[:, 1]) < 0.0).any()):
        raise BadGeometry("The track's time measure runs backwards.", reason="measure-order")
    return Cleaned(geom)


def _is_typed(data: Any) -> bool:
    return isinstance(data, Mapping) and "type" in data


def _close_rings(data: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """Return a copy of the GeoJSON geometry with its polygon rings closed, and whether one had to be."""
    kind, out, changed = data["type"], dict(data), False
    if kind == "GeometryCollection" and isinstance(data.get("geometries"), list):
        members = [_close_rings(member) if _is_typed(member) else (member, False) for member in data["geometries"]]
        return {**out, "geometries": [member for member, _ in members]}, any(closed for _, closed in members)
    coords = data.get("coordinates")
    if kind not in ("Polygon", "MultiPolygon") or not isinstance(coords, list | tuple):
        return out, False

    def close(ring: Any) -> Any:
        nonlocal changed
        if isinstance(ring, list | tuple) and len(ring) >= 3 and ring[0] != ring[-1]:
            changed = True
            return [*ring, ring[0]]
        return ring

    def close_polygon(rings: Any) -> Any:
        return [close(ring) for ring in rings] if isinstance(rings, list | tuple) else rings

    out["coordinates"] = close_polygon(coords) if kind == "Polygon" else [close_polygon(rings) for rings in coords]
    return out, changed
