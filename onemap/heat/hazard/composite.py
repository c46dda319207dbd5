"""The risk surfaces in the database: what a change concerns is computed anew, chunk by chunk, and nothing else.

Two lanes. Near: a hazard point, zone, building, camera or incident that changed, a reading that moved its factor: the
chunks around it. Wide: the hour, the teams, the rain, the terrain, the declarations: every chunk. What is wide is kept
with the scores (`risk_state`), and near work uses it as kept: so all chunks always stand on one state of the city.

All is read and computed before the first row is written: an open writing transaction holds up every follower of the
log. Two workers cannot both write: log position and version must still be where this one found them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from psycopg.types.json import Jsonb

from onemap.core.cell import Cells, Floats, parents
from onemap.heat.hazard import inputs, risk, score
from onemap.heat.hazard.chunk import CHUNK_RES, RISK_RES, Box, Row, chunks_near, rows
from onemap.heat.hazard.declared import Combined, Declared, Hazard, IncidentsTerm, RainTerm, declared
from onemap.heat.hazard.inputs import Exceeded, Rain
from onemap.heat.hazard.score import LEAST_SCORE, PART, Parts
from onemap.heat.window import HeatCells, inside, ranges
from onemap.store import changelog
from onemap.store.changelog import Change, Position
from onemap.store.db import Connection
from onemap.store.sqlfile import sql

CONSUMER = "risk"
_READ = 10_000
#: Chunks computed at once: bounds the memory of a whole city.
_BATCH = 128
#: Past this many changed boxes everything is computed anew: finding out which chunks they concern costs more.
_MANY = 2000
#: Rain and teams are looked at this often, and what is wide waits at most so long behind what is near.
WIDE_EVERY_S, WIDE_WAITS_S = 60.0, 10.0
#: Hours whose scores are kept, to say what changed since yesterday.
KEPT_H = 26
#: From the centre of a cell to its corners, with some to spare: a building counts in the cell that it stands in.
_CELL_M = 45.0
Key = tuple[str, int, str, str]
#: What a sensor adds, what it says (its ratio to the limit, in steps), and the place.
Added = tuple[float, float, Box]


@dataclass(frozen=True)
class State:
    """What the scores stand on: version, inputs as kept, and when these were read. No inputs: never computed."""

    version: int
    inputs: Mapping[str, Any]
    at: datetime | None


@dataclass
class _Work:
    """What is to be computed: chunks by surface."""

    chunks: dict[str, set[int]] = field(default_factory=dict)

    def add(self, surfaces: Iterable[str], chunks: set[int]) -> None:
        """Note chunks for some surfaces."""
        if chunks:
            for surface in surfaces:
                self.chunks.setdefault(surface, set()).update(chunks)


@dataclass
class _Touched:
    """What the changes read concern."""

    boxes: dict[str, list[Box]] = field(default_factory=dict)
    hazards: set[str] = field(default_factory=set)
    zones: set[str] = field(default_factory=set)
    many: bool = False


@dataclass(frozen=True)
class _Wide:
    """A new state of the city, and the surfaces that it concerns."""

    inputs: Mapping[str, Any]
    surfaces: frozenset[str]
    turned: bool  # an hour ended
    rain: Rain


_LAYERS = ("hazard", "hazard_zone", "building", "camera", "incident")


def refresh(conn: Connection, now: datetime) -> int:
    """Recompute what changed since the last time; returns the number of chunks looked at, 0 at rest."""
    with conn.transaction():
        return _refresh(conn, now, everything=False)


def rebuild(conn: Connection, now: datetime) -> int:
    """Compute everything anew; returns the number of chunks of the risk surfaces."""
    with conn.transaction():
        changelog.consumer_position(conn, CONSUMER)  # its lock keeps the follower away
        for table in ("risk_chunk", "risk_excess", "risk_rain"):
            conn.execute(f"DELETE FROM {table}")  # noqa: S608  (names from the line above)
        return _refresh(conn, now, everything=True)


def _refresh(conn: Connection, now: datetime, *, everything: bool) -> int:
    told = declared()
    start, state = _position(conn), _state(conn)
    everything = everything or state.at is None
    at, touched = (changelog.head(conn), _Touched()) if everything else _read(conn, start)
    found = inputs.exceeded(conn, told, now)
    excess, moved = _excess_rows(conn, told, found)
    work = _Work()
    _near(conn, told, work, touched, moved, excess)
    wide = _wide(conn, told, state, now, everything=everything or touched.many, busy=bool(work.chunks))
    if wide is not None:
        work.add(wide.surfaces, inputs.domain(conn, told, now))
    if not work.chunks and not moved and wide is None and at == start:
        return 0
    held = wide.inputs if wide is not None else state.inputs
    made = _compute(conn, told, work, held, found)
    if changelog.consumer_position(conn, CONSUMER) != start or _state(conn).version != state.version:
        return 0  # another worker was quicker
    if work.chunks or moved or wide is not None:
        _write(conn, told, made, now, wide, state)
        _write_excess(conn, excess, moved)
        version = {"version": state.version + 1, "inputs": Jsonb(held), "at": now if wide is not None else state.at}
        conn.execute(sql("risk_state_write"), version)
    changelog.advance(conn, CONSUMER, max(at, start))
    return len({chunk for chunks in work.chunks.values() for chunk in chunks})


def _position(conn: Connection) -> Position:
    row = conn.execute("SELECT xid::text::bigint AS xid, seq FROM consumer WHERE name = %s", (CONSUMER,)).fetchone()
    return Position(row["xid"], row["seq"]) if row else Position(0, 0)


def _state(conn: Connection) -> State:
    row = conn.execute(sql("risk_state")).fetchone()
    return State(row["version"], row["inputs"], row["at"]) if row else State(0, {}, None)


# -- what there is to do ----------------------------------------------------------------------------------------------


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
    # Sensors, teams and gauges need no entry: how they stand is compared with how they stood.
    if change.layer not in _LAYERS or change.key is None or change.bbox is None or touched.many:
        return
    boxes = touched.boxes.setdefault(change.layer, [])
    boxes.append(change.bbox)
    if change.layer == "hazard":
        touched.hazards.add(change.key)
    elif change.layer == "hazard_zone":
        touched.zones.add(change.key)
    touched.many = len(boxes) > _MANY


def _near(
    conn: Connection,
    told: Declared,
    work: _Work,
    touched: _Touched,
    moved: Mapping[Key, Added | None],
    excess: Mapping[Key, Added],
) -> None:
    """The chunks around what changed."""
    if touched.zones:
        owners = conn.execute(sql("risk_zone_owners"), {"zones": sorted(touched.zones)}).fetchall()
        touched.hazards.update(row["key"] for row in owners if row["key"])
    boxes = [*touched.boxes.get("hazard", []), *touched.boxes.get("hazard_zone", [])]
    boxes += _places(conn, touched.hazards).values()
    pointed = [hazard.name for hazard in told.hazards if inputs.has_points(hazard)]
    work.add(pointed, chunks_near(boxes, inputs.reach_m(told, "points", "sensors")))
    work.add([hazard.name for hazard in told.hazards], chunks_near(touched.boxes.get("building", []), _CELL_M))
    watched = [hazard.name for hazard in told.hazards if hazard.coping.unseen]
    work.add(watched, chunks_near(touched.boxes.get("camera", []), score.CAMERA_MAX_M + 50.0))
    counted = [hazard.name for hazard in told.hazards if any(isinstance(t, IncidentsTerm) for t in hazard.terms)]
    work.add(counted, chunks_near(touched.boxes.get("incident", []), inputs.reach_m(told, "incidents")))
    for key, old in moved.items():
        around = [added[2] for added in (old, excess.get(key)) if added is not None]
        work.add([key[0]], chunks_near(around, inputs.reach_m(told, "sensors")))


def _places(conn: Connection, hazards: Iterable[str]) -> dict[str, Box]:
    keys = sorted(hazards)
    if not keys:
        return {}
    found = conn.execute(sql("risk_places"), {"keys": keys}).fetchall()
    return {row["key"]: (row["west"], row["south"], row["east"], row["north"]) for row in found}


def _excess_rows(conn: Connection, told: Declared, found: Exceeded) -> tuple[dict[Key, Added], dict[Key, Added | None]]:
    """What the sensors add now, and which of it is new or gone: with what it was."""
    wanted = {
        (surface, term, *pair): entry
        for surface, terms in found.found.items()
        for term, entries in terms.items()
        for pair, entry in entries.items()
    }
    kept: dict[Key, Added] = {
        (row["surface"], row["term"], row["hazard_key"], row["sensor_key"]): (
            row["factor"], row["said"], (row["west"], row["south"], row["east"], row["north"]),
        )
        for row in conn.execute(sql("risk_excess")).fetchall()
    }  # fmt: skip
    places = _places(conn, {key[2] for key in wanted if key[2]})
    now: dict[Key, Added] = {}
    for key, entry in wanted.items():
        probe = found.probes.get(key[3])
        own = None if key[2] or probe is None else (probe.lon, probe.lat, probe.lon, probe.lat)
        place = own or places.get(key[2])
        if place is not None:
            now[key] = (entry.factor, entry.said, place)
    moved = {key: kept.get(key) for key in now.keys() | kept.keys() if now.get(key) != kept.get(key)}
    return now, moved


def _wide(
    conn: Connection, told: Declared, state: State, now: datetime, *, everything: bool, busy: bool
) -> _Wide | None:
    """The city's new state, when it is time to look at it and something of it is new."""
    hour = inputs.hour_of(now)
    since = state.at or now
    turned = bool(state.inputs) and hour != state.inputs["hour"]
    due = turned or now - since >= timedelta(seconds=WIDE_EVERY_S) or now < since
    begun = inputs.at_hour(hour) if turned else since + timedelta(seconds=WIDE_EVERY_S)
    fresh = not state.inputs or state.inputs["declared"] != told.digest
    if not (everything or fresh) and (not due or (busy and now - begun < timedelta(seconds=WIDE_WAITS_S))):
        return None
    new = everything or fresh or state.at is None
    rain = inputs.rain(conn, told, now, since_h=None if new else inputs.LATE_H if turned else 2)
    held = {
        "declared": told.digest, "zone": told.zone, "hour": hour, "terrain": inputs.terrain_version(conn),
        "teams": inputs.teams(conn), "gauges": rain.gauges,
    }  # fmt: skip
    return _Wide(held, frozenset(_concerned(told, state.inputs, held, everything=new)), turned, rain)


