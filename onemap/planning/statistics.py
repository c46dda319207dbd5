"""Figures of grids over a range of time: by the edition that was in force at each moment, or all by one edition.

Cases count where and when they happened. What stands (buildings, households, parts, streets) counts as it stood when
the edition's part of the range ended, where the map's past reaches back to it, else as it stands today. A place belongs
to one grid; on a shared border, or where an old edition overlaps, to the lower code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from psycopg.rows import tuple_row

from onemap.core.errors import BadInput, NotFound
from onemap.planning import log
from onemap.planning.book import DEFAULT_MODEL
from onemap.planning.editions import exists
from onemap.planning.inside import Scatter
from onemap.planning.plane import areas_m2
from onemap.planning.standing import layers_of, stood
from onemap.planning.workspace import workspaces
from onemap.store.db import Connection
from onemap.store.sqlfile import sql

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
LONGEST = timedelta(days=3660)
#: More periods than this are no table that somebody reads.
SPANS = 24
CASES = "cases"
_TITLES = {CASES: ("案件", "Cases", "件"), "area_m2": ("面积", "Area", "m²")}


@dataclass(frozen=True)
class Span:
    """A stretch of time in which one edition counts. `edition` is None where the grids are of none."""

    start: datetime
    stop: datetime
    edition: str | None


@dataclass(frozen=True)
class Asked:
    """A range [start, stop) of aware times, the edition that everything is counted by, if one, and where."""

    start: datetime
    stop: datetime
    edition: str | None = None
    scope: str | None = None
    area: bytes | None = None


@dataclass(frozen=True)
class _Drawn:
    """The grids of an edition, by code."""

    rows: Sequence[Mapping[str, Any]]
    shapes: npt.NDArray[Any]

    def owners(self, points: Scatter) -> Ints:
        """The row of the grid that each point lies in, -1 for none."""
        found = np.full(len(points.xy), -1, np.int64)
        polygon, point, _ = points.within(self.shapes)
        found[point[::-1]] = polygon[::-1]  # pairs come by row: the lowest is written last
        return found


def of_range(conn: Connection, asked: Asked) -> dict[str, Any]:
    """Figures by span and grid, the most cases first, with sums: see `server.edition_models.GridStatistics`.

    Raises BadInput (range), NotFound (edition, scope).
    """
    spans = spans_of(conn, asked)
    communities = None
    if asked.scope is not None:
        communities = log.scope_of(conn, asked.scope, asked.area)["communities"]
    drawn = {name: _drawn(conn, name, asked, communities) for name in {span.edition for span in spans}}
    counts = _Counts(conn, asked, spans, [one for one in drawn.values() if len(one.shapes)])
    told = []
    for n, span in enumerate(spans):
        keys, values = counts.of(n, drawn[span.edition], span.edition)
        order = np.argsort(-values[:, 0], kind="stable").tolist()
        found = drawn[span.edition].rows
        told.append({
            "edition": span.edition or "", "start": span.start, "stop": span.stop, "grids": len(found),
            "as_of_today": counts.as_of_today(n),
            "total": _figures(keys, values.sum(axis=0)),
            "rows": [
                {"grid": found[i]["code"], "name": found[i]["name"], "community_code": found[i]["community_code"],
                 "figures": _figures(keys, values[i])}
                for i in order
            ],
        })  # fmt: skip
    return {"measures": counts.measures(), "periods": told}


def spans_of(conn: Connection, asked: Asked) -> list[Span]:
    """The spans of a range, in order. Raises BadInput (range), NotFound (edition)."""
    if not asked.start < asked.stop <= asked.start + LONGEST:
        raise BadInput("时段应为先后两个时刻，至多十年 · A range has a start and a later end, ten years at most.",
                       reason="range")  # fmt: skip
    if asked.edition is not None:
        if "\0" in asked.edition or not exists(conn, asked.edition):
            raise NotFound("没有这个网格版本 · There is no such edition.", reason="edition")
        return [Span(asked.start, asked.stop, asked.edition)]
    found: list[Span] = []
    for row in conn.execute(sql("statistics_spans"), {"start": asked.start, "stop": asked.stop}).fetchall():
        if found and found[-1].edition == row["edition"]:
            found[-1] = Span(found[-1].start, row["stop"], row["edition"])
        else:
            found.append(Span(row["start"], row["stop"], row["edition"]))
    if len(found) > SPANS:
        raise BadInput(
            f"时段内版本更替 {len(found)} 次，请缩短或指定一个版本 · "
            f"{len(found)} changes of edition: ask for less, or name one.",
            reason="range",
        )
    return found


class _Counts:
    """What is counted, read once for all spans."""

    def __init__(self, conn: Connection, asked: Asked, spans: Sequence[Span], drawn: Sequence[_Drawn]) -> None:
        bounds = np.array([shapely.total_bounds(one.shapes).tolist() for one in drawn] or [[0.0, 0.0, 0.0, 0.0]])
        west, south = bounds[:, :2].min(axis=0).tolist()
        east, north = bounds[:, 2:].max(axis=0).tolist()
        self.model = workspaces.model(DEFAULT_MODEL)
        #: Measures of things that stand; cases have a time, and are counted apart.
        self.stand = [n for n, one in enumerate(self.model.measures) if "incidents" not in one.counts]
        self.stood = stood(conn, self.model, (west, south, east, north), [span.stop for span in spans])
        ask = {
            "edges": [span.start for span in spans], "start": asked.start, "stop": asked.stop,
            "west": west, "south": south, "east": east, "north": north,
        }  # fmt: skip
        with conn.cursor(row_factory=tuple_row, binary=True) as cursor:
            cases = np.array(cursor.execute(sql("statistics_cases"), ask).fetchall(), np.float64).reshape(-1, 3)
        self.cases, self.span = Scatter(cases[:, :2]), cases[:, 2].astype(np.int64)
        self._known: dict[str | None, tuple[dict[int, Floats], Ints]] = {}

    def of(self, span: int, drawn: _Drawn, edition: str | None) -> tuple[list[str], Floats]:
        """Names and values of the figures of each grid in a span, shape (grids, figures): cases are the first."""
        if edition not in self._known:  # an edition that was put back has two spans
            self._known[edition] = self._standing(drawn), drawn.owners(self.cases)
        standing, owner = self._known[edition]
        had = sum((values for bits, values in standing.items() if bits >> span & 1), self._none(drawn))
        mine = owner[(self.span == span) & (owner >= 0)]
        cases = np.bincount(mine, minlength=len(drawn.rows)).astype(np.float64)
        areas = areas_m2(drawn.shapes) if len(drawn.rows) else np.zeros(0)
        return self.keys, np.column_stack([cases, had, areas])

    def as_of_today(self, span: int) -> list[str]:
        """Figures of a span that count what stands today: the map's past does not reach back to its end."""
        layers = self.stood.today[span]
        return [one.key for one in map(self.model.measures.__getitem__, self.stand) if layers & layers_of(one)]

    def _none(self, drawn: _Drawn) -> Floats:
        return np.zeros((len(drawn.rows), len(self.stand)))

    def _standing(self, drawn: _Drawn) -> dict[int, Floats]:
        """Figures of what stood, by the spans at whose ends it did, as bits."""
        found = {}
        for bits, facts in self.stood.facts.items():
            owner = drawn.owners(facts.scatter)
            found[bits] = self._none(drawn)
            np.add.at(found[bits], owner[owner >= 0], facts.values[owner >= 0][:, self.stand])
        return found

    @property
    def keys(self) -> list[str]:
        """Names of the figures in their order."""
        return [CASES, *(self.model.measures[n].key for n in self.stand), "area_m2"]

    def measures(self) -> list[dict[str, Any]]:
        """The figures in their order, with titles and units, and since when they know what stood."""
        said = {one.key: (one.title.zh, one.title.en, one.unit) for one in self.model.measures}
        since = {self.model.measures[n].key: self.stood.since(self.model.measures[n]) for n in self.stand}
        return [
            {"key": key, "title": {"zh": zh, "en": en}, "unit": unit, "since": since.get(key)}
            for key in self.keys
            for zh, en, unit in [_TITLES.get(key) or said[key]]
        ]


def _drawn(conn: Connection, edition: str | None, asked: Asked, communities: Sequence[str] | None) -> _Drawn:
    ask = {"edition": edition, "scope": asked.scope, "communities": communities, "area": asked.area}
    rows = conn.execute(sql("statistics_grids"), ask).fetchall()
    shapes: Any = shapely.from_wkb(np.array([bytes(row["wkb"]) for row in rows], dtype=object))
    return _Drawn(rows, shapes)


def _figures(keys: Sequence[str], values: Floats) -> dict[str, float]:
    return {key: round(float(value), 1) for key, value in zip(keys, values, strict=True)}
