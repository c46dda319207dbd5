"""The night's work: forecasts of all categories and their back-tests, computed outside of any transaction."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from psycopg.types.json import Jsonb

from onemap.core.cell import Cells, parents
from onemap.heat.count import events
from onemap.heat.count.density import CONSUMER
from onemap.heat.discs import Discs, discs
from onemap.heat.domain import domain
from onemap.heat.lattice import lattice
from onemap.heat.prediction import selfexciting
from onemap.heat.prediction.backtest import HORIZONS, LEAST_EVENTS, NIGHTS, as_json, backtest
from onemap.heat.prediction.selfexciting import Model, Parts, Past
from onemap.heat.surface import FORECAST_RES
from onemap.heat.window import at_hour, hour_of
from onemap.store import changelog
from onemap.store.db import Connection
from onemap.store.sqlfile import sql

SURFACE, SOURCE = "forecast", "incidents"
RES = FORECAST_RES
#: When in the city's night it runs, and the least days of events before it first does.
AT = clock_time(2, 10)
LEAST_DAYS = 60
#: A category with fewer events has no forecast of its own.
LEAST_OF_CATEGORY = 150
#: Past so many seconds no further category is begun: it has the next night's turn.
BUDGET_S = 300.0
#: Back-tests kept, in days.
KEEP_DAYS = 90
#: Cells that expect less than this of a category are not stored.
LEAST_MEAN = 1e-6
_RINGS = 8


@dataclass(frozen=True)
class Known:
    """Everything that a night's work reads, as arrays: events by hour on the study area's cells."""

    cells: Cells
    around: Discs
    hours: npt.NDArray[np.int32]
    index: npt.NDArray[np.int64]
    told: npt.NDArray[np.int32]  # hour in which each became known
    category: npt.NDArray[np.int16]
    categories: tuple[str, ...]
    first: int
    last: int

    def past(self, category: str) -> Past:
        """One category's events known by the last hour, '' for all."""
        which = np.ones(len(self.hours), bool) if not category else self.category == self.categories.index(category)
        return Past(self.hours[which], self.index[which], self.first, self.last, self.around, self.told[which])


@dataclass(frozen=True)
class Result:
    """A category's forecast and back-test, ready to be written."""

    category: str
    cells: Cells
    parts: dict[str, Parts]
    told: dict[str, Any]
    model: Model


def due(conn: Connection, now: datetime, zone: ZoneInfo) -> bool:
    """Whether the night's work is to be done: after 02:10 city time, once a day; the first time at once.

    Never with less than 60 days of events, nor while many are still to be counted.
    """
    row = conn.execute(sql("forecast_due"), {"surface": SOURCE, "consumer": CONSUMER}).fetchone()
    if row is None or row["first"] is None or now - row["first"] < timedelta(days=LEAST_DAYS) or row["behind"]:
        return False
    if row["run"] is None:
        return True
    there = now.astimezone(zone)
    begin = datetime.combine(there.date(), AT, zone)
    return bool(there >= begin and row["run"] < begin)


def run(conn: Connection, now: datetime, zone: ZoneInfo, *, pause: Callable[[], object] = lambda: None) -> list[str]:
    """Forecast and back-test every category with enough events; returns the categories done ('' is all of them).

    The connection must be in autocommit: one transaction reads, then one writes for each category, and none is open
    while anything is computed. `pause` is called between steps of some ten milliseconds.
    """
    with conn.transaction():
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        known = read(conn, now)
    if known is None:
        return []
    done = []
    for result in computed(known, zone, now, pause):
        with conn.transaction():
            write(conn, result, now, known.last)
        done.append(result.category)
    with conn.transaction():
        conn.execute("DELETE FROM heat_backtest WHERE run < %s", (now - timedelta(days=KEEP_DAYS),))
        conn.execute("DELETE FROM heat_forecast WHERE made_at < %s", (now - timedelta(days=3),))
        changelog.log_event(conn, f"heat.{SURFACE}", SURFACE, {"surface": SURFACE, "categories": len(done)})
    return done


