"""H3 cells as signed 64-bit integers: computed once from a position, bit arithmetic afterwards.

An H3 cell index uses 63 bits (the top one is 0), so it fits PostgreSQL's BIGINT as it stands. Layout, high to low:
4 bits mode (1), 3 reserved, 4 resolution, 7 base cell, then 15 digits of 3 bits, the unused ones 7. Hence a parent is
two masks, and all descendants of a cell at one resolution are one contiguous range of integers.
Source: H3 documentation, "H3Index bit layout"; the tests hold every function here against the h3 library.
"""

from __future__ import annotations

import re
from typing import Any, Literal

import h3.api.basic_int as h3
import numpy as np
import numpy.typing as npt
import shapely
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from onemap.core.errors import BadCoordinate, BadInput
from onemap.core.geometry import check_points, describe_reason

Cells = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

CoverMode = Literal["overlap", "center", "full"]

STORED_RES = 15
_RES_SHIFT = 52
_RES_MASK = 0xF << _RES_SHIFT
# The largest digit, 6, in all 15 places.
_SIXES = int("110" * 15, 2)
_HEX = re.compile(r"[0-9a-f]{15}", re.IGNORECASE)
# Below these the h3 library called in a loop answers before a compiled kernel would be loaded.
_FEW_POINTS, _FEW_CELLS = 1000, 100
# A cover larger than this is a mistake in the resolution, and would take gigabytes.
MAX_COVER_CELLS = 2_000_000


def cells_of(lon: npt.ArrayLike, lat: npt.ArrayLike, res: int = STORED_RES) -> Cells:
    """Return the cell of every WGS-84 position in degrees: int64, the input's shape.

    The library's own answers bit for bit, in bulk from `onemap.core.index` (some 20 to 40 ns each on a core).
    Raises BadCoordinate if a position is not finite or out of range, BadInput for a resolution outside 0..15 or columns
    of different shapes (reason "shape").
    """
    res = _checked_res(res)
    x, y = np.asarray(lon, np.float64), np.asarray(lat, np.float64)
    if x.shape != y.shape:
        raise BadInput(f"Longitudes {x.shape} and latitudes {y.shape} differ in shape.", reason="shape")
    if x.size < _FEW_POINTS:
        _refuse_bad(x, y)
        to_cell = h3.latlng_to_cell
        few = (to_cell(b, a, res) for a, b in zip(x.ravel().tolist(), y.ravel().tolist(), strict=True))
        return np.fromiter(few, np.int64, x.size).reshape(x.shape)
    from onemap.core.index import BAD, index

    found = index(x.ravel(), y.ravel(), res)
    if bool((found == BAD).any()):
        first = int(np.argmax(found == BAD))
        _refuse_bad(x.ravel()[first : first + 1], y.ravel()[first : first + 1])
    return found.reshape(x.shape)


def warm() -> None:
    """Load the kernels behind `cells_of`, `centers` and `boundaries`: seconds once in an installation."""
    cells = cells_of(np.zeros(_FEW_POINTS), np.linspace(30.0, 31.0, _FEW_POINTS))
    outlines(cells[:_FEW_CELLS])


def cell_of(lon: float, lat: float, res: int = STORED_RES) -> int:
    """Return the cell of one position; errors as in `cells_of`."""
    return int(cells_of(lon, lat, res))


def resolution(cell: int) -> int:
    """Return the resolution 0..15 written in the cell."""
    return (int(cell) & _RES_MASK) >> _RES_SHIFT


def parents(cells: npt.ArrayLike, res: int) -> Cells:
    """Return the ancestor at `res` of every cell, int64, by bit masks only.

    Cells may be of mixed resolutions; BadInput (reason "resolution") when one is already coarser than `res`.
    """
    res = _checked_res(res)
    values = np.asarray(cells, np.int64)
    if bool(np.any(((values & _RES_MASK) >> _RES_SHIFT) < res)):
        raise BadInput(f"A cell is coarser than resolution {res} and has no ancestor there.", reason="resolution")
    return np.asarray((values & ~np.int64(_RES_MASK)) | np.int64(res << _RES_SHIFT) | np.int64(_tail(res)), np.int64)


def parent(cell: int, res: int) -> int:
    """Return the ancestor of one cell at `res`; errors as in `parents`."""
    if resolution(cell) < _checked_res(res):
        raise BadInput(f"The cell is coarser than resolution {res} and has no ancestor there.", reason="resolution")
    return (int(cell) & ~_RES_MASK) | res << _RES_SHIFT | _tail(res)


