"""Elevation rasters read for a piece of web-mercator ground, and written as terrarium pixels.

Terrarium (Mapzen): height in metres = red * 256 + green + blue / 256 - 32768.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.transform import from_bounds
from rasterio.vrt import WarpedVRT
from rasterio.warp import transform_bounds
from scipy.ndimage import distance_transform_edt

from onemap.core.errors import BadInput

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Bounds = tuple[float, float, float, float]

TILE_PX = 256
_EQUATOR_M = 40075016.685578488
#: Heights outside are no ground: terrarium could not hold some of them, and they are gaps in disguise.
LOWEST_M, HIGHEST_M = -11_500.0, 9_500.0


@dataclass(frozen=True)
class Described:
    """What a raster says of itself. `bounds` are WGS-84 degrees; `maxzoom` is where a tile pixel meets its own."""

    crs: str
    width: int
    height: int
    nodata: float | None
    bounds: Bounds
    minzoom: int
    maxzoom: int


def describe(path: Path) -> Described:
    """Open a raster and describe it. Raises BadInput when it is no readable single-band elevation with a CRS."""
    try:
        with rasterio.open(path) as source:
            if source.crs is None:
                points = " It has control points: warp it first, for example with gdalwarp." if source.gcps[0] else ""
                raise BadInput(
                    f"The raster has no coordinate system, so its place is unknown.{points}", reason="no-crs"
                )
            if source.count < 1 or np.dtype(source.dtypes[0]).kind not in "iuf":
                raise BadInput("The raster has no band of numbers.", reason="no-band")
            west, south, east, north = transform_bounds(source.crs, "EPSG:4326", *source.bounds, densify_pts=21)
            mercator = transform_bounds(source.crs, "EPSG:3857", *source.bounds, densify_pts=21)
            pixel_m = min((mercator[2] - mercator[0]) / source.width, (mercator[3] - mercator[1]) / source.height)
            if not (
                math.isfinite(pixel_m) and pixel_m > 0 and -180 <= west < east <= 180 and -90 <= south < north <= 90
            ):
                raise BadInput("The raster does not lie on the map.", reason="off-map")
            maxzoom = max(0, min(18, math.ceil(math.log2(_EQUATOR_M / TILE_PX / pixel_m))))
            span_m = max(mercator[2] - mercator[0], mercator[3] - mercator[1])
            # From where the whole raster is about a quarter of a tile; further out it is a dot.
            minzoom = max(0, min(maxzoom, math.floor(math.log2(_EQUATOR_M / span_m)) - 2))
            return Described(
                source.crs.to_string(), source.width, source.height, source.nodata, (west, south, east, north),
                minzoom, maxzoom,
            )  # fmt: skip
    except (RasterioError, OSError) as error:
        raise BadInput(f"The file is no raster that can be read: {error}", reason="no-raster") from error


def heights(
    paths: Sequence[Path],
    bounds_3857: Bounds,
    *,
    size: int = TILE_PX,
    resampling: Resampling = Resampling.bilinear,
) -> Floats | None:
    """Heights in metres of a square of web-mercator ground, (size, size), row 0 in the north; NaN where none is known.

    Later rasters lie on top of earlier ones. None when no raster has a pixel there. Only the window is read.
    """
    ground: Floats | None = None
    for path in paths:
        with (
            rasterio.open(path) as source,
            WarpedVRT(
                source,
                crs="EPSG:3857",
                transform=from_bounds(*bounds_3857, size, size),
                width=size,
                height=size,
                resampling=resampling,
                add_alpha=False,
                nodata=np.nan,
                dtype="float32",
            ) as warped,
        ):
            band = warped.read(1)
        known = np.isfinite(band) & (band >= LOWEST_M) & (band <= HIGHEST_M)
        if known.any():
            ground = np.full((size, size), np.nan, np.float32) if ground is None else ground
            ground[known] = band[known]
    return ground


def terrarium(ground: Floats) -> Bytes:
    """Heights as terrarium pixels, (height, width, 3), to 1/256 m.

    Where none is known stands the height of the nearest pixel that is: the shading of a gap is then flat, and no cliff
    is drawn that is not there.
    """
    unknown = np.isnan(ground)
    if unknown.any():
        nearest = distance_transform_edt(unknown, return_distances=False, return_indices=True)
        ground = ground[tuple(nearest)]
    units = np.rint((ground.astype(np.float64) + 32768.0) * 256.0).astype(np.int64)
    return np.stack(((units >> 16) & 255, (units >> 8) & 255, units & 255), axis=-1).astype(np.uint8)


def png(pixels: Bytes) -> bytes:
    """A PNG of (height, width, 3 or 4) RGB or RGBA pixels, each row as its difference from the one above."""
    height, width, bands = pixels.shape
    rows = pixels.reshape(height, width * bands)
    above = np.vstack((np.zeros((1, width * bands), np.uint8), rows[:-1]))
    lines = np.hstack((np.full((height, 1), 2, np.uint8), rows - above))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2 if bands == 3 else 6, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines.tobytes(), 6)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body
