"""One building, one cell: the ground of a polygon parted between its buildings, inside the blocks that streets enclose.

An enclosed Voronoi tessellation of outlines (Fleischmann et al., "Morphological tessellation", 2020, and its enclosed
form). Here the cells are never cut as polygons: streets, outer border and the lines half way between outlines are noded
together once and the faces of that drawing are handed out, so that neighbours share their corners to the last bit.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from scipy.spatial import Voronoi, cKDTree
from shapely import MultiLineString, Polygon, STRtree
from shapely.geometry.base import BaseGeometry

from onemap.planning.plane import Plane

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Geoms = npt.NDArray[Any]
#: Outlines are drawn in by this before they are sampled: buildings wall to wall have a line between them.
_SHRINK_M = 0.4
#: Steps along outlines: half the way to the next house, between these.
_FINEST_M, _COARSEST_M = 1.0, 6.0
#: Lines reach this far into the next block, so that they meet the street for certain.
_OVER_M = 0.5
#: How far the lines between buildings may be straightened, metres.
_SMOOTH_M = 1.5
#: A way over a street counts as so many metres more.
_ACROSS_M = 200.0


def blocks(polygon: BaseGeometry, lines: Geoms) -> list[Polygon]:
    """The street blocks of a polygon: what its border and the lines enclose. They tile it with shared corners.

    Dead ends part nothing. Without lines that part it, the polygon's own parts come back.
    """
    return _faces(polygon, [shapely.boundary(polygon), *_inner(polygon, lines)])


def tessellate(polygon: BaseGeometry, footprints: Geoms, lines: Geoms, seeds: npt.NDArray[np.bool_]) -> Geoms:
    """The parts of a polygon (degrees) by building, shape (n,), None for those that are no seeds or lie outside.

    Every part is connected and holds its building's middle; ground without a seed goes to the nearest one's part,
    rather not across a street. The parts tile the polygon with shared corners; its own corners stay bit for bit.
    """
    plane = Plane.of(polygon)
    flat, houses = plane.flat(polygon), plane.flat(footprints)
    middles = shapely.point_on_surface(houses)
    shapely.prepare(flat)
    mine = np.flatnonzero(shapely.contains_properly(flat, middles))
    out = np.full(len(footprints), None, dtype=object)
    if not len(mine) or not seeds[mine].any():
        return out
    # A street that runs through a house parts nothing there; its ends then dangle and are dropped.
    streets = _inner(flat, plane.flat(lines))
    touching = [shapely.difference(line, shapely.union_all(houses[mine])) for line in streets]
    walls = [shapely.boundary(flat), *touching]
    enclosed = _faces(flat, walls)
    drawn = _between(enclosed, houses[mine], middles[mine], plane_of=flat)
    cells = _faces(flat, [*walls, *drawn.lines])
    owner = _handed_out(cells, enclosed, drawn, middles[mine], seeds[mine])
    parts, of = [], []
    for house in np.unique(owner).tolist():
        parts.append(
            shapely.coverage_union_all(np.array([cells[c] for c in np.flatnonzero(owner == house)], dtype=object))
        )
        of.append(int(mine[house]))
    out[of] = _back(_smoothed(np.array(parts, dtype=object), houses[np.array(of)]), polygon, flat, plane)
    return out


@dataclass(frozen=True)
class _Drawn:
    """Lines between outlines, the samples they were drawn from with the house of each, and the block of each house."""

    lines: list[BaseGeometry]
    samples: Floats
    house: Ints
    block: Ints


def _inner(polygon: BaseGeometry, lines: Geoms) -> list[BaseGeometry]:
    if not len(lines):
        return []
    shapely.prepare(polygon)
    near = lines[shapely.intersects(polygon, lines)]
    # A little beyond the border, so that lines that end on it do meet it.
    inner = [shapely.clip_by_rect(line, *_wider(polygon.bounds)) for line in near]
    return [line for line in inner if not line.is_empty]


def _wider(bounds: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    west, south, east, north = bounds
    x, y = (east - west) * 0.01, (north - south) * 0.01
    return west - x, south - y, east + x, north + y


def _faces(polygon: BaseGeometry, lines: list[BaseGeometry]) -> list[Polygon]:
    """Faces of the noded lines that lie in the polygon."""
    noded = shapely.union_all(np.array(lines, dtype=object))
    faces = shapely.get_parts(shapely.polygonize([noded]))
    shapely.prepare(polygon)
    inside = shapely.intersects(polygon, shapely.point_on_surface(faces))
    return [face for face, keep in zip(faces, inside.tolist(), strict=True) if keep and face.area > 0.0]


def _between(enclosed: list[Polygon], houses: Geoms, middles: Geoms, plane_of: BaseGeometry) -> _Drawn:
    """The lines half way between outlines of the same block."""
    tree = STRtree(enclosed)
    at, found = tree.query(middles, predicate="intersects")
    block = np.full(len(houses), -1, np.int64)
    block[at[::-1]] = found[::-1]
    samples, house, lines = [], [], []
    for number, ground in enumerate(enclosed):
        here = np.flatnonzero(block == number)
        if not len(here):
            continue
        xy, who = _sampled(houses[here], middles[here], plane_of)
        samples.append(xy)
        house.append(here[who])
        if len(here) > 1:
            ridges = _ridges(xy, who)
            over = shapely.buffer(ground, _OVER_M, quad_segs=2)
            lines.append(shapely.intersection(MultiLineString(list(ridges)), over))
    return _Drawn(lines, np.concatenate(samples), np.concatenate(house), block)


def _sampled(houses: Geoms, middles: Geoms, ground: BaseGeometry) -> tuple[Floats, Ints]:
    """Points along the outlines, drawn in a little, of what of the houses lies in the polygon."""
    inside = shapely.intersection(houses, ground)
    drawn = shapely.buffer(inside, -_SHRINK_M, join_style="mitre")
    gone = shapely.is_empty(drawn)
    drawn[gone] = shapely.buffer(middles[gone], 0.05, quad_segs=1)
    lines = shapely.segmentize(shapely.boundary(drawn), _steps(drawn))
    xy, who = shapely.get_coordinates(lines, return_index=True)
    _, first = np.unique(xy, axis=0, return_index=True)
    return xy[np.sort(first)], who[np.sort(first)]


def _steps(houses: Geoms) -> Floats:
    """How fine each outline is sampled, metres, shape (n,)."""
    gap = np.full(len(houses), 2.0 * _COARSEST_M)
    if len(houses) > 1:
        (at, _), distance = STRtree(houses).query_nearest(houses, exclusive=True, return_distance=True)
        gap[at] = distance
    return np.clip(gap / 2.0, _FINEST_M, _COARSEST_M)


def _ridges(xy: Floats, who: Ints) -> Floats:
    """Pieces of the lines between samples of different houses, shape (n, 2, 2)."""
    low, high = xy.min(axis=0), xy.max(axis=0)
    middle, far = (low + high) / 2.0, 10.0 * float((high - low).max()) + 1_000.0
    # Far points all around take the ridges that would have no end.
    ring = np.linspace(0.0, 2.0 * np.pi, 32, endpoint=False)
    around = middle + far * np.column_stack([np.cos(ring), np.sin(ring)])
    found = Voronoi(np.concatenate([xy, around]) - middle)
    a, b = found.ridge_points.T
    count = len(xy)
    names = np.concatenate([who, np.full(len(around), -1)])
    keep = (a < count) & (b < count) & (names[a] != names[b])
    ends = np.array(found.ridge_vertices, np.int64)[keep]
    ends = ends[(ends >= 0).all(axis=1)]
    pieces = found.vertices[ends] + middle
    return np.asarray(pieces[(pieces[:, 0] != pieces[:, 1]).any(axis=1)])


def _handed_out(
    cells: list[Polygon], enclosed: list[Polygon], drawn: _Drawn, middles: Geoms, seeds: npt.NDArray[np.bool_]
) -> Ints:
    """The house of each cell: its own for those that hold the middles of seeds; then from neighbour to neighbour.

    A cell that is nearest to a seed's outline and in its block comes before all ways over other ground.
    """
    array = np.array(cells, dtype=object)
    points = shapely.point_on_surface(array)
    xy = shapely.get_coordinates(points)
    block = _block_of(points, enclosed)
    nearest = drawn.house[cKDTree(drawn.samples).query(xy)[1]]
    # Only an outline of the same block counts: the nearest one may stand across the street.
    for number in np.unique(block).tolist():
        here, theirs = np.flatnonzero(block == number), np.flatnonzero(drawn.block[drawn.house] == number)
        nearest[here] = drawn.house[theirs[cKDTree(drawn.samples[theirs]).query(xy[here])[1]]] if len(theirs) else -1
    home = np.full(len(cells), -1, np.int64)
    at, found = STRtree(array).query(middles, predicate="intersects")
    for house, cell in zip(at[::-1].tolist(), found[::-1].tolist(), strict=True):
        if seeds[house]:
            home[cell] = house
    return _grown(array, home, nearest, block, xy, seeds)


def _grown(cells: Geoms, home: Ints, nearest: Ints, block: Ints, xy: Floats, seeds: npt.NDArray[np.bool_]) -> Ints:
    """Dijkstra from the seeds' own cells over shared borders."""
    beside: dict[int, list[int]] = {}
    left, right = STRtree(cells).query(cells, predicate="intersects")
    pairs = np.column_stack([left, right])[left < right]
    shared = shapely.length(
        shapely.intersection(shapely.boundary(cells[pairs[:, 0]]), shapely.boundary(cells[pairs[:, 1]]))
    )
    for (a, b), length in zip(pairs.tolist(), shared.tolist(), strict=True):
        if length > 1e-6:
            beside.setdefault(a, []).append(b)
            beside.setdefault(b, []).append(a)
    owner = np.full(len(cells), -1, np.int64)
    queue = [(0.0, int(cell), int(home[cell])) for cell in np.flatnonzero(home >= 0)]
    heapq.heapify(queue)
    while queue:
        cost, cell, house = heapq.heappop(queue)
        if owner[cell] >= 0:
            continue
        owner[cell] = house
        for other in beside.get(cell, ()):
            if owner[other] < 0:
                way = 0.0 if nearest[other] == house else float(np.hypot(*(xy[other] - xy[cell])))
                if block[other] != block[cell]:
                    way += _ACROSS_M
                heapq.heappush(queue, (cost + way, other, house))
    return owner


