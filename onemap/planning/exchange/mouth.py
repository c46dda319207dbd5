"""Gaps between grids that are open to the outside: closed at their mouths, so that they are pieces like any other.

Cutting ground along its lines finds a gap that is closed all round. One that runs out between two grids at the edge of
the city is told from a bend of its outline by being deep and narrow.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from shapely import STRtree

from onemap.planning.exchange.ground import Plane
from onemap.planning.exchange.spec import Shapes

Floats = npt.NDArray[np.float64]
#: So many times as long round as its mouth is wide is a gap; less is a bend.
_DEEP = 6.0


def mouths(pieces: Shapes, claims: Sequence[Sequence[int]], within_m: float, plane: Plane) -> Shapes:
    """Ground of gaps open to the outside at mouths up to `within_m` wide; their corners are the pieces' own."""
    nothing: Shapes = np.empty(0, dtype=object)
    starts, ends, owner = _outer(pieces)
    if len(starts) == 0:
        return nothing
    at, back = np.unique(np.concatenate([starts, ends]), axis=0, return_inverse=True)
    whose: list[set[int]] = [set() for _ in at]
    for corner, piece in zip(back.ravel().tolist(), np.concatenate([owner, owner]).tolist(), strict=True):
        whose[corner].update(claims[piece])
    pairs = cKDTree(plane.xy(at)).query_pairs(within_m, output_type="ndarray")
    apart = [whose[i].isdisjoint(whose[j]) and bool(whose[i]) and bool(whose[j]) for i, j in pairs.tolist()]
    pairs = pairs[np.array(apart, dtype=bool)] if len(pairs) else pairs
    if len(pairs) == 0:
        return nothing
    edge = np.asarray(shapely.linestrings(np.stack([starts, ends], axis=1)), dtype=object)
    bars = _bars(at[pairs], edge, plane)
    if len(bars) == 0:
        return nothing
    return _gaps(bars, edge, pieces, within_m, plane)


def _outer(pieces: Shapes) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
    """The segments that only one piece has, and which."""
    rings, owner = shapely.get_rings(pieces, return_index=True)
    at, ring = shapely.get_coordinates(rings, return_index=True)
    whole = ring[:-1] == ring[1:]
    starts, ends, of = at[:-1][whole], at[1:][whole], owner[ring[:-1][whole]]
    turned = (starts[:, 0] > ends[:, 0]) | ((starts[:, 0] == ends[:, 0]) & (starts[:, 1] > ends[:, 1]))
    low, high = np.where(turned[:, None], ends, starts), np.where(turned[:, None], starts, ends)
    _, first, count = np.unique(np.column_stack([low, high]), axis=0, return_index=True, return_counts=True)
    once = first[count == 1]
    return low[once], high[once], np.asarray(of[once], np.int64)


def _bars(ends: Floats, edge: Shapes, plane: Plane) -> Shapes:
    """Lines across, the shortest first, that meet neither the edge nor one another but at their ends."""
    bars = np.asarray(shapely.linestrings(ends), dtype=object)
    bars = bars[np.argsort(plane.lengths(ends[:, 0], ends[:, 1]), kind="stable")]
    bar, line = STRtree(edge).query(bars, predicate="intersects")
    touches = shapely.touches(bars[bar], edge[line])
    good = np.ones(len(bars), dtype=bool)
    good[bar[~touches]] = False  # along the edge, or over it
    one, other = STRtree(bars).query(bars, predicate="crosses")
    against: dict[int, list[int]] = {}
    for i, j in zip(one.tolist(), other.tolist(), strict=True):
        if j < i:
            against.setdefault(i, []).append(j)
    for i in range(len(bars)):
        if good[i] and any(good[j] for j in against.get(i, ())):
            good[i] = False
    return bars[good]


def _gaps(bars: Shapes, edge: Shapes, pieces: Shapes, within_m: float, plane: Plane) -> Shapes:
    """What bars and edge enclose outside of the pieces, each gap whole, of those that are deep and narrow."""
    found = np.asarray(shapely.get_parts(shapely.polygonize(np.concatenate([edge, bars]))), dtype=object)
    inside = STRtree(pieces).query(shapely.point_on_surface(found), predicate="within")[0]
    found = np.delete(found, np.unique(inside))
    found = found[plane.widths(found) <= within_m]  # not the lake itself that a gap is open to
    if len(found) == 0:
        return found
    piece, bar = STRtree(bars).query(found, predicate="covers")
    uses = np.bincount(bar, minlength=len(bars))
    graph = coo_array((np.ones(len(bar)), (piece, len(found) + bar)), shape=(len(found) + len(bars),) * 2)
    count, part = connected_components(graph, directed=False)
    long = shapely.length(plane.shapes(bars))
    gaps = []
    for number in range(count):
        own = found[part[: len(found)] == number]
        mouth = float(long[(part[len(found) :] == number) & (uses == 1)].sum())
        if len(own) == 0 or mouth == 0:
            continue
        whole = own[0] if len(own) == 1 else shapely.coverage_union_all(own)
        if whole.geom_type == "Polygon" and float(shapely.length(plane.shapes(np.array([whole])))[0]) >= _DEEP * mouth:
            gaps.append(whole)
    out = np.empty(len(gaps), dtype=object)
    out[:] = gaps
    return out
