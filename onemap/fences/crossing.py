"""How much of a straight way lies inside a fence. Only fences that ask for it are kept here."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numba import njit
from shapely.geometry.base import BaseGeometry

from onemap.fences.batch import metres


@njit(cache=True, nogil=True)
def share_inside(edges: Any, lon: float, lat: float, lon2: float, lat2: float) -> float:
    """The share, 0 to 1, of the way between two places that lies inside the rings given as edges (n, 4).

    The way is cut where it meets an edge; each part is inside when its middle is, by the parity of crossings.
    """
    dx, dy = lon2 - lon, lat2 - lat
    cuts = np.empty(len(edges) + 2)
    cuts[0], cuts[1] = 0.0, 1.0
    count = 2
    for k in range(len(edges)):
        ex, ey = edges[k, 2] - edges[k, 0], edges[k, 3] - edges[k, 1]
        cross = dx * ey - dy * ex
        if cross == 0.0:
            continue
        ox, oy = edges[k, 0] - lon, edges[k, 1] - lat
        along, beside = (ox * ey - oy * ex) / cross, (ox * dy - oy * dx) / cross
        if 0.0 < along < 1.0 and 0.0 <= beside <= 1.0:
            cuts[count] = along
            count += 1
    cuts = np.sort(cuts[:count])
    inside = 0.0
    for k in range(count - 1):
        middle = 0.5 * (cuts[k] + cuts[k + 1])
        x, y = lon + middle * dx, lat + middle * dy
        odd = False
        for e in range(len(edges)):
            if (edges[e, 1] > y) != (edges[e, 3] > y):
                at = edges[e, 0] + (y - edges[e, 1]) / (edges[e, 3] - edges[e, 1]) * (edges[e, 2] - edges[e, 0])
                if x < at:
                    odd = not odd
        if odd:
            inside += cuts[k + 1] - cuts[k]
    return inside


class Ways:
    """Borders of fences by slot, as edges."""

    def __init__(self) -> None:
        self._edges: dict[int, Any] = {}

    def put(self, slot: int, ground: BaseGeometry) -> None:
        """Keep a fence's border."""
        parts = []
        for ring in shapely.get_rings(shapely.get_parts(ground)):
            xy = shapely.get_coordinates(ring)
            parts.append(np.hstack((xy[:-1], xy[1:])))
        self._edges[slot] = np.ascontiguousarray(np.concatenate(parts))

    def drop(self, slot: int) -> None:
        """Forget a fence; one that is not there is no error."""
        self._edges.pop(slot, None)

    def inside_m(self, slot: int, lon: float, lat: float, lon2: float, lat2: float) -> float:
        """Metres of the way between two places that lie inside a fence."""
        return float(share_inside(self._edges[slot], lon, lat, lon2, lat2)) * float(metres(lon2, lat2, lon, lat))
