"""Plans: opened, edited, undone, and what state they are in. Every function works in the caller's transaction.

An edit locks the plan's row, is made on the coverage that its planner saw, and fits the plan as it stands now or
clashes with the edit that came between. It is saved when the caller's transaction is committed.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shapely.geometry.base import BaseGeometry

from onemap.core.errors import BadInput, Conflict, NotFound
from onemap.planning import coverage as ops
from onemap.planning import log
from onemap.planning.coverage import Coverage, Delta, Face, FaceId
from onemap.planning.edits import Operation, performed
from onemap.planning.grounds import agree, coverage_of_edition, edition_in_force, packed, part_of
from onemap.planning.log import Entry, New, Step
from onemap.planning.mending import Agreed
from onemap.planning.replay import Clash, effect_of, fitted, net
from onemap.planning.workspace import Workspace, coverage_at, workspaces
from onemap.store.db import Connection
from onemap.store.sqlfile import sql

DEFAULT_MODEL = "standard"
#: Versions between two grounds: about how many deltas a process reads to open a plan.
GROUND_EVERY = 200


@dataclass(frozen=True)
class Done:
    """What an edit came to: the plan's workspace after it, and the difference to what the asker saw."""

    plan: Mapping[str, Any]
    workspace: Workspace
    delta: Delta
    zh: str
    en: str
    #: Whether others had changed the plan since the version that the asker saw.
    behind: bool = False
    #: What the asker's next undo and redo would do, where it is known without asking.
    steps: tuple[Step | None, Step | None] | None = None


# -- plans ----------------------------------------------------------------------------------------------------------


def listed(conn: Connection, *, area: bytes | None = None, limit: int = 500) -> list[dict[str, Any]]:
    """Plans, newest change first, without discarded ones; with an area those whose scope lies in it."""
    return log.rows(conn, area=area, limit=limit)


def plan(conn: Connection, key: str, *, area: bytes | None = None) -> dict[str, Any]:
    """One plan. Raises NotFound."""
    return log.row(conn, key, area=area)


def open_plan(
    conn: Connection,
    name: str,
    by: str,
    *,
    note: str = "",
    base: str | None = None,
    scope: str | None = None,
    area: bytes | None = None,
    model: str = DEFAULT_MODEL,
    agreed: Agreed | None = None,
) -> dict[str, Any]:
    """Open a plan on an edition (None: the one in force), for an area's grids or all. Returns its row.

    Raises NotFound for an edition or scope that is not there or not the asker's; Unmended for an edition whose grids
    overlap or leave gaps while nobody has `agreed` to its repairs, CannotMend where these are no slivers.
    """
    edition = base or edition_in_force(conn)
    found = _scope(conn, scope, area)
    agree(conn, edition, agreed, by, area=area)
    cov = part_of(coverage_of_edition(conn, edition), found and found["communities"], scope)
    key = _insert(conn, name, by, note, edition, scope, found, model)
    log.keep_ground(conn, key, 0, packed(cov))
    return log.row(conn, key)


def copy_plan(
    conn: Connection, other: str, name: str, by: str, *, note: str = "", area: bytes | None = None
) -> dict[str, Any]:
    """Branch a plan off another one, with its log: what both have is not replayed when one is merged into the other."""
    theirs = log.row(conn, other, area=area)
    key = _key()
    for statement in ("plan_copy", "plan_copy_edits", "plan_copy_grounds"):
        conn.execute(sql(statement), {"key": key, "other": theirs["key"], "name": name, "note": note, "by": by})
    log.tell(conn, key, theirs["version"], "state", by)
    return log.row(conn, key)


def import_plan(
    conn: Connection,
    name: str,
    base: str | None,
    faces: Sequence[Face],
    geoms: Sequence[BaseGeometry],
    by: str,
    *,
    note: str = "",
    model: str = DEFAULT_MODEL,
    text: tuple[str, str] = ("导入网格", "Imported grids"),
    scope: str | None = None,
    area: bytes | None = None,
) -> dict[str, Any]:
    """Open a plan whose coverage is that of a file, for an area's grids or all, on an edition (None: in force).

    Raises NotFound as `open_plan`, NotACoverage when the polygons do not match corner by corner.
    """
    edition = base or edition_in_force(conn)
    found = _scope(conn, scope, area)
    start = part_of(coverage_of_edition(conn, edition), found and found["communities"], scope)
    cov = Coverage.from_polygons(faces, geoms)
    key = _insert(conn, name, by, note, edition, scope, found, model)
    log.keep_ground(conn, key, 0, packed(start))
    log.add(conn, log.row(conn, key), New(by, "import", *text, delta=None))
    log.keep_ground(conn, key, 1, packed(cov))
    return log.row(conn, key)


