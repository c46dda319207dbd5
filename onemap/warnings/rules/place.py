"""What lies near a rule's objects, and what lies higher: plain geometry in metres over the extent of a city.

Positions are taken in one plane (equirectangular about the objects' mean latitude): over 50 km within half a percent.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import shapely

from onemap.core.cell import cells_of
from onemap.store.db import Connection
from onemap.store.sqlfile import sql
from onemap.warnings.rules.ground import Subject
from onemap.warnings.sight import METRES_PER_DEGREE

Indices = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]
#: The terrain is kept at the finest of these that its model allows.
_TERRAIN_RES = (11, 10, 9, 8)


def pairs(subjects: Sequence[Subject], lon: Doubles, lat: Doubles, within_m: float | None) -> tuple[Indices, Indices]:
    """Which points lie in or within so many metres of which subjects: (subject, point) indices, sorted.

    Without a distance only what lies inside counts. Subjects and points without a place (NaN) have nothing near.
    """
    placed = [i for i, one in enumerate(subjects) if not math.isnan(one.lat)]
    here = np.flatnonzero(~(np.isnan(lon) | np.isnan(lat)))
    if not placed or not len(here):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    middle = float(np.mean([subjects[i].lat for i in placed]))
    scale = np.array([METRES_PER_DEGREE * math.cos(math.radians(middle)), METRES_PER_DEGREE])
    shapes = np.array([subjects[i].geom or shapely.Point(subjects[i].lon, subjects[i].lat) for i in placed], object)
    shapes = shapely.transform(shapes, lambda xy: xy * scale)
    points = shapely.points(np.column_stack((lon[here], lat[here])) * scale)
    tree = shapely.STRtree(points)
    found = tree.query(shapes, predicate="dwithin", distance=within_m or 0.0)
    of, near = np.asarray(placed, np.int64)[found[0]], here[found[1]]
    order = np.lexsort((near, of))
    return of[order], near[order].astype(np.int64)


def grouped(of: Indices, n: int) -> list[slice]:
    """Where each of `n` subjects stands in the sorted first half of `pairs`."""
    bounds = np.searchsorted(of, np.arange(n + 1))
    return [slice(int(a), int(b)) for a, b in itertools.pairwise(bounds)]


def elevations(conn: Connection, lon: Doubles, lat: Doubles) -> Doubles:
    """The ground's height in metres at some points, from the terrain's cells; NaN where the terrain is not known."""
    out = np.full(len(lon), np.nan)
    for res in _TERRAIN_RES:
        open_ = np.flatnonzero(np.isnan(out) & ~np.isnan(lon) & ~np.isnan(lat))
        if not len(open_):
            break
        cells = cells_of(lon[open_], lat[open_], res)
        asked = {"cells": cells.tolist(), "res": res}
        for row in conn.execute(sql("rule_elevation"), asked).fetchall():
            out[open_[row["at"] - 1]] = row["elevation_m"]
    return out
