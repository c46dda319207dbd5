"""The forecast surface: expected incidents of each cell and category over the next 24 hours or 7 days.

What it shows was computed by the night's work (nightly.py beside this) and stands for the hours from then on. It is
shown for a horizon only while the last back-test of all categories found it better than counting (backtest.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from onemap.core.cell import child_range, parents, resolution
from onemap.core.errors import BadInput, NotFound
from onemap.heat.prediction.nightly import RES, SURFACE
from onemap.heat.prediction.selfexciting import AGES_H, RINGS
from onemap.heat.window import Box, HeatCells, heat_cells, inside
from onemap.store.db import Connection
from onemap.store.sqlfile import sql

_NO_RUN = {"zh": "尚无回测：需要至少 60 天的事件。", "en": "No back-test yet: it needs 60 days of events at least."}
_RING_NAMES = (("本网格", "here"), ("相邻一圈", "next to it"), ("相隔一圈", "two rings away"))


def standing(rows: Iterable[Mapping[str, Any]], horizons: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Of each horizon {shown, verdict}, from the rows of `forecast_standing`; one never tested is not shown."""
    known = {row["horizon"]: row for row in rows if row["category"] == ""}
    return {
        horizon: {"shown": bool(known[horizon]["shown"]), "verdict": known[horizon]["verdict"]}
        if horizon in known
        else {"shown": False, "verdict": _NO_RUN}
        for horizon in horizons
    }


def whether_shown(rows: Iterable[Mapping[str, Any]], horizons: Sequence[str]) -> tuple[bool, dict[str, str] | None]:
    """For the catalogue: whether any horizon is shown, and why those are not that are not."""
    found = standing(rows, horizons)
    hidden = {name: one["verdict"] for name, one in found.items() if not one["shown"]}
    if not hidden:
        return True, None
    names = {"24h": ("24 小时", "24 hours"), "7d": ("7 天", "7 days")}
    if len(set(map(str, hidden.values()))) == 1 and len(hidden) == len(found):
        why = next(iter(hidden.values()))
    else:
        why = {
            tongue: " ".join(f"{names[name][at]}: {verdict[tongue]}" for name, verdict in hidden.items())
            for at, tongue in enumerate(("zh", "en"))
        }
    return len(hidden) < len(found), why


def check_shown(conn: Connection, horizon: str) -> None:
    """Raise NotFound (reason "not-better" or "no-backtest") for a horizon whose forecast is not to be shown."""
    rows = conn.execute(sql("forecast_standing")).fetchall()
    found = standing(rows, (horizon,))[horizon]
    if not found["shown"]:
        reason = "no-backtest" if found["verdict"] is _NO_RUN else "not-better"
        raise NotFound(found["verdict"]["en"], reason=reason)


def cells(conn: Connection, categories: Sequence[str], horizon: str, res: int, box: Box | None) -> HeatCells:
    """Expected events of the cells at `res` (9 or coarser) that touch the box; none for every category together.

    A coarser cell has the sum of its cells. Raises NotFound while the horizon is not shown, BadInput for finer cells.
    """
    if res > RES:
        raise BadInput(f"Forecasts go to resolution {RES}.", reason="resolution")
    check_shown(conn, horizon)
    found = heat_cells(
        conn.execute(sql("forecast_cells"), {"categories": list(categories) or [""], "horizon": horizon}).fetchall()
    )
    if res < RES and len(found.cells):
        up, where = np.unique(parents(found.cells, res), return_inverse=True)
        found = HeatCells(up, np.bincount(where, found.values).astype(np.float64))
    return inside(found, box, res) if box else found


def explain(conn: Connection, categories: Sequence[str], horizon: str, cell: int) -> list[dict[str, Any]]:
    """What a cell's expected events are made of, as parts that sum to them.

    Each part {source_layer, source_key, name, kind, value, detail, at}: kind `own` for what comes by itself, `raised`
    for what known events cause (detail: distance in rings, age in hours, how many), `knock_on` for what events cause
    that are still to come, `rhythm` for the days and hours ahead. A coarser cell sums its cells. Errors as in `cells`.
    """
    if resolution(cell) > RES:
        raise BadInput(f"Forecasts go to resolution {RES}.", reason="resolution")
    check_shown(conn, horizon)
    lo, hi = child_range(cell, RES) if resolution(cell) < RES else (cell, cell)
    rows = conn.execute(
        sql("forecast_explain"),
        {"categories": list(categories) or [""], "horizon": horizon, "lo": lo, "hi": hi},
    ).fetchall()
    if not rows:
        return []
    parts = np.sum([row["parts"] for row in rows], axis=0)
    events = np.sum([row["events"] for row in rows], axis=0)
    made_at = max(row["made_at"] for row in rows).isoformat()
    told = [_part("常年水平", "own", parts[0], {"en": "usual level"}, made_at)]
    bounds = (*AGES_H, None)
    for ring in range(RINGS + 1):
        for at in range(len(AGES_H)):
            which = ring * len(AGES_H) + at
            value, n = float(parts[1 + which]), int(events[which])
            if value <= 0.0 and not n:
                continue
            zh, en = _RING_NAMES[ring]
            detail = {"rings": ring, "from_h": bounds[at], "to_h": bounds[at + 1], "events": n}
            age = f"{bounds[at]}–{bounds[at + 1]} h" if bounds[at + 1] is not None else f"> {bounds[at]} h"
            told.append(_part(f"{zh}近期事件（{age}）", "raised", value, detail | {"en": f"{en}, {age}"}, made_at))
    told.append(_part("尚未发生的事件的后续", "knock_on", parts[-2], {"en": "follow-ups of events to come"}, made_at))
    told.append(_part("星期与时段", "rhythm", parts[-1], {"en": "days and hours ahead"}, made_at))
    return told


def last_backtest(conn: Connection, category: str) -> dict[str, Any]:
    """The last back-test of a category ('' for all), as the door answers it. Raises NotFound (reason "no-backtest")."""
    rows = conn.execute(sql("forecast_backtest"), {"category": category}).fetchall()
    if not rows:
        raise NotFound("There is no back-test of that yet.", reason="no-backtest")
    horizons, series = {}, []
    for row in rows:
        told = dict(row["told"])
        series += told.pop("series")
        horizons[row["horizon"]] = told
    return dict(rows[0]["about"]) | {"horizons": horizons, "series": series}


def _part(name: str, kind: str, value: float, detail: dict[str, Any], at: str) -> dict[str, Any]:
    return {
        "source_layer": "incident", "source_key": None, "name": name, "kind": kind, "value": float(value),
        "detail": detail, "at": at,
    }  # fmt: skip


__all__ = ["RES", "SURFACE", "cells", "check_shown", "explain", "last_backtest", "standing", "whether_shown"]
