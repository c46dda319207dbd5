"""Which cells and hours a question is about, and the answer's shape."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import shapely

from onemap.core.cell import Cells, Floats, area_km2, centers, child_range, cover
from onemap.heat.surface import WINDOWS

Box = tuple[float, float, float, float]
#: Ranges of one question: more of them cost more look-ups than they save rows.
_RANGES = 48
_METRES_PER_DEGREE = 111_195.0


@dataclass(frozen=True)
class HeatCells:
    """Cells of one resolution, ascending, and their values (both of one length)."""

    cells: Cells
    values: Floats


def hours(window: str, now: datetime) -> tuple[datetime, datetime]:
    """First and last hour of a window that ends now: whole hours, so it is up to an hour longer than it says."""
    last = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return last - WINDOWS[window], last


def radius_m(res: int) -> float:
    """From the centre of a cell to its corners, with a tenth to spare for its distortion."""
    return 1.1 * math.sqrt(area_km2(res) * 2.0 / (3.0 * math.sqrt(3.0))) * 1000.0


def widened(box: Box, metres: float) -> Box:
    """The box with a margin, inside the world."""
    west, south, east, north = box
    dy = metres / _METRES_PER_DEGREE
    dx = dy / max(0.05, math.cos(math.radians(min(89.0, max(abs(south), abs(north)) + dy))))
    return max(-180.0, west - dx), max(-90.0, south - dy), min(180.0, east + dx), min(90.0, north + dy)


def ranges(box: Box, res: int, rows_res: int) -> tuple[list[int], list[int]] | None:
    """Ranges (low, high) of cells at `rows_res` that hold every cell of `res` touching the box; None for everywhere."""
    for coarse in range(res, -1, -1):
        # A cell's descendants stick out of it by less than half its own radius.
        margin = widened(box, radius_m(coarse) / 2 if coarse < res else 0.0)
        area = shapely.box(*margin)
        size_km2 = area.area * 111.2**2 * math.cos(math.radians(area.centroid.y))
        if size_km2 / area_km2(coarse) < _RANGES:
            spans = [child_range(int(cell), rows_res) for cell in cover(area, coarse)]
            return [lo for lo, _ in spans], [hi for _, hi in spans]
    return None


def inside(found: HeatCells, box: Box, res: int) -> HeatCells:
    """The cells that touch the box, give or take a corner."""
    if not len(found.cells):
        return found
    lon, lat = centers(found.cells)
    west, south, east, north = widened(box, radius_m(res))
    near = (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
    return HeatCells(found.cells[near], found.values[near])


def heat_cells(rows: list[dict[str, float]]) -> HeatCells:
    """Rows of `cell`, `value` as arrays."""
    return HeatCells(
        np.fromiter((row["cell"] for row in rows), np.int64, len(rows)),
        np.fromiter((row["value"] for row in rows), np.float64, len(rows)),
    )
