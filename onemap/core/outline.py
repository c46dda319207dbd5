"""Cells back to positions in bulk: centres and hexagon outlines within 1e-9 degrees of the h3 library's.

The same frame as `onemap.core.index`, walked the other way: the digits lead from the base cell's place on a face to a
lattice point, one plane position, one unit vector, two arc tangents. Of the faces a base cell touches, the one that the
point lies deepest inside is taken. A cell whose six corners do not all lie inside one face may have more corners where
it bends over the edge: such cells, and pentagons, are left to the library.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import h3.api.basic_int as h3
import numpy as np
import numpy.typing as npt
from numba import njit

from onemap.core.icosahedron import SIDE, SPAN, STEP, factor, frame
from onemap.core.index import depth

Cells = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

#: A corner nearer than this to the border of its face is the library's.
EDGE = 1e-9
_LOW = int("001" * 15, 2)
_TALL = math.sqrt(3.0) / 2.0
_DEGREES = 180.0 / math.pi
_BLANK = np.empty((0, 7, 2))


def positions(cells: Cells) -> tuple[Floats, Floats]:
    """Return lon, lat in degrees of the centres of flat valid cells."""
    values = np.ascontiguousarray(cells, np.int64)
    places = np.empty((len(values), 2))
    sure = np.empty(len(values), np.bool_)
    _KERNEL(values, *_given(), _BLANK, places, sure)
    for at in np.flatnonzero(~sure).tolist():
        places[at] = h3.cell_to_latlng(int(values[at]))[::-1]
    return places[:, 0].copy(), places[:, 1].copy()


def hexagons(cells: Cells) -> tuple[Floats, Bools]:
    """Return (rings float64 (n, 7, 2) lon/lat closed, mask of cells for which they hold) of flat valid cells.

    Corners come in the library's order from its first corner on, counter-clockwise. A ring across the antimeridian runs
    on past 180. Rows outside the mask are undefined: ask `h3.cell_to_boundary`.
    """
    values = np.ascontiguousarray(cells, np.int64)
    rings = np.empty((len(values), 7, 2))
    sure = np.empty(len(values), np.bool_)
    _KERNEL(values, *_given(), rings, np.empty((len(values), 2)), sure)
    return rings, sure


@cache
def _given() -> tuple[npt.NDArray[Any], ...]:
    """Return the frame as the kernel wants it: axes, bounds, homes, turns back, scales, first corners."""
    held = frame()
    axes = np.stack([held.center, held.x_axis, held.y_axis], axis=1)
    scales = np.array([STEP / factor(res) for res in range(16)])
    scales = np.stack([scales.real, scales.imag], axis=1)
    given: tuple[npt.NDArray[Any], ...] = (axes, held.inside, held.homes, held.back, scales)
    return (*given, _first_corners(given))


def _first_corners(given: tuple[npt.NDArray[Any], ...]) -> npt.NDArray[np.int64]:
    """Return int64 (20, 2): by face and class of resolution, which of our corners the library names first."""
    found = np.zeros((20, 2), np.int64)
    for face in range(20):
        x, y, z = given[0][face, 0] + 0.05 * given[0][face, 1]
        lat, lon = math.degrees(math.asin(z / math.hypot(x, y, z))), math.degrees(math.atan2(y, x))
        for odd in (0, 1):
            cell = np.array([h3.latlng_to_cell(lat, lon, 6 + odd)], np.int64)
            rings, places, sure = np.empty((1, 7, 2)), np.empty((1, 2)), np.empty(1, np.bool_)
            _KERNEL(cell, *given, found, rings, places, sure)
            first = h3.cell_to_boundary(int(cell[0]))[0]
            found[face, odd] = int(np.argmin(np.hypot(*(rings[0, :6, ::-1] - first).T)))
    return found


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _turn(digits, turns):  # type: ignore[no-untyped-def]
    """`icosahedron.turned` for one cell."""
    if turns & 1:
        digits ^= ((digits | digits >> 1 | digits >> 2) & _LOW) * 7
    thirds = 2 * turns % 3
    if thirds == 1:
        digits = (digits >> 1 & _LOW * 3) | (digits & _LOW) << 2
    elif thirds == 2:
        digits = (digits & _LOW * 3) << 1 | (digits >> 2 & _LOW)
    return digits


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _descend(home, digits, res):  # type: ignore[no-untyped-def]
    """The lattice point at `res` that the digits lead to from a base cell's place (0..24) on a face."""
    a, b = home // SIDE - SPAN, home % SIDE - SPAN
    for level in range(1, res + 1):
        digit = digits >> 3 * (res - level) & 7
        i, j, k = digit >> 2 & 1, digit >> 1 & 1, digit & 1
        if level & 1:
            a, b = 2 * a + b, 3 * b - a
        else:
            a, b = 3 * a - b, a + 2 * b
        a, b = a + i - k, b + j - k
    return a, b


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _lift(face, a, b, scale_re, scale_im, axes):  # type: ignore[no-untyped-def]
    """The unit vector of a lattice position (floats) on a face."""
    x, y = a - 0.5 * b, b * _TALL
    tx, ty = x * scale_re - y * scale_im, x * scale_im + y * scale_re
    px = axes[face, 0, 0] + tx * axes[face, 1, 0] + ty * axes[face, 2, 0]
    py = axes[face, 0, 1] + tx * axes[face, 1, 1] + ty * axes[face, 2, 1]
    pz = axes[face, 0, 2] + tx * axes[face, 1, 2] + ty * axes[face, 2, 2]
    over = 1.0 / math.sqrt(px * px + py * py + pz * pz)
    return px * over, py * over, pz * over