def read(conn: Connection, now: datetime, res: int = RES) -> Known | None:
    """The events up to the hour of `now` and the study area; None without either."""
    found = events.load(conn, SOURCE, end=at_hour(hour_of(now)))
    area = domain(conn, res)
    if not len(found) or not len(area):
        return None
    row = conn.execute(sql("forecast_known")).fetchone()
    told = found.hour.copy()
    if row is not None and row["ids"]:
        ids, hours = np.array(row["ids"], np.int64), np.array(row["hours"], np.int32)
        at = np.minimum(np.searchsorted(ids, found.fid), len(ids) - 1)
        told = np.where(ids[at] == found.fid, np.maximum(told, hours[at]), told).astype(np.int32)
    cell = parents(found.cell, res)
    index = np.minimum(np.searchsorted(area, cell), len(area) - 1)
    last, first = hour_of(now), int(found.hour.min())
    kept = np.flatnonzero((area[index] == cell) & (told < last))
    kept = kept[np.argsort(found.hour[kept], kind="stable")]
    if not len(kept):
        return None
    return Known(
        area, discs(lattice(area).neighbours, _RINGS), found.hour[kept], index[kept].astype(np.int64), told[kept],
        found.category[kept], found.categories, first, last,
    )  # fmt: skip


def computed(known: Known, zone: ZoneInfo, now: datetime, pause: Callable[[], object]) -> Iterator[Result]:
    """All categories together first, then each with enough events, the largest first, while time is left."""
    begun = time.monotonic()
    counts = np.bincount(known.category, minlength=len(known.categories))
    order = np.argsort(-counts, kind="stable").tolist()
    whole: tuple[Model, Model] | None = None
    for category in ("", *(known.categories[at] for at in order if counts[at] >= LEAST_OF_CATEGORY)):
        if time.monotonic() - begun > BUDGET_S:
            return
        past = known.past(category)
        nights = min(NIGHTS, (past.last - past.first) // 24 - 30 - max(HORIZONS.values()) // 24)
        if nights < 7 or len(past.hours) < LEAST_EVENTS:
            continue
        tested = backtest(past, zone, nights=nights, pooled=whole[0] if whole else None, pause=pause)
        current = selfexciting.fit(past, tested.model.setting, zone, whole[1] if whole else None)
        whole = whole or (tested.model, current)
        pause()
        parts = {name: selfexciting.parts(current, past, hours) for name, hours in HORIZONS.items()}
        yield Result(category, known.cells, parts, as_json(tested, RES, now), current)


def write(conn: Connection, result: Result, now: datetime, hour: int) -> None:
    """Put a category's forecast in the place of the last one, and its back-test beside the earlier ones."""
    conn.execute("DELETE FROM heat_forecast WHERE category = %s", (result.category,))
    made_at = at_hour(hour)
    with (
        conn.cursor() as cursor,
        cursor.copy(
            "COPY heat_forecast (category, horizon, cell, res, mean, parts, events, made_at) FROM STDIN"
        ) as copy,
    ):
        for horizon, parts in result.parts.items():
            rows = np.column_stack((parts.own, parts.raised.reshape(len(parts.own), -1), parts.knock_on, parts.rhythm))
            mean = rows.sum(axis=1)
            kept = np.flatnonzero(mean >= LEAST_MEAN)
            events_of = parts.events.reshape(len(mean), -1).round().astype(int)
            for at in kept.tolist():
                copy.write_row((result.category, horizon, int(result.cells[at]), RES, float(mean[at]),
                                rows[at].tolist(), events_of[at].tolist(), made_at))  # fmt: skip
    for horizon, told in result.told["horizons"].items():
        conn.execute(
            "INSERT INTO heat_backtest (category, run, horizon, shown, verdict, told, about) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (category, run, horizon) DO NOTHING",
            (
                result.category, now.astimezone(UTC), horizon, told["shown"], Jsonb(told["verdict"]),
                Jsonb(told | {"series": [row for row in result.told["series"] if row["horizon"] == horizon]}),
                Jsonb({key: result.told[key] for key in ("run_at", "res", "nights", "share", "train", "test")}
                      | {"process": _process(result.model)}),
            ),
        )  # fmt: skip


def _process(model: Model) -> dict[str, Any]:
    """The process fitted, for who wants to know."""
    return {
        "branching": round(model.branching, 4),
        "delays_h": [round(delay, 2) for delay in model.delays_h.tolist()],
        "productivity": np.round(model.productivity, 5).tolist(),
        "half_life_d": model.setting.half_life_d,
        "shapes": list(model.setting.shapes),
        "level": round(model.level, 4),
    }
