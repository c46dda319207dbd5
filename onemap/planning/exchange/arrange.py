"""The ground cut along every line of a file and its parents' borders: each piece with the grids that claim it.

A gap, an overlap and a stretch over a parent's border are all the same here: a piece that is not claimed by exactly one
grid of its parent. Pieces share their corners to the last bit, so whatever they are joined to fits its neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from scipy.spatial import cKDTree
from shapely import MultiPolygon, Polygon, STRtree
from shapely.geometry.base import BaseGeometry

from onemap.planning.exchange.ground import Plane
from onemap.planning.exchange.mouth import mouths
from onemap.planning.exchange.spec import Shapes

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
NOBODY = -1
#: Thinner than this, which side a piece is on is rounding; positions of float64 degrees are nanometres apart.
_THREAD_M = 1e-6


@dataclass(frozen=True)
class Pieces:
    """The pieces: shapes, areas in m², widths in m; claims by grids; parents; who lies beside whom for how many metres.

    `claims[i]` are the indices of the grids that cover piece i; `parent[i]` the parent it lies in, NOBODY outside all.
    `beside` has one row a pair (first, second), each pair once, `metres` their shared border. `origin[i]` is the piece
    that it was before `cut_up`.
    """

    shapes: Shapes
    areas: Floats
    widths: Floats
    claims: list[tuple[int, ...]]
    parent: Ints
    beside: Ints
    metres: Floats
    origin: Ints


def arranged(shapes: Shapes, parents: Shapes, plane: Plane, *, mouth_m: float) -> Pieces:
    """Cut the ground along the borders of `shapes` and `parents` (valid polygons; parents do not overlap).

    Without parents, holes wider than `mouth_m` are outside, and gaps that are open to the outside at mouths up to that
    wide are pieces too.
    """
    lines = shapely.unary_union(shapely.boundary(np.concatenate([shapes, parents])))
    pieces = np.asarray(shapely.get_parts(shapely.polygonize([lines])), dtype=object)
    points = shapely.point_on_surface(pieces)
    claims: list[list[int]] = [[] for _ in pieces]
    for piece, grid in STRtree(shapes).query(points, predicate="within").T.tolist():
        claims[piece].append(grid)
    if not len(parents):
        # A wide hole, such as a lake, is outside: gaps may be open to it as well.
        kept = np.array([bool(claim) for claim in claims]) | (plane.widths(pieces) <= mouth_m)
        pieces, claims = pieces[kept], [claim for claim, one in zip(claims, kept.tolist(), strict=True) if one]
        open_gaps = mouths(pieces, claims, mouth_m, plane)
        pieces = np.concatenate([pieces, open_gaps])
        claims += [[] for _ in open_gaps]
    parent = np.full(len(pieces), NOBODY, np.int64)
    if len(parents):
        found = STRtree(parents).query(points, predicate="within")
        parent[found[0]] = found[1]
    beside, metres = _borders(pieces, plane)
    widths = plane.widths(pieces)
    thread = widths < _THREAD_M
    for piece in np.flatnonzero(thread).tolist():
        claims[piece].clear()
    if len(parents):
        parent = _voted(parent, thread, beside, metres)
    return Pieces(
        pieces,
        plane.areas(pieces),
        widths,
        [tuple(sorted(claim)) for claim in claims],
        parent,
        beside,
        metres,
        np.arange(len(pieces)),
    )


def cut_up(pieces: Pieces, which: Sequence[int], plane: Plane) -> Pieces:
    """Cut pieces into triangles between their own corners, so that each part can go to whom it lies beside.

    A strip along many grids would else go whole to one of them, as a whisker before all the others.
    """
    triangles = {
        piece: shapely.get_parts(shapely.constrained_delaunay_triangles(pieces.shapes[piece])).tolist()
        for piece in which
    }
    shapes: list[Any] = []
    origin: list[int] = []
    for piece, shape in enumerate(pieces.shapes):
        parts = triangles.get(piece) or [shape]
        shapes += parts
        origin += [piece] * len(parts)
    found, back = np.empty(len(shapes), dtype=object), np.array(origin)
    found[:] = shapes
    beside, metres = _borders(found, plane)
    claims = [pieces.claims[piece] for piece in origin]
    return Pieces(found, plane.areas(found), pieces.widths[back], claims, pieces.parent[back], beside, metres, back)


def _voted(parent: Ints, thread: npt.NDArray[np.bool_], beside: Ints, metres: Floats) -> Ints:
    """The parents, those of threads by what lies beside them.

    Where two lines all but fall together, floating point leaves a piece thinner than an atom between them, and no
    point inside it to ask.
    """
    votes: dict[int, dict[int, float]] = {}
    for (first, second), length in zip(beside.tolist(), metres.tolist(), strict=True):
        for mine, other in ((first, second), (second, first)):
            if thread[mine] and not thread[other]:
                by = votes.setdefault(mine, {})
                by[int(parent[other])] = by.get(int(parent[other]), 0.0) + length
    out = parent.copy()
    for piece, by in votes.items():
        best = max(by.values())
        if by.get(int(parent[piece]), 0.0) < (1 - 1e-6) * best:
            out[piece] = max(sorted(by), key=lambda one, by=by: by[one])  # type: ignore[misc]
    return out


def _borders(pieces: Shapes, plane: Plane) -> tuple[Ints, Floats]:
    """Pairs of pieces that share segments, and for how many metres; shared segments have the same corners exactly."""
    rings, owner = shapely.get_rings(pieces, return_index=True)
    at, ring = shapely.get_coordinates(rings, return_index=True)
    whole = ring[:-1] == ring[1:]
    starts, ends, of = at[:-1][whole], at[1:][whole], owner[ring[:-1][whole]]
    turned = (starts[:, 0] > ends[:, 0]) | ((starts[:, 0] == ends[:, 0]) & (starts[:, 1] > ends[:, 1]))
    low, high = np.where(turned[:, None], ends, starts), np.where(turned[:, None], starts, ends)
    _, which = np.unique(np.column_stack([low, high]), axis=0, return_inverse=True)
    order = np.argsort(which.ravel(), kind="stable")
    same = which.ravel()[order[:-1]] == which.ravel()[order[1:]]
    first, second = order[:-1][same], order[1:][same]
    pairs = np.sort(np.column_stack([of[first], of[second]]), axis=1).astype(np.int64)
    lengths = plane.lengths(starts[first], ends[first])
    kept = pairs[:, 0] != pairs[:, 1]
    if not kept.any():
        return np.empty((0, 2), np.int64), np.empty(0)
    found, back = np.unique(pairs[kept], axis=0, return_inverse=True)
    metres = np.bincount(back.ravel(), weights=lengths[kept], minlength=len(found))
    return found, np.asarray(metres, np.float64)


def pulled(shapes: Shapes, onto: Shapes, within_m: float, plane: Plane) -> Shapes:
    """Put corners that lie within `within_m` of a corner of `onto` exactly there; all others stay as they are."""
    if not len(onto):
        return shapes
    at = shapely.get_coordinates(shapes)
    target = np.unique(shapely.get_coordinates(onto), axis=0)
    far, nearest = cKDTree(plane.xy(target)).query(plane.xy(at), distance_upper_bound=within_m)
    close = np.isfinite(far)
    moved = at.copy()
    moved[close] = target[nearest[close]]
    return _with_corners(shapes, at, moved)


def gathered(shapes: Shapes, within_m: float, plane: Plane) -> Shapes:
    """Make one of corners within `within_m` of each other, where borders of neighbours do not match; see `pulled`."""
    invalid = shapely.coverage_invalid_edges(shapes, gap_width=within_m / float(plane.scale.min()))
    loose = np.unique(shapely.get_coordinates(invalid[~shapely.is_empty(invalid)]), axis=0)
    if len(loose) == 0:
        return shapes
    stands = np.arange(len(loose))
    for first, second in sorted(cKDTree(plane.xy(loose)).query_pairs(within_m)):
        if stands[first] == first and stands[second] == second:
            stands[second] = first
    at = shapely.get_coordinates(shapes)
    far, nearest = cKDTree(loose).query(at, distance_upper_bound=1e-13)
    known = np.isfinite(far)
    moved = at.copy()
    moved[known] = loose[stands[nearest[known]]]
    return _with_corners(shapes, at, moved)


def _with_corners(shapes: Shapes, before: Floats, after: Floats) -> Shapes:
    if np.array_equal(before, after):
        return shapes
    return sound(np.asarray(shapely.set_coordinates(shapes.copy(), after), dtype=object))


def sound(shapes: Shapes) -> Shapes:
    """Shapes made valid again, where corners that fell together made rings touch themselves."""
    broken = ~shapely.is_valid(shapes)
    if not broken.any():
        return shapes
    mended = shapes.copy()
    mended[broken] = shapely.make_valid(shapes[broken], method="structure", keep_collapsed=False)
    mended[broken] = [_areas(shape) for shape in mended[broken]]
    return mended


def _areas(shape: BaseGeometry) -> BaseGeometry:
    """The polygons of a shape."""
    parts = [one for part in shapely.get_parts(shape).tolist() for one in shapely.get_parts(part).tolist()]
    return MultiPolygon([part for part in parts if isinstance(part, Polygon)])


def joined(shapes: Sequence[BaseGeometry]) -> BaseGeometry:
    """Pieces that share their corners as one shape, without losing or moving one."""
    return shapes[0] if len(shapes) == 1 else shapely.coverage_union_all(np.asarray(shapes, dtype=object))
