"""The heat engine's one door for workers and routes. All of it runs in the caller's transaction.

A density is answered from its cube where the caller has one, else from its events by SQL: the same numbers, slower.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np

from onemap.core.cell import Floats, area_km2, hex_of, resolution
from onemap.core.errors import BadInput
from onemap.heat import composite, density, why
from onemap.heat.ask import Ask, checked
from onemap.heat.cube import View
from onemap.heat.density import follow
from onemap.heat.surface import SurfaceSpec, res_for_zoom, surface, surfaces
from onemap.heat.window import Box, HeatCells
from onemap.store.db import Connection

#: Shares of the cells shown that lie below each break of a surface without stated breaks.
QUANTILES = (0.2, 0.4, 0.6, 0.8, 0.95)
#: What is less than this has faded to nothing.
LEAST = 1e-9


def refresh_risk(conn: Connection, *, now: datetime | None = None) -> int:
    """Recompute the risk that changes, readings and the hour concern; returns chunks looked at, 0 at rest."""
    return composite.refresh(conn, now or datetime.now(UTC))


def rebuild(conn: Connection, surface_name: str, *, now: datetime | None = None) -> int:
    """Compute a surface anew from the layers; returns how many sources it has. Raises NotFound."""
    if surface(surface_name).kind == "risk":
        return composite.rebuild(conn, now or datetime.now(UTC))
    return density.rebuild(conn)


def cells(
    conn: Connection, ask: Ask, res: int, box: Box | None = None, *, least: float = 0.0, view: View | None = None
) -> HeatCells:
    """Values of the cells at `res` that touch the box (west, south, east, north in degrees; None is everywhere).

    A density sums its window, spread over `smooth` rings with its sum kept; a risk is as it stands. Cells below `least`
    are left out: the doors' floor for small counts. `view` is a state of the surface's cube to read from. Raises
    NotFound for an unknown surface, BadInput for other things.
    """
    spec = checked(ask)
    _fits(spec, res)
    if spec.kind == "risk":
        found = composite.cells(conn, spec.name, res, box)
    elif view is not None:
        found = view.query(ask, res, box)
    else:
        found = density.cells(conn, ask, res, box)
    kept = found.values >= max(least, LEAST)
    return HeatCells(found.cells[kept], found.values[kept])


def _fits(spec: SurfaceSpec, res: int) -> None:
    if not 0 <= res <= spec.finest:
        raise BadInput(f"{spec.name} goes to resolution {spec.finest}.", reason="resolution")


def distribution(conn: Connection, ask: Ask, res: int) -> Floats:
    """All values of a surface at a resolution, ascending: a value's rank is its place among them."""
    return np.sort(cells(conn, ask, res).values)


def legend(conn: Connection, ask: Ask, res: int) -> dict[str, Any]:
    """What the colours mean at a resolution: {res, unit, breaks, cell_km2}. Breaks are stated, or quantiles of the map.

    Errors as in `cells`.
    """
    spec = checked(ask)
    breaks = list(spec.breaks)
    if not breaks:
        breaks = quantiles(distribution(conn, ask, res))
    return {"res": res, "unit": spec.unit.zh, "breaks": breaks, "cell_km2": area_km2(res)}


def quantiles(values: Floats) -> list[float]:
    """Breaks that part the cells shown by their values."""
    return [round(float(one), 3) for one in np.unique(np.quantile(values, QUANTILES))] if len(values) else []


def explain(conn: Connection, ask: Ask, cell: int) -> dict[str, Any]:
    """What a cell is made of: {cell, res, value, unit, parts}, where the parts sum to the value.

    A risk cell coarser than the finest has the value of its worst finest cell, named in `worst_cell`, and its parts; it
    says more: factors, sources with their age, confidence, what changed since yesterday (onemap/heat/why.py).
    Errors as in `cells`.
    """
    spec = checked(ask)
    _fits(spec, resolution(cell))
    told: dict[str, Any] = {"cell": hex_of(cell), "res": resolution(cell), "unit": spec.unit.zh}
    if spec.kind == "risk":
        found = why.explain(conn, spec.name, cell)
        worst = found.pop("worst_cell")
        return told | found | {"worst_cell": hex_of(worst) if worst is not None else None}
    parts = density.explain(conn, ask, cell)
    return told | {"value": float(sum(part["value"] for part in parts)), "parts": parts}


__all__ = [
    "Ask",
    "Box",
    "HeatCells",
    "SurfaceSpec",
    "cells",
    "checked",
    "distribution",
    "explain",
    "follow",
    "legend",
    "quantiles",
    "rebuild",
    "refresh_risk",
    "res_for_zoom",
    "surfaces",
]
