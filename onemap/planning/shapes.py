"""Many small shapes that do not change (footprints), kept as bytes, and few long ones (roads, water), kept whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely import STRtree

from onemap.planning.inside import Scatter

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Geoms = npt.NDArray[Any]
Box = tuple[float, float, float, float]


class Footprints:
    """Footprints in degrees. 200,000 of them take 50 MB as bytes and four times that as geometries."""

    def __init__(self, wkbs: Sequence[bytes]) -> None:
        self._wkbs = list(wkbs)
        geoms = np.asarray(shapely.from_wkb(self._wkbs), dtype=object) if self._wkbs else np.empty(0, dtype=object)
        #: West, south, east, north of each, shape (n, 4).
        self.bounds: Floats = np.asarray(shapely.bounds(geoms), np.float64).reshape(-1, 4)
        #: A point inside each, shape (n, 2).
        self.middles: Floats = shapely.get_coordinates(shapely.point_on_surface(geoms)).reshape(-1, 2)
        halves = (self.bounds[:, 2:] - self.bounds[:, :2]) / 2.0
        # A few giants (stations, halls) must not widen every look-up.
        self._reach = np.quantile(halves, 0.995, axis=0) if len(halves) else np.zeros(2)
        self._giants = np.flatnonzero((halves > self._reach).any(axis=1))
        self._centres = Scatter(self.bounds[:, :2] + halves)

    def __len__(self) -> int:
        return len(self._wkbs)

    def take(self, which: Ints | Sequence[int]) -> Geoms:
        """The footprints of some rows, as geometries."""
        rows = np.asarray(which, np.int64)
        if not len(rows):
            return np.empty(0, dtype=object)
        return np.asarray(shapely.from_wkb([self._wkbs[row] for row in rows.tolist()]), dtype=object)

    def meeting(self, box: Box) -> Ints:
        """Rows whose bounds touch a box, ascending."""
        west, south, east, north = box
        x, y = self._reach
        near = self._centres.between(west - x, south - y, east + x, north + y)
        rows = np.union1d(near, self._giants) if len(self._giants) else np.sort(near)
        b = self.bounds[rows]
        return rows[(b[:, 0] <= east) & (b[:, 2] >= west) & (b[:, 1] <= north) & (b[:, 3] >= south)]


@dataclass(frozen=True, slots=True)
class Feature:
    """A road, a stretch of water, a campus: `layer` is road, water or landuse."""

    layer: str
    key: str
    kind: str
    name: str
    bridge: bool
    geom: Any


class Features:
    """Features found by place."""

    def __init__(self, features: Sequence[Feature]) -> None:
        self.all = list(features)
        self.geoms: Geoms = np.empty(len(self.all), dtype=object)
        self.geoms[:] = [feature.geom for feature in self.all]
        self._tree = STRtree(self.geoms)

    def near(self, box: Box | None) -> list[Feature]:
        """Features whose bounds touch a box (none: all), in the order of their keys."""
        if box is None:
            return self.all
        return [self.all[row] for row in np.sort(self._tree.query(shapely.box(*box))).tolist()]

    def pairs(self, geoms: Geoms) -> dict[int, list[Feature]]:
        """For each geometry (by index) that meets features: those features, in the order of their keys."""
        found: dict[int, list[Feature]] = {}
        at, row = self._tree.query(geoms, predicate="intersects")
        for n in np.lexsort((row, at)).tolist():
            found.setdefault(int(at[n]), []).append(self.all[row[n]])
        return found
