"""Who has to be inside a fence and is not: once for each window of its duty, after the grace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from onemap.fences.declare import Declared, window_start
from onemap.fences.engine import Engine
from onemap.store.db import Connection


@dataclass(frozen=True)
class Absence:
    """`who` (mover:<key> or team:<key>) is away since then, in a window of its duty; `told` when that was said."""

    fence: int
    who: str
    window: datetime
    since: datetime
    told: datetime | None = None
    back: bool = False


@dataclass
class Absences:
    """The present window of everybody who is due."""

    team_of: dict[int, str | None] = field(default_factory=dict)
    _away: dict[tuple[int, str], Absence] = field(default_factory=dict)
    _there: dict[tuple[int, str], datetime] = field(default_factory=dict)  # seen inside in this window
    _changed: list[Absence] = field(default_factory=list)

    def load(self, conn: Connection) -> None:
        """What was written."""
        for row in conn.execute("SELECT * FROM fence_absence ORDER BY window_at").fetchall():
            key = (row["fence_id"], row["who"])
            self._away[key] = Absence(*key, row["window_at"], row["since"], row["told_at"])

    def look(
        self, engine: Engine, declared: Mapping[int, Declared], movers: Mapping[str, int], at: datetime, zone: ZoneInfo
    ) -> None:
        """Compare who is due now with who is there."""
        for fid, said in declared.items():
            slot = engine.fence_slots.of.get(fid)
            if said.due is None or slot is None or not said.valid(at):
                continue
            window = window_start(said.due.week, at, zone)
            if window is None:
                continue
            inside = engine.inside(slot)
            teams = {self.team_of.get(one) for one in inside}
            there = {f"mover:{key}": movers.get(key) in inside for key in said.due.movers}
            there |= {f"team:{key}": key in teams for key in said.due.teams}
            for who, present in there.items():
                self._weigh(fid, who, window, at, timedelta(seconds=said.due.grace_s), present=present)

    def _weigh(self, fid: int, who: str, window: datetime, at: datetime, grace: timedelta, *, present: bool) -> None:
        key = (fid, who)
        away = self._away.get(key)
        if away is not None and away.window != window:
            away = None
        if present:
            self._there[key] = window
            if away is not None and not away.back:
                self._put(replace(away, back=True))
            return
        if away is None:
            since = at if self._there.get(key) == window else window
            away = self._put(Absence(fid, who, window, since))
        elif away.back:
            away = self._put(replace(away, since=at, back=False))
        if away.told is None and at - away.since >= grace:
            self._put(replace(away, told=at))

    def _put(self, absence: Absence) -> Absence:
        self._away[(absence.fence, absence.who)] = absence
        self._changed.append(absence)
        return absence

    def given(self) -> list[Absence]:
        """What changed since the last time, the last word on each."""
        last = {(one.fence, one.who, one.window): one for one in self._changed}
        self._changed = []
        return list(last.values())
