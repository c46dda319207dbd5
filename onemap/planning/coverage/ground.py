"""Lengths and areas on the ground: a plane for each latitude, on the WGS-84 ellipsoid. Metres; a grid's to 1e-5."""

from __future__ import annotations

import math

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from onemap.planning.coverage.model import Floats


def metres(lat: float) -> tuple[float, float]:
    """Return metres in one degree of longitude and of latitude at a latitude."""
    phi = math.radians(lat)
    east = 111_412.84 * math.cos(phi) - 93.5 * math.cos(3 * phi) + 0.118 * math.cos(5 * phi)
    north = 111_132.92 - 559.82 * math.cos(2 * phi) + 1.175 * math.cos(4 * phi)
    return east, north


def length_m(xy: Floats) -> float:
    """Return the length of a line in metres."""
    east, north = metres(float(xy[0, 1]))
    step = np.diff(xy, axis=0)
    return float(np.hypot(step[:, 0] * east, step[:, 1] * north).sum())


def area_m2(geom: BaseGeometry) -> float:
    """Return the area of a (multi)polygon in square metres."""
    if geom.is_empty:
        return 0.0
    east, north = metres((geom.bounds[1] + geom.bounds[3]) / 2)
    return float(shapely.area(geom)) * east * north
