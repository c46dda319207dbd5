"""Coordinates typed by their datum: everything inside is WGS-84 lon/lat in degrees, everything else converts here once.

GCJ-02 and BD-09 follow the publicly known formula (a reverse-engineering, not a published standard); the inverses are
iterated to far below a millimetre. A conversion is chosen by the datum a feed declares, never by where the points lie:
the formula's box also covers neighbouring countries that do not use it. What the box does decide is refusal: a point
declared GCJ-02 that lies outside it was declared wrongly.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pyproj import CRS, Transformer
from pyproj.enums import TransformDirection
from pyproj.exceptions import CRSError
from shapely.geometry.base import BaseGeometry

from onemap.core.errors import BadCoordinate, BadInput
from onemap.core.geometry import check_points, describe_reason, map_xy

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
OnBad = Literal["raise", "nan"]
_Shift = Callable[[Floats, Floats], tuple[Floats, Floats]]

# Krasovsky 1940 as the formula uses it.
_A_M = 6378245.0
_EE = 0.00669342162296594323
_X_PI = np.pi * 3000.0 / 180.0
# The box in which the formula is documented to hold, WGS-84 degrees: west, south, east, north.
GCJ02_BOX = (73.66, 3.86, 135.05, 53.55)
# Each round gains two to three digits; four already reach micrometres, the last two buy the float64 floor.
_ROUNDS = 6


class Datum(StrEnum):
    """The datums with a name of their own; any other is an authority code such as EPSG:26910."""

    WGS84 = "WGS-84"
    CGCS2000 = "CGCS2000"
    GCJ02 = "GCJ-02"
    BD09 = "BD-09"


@dataclass(frozen=True, slots=True)
class DatumRef:
    """A declared datum: `label` is what is stored beside the feature, `crs` is set for authority codes only."""

    label: str
    datum: Datum | None = None
    crs: str | None = None

    def __str__(self) -> str:
        """Return the stored label."""
        return self.label


_ALIASES: dict[str, Datum] = {
    "WGS84": Datum.WGS84,
    "CRS84": Datum.WGS84,
    "OGC:CRS84": Datum.WGS84,
    "EPSG:4326": Datum.WGS84,
    "EPSG:4979": Datum.WGS84,
    "CGCS2000": Datum.CGCS2000,
    "EPSG:4490": Datum.CGCS2000,
    "EPSG:4480": Datum.CGCS2000,
    "GCJ02": Datum.GCJ02,
    "BD09": Datum.BD09,
    "BD09LL": Datum.BD09,
}
_AUTHORITY = re.compile(r"(EPSG|ESRI):([0-9]{1,7})")


def parse_datum(text: str | Datum | DatumRef) -> DatumRef:
    """Return the datum a feed declares: a name ("gcj-02", "CGCS2000") or an authority code ("EPSG:26910").

    Raises BadInput (reason "datum") for an unknown name, a code PROJ lacks, or one that is no map or lon/lat system.
    """
    if isinstance(text, DatumRef):
        return text
    if isinstance(text, Datum):
        return DatumRef(text.value, text)
    wanted = re.sub(r"^URN:OGC:DEF:CRS:(\w+):[\w.]*:", r"\1:", text.strip().upper())
    named = _ALIASES.get(wanted) or _ALIASES.get(re.sub(r"[\s_-]", "", wanted))
    if named is not None:
        return DatumRef(named.value, named)
    if _AUTHORITY.fullmatch(wanted) is None:
        raise BadInput(
            f"Unknown datum {text!r}: use WGS-84, CGCS2000, GCJ-02, BD-09 or a code such as EPSG:26910.", reason="datum"
        )
    crs = _crs(wanted)
    if not (crs.is_geographic or crs.is_projected):
        raise BadInput(f"{wanted} ({crs.name}) is neither a projected nor a longitude/latitude system.", reason="datum")
    return DatumRef(wanted, None, wanted)


def to_wgs84(
    lon: npt.ArrayLike, lat: npt.ArrayLike, datum: Datum | DatumRef, *, on_bad: OnBad = "raise"
) -> tuple[Floats, Floats]:
    """Convert positions to WGS-84 degrees, float64 arrays of the input's shape.

    `lon`, `lat` are degrees, or easting and northing in the CRS's own unit for a projected code: always x first,
    whatever order the authority prints. A position that is not finite, 0,0, out of range or outside the datum's area
    raises BadCoordinate with the reason of the first one; with `on_bad="nan"` it comes back as NaN so a bulk reader
    can quarantine rows one by one. CGCS2000 is a label only: it equals WGS-84 at the decimetre level.
    """
    ref = parse_datum(datum)
    x, y = _pair(lon, lat)
    if ref.crs is not None:
        out = _from_crs(ref.crs, x, y)
        reasons = _crs_reasons(ref.crs, x, y, *out)
    else:
        ok, reasons = check_points(x, y)
        safe_x, safe_y = np.where(ok, x, 105.0), np.where(ok, y, 35.0)
        out = _NAMED_INVERSE[ref.datum or Datum.WGS84](safe_x, safe_y)
        if ref.datum in (Datum.GCJ02, Datum.BD09):
            reasons = np.where(ok & ~_in_box(*out), "outside-area", reasons)
    return _settle(out, reasons, x, y, ref, on_bad)


def from_wgs84(
    lon: npt.ArrayLike, lat: npt.ArrayLike, datum: Datum | DatumRef, *, on_bad: OnBad = "raise"
) -> tuple[Floats, Floats]:
    """Convert WGS-84 degrees to another datum, x first; the reverse of `to_wgs84`, with the same errors."""
    ref = parse_datum(datum)
    x, y = _pair(lon, lat)
    ok, reasons = check_points(x, y, null_island=False)
    safe_x, safe_y = np.where(ok, x, 105.0), np.where(ok, y, 35.0)
    if ref.crs is not None:
        out_x, out_y = _transformer(ref.crs).transform(safe_x, safe_y, direction=TransformDirection.INVERSE)
        out = (np.asarray(out_x, np.float64), np.asarray(out_y, np.float64))
        reasons = np.where(ok & ~_near_area(ref.crs, x, y), "outside-area", reasons)
    else:
        out = _NAMED_FORWARD[ref.datum or Datum.WGS84](safe_x, safe_y)
        if ref.datum in (Datum.GCJ02, Datum.BD09):
            reasons = np.where(ok & ~_in_box(x, y), "outside-area", reasons)
    return _settle(out, reasons, x, y, ref, on_bad)


def geometry_to_wgs84(geom: BaseGeometry, datum: Datum | DatumRef) -> BaseGeometry:
    """Convert every vertex to WGS-84; Z and M stay as they are. Errors as in `to_wgs84`."""
    ref = parse_datum(datum)
    return map_xy(geom, lambda x, y: to_wgs84(x, y, ref))


def _pair(lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Return both as float64 arrays of one shape."""
    x, y = np.asarray(lon, np.float64), np.asarray(lat, np.float64)
    if x.shape != y.shape:
        raise BadInput(f"Longitudes and latitudes differ in shape: {x.shape} and {y.shape}.", reason="shape")
    return x, y


