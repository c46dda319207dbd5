"""Positions to H3 cells in bulk, bit for bit those of the h3 library.

The work per point: a unit vector, three products with the face's axes, one division, rounding to the lattice of the
wanted resolution, and then only integers: four levels of the hierarchy at a time are a division by 49 and one look-up.

Why it is exact. The library and this kernel both ask: which lattice cell of which face holds the point? Both compute
in float64, by different formulas, and can only disagree where the point lies closer to a border than their errors.

- Library: degrees to radians, azimuth and distance on the sphere, a turn, a tangent. Angles up to 2 pi carry half an
  ulp, 4.4e-16, in each of at most six steps; at a distance of at most 0.653 from the face's centre, and stretched by
  the tangent at most 1.59 times, that is below 3e-15 of the sphere's radius. Near a face's centre its distance comes
  from an arc cosine near 1, whose error grows as 4e-16 / distance.
- Here: one rounding for each of about 40 operations on numbers up to 1, below 1e-15; the sine and cosine are Taylor
  sums on +-45 degrees (first term left out: 5e-17), after a reduction in degrees that is exact.
- The frame is read from the library's own pentagons (1e-15), and the tests find its cell centres within 4e-15 of ours.

Together below 1e-14, which is 6e-8 lattice units at resolution 15 and less at all others. A point within GUARD = 1e-6
units of a cell's border (one in 250,000), within FACE_GUARD of a face's border, close enough to a face's centre for the
arc cosine to matter, or at a place where H3 was never seen, is given to the library itself.
"""

from __future__ import annotations

import math
import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import h3.api.basic_int as h3
import numpy as np
import numpy.typing as npt
from numba import njit

from onemap.core.icosahedron import SIDE, SPAN, STEP, UNITS, factor, frame, leading

Cells = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: Lattice units from a cell's border, and distance from a face's border, inside which the library decides.
GUARD, FACE_GUARD = 1e-6, 1e-11
#: Twice and more the library's arc cosine error, times distance from the face's centre.
CENTRE_ERROR = 2e-15
ASK, BAD = 0, -1
_CHUNK = 1 << 17
_BLOCK = 256
# Above all lattice coordinates of resolution 15 and a multiple of 49, so that residues need no signs. 2^36 / n from
# above: its product with p, over 2^36, has the floor of p / n for p below 2^27.
_BIAS = 49 << 20
_SEVENTH, _FORTY_NINTH = (1 << 36) // 7 + 1, (1 << 36) // 49 + 1
_LOW = int("001" * 15, 2)
_TALL = 2.0 / math.sqrt(3.0)
_ASK, _BAD = -1, -2
# Rows of a block's work, in one array with fixed distances: the compiler then sees that they do not overlap.
_FACE, _A, _B, _DIGITS, _LEAD = (row * _BLOCK for row in range(5))
_DEGREE = math.pi / 180.0
# Taylor coefficients of sin(x) / x and cos(x) in x^2, highest power first.
_SIN = tuple((-1.0) ** k / math.factorial(2 * k + 1) for k in range(8, -1, -1))
_COS = tuple((-1.0) ** k / math.factorial(2 * k) for k in range(8, -1, -1))


def index(lon: Floats, lat: Floats, res: int, *, workers: int | None = None) -> Cells:
    """Return the cells of flat float64 degree columns; BAD (-1) where a position is not finite or out of range.

    `workers` threads (default: one for each core) share the columns; small ones are done by the caller's thread.
    """
    x, y = np.ascontiguousarray(lon, np.float64), np.ascontiguousarray(lat, np.float64)
    found = np.empty(len(x), np.int64)
    given = _given(res)

    def part(start: int) -> None:
        cut = slice(start, start + _CHUNK)
        _KERNEL(x[cut], y[cut], res, *given, found[cut])

    starts = range(0, len(x), _CHUNK)
    many = min(len(starts), workers or os.cpu_count() or 1)
    if many > 1:
        with ThreadPoolExecutor(many) as pool:
            list(pool.map(part, starts))
    else:
        for start in starts:
            part(start)
    asked = np.flatnonzero(found == ASK)
    found[asked] = [h3.latlng_to_cell(y[at], x[at], res) for at in asked.tolist()]
    return found


def asks(lon: Floats, lat: Floats, res: int) -> int:
    """Return for how many of these positions the library itself was asked (a figure for the bench and the tests)."""
    x, y = np.ascontiguousarray(lon, np.float64), np.ascontiguousarray(lat, np.float64)
    found = np.empty(len(x), np.int64)
    _KERNEL(x, y, res, *_given(res), found)
    return int(np.count_nonzero(found == ASK))