def _concerned(told: Declared, old: Mapping[str, Any], new: Mapping[str, Any], *, everything: bool) -> set[str]:
    """The hazards that a new state of the city changes everywhere."""
    every = {hazard.name for hazard in told.hazards}
    if everything or any(old[name] != new[name] for name in ("hour", "terrain", "declared")):
        return every
    found: set[str] = set()
    for hazard in told.hazards:
        kinds = hazard.coping.teams
        ours = [[team for team in state["teams"] if not kinds or team[1] in kinds] for state in (old, new)]
        if hazard.coping.far and ours[0] != ours[1]:
            found.add(hazard.name)
        wet = [{g["key"]: (g["lon"], g["lat"], g["api_mm"].get(hazard.name)) for g in s["gauges"]} for s in (old, new)]
        if any(isinstance(term, RainTerm) for term in hazard.terms) and wet[0] != wet[1]:
            found.add(hazard.name)
    return found


# -- computing --------------------------------------------------------------------------------------------------------


@dataclass
class _Made:
    """Rows made, and rows that are no more, by surface and chunk."""

    rows: dict[tuple[str, int], Row] = field(default_factory=dict)
    gone: set[tuple[str, int]] = field(default_factory=set)


def _compute(conn: Connection, told: Declared, work: _Work, held: Mapping[str, Any], found: Exceeded) -> _Made:
    made = _Made()
    if not work.chunks:
        return made
    city = inputs.city_of(held)
    every = sorted({chunk for chunks in work.chunks.values() for chunk in chunks})
    for begin in range(0, len(every), _BATCH):
        batch = every[begin : begin + _BATCH]
        ground = inputs.ground(conn, told, batch, city.hour, found.probes)
        for hazard in told.hazards:
            ours = [chunk for chunk in batch if chunk in work.chunks.get(hazard.name, ())]
            if not ours:
                continue
            parts = score.hazard(hazard, ground, city, found.found.get(hazard.name, {}))
            factors = score.factors(hazard, told.exposure, ground, city)
            cut = rows(ours, ground.cells, parts, factors, LEAST_SCORE)
            made.rows.update({(hazard.name, chunk): row for chunk, row in cut.items()})
            made.gone.update((hazard.name, chunk) for chunk in ours if chunk not in cut)
        _combine(conn, told, work, batch, made)
    return made


