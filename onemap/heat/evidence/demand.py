"""Demand of the grids (诉求趋势): fitted once a night for every category, kept, and read by the doors.

A night's run reads closed days alone. Half a year is fitted: longer, and last year's level would bend this month's
forecast; the weeks before are there for the back-test, whose coverage stands beside every forecast.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
from psycopg.types.json import Jsonb

from onemap.core.clock import BEIJING, zone_of
from onemap.core.errors import NotFound
from onemap.heat.count.published import last_closed
from onemap.heat.evidence import trend
from onemap.heat.evidence.trend import Ints
from onemap.store.db import Connection
from onemap.store.sqlfile import sql

#: Days that are fitted, days ahead that are told, nights that the back-test forecasts again, a week apart.
WINDOW, AHEAD, ORIGINS = 182, 14, 8
#: Fewer days than these, or fewer events of a category in the window, have no trend to tell.
LEAST_DAYS, LEAST_EVENTS = 28, 50
#: A trend is called when its false discovery rate is below this.
ALPHA = 0.05
ALL = ""
_DAY = timedelta(days=1)


def refresh(conn: Connection, *, now: datetime, zone: str = BEIJING) -> int:
    """Fit every category up to the last closed day, unless that was done for the grids in force; returns how many.

    In the caller's transaction; everything is computed before the first row is written. Days with no data before them
    at all are left out of the window, so a young installation is fitted on what it has.
    """
    end = last_closed(now, zone)
    row = conn.execute(
        "SELECT day, at < onemap.edition_since() AS redrawn FROM trend_run WHERE category = %s", (ALL,)
    ).fetchone()
    if row is not None and row["day"] >= end and not row["redrawn"]:
        return 0
    reach = WINDOW + AHEAD + 7 * ORIGINS
    start, stop = _midnight(end - (reach - 1) * _DAY, zone), _midnight(end + _DAY, zone)
    first = conn.execute(sql("trend_first"), {"from": start, "zone": zone}).fetchone()
    if first is None or first["day"] is None or (end - first["day"]).days + 1 < LEAST_DAYS:
        return 0
    codes = [grid["code"] for grid in conn.execute(sql("trend_grids"), {"area": None, "code": None}).fetchall()]
    if not codes:
        return 0
    rows = conn.execute(sql("trend_counts"), {"from": start, "to": stop, "zone": zone}).fetchall()
    found = columns(rows, codes, first["day"], end)
    runs = [(category, *_run(counts, first["day"])) for category, counts in found.items()]
    conn.execute("DELETE FROM trend_run")
    conn.execute("DELETE FROM trend_grid")
    for category, fitted, coverage in runs:
        _write(conn, category, codes, fitted, coverage, end)
    return len(runs)


def columns(rows: Iterable[dict[str, Any]], codes: Sequence[str], first: date, last: date) -> dict[str, Ints]:
    """Counts (grids, days) of all categories together, and of each that has enough events to be fitted."""
    place = {code: number for number, code in enumerate(codes)}
    days = (last - first).days + 1
    found: dict[str, Ints] = {ALL: np.zeros((len(codes), days), np.int64)}
    for row in rows:
        at = place.get(row["grid_code"]), (row["day"] - first).days
        if at[0] is None or not 0 <= at[1] < days:
            continue
        for category in (ALL, row["category"]):
            if category not in found:
                found[category] = np.zeros((len(codes), days), np.int64)
            found[category][at] += row["n"]
    return {
        category: counts
        for category, counts in found.items()
        if category == ALL or counts[:, -WINDOW:].sum() >= LEAST_EVENTS
    }


def _run(counts: Ints, first: date) -> tuple[trend.Fit, list[dict[str, Any]]]:
    days = counts.shape[1]
    window = min(WINDOW, max(LEAST_DAYS, days - 2 * AHEAD))
    known = counts[:, -min(WINDOW, days) :]
    fitted = trend.fit(known, (first.weekday() + days - known.shape[1]) % 7)
    tested = trend.backtest(counts, first.weekday(), window=window, origins=ORIGINS)
    return fitted, [{"of": name} | asdict(coverage) for name, coverage in tested]


def _write(
    conn: Connection, category: str, codes: Sequence[str], fitted: trend.Fit, coverage: list[dict[str, Any]], day: date
) -> None:
    ahead = trend.forecast(fitted, AHEAD)
    week = trend.forecast(fitted, 7)
    bounds = [trend.interval(ahead.mean, ahead.variance, level) for level in trend.LEVELS]
    weekly = [trend.interval(week.total_mean, week.total_variance, level) for level in trend.LEVELS]
    z, p = trend.trend_test(fitted)
    q, change = trend.false_discovery(p), trend.slopes(fitted)
    conn.execute(
        "INSERT INTO trend_run (category, day, days, city, excess, coverage) VALUES (%s, %s, %s, %s, %s, %s)",
        (category, day, fitted.days, fitted.city.tolist(), fitted.excess, Jsonb(coverage)),
    )
    names = (
        "category, grid_code, history, total_30d, coefficients, alpha, mean, low_80, high_80, low_95, high_95, "
        "week, change, p, q, trend"
    )
    with conn.cursor() as cursor, cursor.copy(f"COPY trend_grid ({names}) FROM STDIN") as copy:
        for g, code in enumerate(codes):
            total = [float(week.total_mean[g]), *(float(side[g]) for pair in weekly for side in pair)]
            copy.write_row(
                (
                    category, code, fitted.counts[g].tolist(), int(fitted.counts[g, -30:].sum()),
                    fitted.coefficients[g].tolist(), float(fitted.alpha[g]), ahead.mean[g].tolist(),
                    *(side[g].tolist() for pair in bounds for side in pair), total, float(change[g]), float(p[g]),
                    float(q[g]), called(float(z[g]), float(q[g]), float(change[g])),
                )
            )  # fmt: skip


def called(z: float, q: float, change: float) -> str:
    """up, flat or down: a trend that is significant among all grids and that the fit shows too."""
    if q > ALPHA or z * change <= 0.0:
        return "flat"
    return "up" if z > 0.0 else "down"


# -- what the doors read -----------------------------------------------------------------------------------------------


def overview(conn: Connection, category: str, area_wkb: bytes | None) -> dict[str, Any]:
    """All grids of a category, those that lie whole in the area. Raises NotFound (reason "no-trend") before a run."""
    run = _run_of(conn, category)
    rows = {row["grid_code"]: row for row in conn.execute(sql("trend_read"), _key(category, None)).fetchall()}
    grids = conn.execute(sql("trend_grids"), {"area": area_wkb, "code": None}).fetchall()
    listed = [_row(rows[one["code"]], one["name"]) for one in grids if one["code"] in rows]
    listed.sort(key=lambda one: (-one["mean_next_7d"], one["grid_code"]))
    return {
        "category": category or None,
        "horizon_days": AHEAD,
        "run_at": run["at"].isoformat(),
        "day": run["day"].isoformat(),
        "days": run["days"],
        "coverage": _coverage(run["coverage"]),
        "grids": listed,
    }


def one(conn: Connection, category: str, code: str, area_wkb: bytes | None, *, zone: str = BEIJING) -> dict[str, Any]:
    """One grid's days: what was counted, what was fitted, what is expected. Raises NotFound."""
    run = _run_of(conn, category)
    grid = conn.execute(sql("trend_grids"), {"area": area_wkb, "code": code}).fetchone()
    row = conn.execute(sql("trend_read"), _key(category, code)).fetchone() if grid else None
    if grid is None or row is None:
        raise NotFound("There is no such grid.", reason="grid")
    last: date = run["day"]
    first = last - (run["days"] - 1) * _DAY
    days = [first + n * _DAY for n in range(run["days"])]
    x = trend.design(first.weekday(), run["days"])
    fitted = np.exp(x @ (np.array(run["city"]) + np.array(row["coefficients"])))
    ahead = [(last + (n + 1) * _DAY).isoformat() for n in range(AHEAD)]
    return _row(row, grid["name"]) | {
        "run_at": run["at"].isoformat(),
        "coverage": _coverage(run["coverage"]),
        "history": [[day.isoformat(), n] for day, n in zip(days, row["history"], strict=True)],
        "fitted": [[day.isoformat(), round(float(mean), 4)] for day, mean in zip(days, fitted, strict=True)],
        "forecast": [
            [day, round(mean, 4), low, high]
            for day, mean, low, high in zip(ahead, row["mean"], row["low_80"], row["high_80"], strict=True)
        ],
        "forecast_95": [[*each] for each in zip(ahead, row["low_95"], row["high_95"], strict=True)],
    }


