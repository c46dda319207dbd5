"""Publishing an approved plan as an edition, now or at a time, and putting the one before it back.

Each is one transaction: a kill leaves the old edition in force or the new one, never anything between, and a scheduled
publication is done by whichever worker comes to it, once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import psycopg
from psycopg.types.json import Jsonb

from onemap.core.errors import BadInput, Conflict, OnemapError
from onemap.planning import book, codes, editions, log, putting, review
from onemap.planning.editions import Grid
from onemap.planning.lineage import pieces
from onemap.planning.putting import Put, TeamChange
from onemap.store.db import Connection, acting
from onemap.store.sqlfile import sql

T = TypeVar("T")
#: Publications that had to wait too long for a row, or met another writer head on, are tried again this often.
_TRIES = 4
#: A day is far enough ahead for a date that was mistyped to be seen.
_LATEST_DAYS = 366


@dataclass(frozen=True)
class Told:
    """What teams are to be told of: the publication and what each gains and loses. `back`: it was rolled back."""

    publication: int
    edition: str
    title: str
    back: bool
    teams: Sequence[TeamChange]


#: Tells the teams, in the transaction of the publication; returns how many were told.
Tell = Callable[[Connection, Told], int]


def nobody(conn: Connection, told: Told) -> int:
    """Tell nobody."""
    return 0


def publish(
    conn: Connection, key: str, edition: str, title: str, effective_at: datetime | None, actor: str, now: datetime,
    *, tell: Tell = nobody, area: bytes | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Publish an approved plan now, or schedule it. The connection is outside of any transaction. Again: the same.

    Raises NotFound, Conflict (state, behind, edition, scheduled), BadInput (effective-at, edition).
    """
    return _tried(conn, actor, lambda: _publish(conn, key, edition, title, effective_at, actor, now, tell, area))


def rollback(
    conn: Connection, key: str, note: str, actor: str, *, tell: Tell = nobody, area: bytes | None = None
) -> dict[str, Any]:
    """Put the edition before a published plan's back in force, or cancel its date. Again: the same.

    Raises NotFound, Conflict (state, not-in-force).
    """
    return _tried(conn, actor, lambda: _rollback(conn, key, note, actor, tell, area))


def step(conn: Connection, now: datetime, *, tell: Tell = nobody) -> int:
    """Do what is scheduled and due, and look again after what was published; returns how much that was.

    Wants a connection outside of any transaction. What cannot be done is cancelled with its reason; the plan stays
    approved.
    """
    done = 0
    for row in conn.execute(sql("publish_due"), {"now": now}).fetchall():
        done += _tried(conn, row["asked_by"], partial(_due, conn, row["id"], now, tell)) is not None
    for row in conn.execute(sql("publish_unsettled"), {"now": now}).fetchall():
        _tried(conn, "editions", partial(_settle, conn, row["id"]))
        done += 1
    return done


def one(conn: Connection, number: int) -> dict[str, Any]:
    """A publication as the doors tell it."""
    row = conn.execute(sql("publish_one"), {"id": number}).fetchone()
    assert row is not None  # noqa: S101  (publications are never deleted)
    return row


def last(conn: Connection, key: str) -> dict[str, Any] | None:
    """The last publication of a plan, or none."""
    found = _last(conn, key)
    return None if found is None else one(conn, found["id"])


def grids_of_plan(conn: Connection, key: str) -> list[Grid]:
    """The grids of the whole city as a plan would have them, each with the code that it would get."""
    cov = book.whole_of(conn, key)
    given = codes.published(cov, codes.ever(conn))
    ids = sorted(cov.faces)
    made = []
    for face, geom in zip(ids, cov.polygons(ids), strict=True):
        props, code = cov.faces[face].props, given[face]
        community, team = props.get("community_code"), props.get("team_key") or None
        kind, special = props.get("kind") or "unit", props.get("special") or None
        made.append(Grid(code, geom, _name(props, face, code), kind, community, team, special))
    return made


def _name(props: Mapping[str, Any], face: str, code: str) -> str:
    """A new grid that still has its parent's name is told from it by its number."""
    name = str(props.get("name") or "")
    if not face.startswith("~") or not name:
        return name or code
    parent = next((part for part in _numbers(name) if len(part) == 3), "")
    return name.replace(parent, code[-3:]) if parent else name


