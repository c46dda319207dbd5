"""Terrain tiles of the registered elevation models: terrarium PNGs for 3-D ground, hill shade and slope as pictures."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from onemap.terrain.dem import heights, png, terrarium
from onemap.terrain.paint import picture
from onemap.terrain.service import Dem
from tiles.grid import TileId
from tiles.source import Rendered

#: Two renders at once at most: GDAL's warping takes a core each.
_THREADS = ThreadPoolExecutor(2, thread_name_prefix="terrain")


@dataclass(frozen=True)
class TerrainSource:
    """Tiles of some elevation models, the later on top: `terrarium`, or a picture of `paint.PRODUCTS`."""

    dems: tuple[Dem, ...]
    product: str = "terrarium"

    @property
    def key(self) -> Hashable:
        """The files: their names change with their content."""
        return ("terrain", self.product, tuple(dem.path for dem in self.dems))

    @property
    def layers(self) -> list[str]:
        """None: a file never changes."""
        return []

    @property
    def reach(self) -> float | None:
        """Of no meaning here."""
        return None

    @property
    def keeps(self) -> bool:
        """Always."""
        return True

    async def render(self, tile: TileId) -> Rendered:
        """The tile as PNG; empty where no model has a height."""
        bounds = tile.bounds_lonlat()
        met = [dem.path for dem in self.dems if _meets(dem.bounds, bounds)]
        if not met:
            return Rendered(b"", "", packed=True)
        return await asyncio.get_running_loop().run_in_executor(_THREADS, _render, self.product, met, tile)


def _render(product: str, paths: list[Path], tile: TileId) -> Rendered:
    if product == "terrarium":
        ground = heights(paths, tile.bounds_3857())
        pixels = None if ground is None else terrarium(ground)
    else:
        pixels = picture(product, paths, tile.bounds_3857())
    return Rendered(b"" if pixels is None else png(pixels), "", packed=True)


def _meets(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and a[2] > b[0] and a[1] < b[3] and a[3] > b[1]
