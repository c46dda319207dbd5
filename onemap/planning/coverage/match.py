"""Bring shapes that nearly match to exactly matching linework; the border around them does not move."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from onemap.planning.coverage.cover import Coverage
from onemap.planning.coverage.model import Face, FaceId
from onemap.planning.coverage.refusal import Refused
from onemap.planning.coverage.settle import ON_BORDER_DEG

# Two centimetres: gaps as narrow as this are closed, wider ones were meant.
_GAP_DEG = 2e-7


def matched(
    cov: Coverage, faces: Sequence[FaceId], parts: Sequence[tuple[Face, BaseGeometry]]
) -> list[tuple[Face, BaseGeometry]]:
    """Return the parts with linework that matches each other and the border of the faces. Raises Refused (gap, empty).

    GEOS cleans them as a coverage, together with all that lies outside: that comes first, and overlaps go to the
    first, so that nothing moves the border.
    """
    whole = shapely.coverage_union_all(cov.polygons(faces))
    west, south, east, north = whole.bounds
    margin = max(east - west, north - south, 1e-4)
    frame = shapely.box(west - margin, south - margin, east + margin, north + margin)
    shells = [shapely.get_exterior_ring(piece) for piece in shapely.get_parts(whole)]
    outside = Polygon(frame.exterior, shells) if _apart(shells) else shapely.difference(frame, whole)
    islands = [Polygon(ring) for piece in shapely.get_parts(whole) for ring in piece.interiors]
    around = [outside, *islands]
    cleaned = shapely.coverage_clean(  # type: ignore[attr-defined]  # newer than the stubs
        np.array([*around, *(geom for _, geom in parts)], dtype=object),
        snapping_distance=ON_BORDER_DEG,
        gap_width=_GAP_DEG,
        merge_strategy="min_index",
    )
    found: list[tuple[Face, BaseGeometry]] = []
    for (face, _), geom in zip(parts, cleaned[len(around) :], strict=True):
        ground = [piece for piece in shapely.get_parts(geom) if isinstance(piece, Polygon) and piece.area > 0]
        if not ground:
            raise Refused("empty", face.id)
        found.append((face, MultiPolygon(ground)))
    return found


def _apart(shells: Sequence[BaseGeometry]) -> bool:
    """Whether the pieces do not touch, so that the frame with them as holes is a valid polygon."""
    return len(shells) == 1