def _numbers(text: str) -> list[str]:
    return "".join(c if c.isascii() and c.isdigit() else " " for c in text).split()


# -- in one transaction -----------------------------------------------------------------------------------------------


def _tried(conn: Connection, actor: str, work: Callable[[], T]) -> T:
    for left in range(_TRIES - 1, -1, -1):
        try:
            with acting(conn, actor):
                return work()
        except (psycopg.errors.DeadlockDetected, psycopg.errors.LockNotAvailable, psycopg.errors.SerializationFailure):
            if not left:
                raise
    raise AssertionError  # the last round returned or raised


def _publish(
    conn: Connection, key: str, edition: str, title: str, effective_at: datetime | None, actor: str, now: datetime,
    tell: Tell, area: bytes | None,
) -> dict[str, Any]:  # fmt: skip
    putting.turn(conn)
    plan = log.row(conn, key, area=area, lock=True)
    last = _last(conn, key)
    if last is not None and last["edition"] == edition and last["state"] in ("scheduled", "published"):
        return one(conn, last["id"])  # asked again, because the answer was lost
    if plan["state"] != "approved":
        raise Conflict("只有已批准的方案可以发布 · Only an approved plan is published.", reason="state")
    if last is not None and last["state"] == "scheduled":
        raise Conflict("方案已排定发布 · It is scheduled already.", reason="scheduled")
    if plan["behind"]:
        raise Conflict(
            "现行版本已是另一个，请先变基 · Another edition is in force: rebase the plan first.", reason="behind"
        )
    if "/" in edition or editions.exists(conn, edition) or _named(conn, edition):
        raise Conflict(f"已有版本 {edition} · There is an edition {edition} already.", reason="edition")
    number = _ask(conn, plan, edition, title, max(effective_at or now, now), actor)
    if effective_at is not None and effective_at > now:
        if (effective_at - now).days > _LATEST_DAYS:
            raise BadInput("生效时间不能晚于一年 · It takes effect within a year.", reason="effective-at")
        conn.execute("UPDATE plan SET effective_at = %s, edition = %s WHERE key = %s", (effective_at, edition, key))
        review.note_down(conn, plan, "schedule", actor, edition, effective_at)
        log.tell(conn, key, plan["version"], "state", actor)
        return one(conn, number)
    return _apply(conn, number, plan, actor, tell)


def _due(conn: Connection, number: int, now: datetime, tell: Tell) -> dict[str, Any] | None:
    putting.turn(conn)
    row = conn.execute(
        "SELECT plan_key, asked_by FROM edition_publication WHERE id = %s AND state = 'scheduled' "
        "AND effective_at <= %s FOR UPDATE", (number, now)
    ).fetchone()  # fmt: skip
    if row is None:
        return None  # another worker was quicker, or it was cancelled
    plan = log.row(conn, row["plan_key"], lock=True)
    try:
        with conn.transaction():
            return _apply(conn, number, plan, row["asked_by"], tell)
    except OnemapError as error:
        conn.execute(
            "UPDATE edition_publication SET state = 'cancelled', problem = %s WHERE id = %s", (error.message, number)
        )
        conn.execute("UPDATE plan SET effective_at = NULL, edition = NULL WHERE key = %s", (plan["key"],))
        review.note_down(conn, plan, "cancel", "system", error.message)
        log.tell(conn, plan["key"], plan["version"], "state", "system")
        return one(conn, number)


def _apply(conn: Connection, number: int, plan: Mapping[str, Any], actor: str, tell: Tell) -> dict[str, Any]:
    began = time.perf_counter()
    row = conn.execute("SELECT edition, title FROM edition_publication WHERE id = %s", (number,)).fetchone()
    assert row is not None  # noqa: S101
    base, name = plan["base"], row["edition"]
    if plan["state"] != "approved":
        raise Conflict("方案已不是已批准状态 · The plan is not approved any more.", reason="state")
    before = editions.grids(conn, base)
    after = grids_of_plan(conn, plan["key"])
    put = putting.put_new(conn, name, row["title"], base, plan["key"], before, after, actor)
    notified = tell(conn, Told(number, name, row["title"] or name, False, put.teams))
    conn.execute(
        "UPDATE edition_publication SET state = 'published', previous = %s, published_at = now(), seconds = %s, "
        "grids = %s, moved = %s, notified = %s, carried = %s, settled_at = NULL WHERE id = %s",
        (base, round(time.perf_counter() - began, 3), len(after), Jsonb(dict(put.moved)), notified,
         Jsonb(dict(put.carried)), number),
    )  # fmt: skip
    book.set_state(conn, plan["key"], "published", actor, edition=name)
    review.note_down(conn, plan, "publish", actor, name)
    return one(conn, number)


