"""Borders that run along a parent's are laid exactly on it before the ground is cut.

Two lines a hair apart cross at places that floating point cannot tell, and cutting along both would bend the parent's
border by micrometres. Here corners beside it move onto it, and either side gets the corners of the other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import shapely
from shapely import MultiPolygon, Polygon, STRtree
from shapely.geometry.base import BaseGeometry

from onemap.planning.exchange.ground import Plane
from onemap.planning.exchange.spec import Shapes

Floats = npt.NDArray[np.float64]
Place = tuple[float, float]
Segment = tuple[Place, Place]


def seamed(shapes: Shapes, parents: Shapes, within_m: float, plane: Plane) -> tuple[Shapes, Shapes]:
    """Return shapes and parents whose borders, where they run within `within_m` of each other, are the same segments.

    A shape's corners move by at most `within_m`; a parent's stay, and it gets new ones on its straight stretches (to
    the last bit of float64). Shapes may be invalid afterwards, where corners fell together.
    """
    if not len(parents):
        return shapes, parents
    corners = np.unique(shapely.get_coordinates(parents), axis=0)
    moved, added = _onto(shapes, corners, _segments(parents), within_m, plane)
    parents = _woven(parents, added)
    corners = np.unique(shapely.get_coordinates(parents), axis=0)
    lines = _segments(moved)
    return _woven(moved, _between(corners, lines, within_m, plane)), parents


def given_corners(shapes: Shapes, others: Shapes, within_m: float, plane: Plane) -> Shapes:
    """Return shapes with the corners of others that lie on their borders; no border moves by more than `within_m`."""
    corners = np.unique(shapely.get_coordinates(others), axis=0)
    return _woven(shapes, _between(corners, _segments(shapes), within_m, plane))


def _segments(shapes: Shapes) -> Floats:
    """Every segment once, shape (n, 4): from its lower end to its higher one."""
    at, ring = shapely.get_coordinates(shapely.get_rings(shapely.get_parts(shapes)), return_index=True)
    whole = ring[:-1] == ring[1:]
    starts, ends = at[:-1][whole], at[1:][whole]
    turned = (starts[:, 0] > ends[:, 0]) | ((starts[:, 0] == ends[:, 0]) & (starts[:, 1] > ends[:, 1]))
    low, high = np.where(turned[:, None], ends, starts), np.where(turned[:, None], starts, ends)
    return np.unique(np.column_stack([low, high]), axis=0)


def _lines(segments: Floats, plane: Plane) -> Shapes:
    ends = plane.xy(segments.reshape(-1, 2)).reshape(-1, 2, 2)
    return np.asarray(shapely.linestrings(ends), dtype=object)


def _along(points: Floats, segments: Floats, plane: Plane) -> Floats:
    """How far along its segment each point lies, 0 to 1."""
    start, way = segments[:, :2], segments[:, 2:] - segments[:, :2]
    metres, offset = way * plane.scale, (points - start) * plane.scale
    size = np.einsum("ij,ij->i", metres, metres)
    return np.asarray(np.einsum("ij,ij->i", offset, metres) / np.where(size > 0, size, 1.0), np.float64)


def _onto(
    shapes: Shapes, corners: Floats, segments: Floats, within_m: float, plane: Plane
) -> tuple[Shapes, dict[Segment, list[Place]]]:
    """Move corners of shapes onto segments that they lie beside; return also what is new on each segment."""
    at = shapely.get_coordinates(shapes)
    known = set(map(tuple, corners.tolist()))
    own = np.unique(at, axis=0)
    own = own[[place not in known for place in map(tuple, own.tolist())]]
    found = STRtree(_lines(segments, plane)).query_nearest(
        shapely.points(plane.xy(own)), max_distance=within_m, all_matches=False
    )
    point, line = found
    along = _along(own[point], segments[line], plane)
    inside = (along > 0) & (along < 1)
    point, line, along = point[inside], line[inside], along[inside]
    order = np.lexsort((along, line))
    new: dict[Place, Place] = {}
    added: dict[Segment, list[Place]] = defaultdict(list)
    for index in order.tolist():
        segment = segments[line[index]]
        low, high = segment[:2], segment[2:]
        place = low + along[index] * (high - low)
        key: Segment = (tuple(low.tolist()), tuple(high.tolist()))
        last = added[key][-1] if added[key] else None
        if last is not None and float(np.hypot(*((place - np.array(last)) * plane.scale))) < within_m:
            place = np.array(last)
        else:
            added[key].append(tuple(place.tolist()))
        new[tuple(own[point[index]].tolist())] = tuple(place.tolist())
    if not new:
        return shapes, {}
    after = np.array([new.get(place, place) for place in map(tuple, at.tolist())])
    return np.asarray(shapely.set_coordinates(shapes.copy(), after), dtype=object), dict(added)


def _between(corners: Floats, segments: Floats, within_m: float, plane: Plane) -> dict[Segment, list[Place]]:
    """Which corners lie beside which segments, in order along each; not those that are its ends."""
    places = np.asarray(shapely.points(plane.xy(corners)), dtype=object)
    line, point = STRtree(places).query(_lines(segments, plane), predicate="dwithin", distance=within_m)
    along = _along(corners[point], segments[line], plane)
    ends = (corners[point] == segments[line][:, :2]).all(axis=1) | (corners[point] == segments[line][:, 2:]).all(axis=1)
    inside = (along > 0) & (along < 1) & ~ends
    line, point, along = line[inside], point[inside], along[inside]
    found: dict[Segment, list[Place]] = defaultdict(list)
    for index in np.lexsort((along, line)).tolist():
        low, high = segments[line[index]][:2], segments[line[index]][2:]
        found[tuple(low.tolist()), tuple(high.tolist())].append(tuple(corners[point[index]].tolist()))
    return dict(found)


def _woven(shapes: Shapes, added: Mapping[Segment, Sequence[Place]]) -> Shapes:
    """Shapes with the new corners put into their segments."""
    if not added:
        return shapes
    out = shapes.copy()
    touched = STRtree(shapes).query([shapely.linestrings(segment) for segment in added], predicate="intersects")[1]
    for number in np.unique(touched).tolist():
        out[number] = MultiPolygon(
            [
                Polygon(_ring(part.exterior, added), [_ring(hole, added) for hole in part.interiors])
                for part in shapely.get_parts(shapes[number]).tolist()
            ]
        )
    return out


def _ring(ring: BaseGeometry, added: Mapping[Segment, Sequence[Place]]) -> list[Place]:
    places: list[Place] = list(map(tuple, shapely.get_coordinates(ring).tolist()))
    out: list[Place] = [places[0]]
    for one, other in pairwise(places):
        forward = one <= other
        new = added.get((one, other) if forward else (other, one), ())
        out += [*(new if forward else reversed(new)), other]
    return out
