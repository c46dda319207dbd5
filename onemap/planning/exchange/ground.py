"""A local plane for judging slivers: metres east and north of one place, good to a few per mille over a city."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import shapely

from onemap.planning.exchange.spec import Shapes

Floats = npt.NDArray[np.float64]
_LAT_M = 110_574.0
_LON_M = 111_320.0


class Plane:
    """Degrees to metres about the middle of what is looked at. Only for measuring: nothing is moved through it."""

    def __init__(self, shapes: Shapes) -> None:
        west, south, east, north = shapely.total_bounds(shapes)
        self._middle = ((west + east) / 2, (south + north) / 2)
        self.scale = np.array([_LON_M * np.cos(np.radians(self._middle[1])), _LAT_M])

    def xy(self, at: Floats) -> Floats:
        """Positions of shape (n, 2) in metres."""
        return np.asarray((at - np.array(self._middle)) * self.scale, np.float64)

    def shapes(self, shapes: Shapes) -> Shapes:
        """Shapes in metres."""
        return np.asarray(shapely.transform(shapes, self.xy), dtype=object)

    def areas(self, shapes: Shapes) -> Floats:
        """Areas in m²."""
        return np.asarray(shapely.area(shapes) * self.scale[0] * self.scale[1], np.float64)

    def widths(self, shapes: Shapes) -> Floats:
        """How wide each polygon is on average along its length, in metres: twice the area over the outline."""
        metres = self.shapes(shapes)
        around = shapely.length(metres)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(around > 0, 2 * shapely.area(metres) / around, 0.0)

    def lengths(self, starts: Floats, ends: Floats) -> Floats:
        """Lengths in metres of segments between positions in degrees."""
        return np.asarray(np.hypot(*((ends - starts) * self.scale).T), np.float64)