@cache
def _given(res: int) -> tuple[npt.NDArray[Any], ...]:
    """Return what the kernel needs: scale of the resolution, axes, bounds and places of faces, look-ups upward."""
    held, turn = frame(), factor(res)
    scale = np.array([turn.real / STEP, turn.imag / STEP, abs(turn) / STEP * CENTRE_ERROR])
    axes = np.stack([held.center, held.x_axis, held.y_axis], axis=1)
    return scale, axes, held.inside, held.place, *(_ladder(levels) for levels in (1, 2, 4))


@cache
def _ladder(levels: int) -> Ints:
    """Look-up by (a mod m) * m + b mod m, for going `levels` up from an odd resolution (1) or an even one (2, 4).

    Bits: 0-11 the digits passed, 12-14 the first of them that is not 0, then two bytes: the offsets of a and b from the
    ancestor's centre, plus 64. m = 7 for one level and two, 49 for four.
    """
    modulus = 49 if levels == 4 else 7
    a = b = digits = np.zeros(1, np.int64)
    for level in range(levels):
        odd = levels == 1 or level % 2 == 0
        a, b = (2 * a + b, 3 * b - a) if odd else (3 * a - b, a + 2 * b)
        a, b = (a[:, None] + UNITS[:, 0]).ravel(), (b[:, None] + UNITS[:, 1]).ravel()
        digits = (digits[:, None] * 8 + np.arange(7)).ravel()
    entries = digits | leading(digits) << 12 | (a + 64) << 16 | (b + 64) << 24
    found = np.full(modulus * modulus, -1, np.int64)
    if levels == 1:
        # Only one in seven multiples of 7 is a multiple of 2 - w: all 49 residues are offsets plus such a multiple.
        for p in range(7):
            for q in range(7):
                found[(a + 2 * p + q) % 7 * 7 + (b + 3 * q - p) % 7] = entries
    else:
        found[a % modulus * modulus + b % modulus] = entries
    return found


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _wave(degrees):  # type: ignore[no-untyped-def]
    """Sine and cosine of an angle in degrees, without branches so that several are computed at once."""
    # Adding and taking away 1.5 * 2^52 rounds to a whole number; the rest is exact.
    quarter = (degrees * (1.0 / 90.0) + 6755399441055744.0) - 6755399441055744.0
    x = (degrees - quarter * 90.0) * _DEGREE
    q = x * x
    s = _SIN[0]
    c = _COS[0]
    s = s * q + _SIN[1]
    c = c * q + _COS[1]
    s = s * q + _SIN[2]
    c = c * q + _COS[2]
    s = s * q + _SIN[3]
    c = c * q + _COS[3]
    s = s * q + _SIN[4]
    c = c * q + _COS[4]
    s = s * q + _SIN[5]
    c = c * q + _COS[5]
    s = s * q + _SIN[6]
    c = c * q + _COS[6]
    s = s * q + _SIN[7]
    c = c * q + _COS[7]
    s = (s * q + _SIN[8]) * x
    c = c * q + _COS[8]
    # quarter is one of -2..2: a swap for odd ones, signs by quadrant.
    odd = abs(quarter) == 1.0
    half = abs(quarter) == 2.0
    sine = c * quarter if odd else (-s if half else s)
    cosine = -s * quarter if odd else (-c if half else c)
    return sine, cosine


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def depth(face, px, py, pz, inside):  # type: ignore[no-untyped-def]
    """How far inside a face a unit vector lies: the least of three products, negative outside."""
    d0 = px * inside[face, 0, 0] + py * inside[face, 0, 1] + pz * inside[face, 0, 2]
    d1 = px * inside[face, 1, 0] + py * inside[face, 1, 1] + pz * inside[face, 1, 2]
    d2 = px * inside[face, 2, 0] + py * inside[face, 2, 1] + pz * inside[face, 2, 2]
    return min(d0, min(d1, d2))


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _round(face, px, py, pz, frame, scale):  # type: ignore[no-untyped-def]
    """The lattice point (a, b) of a unit vector on a face, and whether it is beyond doubt (else the point is 0, 0)."""
    over = 1.0 / (px * frame[face, 0, 0] + py * frame[face, 0, 1] + pz * frame[face, 0, 2])
    tx = (px * frame[face, 1, 0] + py * frame[face, 1, 1] + pz * frame[face, 1, 2]) * over
    ty = (px * frame[face, 2, 0] + py * frame[face, 2, 1] + pz * frame[face, 2, 2]) * over
    # Into lattice units: a complex product, then from x + iy to a + bw.
    fb = (tx * scale[1] + ty * scale[0]) * _TALL
    fa = tx * scale[0] - ty * scale[1] + 0.5 * fb
    # Nearest of the hexagonal lattice: round a, b and b - a, mend the one that was moved most.
    ra, rb, rc = np.rint(fa), np.rint(fb), np.rint(fb - fa)
    ea, eb, ec = abs(ra - fa), abs(rb - fb), abs(rc - (fb - fa))
    first = ea > eb and ea > ec
    a = rb - rc if first else ra
    b = ra + rc if eb > ec and not first else rb
    u, v = fa - a, fb - b
    # Distance to the nearest of the cell's six borders, which also proves that it is the right cell.
    slack = 0.5 - 0.5 * max(abs(2.0 * u - v), max(abs(2.0 * v - u), abs(u + v)))
    sure = (slack - GUARD) * max(abs(tx), abs(ty)) > scale[2]
    return (a if sure else 0.0), (b if sure else 0.0), sure


