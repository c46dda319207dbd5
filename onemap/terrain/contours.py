"""Contour lines of an elevation raster."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import contourpy
import numpy as np
import numpy.typing as npt
import rasterio
import shapely
from pyproj import Transformer
from rasterio.enums import Resampling
from shapely.geometry import MultiLineString

from onemap.core.errors import BadInput
from onemap.terrain.dem import HIGHEST_M, LOWEST_M

#: A larger raster is read coarser: contours of a whole province at full detail would be no map.
MAX_SIDE = 4000
#: Every fifth line is an index line, drawn heavier and labelled.
INDEX_EVERY = 5
#: Shorter ones, in pixels of the raster, are noise on a flat field.
_LEAST_PX = 8.0


@dataclass(frozen=True)
class Contour:
    """All lines of one height, WGS-84."""

    elevation_m: float
    index: bool
    lines: MultiLineString


def contours(path: Path, interval_m: float) -> list[Contour]:
    """The contours of a raster's first band at multiples of the interval, lowest first. Raises BadInput."""
    if not (math.isfinite(interval_m) and interval_m > 0):
        raise BadInput("Contours need an interval above zero.", reason="interval")
    with rasterio.open(path) as source:
        shrink = max(1.0, max(source.width, source.height) / MAX_SIDE)
        shape = (max(2, round(source.height / shrink)), max(2, round(source.width / shrink)))
        band = source.read(1, out_shape=shape, masked=True, resampling=Resampling.average, out_dtype="float64")
        a, b, c, d, e, f = tuple(source.transform)[:6]
        across, down = source.width / shape[1], source.height / shape[0]
        to_lonlat = Transformer.from_crs(source.crs, "EPSG:4326", always_xy=True)
    band = np.ma.masked_invalid(np.ma.masked_outside(band, LOWEST_M, HIGHEST_M))
    if not band.count():
        return []
    first, last = math.ceil(band.min() / interval_m), math.floor(band.max() / interval_m)
    if last - first > 5000:
        raise BadInput(f"An interval of {interval_m:g} m would give {last - first} heights.", reason="interval")
    # Heights stand in the middle of their pixels.
    generator = contourpy.contour_generator(
        np.arange(shape[1]) + 0.5, np.arange(shape[0]) + 0.5, band, line_type=contourpy.LineType.Separate
    )
    out: list[Contour] = []
    for step in range(first, last + 1):
        kept = []
        lines = cast("list[npt.NDArray[np.float64]]", generator.lines(step * interval_m))
        for line in lines:
            if np.hypot(*np.diff(line, axis=0).T).sum() >= _LEAST_PX:
                column, row = line[:, 0] * across, line[:, 1] * down
                x, y = a * column + b * row + c, d * column + e * row + f
                kept.append(np.column_stack(to_lonlat.transform(x, y)))
        if kept:
            shapes = shapely.simplify([shapely.LineString(points) for points in kept], _tolerance(kept))
            out.append(Contour(step * interval_m, step % INDEX_EVERY == 0, MultiLineString(list(shapes))))
    return out


def _tolerance(lines: list[npt.NDArray[np.float64]]) -> float:
    """A fifth of the usual distance between two points, in degrees: what nobody sees."""
    steps = np.concatenate([np.hypot(*np.diff(points, axis=0).T) for points in lines])
    return float(np.median(steps)) / 5.0
