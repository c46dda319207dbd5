"""A plan's row and its log in the database: read and written here alone, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from onemap.core.errors import Conflict, NotFound
from onemap.planning.coverage import Delta, FaceId
from onemap.store import changelog
from onemap.store.db import Connection
from onemap.store.sqlfile import sql

#: Rows that replace the whole coverage: arcs have other numbers after them.
WHOLE = frozenset({"rebase", "import"})
#: How long an edit waits for another one of the same plan.
LOCK_S = 5
#: Deltas that are read at once: a screen that is further behind loads the map anew.
MOST_BETWEEN = 500


@dataclass(frozen=True)
class Entry:
    """A row of the log. `delta` is None where the coverage was replaced."""

    version: int
    at: datetime
    by: str
    kind: str
    op: str | None
    operation: Mapping[str, Any] | None
    zh: str
    en: str
    grids: tuple[FaceId, ...]
    counts: bool
    of: int | None
    undone: int | None
    delta: Delta | None


@dataclass(frozen=True)
class Step:
    """An edit that can be undone or done again: its version, what it says, and the row that was last applied of it."""

    version: int
    applied: int
    zh: str
    en: str


@dataclass(frozen=True)
class New:
    """What an edit adds to the log."""

    by: str
    kind: str
    zh: str
    en: str
    delta: Delta | None
    op: str | None = None
    operation: Mapping[str, Any] | None = None
    of: int | None = None
    #: Edits that no longer count with it.
    dropped: int = 0


#: How many more edits count after a row of the log.
_MORE = {"edit": 1, "adopt": 1, "merge": 1, "import": 1, "redo": 1, "undo": -1}


def rows(
    conn: Connection,
    *,
    key: str | None = None,
    area: bytes | None = None,
    discarded: bool = False,
    limit: int = 500,
    lock: bool = False,
) -> list[dict[str, Any]]:
    """Plans, newest change first; with an area only those whose scope lies in it."""
    asked = {"key": key, "area": area, "all": discarded or key is not None, "limit": limit}
    return conn.execute(sql("plan_row") + (" FOR UPDATE OF p" if lock else ""), asked).fetchall()


def row(conn: Connection, key: str, *, area: bytes | None = None, lock: bool = False) -> dict[str, Any]:
    """One plan; locked, if asked, until the caller's transaction ends. Raises NotFound."""
    if lock:
        conn.execute("SELECT set_config('lock_timeout', %s, true)", (f"{LOCK_S}s",))
    found = rows(conn, key=key, area=area, limit=1, lock=lock)
    if not found:
        raise NotFound("没有这个方案 · There is no such plan.", reason="plan")
    return found[0]


def locked(conn: Connection, key: str, *, area: bytes | None = None) -> tuple[dict[str, Any], datetime | None]:
    """A plan's row, locked as `row` does, and when its newest version was written: in one trip. Raises NotFound."""
    asked = {"key": key, "area": area, "all": True, "limit": 1}
    with conn.pipeline():
        conn.execute("SELECT set_config('lock_timeout', %s, true)", (f"{LOCK_S}s",))
        plan = conn.execute(sql("plan_row") + " FOR UPDATE OF p", asked)
        # A statement of its own: what waited for the lock sees the plan as it is now, and its log as well.
        newest = conn.execute(
            "SELECT e.at FROM plan p JOIN plan_edit e ON e.plan_key = p.key AND e.version = p.version WHERE p.key = %s",
            (key,),
        )
        found, stamp = plan.fetchone(), newest.fetchone()
    if found is None:
        raise NotFound("没有这个方案 · There is no such plan.", reason="plan")
    return found, None if stamp is None else stamp["at"]


def editable(plan: Mapping[str, Any]) -> None:
    """Raise Conflict (reason "state") for a plan that is in review, published or discarded."""
    if plan["state"] != "draft":
        raise Conflict(
            "方案已提交或已结束，不能再编辑 · The plan is in review or finished: it cannot be edited.", reason="state"
        )