def _run_of(conn: Connection, category: str) -> dict[str, Any]:
    row = conn.execute(
        "SELECT day, days, city, coverage, at FROM trend_run WHERE category = %s", (category,)
    ).fetchone()
    if row is None:
        raise NotFound("No trend was fitted: there are too few days or events.", reason="no-trend")
    return row


def _key(category: str, code: str | None) -> dict[str, Any]:
    return {"category": category, "code": code}


def _row(row: dict[str, Any], name: str) -> dict[str, Any]:
    mean, low, high, low_95, high_95 = row["week"]
    return {
        "grid_code": row["grid_code"],
        "name": name,
        "total_30d": row["total_30d"],
        "mean_next_7d": round(mean, 3),
        "low": int(low),
        "high": int(high),
        "low_95": int(low_95),
        "high_95": int(high_95),
        "change_pct": round(100.0 * row["change"], 1),
        "trend": row["trend"],
        "p": round(row["p"], 5),
        "q": round(row["q"], 5),
    }


def _coverage(tested: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The coverage of the interval that is shown, the weekly total's at 80 %, and all that was tested beside it."""
    shown = next((one for one in tested if one["of"] == "total" and one["nominal"] == trend.LEVELS[0]), None)
    if shown is None:
        return None
    return {name: shown[name] for name in ("nominal", "observed", "observed_pit", "cases", "days")} | {"all": tested}


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone_of(zone)).astimezone(UTC)
