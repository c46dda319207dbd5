"""A plan in memory as it stands at a version: its coverage, what it comes to, what the rules have against it.

A workspace does not change: an edit gives the next one. Each process keeps those it used last and catches them up from
the log; the log alone is the truth.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any

import shapely

from onemap.core import clock
from onemap.planning import log, rules
from onemap.planning.balance import Balances, Row
from onemap.planning.codes import Labels
from onemap.planning.coverage import Coverage, Delta, FaceId
from onemap.planning.facts import Facts
from onemap.planning.grounds import EDITION_PROPS, coverage_of_edition, database, part_of, unpacked
from onemap.planning.model import Model, model_of
from onemap.store.db import Connection

#: Workspaces and facts kept in a process; the least used go first.
KEEP = 8
KEEP_FACTS = 4
#: Facts older than this are read anew when a plan is opened.
FACTS_S = 900.0
#: A margin around the scope, in degrees (some 200 m): streets beside it are its borders.
_MARGIN = 0.002
#: Less ground than this, in square degrees (a hundredth of a square metre), is the rounding of a corner on a border.
_NOTHING_DEG2 = 1e-12


@dataclass(frozen=True)
class Workspace:
    """One plan at one version. `stamp` is when that version was written."""

    key: str
    version: int
    stamp: datetime | None
    base: Coverage
    edition: str
    cov: Coverage
    facts: Facts
    balances: Balances
    problems: rules.Problems
    namer: Labels
    labels: Mapping[FaceId, str]
    #: Lines of the table of balance: everything (None), and each community.
    rows: Mapping[str | None, Row]
    #: Grids that a screen must be told of besides those of the last delta: their load, label or problems are others.
    told: frozenset[FaceId] = frozenset()
    #: Communities whose line in the table of balance is another than before the last delta; None: everything's.
    lines: frozenset[str | None] = frozenset()

    @property
    def model(self) -> Model:
        """The workload model."""
        return self.facts.model

    def after(self, delta: Delta, version: int, stamp: datetime | None) -> Workspace:
        """The workspace once a delta is applied. Raises Stale when it does not fit."""
        cov = self.cov.copy()
        cov.patch(delta)
        balances = self.balances.update(cov, delta)
        problems = self.problems.update(cov, balances, delta)
        changed = [cov.faces[face] for face in balances.changed if face in cov.faces]
        codes = {face.community for face in (*changed, *delta.faces, *delta.faces_gone)}
        rows = {row.community_code: row for row in balances.rows(code for code in codes if code is not None)}
        lines = frozenset(code for code, row in rows.items() if self.rows.get(code) != row)
        labels, told = self.labels, balances.changed | problems.changed
        if not _same_codes(delta):
            fresh = self.namer.after(cov, delta)
            told |= {face for face, label in fresh.items() if labels.get(face) != label}
            labels = {**labels, **fresh}
        return replace(
            self, version=version, stamp=stamp, cov=cov, balances=balances, problems=problems, labels=labels,
            rows={**self.rows, **rows}, told=told, lines=lines,
        )  # fmt: skip

    def with_facts(self, facts: Facts) -> Workspace:
        """The same plan with other facts."""
        balances = Balances.full(self.cov, facts)
        problems = rules.Problems.full(self.cov, facts, balances, base=self.base)
        return replace(self, facts=facts, balances=balances, problems=problems, rows=_rows(balances))

    def changed(self, faces: Collection[FaceId]) -> set[FaceId]:
        """Those of the grids that are other than in the base edition: their ground or what an edition holds of them."""
        found = {face for face in faces if face not in self.base.faces}
        rest = [face for face in faces if face not in found]
        mine, theirs = self.cov.polygons(rest), self.base.polygons(rest)
        same = shapely.equals_exact(shapely.normalize(mine), shapely.normalize(theirs), 0.0)
        # A corner that a neighbour's border put on this one's changes no ground.
        apart = shapely.area(shapely.symmetric_difference(mine[~same], theirs[~same]))
        same[~same] = apart < _NOTHING_DEG2
        for face, ground in zip(rest, same.tolist(), strict=True):
            now, then = self.cov.faces[face].props, self.base.faces[face].props
            if not ground or any(now.get(name) != then.get(name) for name in EDITION_PROPS):
                found.add(face)
        return found


class Workspaces:
    """The workspaces of one process. `home`: where workload models of its own lie."""

    def __init__(self, home: Path | None = None) -> None:
        self.home = home
        self._lock = Lock()
        self._open: OrderedDict[tuple[object, ...], Workspace] = OrderedDict()
        self._busy: dict[tuple[object, ...], Lock] = {}
        self._facts: OrderedDict[tuple[object, ...], tuple[float, Facts]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._open)

    def get(
        self, conn: Connection, plan: Mapping[str, Any], *, exact: bool = True, stamp: datetime | None = None
    ) -> Workspace:
        """The workspace of a plan's row. Not `exact`: it may be newer than the row, which was read a moment ago.

        `stamp`: when the row's version was written, if the caller knows.
        Raises NotFound, SetupError for a model that cannot be read.
        """
        name = (*database(conn), plan["key"])
        with self._lock:
            busy = self._busy.setdefault(name, Lock())
        with busy:
            found = self._open.get(name)
            if found is None or not self._fits(conn, plan, found, exact, stamp):
                found = self._load(conn, plan)
            elif found.version < plan["version"]:
                found = self._caught_up(conn, plan, found) or self._load(conn, plan)
            if found.model.key != plan["model"]:
                found = found.with_facts(self._facts_of(conn, self.model(plan["model"]), found.base))
            self._put(name, found)
            return found

    def refreshed(self, conn: Connection, plan: Mapping[str, Any]) -> Workspace:
        """As `get`, with facts that are not old."""
        found = self.get(conn, plan, exact=False)
        facts = self._facts_of(conn, self.model(plan["model"]), found.base)
        if facts is found.facts:
            return found
        found = found.with_facts(facts)
        self._put((*database(conn), plan["key"]), found)
        return found

    def peek(self, conn: Connection, plan: Mapping[str, Any]) -> Coverage | None:
        """The coverage of a plan's row, the caller's own, if it is in memory."""
        found = self._open.get((*database(conn), plan["key"]))
        if found is None or found.version != plan["version"] or not self._fits(conn, plan, found, True):
            return None
        return found.cov.copy()

    def model(self, key: str) -> Model:
        """A workload model. Raises NotFound, SetupError."""
        return model_of(self.home, key)

    def keep(self, place: tuple[object, ...], workspace: Workspace) -> None:
        """Remember what a committed edit came to (`place`: its database); else the next one reads it from the log."""
        self._put((*place, workspace.key), workspace)

    def _put(self, name: tuple[object, ...], workspace: Workspace) -> None:
        with self._lock:
            self._open[name] = workspace
            self._open.move_to_end(name)
            while len(self._open) > KEEP:
                gone, _ = self._open.popitem(last=False)
                self._busy.pop(gone, None)

    def _fits(
        self,
        conn: Connection,
        plan: Mapping[str, Any],
        found: Workspace,
        exact: bool,
        stamp: datetime | None = None,
    ) -> bool:
        if found.edition != plan["base"] or (exact and found.version > plan["version"]):
            return False
        if stamp is not None and found.version == plan["version"]:
            return found.stamp == stamp
        return found.version == 0 or log.stamp(conn, plan["key"], found.version) == found.stamp

    def _caught_up(self, conn: Connection, plan: Mapping[str, Any], found: Workspace) -> Workspace | None:
        """What the log adds; None where it replaces the coverage."""
        news = log.entries(conn, plan["key"], after=found.version, upto=plan["version"])
        for entry in news:
            if entry.delta is None:
                return None
            found = found.after(entry.delta, entry.version, entry.at)
        return found

    def _load(self, conn: Connection, plan: Mapping[str, Any]) -> Workspace:
        cov = coverage_at(conn, plan["key"], plan["version"])
        base = base_of(conn, plan)
        facts = self._facts_of(conn, self.model(plan["model"]), base)
        balances = Balances.full(cov, facts)
        problems = rules.Problems.full(cov, facts, balances, base=base)
        stamp = log.stamp(conn, plan["key"], plan["version"])
        namer = Labels(base)
        return Workspace(
            key=plan["key"], version=plan["version"], stamp=stamp, base=base, edition=plan["base"], cov=cov,
            facts=facts, balances=balances, problems=problems, namer=namer, labels=namer.of(cov), rows=_rows(balances),
        )  # fmt: skip

    def _facts_of(self, conn: Connection, model: Model, base: Coverage) -> Facts:
        west, south, east, north = shapely.total_bounds(base.polygons(base.faces))
        bounds = (west - _MARGIN, south - _MARGIN, east + _MARGIN, north + _MARGIN)
        name = (*database(conn), model, bounds)
        with self._lock:
            found = self._facts.get(name)
        if found is not None and time.monotonic() - found[0] < FACTS_S:
            return found[1]
        facts = Facts.load(conn, model, bounds, clock.now())
        with self._lock:
            self._facts[name] = (time.monotonic(), facts)
            self._facts.move_to_end(name)
            while len(self._facts) > KEEP_FACTS:
                self._facts.popitem(last=False)
        return facts


def _rows(balances: Balances) -> dict[str | None, Row]:
    return {row.community_code: row for row in balances.rows()}


def _same_codes(delta: Delta) -> bool:
    """Whether the same grids are there, with the same codes."""
    before = {face.id: face.props.get("code") for face in delta.faces_gone}
    return before == {face.id: face.props.get("code") for face in delta.faces}


def coverage_at(conn: Connection, key: str, version: int) -> Coverage:
    """The coverage of a plan at a version, from its ground and its log alone."""
    start, raw = log.ground(conn, key, version)
    cov = unpacked(raw)
    for entry in log.entries(conn, key, after=start, upto=version):
        if entry.delta is not None:
            cov.patch(entry.delta)
    return cov


def base_of(conn: Connection, plan: Mapping[str, Any]) -> Coverage:
    """The plan's part of the edition that it branches off."""
    whole = coverage_of_edition(conn, plan["base"])
    if plan["scope"] is None:
        return whole
    return part_of(whole, log.scope_of(conn, plan["scope"], None)["communities"], plan["scope"])


#: The workspaces of this process. `use` says where its home is.
workspaces = Workspaces()


def use(home: Path) -> None:
    """Take workload models from a data home as well."""
    workspaces.home = home
