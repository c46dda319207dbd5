"""Registered elevation models: files in the data folder, rows in `raster`."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from psycopg.types.json import Jsonb

from onemap.core.errors import BadInput
from onemap.store.db import AsyncConnection, Connection
from onemap.store.feature import FeatureRow
from onemap.terrain.contours import contours
from onemap.terrain.dem import describe

FOLDER = "rasters"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_READ = """
SELECT name, path, info, st_xmin(bounds) AS west, st_ymin(bounds) AS south, st_xmax(bounds) AS east,
       st_ymax(bounds) AS north
FROM raster WHERE kind = 'dem' ORDER BY added_at, name
"""
#: What a raster may be: heights in metres, or codes of land cover (onemap/terrain/landcover.py).
KINDS = ("dem", "landcover")


@dataclass(frozen=True)
class Dem:
    """One registered elevation model. `path` is absolute; it names the file's content, so it never changes meaning."""

    name: str
    path: Path
    bounds: tuple[float, float, float, float]
    minzoom: int
    maxzoom: int


def register(conn: Connection, home: Path, name: str, source: Path, kind: str = "dem") -> Dem:
    """Copy a raster of one of `KINDS` into the data folder and register it, in the caller's transaction.

    A name that is registered already gets the new file. Raises BadInput for a file that is no such raster.
    """
    if kind not in KINDS:
        raise BadInput(f"A raster is one of {', '.join(KINDS)}.", reason="kind")
    if _NAME.fullmatch(name) is None:
        raise BadInput("A raster's name is a-z, 0-9, dash and underscore, 63 at most.", reason="name")
    found = describe(source)
    with source.open("rb") as handle:
        digest = hashlib.file_digest(handle, "blake2b").hexdigest()[:16]
    relative = Path(FOLDER) / f"{name}-{digest}{source.suffix.lower()}"
    target = home / relative
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        part = target.with_suffix(f".{os.getpid()}.part")
        shutil.copyfile(source, part)
        part.replace(target)
    conn.execute(
        "INSERT INTO raster (name, kind, path, bounds, info) "
        "VALUES (%s, %s, %s, st_makeenvelope(%s, %s, %s, %s, 4326), %s) "
        "ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, path = excluded.path, "
        "bounds = excluded.bounds, info = excluded.info, added_at = now()",
        (name, kind, str(relative), *found.bounds, Jsonb(asdict(found))),
    )
    return Dem(name, target, found.bounds, found.minzoom, found.maxzoom)


def dems(conn: Connection, home: Path) -> list[Dem]:
    """The registered elevation models, the newest last (it lies on top)."""
    return _dems(conn.execute(_READ).fetchall(), home)


async def dems_async(conn: AsyncConnection, home: Path) -> list[Dem]:
    """As `dems`, for the doors."""
    return _dems(await (await conn.execute(_READ)).fetchall(), home)


def landcovers(conn: Connection, home: Path) -> list[Path]:
    """The files of the registered land-cover rasters, the newest last (it lies on top)."""
    rows = conn.execute("SELECT path FROM raster WHERE kind = 'landcover' ORDER BY added_at, name").fetchall()
    return [home / row["path"] for row in rows]


def contour_rows(dem: Dem, interval_m: float) -> list[FeatureRow]:
    """The contours of an elevation model as features of the layer `contour`, keys `<dem>/<height>`."""
    return [
        FeatureRow(
            f"{dem.name}/{contour.elevation_m:g}",
            contour.lines,
            {"elevation_m": contour.elevation_m, "index": contour.index},
        )
        for contour in contours(dem.path, interval_m)
    ]


def _dems(rows: Iterable[Mapping[str, Any]], home: Path) -> list[Dem]:
    return [
        Dem(
            row["name"],
            home / row["path"],
            (row["west"], row["south"], row["east"], row["north"]),
            row["info"]["minzoom"],
            row["info"]["maxzoom"],
        )
        for row in rows
    ]