def _combine(conn: Connection, told: Declared, work: _Work, batch: Sequence[int], made: _Made) -> None:
    """The combined surfaces of the chunks of a batch of which any member was computed."""
    for surface in told.combined:
        ours = [chunk for chunk in batch if any(chunk in work.chunks.get(member, ()) for member in surface.of)]
        kept = _kept_scores(conn, surface, ours, made)
        for chunk in ours:
            members = {
                name: (row.cells, row.score)
                for name in surface.of
                if (row := made.rows.get((name, chunk), kept.get((name, chunk)))) is not None
            }
            row = combined(surface, members)
            if row is None:
                made.gone.add((surface.name, chunk))
            else:
                made.rows[surface.name, chunk] = row


def _kept_scores(conn: Connection, surface: Combined, chunks: list[int], made: _Made) -> dict[tuple[str, int], Row]:
    missing = [
        name for name in surface.of
        if any((name, chunk) not in made.rows and (name, chunk) not in made.gone for chunk in chunks)
    ]  # fmt: skip
    if not missing:
        return {}
    found = conn.execute(sql("risk_scores"), {"chunks": chunks, "surfaces": missing}).fetchall()
    empty = np.zeros((3, 0))
    return {
        (row["surface"], row["chunk"]): Row(
            np.array(row["cells"], np.int64), np.array(row["score"]), empty, [], np.zeros(0, PART)
        )
        for row in found
        if (row["surface"], row["chunk"]) not in made.gone
    }


