"""Review of plans: handed in, talked over on the map, decided by somebody who did not draw them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from onemap.core.errors import BadInput, Conflict, Forbidden, NotFound
from onemap.planning import book, log
from onemap.planning.workspace import workspaces
from onemap.store.db import Connection

#: Remarks that are listed; the newest of them.
COMMENTS = 1000


def submit(
    conn: Connection, key: str, version: int, note: str, actor: str, *, area: bytes | None = None
) -> dict[str, Any]:
    """Hand a plan in, as it stands at the version that the asker sees.

    Raises Conflict (state, version, behind), BadInput (empty, problems) while a rule has an error against it.
    """
    plan = log.row(conn, key, area=area, lock=True)
    if plan["version"] != version:
        raise Conflict("方案已有新的修改，请重新载入 · The plan has changed since: load it anew.", reason="version")
    if plan["behind"]:
        raise Conflict(
            "现行版本已是另一个，请先变基 · Another edition is in force: rebase the plan first.", reason="behind"
        )
    if not plan["edits"] and not plan["mended"]:  # mended borders are a change of their own
        raise BadInput("方案没有任何改动 · The plan changes nothing.", reason="empty")
    errors = len(workspaces.refreshed(conn, plan).problems.errors)
    if errors:
        raise BadInput(f"还有 {errors} 处错误未解决 · {errors} errors are left.", reason="problems")
    return _step(conn, plan, "submitted", "submit", actor, note)


def withdraw(conn: Connection, key: str, actor: str, *, area: bytes | None = None) -> dict[str, Any]:
    """Take a plan back that was handed in and is not decided. Raises Conflict (state)."""
    plan = log.row(conn, key, area=area, lock=True)
    if plan["state"] != "submitted":
        raise Conflict("只有待审批的方案可以撤回 · Only a plan in review is taken back.", reason="state")
    return _step(conn, plan, "draft", "withdraw", actor, "")


def decide(
    conn: Connection, key: str, what: Literal["approve", "reject"], note: str, actor: str, *, area: bytes | None = None
) -> dict[str, Any]:
    """Approve or reject a plan that was handed in; never by anybody who drew it or handed it in.

    A rejected plan can be edited again. An approved one that is not published yet may still be rejected, which cancels
    its date. Raises Forbidden (author), Conflict (state), BadInput (note) for a rejection without a reason.
    """
    plan = log.row(conn, key, area=area, lock=True)
    not_by_author(conn, plan, actor)
    if what == "reject":
        if not note.strip():
            raise BadInput("退回要写明原因 · A rejection needs a reason.", reason="note")
        dated = conn.execute(
            "UPDATE edition_publication SET state = 'cancelled' WHERE plan_key = %s AND state = 'scheduled'", (key,)
        )
        if dated.rowcount:
            conn.execute("UPDATE plan SET effective_at = NULL, edition = NULL WHERE key = %s", (key,))
    return _step(conn, plan, "approved" if what == "approve" else "rejected", what, actor, note)


def not_by_author(conn: Connection, plan: Mapping[str, Any], actor: str) -> None:
    """Raise Forbidden (reason "author") for whoever drew, opened or handed in the plan."""
    row = conn.execute(
        "SELECT EXISTS (SELECT FROM plan_edit WHERE plan_key = %s AND by = %s) AS drew", (plan["key"], actor)
    ).fetchone()
    if actor in (plan["submitted_by"], plan["created_by"]) or (row is not None and row["drew"]):
        raise Forbidden("不能审批自己编制的方案 · Whoever drew a plan does not decide on it.", reason="author")


def decisions(conn: Connection, key: str) -> list[dict[str, Any]]:
    """Every step of a plan's review, oldest first."""
    return conn.execute(
        'SELECT version, what, "by", at, note, effective_at FROM plan_decision WHERE plan_key = %s ORDER BY id', (key,)
    ).fetchall()


def note_down(
    conn: Connection, plan: Mapping[str, Any], what: str, actor: str, note: str, effective_at: datetime | None = None
) -> None:
    """Write a step of the review down; of a schedule with the time that was set."""
    conn.execute(
        'INSERT INTO plan_decision (plan_key, version, what, "by", note, effective_at) VALUES (%s, %s, %s, %s, %s, %s)',
        (plan["key"], plan["version"], what, actor, note, effective_at),
    )


# -- remarks ----------------------------------------------------------------------------------------------------------


def comments(conn: Connection, key: str, *, area: bytes | None = None) -> list[dict[str, Any]]:
    """Remarks of a plan, oldest first. Raises NotFound."""
    log.row(conn, key, area=area)
    rows = conn.execute(
        "SELECT * FROM (SELECT * FROM plan_comment WHERE plan_key = %s ORDER BY id DESC LIMIT %s) c ORDER BY id",
        (key, COMMENTS),
    ).fetchall()
    return [_comment(row) for row in rows]


def comment(
    conn: Connection, key: str, text: str, actor: str, *, at: tuple[float, float] | None = None,
    grid: str | None = None, reply_to: int | None = None, area: bytes | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Write a remark. Raises NotFound for the plan or the remark that it answers, BadInput for an empty one."""
    if not text.strip():
        raise BadInput("意见不能为空 · A remark says something.", reason="empty")
    plan = log.row(conn, key, area=area)
    if reply_to is not None and conn.execute(
        "SELECT 1 FROM plan_comment WHERE id = %s AND plan_key = %s", (reply_to, key)
    ).fetchone() is None:  # fmt: skip
        raise NotFound("没有这条意见 · There is no such remark.", reason="comment")
    row = conn.execute(
        'INSERT INTO plan_comment (plan_key, text, "by", version, lon, lat, grid, reply_to) '
        "VALUES (%s, %s, %s, %s, %s, %s, %s, %s) RETURNING *",
        (key, text.strip(), actor, plan["version"], *(at or (None, None)), grid, reply_to),
    ).fetchone()
    assert row is not None  # noqa: S101  (an insert returns its row)
    log.tell(conn, key, plan["version"], "comment", actor)
    return _comment(row)


def resolve(conn: Connection, key: str, number: int, actor: str, *, area: bytes | None = None) -> dict[str, Any]:
    """Settle a remark; again: the same. Raises NotFound."""
    log.row(conn, key, area=area)
    row = conn.execute(
        "UPDATE plan_comment SET resolved = true, resolved_by = coalesce(resolved_by, %s) "
        "WHERE id = %s AND plan_key = %s RETURNING *",
        (actor, number, key),
    ).fetchone()
    if row is None:
        raise NotFound("没有这条意见 · There is no such remark.", reason="comment")
    log.tell(conn, key, row["version"], "comment", actor)
    return _comment(row)


def _comment(row: dict[str, Any]) -> dict[str, Any]:
    place = None if row["lon"] is None else [row["lon"], row["lat"]]
    names = ("id", "text", "by", "written_at", "version", "grid", "reply_to", "resolved")
    return {name: row[name] for name in names} | {"at": place}


def _step(conn: Connection, plan: dict[str, Any], state: str, what: str, actor: str, note: str) -> dict[str, Any]:
    found = book.set_state(conn, plan["key"], state, actor)
    note_down(conn, plan, what, actor, note)
    return found