def _settle(
    out: tuple[Floats, Floats], reasons: npt.NDArray[Any], x: Floats, y: Floats, ref: DatumRef, on_bad: OnBad
) -> tuple[Floats, Floats]:
    """Raise for the first bad position, or turn the bad ones into NaN."""
    bad = np.asarray(reasons != "")
    if not bad.any():
        return out
    if on_bad == "nan":
        return np.where(bad, np.nan, out[0]), np.where(bad, np.nan, out[1])
    at = int(np.flatnonzero(bad.ravel())[0])
    reason = str(reasons.ravel()[at])
    where = f"Position {at + 1} of {bad.size}" if bad.size > 1 else "Position"
    shown = f"({x.ravel()[at]:.10g}, {y.ravel()[at]:.10g})"
    why = describe_reason(reason)
    if ref.crs is not None and reason == "axes-swapped":
        why = "x and y land far outside the system's area, and would fit the other way round; the axes may be swapped"
    raise BadCoordinate(f"{where} {shown} declared as {ref.label}: {why}.", reason=reason)


# --- GCJ-02 and BD-09 -------------------------------------------------------------------------------------------------


def _in_box(lon: Floats, lat: Floats) -> Bools:
    west, south, east, north = GCJ02_BOX
    return np.asarray((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north))


