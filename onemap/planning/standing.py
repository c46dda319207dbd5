"""What stood at some instants: buildings, points and roads by the versions that the map had then.

Rows of a layer have a past since the first of them came. For an instant before that, and where more versions ended
since than are read, what stands today is counted, and said to be so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Identifier

from onemap.planning.facts import Facts, Tables, twice
from onemap.planning.model import Measured, Model
from onemap.planning.shapes import Box, Feature
from onemap.store.db import Connection
from onemap.store.sqlfile import sql

Ints = npt.NDArray[np.int64]
#: Versions of a layer that are read, beside the rows that it has; with more, its past is not counted.
MOST = 200_000
_POINTS = {"cameras": "camera", "sensors": "sensor", "hazards": "hazard", "parts": "part"}
_STATEMENTS = {"building": "statistics_buildings", "road": "statistics_roads", "part": "statistics_parts"}


@dataclass(frozen=True)
class Stood:
    """What stood at each of some instants.

    `facts`: what a model counts, by the instants at which it stood, as bits (1 << the instant's number). `known`: since
    when each layer's past is counted. `today`: layers of which an instant (by its number) has what stands today.
    """

    facts: Mapping[int, Facts]
    known: Mapping[str, datetime]
    today: Sequence[frozenset[str]]

    def since(self, measure: Measured) -> datetime | None:
        """Since when a measure counts what stood; None where it counts nothing that the map ever had."""
        return max((self.known[layer] for layer in layers_of(measure) if layer in self.known), default=None)


def layers_of(measure: Measured) -> set[str]:
    """The layers whose rows a measure of standing things counts."""
    return {"road" if one == "roads" else _POINTS.get(one, "building") for one in measure.counts}


def stood(conn: Connection, model: Model, bounds: Box, instants: Sequence[datetime]) -> Stood:
    """What of a model's measures stood in a box of degrees just before each of some instants (aware, in order)."""
    west, south, east, north = bounds
    asked = {
        "west": west, "south": south, "east": east, "north": north, "first": instants[0], "last": instants[-1],
        "most": MOST + 1, **twice(),
    }  # fmt: skip
    wanted = {layer for one in model.measures if "incidents" not in one.counts for layer in layers_of(one)}
    tables: dict[int, dict[str, Any]] = defaultdict(lambda: {"points": {}})
    known: dict[str, datetime] = {}
    today: list[frozenset[str]] = [frozenset() for _ in instants]
    for layer in sorted(wanted):
        rows, first = _versions(conn, layer, asked)
        if first is None:
            continue
        lives = np.array([row[:2] for row in rows], np.float64).reshape(-1, 2)
        # Too many versions: those that were read are some of them, and say nothing.
        known[layer] = instants[-1] if int(np.isfinite(lives[:, 1]).sum()) > MOST else first
        then = np.array([known[layer] < at for at in instants])
        today = [was if reached else was | {layer} for was, reached in zip(today, then, strict=True)]
        when = _when(lives, instants, then)
        for bits in np.unique(when[when > 0]).tolist():
            _put(tables[bits], layer, [rows[n] for n in np.flatnonzero(when == bits).tolist()])
    return Stood({bits: Facts(model, Tables(**parts)) for bits, parts in tables.items()}, known, today)


def _when(lives: npt.NDArray[np.float64], instants: Sequence[datetime], then: npt.NDArray[np.bool_]) -> Ints:
    """The instants at which each version counts, as bits: the one that was the map's then, or is today."""
    bits = np.zeros(len(lives), np.int64)
    for n, at in enumerate(instants):
        here = (lives[:, 0] < at.timestamp()) & (lives[:, 1] >= at.timestamp()) if then[n] else np.isinf(lives[:, 1])
        bits |= here.astype(np.int64) << n
    return bits


def _versions(conn: Connection, layer: str, asked: Mapping[str, Any]) -> tuple[list[Any], datetime | None]:
    """A layer's rows and old versions, each with when it came and ended (s since 1970), and since when it has any."""
    names = {"table": Identifier("onemap", layer), "history": Identifier("onemap", f"{layer}_history")}
    found = conn.execute(SQL(sql("statistics_known")).format(**names)).fetchone()
    statement = _STATEMENTS.get(layer, "statistics_points")
    with conn.cursor(row_factory=tuple_row, binary=True) as cursor:
        rows = cursor.execute(SQL(sql(statement)).format(**names), asked).fetchall()
    return rows, found["since"] if found else None


def _put(parts: dict[str, Any], layer: str, rows: Sequence[Any]) -> None:
    """Some versions of a layer among the rows that facts are made of."""
    if layer == "building":
        parts |= {
            "keys": [""] * len(rows),
            "counts": np.array([row[2:7] for row in rows], np.float64),
            "footprints": [bytes(row[7]) for row in rows],
        }
    elif layer == "road":
        parts["features"] = [Feature("road", "", row[2], "", False, shapely.from_wkb(row[3])) for row in rows]
    elif layer == "part":
        for counted in sorted({row[4] for row in rows}):
            parts["points"][counted] = np.array([row[2:4] for row in rows if row[4] == counted], np.float64)
    else:
        counted = next(one for one, table in _POINTS.items() if table == layer)
        parts["points"][counted] = np.array([row[2:4] for row in rows], np.float64)
