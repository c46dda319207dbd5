"""Between the database and the engine: fences as rows, movers as rows, what changed, and what the calendar says."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import shapely

from onemap.core.errors import BadInput, NotFound
from onemap.fences import machine, reading
from onemap.fences.absence import Absence, Absences
from onemap.fences.declare import Declared, Source, read
from onemap.fences.engine import Engine
from onemap.fences.ground import ground_of
from onemap.fences.memory import LIMITS_MPS, Array
from onemap.fences.reading import Edit
from onemap.store.db import Connection

#: Movers' kinds and the grid edition are looked at again this often: neither tells of itself in the log.
_REFRESH_S = 60.0


@dataclass
class Result:
    """What is to be written: engine's events and moves, grounds and problems, stages, absences."""

    events: Array
    moves: Array
    grounds: dict[int, tuple[bytes | None, str | None]]
    stages: dict[int, str | None]
    absences: list[Absence]
    gone: list[int]

    @property
    def some(self) -> bool:
        """Whether there is anything."""
        return bool(len(self.events) or len(self.moves) or self.grounds or self.stages or self.absences or self.gone)


@dataclass
class Crew:
    """The engine with the names and calendars of what is in it."""

    engine: Engine
    zone: ZoneInfo
    declared: dict[int, Declared] = field(default_factory=dict)
    stages: dict[int, str] = field(default_factory=dict)  # of fences with a beginning or an end
    movers: dict[str, int] = field(default_factory=dict)  # key → id
    keys: dict[int, str] = field(default_factory=dict)
    absences: Absences = field(default_factory=Absences)
    edition: str | None = None
    _grounds: dict[int, tuple[bytes | None, str | None]] = field(default_factory=dict)
    _stages: dict[int, str | None] = field(default_factory=dict)
    _gone: list[int] = field(default_factory=list)
    _refreshed: float = -math.inf
    # Those of the declared that somebody is due in, and those whose ground comes from what may change.
    _due: dict[int, Declared] = field(default_factory=dict)
    _hanging: dict[int, Declared] = field(default_factory=dict)

    @classmethod
    def load(cls, conn: Connection, zone: ZoneInfo, at: datetime, *, first: bool) -> Crew:
        """Everything as it was committed last; at the first start ever, movers stand where the map shows them."""
        crew = cls(Engine(zone), zone)
        crew.edition = _edition(conn)
        places = reading.mover_rows(conn)
        for row in places:
            crew._mover(row)
        crew.engine.fill(one for rows in reading.every_fence(conn) for one in crew._fences(rows))
        crew.stages = {r["fence_id"]: r["stage"] for r in conn.execute("SELECT * FROM fence_life").fetchall()}
        crew._restore(conn, places if first else ())
        crew.absences.load(conn)
        crew._refreshed = at.timestamp()
        return crew

    def _restore(self, conn: Connection, places: Sequence[dict[str, Any]]) -> None:
        engine = self.engine
        if not engine.limits:
            engine.limit_of(LIMITS_MPS[4])
        known = set()
        for row in conn.execute("SELECT * FROM fence_mover ORDER BY mover_id").fetchall():
            slot = engine.mover_slots.of.get(row["mover_id"])
            if slot is not None and row["limit_mps"] in engine.limits:
                names = ("at_s", "lon", "lat", "altitude_m", "accuracy_m", "run", "doubt_s", "doubt_lon", "doubt_lat")
                values = (*(row[name] for name in names), row["doubt_accuracy_m"])
                engine.seed(row["limit_mps"], slot, row["taken_s"], values)
                known.add(slot)
        for row in places:
            slot = engine.mover_slots.of[row["id"]]
            if slot not in known and row["seen_s"] is not None:
                engine.place(slot, row["seen_s"], row["lon"], row["lat"], row["altitude_m"], row["accuracy_m"])
        for row in conn.execute(
            "SELECT fence_id, mover_id, state, extract(epoch FROM since)::float8 AS since_s FROM fence_state"
        ).fetchall():
            fence, mover = engine.fence_slots.of.get(row["fence_id"]), engine.mover_slots.of.get(row["mover_id"])
            if fence is not None and mover is not None:
                engine.hold(fence, mover, row["state"], row["since_s"])

    # -- what comes in ----------------------------------------------------------------------------------------------

    def fixes(self, conn: Connection, fixes: Array) -> None:
        """Fixes by mover id, in the order of their transactions."""
        if not len(fixes):
            return
        ids, place = np.unique(fixes["mover"], return_inverse=True)
        slots = self.engine.mover_slots.of
        unknown = [one for one in ids.tolist() if one not in slots]
        if unknown:
            for row in reading.mover_rows(conn, unknown):
                self._mover(row)
            still = [one for one in unknown if one not in slots]
            for one in still:
                self.engine.put_mover(one, None)
        fixes = fixes.copy()
        fixes["mover"] = np.array([slots[one] for one in ids.tolist()], np.int64)[place]
        self.engine.take(fixes)

    def edits(self, conn: Connection, edits: Sequence[Edit]) -> None:
        """The edits of one transaction, as the map stands now."""
        changed = {edit.fid: edit for edit in edits if edit.layer == "geofence"}
        rows = {row["id"]: row for row in reading.fence_rows(conn, list(changed))} if changed else {}
        for fid, edit in changed.items():
            if fid in rows:
                self._edited(conn, rows[fid], edit)
            elif fid in self.declared or fid in self.engine.fence_slots.of:
                self._removed(fid)
        touched = [edit for edit in edits if edit.layer != "geofence"]
        if touched:
            self._sources(conn, touched)

    def tick(self, conn: Connection, at: datetime, *, first: bool = False) -> None:
        """What the clock and the calendar say; `first`: nothing was ever followed, so every fence is new."""
        at_s = at.timestamp()
        if first:
            for fid, said in self._hanging.items():
                self._derive(conn, fid, said)
            peopled = self.engine.peopled(at_s)
            for fid, said in self.declared.items():
                self._begin(fid, said, at_s, peopled)
        for fid in list(self.stages):
            self._staged(fid, at, at_s)
        self.engine.tick(at_s)
        self.absences.look(self.engine, self._due, self.movers, at, self.zone)
        if at_s - self._refreshed >= _REFRESH_S:
            self._refreshed = at_s
            self._refresh(conn)

    def given(self) -> Result:
        """What is to be written since the last time."""
        events, moves = self.engine.given()
        result = Result(events, moves, self._grounds, self._stages, self.absences.given(), self._gone)
        self._grounds, self._stages, self._gone = {}, {}, []
        return result

    def key_of(self, mover_id: int) -> str | None:
        """The key of a mover that is known."""
        return self.keys.get(mover_id)

    # -- fences -----------------------------------------------------------------------------------------------------

    def _fences(self, rows: Sequence[dict[str, Any]]) -> list[tuple[int, Declared, Any, int | None]]:
        found = []
        grounds: Any = shapely.from_wkb(np.array([row["wkb"] for row in rows], dtype=object))
        for row, ground in zip(rows, grounds, strict=True):
            said = self._declared(row)
            if said is not None and not row["problem"]:
                found.append((row["id"], said, ground, self._centre(said)))
        return found

    def _declared(self, row: dict[str, Any]) -> Declared | None:
        """The declaration of a row; one that cannot be read is a problem to be written."""
        try:
            said = read(row["spec"])
        except BadInput as error:
            self._know(row["id"], None)
            if row["problem"] != error.message:
                self._grounds[row["id"]] = (None, error.message)
            return None
        self._know(row["id"], said)
        return said

    def _know(self, fid: int, said: Declared | None) -> None:
        for kept, belongs in (
            (self.declared, said is not None),
            (self._due, said is not None and said.due is not None),
            (self._hanging, said is not None and said.source.type not in ("polygon", "cells")),
        ):
            if said is not None and belongs:
                kept[fid] = said
            else:
                kept.pop(fid, None)

    def _centre(self, said: Declared) -> int | None:
        return self.movers.get(str(said.source.key)) if said.source.type == "mover" else None

    def _edited(self, conn: Connection, row: dict[str, Any], edit: Edit) -> None:
        fid, at_s = row["id"], edit.at.timestamp()
        known = fid in self.engine.fence_slots.of
        said = self._declared(row)
        if said is None or row["problem"]:
            if known:
                self.engine.drop_fence(fid)
            return
        slot = self.engine.put_fence(fid, said, shapely.from_wkb(row["wkb"]), self._centre(said))
        if edit.op == "I" and not known:
            # What an import brought as a ground may be older than what its source says.
            if fid in self._hanging:
                self._derive(conn, fid, said)
            self._begin(fid, said, at_s)
            return
        self._stage(fid, said, at_s)
        if said.valid(edit.at):
            self.engine.drawn([slot], at_s)

    def _begin(self, fid: int, said: Declared, at_s: float, peopled: set[int] | None = None) -> None:
        """A fence is new: in force now, or at its time; `peopled`: slots of those that somebody may be in, if known."""
        if self._stage(fid, said, at_s) != "live":
            return
        slot = self.engine.fence_slots.of.get(fid)
        if slot is not None:
            self.engine.say(slot, machine.CREATED, at_s)
            if peopled is None or slot in peopled:
                self.engine.drawn([slot], at_s)

    def _stage(self, fid: int, said: Declared, at_s: float) -> str:
        begin = -math.inf if said.valid_from is None else said.valid_from.timestamp()
        end = math.inf if said.valid_until is None else said.valid_until.timestamp()
        stage = "scheduled" if at_s < begin else "live" if at_s < end else "expired"
        if begin == -math.inf and end == math.inf:
            if self.stages.pop(fid, None) is not None:
                self._stages[fid] = None
        elif self.stages.get(fid) != stage and not (
            stage == "expired" and self.stages.get(fid) in ("live", "scheduled")
        ):
            self.stages[fid] = self._stages[fid] = stage
        return stage

    def _staged(self, fid: int, at: datetime, at_s: float) -> None:
        said, slot, was = self.declared.get(fid), self.engine.fence_slots.of.get(fid), self.stages[fid]
        if said is None or slot is None or was == "expired":
            return
        if said.valid_until is not None and said.valid_until <= at:
            end_s = said.valid_until.timestamp()
            self.engine.say(slot, machine.EXPIRED, end_s)
            self.engine.end(slot)
            self.stages[fid] = self._stages[fid] = "expired"
        elif was == "scheduled" and said.valid(at):
            self.stages[fid] = self._stages[fid] = "live"
            self.engine.say(slot, machine.CREATED, at_s)
            self.engine.drawn([slot], at_s)

    def _removed(self, fid: int) -> None:
        self.engine.drop_fence(fid)
        self._know(fid, None)
        if self.stages.pop(fid, None) is not None:
            self._stages[fid] = None
        self._gone.append(fid)

    # -- what grounds come from -------------------------------------------------------------------------------------

    def _sources(self, conn: Connection, touched: Sequence[Edit]) -> None:
        """Derive the grounds anew whose source was among what changed."""
        keys: dict[str, set[str]] = {}
        for edit in touched:
            keys.setdefault(edit.layer, set()).add(edit.key)
            if edit.layer == "mover" and edit.op == "I":
                for row in reading.mover_rows(conn, [edit.fid]):
                    self._mover(row)
        # A zone says by its own key whose it is only where it is still there: all that hang on zones are looked at.
        for fid, said in list(self._hanging.items()):
            if _hangs(said.source, keys):
                self._derive(conn, fid, said)

    def _derive(self, conn: Connection, fid: int, said: Declared) -> None:
        try:
            ground = ground_of(conn, said.source)
        except (BadInput, NotFound) as error:
            self._grounds[fid] = (None, error.message)
            return
        self._grounds[fid] = (shapely.to_wkb(ground), None)

    def _refresh(self, conn: Connection) -> None:
        for row in reading.mover_rows(conn):
            self._mover(row)
        edition = _edition(conn)
        if edition != self.edition:
            self.edition = edition
            for fid, said in self._hanging.items():
                if said.source.type == "grids":
                    self._derive(conn, fid, said)

    def _mover(self, row: dict[str, Any]) -> None:
        self.movers[row["key"]], self.keys[row["id"]] = row["id"], row["key"]
        self.engine.put_mover(row["id"], row["kind"])
        self.absences.team_of[row["id"]] = row["team_key"]


def _hangs(source: Source, keys: dict[str, set[str]]) -> bool:
    if source.type == "grids":
        codes = {key.rpartition("/")[2] for key in keys.get("grid", ())}
        return not codes.isdisjoint(source.codes)
    if source.type == "hazard_zone":
        return "hazard_zone" in keys
    if source.type == "buffer":
        return str(source.key) in keys.get(str(source.layer), ())
    return source.type == "mover" and str(source.key) in keys.get("mover", ())


def _edition(conn: Connection) -> str | None:
    row = conn.execute("SELECT edition FROM city").fetchone()
    return None if row is None else str(row["edition"])
