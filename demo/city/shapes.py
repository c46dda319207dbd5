"""Shapely's vector functions with the one type each use here has: arrays in, arrays out."""

from __future__ import annotations

from typing import cast

import numpy as np
import shapely
from shapely import LineString, Point
from shapely.geometry.base import BaseGeometry

from demo.city.plan import Floats, Geoms


def points(xy: Floats | list[tuple[float, float]]) -> Geoms:
    """Points of coordinates, shape (n, 2)."""
    return np.asarray(shapely.points(np.asarray(xy, dtype=float).reshape(-1, 2)), dtype=object)


def along(line: BaseGeometry, share: float) -> Point:
    """Point at a share (0 to 1) of a line's length."""
    return shapely.line_interpolate_point(cast(LineString, line), share, normalized=True)


def union(geoms: list[BaseGeometry] | Geoms) -> BaseGeometry:
    """Union of geometries."""
    return shapely.union_all(np.asarray(geoms, dtype=object))


def coverage(geoms: Geoms) -> BaseGeometry:
    """Union of polygons that share their edges exactly."""
    return shapely.coverage_union_all(geoms)


def parts(geom: BaseGeometry | Geoms) -> list[BaseGeometry]:
    """Parts of a multi geometry, or of many."""
    return list(shapely.get_parts(np.atleast_1d(np.asarray(geom, dtype=object))))
