"""The risk surface in the database: parts recomputed around the hazard points that a change concerns."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from psycopg.types.json import Jsonb

from onemap.core.cell import Cells, Floats, child_range, parents, resolution
from onemap.heat import risk
from onemap.heat.surface import RISK_RES
from onemap.heat.window import Box, HeatCells, heat_cells, inside, ranges
from onemap.store import changelog
from onemap.store.changelog import Change, Position
from onemap.store.db import Connection
from onemap.store.sqlfile import sql

SURFACE, CONSUMER = "risk", "risk"
_READ = 10_000
#: Past this many changed buildings all fields are computed anew: finding out which costs more.
_MANY = 500
#: A sensor's parts are written again when its factor has moved by this share: below, no colour changes.
_MOVED = 0.05


@dataclass
class _Touched:
    """What the changes read concern."""

    hazards: set[str] = dataclass_field(default_factory=set)
    zones: set[str] = dataclass_field(default_factory=set)
    boxes: list[Box] = dataclass_field(default_factory=list)


@dataclass
class _Parts:
    """What is to be written: sources to clear, rows to put."""

    cleared: set[tuple[str, str, str]] = dataclass_field(default_factory=set)
    rows: list[tuple[int, str, str, str, float, Jsonb, datetime]] = dataclass_field(default_factory=list)
    hazards: set[str] = dataclass_field(default_factory=set)


def refresh(conn: Connection, now: datetime, *, everything: bool = False) -> int:
    """Recompute what changed since the last time; returns the number of hazard points whose parts were written.

    All is read and computed before the first row is written: an open writing transaction holds up every follower of the
    log. Two workers cannot both write: the position must still be where this one found it.
    """
    with conn.transaction():
        start = _position(conn)
        at, touched = _read(conn, start)
        parts = _compute(conn, touched, now, everything=everything)
        if not parts.hazards and at == start:
            return 0
        if changelog.consumer_position(conn, CONSUMER) != start:
            return 0  # another worker was quicker
        _write(conn, parts)
        changelog.advance(conn, CONSUMER, at)
        return len(parts.hazards)


def rebuild(conn: Connection, now: datetime) -> int:
    """Compute every part anew; returns the number of hazard points."""
    with conn.transaction():
        changelog.consumer_position(conn, CONSUMER)  # its lock keeps the follower away
        conn.execute("DELETE FROM risk_part")
        return refresh(conn, now, everything=True)


def _position(conn: Connection) -> Position:
    row = conn.execute("SELECT xid::text::bigint AS xid, seq FROM consumer WHERE name = %s", (CONSUMER,)).fetchone()
    return Position(row["xid"], row["seq"]) if row else Position(0, 0)


def _read(conn: Connection, start: Position) -> tuple[Position, _Touched]:
    """Everything new in the log: where it ends, and what of it matters here."""
    touched, at = _Touched(), start
    while changes := changelog.read(conn, at, limit=_READ):
        at = changes[-1].position
        for change in changes:
            _sort(change, touched)
        if len(changes) < _READ:
            break
    return at, touched


def _sort(change: Change, touched: _Touched) -> None:
    # Sensors need no entry: all limits are read each time, which is one small query.
    if change.key is None:
        return
    if change.layer == "hazard":
        touched.hazards.add(change.key)
    elif change.layer == "hazard_zone":
        touched.zones.add(change.key)
    elif change.layer == "building" and change.bbox is not None and len(touched.boxes) <= _MANY:
        touched.boxes.append(change.bbox)


def _compute(conn: Connection, touched: _Touched, now: datetime, *, everything: bool) -> _Parts:
    parts = _Parts()
    fields, gone = _fields(conn, touched, everything=everything)
    for hazard, (around, row) in fields.items():
        parts.hazards.add(hazard)
        parts.cleared.add(("hazard", hazard, "hazard"))
        _spread_hazard(parts, hazard, around, row, now)
    for hazard in gone:
        parts.hazards.add(hazard)
        parts.cleared.add(("hazard", hazard, "hazard"))
    renewed = {hazard: around for hazard, (around, _) in fields.items()}
    _sensors(conn, parts, renewed, gone, now)
    return parts


def _fields(
    conn: Connection, touched: _Touched, *, everything: bool
) -> tuple[dict[str, tuple[risk.Field, dict[str, Any]]], set[str]]:
    """New fields of the hazard points concerned, and the points concerned that count no longer."""
    keys: list[str] | None = None
    if not everything and len(touched.boxes) <= _MANY:
        keys = sorted(touched.hazards | _owners(conn, touched.zones) | _near(conn, touched.boxes))
        if not keys:
            return {}, set()
    found: dict[str, tuple[risk.Field, dict[str, Any]]] = {}
    for row in conn.execute(sql("risk_hazards"), {"keys": keys}).fetchall():
        place = shapely.from_wkb(bytes(row["wkb"]))
        west, south, east, north = risk.reach(place).bounds
        houses = conn.execute(
            sql("risk_residents"), {"west": west, "south": south, "east": east, "north": north}
        ).fetchall()
        found[row["key"]] = (risk.field(place, _by_cell(houses)), row)
    return found, ((set(keys) if keys is not None else touched.hazards) - found.keys())


def _by_cell(houses: Sequence[Mapping[str, Any]]) -> dict[int, float]:
    people: dict[int, float] = {}
    if houses:
        cells = parents([row["h3"] for row in houses], RISK_RES).tolist()
        for cell, row in zip(cells, houses, strict=True):
            people[cell] = people.get(cell, 0.0) + row["residents"]
    return people


def _owners(conn: Connection, zones: set[str]) -> set[str]:
    if not zones:
        return set()
    rows = conn.execute(sql("risk_zone_owners"), {"zones": sorted(zones)}).fetchall()
    return {row["key"] for row in rows if row["key"]}


def _near(conn: Connection, boxes: Sequence[Box]) -> set[str]:
    if not boxes:
        return set()
    west, south, east, north = (list(side) for side in zip(*boxes, strict=True))
    widest = min(80.0, max(abs(south[0]), abs(north[0])))
    degrees = risk.RADIUS_M / 111_195.0 / math.cos(math.radians(widest)) * 1.1
    given = {"west": west, "south": south, "east": east, "north": north, "degrees": degrees}
    return {row["key"] for row in conn.execute(sql("risk_near"), given).fetchall()}


def _spread_hazard(parts: _Parts, hazard: str, around: risk.Field, row: Mapping[str, Any], now: datetime) -> None:
    weight = risk.LEVEL_WEIGHT.get(row["level"], risk.LEVEL_WEIGHT[4])
    kept, values = risk.spread(around, weight)
    shared = {"level": row["level"], "weight": weight, "at": row["sys_from"].isoformat()}
    _put(parts, ("hazard", hazard, "hazard"), kept, values, shared, now)


def _sensors(conn: Connection, parts: _Parts, renewed: dict[str, risk.Field], gone: set[str], now: datetime) -> None:
    """Parts of the sensors whose factor moved, or whose hazard point's field is new."""
    limits = [risk.Limit(**row) for row in conn.execute(sql("risk_limits")).fetchall()]
    wanted = risk.worst(limits, now)
    stored = {
        (row["hazard_key"], row["sensor_key"]): row["factor"] for row in conn.execute(sql("risk_stored")).fetchall()
    }
    for hazard, sensor in stored.keys() - wanted.keys():
        parts.cleared.add(("sensor", sensor, f"excess:{hazard}"))
        parts.hazards.add(hazard)
    changed = {
        pair: entry
        for pair, entry in wanted.items()
        if pair[0] in renewed or pair not in stored or abs(entry.factor - stored[pair]) > _MOVED * stored[pair]
    }
    fields = renewed | _stored_fields(conn, {hazard for hazard, _ in changed} - renewed.keys() - gone)
    for (hazard, sensor), entry in changed.items():
        around = fields.get(hazard)
        if around is None:
            continue
        limit = entry.limit
        kept, values = risk.spread(around, entry.factor, radius_m=risk.SENSOR_RADIUS_M)
        shared = {
            "hazard_key": hazard, "property": limit.property, "unit": limit.unit, "value": limit.value, "op": limit.op,
            "enter": limit.enter, "level": limit.level, "ratio": round(entry.ratio, 3),
            "factor": round(entry.factor, 6), "at": limit.at.isoformat(),
        }  # fmt: skip
        parts.cleared.add(("sensor", sensor, f"excess:{hazard}"))
        parts.hazards.add(hazard)
        _put(parts, ("sensor", sensor, f"excess:{hazard}"), kept, values, shared, now)