@njit(cache=True, nogil=True, error_model="numpy")
def _locate(lon, lat, space, work, last, inside, frame, scale):  # type: ignore[no-untyped-def]
    """Face and lattice point (rows FACE, A, B of `work`) of a block, face _ASK or _BAD where there is none.

    Returns the face of the first point, where the next block is looked for first.
    Points of a city mostly share a face: one look at all of them is cheaper than a search for each.
    """
    size = len(lon)
    astray = bad = 0
    for i in range(size):
        sin_lat, cos_lat = _wave(lat[i])
        sin_lon, cos_lon = _wave(lon[i])
        px, py, pz = cos_lat * cos_lon, cos_lat * sin_lon, sin_lat
        space[i], space[_BLOCK + i], space[2 * _BLOCK + i] = px, py, pz
        astray += not depth(last, px, py, pz, inside) > FACE_GUARD
        bad += not (abs(lat[i]) <= 90.0 and abs(lon[i]) <= 180.0)
    if astray == 0 and bad == 0:
        for i in range(size):
            a, b, sure = _round(last, space[i], space[_BLOCK + i], space[2 * _BLOCK + i], frame, scale)
            work[_A + i], work[_B + i] = np.int64(a), np.int64(b)
            work[_FACE + i] = last if sure else _ASK
        return last
    _search(size, space, work, frame)
    low, high, others = 20, -1, 0
    for i in range(size):
        face = work[_FACE + i]
        low = min(low, face if face >= 0 else 20)
        high = max(high, face)
    for i in range(size):
        others += work[_FACE + i] >= 0 and work[_FACE + i] != low and work[_FACE + i] != high
    if others == 0 and high >= 0:
        # A city on the border of two faces: twice the sums, but for several points at once.
        for i in range(size):
            px, py, pz = space[i], space[_BLOCK + i], space[2 * _BLOCK + i]
            a, b, sure = _round(low, px, py, pz, frame, scale)
            c, d, certain = _round(high, px, py, pz, frame, scale)
            face = work[_FACE + i]
            _place(work, i, face, c if face == high else a, d if face == high else b, certain if face == high else sure)
    else:
        for i in range(size):
            face = work[_FACE + i]
            a, b, sure = _round(max(face, 0), space[i], space[_BLOCK + i], space[2 * _BLOCK + i], frame, scale)
            _place(work, i, face, a, b, sure)
    if bad:
        for i in range(size):
            if not (abs(lat[i]) <= 90.0 and abs(lon[i]) <= 180.0):
                work[_FACE + i], work[_A + i], work[_B + i] = _BAD, 0, 0
    return max(work[_FACE], 0)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _place(work, i, face, a, b, sure):  # type: ignore[no-untyped-def]
    """Note a lattice point. Outside its face a point's plane position means nothing, and no look-up may see it."""
    kept = sure and face >= 0
    work[_A + i], work[_B + i] = np.int64(a if kept else 0.0), np.int64(b if kept else 0.0)
    work[_FACE + i] = face if kept else _ASK


@njit(cache=True, nogil=True, error_model="numpy")
def _search(size, space, work, frame):  # type: ignore[no-untyped-def]
    """The face whose centre is nearest to each unit vector, ASK where the second is as near."""
    for i in range(size):
        space[3 * _BLOCK + i] = space[4 * _BLOCK + i] = -2.0
        work[_FACE + i] = 0
    for face in range(20):
        cx, cy, cz = frame[face, 0, 0], frame[face, 0, 1], frame[face, 0, 2]
        for i in range(size):
            dot = space[i] * cx + space[_BLOCK + i] * cy + space[2 * _BLOCK + i] * cz
            best, second = space[3 * _BLOCK + i], space[4 * _BLOCK + i]
            work[_FACE + i] = face if dot > best else work[_FACE + i]
            space[4 * _BLOCK + i] = max(second, min(best, dot))
            space[3 * _BLOCK + i] = max(best, dot)
    for i in range(size):
        clear = space[3 * _BLOCK + i] - space[4 * _BLOCK + i] > FACE_GUARD
        work[_FACE + i] = work[_FACE + i] if clear else _ASK


