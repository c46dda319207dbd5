"""Metres on the map: areas and lengths of small shapes on the WGS-84 ellipsoid, in the plane at their place.

A degree's length is that of the ellipsoid at the shape's own middle latitude; over 5 km that is right to 1e-6.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

Floats = npt.NDArray[np.float64]


def metres(lat: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Metres in a degree of longitude and of latitude at latitudes in degrees; within 1 cm in 100 km."""
    phi = np.radians(np.asarray(lat, np.float64))
    east = 111_412.84 * np.cos(phi) - 93.5 * np.cos(3.0 * phi) + 0.118 * np.cos(5.0 * phi)
    north = 111_132.92 - 559.82 * np.cos(2.0 * phi) + 1.175 * np.cos(4.0 * phi) - 0.0023 * np.cos(6.0 * phi)
    return np.asarray(east), np.asarray(north)


def areas_m2(geoms: npt.NDArray[Any]) -> Floats:
    """Areas in square metres, shape (n,)."""
    bounds = shapely.bounds(geoms)
    east, north = metres(np.nan_to_num((bounds[:, 1] + bounds[:, 3]) / 2.0))
    return np.asarray(shapely.area(geoms) * east * north)


def area_m2(geom: BaseGeometry) -> float:
    """Area in square metres."""
    return float(areas_m2(np.array([geom], dtype=object))[0])


def lengths_m(ax: Floats, ay: Floats, bx: Floats, by: Floats) -> Floats:
    """Lengths in metres of straight pieces between two positions each."""
    east, north = metres((ay + by) / 2.0)
    return np.asarray(np.hypot((bx - ax) * east, (by - ay) * north))


class Plane:
    """The plane that touches at a place: metres east and north of it."""

    def __init__(self, lon: float, lat: float) -> None:
        east, north = metres(lat)
        self.origin = np.array([lon, lat])
        self.scale = np.array([float(east), float(north)])

    @classmethod
    def of(cls, geom: BaseGeometry) -> Plane:
        """The plane at the middle of a shape's bounds."""
        west, south, east, north = geom.bounds
        return cls((west + east) / 2.0, (south + north) / 2.0)

    def flat(self, geom: Any) -> Any:
        """A geometry, or an array of them, in metres."""
        return shapely.transform(geom, lambda xy: np.asarray((xy - self.origin) * self.scale))

    def round(self, geom: Any) -> Any:
        """A geometry, or an array of them, back in degrees."""
        return shapely.transform(geom, lambda xy: np.asarray(xy / self.scale + self.origin))
