"""The ground as transparent pictures: hill shade and slope classes, for tiles of web-mercator ground."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rasterio.enums import Resampling

from onemap.terrain.dem import TILE_PX, Bounds, Bytes, heights
from onemap.terrain.derive import shade

PRODUCTS = ("hillshade", "slope")
#: Radius of the sphere that web mercator unrolls, metres.
_RADIUS_M = 6378137.0
#: Shade of level ground under lights at 45 degrees: brighter is painted white, darker black.
_LEVEL = float(np.sqrt(0.5))
#: Greatest opacity of black and of white: white on a light ground is invisible anyway, on a dark one it glares.
_BLACK, _WHITE = 0.60, 0.35


@dataclass(frozen=True)
class Class:
    """Slopes from `low` (inclusive) to `high` degrees with their colour; None leaves the ground as it is."""

    low: float
    high: float
    colour: str | None


#: From teal over violet to plum: none of the warning levels' red, orange, yellow and blue.
CLASSES = (
    Class(0, 5, None), Class(5, 15, "#86d3a8"), Class(15, 25, "#4fa39a"), Class(25, 35, "#8b7bbd"),
    Class(35, 45, "#a8519f"), Class(45, 90, "#7a1f63"),
)  # fmt: skip
_ALPHA = 165


def picture(product: str, paths: Sequence[Path], bounds_3857: Bounds) -> Bytes | None:
    """A product of `PRODUCTS` over a square of web-mercator ground as RGBA pixels (256, 256, 4), transparent where no
    height is known. None when none is known at all.
    """
    west, south, east, north = bounds_3857
    step = (east - west) / TILE_PX
    wider = (west - step, south - step, east + step, north + step)
    # Cubic: between the heights of a coarser model bilinear ground has facets, which shading shows.
    ground = heights(paths, wider, size=TILE_PX + 2, resampling=Resampling.cubic)
    if ground is None:
        return None
    y = north - (np.arange(-1, TILE_PX + 1) + 0.5) * step
    # A mercator metre is the cosine of the latitude long on the ground.
    pixel_m = step / np.cosh(y / _RADIUS_M)
    slope, lit = shade(ground, pixel_m, pixel_m)
    if np.isnan(slope).all():
        return None
    return _shaded(lit) if product == "hillshade" else _classed(slope)


def _shaded(lit: npt.NDArray[np.float32]) -> Bytes:
    known = ~np.isnan(lit)
    value = np.where(known, lit, _LEVEL)
    dark = np.clip((_LEVEL - value) / _LEVEL, 0.0, 1.0) * _BLACK
    light = np.clip((value - _LEVEL) / (1.0 - _LEVEL), 0.0, 1.0) * _WHITE
    out = np.zeros((*lit.shape, 4), np.uint8)
    out[light > 0, :3] = 255
    out[..., 3] = np.where(known, np.rint(255.0 * (dark + light)), 0).astype(np.uint8)
    return out


def _classed(slope: npt.NDArray[np.float32]) -> Bytes:
    colours = np.zeros((len(CLASSES) + 1, 4), np.uint8)
    for at, one in enumerate(CLASSES):
        if one.colour is not None:
            colours[at] = *bytes.fromhex(one.colour[1:]), _ALPHA
    found = np.searchsorted([one.low for one in CLASSES], slope, side="right") - 1
    return np.asarray(colours[np.where(np.isnan(slope), len(CLASSES), found)], np.uint8)
