"""From fixes to sorties: where one ends and the next begins, and which fixes a line needs to say where it was when."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from pyproj import Geod

Floats = npt.NDArray[np.float64]

GAP_S = 300.0
LONGEST_S = 7200.0
#: A line may differ from the fixes by this much, at every instant.
TOLERANCE_M = 3.0
#: Who never was further than this from where the sortie began has stood still: no track.
LEAST_M = 20.0
#: Thinning works inside spans of this length on the clock: what lies in an earlier span never changes by later fixes.
SPAN_S = 300.0

_METRES_PER_DEGREE = 111_195.0
_GEOD = Geod(ellps="WGS84")
_EWKB_LINE_ZM = 2 | 0x80000000 | 0x40000000 | 0x20000000


@dataclass(frozen=True)
class Fixes:
    """Fixes of one mover in time order: seconds since 1970, degrees, metres; strictly rising in time."""

    at_s: Floats
    lon: Floats
    lat: Floats
    altitude_m: Floats

    def __len__(self) -> int:
        return len(self.at_s)

    def __getitem__(self, part: slice | npt.NDArray[np.bool_]) -> Fixes:
        return Fixes(self.at_s[part], self.lon[part], self.lat[part], self.altitude_m[part])


def split(fixes: Fixes, *, gap_s: float = GAP_S, longest_s: float = LONGEST_S) -> list[Fixes]:
    """Cut where a mover was silent for more than `gap_s`, and where a sortie would last longer than `longest_s`."""
    if not len(fixes):
        return []
    gaps = (np.flatnonzero(np.diff(fixes.at_s) > gap_s) + 1).tolist()
    cuts: list[int] = []
    for start, stop in zip([0, *gaps], [*gaps, len(fixes)], strict=True):
        while start < stop:
            cuts.append(start)
            start = min(stop, int(np.searchsorted(fixes.at_s, fixes.at_s[start] + longest_s, side="right")))
    return [fixes[start:stop] for start, stop in zip(cuts, [*cuts[1:], len(fixes)], strict=True)]


def moved(fixes: Fixes, *, least_m: float = LEAST_M) -> bool:
    """Whether a sortie went anywhere."""
    xyz = _plane(fixes)
    return len(fixes) > 1 and bool(np.hypot(xyz[:, 0] - xyz[0, 0], xyz[:, 1] - xyz[0, 1]).max() > least_m)


def thin(fixes: Fixes, *, tolerance_m: float = TOLERANCE_M) -> Fixes:
    """The fixes that a line needs so that at every instant it is within the tolerance of where the mover was.

    Douglas-Peucker with the time-ratio distance (Meratnia and de By 2004): a fix is compared with where the chord is at
    its own time, in three dimensions, so a hover stays a hover. First and last fix of each span on the clock are kept.
    """
    xyz = _plane(fixes)
    keep = np.zeros(len(fixes), bool)
    spans = np.floor(fixes.at_s / SPAN_S)
    edges = [0, *(np.flatnonzero(np.diff(spans)) + 1).tolist(), len(fixes)]
    for start, stop in pairwise(edges):
        _peucker(fixes.at_s, xyz, start, stop - 1, tolerance_m, keep)
    return fixes[keep]


def _peucker(at_s: Floats, xyz: Floats, first: int, last: int, tolerance_m: float, keep: npt.NDArray[np.bool_]) -> None:
    keep[first] = keep[last] = True
    todo = [(first, last)]
    while todo:
        low, high = todo.pop()
        if high - low < 2:
            continue
        share = (at_s[low + 1 : high] - at_s[low]) / (at_s[high] - at_s[low])
        chord = xyz[low] + share[:, None] * (xyz[high] - xyz[low])
        off = np.sqrt(((xyz[low + 1 : high] - chord) ** 2).sum(axis=1))
        worst = int(np.argmax(off))
        if off[worst] > tolerance_m:
            middle = low + 1 + worst
            keep[middle] = True
            todo += [(low, middle), (middle, high)]


def _plane(fixes: Fixes) -> Floats:
    """Metres east, north and up of the first fix: a sortie is small enough for one plane."""
    east = _METRES_PER_DEGREE * math.cos(math.radians(float(fixes.lat[0])))
    return np.column_stack(
        ((fixes.lon - fixes.lon[0]) * east, (fixes.lat - fixes.lat[0]) * _METRES_PER_DEGREE, fixes.altitude_m)
    )


def length_m(fixes: Fixes) -> float:
    """Length of the line on the ellipsoid."""
    return float(_GEOD.line_length(fixes.lon, fixes.lat))


def half_way(fixes: Fixes) -> tuple[float, float]:
    """Longitude and latitude half way along: the point that stands for the track."""
    xyz = _plane(fixes)
    run = np.concatenate(([0.0], np.cumsum(np.hypot(np.diff(xyz[:, 0]), np.diff(xyz[:, 1])))))
    return float(np.interp(run[-1] / 2, run, fixes.lon)), float(np.interp(run[-1] / 2, run, fixes.lat))


def ewkb(fixes: Fixes) -> bytes:
    """A WGS-84 LineStringZM as PostGIS reads it: z metres, m seconds since 1970."""
    vertices = np.column_stack((fixes.lon, fixes.lat, fixes.altitude_m, fixes.at_s)).astype("<f8")
    return struct.pack("<BIII", 1, _EWKB_LINE_ZM, 4326, len(fixes)) + vertices.tobytes()
