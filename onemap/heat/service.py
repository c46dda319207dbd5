"""The heat engine's one door for workers and routes. All of it runs in the caller's transaction.

A density is answered from its cube where the caller has one, else from its events by SQL: the same numbers, slower.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from onemap.core.cell import Floats, area_km2, hex_of, resolution
from onemap.core.errors import BadInput, NotFound
from onemap.heat.ask import Ask, checked
from onemap.heat.count import account, density
from onemap.heat.count.cube import View
from onemap.heat.count.density import follow
from onemap.heat.hazard import composite, why
from onemap.heat.prediction import forecast
from onemap.heat.ring import KERNEL, bandwidth_m
from onemap.heat.surface import SurfaceSpec, res_for_zoom, surface, surfaces
from onemap.heat.window import Box, HeatCells, at_hour, hour_of, intervals, label
from onemap.store.db import Connection

#: Shares of the cells shown that lie below each break of a surface without stated breaks.
QUANTILES = (0.2, 0.4, 0.6, 0.8, 0.95)
#: What is less than this has faded to nothing.
LEAST = 1e-9
#: What is not told of a cell that is no exact count.
NOT_KNOWN: dict[str, Any] = {
    "sources": [], "confidence": None, "confidence_why": None, "yesterday": None, "published": False,
}  # fmt: skip


def refresh_risk(conn: Connection, *, now: datetime | None = None) -> int:
    """Recompute the risk that changes, readings and the hour concern; returns chunks looked at, 0 at rest."""
    return composite.refresh(conn, now or datetime.now(UTC))


def rebuild(conn: Connection, surface_name: str, *, now: datetime | None = None) -> int:
    """Compute a surface anew from the layers; returns how many sources it has. Raises NotFound, BadInput."""
    if surface(surface_name).kind == "risk":
        return composite.rebuild(conn, now or datetime.now(UTC))
    if surface(surface_name).kind == "forecast":
        raise BadInput("A forecast is made anew by the night's work.", reason="surface")
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
    elif spec.kind == "forecast":
        found = forecast.cells(conn, ask.categories, ask.window, res, box)
    elif view is not None:
        return of_view(view, ask, res, box, least=least)
    else:
        found = density.cells(conn, ask, res, box)
    return _at_least(found, least)


def of_view(view: View, ask: Ask, res: int, box: Box | None = None, *, least: float = 0.0) -> HeatCells:
    """As `cells`, of a density's cube, without a database."""
    _fits(checked(ask), res)
    return _at_least(view.query(ask, res, box), least)


def _at_least(found: HeatCells, least: float) -> HeatCells:
    kept = found.values >= max(least, LEAST)
    return HeatCells(found.cells[kept], found.values[kept])


def _fits(spec: SurfaceSpec, res: int) -> None:
    if not 0 <= res <= spec.finest:
        raise BadInput(f"{spec.name} goes to resolution {spec.finest}.", reason="resolution")


def distribution(conn: Connection, ask: Ask, res: int) -> Floats:
    """All values of a surface at a resolution, ascending: a value's rank is its place among them."""
    return np.sort(cells(conn, ask, res).values)


def legend(ask: Ask, res: int, values: Floats) -> dict[str, Any]:
    """What the colours mean at a resolution: unit, breaks, size of a cell, the exact window, kernel, weights, rule.

    Breaks are stated, or quantiles of the `values` shown. Errors as in `cells`.
    """
    spec = checked(ask)
    smooth = ask.smooth if spec.smooth_max else 0
    return {
        "res": res,
        "unit": spec.unit.as_json(),
        "breaks": list(spec.breaks) or quantiles(values),
        "cell_km2": area_km2(res),
        **_period(spec, ask),
        "bandwidth_m": round(bandwidth_m(res, smooth), 1) if smooth else None,
        "kernel": KERNEL if smooth else None,
        "half_life_h": ask.half_life_h if spec.windows else None,
        "weight": ask.weight if spec.windows else "count",
        "published": False,
        "rule": spec.rule.as_json() if spec.rule else None,
    }


def _period(spec: SurfaceSpec, ask: Ask) -> dict[str, Any]:
    """The hours that are really answered, and the window in words."""
    if spec.kind == "forecast":
        now = ask.at()
        back = intervals(ask.window, now, ask.zone)
        title = {"zh": f"未来 {ask.window}", "en": f"next {ask.window}"}
        end = now + timedelta(hours=int(back[-1, 1] - back[0, 0]) - 1)
        return {"from": now.isoformat(), "to": end.isoformat(), "window": title}
    if not spec.windows:
        return {"from": None, "to": None, "window": {"zh": "当前", "en": "now"}}
    hours = ask.hours()
    first, last = (at_hour(hours[0, 0]), at_hour(hours[-1, 1])) if len(hours) else (None, None)
    return {
        "from": first.isoformat() if first else None,
        "to": last.isoformat() if last else None,
        "window": label(ask.window, ask.zone).as_json(),
    }


def quantiles(values: Floats) -> list[float]:
    """Breaks that part the cells shown by their values."""
    return [round(float(one), 3) for one in np.unique(np.quantile(values, QUANTILES))] if len(values) else []


def explain(conn: Connection, ask: Ask, cell: int, *, view: View | None = None) -> dict[str, Any]:
    """What a cell is made of: {cell, res, value, unit, parts, sources, confidence, …}, where parts sum to the value.

    A risk cell coarser than the finest has the value of its worst finest cell, named in `worst_cell`, and its parts; it
    also tells its factors (onemap/heat/hazard/why.py). Errors as in `cells`.
    """
    spec = checked(ask)
    _fits(spec, resolution(cell))
    told: dict[str, Any] = {"cell": hex_of(cell), "res": resolution(cell), "unit": spec.unit.as_json()}
    if spec.kind == "risk":
        found = why.explain(conn, spec.name, cell)
        worst = found.pop("worst_cell")
        return told | found | {"worst_cell": hex_of(worst) if worst is not None else None, "published": False}
    if spec.kind == "forecast":
        parts = forecast.explain(conn, ask.categories, ask.window, cell)
        return told | NOT_KNOWN | {"value": float(sum(part["value"] for part in parts)), "parts": parts}
    return told | account.explain(conn, ask.unsmoothed(), cell, view) | {"published": False}


def history(
    conn: Connection, ask: Ask, cell: int, *, days: int, step: str, view: View | None = None
) -> list[tuple[str, float]]:
    """[start, value] of a cell by hour or by the city's day, oldest first; a risk knows about a day of hours.

    Raises BadInput (reason "step", "days"), NotFound (reason "history") and as `cells`.
    """
    spec = checked(ask)
    _fits(spec, resolution(cell))
    hours = account.edges(ask, days, step)
    if spec.kind == "density":
        return account.history(conn, ask, cell, hours, view)
    if spec.kind == "forecast":
        raise NotFound("A forecast has no history; its back-test has.", reason="history")
    known = why.history(conn, spec.name, cell)
    if step == "day":
        raise BadInput("A risk is kept by the hour, for about a day.", reason="step")
    return [(at.isoformat(), value) for at, value in known if hour_of(at) >= hours[0]]


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
    "history",
    "legend",
    "of_view",
    "quantiles",
    "rebuild",
    "refresh_risk",
    "res_for_zoom",
    "surfaces",
]
