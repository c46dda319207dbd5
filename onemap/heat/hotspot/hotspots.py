"""Hot spots of a surface, kept while events arrive.

Each question that was asked is kept for a while: its study area, its counts and, where they are whole numbers, the
state that one more incident moves. Before an answer, one snapshot of the database says what has changed since: changes
of what is counted are added up, and where that cannot be done (fading weights, risk, published counts, a new study
area) the values are read anew. So what was committed before the question is in the answer. The hour a window ends in is
part of the question, and the turn of the hour is a new one.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from psycopg_pool import ConnectionPool

from onemap.core.cell import Cells, Floats, cell_of, disk, parent
from onemap.core.errors import BadInput
from onemap.heat import service
from onemap.heat.ask import SEVERITY_WEIGHTS, Ask
from onemap.heat.count import published
from onemap.heat.count.cube import Cube, View
from onemap.heat.domain import Domain, Domains, counted_cells
from onemap.heat.hotspot.emerging import MAX_BINS, STEPS, Emerging, emerging
from onemap.heat.hotspot.gistar import CLASSES, GiStar, gi_star, is_whole
from onemap.heat.hotspot.gistate import GiState
from onemap.heat.hotspot.hotspot_question import Question, hours, windows
from onemap.heat.lattice import Lattice, lattice
from onemap.heat.patch import Patch, patches
from onemap.heat.surface import COARSEST, surface
from onemap.heat.window import HeatCells, Hours, at_hour, hour_of
from onemap.store.db import Connection
from onemap.store.sqlfile import sql

#: Questions that are kept, and values of theirs: a value costs some 30 bytes with what is made of it.
_KEPT, _KEPT_VALUES = 24, 24_000_000
#: Cells that are tested when no resolution is asked for.
_USUAL = 400_000
_EVER = "1000w"


@dataclass
class Kept:
    """A question's study area and values; every access holds its lock. Made by `HotSpots.held`."""

    question: Question
    lock: threading.Lock = field(default_factory=threading.Lock)
    area: Domain | None = None
    grid: Lattice = field(default_factory=lambda: lattice(np.empty(0, np.int64)))
    windows: list[Ask] = field(default_factory=list)
    hours: list[Hours] = field(default_factory=list)
    values: npt.NDArray[Any] = field(default_factory=lambda: np.empty((1, 0)))  # (steps, n)
    snapshot: str = "1:1:"
    epoch: int = -1
    answers: dict[Any, Any] = field(default_factory=dict)  # rendered ones, of the present values
    drawn: dict[str, tuple[Cells, list[Patch]]] = field(default_factory=dict)  # outlines, by class
    _state: GiState | None = None
    _told: GiStar | Emerging | None = None

    @property
    def significance(self) -> GiStar:
        """Gi* of every cell over the whole window."""
        if self._state is not None:
            return self._state.all()
        if not isinstance(self._told, GiStar):
            self._told = gi_star(self.grid, self.values[0])
        return self._told

    @property
    def trends(self) -> Emerging:
        """What the space-time cube says of every cell."""
        if not isinstance(self._told, Emerging):
            self._told = emerging(self.grid, self.values, alpha=self.question.alpha)
        return self._told

    @property
    def totals(self) -> npt.NDArray[Any]:
        """What was counted in each cell, over all steps."""
        total: npt.NDArray[Any] = self.values[0] if self._state is None else self._state.counts
        return total if len(self.values) == 1 else self.values.sum(axis=0)

    @property
    def span(self) -> tuple[datetime, datetime] | None:
        """First instant and end of what was counted; None for a surface as it stands."""
        spans = [own for own in self.hours if len(own)]
        return (at_hour(spans[0][0, 0]), at_hour(spans[-1][-1, 1])) if spans else None

    def at(self, place: int) -> tuple[float, float, float, str]:
        """(z, p, q, class) of the cell at `place`, over the whole window."""
        if self._state is not None:
            return self._state.at(place)
        told = self.significance
        return float(told.z[place]), float(told.p[place]), float(told.q[place]), CLASSES[int(told.codes[place])]

    def put(self, values: npt.NDArray[Any]) -> None:
        """Start from values (steps, n)."""
        self.answers.clear()
        self._told, self._state = None, None
        self.values = values.astype(np.int64) if is_whole(values) else values
        if not self.question.steps and self.values.dtype == np.int64:
            self._state = GiState(self.grid, self.values[0])
            self.values = self._state.counts[None, :]

    def add(self, row: Mapping[str, Any]) -> bool:
        """Add a change of what is counted; False where only reading anew will do."""
        ask = self.question.ask
        wanted = (
            (not ask.categories or row["category"] in ask.categories)
            and (not ask.sources or row["source"] in ask.sources)
            and (not ask.severities or row["severity"] in ask.severities)
        )
        hour = hour_of(row["hour"])
        steps = [at for at, own in enumerate(self.hours) if wanted and _within(hour, own)]
        if not steps:
            return True
        place = self.grid.place(parent(row["cell"], self.question.res))
        if place < 0:
            return self.area is not None and self.area.source != "events"
        amount = row["n"] * (int(SEVERITY_WEIGHTS[row["severity"]]) if ask.weight == "severity" else 1)
        if ask.half_life_h is not None or self.values.dtype != np.int64 or self.values[steps, place].min() + amount < 0:
            return False
        self.answers.clear()
        if self._state is not None:
            self._state.add(place, amount)
        else:
            self.values[steps, place] += amount
            self._told = None
        return True


