"""A question about a measure, put to the database: which cells, which days, and the answer in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
import shapely
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

from onemap.core.cell import Cells, Floats, area_km2, boundaries, centers, parents
from onemap.core.clock import BEIJING, zone_of
from onemap.core.errors import BadInput, NotFound
from onemap.heat.count.events import Events, load
from onemap.heat.count.published import last_closed
from onemap.heat.domain import Domains, cells_inside, counted_cells
from onemap.heat.evidence import effect
from onemap.heat.evidence.effect import Effect, Estimate, Ground, Ints
from onemap.heat.window import hour_of
from onemap.store.db import Connection
from onemap.store.sqlfile import sql

#: Resolutions by the size of the area, so that it is some ten to some hundred cells.
_SIZES = ((0.5, 10), (30.0, 9), (math.inf, 8))
#: Cells of the study area, of the treated area as a share of them, and corners of an area: past these it takes long.
MOST_CELLS, MOST_SHARE, MOST_CORNERS = 15_000, 0.25, 20_000
DAYS, BEFORE_DAYS = (7, 366), (28, 730)
#: Fewer events than these in the area, before and after together, say nothing.
FEW_EVENTS, SMALL_EVENTS = 10, 60
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Measure:
    """What was done: an area (WGS-84), the first day after the start, days after and before it, one category or all."""

    area: BaseGeometry
    start: date
    days: int
    before_days: int
    category: str | None = None


def area_of(conn: Connection, *, grid: str | None = None, area: str | None = None) -> BaseGeometry:
    """The outline of a grid of the current edition, or of an administrative area. Raises NotFound."""
    row = conn.execute(sql("effect_area"), {"grid": grid, "area": area}).fetchone()
    if row is None or row["wkb"] is None:
        raise NotFound("There is no such area.", reason="area")
    return shapely.from_wkb(bytes(row["wkb"]))


def answer(
    conn: Connection,
    measure: Measure,
    *,
    now: datetime,
    zone: str = BEIJING,
    surface: str = "incidents",
    within_wkb: bytes | None = None,
    domains: Domains | None = None,
) -> dict[str, Any]:
    """What changed in the area, as the contract of the door has it. `within_wkb`: everything is looked for in there.
    `domains` remembers study areas.

    Raises BadInput (reason "period", "area", "area-size", "events"). About a second for a year of a city.
    """
    _check(measure, now, zone)
    cells, treated, res = _cells(conn, measure.area, surface, within_wkb, domains or Domains())
    first = measure.start - measure.before_days * _DAY
    last = measure.start + measure.days * _DAY
    events = load(conn, surface, start=_midnight(first, zone), end=_midnight(last, zone))
    counts = daily(events, cells, res, (first, last), zone, measure.category)
    if counts[treated].sum() < FEW_EVENTS:
        raise BadInput(f"Fewer than {FEW_EVENTS} events fell into the area: nothing can be said.", reason="events")
    ground = _ground(cells, counts, res, first, measure.before_days)
    try:
        found = effect.estimate(ground, treated)
    except ValueError as error:
        raise BadInput("Nothing outside the area is left to compare with.", reason="area-size") from error
    return _told(found, ground, cells, res, first)


def daily(events: Events, cells: Cells, res: int, days: tuple[date, date], zone: str, category: str | None) -> Ints:
    """Events by cell (ascending, at `res`) and the city's day, from the first day to before the last: (n, D)."""
    number = (days[1] - days[0]).days
    edges = np.array([hour_of(_midnight(days[0] + n * _DAY, zone)) for n in range(number + 1)])
    day = np.searchsorted(edges, events.hour, side="right") - 1
    own = parents(events.cell, res)
    at = np.minimum(np.searchsorted(cells, own), len(cells) - 1)
    kept = (cells[at] == own) & (day >= 0) & (day < number)
    if category is not None:
        code = events.categories.index(category) if category in events.categories else -1
        kept &= events.category == code
    flat = np.bincount(at[kept] * number + day[kept], events.n[kept], len(cells) * number)
    return np.asarray(flat.reshape(len(cells), number), np.int64)


def _check(measure: Measure, now: datetime, zone: str) -> None:
    for name, value, (low, high) in (
        ("days", measure.days, DAYS), ("before_days", measure.before_days, BEFORE_DAYS),
    ):  # fmt: skip
        if not low <= value <= high:
            raise BadInput(f"{name} is {low} to {high}.", reason="period")
    if not date(1971, 1, 1) + BEFORE_DAYS[1] * _DAY <= measure.start <= date(2200, 1, 1):
        raise BadInput("The start is no day of this map.", reason="period")
    if measure.start + (measure.days - 1) * _DAY > last_closed(now, zone):
        raise BadInput("The days after the start are not over yet: ask for fewer.", reason="period")
    if measure.area.geom_type not in ("Polygon", "MultiPolygon") or measure.area.is_empty:
        raise BadInput("The area is a polygon.", reason="area")
    if shapely.get_num_coordinates(measure.area) > MOST_CORNERS:
        raise BadInput(f"The area has more than {MOST_CORNERS} corners.", reason="area-size")
    if not measure.area.is_valid:
        raise BadInput("The area's outline crosses itself.", reason="area")


