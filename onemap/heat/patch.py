"""Outlines of groups of cells: edges shared by two cells of a group cancel, what is left is linked to rings.

Vertices are named by H3's own vertex indexes, so an edge is the same number pair in both of its cells and nothing is
compared by coordinates. Three cells meet in a vertex: at a group's border one edge comes in and one goes out, and
linking them is never ambiguous.
"""

from __future__ import annotations

from dataclasses import dataclass

import h3.api.basic_int as h3
import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapely import Polygon

from onemap.core.cell import Cells

DIGITS = 6  # of a degree: 0.1 m
Ring = list[tuple[float, float]]


@dataclass(frozen=True)
class Patch:
    """Cells that hang together by edges, and their outline in degrees, rounded to `DIGITS`."""

    cells: Cells
    outline: Polygon


def patches(cells: Cells) -> list[Patch]:
    """The connected patches of distinct cells of one resolution, in the order of their first cells.

    Outer rings run counter-clockwise, holes clockwise (RFC 7946); a ring across the antimeridian runs on past 180.
    """
    if not len(cells):
        return []
    starts, ends, owners = _edges(cells)
    keys = np.sort(np.stack((starts, ends)), axis=0)
    _, where, count = np.unique(keys, axis=1, return_inverse=True, return_counts=True)
    where = where.ravel()
    patch = _components(where, owners, len(cells))
    border = count[where] == 1
    following = dict(zip(starts[border].tolist(), ends[border].tolist(), strict=True))
    patch_at = dict(zip(starts[border].tolist(), patch[owners[border]].tolist(), strict=True))
    rings: dict[int, list[Ring]] = {}
    while following:
        first = next(iter(following))
        ring, at = [], first
        while at in following:
            ring.append(at)
            at = following.pop(at)
        rings.setdefault(patch_at[first], []).append(_placed(ring))
    order = np.argsort(patch, kind="stable")
    members = np.split(cells[order], np.flatnonzero(np.diff(patch[order])) + 1)
    found = []
    for number, own in enumerate(members):
        # The outer ring is the one that turns left; the patch lies on the left of all of them.
        by_area = sorted(rings[number], key=_twice_area, reverse=True)
        found.append(Patch(own, Polygon(by_area[0], by_area[1:])))
    return found


def _edges(cells: Cells) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.intp]]:
    """Every cell's edges counter-clockwise: vertex from, vertex to, position of the cell."""
    corners = [h3.cell_to_vertexes(cell) for cell in cells.tolist()]
    sizes = np.array([len(own) for own in corners])
    owners = np.repeat(np.arange(len(cells)), sizes)
    starts = np.array([one for own in corners for one in own], np.int64)
    ends = np.array([one for own in corners for one in (*own[1:], own[0])], np.int64)
    return starts, ends, owners


def _components(where: npt.NDArray[np.intp], owners: npt.NDArray[np.intp], n: int) -> npt.NDArray[np.int32]:
    """The patch of each cell: cells with an edge in common are in one."""
    order = np.argsort(where, kind="stable")
    same = where[order][1:] == where[order][:-1]
    one, other = owners[order][:-1][same], owners[order][1:][same]
    graph = coo_array((np.ones(len(one), np.int8), (one, other)), shape=(n, n))
    labels: npt.NDArray[np.int32] = connected_components(graph, directed=False)[1]
    # Numbered by their first cells.
    _, first, number = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first)).astype(np.int32)[number]


def _placed(ring: list[int]) -> Ring:
    places = [h3.vertex_to_latlng(vertex) for vertex in ring]
    lon, lat = np.array([place[1] for place in places]), [place[0] for place in places]
    if np.ptp(lon) > 180.0:
        lon[lon < 0.0] += 360.0
    return [(round(x, DIGITS), round(y, DIGITS)) for x, y in zip(lon.tolist(), lat, strict=True)]


def _twice_area(ring: Ring) -> float:
    x, y = np.array(ring).T
    return float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))
