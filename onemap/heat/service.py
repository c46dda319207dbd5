"""The heat engine's one door for workers and routes. All of it runs in the caller's transaction."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np

from onemap.core.cell import Floats, area_km2, hex_of, resolution
from onemap.core.errors import BadInput
from onemap.heat import composite, density
from onemap.heat.density import follow
from onemap.heat.surface import FINEST, SurfaceSpec, checked, res_for_zoom, surface, surfaces
from onemap.heat.window import Box, HeatCells
from onemap.store.db import Connection

#: Shares of the cells shown that lie below each break of a surface without stated breaks.
QUANTILES = (0.2, 0.4, 0.6, 0.8, 0.95)


def refresh_risk(conn: Connection, *, now: datetime | None = None) -> int:
    """Recompute the risk parts that changes and fading concern; returns hazard points written, 0 at rest."""
    return composite.refresh(conn, now or datetime.now(UTC))


def rebuild(conn: Connection, surface_name: str, *, now: datetime | None = None) -> int:
    """Compute a surface anew from the layers; returns how many sources it has. Raises NotFound."""
    if surface(surface_name).name == composite.SURFACE:
        return composite.rebuild(conn, now or datetime.now(UTC))
    return density.rebuild(conn)


def cells(
    conn: Connection,
    surface_name: str,
    res: int,
    bbox: Box | None = None,
    *,
    category: str | None = None,
    window: str = "24h",
    smooth: int = 0,
    now: datetime | None = None,
    least: float = 0.0,
) -> HeatCells:
    """Values of the cells at `res` that touch `bbox` (west, south, east, north in degrees; None is everywhere).

    The incident surface sums a window that ends `now`, optionally of one category, spread over `smooth` rings with its
    sum kept; the risk surface is as it stands. Cells below `least` are left out: the doors' floor for small counts.
    Raises NotFound for an unknown surface, BadInput for other things unknown.
    """
    checked(surface_name, category=category, window=window, smooth=smooth)
    if not 0 <= res <= FINEST:
        raise BadInput(f"Surfaces go to resolution {FINEST}.", reason="resolution")
    if surface_name == composite.SURFACE:
        found = composite.cells(conn, res, bbox)
    else:
        found = density.cells(
            conn, res, bbox, category=category, window=window, smooth=smooth, now=now or datetime.now(UTC)
        )
    kept = found.values >= max(least, 1e-9)
    return HeatCells(found.cells[kept], found.values[kept])


def distribution(
    conn: Connection,
    surface_name: str,
    res: int,
    *,
    category: str | None = None,
    window: str = "24h",
    smooth: int = 0,
    now: datetime | None = None,
) -> Floats:
    """All values of a surface at a resolution, ascending: a value's rank is its place among them."""
    found = cells(conn, surface_name, res, category=category, window=window, smooth=smooth, now=now)
    return np.sort(found.values)


def legend(
    conn: Connection,
    surface_name: str,
    res: int,
    *,
    category: str | None = None,
    window: str = "24h",
    smooth: int = 0,
    now: datetime | None = None,
) -> dict[str, Any]:
    """What the colours mean at a resolution: {res, unit, breaks, cell_km2}. Breaks are stated, or quantiles of the map.

    Errors as in `cells`.
    """
    spec = checked(surface_name, category=category, window=window, smooth=smooth)
    breaks = list(spec.breaks)
    if not breaks:
        values = distribution(conn, surface_name, res, category=category, window=window, smooth=smooth, now=now)
        breaks = [round(float(b), 3) for b in np.unique(np.quantile(values, QUANTILES))] if len(values) else []
    return {"res": res, "unit": spec.unit.zh, "breaks": breaks, "cell_km2": area_km2(res)}


def explain(
    conn: Connection,
    surface_name: str,
    cell: int,
    *,
    category: str | None = None,
    window: str = "24h",
    now: datetime | None = None,
) -> dict[str, Any]:
    """What a cell is made of: {cell, res, value, unit, parts}, where the parts sum to the value.

    A risk cell coarser than the finest has the value of its worst finest cell, named in `worst_cell`, and its parts.
    Errors as in `cells`.
    """
    spec: SurfaceSpec = checked(surface_name, category=category, window=window)
    if resolution(cell) > FINEST:
        raise BadInput(f"Surfaces go to resolution {FINEST}.", reason="resolution")
    told: dict[str, Any] = {"cell": hex_of(cell), "res": resolution(cell), "unit": spec.unit.zh}
    if surface_name == composite.SURFACE:
        worst, parts = composite.explain(conn, cell)
        told["worst_cell"] = hex_of(worst) if worst is not None else None
    else:
        parts = density.explain(conn, cell, category=category, window=window, now=now or datetime.now(UTC))
    return told | {"value": float(sum(part["value"] for part in parts)), "parts": parts}


__all__ = [
    "Box",
    "HeatCells",
    "SurfaceSpec",
    "cells",
    "distribution",
    "explain",
    "follow",
    "legend",
    "rebuild",
    "refresh_risk",
    "res_for_zoom",
    "surfaces",
]
