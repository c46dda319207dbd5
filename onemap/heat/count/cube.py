"""The counted events of a surface in memory: any window, filter and weight over the cells of a view in milliseconds.

A cube is a base of arrays that are never written (one `Level` for each resolution, made when first needed) and a short
list of signed differences since. Every question reads both, so one more event costs a few microseconds and no count is
ever kept that could drift. A long list is worked into a new base, which is the very one that a rebuild would make.

It follows `heat_change` by snapshot: everything that became visible since the snapshot it last read under, whichever
transaction was older. A new epoch, or differences forgotten meanwhile, make it load anew.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from onemap.core.cell import Cells, Floats, parents, resolution
from onemap.heat.ask import SEVERITY_WEIGHTS, Ask
from onemap.heat.count import events as stored
from onemap.heat.count import level as kernel
from onemap.heat.count.base import Base, Change, Class, base_of, merged
from onemap.heat.count.level import Level
from onemap.heat.count.rollup import Event
from onemap.heat.ring import smooth as smoothed
from onemap.heat.surface import FINEST
from onemap.heat.window import Box, HeatCells, Hours, at_hour, hour_of, inside, inside_mask, radius_m, widened
from onemap.store.db import Connection
from onemap.store.sqlfile import sql

#: Differences past this many, or past a share of the base, are worked into a new base.
MERGE_FROM, MERGE_SHARE = 20_000, 0.002
Listener = Callable[[Sequence[tuple[int, Event]]], None]


@dataclass(frozen=True)
class Reading:
    """How a question reads events: the hours that count with their weights, the classes that count with theirs.

    `by_hour[h - base]` weighs hour h, `low <= h < high`; `by_class` weighs each class. `plain`: every wanted event
    counts 1, so that counting can search instead of walking. `categories`: the only filter there is, by number.
    """

    spans: Hours
    low: int
    high: int
    by_hour: Floats
    by_class: Floats
    plain: bool
    even: bool  # every class counts 1, or its category is not wanted
    categories: npt.NDArray[np.int64] | None


@dataclass(frozen=True)
class View:
    """One state of a cube: what it holds does not change any more, whatever is added meanwhile."""

    base: Base
    changes: npt.NDArray[np.void]
    classes: tuple[Class, ...]
    snapshot: str

    def query(self, ask: Ask, res: int, box: Box | None = None, *, cells: Cells | None = None) -> HeatCells:
        """The surface as asked at `res`, where it is not 0: in cells that touch a box, in some cells, or everywhere.

        `cells` are ascending, of that resolution. Equal to `density.cells`; a few milliseconds for thousands of cells.
        """
        if ask.smooth:
            return self._smoothed(ask, res, box, cells)
        level = self.base.level(res)
        reading = self.reading(ask)
        if reading is None:
            return HeatCells(np.empty(0, np.int64), np.empty(0, np.float64))
        which = _within(level, box, cells)
        values = _values(level, which, reading)
        some = np.flatnonzero(values)
        found = HeatCells(level.cells[which[some]], values[some])
        return self._changed(found, reading, res, box, cells)

    def _smoothed(self, ask: Ask, res: int, box: Box | None, cells: Cells | None) -> HeatCells:
        # What lies up to `smooth` rings outside the box is spread into it; a ring is two inner radii wide.
        wide = None if box is None else widened(box, 2.0 * ask.smooth * radius_m(res))
        raw = self.query(ask.unsmoothed(), res, wide)
        found = HeatCells(*smoothed(raw.cells, raw.values, ask.smooth))
        if cells is not None:
            kept = np.isin(found.cells, cells, assume_unique=True)
            return HeatCells(found.cells[kept], found.values[kept])
        return found if box is None else inside(found, box, res)

    def reading(self, ask: Ask) -> Reading | None:
        """How this question reads events; None when its window holds no hour."""
        spans = ask.hours()
        if not len(spans):
            return None
        low, high = int(spans[0, 0]), int(spans[-1, 1])
        by_hour = np.zeros(high - low, np.float64)
        for start, end in spans.tolist():
            by_hour[start - low : end - low] = 1.0
        if ask.half_life_h is not None:
            by_hour *= np.exp2((np.arange(low, high) - (high - 1)) / ask.half_life_h)
        by_class = _by_class(self.classes, ask.categories, ask.sources, ask.severities, ask.weight)
        plain = ask.weight == "count" and not ask.sources and not ask.severities
        categories = None
        if ask.categories:
            known = [self.base.categories.index(one) for one in ask.categories if one in self.base.categories]
            categories = np.array(known, np.int64)
        return Reading(spans, low, high, by_hour, by_class, plain and ask.half_life_h is None, plain, categories)

    def _changed(self, found: HeatCells, reading: Reading, res: int, box: Box | None, only: Cells | None) -> HeatCells:
        """What the base says, with the differences since added to it."""
        if not len(self.changes):
            return found
        amounts = kernel.amounts(
            self.changes["hour"], self.changes["kind"], self.changes["n"], reading.low, reading.high, reading.by_class,
            reading.by_hour,
        )  # fmt: skip
        some = np.flatnonzero(amounts)
        cells, where = np.unique(parents(self.changes["cell"][some], res), return_inverse=True)
        added = np.bincount(where, weights=amounts[some], minlength=len(cells))
        keep = np.ones(len(cells), np.bool_) if box is None else inside_mask(cells, box, res)
        if only is not None:
            keep &= np.isin(cells, only, assume_unique=True)
        if not keep.any():
            return found
        union, places = np.unique(np.concatenate([found.cells, cells[keep]]), return_inverse=True)
        values = np.bincount(places, weights=np.concatenate([found.values, added[keep]])).astype(np.float64)
        left = values > 1e-12
        return HeatCells(union[left], values[left])

    def by_category(self, ask: Ask, cell: int) -> dict[str, tuple[float, float]]:
        """By category, how many events a cell of any resolution has in the window, and what they are worth."""
        reading = self.reading(ask)
        if reading is None:
            return {}
        hours, kinds, signs = self._of(cell)
        inside = (hours >= reading.low) & (hours < reading.high)
        hours, kinds, signs = hours[inside], kinds[inside], signs[inside]
        named = sorted({category for category, _, _ in self.classes})
        category_of = np.array([named.index(category) for category, _, _ in self.classes], np.int64)
        fades = reading.by_hour[hours - reading.low]
        worth = signs * reading.by_class[kinds] * fades
        wanted = signs * ((reading.by_class[kinds] > 0.0) & (fades > 0.0))
        values = np.bincount(category_of[kinds], weights=worth, minlength=len(named))
        counts = np.bincount(category_of[kinds], weights=wanted, minlength=len(named))
        return {name: (float(counts[i]), float(values[i])) for i, name in enumerate(named) if counts[i]}

    def _of(self, cell: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int16], npt.NDArray[np.int32]]:
        """Hours, classes and signs of all events of a cell, the differences behind the base."""
        res = resolution(cell)
        level = self.base.level(res)
        at = int(np.searchsorted(level.cells, cell))
        here = at < len(level.cells) and int(level.cells[at]) == cell
        part = slice(int(level.first[at]), int(level.first[at + 1])) if here else slice(0, 0)
        since = self.changes[parents(self.changes["cell"], res) == cell]
        return (
            np.concatenate([level.hours[part], since["hour"]]),
            np.concatenate([level.classes[part], since["kind"]]),
            np.concatenate([np.ones(len(level.hours[part]), np.int32), since["n"]]),
        )

    def history(self, ask: Ask, cell: int, edges: Sequence[int]) -> Floats:
        """The sum of a cell, however coarse or fine it is, between each two ascending hours: float64 (edges - 1,).

        The window of the question is not looked at, its filters and weights are.
        """
        hours, kinds, signs = self._of(cell)
        by_class = _by_class(self.classes, ask.categories, ask.sources, ask.severities, ask.weight)
        places = np.searchsorted(np.asarray(edges), hours, side="right") - 1
        within = (places >= 0) & (places < len(edges) - 1)
        weights = signs[within] * by_class[kinds[within]]
        return np.bincount(places[within], weights=weights, minlength=len(edges) - 1).astype(np.float64)


@lru_cache(maxsize=128)
def _by_class(
    classes: tuple[Class, ...],
    categories: tuple[str, ...],
    sources: tuple[str, ...],
    severities: tuple[int, ...],
    weight: str,
) -> Floats:
    """What an event of each class counts for."""
    weights = SEVERITY_WEIGHTS if weight == "severity" else (1.0,) * len(SEVERITY_WEIGHTS)
    return np.array(
        [
            weights[severity]
            * (not categories or category in categories)
            * (not sources or source in sources)
            * (not severities or severity in severities)
            for category, source, severity in classes
        ],
        np.float64,
    )


def _within(level: Level, box: Box | None, cells: Cells | None) -> npt.NDArray[np.int64]:
    """Places of the level's cells that touch the box, or are among some."""
    if cells is not None:
        places = np.searchsorted(level.cells, cells)
        there = places < len(level.cells)
        there[there] = level.cells[places[there]] == cells[there]
        return np.asarray(places[there], np.int64)
    return np.arange(len(level.cells)) if box is None else level.within(box)