def _block_of(points: Geoms, enclosed: list[Polygon]) -> Ints:
    at, found = STRtree(enclosed).query(points, predicate="intersects")
    block = np.full(len(points), -1, np.int64)
    block[at[::-1]] = found[::-1]
    return block


def _smoothed(parts: Geoms, houses: Geoms) -> Geoms:
    """Straighten the lines between parts as far as no house loses ground by it."""
    if len(parts) < 2:
        return parts
    # What a wall that two houses share loses by being straightened is no cut.
    allowed = shapely.area(shapely.difference(houses, parts)) + np.maximum(1.5, 0.02 * shapely.area(houses))
    for tolerance in (_SMOOTH_M, _SMOOTH_M / 2.0, _SMOOTH_M / 4.0):
        smooth = shapely.coverage_simplify(parts, tolerance, simplify_boundary=False)
        fine = shapely.is_valid(smooth).all() and not shapely.is_empty(smooth).any()
        if fine and (shapely.area(shapely.difference(houses, smooth)) <= allowed).all():
            return np.asarray(smooth)
    return parts


def _back(parts: Geoms, polygon: BaseGeometry, flat: BaseGeometry, plane: Plane) -> Geoms:
    """Parts in degrees; the polygon's own corners come out as they went in, whatever the way there and back rounds."""
    known = dict(zip(map(tuple, shapely.get_coordinates(flat)), shapely.get_coordinates(polygon), strict=True))

    def exact(xy: Floats) -> Floats:
        out = np.asarray(xy / plane.scale + plane.origin)
        for n, at in enumerate(map(tuple, xy)):
            if at in known:
                out[n] = known[at]
        return out

    return np.asarray(shapely.transform(parts, exact))