def entries(
    conn: Connection,
    key: str,
    *,
    after: int = 0,
    upto: int | None = None,
    deltas: bool = True,
    limit: int | None = None,
) -> list[Entry]:
    """Rows of the log above a version, oldest first."""
    found = conn.execute(
        "SELECT version, at, by, kind, op, operation, text_zh, text_en, grids, counts, of, undone, "
        "CASE WHEN %(deltas)s THEN delta END AS delta FROM plan_edit "
        "WHERE plan_key = %(key)s AND version > %(after)s AND version <= coalesce(%(upto)s::int, version) "
        "ORDER BY version LIMIT %(limit)s",
        {"key": key, "after": after, "upto": upto, "deltas": deltas, "limit": limit},
    ).fetchall()
    return [_entry(one) for one in found]


def history(conn: Connection, key: str, *, limit: int, before: int | None = None) -> list[dict[str, Any]]:
    """The log as a person reads it, newest first."""
    found = conn.execute(
        "SELECT version, at, by, kind, op, text_zh, text_en, grids, counts, "
        "NOT counts AND undone IS NULL AND kind IN ('edit', 'adopt', 'merge', 'import') AS left_out FROM plan_edit "
        "WHERE plan_key = %s AND version < coalesce(%s::int, version + 1) ORDER BY version DESC LIMIT %s",
        (key, before, limit),
    ).fetchall()
    return [
        {**{name: one[name] for name in ("version", "at", "by", "kind", "op", "grids", "counts", "left_out")},
         "text": {"zh": one["text_zh"], "en": one["text_en"]}}
        for one in found
    ]  # fmt: skip


def between(conn: Connection, key: str, after: int, upto: int) -> list[Entry]:
    """The log from a version to a later one. Raises Conflict (reason "reload") where no differences lead there."""
    found: list[Entry] = []
    if 0 <= after <= upto <= after + MOST_BETWEEN:
        found = entries(conn, key, after=after, upto=upto)
    if len(found) != upto - after or any(one.delta is None for one in found):
        raise Conflict("方案已整体更新，请重新载入 · The plan was replaced: load it anew.", reason="reload")
    return found


def delta_of(conn: Connection, key: str, version: int) -> Delta:
    """The delta of one row. Raises NotFound."""
    found = conn.execute("SELECT delta FROM plan_edit WHERE plan_key = %s AND version = %s", (key, version)).fetchone()
    if found is None or found["delta"] is None:
        raise NotFound(f"没有版本 {version} · There is no version {version}.", reason="version")
    return Delta.from_bytes(bytes(found["delta"]))


def undoable(conn: Connection, key: str, by: str) -> Step | None:
    """What an undo of this planner would undo."""
    return _step(conn, "plan_undo", key, by)


def redoable(conn: Connection, key: str, by: str) -> Step | None:
    """What a redo of this planner would do again."""
    return _step(conn, "plan_redo", key, by)


def steps(conn: Connection, key: str, by: str) -> tuple[Step | None, Step | None]:
    """What an undo and a redo of a planner would do, in one trip."""
    both = (
        f"SELECT 'undo' AS what, * FROM ({sql('plan_undo')}) u UNION ALL SELECT 'redo', * FROM ({sql('plan_redo')}) r"  # noqa: S608
    )
    found = {one["what"]: _step_of(one) for one in conn.execute(both, {"key": key, "by": by}).fetchall()}
    return found.get("undo"), found.get("redo")


