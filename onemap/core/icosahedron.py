"""The frame H3 is drawn in, derived once from the library itself: face axes, base cells, turns.

H3 projects each face of an icosahedron gnomonically onto a plane and lays a hexagonal lattice on it. In that plane a
position is a complex number whose unit is the distance of neighbouring resolution-0 centres; the lattice of resolution
r is the Eisenstein integers a + b w (w = exp(2 pi i / 3)) divided by 7^(r/2) for even r, by 7^((r-1)/2) (2 - w) for odd
r, since |2 - w|^2 = 7 and its argument is the turn between the two classes of resolutions. A child lies at
parent * (2 - w) + digit at odd resolutions, parent * (3 + w) + digit at even ones, digit being 0 or one of six units.

The corners of the faces are the twelve pentagons, so the frame of a face is read from `cell_to_latlng`. Which base cell
lies at which lattice point of which face, and by how many sixths of a turn its digits are turned there, is read from
`latlng_to_cell` at points inside small cells all over the faces. No table is copied.
Source: H3 documentation, "Overview" and "H3Index bit layout"; Sahr, White, Kimerling 2003 (discrete global grids).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import h3.api.basic_int as h3
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: Lattice vectors (a, b) of the digits 0..6: bits of a digit are the axes i = 1 (4), j = w (2), k = w^2 (1).
UNITS = np.array([(0, 0), (-1, -1), (0, 1), (-1, 0), (1, 0), (0, -1), (1, 1)], np.int64)
FACES, DIGITS = 20, 7
#: Base cells lie at lattice points with both coordinates in -SPAN..SPAN of a face.
SPAN = 2
SIDE = 2 * SPAN + 1
_LOW_BITS = int("001" * 15, 2)
#: Length of a resolution-0 step in the plane that touches the unit sphere: half the way from a face's centre to its
#: corner, whose angle has the tangent 3 - sqrt(5).
STEP = (3.0 - np.sqrt(5.0)) / 2.0
W = complex(-0.5, np.sqrt(3.0) / 2.0)


@dataclass(frozen=True)
class Frame:
    """The icosahedron as H3 has it; arrays are read-only by convention.

    center, x_axis, y_axis: float64 (20, 3), for every face its centre and two axes at right angles as unit vectors;
    (p.x / p.c, p.y / p.c) / STEP is the plane position of p. inside: float64 (20, 3, 3), normals of the three planes
    that bound a face (positive inside; the difference of two face centres). place: int64 (20 * 5 * 5 * 8), flat over
    face, a + 2, b + 2 and leading digit: base cell * 8 + turns, or -1 where H3 has nothing, or nothing was seen.
    homes: int64 (122, 5), for every base cell the flat index (without the digit) of its up to five places, or -1.
    back: int64 like `place`, by the leading digit after the turn: sixths of a turn to undo, or -1.
    """

    center: Floats
    x_axis: Floats
    y_axis: Floats
    inside: Floats
    place: Ints
    homes: Ints
    back: Ints


def unit_vectors(lat: npt.ArrayLike, lon: npt.ArrayLike) -> Floats:
    """Return (n, 3) unit vectors of positions in degrees."""
    phi, lam = np.radians(np.asarray(lat, np.float64)), np.radians(np.asarray(lon, np.float64))
    return np.stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)], axis=-1)


def factor(res: int) -> complex:
    """Return what a plane position is multiplied by to be in lattice units of the resolution."""
    return complex(7.0 ** (res // 2)) * (2.0 - W if res % 2 else 1.0)


def turned(digits: Any, turns: int) -> Any:
    """Turn packed 3-bit digits (15 at most; int or int64 array) counter-clockwise by sixths of a turn.

    Half a turn is the complement of every digit but 0, a third of a turn a rotation of the digit's three bits.
    """
    found = digits
    if turns % 2:
        found = found ^ ((found | found >> 1 | found >> 2) & _LOW_BITS) * 7
    for _ in range(2 * turns % 3):
        found = (found >> 1 & _LOW_BITS * 3) | (found & _LOW_BITS) << 2
    return found


@cache
def frame() -> Frame:
    """Return the frame; the first call asks the h3 library some 30,000 questions (about 0.1 s)."""
    corners = np.array([h3.cell_to_latlng(cell) for cell in h3.get_pentagons(15)], np.float64)
    points = unit_vectors(corners[:, 0], corners[:, 1])
    center, x_axis, y_axis = (np.empty((FACES, 3)) for _ in range(3))
    owners = [set(h3.get_icosahedron_faces(cell)) for cell in h3.get_pentagons(15)]
    for face in range(FACES):
        own = points[[face in faces for faces in owners]]
        center[face] = own.sum(axis=0) / np.linalg.norm(own.sum(axis=0))
        # Any corner serves as the first axis: a third of a turn maps the lattice of every resolution onto itself.
        toward = own[0] - own[0] @ center[face] * center[face]
        toward /= np.linalg.norm(toward)
        x_axis[face], y_axis[face] = toward, np.cross(center[face], toward)
    near = np.argsort(-(center @ center.T), axis=1)[:, 1:4]
    inside = center[:, None, :] - center[near]
    place = np.full(FACES * SIDE * SIDE * 8, -1, np.int64)
    axes = np.stack([center, x_axis, y_axis], axis=1)
    everywhere = np.arange(SIDE * SIDE)
    for face in range(FACES):
        _probe(face, axes[face], inside[face], place, 2, everywhere)
        # Around a corner, which digits come first depends on the way there: these are looked at more closely.
        bases = place.reshape(FACES, SIDE * SIDE, 8)[face].max(axis=1) >> 3
        _probe(face, axes[face], inside[face], place, 4, everywhere[np.isin(bases, _fivefold())])
    _complete(place)
    homes, back = _reverse(place)
    return Frame(center, x_axis, y_axis, inside, place, homes, back)


def _fivefold() -> list[int]:
    return [int(h3.get_base_cell_number(cell)) for cell in h3.get_pentagons(0)]


def _probe(face: int, axes: Floats, inside: Floats, place: Ints, res: int, homes: Ints) -> None:
    """Fill the face's part of `place` from the cells at `res` under these places that reach into the face."""
    a, b, home, digits = _lattice(res, homes)
    z = (a + b * W) / factor(res)
    # Still inside its cell, but moved toward the middle: a cell that reaches over the border is seen from this side.
    z *= STEP * (1.0 - np.minimum(1.0, 0.45 / np.maximum(np.abs(z * factor(res)), 1e-9)))
    points = axes[0] + z.real[:, None] * axes[1] + z.imag[:, None] * axes[2]
    points /= np.linalg.norm(points, axis=1)[:, None]
    kept = (points @ inside.T).min(axis=1) > 1e-9
    points, home, digits = points[kept], home[kept], digits[kept]
    lat = np.degrees(np.arctan2(points[:, 2], np.hypot(points[:, 0], points[:, 1])))
    lon = np.degrees(np.arctan2(points[:, 1], points[:, 0]))
    cells = np.array([h3.latlng_to_cell(*one, res) for one in zip(lat.tolist(), lon.tolist(), strict=True)], np.int64)
    theirs = cells >> 3 * (15 - res) & (1 << 3 * res) - 1
    for turns in range(6):
        # Without any digit there is nothing to turn: all turns agree, the last one stays.
        same = turned(digits, turns) == theirs
        at = (face * SIDE * SIDE + home[same]) * 8 + leading(digits[same])
        place[at] = (cells[same] >> 45 & 127) * 8 + turns