def _stored_fields(conn: Connection, hazards: Iterable[str]) -> dict[str, risk.Field]:
    keys = sorted(hazards)
    if not keys:
        return {}
    return {
        row["hazard_key"]: risk.Field(
            np.array(row["cells"], np.int64), np.array(row["distance_m"]), np.array(row["residents"])
        )
        for row in conn.execute(sql("risk_fields"), {"hazards": keys}).fetchall()
    }


def _put(
    parts: _Parts,
    source: tuple[str, str, str],
    around: risk.Field,
    values: Floats,
    shared: dict[str, Any],
    now: datetime,
) -> None:
    distances, people = around.distance_m.round(1).tolist(), around.residents.tolist()
    for cell, value, distance, residents in zip(around.cells.tolist(), values.tolist(), distances, people, strict=True):
        detail = Jsonb(shared | {"distance_m": distance, "residents": residents})
        parts.rows.append((cell, *source, value, detail, now))


def _write(conn: Connection, parts: _Parts) -> None:
    if not parts.hazards:
        return
    if parts.cleared:
        layers, keys, kinds = (list(column) for column in zip(*sorted(parts.cleared), strict=True))
        conn.execute(sql("risk_clear"), {"layers": layers, "keys": keys, "kinds": kinds})
    with (
        conn.cursor() as cursor,
        cursor.copy("COPY risk_part (cell, source_layer, source_key, kind, value, detail, at) FROM STDIN") as copy,
    ):
        for row in parts.rows:
            copy.write_row(row)
    changelog.log_event(conn, f"heat.{SURFACE}", SURFACE, {"surface": SURFACE, "hazards": len(parts.hazards)})