def child_range(cell: int, res: int = STORED_RES) -> tuple[int, int]:
    """Return (lo, hi), both inclusive: all descendants of the cell at `res` lie inside, and no other cell does.

    For `WHERE h3 BETWEEN lo AND hi` on a column of resolution `res`. Integers inside that are no cell (digit 7, the
    deleted branch of a pentagon) never occur in a column of real cells.
    """
    own = resolution(cell)
    if own > _checked_res(res):
        raise BadInput(f"A cell of resolution {own} has no descendants at {res}.", reason="resolution")
    free = _tail(own) & ~_tail(res)
    lo = (int(cell) & ~_RES_MASK & ~free) | res << _RES_SHIFT
    return lo, lo | (free & _SIXES)


def boundary(cell: int) -> Polygon:
    """Return the cell's outline in WGS-84 degrees; a ring across the antimeridian runs on past 180."""
    return Polygon(_ring(_checked_cell(cell)))


def boundaries(cells: npt.ArrayLike) -> npt.NDArray[Any]:
    """Return the outlines of many valid cells as an object array of shapely polygons, in one construction."""
    xy, starts = outlines(cells)
    if len(starts) == 1:
        return np.empty(0, dtype=object)
    if len(xy) == 7 * (len(starts) - 1):
        return np.asarray(shapely.polygons(xy.reshape(-1, 7, 2)), dtype=object)
    which = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    return np.asarray(shapely.polygons(shapely.linearrings(xy, indices=which)), dtype=object)


def outlines(cells: npt.ArrayLike) -> tuple[Floats, Cells]:
    """Return (xy float64 (m, 2), starts int64 (n + 1,)): lon/lat corners of valid cells, ring i from starts[i] on.

    Rings are closed and counter-clockwise; one across the antimeridian runs on past 180. Within 1e-9 degrees of the
    library's corners, and as many of them: a cell that bends over an edge of the icosahedron has up to four more.
    """
    values = np.asarray(cells, np.int64).ravel()
    if len(values) < _FEW_CELLS:
        return _joined([_closed_ring(cell) for cell in values.tolist()])
    from onemap.core.outline import hexagons

    rings, sure = hexagons(values)
    if bool(sure.all()):
        return rings.reshape(-1, 2), np.arange(len(values) + 1, dtype=np.int64) * 7
    pairs = zip(values.tolist(), sure.tolist(), strict=True)
    return _joined([rings[at] if plain else _closed_ring(cell) for at, (cell, plain) in enumerate(pairs)])