def change(
    conn: Connection,
    key: str,
    by: str,
    *,
    name: str | None = None,
    note: str | None = None,
    model: str | None = None,
    area: bytes | None = None,
) -> dict[str, Any]:
    """Rename a plan, or weigh it by another workload model. Raises NotFound, Conflict (state)."""
    found = log.row(conn, key, area=area, lock=True)
    if found["state"] in ("published", "rolled_back", "discarded"):
        raise Conflict("方案已结束 · The plan is finished.", reason="state")
    if model is not None:
        workspaces.model(model)
    conn.execute(
        "UPDATE plan SET name = coalesce(%s, name), note = coalesce(%s, note), model = coalesce(%s, model), "
        "changed_at = clock_timestamp() WHERE key = %s",
        (name, note, model, key),
    )
    log.tell(conn, key, found["version"], "state", by)
    return log.row(conn, key)


def discard(conn: Connection, key: str, by: str, *, area: bytes | None = None) -> None:
    """Discard a plan that is not in review or published; its history stays. Raises NotFound, Conflict (state)."""
    log.row(conn, key, area=area, lock=True)
    set_state(conn, key, "discarded", by)


#: From which states a plan comes to a state.
_FROM: dict[str, frozenset[str]] = {
    "draft": frozenset({"submitted", "approved", "rolled_back"}),
    "submitted": frozenset({"draft"}),
    "approved": frozenset({"submitted"}),
    "rejected": frozenset({"submitted", "approved"}),
    "published": frozenset({"approved", "rolled_back"}),
    "rolled_back": frozenset({"published"}),
    "discarded": frozenset({"draft"}),
}


def set_state(
    conn: Connection,
    key: str,
    state: str,
    by: str,
    *,
    edition: str | None = None,
    effective_at: datetime | None = None,
) -> dict[str, Any]:
    """Bring a plan to a state and tell the screens: whose right that is, the caller has asked. Returns its row.

    A rejected plan is a draft again, with the decision written on it. `edition` and `effective_at` are kept where
    they are given. Raises NotFound, Conflict (state).
    """
    found = log.row(conn, key, lock=True)
    if found["state"] not in _FROM[state]:
        raise Conflict(
            f"方案现为 {found['state']}，不能改为 {state} · A plan that is {found['state']} cannot become {state}.",
            reason="state",
        )
    asked = {"key": key, "step": state, "state": "draft" if state == "rejected" else state, "by": by}
    conn.execute(sql("plan_state"), {**asked, "edition": edition, "effective_at": effective_at})
    log.tell(conn, key, found["version"], "state", by)
    return log.row(conn, key)


def coverage_of(conn: Connection, key: str) -> Coverage:
    """The plan's own coverage as it stands: the grids of its scope. The caller's own copy."""
    found = log.row(conn, key)
    return workspaces.peek(conn, found) or coverage_at(conn, key, found["version"])


def whole_of(conn: Connection, key: str) -> Coverage:
    """The whole city as it would be: the base edition with the plan's grids in the place of its scope's.

    Where the plan put a corner on the border of its scope, the neighbours beyond share it.
    """
    found = log.row(conn, key)
    mine = coverage_of(conn, key)
    if found["scope"] is None:
        return mine
    whole = coverage_of_edition(conn, found["base"])
    part = part_of(whole, log.scope_of(conn, found["scope"], None)["communities"], found["scope"])
    old, new = sorted(part.faces), sorted(mine.faces)
    open_cov = whole.copy()
    faces = [mine.faces[face] for face in new]
    if {face.id: face for face in faces} != {face: part.faces[face] for face in old} or any(
        part.polygon(face) != mine.polygon(face) for face in old
    ):
        open_cov.patch(ops.replace(whole, old, list(zip(faces, mine.polygons(new), strict=True))))
    return open_cov