def cells(conn: Connection, res: int, box: Box | None) -> HeatCells:
    """The score of every cell at `res` that touches the box. A coarser cell has the score of its worst finest cell:

    a mean would wash a dangerous slope out of the small-scale map, and a sum would say that large means dangerous.
    """
    spans = ranges(box, res, RISK_RES) if box else None
    if spans is None:
        finest = heat_cells(conn.execute(sql("risk_cells_all")).fetchall())
    else:
        finest = heat_cells(conn.execute(sql("risk_cells"), {"lo": spans[0], "hi": spans[1]}).fetchall())
    found = finest if res == RISK_RES else HeatCells(*_worst(finest, res))
    return inside(found, box, res) if box else found


def _worst(finest: HeatCells, res: int) -> tuple[Cells, Floats]:
    up, where = np.unique(parents(finest.cells, res), return_inverse=True)
    values = np.zeros(len(up))
    np.maximum.at(values, where, finest.values)
    return up, values


def explain(conn: Connection, cell: int) -> tuple[int | None, list[dict[str, Any]]]:
    """The finest cell that gives a cell its score (None when it has none), and the parts that sum to it."""
    if resolution(cell) < RISK_RES:
        lo, hi = child_range(cell, RISK_RES)
        finest = heat_cells(conn.execute(sql("risk_cells"), {"lo": [lo], "hi": [hi]}).fetchall())
        if not len(finest.cells):
            return None, []
        cell = int(finest.cells[int(np.argmax(finest.values))])
    rows = conn.execute(sql("risk_explain"), {"cell": cell}).fetchall()
    return (cell if rows else None), [dict(row) | {"at": row["at"].isoformat()} for row in rows]
