"""Elevation models: registered with the terrain engine, with contour lines drawn where the map has none."""

from __future__ import annotations

import re
from pathlib import Path

from etl.imports.summary import ImportSummary
from onemap.layers import BY_NAME
from onemap.store import feature
from onemap.store.db import Connection, acting
from onemap.terrain import service as terrain

_INTERVAL_M = 20.0
_FEED = "import"


def import_dem(conn: Connection, path: Path, home: Path, actor: str, *, contours: bool = True) -> ImportSummary:
    """Take in one elevation model. Raises BadInput when it has no coordinate system or is no elevation raster.

    The same file again changes nothing. `contours` draws lines every 20 m into the layer `contour`.
    """
    summary = ImportSummary()
    name = re.sub(r"[^a-z0-9_-]+", "-", path.stem.lower()).strip("-_") or "dem"
    with acting(conn, actor):
        before = conn.execute("SELECT path FROM raster WHERE name = %s", (name,)).fetchone()
        dem = terrain.register(conn, home, name, path)
        known = before is not None and home / before["path"] == dem.path
        summary.reach(dem.bounds)
        row = summary.count("raster")
        row.unchanged, row.taken = (1, 0) if known else (0, 1)
        if contours and not known:
            done = feature.upsert(conn, BY_NAME["contour"], terrain.contour_rows(dem, _INTERVAL_M), feed=_FEED)
            summary.count("contour").taken = done.stored
    return summary