def combined(surface: Combined, members: Mapping[str, tuple[Cells, Floats]]) -> Row | None:
    """Several hazards' cells and scores as one row without parts of its own; None when nothing is there."""
    if not members:
        return None
    cells = np.unique(np.concatenate([cells for cells, _ in members.values()]))
    weighted = weighted_scores(surface, members, cells)
    value, _ = risk.combine(surface.rule, weighted, surface.full)
    kept = value >= LEAST_SCORE
    return Row(cells[kept], value[kept], np.zeros((3, 0)), [], np.zeros(0, PART)) if kept.any() else None


def weighted_scores(surface: Combined, members: Mapping[str, tuple[Cells, Floats]], cells: Cells) -> Floats:
    """The members' scores times their weights on some cells, shape (members of the surface, cells)."""
    weighted = np.zeros((len(surface.of), len(cells)))
    for index, (name, weight) in enumerate(surface.of.items()):
        if name in members:
            own, values = members[name]
            common, here, there = np.intersect1d(cells, own, assume_unique=True, return_indices=True)
            del common
            weighted[index, here] = weight * values[there]
    return weighted


# -- writing ----------------------------------------------------------------------------------------------------------


def _write(conn: Connection, told: Declared, made: _Made, now: datetime, wide: _Wide | None, state: State) -> None:
    surfaces = [surface.name for surface in told.surfaces]
    keys = made.rows.keys() | made.gone
    asked = {"chunks": sorted({chunk for _, chunk in keys}), "surfaces": surfaces}
    stored = {
        (row["surface"], row["chunk"]): bytes(row["digest"])
        for row in conn.execute(sql("risk_digests"), asked).fetchall()
    }
    if wide is not None:
        _turn(conn, told, wide, state)
    gone = sorted(made.gone & stored.keys())
    if wide is not None and state.inputs.get("declared") != told.digest:
        _forget(conn, surfaces)
    if gone:
        columns = {"surfaces": [surface for surface, _ in gone], "chunks": [chunk for _, chunk in gone]}
        conn.execute(sql("risk_chunk_clear"), columns)
    written = []
    for key, row in sorted(made.rows.items()):
        digest = digest_of(row)
        if stored.get(key) != digest:
            written.append(_columns(*key, row, digest, now))
    if written:
        with conn.cursor() as cursor:
            cursor.executemany(sql("risk_chunk_write"), written)
    changed = sorted({surface for surface, _ in gone} | {str(row["surface"]) for row in written})
    for name in changed:
        changelog.log_event(conn, f"heat.{name}", name, {"surface": name})