def _values(level: Level, which: npt.NDArray[np.int64], reading: Reading) -> Floats:
    """The sums of some cells of a level."""
    found = kernel.zeros(len(which))
    if not len(which):
        return found
    by_category = reading.categories is not None
    hours = (reading.low, reading.high, reading.by_hour, reading.low)
    if not reading.even or (by_category and not len(level.group_first)):
        kernel.weighed(
            level.first, level.hours, level.classes, which, reading.low, reading.high, reading.by_class,
            reading.by_hour, reading.low, found,
        )  # fmt: skip
    elif by_category and reading.plain:
        kernel.counted_in(
            level.group_first, level.grouped, level.categories, reading.categories, which, reading.spans,
            reading.by_hour, reading.low, found,
        )  # fmt: skip
    elif by_category:
        kernel.faded_in(
            level.group_first, level.grouped, level.categories, reading.categories, which, *hours, found
        )  # fmt: skip
    elif reading.plain:
        kernel.counted(level.first, level.hours, which, reading.spans, reading.by_hour, reading.low, found)
    else:
        kernel.faded(level.first, level.hours, which, *hours, found)
    return found


@dataclass
class Cube:
    """The cube of one surface. Safe for threads: readers take a `view`, one writer at a time moves it on.

    `listeners` are called after differences were taken in, with (sign, event) for each, in the writer's thread.
    `generation` is one more after each load: who keeps something made of the cube makes it anew then.
    """

    surface: str = "incidents"
    listeners: list[Listener] = field(default_factory=list)
    generation: int = 0
    loaded_s: float = 0.0
    _view: View | None = None
    _epoch: int = -1
    _room: npt.NDArray[np.void] = field(default_factory=lambda: np.empty(64, Change))
    _codes: dict[Class, int] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def ready(self) -> bool:
        """Whether there is something to ask."""
        return self._view is not None

    def view(self) -> View:
        """The present state."""
        assert self._view is not None, "the cube is not loaded"  # noqa: S101
        return self._view

    def query(self, ask: Ask, res: int, box: Box | None = None, *, cells: Cells | None = None) -> HeatCells:
        """As `View.query` of the present state."""
        return self.view().query(ask, res, box, cells=cells)

    @property
    def stand(self) -> tuple[str, int]:
        """The snapshot and the epoch it last read under; ("", -1) before it is loaded."""
        return ("" if self._view is None else self._view.snapshot), self._epoch

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays made so far."""
        return 0 if self._view is None else self._view.base.nbytes + self._room.nbytes

    def set(self, events: stored.Events, *, snapshot: str = "", epoch: int = 0) -> None:
        """Hold these events and no others."""
        base = base_of(events)
        with self._lock:
            self._codes = {one: code for code, one in enumerate(base.classes)}
            self._room = np.empty(64, Change)
            self._view = View(base, self._room[:0], base.classes, snapshot)
            self._epoch = epoch
            self.generation += 1

    def load(self, conn: Connection) -> None:
        """Hold what the database holds, read in one transaction of its own; the connection must be outside of any."""
        began = time.monotonic()
        with self._lock:
            with conn.transaction():
                conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
                stand = self._stand(conn, "1:1:")
                self.set(stored.load(conn, self.surface), snapshot=stand["snapshot"], epoch=stand["epoch"])
            self.loaded_s = time.monotonic() - began

    def follow(self, conn: Connection) -> int:
        """Take in all that became visible since the last time; returns how many differences. Loads when it must.

        The connection must be outside of any transaction.
        """
        with self._lock:
            if self._view is None:
                self.load(conn)
                return 0
            with conn.transaction():
                conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
                stand = self._stand(conn, self._view.snapshot)
                whole = stand["whole"] and stand["epoch"] == self._epoch
                given = {"surface": self.surface, "snapshot": self._view.snapshot}
                rows = conn.execute(sql("heat_change_read"), given).fetchall() if whole else []
            if not whole:
                self.load(conn)
                return 0
            changes = [(row["n"], Event(**{**row, "n": abs(row["n"])})) for row in rows]
            self.add(changes, snapshot=stand["snapshot"])
            return len(changes)

    def _stand(self, conn: Connection, snapshot: str) -> dict[str, Any]:
        row = conn.execute(sql("heat_stand"), {"surface": self.surface, "snapshot": snapshot}).fetchone()
        assert row is not None  # noqa: S101  (an aggregate gives one row)
        return row

    def add(self, changes: Sequence[tuple[int, Event]], *, snapshot: str | None = None) -> None:
        """Take in signed differences: (1, event) counts one more, (-1, event) one less; microseconds each."""
        with self._lock:
            view = self.view()
            used = len(view.changes)
            room = self._room
            if used + len(changes) > len(room):
                room = np.empty(2 * (used + len(changes)), Change)
                room[:used] = view.changes
                self._room = room
            for at, (sign, event) in enumerate(changes, start=used):
                kind = self._codes.setdefault((event.category, event.source, event.severity), len(self._codes))
                room[at] = (event.cell, hour_of(event.hour), kind, (1 if sign > 0 else -1) * event.n)
            classes = view.classes if len(self._codes) == len(view.classes) else tuple(self._codes)
            # Readers of an older view see fewer rows of the same room.
            self._view = View(view.base, room[: used + len(changes)], classes, snapshot or view.snapshot)
        if changes:
            signed = [(1 if sign > 0 else -1, event) for sign, event in changes]
            for listener in self.listeners:
                listener(signed)

    @property
    def long(self) -> bool:
        """Whether the differences have grown so many that a new base pays."""
        view = self.view()
        return len(view.changes) > max(MERGE_FROM, MERGE_SHARE * view.base.size)

    def merge(self, *, warm: bool = False) -> None:
        """Work the differences into a new base; readers and writers go on meanwhile. Not for two threads at once."""
        before = self.view()
        base = merged(before.base, before.changes, before.classes)
        if warm:
            base.warm()
        with self._lock:
            now = self.view()
            if now.base is not before.base:
                return  # loaded anew meanwhile
            since = now.changes[len(before.changes) :].copy()
            codes = {one: code for code, one in enumerate(base.classes)}
            for one in now.classes:
                codes.setdefault(one, len(codes))
            since["kind"] = np.array([codes[one] for one in now.classes] or [0], np.int16)[since["kind"]]
            self._codes, self._room = codes, since
            self._view = View(base, since, tuple(codes), now.snapshot)

    def warm(self) -> None:
        """Make every level now."""
        self.view().base.warm()

    def newest(self) -> datetime | None:
        """The hour of the newest event; None when there is none."""
        view = self.view()
        hours = [int(part.max()) for part in (view.base.finest.hours, view.changes["hour"]) if len(part)]
        return at_hour(max(hours)) if hours else None


__all__ = ["FINEST", "Cube", "Listener", "Reading", "View"]
