"""The web-mercator tile grid: which tiles exist and what ground they cover. Pure arithmetic."""

from __future__ import annotations

import math
from dataclasses import dataclass

from onemap.core.errors import BadInput

MAX_ZOOM = 22
#: Half the width of the web-mercator plane in metres.
HALF_M = 20037508.342789244
#: Width of a tile in its own integer coordinates, and how far features reach over its edge.
EXTENT = 4096
BUFFER = 64


@dataclass(frozen=True)
class TileId:
    """One tile, counted from the north-west as everywhere in XYZ schemes. Raises BadInput outside the grid."""

    z: int
    x: int
    y: int

    def __post_init__(self) -> None:
        if not (0 <= self.z <= MAX_ZOOM and 0 <= self.x < 1 << self.z and 0 <= self.y < 1 << self.z):
            raise BadInput(f"There is no tile {self.z}/{self.x}/{self.y}.", reason="tile")

    @property
    def width_m(self) -> float:
        """The tile's width in web-mercator metres."""
        return 2.0 * HALF_M / (1 << self.z)

    def bounds_3857(self, margin: float = 0.0) -> tuple[float, float, float, float]:
        """West, south, east, north in web-mercator metres, wider by that share of the tile on every side."""
        width = self.width_m
        west = -HALF_M + (self.x - margin) * width
        north = HALF_M - (self.y - margin) * width
        span = width * (1.0 + 2.0 * margin)
        return west, north - span, west + span, north

    def bounds_lonlat(self, margin: float = 0.0) -> tuple[float, float, float, float]:
        """West, south, east, north in degrees, wider by that share of the tile; may run over 180."""
        west, south, east, north = self.bounds_3857(margin)
        return _lon(west), _lat(south), _lon(east), _lat(north)


def _lon(x: float) -> float:
    return x / HALF_M * 180.0


def _lat(y: float) -> float:
    return math.degrees(2.0 * math.atan(math.exp(y / HALF_M * math.pi)) - math.pi / 2.0)


def mercator(lon: float, lat: float) -> tuple[float, float]:
    """Web-mercator metres of a position in degrees."""
    return lon / 180.0 * HALF_M, math.log(math.tan(math.pi / 4.0 + math.radians(lat) / 2.0)) / math.pi * HALF_M