def _gcj02_forward(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """WGS-84 to GCJ-02."""
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    pi = np.pi
    shared = 20.0 * np.sin(6.0 * pi * x) + 20.0 * np.sin(2.0 * pi * x)
    dlat = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    dlat += (shared + 20.0 * np.sin(pi * y) + 40.0 * np.sin(pi * y / 3.0)) * 2.0 / 3.0
    dlat += (160.0 * np.sin(pi * y / 12.0) + 320.0 * np.sin(pi * y / 30.0)) * 2.0 / 3.0
    dlon = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    dlon += (shared + 20.0 * np.sin(pi * x) + 40.0 * np.sin(pi * x / 3.0)) * 2.0 / 3.0
    dlon += (150.0 * np.sin(pi * x / 12.0) + 300.0 * np.sin(pi * x / 30.0)) * 2.0 / 3.0
    phi = np.radians(lat)
    m = 1.0 - _EE * np.sin(phi) ** 2
    root_m = np.sqrt(m)
    dlat_deg = dlat * 180.0 / (_A_M * (1.0 - _EE) / (m * root_m) * pi)
    dlon_deg = dlon * 180.0 / (_A_M / root_m * np.cos(phi) * pi)
    return lon + dlon_deg, lat + dlat_deg


def _bd09_shift(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """GCJ-02 to BD-09."""
    z = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _X_PI)
    theta = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _X_PI)
    return z * np.cos(theta) + 0.0065, z * np.sin(theta) + 0.006


def _bd09_forward(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    return _bd09_shift(*_gcj02_forward(lon, lat))


def _inverse(shift: _Shift) -> _Shift:
    """Invert a small smooth shift by fixed point: subtract the forward error until nothing is left."""

    def solve(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        guess_lon, guess_lat = lon.copy(), lat.copy()
        for _ in range(_ROUNDS):
            # A declared-wrong point near a pole must not run away from the formula's domain while iterating.
            seen_lon, seen_lat = shift(guess_lon, np.clip(guess_lat, -89.0, 89.0))
            guess_lon, guess_lat = guess_lon + (lon - seen_lon), guess_lat + (lat - seen_lat)
        return guess_lon, guess_lat

    return solve


def _same(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    return lon, lat


_NAMED_FORWARD: dict[Datum, _Shift] = {
    Datum.WGS84: _same,
    Datum.CGCS2000: _same,
    Datum.GCJ02: _gcj02_forward,
    Datum.BD09: _bd09_forward,
}
_NAMED_INVERSE: dict[Datum, _Shift] = {
    Datum.WGS84: _same,
    Datum.CGCS2000: _same,
    Datum.GCJ02: _inverse(_gcj02_forward),
    Datum.BD09: _inverse(_bd09_forward),
}


# --- authority codes through PROJ -------------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def _crs(code: str) -> CRS:
    try:
        return CRS.from_user_input(code)
    except CRSError as exc:
        raise BadInput(f"PROJ does not know the coordinate system {code}.", reason="datum") from exc


@lru_cache(maxsize=64)
def _transformer(code: str) -> Transformer:
    """From `code` to WGS-84, always x first; kept because building one costs about a hundred milliseconds."""
    return Transformer.from_crs(_crs(code), 4326, always_xy=True)


def _from_crs(code: str, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    lon, lat = _transformer(code).transform(x, y)
    return np.asarray(lon, np.float64), np.asarray(lat, np.float64)


def _near_area(code: str, lon: Floats, lat: Floats) -> Bools:
    """Mask of positions inside the CRS's area of use widened by a margin.

    Neighbouring zones are used across their edge all the time, so the margin is one zone width, held between 2 and 6
    degrees: what fails this is another country, or swapped axes, not an honest border town.
    """
    finite = np.isfinite(lon) & np.isfinite(lat)
    area = _crs(code).area_of_use
    if area is None:
        return np.asarray(finite)
    east = area.east + 360.0 if area.east < area.west else area.east
    margin_lon, margin_lat = min(max(east - area.west, 2.0), 6.0), min(max(area.north - area.south, 2.0), 6.0)
    turned = np.where(lon < area.west - margin_lon, lon + 360.0, lon)
    inside_lon = (turned >= area.west - margin_lon) & (turned <= east + margin_lon)
    return np.asarray(finite & inside_lon & (lat >= area.south - margin_lat) & (lat <= area.north + margin_lat))


def _crs_reasons(code: str, x: Floats, y: Floats, lon: Floats, lat: Floats) -> npt.NDArray[Any]:
    """Reason per position, "" when it lands near the CRS's area of use; swapped axes are recognised by trying."""
    reasons = np.full(x.shape, "", dtype="<U16")
    bad = ~_near_area(code, lon, lat)
    if not bad.any():
        return reasons
    bad_x, bad_y = x[bad], y[bad]
    swapped = _near_area(code, *_from_crs(code, bad_y, bad_x))
    found = np.where(swapped, "axes-swapped", "outside-area")
    found = np.where((bad_x == 0.0) & (bad_y == 0.0), "null-island", found)
    reasons[bad] = np.where(np.isfinite(bad_x) & np.isfinite(bad_y), found, "not-finite")
    return reasons