def leading(digits: Ints) -> Ints:
    """Return the first digit that is not 0 of every packed number, 0 where there is none."""
    found = digits.copy()
    while bool((found > 7).any()):
        found = np.where(found > 7, found >> 3, found)
    return found


def _complete(place: Ints) -> None:
    """Fill in what follows: the turn of a hexagonal base cell is the same for all digits, and 0 needs no turn."""
    fivefold = _fivefold()
    for own in place.reshape(-1, 8)[:, :DIGITS]:
        seen = own[own >= 0]
        if len(seen):
            known = int(seen[-1])
            own[own < 0 if known >> 3 not in fivefold else [0]] = known


def _lattice(res: int, homes: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """Return a, b, home and packed digits of every lattice point under the places `homes` (flat 0..24) of a face."""
    a, b = homes // SIDE - SPAN, homes % SIDE - SPAN
    home, digits = homes, np.zeros(len(homes), np.int64)
    for level in range(1, res + 1):
        # (a + b w)(2 - w) = (2a + b) + (3b - a) w, and (a + b w)(3 + w) = (3a - b) + (a + 2b) w.
        a, b = (2 * a + b, 3 * b - a) if level % 2 else (3 * a - b, a + 2 * b)
        a = (a[:, None] + UNITS[:, 0]).ravel()
        b = (b[:, None] + UNITS[:, 1]).ravel()
        digits = (digits[:, None] * 8 + np.arange(DIGITS)).ravel()
        home = np.repeat(home, DIGITS)
    return a, b, home, digits


def _reverse(place: Ints) -> tuple[Ints, Ints]:
    homes, back = np.full((122, 5), -1, np.int64), np.full(place.shape, -1, np.int64)
    for at in np.flatnonzero(place >= 0).tolist():
        base, turns = divmod(int(place[at]), 8)
        known = homes[base].tolist()
        if at // 8 not in known:
            homes[base, known.index(-1)] = at // 8
        back[at // 8 * 8 + int(turned(at % 8, turns))] = (6 - turns) % 6
    return homes, back