def _turn(conn: Connection, told: Declared, wide: _Wide, state: State) -> None:
    """Rain of the hours added up; and at the turn of an hour what the last one ended with."""
    if wide.rain.added:
        sensors, hours, mm = (list(column) for column in zip(*wide.rain.added, strict=True))
        conn.execute(sql("risk_rain_write"), {"sensors": sensors, "hours": hours, "mm": mm})
    if not wide.turned:
        return
    ended, hour = inputs.at_hour(state.inputs["hour"]), inputs.at_hour(wide.inputs["hour"])
    conn.execute(sql("risk_past_take"), {"hour": ended, "surfaces": [hazard.name for hazard in told.hazards]})
    conn.execute("DELETE FROM risk_past WHERE hour < %s", (hour - timedelta(hours=KEPT_H),))
    conn.execute("DELETE FROM risk_rain WHERE hour < %s", (hour - timedelta(days=31),))


def _forget(conn: Connection, surfaces: list[str]) -> None:
    """What is declared no longer goes."""
    for table in ("risk_chunk", "risk_past", "risk_excess"):
        conn.execute(f"DELETE FROM {table} WHERE NOT surface = ANY(%s)", (surfaces,))  # noqa: S608


def digest_of(row: Row) -> bytes:
    """Tells a row from one that says anything else."""
    taken = hashlib.blake2b(digest_size=16)
    for piece in (row.cells, row.score, row.factors, row.parts):
        taken.update(np.ascontiguousarray(piece).tobytes())
        taken.update(b"|")
    taken.update(json.dumps(row.sources, sort_keys=True).encode())
    return taken.digest()


def _columns(surface: str, chunk: int, row: Row, digest: bytes, now: datetime) -> dict[str, Any]:
    return {
        "surface": surface, "chunk": chunk, "cells": row.cells.tolist(), "score": row.score.tolist(),
        "factors": row.factors.tobytes(), "sources": Jsonb(row.sources), "parts": row.parts.tobytes(),
        "worst": float(row.score.max()), "digest": digest, "at": now,
    }  # fmt: skip


def _write_excess(conn: Connection, excess: Mapping[Key, Added], moved: Mapping[Key, Added | None]) -> None:
    names = ["surface", "term", "hazard_key", "sensor_key", "factor", "said", "west", "south", "east", "north"]
    gone = [key for key in sorted(moved) if key not in excess]
    if gone:
        conn.execute(sql("risk_excess_clear"), dict(zip(names[:4], map(list, zip(*gone, strict=True)), strict=True)))
    put = [(*key, *excess[key][:2], *excess[key][2]) for key in sorted(moved) if key in excess]
    if put:
        conn.execute(sql("risk_excess_write"), dict(zip(names, map(list, zip(*put, strict=True)), strict=True)))


# -- reading ----------------------------------------------------------------------------------------------------------


def cells(conn: Connection, surface: str, res: int, box: Box | None) -> HeatCells:
    """The score of every cell at `res` (at most the finest) that touches the box.

    A coarser cell has the score of its worst finest cell: a mean would wash a dangerous slope out of the small-scale
    map, and a sum would say that large means dangerous.
    """
    spans = ranges(box, min(res, CHUNK_RES), CHUNK_RES) if box else None
    lo, hi = spans if spans is not None else ([0], [2**62])
    name = "risk_worst" if res <= CHUNK_RES else "risk_cells"
    found = conn.execute(sql(name), {"surface": surface, "lo": lo, "hi": hi}, binary=True).fetchall()
    if res <= CHUNK_RES:
        finest = HeatCells(
            np.array([row["cell"] for row in found], np.int64), np.array([row["value"] for row in found], np.float64)
        )
    else:
        finest = HeatCells(
            np.concatenate([np.zeros(0, np.int64), *(np.array(row["cells"], np.int64) for row in found)]),
            np.concatenate([np.zeros(0), *(np.array(row["score"], np.float64) for row in found)]),
        )
    coarse = finest if res >= RISK_RES else HeatCells(*_worst(finest, res))
    return inside(coarse, box, min(res, RISK_RES)) if box else coarse


def _worst(finest: HeatCells, res: int) -> tuple[Cells, Floats]:
    up, where = np.unique(parents(finest.cells, res), return_inverse=True)
    values = np.zeros(len(up))
    np.maximum.at(values, where, finest.values)
    return up, values


def members(told: Declared, surface: str) -> list[Hazard]:
    """The hazards that a surface is made of, in its order. Raises KeyError."""
    found = told.surface(surface)
    if isinstance(found, Combined):
        by_name = {hazard.name: hazard for hazard in told.hazards}
        return [by_name[name] for name in found.of]
    return [found]


__all__ = ["CONSUMER", "Parts", "cells", "combined", "members", "rebuild", "refresh", "weighted_scores"]
