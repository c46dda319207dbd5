"""The study area: the cells that are tested, whether anything happened in them or not.

A cell where nothing happened is a zero and not a gap; what lies outside is not tested and counts in no neighbourhood.
Hence the edges are known, and a statistic can allow for them.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import h3.api.basic_int as h3
import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from onemap.core.cell import Cells, area_km2, boundaries, centers, cover, parents
from onemap.core.errors import BadInput
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
    """Cells ascending (read-only), what they come from, and a text that changes when that does.

    Cells from events alone grow with the next event outside, and their text does not change.
    """

    cells: Cells
    source: Source
    version: str


class Domains:
    """Study areas of one process, each kept for as long as the areas in the database stay as they are."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, int, bytes | None], Cells] = OrderedDict()

    def of(self, conn: Connection, res: int, happened: Callable[[], Cells], *, area_wkb: bytes | None = None) -> Domain:
        """The study area at `res`, as `domain`; `happened` gives cells where something was ever counted.

        With `area_wkb` (WGS-84) only the cells that lie whole in that area.
        """
        source, version = _stamp(conn)
        if source == "events":
            own = np.unique(parents(happened(), res))
            # First the area, then the rings: an event beside it must not show by a rim inside.
            near = _disks(own[_whole(own, area_wkb)], _RINGS)
            return Domain(_fixed(near[_whole(near, area_wkb)]), source, version)
        key = (version, res, area_wkb)
        found = self._kept.get(key)
        if found is None:
            shapes = conn.execute(sql("hotspot_area_shapes"), {"source": source}).fetchall()
            cells = cells_inside(shapely.union_all([shapely.from_wkb(shape["wkb"]) for shape in shapes]), res)
            found = self._kept[key] = _fixed(cells[_whole(cells, area_wkb)])
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return Domain(found, source, version)

    def holds(self, conn: Connection, known: Domain) -> bool:
        """Whether the areas are still those that a study area was made of."""
        return _stamp(conn) == (known.source, known.version)


def domain(conn: Connection, res: int, *, surface: str = "incidents") -> Cells:
    """The cells at `res` whose centres lie in the city's districts; else in its streets; else in its grids.

    Without any of them, those within two rings of a cell where something of the surface was ever counted. Ascending,
    int64 (n,), read-only. Raises BadInput (reason "domain-size") for more than 1.5 million cells.
    """
    return Domains().of(conn, res, lambda: counted_cells(conn, surface)).cells


def counted_cells(conn: Connection, surface: str) -> Cells:
    """Every cell where something of a density was ever counted, at the finest resolution."""
    rows = conn.execute(sql("hotspot_event_cells"), {"surface": surface}).fetchall()
    return np.fromiter((row["cell"] for row in rows), np.int64, len(rows))


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


def _stamp(conn: Connection) -> tuple[Source, str]:
    row = conn.execute(sql("hotspot_areas")).fetchone()
    return ("events", "") if row is None else (row["source"], row["stamp"])


def _whole(cells: Cells, area_wkb: bytes | None) -> npt.NDArray[np.bool_]:
    """Which cells lie whole in an area (None: all): one across its border would tell of the other side."""
    if area_wkb is None:
        return np.ones(len(cells), np.bool_)
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
