"""The study area: the cells that are tested, whether anything happened in them or not.

A cell where nothing happened is a zero and not a gap; what lies outside is not tested and counts in no neighbourhood.
Hence the edges are known, and a statistic can allow for them.
"""

from __future__ import annotations

import math
import zlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Literal

import h3.api.basic_int as h3
import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from onemap.core.cell import Cells, area_km2, boundaries, centers, cover, parents
from onemap.core.errors import BadInput
from onemap.heat.surface import COARSEST
from onemap.heat.window import Box, radius_m, widened
from onemap.store.db import Connection
from onemap.store.sqlfile import sql

Source = Literal["district", "street", "grid", "events"]

#: Cells of one study area: past this every answer takes seconds.
MAX_CELLS = 1_500_000
#: Without areas or grids: cells within so many rings of any event.
_RINGS = 2
_KEPT = 32


@dataclass(frozen=True)
class Domain:
    """Cells ascending (read-only), what they come from, and a text that changes when they do.

    Cells from events alone grow with the next event outside.
    """

    cells: Cells
    source: Source
    version: str


class Domains:
    """Study areas of one process, each kept for as long as the areas in the database stay as they are."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, int, bytes | None], Cells] = OrderedDict()

    def of(self, conn: Connection, res: int, *, surface: str = "incidents", area_wkb: bytes | None = None) -> Domain:
        """The study area at `res`.

        With `area_wkb` (WGS-84) only the cells that lie whole in that area. Errors as in `domain`.
        """
        row = conn.execute(sql("hotspot_areas")).fetchone()
        if row is None:
            near = _near_events(conn, res, surface)
            own = _fixed(near if area_wkb is None else near[_whole(near, area_wkb)])
            return Domain(own, "events", f"events-{len(own)}-{zlib.crc32(own.tobytes())}")
        version = f"{row['source']}-{row['stamp']}"
        key = (version, res, area_wkb)
        found = self._kept.get(key)
        if found is None:
            shapes = conn.execute(sql("hotspot_area_shapes"), {"source": row["source"]}).fetchall()
            cells = cells_inside(shapely.union_all([shapely.from_wkb(shape["wkb"]) for shape in shapes]), res)
            found = _fixed(cells if area_wkb is None else cells[_whole(cells, area_wkb)])
            self._kept[key] = found
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return Domain(found, row["source"], version)

    def finest(self, conn: Connection, res: int, most: int, **which: Any) -> int:
        """The finest resolution from 5 to `res` at which the study area has at most `most` cells."""
        while res > COARSEST:
            try:
                if len(self.of(conn, res, **which).cells) <= most:
                    break
            except BadInput:  # far too many to count
                pass
            res -= 1
        return res


def domain(conn: Connection, res: int, *, surface: str = "incidents") -> Cells:
    """The cells at `res` whose centres lie in the city's districts; else in its streets; else in its grids.

    Without any of them, those within two rings of a cell where something of the surface was ever counted. Ascending,
    int64 (n,), read-only. Raises BadInput (reason "domain-size") for more than 1.5 million cells.
    """
    return Domains().of(conn, res, surface=surface).cells


def cells_inside(area: BaseGeometry, res: int, *, most: int = MAX_CELLS) -> Cells:
    """The cells at `res` whose centres lie in the area (WGS-84 degrees), ascending.

    Cells far inside are taken with all their descendants; only those near the border are tested one by one. Raises
    BadInput (reason "domain-size") for more than `most`, by an estimate before anything is computed.
    """
    if area.is_empty:
        return np.empty(0, np.int64)
    expected = _area_km2(area) / area_km2(res)
    if expected > 1.2 * most:
        raise BadInput(f"About {expected:.0f} cells of resolution {res}: ask for larger ones.", reason="domain-size")
    shapely.prepare(area)
    level = res
    while level > 0 and _area_km2(shapely.box(*area.bounds)) / area_km2(level) > 64:
        level -= 1
    found: list[Cells] = []
    # A descendant's centre may lie outside its ancestor, in the next cell beside it.
    edge = _disks(_covering(area, level), 1)
    for finer in range(level, res):
        boxes = _boxes(edge, 1.5 * radius_m(finer))
        inside = np.asarray(shapely.contains_properly(area, boxes), np.bool_)
        found.append(_children(edge[inside], res))
        near = ~inside & np.asarray(shapely.intersects(area, boxes), np.bool_)
        edge = _children(edge[near], finer + 1)
    lon, lat = centers(edge)
    found.append(edge[np.asarray(shapely.contains_xy(area, lon, lat), np.bool_)])
    cells = np.unique(np.concatenate(found))
    if len(cells) > most:
        raise BadInput(f"{len(cells)} cells of resolution {res}: ask for larger ones.", reason="domain-size")
    return cells


def _near_events(conn: Connection, res: int, surface: str) -> Cells:
    rows = conn.execute(sql("hotspot_event_cells"), {"surface": surface}).fetchall()
    own = np.fromiter((row["cell"] for row in rows), np.int64, len(rows))
    return _fixed(_disks(np.unique(parents(own, res)), _RINGS))


def _whole(cells: Cells, area_wkb: bytes) -> npt.NDArray[np.bool_]:
    """Which cells lie whole in an area: one across its border would tell of the other side."""
    area = shapely.from_wkb(area_wkb)
    shapely.prepare(area)
    which = np.zeros(len(cells), np.bool_)
    if len(cells):
        lon, lat = centers(cells)
        near = np.flatnonzero(shapely.contains_xy(area, lon, lat))
        which[near] = shapely.contains(area, boundaries(cells[near]))
    return which


def _fixed(cells: Cells) -> Cells:
    cells.flags.writeable = False
    return cells


def _covering(area: BaseGeometry, res: int) -> Cells:
    """Cells that overlap the area's polygons; lines and points left over by a union have no cells."""
    parts = [part for part in shapely.get_parts(area).tolist() if part.geom_type == "Polygon"]
    return np.unique(np.concatenate([cover(part, res) for part in parts] or [np.empty(0, np.int64)]))


def _area_km2(area: BaseGeometry) -> float:
    lat = float(np.clip(np.abs(area.centroid.y), 0.0, 89.0)) if not area.is_empty else 0.0
    return float(area.area) * 111.32**2 * math.cos(math.radians(lat))


def _boxes(cells: Cells, metres: float) -> npt.NDArray[np.object_]:
    """Boxes that reach so far from the centres of cells."""
    lon, lat = centers(cells)
    corners: list[Box] = [widened((x, y, x, y), metres) for x, y in zip(lon.tolist(), lat.tolist(), strict=True)]
    west, south, east, north = np.array(corners, np.float64).reshape(-1, 4).T
    return np.asarray(shapely.box(west, south, east, north), np.object_)


def _children(cells: Cells, res: int) -> Cells:
    found = [np.array(h3.cell_to_children(cell, res), np.int64) for cell in cells.tolist()]
    return np.concatenate(found) if found else np.empty(0, np.int64)


def _disks(cells: Cells, rings: int) -> Cells:
    found = [np.array(h3.grid_disk(cell, rings), np.int64) for cell in cells.tolist()]
    return np.unique(np.concatenate(found)) if found else np.empty(0, np.int64)
