"""Who can see a zone and who can be there: plain geometry over a neighbourhood of a few kilometres.

Distances are taken in a plane tangent at the camera or zone (equirectangular, metres): to 5 km within 0.1 %.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

METRES_PER_DEGREE = 111_195.0
# A camera without a stated range is trusted no further than this.
RANGE_M = 100.0
# Streets are not straight lines, and a team does not start at full speed.
DETOUR = 1.4
#: Mean speed in a built-up district, by kind of team: grid teams ride e-bikes, the others drive.
SPEED_KMH = {"grid": 18.0}
DRIVING_KMH = 30.0


def plane(geom: BaseGeometry, lon: float, lat: float) -> BaseGeometry:
    """The WGS-84 geometry in metres east and north of a point."""
    east = METRES_PER_DEGREE * math.cos(math.radians(lat))

    def shift(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.column_stack(((xy[:, 0] - lon) * east, (xy[:, 1] - lat) * METRES_PER_DEGREE))

    moved: BaseGeometry = shapely.transform(geom, shift)
    return moved


def sector(heading_deg: float, fov_deg: float, range_m: float) -> Polygon:
    """A field of view around the origin: heading clockwise from north, as a polygon of metres east and north."""
    if fov_deg >= 360.0:
        turns = np.radians(np.linspace(0.0, 360.0, 72, endpoint=False))
        return Polygon(np.column_stack((np.sin(turns), np.cos(turns))) * range_m)
    steps = max(3, int(fov_deg // 5) + 2)
    turns = np.radians(np.linspace(heading_deg - fov_deg / 2, heading_deg + fov_deg / 2, steps))
    arc = np.column_stack((np.sin(turns), np.cos(turns))) * range_m
    return Polygon(np.vstack(([0.0, 0.0], arc)))


def sees(
    zone: BaseGeometry,
    lon: float,
    lat: float,
    *,
    heading_deg: float | None,
    fov_deg: float | None,
    range_m: float | None,
) -> bool:
    """Whether a camera's field of view meets the zone. One without heading or angle is taken to look all around."""
    turning = heading_deg is None or not fov_deg
    view = sector(heading_deg or 0.0, 360.0 if turning else float(fov_deg or 0.0), range_m or RANGE_M)
    return bool(plane(zone, lon, lat).intersects(view))


def eta_s(distance_m: float, kind: str | None) -> int:
    """Seconds to cover a straight-line distance by street at the mean speed of that kind of team."""
    speed_mps = SPEED_KMH.get(kind or "", DRIVING_KMH) / 3.6
    return round(distance_m * DETOUR / speed_mps)