def step(conn: Connection) -> int:
    """For the worker: keep the whole coverage of a plan whose log has grown long. Returns how many were kept.

    No edit waits for it, and no edit needs it: what the log says is kept from the first moment.
    """
    found = conn.execute(sql("plan_long"), {"every": GROUND_EVERY}).fetchone()
    if found is None:
        return 0
    log.keep_ground(conn, found["key"], found["version"], packed(coverage_at(conn, found["key"], found["version"])))
    return 1


# -- edits ----------------------------------------------------------------------------------------------------------


def edit(
    conn: Connection,
    key: str,
    version: int,
    operation: Operation,
    by: str,
    *,
    area: bytes | None = None,
    dry: bool = False,
) -> Done:
    """Apply an operation on the version that its planner saw. `dry`: only see what it would do.

    Raises NotFound, Refused and BadInput with the operation's own reason, and Conflict: `conflict` when another has
    changed the same ground or attributes since, `state`, or `reload` when that version is too old.
    """
    found, now = _at_work(conn, key, version, area, lock=not dry)
    _team(conn, operation)
    if version == now.version:
        said = performed(now.cov, now.facts, operation)
        delta, later = said.delta, []
    else:
        later = log.between(conn, key, version, now.version)
        then = now.cov.copy()
        for entry in reversed(later):
            assert entry.delta is not None  # noqa: S101  (`between` gives no other)
            then.patch(entry.delta.reversed())
        said = performed(then, now.facts, operation)
        delta = _fitted(said.delta, now.cov, later, by)
    new = New(by, "edit", said.zh, said.en, delta, str(operation["op"]), dict(operation))
    return _done(conn, found, now, new, later, dry=dry)


def adopt(
    conn: Connection,
    key: str,
    version: int,
    faces: Sequence[FaceId],
    parts: Sequence[tuple[Face, BaseGeometry]],
    text: tuple[str, str],
    by: str,
    *,
    seen: int | None = None,
    area: bytes | None = None,
    dry: bool = False,
) -> Done:
    """Put parts in the place of grids as one edit, on the version that the parts were made for. Raises as `edit`.

    `seen`: the version that the planner's screen shows, when it is another one.
    """
    found, now = _at_work(conn, key, version, area, lock=not dry)
    later = [] if version == now.version else log.between(conn, key, version, now.version)
    then = now.cov.copy()
    for entry in reversed(later):
        assert entry.delta is not None  # noqa: S101
        then.patch(entry.delta.reversed())
    delta = _fitted(ops.replace(then, faces, parts), now.cov, later, by)
    missed = later if seen is None or seen == version else log.between(conn, key, min(seen, now.version), now.version)
    return _done(conn, found, now, New(by, "adopt", *text, delta, "adopt"), missed, dry=dry)


def undo(conn: Connection, key: str, version: int, by: str, *, area: bytes | None = None) -> Done:
    """Undo the planner's last edit that counts.

    Raises NotFound (reason "nothing"), and Conflict when a later edit of another has changed the same ground.
    """
    found, now = _at_work(conn, key, version, area)
    step = log.undoable(conn, key, by)
    if step is None:
        raise NotFound("没有可撤销的修改 · There is nothing of yours to undo.", reason="nothing")
    return _stepped(conn, found, now, version, step, by, "undo")


def redo(conn: Connection, key: str, version: int, by: str, *, area: bytes | None = None) -> Done:
    """Do the planner's last undone edit again. Raises as `undo`."""
    found, now = _at_work(conn, key, version, area)
    step = log.redoable(conn, key, by)
    if step is None:
        raise NotFound("没有可重做的修改 · There is nothing of yours to do again.", reason="nothing")
    return _stepped(conn, found, now, version, step, by, "redo")


def since(conn: Connection, key: str, version: int, *, area: bytes | None = None) -> Done:
    """What has changed since a version. Raises NotFound, Conflict (reload)."""
    found = log.row(conn, key, area=area)
    now = workspaces.get(conn, found, exact=False)
    later = log.between(conn, key, version, now.version)
    last = later[-1] if later else None
    delta = net([entry.delta for entry in later if entry.delta is not None])
    return Done(found, now, delta, last.zh if last else "", last.en if last else "", behind=True)


def steps(conn: Connection, key: str, by: str) -> tuple[Step | None, Step | None]:
    """What an undo and a redo of a planner would do."""
    return log.steps(conn, key, by)


