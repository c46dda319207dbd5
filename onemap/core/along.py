"""Cells along lines: every cell a road, a river or a track touches, however short the piece."""

from __future__ import annotations

import h3.api.basic_int as h3
import numpy as np
import shapely
from shapely import LineString, MultiLineString
from shapely.geometry.base import BaseGeometry

from onemap.core.cell import MAX_COVER_CELLS, Cells, Floats, boundaries, cells_of, unwrapped, wrapped
from onemap.core.errors import BadInput

_KM_PER_DEGREE = 111.195
#: No edge is shorter than this share of the average edge of its resolution.
_SHORTEST_EDGE = 0.6
#: Cells around the poles have no outline in longitude and latitude.
_POLAR_DEG = 60.0


def cover_line(line: BaseGeometry, res: int, *, max_cells: int = MAX_COVER_CELLS) -> Cells:
    """Return, sorted, every cell at `res` whose outline a line or multi-line (WGS-84 degrees) touches.

    Lines and outlines are straight in longitude and latitude, as everywhere on this map. Points closer together than
    half an edge are laid along the line; a cell it touches between two of them is a neighbour of theirs, so the cells
    of the points and their neighbours are looked at one by one, and those that the line touches stay. Across the
    antimeridian a line may run on past 180 or jump to -180.
    Raises BadInput for another geometry type (reason "wrong-type") or more than about `max_cells` ("cover-size").
    """
    if not isinstance(line, LineString | MultiLineString):
        raise BadInput(f"Only lines have cells along them, not a {line.geom_type}.", reason="wrong-type")
    edge_km = float(h3.average_hexagon_edge_length(res, unit="km")) if 0 <= res <= 15 else 1.0
    found, spent = [np.empty(0, np.int64)], 0
    for part in shapely.get_parts(line):
        if part.is_empty:
            continue
        xy = unwrapped(shapely.get_coordinates(part))
        points = _points(xy, 0.5 * _SHORTEST_EDGE * edge_km, 8 * max_cells - spent)
        spent += len(points)
        found.append(_touched(xy, points, res))
    cells = np.unique(np.concatenate(found))
    if len(cells) > max_cells:
        raise BadInput(f"{len(cells)} cells of resolution {res} would be needed.", reason="cover-size")
    return cells


def _points(xy: Floats, step_km: float, most: int) -> Floats:
    """The line's corners and points between them no further apart than a step."""
    steps = np.diff(xy, axis=0)
    # The wider of both ends' parallels, or the equator if it lies between: too many points do no harm.
    across = np.sign(xy[:-1, 1]) != np.sign(xy[1:, 1])
    lowest = np.where(across, 0.0, np.minimum(np.abs(xy[:-1, 1]), np.abs(xy[1:, 1])))
    length_km = np.hypot(steps[:, 0] * np.cos(np.radians(lowest)), steps[:, 1]) * _KM_PER_DEGREE
    wanted = np.maximum(np.ceil(length_km / step_km), 1.0)
    if wanted.sum() > most:
        raise BadInput(f"A line of {length_km.sum():.0f} km has too many cells of that size.", reason="cover-size")
    count = wanted.astype(np.int64)
    segment = np.repeat(np.arange(len(steps)), count)
    share = (np.arange(len(segment)) - np.repeat(np.cumsum(count) - count, count)) / count[segment]
    return np.concatenate([xy[segment] + share[:, None] * steps[segment], xy[-1:]])


def _touched(xy: Floats, points: Floats, res: int) -> Cells:
    turned = wrapped(wrapped(points))
    own = np.unique(cells_of(turned[:, 0], turned[:, 1], res))
    near = np.unique(np.concatenate([h3.grid_disk(cell, 1) for cell in own.tolist()]).astype(np.int64))
    outlines = boundaries(near)
    line = LineString(xy) if len(np.unique(xy, axis=0)) > 1 else shapely.Point(xy[0])
    shapely.prepare(line)
    west, south, east, north = line.bounds
    kept = np.zeros(len(near), np.bool_)
    limits = shapely.bounds(outlines)
    for turn in (-360.0, 0.0, 360.0):
        close = (limits[:, 0] + turn <= east) & (limits[:, 2] + turn >= west)
        close &= (limits[:, 1] <= north) & (limits[:, 3] >= south)
        moved = outlines[close]
        if turn and len(moved):
            moved = shapely.transform(moved, np.array((turn, 0.0)).__add__)
        kept[close] |= shapely.intersects(line, moved)
    polar = limits[:, 2] - limits[:, 0] > _POLAR_DEG
    return near[np.where(polar, np.isin(near, own), kept)]