@njit(cache=True, nogil=True, error_model="numpy")
def _positions(cells, axes, inside, homes, back, scales, first, rings, places, sure):  # type: ignore[no-untyped-def]
    """Centres, and with `rings` of the cells' length also closed hexagons; `sure` says for which cells they hold."""
    around = len(rings) == len(cells)
    for at in range(len(cells)):
        cell = cells[at]
        res = cell >> 52 & 15
        digits = (cell & ((np.int64(1) << 45) - 1)) >> 3 * (15 - res)
        lead = digits
        while lead > 7:
            lead >>= 3
        best, face, a, b = -1.0, np.int64(0), np.int64(0), np.int64(0)
        re, im = scales[res, 0], scales[res, 1]
        for home in homes[cell >> 45 & 127]:
            if home < 0 or back[home * 8 + lead] < 0:
                continue
            own = home // (SIDE * SIDE)
            p, q = _descend(home % (SIDE * SIDE), _turn(digits, back[home * 8 + lead]), res)
            px, py, pz = _lift(own, float(p), float(q), re, im, axes)
            deep = depth(own, px, py, pz, inside)
            if deep > best:
                best, face, a, b = deep, own, p, q
                places[at, 0] = math.atan2(py, px) * _DEGREES
                places[at, 1] = math.atan2(pz, math.sqrt(px * px + py * py)) * _DEGREES
            if deep > 0.01:
                break
        sure[at] = best > -EDGE
        if not (around and sure[at]):
            continue
        least = 1.0
        for corner in range(6):
            # Corners lie midway between two neighbouring units of the lattice, from 30 degrees on.
            turn = (corner + first[face, res & 1]) % 6
            ca = (2, 1, -1, -2, -1, 1)[turn] / 3.0
            cb = (1, 2, 1, -1, -2, -1)[turn] / 3.0
            px, py, pz = _lift(face, a + ca, b + cb, re, im, axes)
            least = min(least, depth(face, px, py, pz, inside))
            rings[at, corner, 0] = math.atan2(py, px) * _DEGREES
            rings[at, corner, 1] = math.atan2(pz, math.sqrt(px * px + py * py)) * _DEGREES
        sure[at] = least > EDGE
        west, east = rings[at, :6, 0].min(), rings[at, :6, 0].max()
        for corner in range(6):
            if east - west > 180.0 and rings[at, corner, 0] < 0.0:
                rings[at, corner, 0] += 360.0
        rings[at, 6, 0], rings[at, 6, 1] = rings[at, 0, 0], rings[at, 0, 1]


# The stubs of the compiler's dispatcher know no unpacked arguments.
_KERNEL: Any = _positions
