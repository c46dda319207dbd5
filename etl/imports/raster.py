"""Rasters: elevation models, with contour lines drawn where the map has none, and land cover. The terrain engine's."""

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
    with acting(conn, actor):
        dem, known = _registered(conn, path, home, "dem", summary)
        if contours and not known:
            done = feature.upsert(conn, BY_NAME["contour"], terrain.contour_rows(dem, _INTERVAL_M), feed=_FEED)
            summary.count("contour").taken = done.stored
    return summary


def import_landcover(conn: Connection, path: Path, home: Path, actor: str) -> ImportSummary:
    """Take in a raster of land-cover codes (onemap/terrain/landcover.py). Raises BadInput as `import_dem`."""
    summary = ImportSummary()
    with acting(conn, actor):
        _registered(conn, path, home, "landcover", summary)
    return summary


def _registered(
    conn: Connection, path: Path, home: Path, kind: str, summary: ImportSummary
) -> tuple[terrain.Dem, bool]:
    """The raster, registered under its file's name, and whether the same file was known."""
    name = re.sub(r"[^a-z0-9_-]+", "-", path.stem.lower()).strip("-_") or kind
    before = conn.execute("SELECT path, kind FROM raster WHERE name = %s", (name,)).fetchone()
    found = terrain.register(conn, home, name, path, kind)
    known = before is not None and home / before["path"] == found.path and before["kind"] == kind
    summary.reach(found.bounds)
    row = summary.count("raster")
    row.unchanged, row.taken = (1, 0) if known else (0, 1)
    return found, known
