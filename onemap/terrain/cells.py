"""The ground of every cell, kept in `terrain_cell`: made anew in the background when what it follows from has changed.

It follows from the registered rasters, from land use and water where no land-cover raster lies, and from the known
slides where they are enough to fit a model. All is computed before anything is written, and written in short
transactions, so that nobody waits; the last one logs the event `terrain` / `cells`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from psycopg.types.json import Jsonb

from onemap.core.cell import Cells, cells_of, child_range, parent, parents, resolution
from onemap.core.clock import now
from onemap.store.changelog import log_event
from onemap.store.db import AsyncConnection, Connection
from onemap.store.sqlfile import sql
from onemap.terrain import factors, landcover, susceptibility
from onemap.terrain.raster import Doubles, opened
from onemap.terrain.service import Dem, dems, landcovers

#: Kinds of hazard points that are slides.
SLIDES = ["collapse", "debris_flow", "landslide"]
COLUMNS = (*factors.UNITS, "exposure", "landcover", "susceptibility")
#: Factors of susceptibility.
_FITTED = ("slope_deg", "relief_m", "wetness", "curvature", "exposure")
#: Rows of one writing transaction: about a fifth of a second.
_CHUNK = 20_000
#: Part of the inputs: another way of computing is another result.
_EDITION = "1"
_LOCK = 7_002_003


@dataclass
class Ground:
    """The cells of one resolution, sorted, with their columns (cells,) and the raster each comes from."""

    res: int
    cells: Cells
    columns: dict[str, Any]
    raster: list[str]


def refresh(conn: Connection, home: Path) -> int:
    """Compute and store the cells if what they follow from has changed; the number written. `conn` is autocommit."""
    run = conn.execute(sql("terrain_run")).fetchone()
    inputs = _inputs(conn)
    if run is not None and run["inputs"] == inputs:
        return 0
    with _alone(conn) as mine:
        if not mine:
            return 0
        at = now()
        grounds = [_ground(conn, home, dem) for dem in dems(conn, home)]
        merged = _merged(grounds)
        model = _susceptibility(conn, merged)
        for ground in merged:
            _write(conn, ground, at)
        count = sum(len(ground.cells) for ground in merged)
        with conn.transaction():
            conn.execute("DELETE FROM terrain_cell WHERE at < %s", (at,))
            told = {"inputs": inputs, "cells": count, "model": Jsonb(model), "at": at}
            conn.execute(sql("terrain_run_write"), told)
            log_event(conn, "terrain", "cells", {"cells": count})
        # At least one: the model of no cells at all was written too.
        return max(1, count)


def of(conn: Connection, cells: Cells) -> dict[str, Any]:
    """The columns `COLUMNS` of cells, int64 (cells,): float64 with NaN, `landcover` an object array with None.

    A cell that is finer than what is stored has its ancestor's ground; one that is coarser has none: see `at`.
    """
    out: dict[str, Any] = {name: np.full(len(cells), np.nan) for name in COLUMNS}
    out["landcover"] = np.full(len(cells), None, object)
    run = conn.execute(sql("terrain_run")).fetchone()
    open_ = np.ones(len(cells), np.bool_)
    for res in () if run is None else run["resolutions"]:
        asked = np.flatnonzero(open_ & (_resolutions(cells) >= res))
        given = {"res": res, "cells": parents(cells[asked], res).tolist()}
        rows = conn.execute(sql("terrain_of"), given).fetchall()
        places = asked[[row["at"] - 1 for row in rows]] if rows else asked[:0]
        for name in COLUMNS:
            values = [row[name] for row in rows]
            out[name][places] = values if name == "landcover" else np.array(values, np.float64)
        open_[places] = False
    return out


async def at_async(conn: AsyncConnection, cell: int) -> dict[str, Any] | None:
    """The ground of one cell of any resolution with its `model`, or None where none is known: for the doors."""
    run = await (await conn.execute(sql("terrain_run"))).fetchone()
    for res in () if run is None else run["resolutions"]:
        one = cell if resolution(cell) <= res else parent(cell, res)
        low, high = child_range(one, res)
        found = await (await conn.execute(sql("terrain_at"), {"res": res, "lo": low, "hi": high})).fetchone()
        if found is not None and run is not None:
            if found["aspect_deg"] is not None:
                found["aspect_deg"] %= 360.0
            return {**found, "res": res, "model": run["model"]}
    return None


def _inputs(conn: Connection) -> str:
    row = conn.execute(sql("terrain_inputs"), {"kinds": SLIDES, "least": susceptibility.LEAST_SLIDES}).fetchone()
    return "; ".join([_EDITION, *(row or {}).values()])


@contextmanager
def _alone(conn: Connection) -> Iterator[bool]:
    """Whether this is the only one that computes now."""
    row = conn.execute("SELECT pg_try_advisory_lock(%s) AS mine", (_LOCK,)).fetchone()
    mine = row is not None and bool(row["mine"])
    try:
        yield mine
    finally:
        if mine:
            conn.execute("SELECT pg_advisory_unlock(%s)", (_LOCK,))


def _ground(conn: Connection, home: Path, dem: Dem) -> Ground:
    res, cells = factors.cells_of(dem.path)
    columns: dict[str, Any]
    columns, known = factors.factors(dem.path, cells)
    keep = known >= factors.LEAST_KNOWN
    cells = cells[keep]
    columns = {name: values[keep] for name, values in columns.items()}
    west, south, east, north = dem.bounds
    given = {"west": west, "south": south, "east": east, "north": north}
    rows = conn.execute(sql("terrain_cover"), given).fetchall()
    areas = zip((row["kind"] for row in rows), shapely.from_wkb([row["geom"] for row in rows]), strict=True)
    with opened(dem.path) as source:
        cover = landcover.of_polygons(areas, cells, source.grid)
    exposure, kind = cover.exposure, np.array(cover.kind, object)
    for path in landcovers(conn, home):
        found = landcover.of_raster(path, cells)
        here = ~np.isnan(found.exposure)
        exposure[here], kind[here] = found.exposure[here], np.array(found.kind, object)[here]
    columns |= {"exposure": exposure, "landcover": kind}
    return Ground(res, cells, columns, [dem.name] * len(cells))


def _merged(grounds: list[Ground]) -> list[Ground]:
    """One ground for each resolution: where two rasters know a cell, the later one is on top."""
    out = []
    for res in sorted({ground.res for ground in grounds}, reverse=True):
        same = [ground for ground in grounds if ground.res == res][::-1]
        cells, first = np.unique(np.concatenate([ground.cells for ground in same]), return_index=True)
        columns = {name: np.concatenate([ground.columns[name] for ground in same])[first] for name in same[0].columns}
        names = np.array([name for ground in same for name in ground.raster], object)[first]
        out.append(Ground(res, cells, columns, names.tolist()))
    return out


def _susceptibility(conn: Connection, grounds: list[Ground]) -> dict[str, Any]:
    """Add the column to every ground; which model it is. The fitted one has to rank unseen ground better."""
    told: dict[str, Any] = {"kind": "index"}
    if not grounds:
        return told
    rows = conn.execute(sql("terrain_slides"), {"kinds": SLIDES}).fetchall()
    largest = max(grounds, key=lambda ground: len(ground.cells))
    slid = np.isin(largest.cells, cells_of([r["lon"] for r in rows], [r["lat"] for r in rows], largest.res))
    model = susceptibility.fit(largest.cells, _fitted(largest), slid)
    if model is not None:
        told |= {"fitted": asdict(model)}
    better = model is not None and model.auc > model.auc_index
    for ground in grounds:
        columns = _fitted(ground)
        chosen = susceptibility.score(model, columns) if model is not None and better else susceptibility.index(columns)
        ground.columns["susceptibility"] = chosen
    return told | ({"kind": "fitted"} if better else {})


def _fitted(ground: Ground) -> dict[str, Doubles]:
    return {name: ground.columns[name] for name in _FITTED}


def _resolutions(cells: Cells) -> Cells:
    return (cells >> 52) & 0xF


def _write(conn: Connection, ground: Ground, at: datetime) -> None:
    """Replace the cells of a resolution, chunk by chunk; what is stale goes with the last transaction of `refresh`."""
    names = ("res", "cell", *COLUMNS, "raster", "at")
    columns = [_nullable(ground.columns[name]) for name in COLUMNS]
    cells = ground.cells.tolist()
    for first in range(0, len(cells), _CHUNK):
        own = slice(first, first + _CHUNK)
        part = cells[own]
        with conn.transaction(), conn.cursor() as cursor:
            cursor.execute(
                "DELETE FROM terrain_cell WHERE res = %s AND cell BETWEEN %s AND %s", (ground.res, part[0], part[-1])
            )
            with cursor.copy(f"COPY terrain_cell ({', '.join(names)}) FROM STDIN") as copy:
                for row in zip(part, *(column[own] for column in columns), ground.raster[own], strict=True):
                    copy.write_row((ground.res, *row, at))


def _nullable(values: Any) -> list[Any]:
    """Numbers with None for NaN, texts with None for ''."""
    return [None if value is None or value == "" or value != value else value for value in values.tolist()]