def _cells(
    conn: Connection, area: BaseGeometry, surface: str, within_wkb: bytes | None, domains: Domains
) -> tuple[Cells, Ints, int]:
    """The study area's cells, which of them are treated, and their resolution: coarser where a city is too large."""
    middle = area.centroid.y
    size_km2 = area.area * 111.32**2 * math.cos(math.radians(middle))
    res = next(res for most, res in _SIZES if size_km2 <= most)
    if size_km2 > MOST_CELLS * area_km2(7):
        raise BadInput("The area is larger than any city.", reason="area-size")

    def studied(res: int) -> Cells:
        return domains.of(conn, res, lambda: counted_cells(conn, surface), area_wkb=within_wkb).cells

    coarse = len(studied(_SIZES[-1][1]))
    while res > 6 and coarse * 7.0 ** (res - _SIZES[-1][1]) > MOST_CELLS:
        res -= 1
    cells = studied(res)
    mine = cells_inside(area, res)
    if not len(mine):  # smaller than a cell: the one that holds it
        point = area.representative_point()
        mine = cells_inside(point.buffer(math.sqrt(area_km2(res)) / 111.32), res)
        lon, lat = centers(mine)
        mine = mine[[int(np.argmin((lon - point.x) ** 2 + (lat - point.y) ** 2))]] if len(mine) else mine
    treated = np.flatnonzero(np.isin(cells, mine))
    if not len(treated):
        raise BadInput("The area lies outside the study area.", reason="area")
    if len(treated) > MOST_SHARE * len(cells):
        raise BadInput("The area is so large that too little is left to compare with.", reason="area-size")
    return cells, treated.astype(np.int64), res


def _ground(cells: Cells, counts: Ints, res: int, first: date, before: int) -> Ground:
    lon, lat = centers(cells)
    middle = math.radians(float(lat.mean()))
    x, y = lon * 111_320.0 * math.cos(middle), lat * 111_320.0
    weekend = np.array([(first + n * _DAY).weekday() >= 5 for n in range(counts.shape[1])])
    # The distance between the centres of two hexagons of that area.
    spacing = math.sqrt(area_km2(res) * 1e6 * 2.0 / math.sqrt(3.0))
    return Ground(x, y, _spacing(x, y, spacing), counts, weekend, before)


def _spacing(x: Floats, y: Floats, expected_m: float) -> float:
    """The spacing found on the ground: cells of one resolution differ in size by a third over the globe."""
    points = np.column_stack((x, y))
    if len(points) < 2:
        return expected_m
    nearest = cKDTree(points).query(points, k=2)[0][:, 1]
    return float(np.clip(np.median(nearest), 0.6 * expected_m, 1.6 * expected_m))


# -- in words ----------------------------------------------------------------------------------------------------------


def _told(found: Effect, ground: Ground, cells: Cells, res: int, first: date) -> dict[str, Any]:
    treated, weights, before = found.treated, found.weights, ground.before
    compared = np.flatnonzero(weights > 0)
    mine = ground.counts[treated].sum(axis=0)
    theirs = weights @ ground.counts
    scale = mine[:before].sum() / max(theirs[:before].sum(), 1e-9)
    counts = {"before": int(mine[:before].sum()), "after": int(mine[before:].sum()), "cells": len(treated)}
    outlines = shapely.union_all(boundaries(cells[compared]))
    return {
        **_percent(found.area),
        "level": effect.LEVEL,
        "p": round(found.area.p, 4),
        "treated": counts,
        "comparison": {
            "before": round(float(theirs[:before].sum()), 1),
            "after": round(float(theirs[before:].sum()), 1),
            "cells": len(compared),
            "matched_on": ["level", "level around", "trend", "weekend share"],
        },
        "series": [
            [(first + n * _DAY).isoformat(), int(mine[n]), round(float(scale * theirs[n]), 3)] for n in range(len(mine))
        ],
        "pretrend_p": round(found.earlier_p, 4),
        "neighbours": None
        if found.neighbours is None
        else _percent(found.neighbours) | {"p": round(found.neighbours.p, 4), "cells": len(found.buffer)},
        "placebos": found.placebos,
        "res": res,
        "verdict": verdict(found.area),
        "method": method(found, res),
        "caveats": caveats(found, counts),
        "comparison_cells": shapely.geometry.mapping(_multi(outlines)),
    }


