"""A small town of grids for tests of their files, and those files in the states in which they come."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely

from onemap.planning.exchange.look import Base

COLUMNS, ROWS = 6, 4
WEST, SOUTH, STEP = 120.15, 30.30, 0.002
COMMUNITIES = ("330103001001", "330103001002")


def corners(seed: int = 7) -> np.ndarray:
    """The corners of the town's blocks, each shifted a little so that nothing lies straight by chance."""
    rng = np.random.default_rng(seed)
    x, y = np.meshgrid(np.arange(COLUMNS + 1), np.arange(ROWS + 1), indexing="ij")
    at = np.stack([WEST + STEP * x, SOUTH + STEP * y], axis=-1)
    return at + rng.uniform(-0.15, 0.15, at.shape) * STEP


def town(seed: int = 7) -> Base:
    """24 grids of about 190 by 220 m in two communities, west and east."""
    at = corners(seed)
    ids, props, shapes = [], [], []
    for i in range(COLUMNS):
        for j in range(ROWS):
            community = COMMUNITIES[i >= COLUMNS // 2]
            code = f"{community}{sum(p['community_code'] == community for p in props) + 1:03d}"
            ring = [at[i, j], at[i + 1, j], at[i + 1, j + 1], at[i, j + 1]]
            ids.append(code)
            props.append(
                {"code": code, "name": f"石桥街道第{code[-3:]}网格", "kind": "unit", "community_code": community}
            )
            shapes.append(shapely.MultiPolygon([shapely.Polygon(ring)]))
    return Base(ids, props, np.array(shapes, dtype=object))


def shapefile(
    folder: Path, shapes: Sequence[Any], rows: Sequence[Mapping[str, Any]], *, encoding: str = "UTF-8",
    crs: str | None = "EPSG:4326", kind: str = "Polygon",
) -> dict[str, bytes]:  # fmt: skip
    """The parts of a Shapefile by ending."""
    names = list(rows[0])
    path = folder / "part.shp"
    pyogrio.raw.write(
        path,
        shapely.to_wkb(np.array(shapes, dtype=object)),
        [np.array([row[name] for row in rows], dtype=object) for name in names],
        names,
        geometry_type=kind,
        crs=crs,
        encoding=encoding,
        driver="ESRI Shapefile",
    )
    found = {one.suffix: one.read_bytes() for one in folder.glob("part.*")}
    for one in folder.glob("part.*"):
        one.unlink()
    return found


def zipped(parts: Mapping[str, bytes], stem: str = "grids") -> bytes:
    """Members by name, or by ending (".shp") under one stem."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(stem + name if name.rfind(".") == 0 else name, data)
    return out.getvalue()
