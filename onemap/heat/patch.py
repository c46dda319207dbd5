"""Outlines of groups of cells: edges shared by two cells of a group cancel, what is left is linked to rings.

Three cells meet in a corner: at a group's border one edge comes in and one goes out, so linking is never ambiguous, and
each patch of cells that hang together by edges has one ring around it and one for each hole.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapely import Polygon

from onemap.core.cell import Cells, Floats, boundary
from onemap.core.outline import hexagons

DIGITS = 6  # of a degree: 0.1 m
#: Two cells' figures for one corner agree far better than this, different corners lie much further apart.
_SAME_DEG = 1e-10

Ints = npt.NDArray[np.int64]
Ring = list[tuple[float, float]]


@dataclass(frozen=True)
class Patch:
    """Cells that hang together by edges, and the closed rings around them: the outer one first, then its holes.

    Degrees rounded to `DIGITS`; the outer ring runs counter-clockwise, holes clockwise (RFC 7946).
    """

    cells: Cells
    rings: list[Ring]

    @property
    def outline(self) -> Polygon:
        """The patch as a polygon."""
        return Polygon(self.rings[0], self.rings[1:])


def patches(cells: Cells) -> list[Patch]:
    """The connected patches of distinct cells of one resolution, in the order of their first cells.

    Outlines across the antimeridian run on past 180.
    """
    if not len(cells):
        return []
    corners, owners, following = _corners(cells)
    names, lon, lat = _named(corners)
    starts, ends = names, names[following]
    low, high = np.minimum(starts, ends), np.maximum(starts, ends)
    _, edge, count = np.unique(low * (len(lon) + 1) + high, return_inverse=True, return_counts=True)
    patch = _components(edge, owners, len(cells))
    border = count[edge] == 1
    rings = _rings(starts[border], ends[border], patch[owners[border]], lon.tolist(), lat.tolist())
    order = np.argsort(patch, kind="stable")
    members = np.split(cells[order], np.flatnonzero(np.diff(patch[order])) + 1)
    # The outer ring is the only one that turns left.
    return [
        Patch(own, rings[number] if len(rings[number]) == 1 else sorted(rings[number], key=_twice_area, reverse=True))
        for number, own in enumerate(members)
    ]


def _corners(cells: Cells) -> tuple[Floats, Ints, Ints]:
    """All cells' corners counter-clockwise (m, 2): position, whose each is, and the place of the cell's next one."""
    hexagonal, sure = hexagons(cells)
    parts: list[Floats] = [hexagonal[sure, :6].reshape(-1, 2)]
    which: list[Ints] = [np.repeat(np.flatnonzero(sure), 6)]
    # Pentagons, and cells that bend over an edge of the icosahedron and have a corner there.
    for at in np.flatnonzero(~sure).tolist():
        ring = np.array(boundary(int(cells[at])).exterior.coords)[:-1, :2]
        parts.append(ring)
        which.append(np.full(len(ring), at, np.int64))
    corners, owners = np.concatenate(parts), np.concatenate(which)
    if np.ptp(corners[:, 0]) > 180.0:
        corners[corners[:, 0] < 0.0, 0] += 360.0
    following = np.arange(1, len(owners) + 1)
    last = np.flatnonzero(np.diff(owners, append=-1) != 0)
    following[last] = np.concatenate(([0], last[:-1] + 1))
    return corners, owners, following


def _named(corners: Floats) -> tuple[Ints, Floats, Floats]:
    """A number for each corner, the same for the same place, and those places' lon and lat, rounded."""
    x, y = (_groups(corners[:, axis]) for axis in (0, 1))
    _, first, names = np.unique(x * (len(corners) + 1) + y, return_index=True, return_inverse=True)
    places = np.round(corners[first], DIGITS)
    return names.astype(np.int64), places[:, 0], places[:, 1]


def _groups(values: Floats) -> Ints:
    """Numbers of runs of values with hardly a gap between them: unlike rounding, it never parts two neighbours."""
    order = np.argsort(values, kind="stable")
    found = np.empty(len(values), np.int64)
    found[order] = np.cumsum(np.diff(values[order], prepend=values[order[0]]) > _SAME_DEG)
    return found


def _components(edge: npt.NDArray[np.intp], owners: Ints, n: int) -> npt.NDArray[np.int32]:
    """The patch of each cell: cells with an edge in common are in one."""
    order = np.argsort(edge, kind="stable")
    same = edge[order][1:] == edge[order][:-1]
    one, other = owners[order][:-1][same], owners[order][1:][same]
    graph = coo_array((np.ones(len(one), np.int8), (one, other)), shape=(n, n))
    labels: npt.NDArray[np.int32] = connected_components(graph, directed=False)[1]
    # Numbered by their first cells.
    _, first, number = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first)).astype(np.int32)[number]


def _rings(
    starts: Ints, ends: Ints, patch: npt.NDArray[np.int32], lon: list[float], lat: list[float]
) -> dict[int, list[Ring]]:
    """By patch, its border edges linked to closed rings."""
    following = dict(zip(starts.tolist(), ends.tolist(), strict=True))
    owner = dict(zip(starts.tolist(), patch.tolist(), strict=True))
    found: dict[int, list[Ring]] = {}
    while following:
        first = at = next(iter(following))
        ring = [(lon[at], lat[at])]
        while at in following:
            at = following.pop(at)
            ring.append((lon[at], lat[at]))
        found.setdefault(owner[first], []).append(ring)
    return found


def _twice_area(ring: Ring) -> float:
    x, y = np.array(ring).T
    return float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))