def _multi(shape: BaseGeometry) -> shapely.MultiPolygon:
    return shapely.MultiPolygon([part for part in shapely.get_parts(shape) if isinstance(part, shapely.Polygon)])


def _percent(found: Estimate) -> dict[str, float]:
    return {
        "effect_pct": _pct(found.contrast.effect),
        "low_pct": _pct(found.low),
        "high_pct": _pct(found.high),
    }


def _pct(log_ratio: float) -> float:
    return round(100.0 * math.expm1(min(log_ratio, 7.0)), 1)


def verdict(found: Estimate) -> dict[str, str]:
    """The finding in one sentence. Where the interval holds zero, nothing is claimed."""
    share, low, high = (_pct(one) for one in (found.contrast.effect, found.low, found.high))
    span_zh = f"95 % 区间 {_signed(low)}…{_signed(high)}"
    span_en = f"95 % interval {_signed(low)} to {_signed(high)}"
    if found.low <= 0.0 <= found.high:
        return {
            "zh": f"看不出效果（{_signed(share)} %，{span_zh}）",
            "en": f"No effect can be told from chance ({_signed(share)} %, {span_en})",
        }
    zh, en = ("下降", "Down") if share < 0 else ("上升", "Up")
    return {"zh": f"{zh} {abs(share):.0f} %（{span_zh}）", "en": f"{en} {abs(share):.0f} % ({span_en})"}


def _signed(value: float) -> str:
    return f"{value:+.0f}".replace("-", "−")


def method(found: Effect, res: int) -> dict[str, str]:
    """How it was found, in a paragraph."""
    km2 = area_km2(res)
    return {
        "zh": f"双重差分：区域内 {len(found.treated)} 个格（H3 {res} 级，约 {km2:.2f} 平方公里）与此前水平、周边水平、"
        f"走势、周末占比最相近的格（每格 {effect.MATCHES} 个）比较前后变化之比；两圈以内的邻格不参与比较，另行检验。"
        f"区间与 p 值由 {found.placebos} 个同样大小、形状、未采取措施的区域得出。同期若有其他措施，无法区分。",
        "en": f"Difference in differences: the area's {len(found.treated)} cells (H3 resolution {res}, about "
        f"{km2:.2f} km²) beside those most alike before in level, level around, trend and weekend share "
        f"({effect.MATCHES} for each); cells within two rings are not compared, but tested on their own. Interval and "
        f"p come from {found.placebos} areas of the same size and shape where nothing was done. Other measures at the "
        "same time cannot be told apart.",
    }


def caveats(found: Effect, counts: dict[str, int]) -> list[dict[str, str]]:
    """What speaks against trusting the finding."""
    said: list[tuple[str, str]] = []
    if counts["before"] + counts["after"] < SMALL_EVENTS:
        said.append((
            f"事件少（前 {counts['before']} 起，后 {counts['after']} 起），区间很宽。",
            f"Few events ({counts['before']} before, {counts['after']} after): the interval is wide.",
        ))  # fmt: skip
    if found.earlier_p < 0.1:
        said.append((
            "措施之前，区域与对照的走势已不相同，结果可能是原有走势的延续。",
            "Area and comparison went different ways already before: what is seen may be that.",
        ))  # fmt: skip
    if found.placebos < effect.FEW_PLACEBOS:
        said.append((
            f"可比的同类区域只有 {found.placebos} 个，区间按正态分布估计，可能偏窄。",
            f"Only {found.placebos} areas of its kind: the interval is the normal law's, and may be too narrow.",
        ))  # fmt: skip
    said.extend(_displacement(found))
    return [{"zh": zh, "en": en} for zh, en in said]


def _displacement(found: Effect) -> Sequence[tuple[str, str]]:
    near = found.neighbours
    if near is None or near.low <= 0.0 <= near.high:
        return ()
    share = _pct(near.contrast.effect)
    if share > 0 and found.area.contrast.effect < 0:
        went = f"The two rings around went up {share:.0f} %: it may only have moved."
        return ((f"周边两圈同期上升 {share:.0f} %：可能只是转移。", went),)
    way_zh, way_en = ("上升", "up") if share > 0 else ("下降", "down")
    return ((
        f"周边两圈同期也{way_zh} {abs(share):.0f} %：影响可能外溢，或另有原因。",
        f"The two rings around went {way_en} {abs(share):.0f} % too: spill-over, or another cause.",
    ),)  # fmt: skip


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone_of(zone)).astimezone(UTC)