def centers(cells: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Return lon, lat in degrees of the centres of valid cells, each of the input's shape, within 1e-9 degrees."""
    values = np.asarray(cells, np.int64)
    if values.size >= _FEW_CELLS:
        from onemap.core.outline import positions

        lon, lat = positions(values.ravel())
        return lon.reshape(values.shape), lat.reshape(values.shape)
    pairs = np.array([h3.cell_to_latlng(cell) for cell in values.ravel().tolist()], np.float64).reshape(-1, 2)
    return pairs[:, 1].reshape(values.shape), pairs[:, 0].reshape(values.shape)


def cover(area: BaseGeometry, res: int, *, mode: CoverMode = "overlap", max_cells: int = MAX_COVER_CELLS) -> Cells:
    """Return, sorted, every cell at `res` that the polygon or multipolygon (WGS-84 degrees) takes in by the mode:

    - "overlap" (default): every cell it shares a point with. For threats and for look-ups: a strip narrower than a cell
      must not vanish, and a test on the exact geometry afterwards can drop cells, but never bring missing ones back.
    - "center": cells whose centre lies inside. Areas side by side then share no cell, so sums over them add up; but an
      area that is thinner than a cell may have none at all.
    - "full": cells that lie inside wholly. For what must be true of all of a cell.

    Across the antimeridian an area may run on past 180 or jump to -180. Raises BadInput for another geometry type
    (reason "wrong-type"), a ring around a pole ("around-pole") or a cover past `max_cells` ("cover-size").
    """
    res = _checked_res(res)
    if not isinstance(area, Polygon | MultiPolygon):
        raise BadInput(f"Only areas can be covered with cells, not a {area.geom_type}.", reason="wrong-type")
    if area.is_empty:
        return np.empty(0, np.int64)
    parts = [_unwrapped(part) for part in shapely.get_parts(area)]
    # A cheap over-estimate in a local equal-area view: square degrees shrink with the cosine of the latitude.
    lat = float(np.clip(np.abs(area.centroid.y), 0.0, 89.0))
    size = sum(part.area for part in parts)
    expected = size * 111.32**2 * np.cos(np.radians(lat)) / area_km2(res)
    if expected > max_cells:
        raise BadInput(f"About {expected:.0f} cells of resolution {res} would be needed.", reason="cover-size")
    shape = h3.geo_to_h3shape(shapely.transform(MultiPolygon(parts), wrapped))
    found = h3.h3shape_to_cells_experimental(shape, res, contain=mode)
    return np.unique(np.fromiter(found, np.int64, len(found)))


def wrapped(xy: Floats) -> Floats:
    """Return (n, 2) positions with longitudes up to a turn beyond +-180 brought back."""
    lon = np.where(xy[:, 0] > 180.0, xy[:, 0] - 360.0, xy[:, 0])
    return np.column_stack((np.where(lon < -180.0, lon + 360.0, lon), xy[:, 1]))


def unwrapped(xy: Floats) -> Floats:
    """Return (n, 2) positions with whole turns added so that no step to the next is longer than half a turn."""
    turns = np.concatenate([[0.0], np.cumsum(np.rint(np.diff(xy[:, 0]) / 360.0))])
    return np.column_stack((xy[:, 0] - 360.0 * turns, xy[:, 1]))


def _unwrapped(part: Polygon) -> Polygon:
    outer = shapely.get_coordinates(part.exterior)
    if not np.array_equal(unwrapped(outer)[-1], outer[0]):
        raise BadInput("A ring around a pole has no inside on this map.", reason="around-pole")
    # Rings follow one another in the coordinates, so holes end up beside their ring.
    unrolled: Polygon = shapely.transform(part, unwrapped)
    return unrolled


def disk(cell: int, k: int) -> Cells:
    """Return, sorted, the cells within `k` steps of the cell, itself included: 1 + 3k(k+1) away from pentagons."""
    if not 0 <= k <= 500:
        raise BadInput(f"A disk of {k} rings is not between 0 and 500.", reason="disk-size")
    found = h3.grid_disk(_checked_cell(cell), k)
    return np.unique(np.fromiter(found, np.int64, len(found)))


def area_km2(res: int) -> float:
    """Return the average area of a hexagon at `res` in square kilometres."""
    return float(h3.average_hexagon_area(_checked_res(res), unit="km^2"))


def hex_of(cell: int) -> str:
    """Return the usual 15-digit text form."""
    return format(int(cell), "x")


def cell_from_hex(text: str) -> int:
    """Return the cell of its 15-digit text form; BadInput (reason "cell") for anything that is not a valid cell."""
    if _HEX.fullmatch(text) is None or not h3.is_valid_cell(int(text, 16)):
        raise BadInput(f"{text[:40]!r} is not an H3 cell.", reason="cell")
    return int(text, 16)


def _tail(res: int) -> int:
    """Return the mask of the digits finer than `res`, all ones."""
    return (1 << 3 * (15 - res)) - 1


def _ring(cell: int) -> Floats:
    """Return the outline as (n, 2) lon/lat, unwrapped so that no edge jumps by a turn."""
    ring = np.array(h3.cell_to_boundary(cell), np.float64)[:, ::-1].copy()
    if np.ptp(ring[:, 0]) > 180.0:
        ring[ring[:, 0] < 0.0, 0] += 360.0
    return ring


def _closed_ring(cell: int) -> Floats:
    ring = _ring(cell)
    return np.concatenate([ring, ring[:1]])


def _joined(rings: list[Floats]) -> tuple[Floats, Cells]:
    starts = np.concatenate([[0], np.cumsum([len(ring) for ring in rings])]).astype(np.int64)
    return (np.concatenate(rings) if rings else np.empty((0, 2))), starts


def _refuse_bad(x: Floats, y: Floats) -> None:
    ok, reasons = check_points(x, y, null_island=False)
    if not ok.all():
        reason = str(reasons[~ok].ravel()[0])
        raise BadCoordinate(f"No cell for a position: {describe_reason(reason)}.", reason=reason)


def _checked_res(res: int) -> int:
    if not 0 <= res <= 15:
        raise BadInput(f"{res} is not an H3 resolution (0 to 15).", reason="resolution")
    return int(res)


def _checked_cell(cell: int) -> int:
    if not h3.is_valid_cell(int(cell)):
        raise BadInput(f"{int(cell)} is not an H3 cell.", reason="cell")
    return int(cell)
