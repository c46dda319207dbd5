"""A zone with few vertices that still covers all of the zone: nobody who is threatened falls out of what is told.

The zone is worked on in degrees stretched to a plane (x by the cosine of its latitude), which keeps "covers" exact.
"""

from __future__ import annotations

import math

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from onemap.warnings.sight import METRES_PER_DEGREE

VERTICES = 100
#: Decimals of a degree that are written: about a centimetre, so that rounding moves nothing that counts.
DECIMALS = 7
_FIRST_M = 0.1
_GROWTH = 1.6


def simplified(zone: BaseGeometry, vertices: int = VERTICES) -> MultiPolygon:
    """A multipolygon without holes of at most `vertices` vertices (closing ones included) that covers the zone.

    The zone itself where it is small enough; else grown by a tolerance and thinned by less than that, with the smallest
    tolerance of a geometric row that is enough; else the convex hull so treated; else the envelope. Coordinates are
    rounded to `DECIMALS`. `vertices` must be at least 5. The zone must not be empty.
    """
    whole = _filled(zone)
    west, south, east, north = whole.bounds
    if _count(whole) <= vertices:
        plain = _rounded(whole)
        if _good(plain, whole, vertices):
            return plain
    stretch = math.cos(math.radians((south + north) / 2)) or 1.0
    size = max((east - west) * stretch, north - south, 1e-6)
    flat = _stretched(whole, stretch)
    for shape in (flat, MultiPolygon([_hull(flat)])):
        tolerance = max(_FIRST_M / METRES_PER_DEGREE, size * 1e-6)
        while tolerance < size:
            found = _rounded(_stretched(_thinned(shape, tolerance), 1 / stretch))
            if _good(found, whole, vertices):
                return found
            tolerance *= _GROWTH
    margin = size * 1e-3 + 10.0**-DECIMALS * 10
    return _rounded(MultiPolygon([shapely.box(west - margin, south - margin, east + margin, north + margin)]))


def _thinned(shape: MultiPolygon, tolerance: float) -> MultiPolygon:
    """Grown by the tolerance with pointed corners, then thinned by a little less: never back into what it was."""
    grown = shapely.buffer(shape, tolerance, quad_segs=1, join_style="mitre", mitre_limit=3.0)
    return _filled(shapely.simplify(grown, tolerance * 0.9))


def _filled(zone: BaseGeometry) -> MultiPolygon:
    """The zone's polygons without holes, those that overlap made one."""
    parts = [part for part in shapely.get_parts(zone) if isinstance(part, Polygon) and not part.is_empty]
    rings = [Polygon(part.exterior) for part in parts]
    if len(rings) > 1:
        merged = shapely.union_all([ring if ring.is_valid else ring.buffer(0) for ring in rings])
        rings = [Polygon(part.exterior) for part in shapely.get_parts(merged) if isinstance(part, Polygon)]
    return MultiPolygon(rings)


def _hull(shape: MultiPolygon) -> Polygon:
    hull = shape.convex_hull
    return hull if isinstance(hull, Polygon) else Polygon(shapely.box(*shape.bounds).exterior)


def _stretched(shape: MultiPolygon, factor: float) -> MultiPolygon:
    moved: MultiPolygon = shapely.transform(shape, lambda xy: xy * np.array([factor, 1.0]))
    return moved


def _rounded(shape: MultiPolygon) -> MultiPolygon:
    rounded: MultiPolygon = shapely.transform(shape, lambda xy: np.round(xy, DECIMALS))
    return rounded


def _count(shape: MultiPolygon) -> int:
    return int(shapely.get_num_coordinates(shape))


def _good(found: MultiPolygon, whole: MultiPolygon, vertices: int) -> bool:
    return (
        not found.is_empty
        and _count(found) <= vertices
        and bool(found.is_valid)
        and bool(shapely.covers(found, whole))
        and min(len(part.exterior.coords) for part in found.geoms) >= 4
    )
