"""The ground of an elevation model, cell by cell: means of its derivatives over each cell's exact area."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np
import shapely
from pyproj import Transformer

from onemap.core.cell import Cells, area_km2, cover
from onemap.core.errors import BadInput
from onemap.terrain.coverage import cell_rings
from onemap.terrain.derive import RELIEF_M, blocks
from onemap.terrain.flow import LIMIT, flow
from onemap.terrain.raster import Doubles, Grid, opened
from onemap.terrain.zonal import Zonal, ahead

FINEST = 11
#: One elevation model gives at most this many cells; a larger one is told at a coarser resolution.
MAX_CELLS = 1_000_000
#: A cell of which less is known is not told.
LEAST_KNOWN = 0.5
#: What `factors` gives, with units.
UNITS = {
    "elevation_m": "m", "slope_deg": "°", "slope_max_deg": "°", "aspect_deg": "°", "curvature": "1/m", "relief_m": "m",
    "wetness": "ln(m)", "flow_log": "log10(m²)",
}  # fmt: skip
_MEANS = {"slope": "slope_deg", "curvature": "curvature", "relief": "relief_m"}


def cells_of(path: Path, *, max_cells: int = MAX_CELLS) -> tuple[int, Cells]:
    """The resolution, FINEST or coarser, and the cells that overlap a raster, sorted. Raises BadInput as `opened`."""
    with opened(path) as source:
        outline = _outline(source.grid)
    lat = float(np.clip(abs(outline.centroid.y), 0.0, 89.0))
    km2 = outline.area * 111.32**2 * float(np.cos(np.radians(lat)))
    fits = [res for res in range(FINEST, -1, -1) if km2 / area_km2(res) * 1.05 <= max_cells]
    if not fits:
        raise BadInput("The raster covers too much of the earth for cells.", reason="cover-size")
    return fits[0], cover(outline, fits[0])


def cells_at(path: Path, res: int) -> Cells:
    """The cells of one resolution that overlap a raster, sorted. Raises BadInput as `opened`, or for too many."""
    with opened(path) as source:
        return cover(_outline(source.grid), res)


def factors(path: Path, cells: Cells, *, flow_limit: int = LIMIT) -> tuple[dict[str, Doubles], Doubles]:
    """The columns of `UNITS` for cells, float64 (cells,), NaN where unknown, and the known share of each cell.

    Derivatives are computed block by block; the flow of water on a grid of at most `flow_limit` pixels. The aspect is
    that of the mean gradient, so that a ridge has none of its sides'.
    """
    with opened(path) as source:
        grid = source.grid
        outlines = cell_rings(cells, grid)
        gathered = {name: Zonal(outlines, grid) for name in ("heights", *_MEANS, "east", "north")}
        with closing(ahead(blocks(source, [*_MEANS, "east", "north"], edges=True))) as derived:
            for first, heights, products in derived:
                for name, zonal in gathered.items():
                    zonal.add(first, heights if name == "heights" else products[name])
        water = flow(source, limit=flow_limit)
    found = {name: zonal.result() for name, zonal in gathered.items()}
    out = {"elevation_m": found["heights"].mean, "slope_max_deg": found["slope"].max}
    out |= {column: found[name].mean for name, column in _MEANS.items()}
    east, north = found["east"].mean, found["north"].mean
    flat = np.hypot(east, north) < 1e-6
    out["aspect_deg"] = np.where(flat, np.nan, np.degrees(np.arctan2(-east, -north)) % 360.0)
    wet = Zonal(outlines if water.grid is grid else cell_rings(cells, water.grid), water.grid)
    wet.add(0, water.wetness)
    out["wetness"] = wet.result().mean
    drained = Zonal(outlines if water.grid is grid else cell_rings(cells, water.grid), water.grid)
    drained.add(0, np.log10(water.area_m2))
    out["flow_log"] = drained.result().max
    return {name: out[name] for name in UNITS}, found["heights"].known


def _outline(grid: Grid) -> shapely.Polygon:
    """The raster's edge in WGS-84, with points close enough that its curve there is kept."""
    east, south = grid.west + grid.width * grid.across, grid.north - grid.height * grid.down
    ring = shapely.segmentize(
        shapely.box(grid.west, south, east, grid.north).exterior, max(grid.across, grid.down) * 64
    )
    to_lonlat = Transformer.from_crs(grid.crs, "EPSG:4326", always_xy=True)
    x, y = shapely.get_coordinates(ring).T
    return shapely.Polygon(np.column_stack(to_lonlat.transform(x, y)))


__all__ = ["FINEST", "RELIEF_M", "UNITS", "cells_of", "factors"]
