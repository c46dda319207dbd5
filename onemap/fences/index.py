"""Which fences contain a point, exactly, and how far the borders near it are; fences come and go between questions.

Longitude and latitude are a plane, as in PostGIS and GEOS; borders and vertices count as inside.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from onemap.core.errors import BadGeometry

#: Metres in a degree of latitude, and of longitude at the equator.
METRES_PER_DEGREE = 111_195.0

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class FenceIndex:
    """Fences by id. One owner: no thread may ask while another edits."""

    def __init__(self) -> None:
        self._geoms: dict[int, BaseGeometry] = {}
        self._tree: tuple[Ints, npt.NDArray[np.object_], shapely.STRtree] | None = None

    @classmethod
    def build(cls, ids: npt.ArrayLike, geoms: npt.ArrayLike) -> FenceIndex:
        """An index of the polygons and multipolygons `geoms` (valid, WGS-84 degrees) under their `ids`."""
        index = cls()
        for fid, geom in zip(np.asarray(ids, np.int64).tolist(), np.asarray(geoms, object), strict=True):
            index.put(fid, geom)
        return index

    def __len__(self) -> int:
        return len(self._geoms)

    def __contains__(self, fid: object) -> bool:
        return fid in self._geoms

    def put(self, fid: int, geom: BaseGeometry) -> None:
        """Add a fence or give it another border, in force for the next question; raises `BadGeometry`."""
        if shapely.get_type_id(geom) not in (3, 6):
            raise BadGeometry("a fence is a polygon or a multipolygon")
        if not np.isfinite(shapely.get_coordinates(geom)).all():
            raise BadGeometry("a fence's coordinates are finite numbers")
        self._geoms[int(fid)] = geom
        self._tree = None

    def drop(self, fid: int) -> None:
        """Forget a fence; one that is not there is no error."""
        if self._geoms.pop(int(fid), None) is not None:
            self._tree = None

    def match(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[Ints, Ints]:
        """Pairs (index of the point, id of a fence that contains it), by point, then id; NaN matches nothing."""
        x, y = np.asarray(lon, np.float64), np.asarray(lat, np.float64)
        ids, _, tree = self._ready()
        known = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
        at, found = tree.query(shapely.points(x[known], y[known]), predicate="intersects")
        point, fence = known[at].astype(np.int64), ids[found]
        order = np.lexsort((fence, point))
        return point[order], fence[order]

    def near(self, lon: npt.ArrayLike, lat: npt.ArrayLike, radius_m: npt.ArrayLike) -> tuple[Ints, Ints, Floats]:
        """Pairs as `match`, of all fences whose border or inside is within the radius, and metres to the border.

        Metres are signed (negative inside, 0 on the border), in the plane tangent at the point.
        """
        x, y = np.asarray(lon, np.float64), np.asarray(lat, np.float64)
        radius = np.broadcast_to(np.asarray(radius_m, np.float64), x.shape)
        ids, geoms, tree = self._ready()
        rows: list[tuple[int, int, float]] = []
        for p in np.flatnonzero(np.isfinite(x) & np.isfinite(y) & (radius >= 0)).tolist():
            east = METRES_PER_DEGREE * float(np.cos(np.radians(y[p])))
            dx, dy = radius[p] / max(east, 1e-6) * 1.001, radius[p] / METRES_PER_DEGREE * 1.001
            for g in tree.query(shapely.box(x[p] - dx, y[p] - dy, x[p] + dx, y[p] + dy)).tolist():
                inside = bool(shapely.intersects_xy(geoms[g], x[p], y[p]))
                moved = (shapely.get_coordinates(geoms[g]) - (x[p], y[p])) * (east, METRES_PER_DEGREE)
                border = shapely.boundary(shapely.set_coordinates(geoms[g : g + 1].copy(), moved)[0])
                metres = float(shapely.distance(border, shapely.Point(0.0, 0.0)))
                if inside or metres <= radius[p]:
                    rows.append((p, int(ids[g]), -metres if inside else metres))
        rows.sort()
        return (
            np.array([r[0] for r in rows], np.int64),
            np.array([r[1] for r in rows], np.int64),
            np.array([r[2] for r in rows], np.float64),
        )

    def _ready(self) -> tuple[Ints, npt.NDArray[np.object_], shapely.STRtree]:
        if self._tree is None:
            ids = np.fromiter(self._geoms, np.int64, len(self._geoms))
            geoms = np.array(list(self._geoms.values()), object)
            self._tree = ids, geoms, shapely.STRtree(geoms)
        return self._tree