def add(conn: Connection, plan: Mapping[str, Any], new: New) -> tuple[int, datetime]:
    """Write a row to the log of a locked plan, move its version, tell the screens. Returns the version and its time."""
    key, version = plan["key"], int(plan["version"]) + 1
    written = conn.execute(
        sql("plan_add"),
        {
            "key": key, "version": version, "by": new.by, "kind": new.kind, "op": new.op, "of": new.of, "zh": new.zh,
            "en": new.en, "grids": [] if new.delta is None else sorted(new.delta.touched),
            "operation": None if new.operation is None else Jsonb(new.operation),
            "delta": None if new.delta is None else new.delta.to_bytes(), "more": _MORE.get(new.kind, 0) - new.dropped,
        },
    ).fetchone()  # fmt: skip
    assert written is not None  # noqa: S101  (the plan is there: it is locked)
    if new.kind == "undo":
        mark(conn, key, [new.of or 0], counts=False, undone=version)
    elif new.kind == "redo":
        mark(conn, key, [new.of or 0], counts=True, undone=None)
    tell(conn, key, version, "edit", new.by)
    return version, written["at"]


def mark(conn: Connection, key: str, versions: Collection[int], *, counts: bool, undone: int | None) -> None:
    """Write that edits count, or that they do not and by which undo."""
    conn.execute(
        "UPDATE plan_edit SET counts = %s, undone = %s WHERE plan_key = %s AND version = ANY(%s)",
        (counts, undone, key, list(versions)),
    )


def tell(conn: Connection, key: str, version: int, what: str, by: str) -> None:
    """Tell the screens that something of a plan has moved: edit, state, comment or proposal."""
    changelog.log_event(conn, "plan", key, {"key": key, "version": version, "what": what, "by": by})


def ground(conn: Connection, key: str, upto: int) -> tuple[int, bytes]:
    """The newest whole coverage at or below a version. Raises NotFound."""
    found = conn.execute(
        "SELECT version, coverage FROM plan_ground WHERE plan_key = %s AND version <= %s ORDER BY version DESC LIMIT 1",
        (key, upto),
    ).fetchone()
    if found is None:
        raise NotFound("没有这个方案 · There is no such plan.", reason="plan")
    return found["version"], bytes(found["coverage"])


def keep_ground(conn: Connection, key: str, version: int, coverage: bytes) -> None:
    """Keep the whole coverage of a version."""
    conn.execute(
        "INSERT INTO plan_ground (plan_key, version, coverage) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        (key, version, coverage),
    )


def stamp(conn: Connection, key: str, version: int) -> datetime | None:
    """When the row of a version was written: the same version written again after a roll-back has another."""
    found = conn.execute("SELECT at FROM plan_edit WHERE plan_key = %s AND version = %s", (key, version)).fetchone()
    return None if found is None else found["at"]


def scope_of(conn: Connection, scope: str, area: bytes | None) -> dict[str, Any]:
    """An area's name and communities. Raises NotFound for one that is not there or reaches beyond the asker's area."""
    found = conn.execute(sql("plan_communities"), {"scope": scope, "area": area}).fetchone()
    if found is None or not found["known"] or (area is not None and not found["covered"]):
        raise NotFound(f"没有区划 {scope} · There is no area {scope}.", reason="scope")
    return found


def _entry(one: Mapping[str, Any]) -> Entry:
    return Entry(
        version=one["version"], at=one["at"], by=one["by"], kind=one["kind"], op=one["op"], operation=one["operation"],
        zh=one["text_zh"], en=one["text_en"], grids=tuple(one["grids"]), counts=one["counts"], of=one["of"],
        undone=one["undone"], delta=None if one["delta"] is None else Delta.from_bytes(bytes(one["delta"])),
    )  # fmt: skip


def _step(conn: Connection, statement: str, key: str, by: str) -> Step | None:
    found = conn.execute(sql(statement), {"key": key, "by": by}).fetchone()
    return None if found is None else _step_of(found)


def _step_of(found: Mapping[str, Any]) -> Step:
    return Step(found["version"], found["applied"], found["text_zh"], found["text_en"])


def effective(log: Sequence[Entry]) -> list[Entry]:
    """Edits that count, each as it was last applied, in that order: what a rebase or a merge does again."""
    last = {one.of: one for one in log if one.kind == "redo"}
    counting = [one for one in log if one.counts and one.kind in ("edit", "adopt", "merge", "import")]
    return sorted((last.get(one.version, one) for one in counting), key=lambda one: one.version)