class HotSpots:
    """The hot spots of one process: its way to the database, and what was asked lately."""

    def __init__(self, pool: ConnectionPool[Connection], cubes: Mapping[str, Cube] | None = None) -> None:
        """`cubes` by surface, kept up to date by somebody else, are read once they are loaded; else the database."""
        self.pool = pool
        self.cubes = cubes or {}
        self.domains = Domains()
        self._lock = threading.Lock()
        self._kept: OrderedDict[Question, Kept] = OrderedDict()
        self._warming: threading.Thread | None = None

    def start(self) -> None:
        """Load the kernels in the background, so that the first who asks does not wait for them."""
        self._warming = threading.Thread(target=warm, name="hotspots-warm", daemon=True)
        self._warming.start()

    def stop(self) -> None:
        """Wait for what runs in the background."""
        if self._warming is not None:
            self._warming.join(timeout=5.0)

    @contextmanager
    def held(self, question: Question) -> Iterator[Kept]:
        """What is kept of a question, brought up to now; nobody else changes it inside the block.

        Raises BadInput: "domain-size", "cube-size" for too many cells at that resolution, and as `Ask`.
        """
        with self._lock:
            kept = self._kept.setdefault(question, Kept(question))
            self._kept.move_to_end(question)
            while len(self._kept) > _KEPT or (
                len(self._kept) > 1 and sum(one.values.size for one in self._kept.values()) > _KEPT_VALUES
            ):
                self._kept.popitem(last=False)
        with kept.lock:
            # The snapshot is taken under the lock: a later answer never knows less than an earlier one.
            with self.pool.connection() as conn, conn.transaction():
                conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
                self._bring_up(conn, kept)
            yield kept

    def fitting(self, question: Question) -> Question:
        """The question at its resolution, or the finest coarser one whose study area is small enough for it."""
        most = min(_USUAL, MAX_BINS // max(question.steps, 1))
        while True:
            with self.pool.connection() as conn, conn.transaction():
                conn.execute("SET TRANSACTION READ ONLY")
                try:
                    if len(self._area(conn, question).cells) <= most or question.res == COARSEST:
                        return question
                except BadInput:  # far too many to list
                    if question.res == COARSEST:
                        raise
            question = replace(question, res=question.res - 1)

    def _bring_up(self, conn: Connection, kept: Kept) -> None:
        question = kept.question
        if kept.area is None or not self.domains.holds(conn, kept.area):
            self._read_anew(conn, kept)
        elif question.published or surface(question.ask.surface).kind != "density":
            row = conn.execute(sql("tile_changed"), self._since(kept)).fetchone()
            if row is None or row["stale"]:
                self._read_anew(conn, kept)
            else:
                kept.snapshot = row["snapshot"]
        else:
            self._add_changes(conn, kept)

    def _add_changes(self, conn: Connection, kept: Kept) -> None:
        asked = {"surface": kept.question.ask.surface, "snapshot": kept.snapshot}
        stand = conn.execute(sql("heat_stand"), asked).fetchone()
        if stand is None or stand["epoch"] != kept.epoch or not stand["whole"]:
            self._read_anew(conn, kept)
            return
        # Removals after additions: on the way from one exact state to another no count falls below 0.
        rows = sorted(conn.execute(sql("heat_change_read"), asked).fetchall(), key=lambda row: -int(row["n"]))
        if all(kept.add(row) for row in rows):
            kept.snapshot = stand["snapshot"]
        else:
            self._read_anew(conn, kept)

    def _read_anew(self, conn: Connection, kept: Kept) -> None:
        question = kept.question
        kept.area = None  # should reading fail, the next answer starts over
        area = self._area(conn, question)
        if question.steps and len(area.cells) * question.steps > MAX_BINS:
            raise BadInput("Too many cells and steps: ask for larger cells.", reason="cube-size")
        if len(kept.grid) != len(area.cells) or not np.array_equal(kept.grid.cells, area.cells):
            kept.grid = self._grid(area.cells, question.rings)
            kept.drawn.clear()
        kept.windows = windows(conn, question)
        kept.hours = hours(conn, question, kept.windows)
        values = np.zeros((len(kept.windows), len(area.cells)))
        snapshot, epoch, view = self._stand(conn, question)
        for at, ask in enumerate(kept.windows):
            values[at] = _on(area.cells, self._values(conn, question, ask, view))
        kept.put(values)
        kept.snapshot, kept.epoch, kept.area = snapshot, epoch, area

    def _grid(self, cells: Cells, rings: int) -> Lattice:
        """The neighbours in a study area: another question's where it is about the same cells."""
        with self._lock:
            others = [kept.grid for kept in self._kept.values()]
        for grid in others:
            if grid.rings == rings and np.array_equal(grid.cells, cells):
                return grid
        return lattice(cells, rings)

    def _stand(self, conn: Connection, question: Question) -> tuple[str, int, View | None]:
        """The snapshot and epoch under which values are read, and the cube's state if they are read from there."""
        cube = None if question.published else self.cubes.get(question.ask.surface)
        if cube is not None and cube.ready:
            # In this order: an epoch older than the state is noticed by the next answer, a newer one would not be.
            epoch = cube.stand[1]
            view = cube.view()
            return view.snapshot, epoch, view
        asked = {"surface": question.ask.surface, "snapshot": "1:1:"}
        stand = conn.execute(sql("heat_stand"), asked).fetchone()
        assert stand is not None  # noqa: S101  (an aggregate gives one row)
        return stand["snapshot"], stand["epoch"], None

    def _values(self, conn: Connection, question: Question, ask: Ask, view: View | None = None) -> HeatCells:
        """The one place where counts enter: exact ones, or those published for askers without a right to them."""
        box = None if question.area_wkb is None else shapely.from_wkb(question.area_wkb).bounds
        if question.published:
            return published.cells(conn, ask, question.res, box)
        return service.cells(conn, ask, question.res, box, view=view)

    def _area(self, conn: Connection, question: Question) -> Domain:
        def happened() -> Cells:
            if not question.published and surface(question.ask.surface).kind == "density":
                return counted_cells(conn, question.ask.surface)
            ever = replace(question.ask, window=_EVER, categories=())
            return self._values(conn, question, ever).cells

        return self.domains.of(conn, question.res, happened, area_wkb=question.area_wkb)

    def _since(self, kept: Kept) -> dict[str, Any]:
        name = kept.question.ask.surface
        layer = published.event_layer(name) if kept.question.published else f"heat.{name}"
        return {
            "layers": [layer], "snapshot": kept.snapshot, "west": -1e9, "south": -1e9, "east": 1e9, "north": 1e9,
        }  # fmt: skip


@cache
def warm() -> None:
    """Load or compile every kernel on seven cells: a minute once in an installation, a second in a process."""
    grid = lattice(disk(cell_of(0.0, 0.0, COARSEST), 1))
    state = GiState(grid, np.arange(7))
    state.all()
    state.add(0)
    emerging(grid, np.arange(7.0 * STEPS[0]).reshape(STEPS[0], 7))
    gi_star(grid, np.arange(7) + 0.5)
    patches(grid.cells)


def _within(hour: int, hours: Hours) -> bool:
    at = int(np.searchsorted(hours[:, 0], hour, side="right")) - 1
    return at >= 0 and hour < int(hours[at, 1])


def _on(cells: Cells, found: HeatCells) -> Floats:
    """Values on the cells of a study area; what lies outside is not tested."""
    values = np.zeros(len(cells))
    if len(cells):
        places = np.minimum(np.searchsorted(cells, found.cells), len(cells) - 1)
        inside = cells[places] == found.cells
        values[places[inside]] = found.values[inside]
    return values