@njit(cache=True, nogil=True, error_model="numpy")
def _climb(size, work, res, one, two, four):  # type: ignore[no-untyped-def]
    """Take a block of lattice points up to resolution 0: a, b there, the digits passed, the first that is not 0."""
    for i in range(size):
        work[_DIGITS + i] = work[_LEAD + i] = 0
    shift = 0
    if res & 1:
        for i in range(size):
            p, q = work[_A + i] + _BIAS, work[_B + i] + _BIAS
            entry = one[(p - (p * _SEVENTH >> 36) * 7) * 7 + q - (q * _SEVENTH >> 36) * 7]
            work[_DIGITS + i] = work[_LEAD + i] = entry & 7
            p, q = work[_A + i] - (entry >> 16 & 255) + 64, work[_B + i] - (entry >> 24 & 255) + 64
            # Divided by 2 - w: times its conjugate 3 + w, over 7, which leaves nothing.
            work[_A + i] = ((3 * p - q + _BIAS) * _SEVENTH >> 36) - _BIAS // 7
            work[_B + i] = ((p + 2 * q + _BIAS) * _SEVENTH >> 36) - _BIAS // 7
        shift = 3
    if res & 2:
        _rise(size, work, shift, 7, _SEVENTH, 63, two)
        shift += 6
    for _ in range(res >> 2):
        _rise(size, work, shift, 49, _FORTY_NINTH, 4095, four)
        shift += 12


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _rise(size, work, shift, modulus, share, mask, table):  # type: ignore[no-untyped-def]
    """Go up two levels (modulus 7) or four (49)."""
    for i in range(size):
        p, q = work[_A + i] + _BIAS, work[_B + i] + _BIAS
        up, vp = p * share >> 36, q * share >> 36
        p, q = p - up * modulus, q - vp * modulus
        entry = table[p * modulus + q]
        work[_DIGITS + i] |= (entry & mask) << shift
        work[_LEAD + i] = (entry >> 12 & 7) if entry & mask else work[_LEAD + i]
        # What is left is the offset, or one whole modulus more.
        work[_A + i] = up - _BIAS // modulus + (1 if p > (entry >> 16 & 255) - 64 else 0)
        work[_B + i] = vp - _BIAS // modulus + (1 if q > (entry >> 24 & 255) - 64 else 0)


@njit(cache=True, nogil=True, error_model="numpy")
def _index(lon, lat, res, scale, frame, inside, place, one, two, four, found):  # type: ignore[no-untyped-def]
    """Cells of one chunk; ASK where the library must decide, BAD where there is no position."""
    space, work = np.zeros(5 * _BLOCK), np.zeros(5 * _BLOCK, np.int64)
    # 1, resolution, and the unused digits all ones.
    head = (np.int64(1) << 59) | (np.int64(res) << 52) | ((np.int64(1) << 3 * (15 - res)) - 1)
    down = 3 * (15 - res)
    face = 0
    for start in range(0, len(lon), _BLOCK):
        size = min(_BLOCK, len(lon) - start)
        cut = slice(start, start + size)
        face = _locate(lon[cut], lat[cut], space, work, face, inside, frame, scale)
        _climb(size, work, res, one, two, four)
        for i in range(size):
            own = work[_FACE + i]
            point = (max(own, 0) * SIDE + work[_A + i] + SPAN) * SIDE + work[_B + i] + SPAN
            entry = place[point * 8 + work[_LEAD + i]]
            turns = entry & 7
            d = work[_DIGITS + i]
            d = d ^ ((d | d >> 1 | d >> 2) & _LOW) * 7 * (turns & 1)
            thirds = 2 * turns % 3
            right = (d >> 1 & _LOW * 3) | (d & _LOW) << 2
            left = (d & _LOW * 3) << 1 | (d >> 2 & _LOW)
            d = right if thirds == 1 else (left if thirds == 2 else d)
            cell = head | (entry >> 3) << 45 | d << down
            found[start + i] = (cell if entry >= 0 else ASK) if own >= 0 else (ASK if own == _ASK else BAD)


# The stubs of the compiler's dispatcher know no unpacked arguments.
_KERNEL: Any = _index
