"""Land cover: which classes there are, how bare each leaves the ground to rain, and what covers a cell.

Exposure of a cell = sum of (share of class x weight of class) over its known ground: 0 where roots and roofs hold
everything, 1 on bare soil. The weights are stated conventions after the cover factor of the soil-loss equation
(Wischmeier & Smith 1978; forest near 0, bare soil 1), stretched so that built land, which sheds water but is drained
and held, stands between grass and farmland.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from pyproj import Transformer
from rasterio.features import rasterize
from rasterio.transform import from_origin
from shapely.geometry.base import BaseGeometry

from onemap.core.cell import Cells
from onemap.terrain.coverage import cell_rings
from onemap.terrain.raster import Doubles, Grid, block_rows
from onemap.terrain.zonal import Shares, class_shares

#: Class → weight 0..1.
WEIGHTS = {
    "forest": 0.1, "shrub": 0.3, "grass": 0.4, "park": 0.3, "farm": 0.7, "industrial": 0.5, "residential": 0.5,
    "school": 0.4, "hospital": 0.4, "built": 0.5, "bare": 1.0, "snow": 0.2, "water": 0.0, "wetland": 0.2,
    "mangrove": 0.1, "moss": 0.5, "other": 0.6,
}  # fmt: skip
#: Codes of a land-cover raster (ESA WorldCover 2020) → class.
CODES = {
    10: "forest", 20: "shrub", 30: "grass", 40: "farm", 50: "built", 60: "bare", 70: "snow", 80: "water",
    90: "wetland", 95: "mangrove", 100: "moss",
}  # fmt: skip


@dataclass(frozen=True)
class Cover:
    """What covers cells: `exposure` 0..1, NaN where nothing is known; `kind` the class of the largest share, or ''."""

    exposure: Doubles
    kind: tuple[str, ...]


def of_raster(path: Path, cells: Cells) -> Cover:
    """The cover of cells by a raster of WorldCover codes."""
    shares, _ = class_shares(path, cells, list(CODES))
    return _cover(shares, list(CODES.values()))


def of_polygons(areas: Iterable[tuple[str, BaseGeometry]], cells: Cells, grid: Grid) -> Cover:
    """The cover of cells by (class, polygon in WGS-84), later ones on top, drawn on the pixels of a grid."""
    kinds = list(WEIGHTS)
    to_grid = Transformer.from_crs("EPSG:4326", grid.crs, always_xy=True)

    def drawn(points: Doubles) -> Doubles:
        return np.column_stack(to_grid.transform(points[:, 0], points[:, 1]))

    known = [(kinds.index(kind if kind in WEIGHTS else "other"), area) for kind, area in areas if not area.is_empty]
    shapes = [(shapely.transform(area, drawn), kind) for kind, area in known]
    boxes = shapely.bounds([shape for shape, _ in shapes]) if shapes else np.empty((0, 4))
    gathered = Shares(cell_rings(cells, grid), grid, len(kinds))
    step = block_rows(grid.width)
    for first in range(0, grid.height, step):
        rows = min(step, grid.height - first)
        top = grid.north - first * grid.down
        met = (boxes[:, 1] < top) & (boxes[:, 3] > top - rows * grid.down)
        block = np.full((rows, grid.width), -1, np.int16)
        if met.any():
            inside = [one for one, here in zip(shapes, met, strict=True) if here]
            transform = from_origin(grid.west, top, grid.across, grid.down)
            rasterize(inside, out=block, transform=transform)
        gathered.add(first, block.astype(np.int32))
    return _cover(gathered.result()[0], kinds)


def _cover(shares: Doubles, kinds: list[str]) -> Cover:
    weights = np.array([WEIGHTS[kind] for kind in kinds])
    unknown = np.isnan(shares).any(axis=1)
    most = np.where(unknown, -1, np.nan_to_num(shares).argmax(axis=1))
    return Cover(shares @ weights, tuple("" if at < 0 else kinds[at] for at in most.tolist()))