def _stepped(
    conn: Connection, found: Mapping[str, Any], now: Workspace, version: int, step: Step, by: str, kind: str
) -> Done:
    # The delta of the row that last put the edit in or out of force, turned round.
    back = log.delta_of(conn, found["key"], step.applied).reversed()
    later = log.entries(conn, found["key"], after=step.applied, upto=now.version, deltas=False)
    delta = _fitted(back, now.cov, later, by)
    zh, en = ("撤销：", "Undone: ") if kind == "undo" else ("重做：", "Redone: ")
    missed = [] if version == now.version else log.between(conn, found["key"], version, now.version)
    return _done(conn, found, now, New(by, kind, zh + step.zh, en + step.en, delta, of=step.version), missed)


def _at_work(
    conn: Connection, key: str, version: int, area: bytes | None, *, lock: bool = True
) -> tuple[dict[str, Any], Workspace]:
    found, stamp = log.locked(conn, key, area=area) if lock else (log.row(conn, key, area=area), None)
    log.editable(found)
    now = workspaces.get(conn, found, exact=lock, stamp=stamp)
    if version > now.version:
        raise Conflict("版本不存在，请重新载入 · There is no such version: load the plan anew.", reason="reload")
    return found, now


def _fitted(delta: Delta, cov: Coverage, later: Sequence[Entry], by: str) -> Delta:
    """A delta that was made before some later edits, after them. Raises Conflict that says who and what."""
    whole = any(entry.kind in log.WHOLE for entry in later)
    if not whole and delta.touched.isdisjoint(face for entry in later for face in entry.grids):
        return delta  # nothing near it has moved
    try:
        return fitted(effect_of(delta), cov)
    except Clash as clash:
        raise told(clash, later, delta.touched, by) from None


def told(clash: Clash, later: Sequence[Entry], touched: frozenset[FaceId], by: str) -> Conflict:
    """The clash with the edit that it is about: who made it, and what it was."""
    near = set(clash.grids) or touched
    others = [entry for entry in later if entry.by != by] or list(later)
    last = next((entry for entry in reversed(others) if not near.isdisjoint(entry.grids)), None)
    last = last or next((entry for entry in reversed(others) if not touched.isdisjoint(entry.grids)), None)
    if last is None:
        return clash
    clash.message = (
        f"{clash.zh}：{last.by} 在版本 {last.version}「{last.zh}」 · "
        f"{clash.en}: {last.by} at version {last.version}, “{last.en}”."
    )
    clash.args = (clash.message,)
    return clash


def _done(
    conn: Connection,
    found: Mapping[str, Any],
    now: Workspace,
    new: New,
    missed: Sequence[Entry],
    *,
    dry: bool = False,
) -> Done:
    """Write an edit and give what it came to, as the difference to what its planner saw."""
    assert new.delta is not None  # noqa: S101
    steps = None
    if dry:
        after = now.after(new.delta, now.version + 1, None)
    else:
        version, stamp = log.add(conn, found, new)
        after = now.after(new.delta, version, stamp)
        if new.kind in ("edit", "adopt"):  # it is what an undo would undo, and nothing can be done again after it
            steps = (Step(version, version, new.zh, new.en), None)
    delta = net([*(entry.delta for entry in missed if entry.delta is not None), new.delta]) if missed else new.delta
    return Done(found, after, delta, new.zh, new.en, behind=bool(missed), steps=steps)


def _team(conn: Connection, operation: Operation) -> None:
    team = operation.get("team_key")
    if team and conn.execute("SELECT FROM team WHERE key = %s", (team,)).fetchone() is None:
        raise BadInput(f"没有队伍 {team} · There is no team {team}.", reason="team")


def _scope(conn: Connection, scope: str | None, area: bytes | None) -> dict[str, Any] | None:
    if scope is not None:
        return log.scope_of(conn, scope, area)
    if area is not None:
        raise BadInput("请选择辖区内的区划 · Choose an area inside your own.", reason="scope")
    return None


def _insert(
    conn: Connection,
    name: str,
    by: str,
    note: str,
    edition: str,
    scope: str | None,
    found: Mapping[str, Any] | None,
    model: str,
) -> str:
    key = _key()
    conn.execute(
        "INSERT INTO plan (key, name, note, base, scope, scope_name, model, created_by) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        (key, name, note, edition, scope, None if found is None else found["name"], model, by),
    )
    log.tell(conn, key, 0, "state", by)
    return key


def _key() -> str:
    return f"plan-{secrets.token_hex(5)}"
