"""A plan's edits done again elsewhere: on a newer edition, or on another plan. Whole, or not at all.

Each edit that counts is replayed as what it did. One that does not fit is listed, and so are those that build on it;
nothing is changed while one is left that is not named in `skip`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from onemap.core.errors import BadInput, Conflict
from onemap.core.words import many
from onemap.planning import log
from onemap.planning.coverage import Coverage, Delta
from onemap.planning.grounds import agree, counters, coverage_of_edition, edition_in_force, packed, part_of, remember
from onemap.planning.heirs import Became, became
from onemap.planning.log import Entry, New
from onemap.planning.mending import Agreed
from onemap.planning.replay import Clash, effect_of, fitted, net, newcomers
from onemap.planning.workspace import coverage_at
from onemap.store.db import Connection

_IMPORTED = (
    "导入的网格不能在别的版本上重做",
    "An imported coverage cannot be done again on another edition.",
)


@dataclass(frozen=True)
class Misfit:
    """An edit that does not fit: which, by whom, why, where. `version` is what `skip` names it by.

    `became`: who has the ground of those of its grids that are no more.
    """

    version: int
    entry: Entry
    reason: str
    zh: str
    en: str
    grids: tuple[str, ...]
    where: Any = None
    became: tuple[Became, ...] = ()


@dataclass(frozen=True)
class Replay:
    """What came of it. With misfits nothing was changed, and `version` is None."""

    applied: int
    misfits: tuple[Misfit, ...]
    version: int | None


def rebase(
    conn: Connection,
    key: str,
    version: int,
    by: str,
    *,
    onto: str | None = None,
    skip: Collection[int] = (),
    area: bytes | None = None,
    agreed: Agreed | None = None,
) -> Replay:
    """Replay a plan's edits on another edition (None: the one in force), which becomes its base.

    `agreed`: to the repairs of that edition, where its grids overlap or leave gaps; it is kept, with misfits as well.
    Raises NotFound, Conflict (state, reload, base: it is drawn from that edition already), and for the edition's grids
    as `book.open_plan`.
    """
    found = _locked(conn, key, version, area)
    edition = onto or edition_in_force(conn)
    if edition == found["base"]:
        raise Conflict(f"方案已基于 {edition} · The plan is drawn from {edition} already.", reason="base")
    agree(conn, edition, agreed, by, area=area)
    cov = _start(conn, edition, found["scope"])
    edits = log.effective(log.entries(conn, key))
    kept = [entry for entry in edits if _edit_of(entry) not in skip]
    before = coverage_at(conn, key, found["version"])
    deltas, misfits = _replayed(kept, cov)
    if misfits:
        return Replay(len(deltas), _followed(conn, misfits, found["base"], _start(conn, edition, found["scope"])), None)
    remember(cov, *counters(before))
    conn.execute("UPDATE plan SET base = %s WHERE key = %s", (edition, key))
    dropped = [_edit_of(entry) for entry in edits if entry not in kept]
    log.mark(conn, key, dropped, counts=False, undone=None)
    zh, en = f"变基到 {edition}（{len(deltas)} 处修改）", f"Rebased on {edition} ({many(len(deltas), 'edit')})"
    asked = _asked(onto=edition, skip=dropped)
    new = New(by, "rebase", zh, en, delta=None, operation=asked, dropped=len(dropped))
    moved, _ = log.add(conn, found, new)
    log.keep_ground(conn, key, moved, packed(cov))
    return Replay(len(deltas), (), moved)


def merge(
    conn: Connection,
    key: str,
    version: int,
    other: str,
    by: str,
    *,
    skip: Collection[int] = (),
    area: bytes | None = None,
) -> Replay:
    """Replay what another plan of the same base has done, as one edit that can be undone.

    Of plans that were branched off one another, only what came after is replayed; of one that was merged before, in
    either direction, only what came after that. Raises NotFound, BadInput, Conflict.
    """
    found = _locked(conn, key, version, area)
    theirs = log.row(conn, other, area=area)
    if theirs["key"] == key:
        raise BadInput("不能与自身合并 · A plan cannot be merged into itself.", reason="other")
    if theirs["base"] != found["base"]:
        raise Conflict(
            "两个方案的基础版本不同，请先变基 · The plans have different bases: rebase one first.", reason="base"
        )
    if found["scope"] is not None and theirs["scope"] != found["scope"]:
        raise Conflict("两个方案的范围不同 · The plans are about different areas.", reason="scope")
    mine, others = log.entries(conn, key, deltas=False), log.entries(conn, other)
    past = _Past.of(key, mine, other, others)
    news = [entry for entry in _news(mine, others, past) if _edit_of(entry) not in skip]
    cov = coverage_at(conn, key, found["version"])
    names = dict(past.names)
    deltas, misfits = _replayed(news, cov, names)
    if misfits:
        return Replay(len(deltas), _followed(conn, misfits, found["base"], cov), None)
    if not deltas:
        raise Conflict("对方没有新的修改 · The other plan has nothing that this one lacks.", reason="nothing")
    zh = f"合并方案「{theirs['name']}」（{len(deltas)} 处修改）"
    en = f"Merged plan “{theirs['name']}” ({many(len(deltas), 'edit')})"
    fresh = {there: here for there, here in names.items() if past.names.get(there) != here}
    asked = _asked(other=other, upto=theirs["version"], skip=sorted(skip), names=fresh)
    moved, _ = log.add(conn, found, New(by, "merge", zh, en, net(deltas), operation=asked))
    return Replay(len(deltas), (), moved)


def _replayed(
    edits: Sequence[Entry], cov: Coverage, names: dict[str, str] | None = None
) -> tuple[list[Delta], list[Misfit]]:
    """Do edits again on a coverage, in order; those that do not fit are left out and told.

    `names`: of edits of another plan, what grids of theirs are called here; grids that they make are added.
    """
    foreign = names is not None
    names = {} if names is None else names
    deltas: list[Delta] = []
    misfits: list[Misfit] = []
    for entry in edits:
        if entry.delta is None:
            misfits.append(Misfit(_edit_of(entry), entry, "import", *_IMPORTED, ()))
            continue
        effect = effect_of(entry.delta)
        new = newcomers(effect, cov) if foreign else {}
        try:
            delta = fitted(effect, cov, {**names, **new})
        except Clash as clash:
            there = {here: theirs for theirs, here in {**names, **new}.items()}
            grids = tuple(there.get(face, face) for face in clash.grids)
            misfits.append(Misfit(_edit_of(entry), entry, clash.because, clash.zh, clash.en, grids, clash.where))
            continue
        names |= new
        cov.patch(delta)
        deltas.append(delta)
    return deltas, misfits


def _start(conn: Connection, edition: str, scope: str | None) -> Coverage:
    """The grids of an edition that a plan of that scope is about."""
    cov = coverage_of_edition(conn, edition)
    return cov if scope is None else part_of(cov, log.scope_of(conn, scope, None)["communities"], scope)


def _followed(conn: Connection, misfits: Sequence[Misfit], base: str, after: Coverage) -> tuple[Misfit, ...]:
    """Misfits with what became of grids of the base that are no more."""
    if all(one.reason != "gone" for one in misfits):
        return tuple(misfits)
    before = coverage_of_edition(conn, base)
    return tuple(replace(one, became=became(before, after, one.grids)) for one in misfits)


@dataclass(frozen=True)
class _Past:
    """What two plans have of each other already by earlier merges that count.

    `upto`: the other's version that was merged last, `skip` its edits that were left out then, `back` the versions of
    the other's own merges of this one, `names` what grids of the other that are new are called here.
    """

    upto: int
    skip: frozenset[int]
    back: frozenset[int]
    names: Mapping[str, str]

    @classmethod
    def of(cls, key: str, mine: Sequence[Entry], other: str, others: Sequence[Entry]) -> _Past:
        """The merges between two plans."""
        here, there = _merges_of(mine, other), _merges_of(others, key)
        names: dict[str, str] = {}
        for asked in there.values():
            names |= {ours: theirs for theirs, ours in asked.get("names", {}).items()}
        for asked in here.values():
            names |= asked.get("names", {})
        return cls(
            max((int(asked["upto"]) for asked in here.values()), default=0),
            frozenset(int(edit) for asked in here.values() for edit in asked["skip"]),
            frozenset(there),
            names,
        )


def _merges_of(entries: Sequence[Entry], other: str) -> dict[int, Mapping[str, Any]]:
    """What was asked for in the merges of another plan that count, by version."""
    return {
        one.version: one.operation
        for one in entries
        if one.kind == "merge" and one.counts and one.operation is not None and one.operation.get("other") == other
    }


def _news(mine: Sequence[Entry], others: Sequence[Entry], merged: _Past) -> list[Entry]:
    """Rows of another log that say, done in order, what that plan did and this one does not have of it.

    Rows that both logs have (one was copied from the other) are the same edit by version and time; what was merged
    before is had, and what was left out then stays out.
    """
    common = {(entry.version, entry.at) for entry in mine}
    past = [entry for entry in others if (entry.version, entry.at) in common or entry.version <= merged.upto]
    fork = max((entry.version for entry in past), default=0)
    counted = _counting(past) - merged.skip
    left = merged.skip | merged.back
    found = []
    for entry in log.effective(others):
        if (_edit_of(entry) > fork or _edit_of(entry) not in counted) and _edit_of(entry) not in left:
            found.append(entry)
    undone = {entry.version: entry.undone for entry in others if entry.undone is not None}
    by_version = {entry.version: entry for entry in others}
    found += [by_version[row] for edit, row in undone.items() if edit in counted - left and row > fork]
    return sorted(found, key=lambda entry: entry.version)


def _counting(entries: Sequence[Entry]) -> set[int]:
    """Versions of the edits that counted after these rows."""
    found: set[int] = set()
    for entry in entries:
        if entry.kind in ("edit", "adopt", "merge", "import"):
            found.add(entry.version)
        elif entry.kind == "undo" and entry.of is not None:
            found.discard(entry.of)
        elif entry.kind == "redo" and entry.of is not None:
            found.add(entry.of)
    return found


def _locked(conn: Connection, key: str, version: int, area: bytes | None) -> dict[str, Any]:
    found = log.row(conn, key, area=area, lock=True)
    log.editable(found)
    if version != found["version"]:
        raise Conflict("方案已有新的修改，请重新载入 · The plan has moved on: load it anew.", reason="reload")
    return found


def _edit_of(entry: Entry) -> int:
    """The version of the edit that a row put in force."""
    return entry.version if entry.of is None else entry.of


def _asked(**values: Any) -> Mapping[str, Any]:
    return {name: list(value) if isinstance(value, list | tuple) else value for name, value in values.items()}
