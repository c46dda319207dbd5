"""The unchanging part of a cube: its events in one canonical order, and the levels made of them."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from onemap.core.cell import Cells
from onemap.heat.count import level as kernel
from onemap.heat.count.events import Events
from onemap.heat.count.level import Level, Sorted, level_of
from onemap.heat.surface import FINEST, RESOLUTIONS

#: Category, source, severity: what filters and weights tell apart.
Class = tuple[str, str, int]
#: One signed difference; `kind` is its class's code.
Change = np.dtype([("cell", np.int64), ("hour", np.int32), ("kind", np.int16), ("n", np.int32)])


@dataclass
class Base:
    """Events as one level of the finest cells, and coarser levels made of it when first needed.

    Equal events give equal arrays, whatever order they came in: `classes` are those that occur, ascending; events are
    ordered by cell, hour, class.
    """

    finest: Level
    classes: tuple[Class, ...]
    categories: tuple[str, ...]
    _levels: dict[int, Level] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def size(self) -> int:
        """How many events."""
        return len(self.finest.hours)

    @property
    def nbytes(self) -> int:
        """Bytes of all levels made so far."""
        return self.finest.nbytes + sum(one.nbytes for one in self._levels.values())

    def level(self, res: int) -> Level:
        """The level of a resolution, made on first use: half a second for twenty million events."""
        if res == FINEST:
            return self.finest
        found = self._levels.get(res)
        if found is None:
            with self._lock:
                found = self._levels.get(res) or self._made(res, self._by_hour())
                self._levels[res] = found
        return found

    def warm(self) -> None:
        """Make the levels that maps are drawn from."""
        events: Sorted | None = None
        for res in RESOLUTIONS[:-1]:
            with self._lock:
                if res not in self._levels:
                    events = events or self._by_hour()
                    self._levels[res] = self._made(res, events)

    def _made(self, res: int, events: Sorted) -> Level:
        return level_of(
            res, self.finest.cells, events, _category_of(self.classes, self.categories), len(self.categories)
        )

    def _by_hour(self) -> Sorted:
        place = np.repeat(np.arange(len(self.finest.cells), dtype=np.int32), np.diff(self.finest.first))
        return _sorted(place, self.finest.hours, self.finest.classes, len(self.classes))


def base_of(events: Events) -> Base:
    """The base of some events."""
    codes: dict[Class, int] = {}
    width = len(events.sources) * 8
    key = events.category.astype(np.int64) * width + events.source.astype(np.int64) * 8 + events.severity
    kinds, kind = _codes(key, len(events.categories) * width)
    for one in kinds.tolist():
        codes[events.categories[one // width], events.sources[one % width // 8], one % 8] = len(codes)
    cell, hour = events.cell, events.hour
    if len(events) and bool(np.any(events.n != 1)):
        cell, hour, kind = np.repeat(cell, events.n), np.repeat(hour, events.n), np.repeat(kind, events.n)
    return _base(cell, hour, kind, tuple(codes))


def merged(base: Base, changes: npt.NDArray[np.void], classes: tuple[Class, ...]) -> Base:
    """The base of all events of another with signed differences taken in.

    `classes` begin with those of the base. Raises RuntimeError when what is to go was never there.
    """
    keys, where = np.unique(changes[["cell", "hour", "kind"]], return_inverse=True)
    net = np.bincount(where, weights=changes["n"], minlength=len(keys)).astype(np.int64)
    finest = base.finest
    kept = np.ones(base.size, np.bool_)
    for key, n in zip(keys[net < 0].tolist(), (-net[net < 0]).tolist(), strict=True):
        kept[_found(finest, key, n)] = False
    more, times = keys[net > 0], net[net > 0]
    cell = np.repeat(finest.cells, np.diff(finest.first))[kept]
    return _base(
        np.concatenate([cell, np.repeat(more["cell"], times)]),
        np.concatenate([finest.hours[kept], np.repeat(more["hour"], times)]),
        np.concatenate([finest.classes[kept], np.repeat(more["kind"], times)]),
        classes,
    )


def _found(finest: Level, key: tuple[int, int, int], n: int) -> slice:
    """Where the first n events of a cell, hour and class are."""
    cell, hour, kind = key
    at = int(np.searchsorted(finest.cells, cell))
    if at < len(finest.cells) and int(finest.cells[at]) == cell:
        first = int(finest.first[at])
        hours = finest.hours[first : int(finest.first[at + 1])]
        low, high = (first + int(np.searchsorted(hours, hour, side)) for side in ("left", "right"))
        start = low + int(np.searchsorted(finest.classes[low:high], kind))
        if start + n <= high and int(finest.classes[start + n - 1]) == kind:
            return slice(start, start + n)
    raise RuntimeError("an event that was never counted is to be counted no longer")


def _base(cell: Cells, hour: npt.NDArray[np.int32], kind: npt.NDArray[np.int16], classes: tuple[Class, ...]) -> Base:
    used = np.flatnonzero(np.bincount(kind, minlength=len(classes)))
    names = sorted(classes[i] for i in used.tolist())
    new = {one: code for code, one in enumerate(names)}
    recode = np.array([new.get(one, 0) for one in classes] or [0], np.int16)
    cells, place = _places(cell)
    categories = tuple(sorted({category for category, _, _ in names}))
    events = _sorted(place, hour, recode[kind], len(names))
    finest = level_of(FINEST, cells, events, _category_of(tuple(names), categories), len(categories))
    return Base(finest, tuple(names), categories)


def _sorted(
    place: npt.NDArray[np.int32], hour: npt.NDArray[np.int32], kind: npt.NDArray[np.int16], kinds: int
) -> Sorted:
    if not len(hour):
        return Sorted(place, hour, kind)
    return Sorted(*kernel.by_hour(place, hour, kind, kinds))


def _category_of(classes: tuple[Class, ...], categories: tuple[str, ...]) -> npt.NDArray[np.int32]:
    return np.array([categories.index(category) for category, _, _ in classes], np.int32)


def _places(cell: Cells) -> tuple[Cells, npt.NDArray[np.int32]]:
    """The distinct cells, ascending, and each event's place among them."""
    if not len(cell):
        return cell, np.empty(0, np.int32)
    low, high = int(cell.min()), int(cell.max())
    # The digits below the finest resolution are alike in all of them.
    below = 3 * (15 - FINEST)
    place, firsts = kernel.places((cell - low) >> below, (high - low) >> below)
    return cell[firsts], place


def _codes(key: npt.NDArray[np.int64], top: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int16]]:
    """The distinct keys below `top`, ascending, and each one's place among them; without sorting millions."""
    seen = np.flatnonzero(np.bincount(key, minlength=top))
    place = np.zeros(top + 1, np.int16)
    place[seen] = np.arange(len(seen), dtype=np.int16)
    return seen, place[key]