def _rollback(conn: Connection, key: str, note: str, actor: str, tell: Tell, area: bytes | None) -> dict[str, Any]:
    putting.turn(conn)
    plan = log.row(conn, key, area=area, lock=True)
    last = _last(conn, key)
    if last is None:
        raise Conflict("方案没有发布过 · The plan was never published.", reason="state")
    if last["state"] in ("rolled_back", "cancelled"):
        return one(conn, last["id"])
    if last["state"] == "scheduled":
        conn.execute("UPDATE edition_publication SET state = 'cancelled' WHERE id = %s", (last["id"],))
        conn.execute("UPDATE plan SET effective_at = NULL, edition = NULL WHERE key = %s", (key,))
        review.note_down(conn, plan, "cancel", actor, note)
        log.tell(conn, key, plan["version"], "state", actor)
        return one(conn, last["id"])
    began = time.perf_counter()
    now_in_force, then = editions.grids(conn, last["edition"]), editions.grids(conn, last["previous"])
    put: Put = putting.put_back(conn, last["edition"], last["previous"], now_in_force, then, last["carried"])
    notified = tell(conn, Told(last["id"], last["edition"], last["title"] or last["edition"], True, put.teams))
    conn.execute(
        "UPDATE edition_publication SET state = 'rolled_back', rolled_back_at = now(), seconds = %s, moved = %s, "
        "notified = %s, settled_at = NULL WHERE id = %s",
        (round(time.perf_counter() - began, 3), Jsonb(dict(put.moved)), notified, last["id"]),
    )
    book.set_state(conn, key, "rolled_back", actor)
    review.note_down(conn, plan, "rollback", actor, note)
    return one(conn, last["id"])


def _settle(conn: Connection, number: int) -> None:
    """Whoever wrote while the edition changed under them took the grid of the old one: mended once they are done."""
    putting.turn(conn)
    row = conn.execute(
        "SELECT edition, previous, state FROM edition_publication WHERE id = %s AND settled_at IS NULL FOR UPDATE",
        (number,),
    ).fetchone()
    if row is None:
        return
    old, new = row["previous"], row["edition"]
    if row["state"] == "rolled_back":
        old, new = new, old
    if editions.current(conn) == new:
        before, after = editions.grids(conn, old), editions.grids(conn, new)
        putting.settle(conn, before, after, pieces(before, after))
    conn.execute("UPDATE edition_publication SET settled_at = now() WHERE id = %s", (number,))


def _ask(
    conn: Connection, plan: Mapping[str, Any], edition: str, title: str, effective_at: datetime, actor: str
) -> int:
    row = conn.execute(
        "INSERT INTO edition_publication (plan_key, version, edition, title, previous, state, effective_at, asked_by) "
        "VALUES (%s, %s, %s, %s, %s, 'scheduled', %s, %s) RETURNING id",
        (plan["key"], plan["version"], edition, title, plan["base"], effective_at, actor),
    ).fetchone()
    assert row is not None  # noqa: S101
    return int(row["id"])


def _last(conn: Connection, key: str) -> dict[str, Any] | None:
    return conn.execute(
        "SELECT id, edition, previous, title, state, carried FROM edition_publication WHERE plan_key = %s "
        "ORDER BY id DESC LIMIT 1",
        (key,),
    ).fetchone()


def _named(conn: Connection, edition: str) -> bool:
    statement = "SELECT 1 FROM edition_publication WHERE edition = %s AND state = 'scheduled'"
    return conn.execute(statement, (edition,)).fetchone() is not None


__all__ = ["Tell", "Told", "grids_of_plan", "nobody", "one", "publish", "rollback", "step"]
