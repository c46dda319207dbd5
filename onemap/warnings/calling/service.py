"""Call and confirm over a connection. All of it runs in the caller's transaction.

Whoever moves a ladder holds its warning's row first and its alerts after that. The clock is `at`: deadlines are kept in
the database, so a worker that was away goes on where it stopped and gives every team it calls its full time.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import psycopg

from onemap.core.errors import Conflict, NotFound
from onemap.store.db import Connection
from onemap.store.sqlfile import sql
from onemap.warnings.calling import answers, lines, ringing, template
from onemap.warnings.calling.standing import settle, turn, turn_alone

#: Warnings moved in one step; the rest come in the next.
WARNINGS = 200


def begin(conn: Connection, warning_key: str, at: datetime) -> None:
    """A warning was raised, or changed its level or zone: note its grids and when its ladder starts by itself.

    A worse level asks every grid again; new grids of a wider zone join; anything else changes nothing.
    """
    warning = turn_alone(conn, warning_key)
    if warning is None or warning["state"] == "ended":
        return
    _begin(conn, warning, template.book().of_kind(warning["kind"]).key, at)


def start(conn: Connection, warning_key: str, actor: str, at: datetime) -> None:
    """Start the ladder now (command has confirmed). Again: nothing. Raises NotFound; Conflict when it has ended.

    Command may call out a warning that its template leaves quiet: the template for everything is taken then.
    """
    warning = turn(conn, warning_key)
    if warning is None:
        raise NotFound("There is no such warning.", reason="warning")
    if warning["state"] == "ended":
        raise Conflict("The warning has ended.", reason="ended")
    book = template.book()
    key = book.of_kind(warning["kind"]).key
    _begin(conn, warning, key if book.pace(key, warning["level"]) else book.of_kind(None).key, at)
    if _ladder(conn, warning_key) is not None:
        _start(conn, warning_key, actor, at)
        ringing.ring(conn, warning_key, at)
        settle(conn, warning_key, at)


def answered(conn: Connection, alert_id: int, actor: str, at: datetime) -> None:
    """An alert was acknowledged, arrived at or reported on: the calls that belong to it are answered."""
    answers.answer(conn, alert_id, actor, at)


def confirmed(conn: Connection, alert_id: int, actor: str, at: datetime) -> None:
    """The second confirmation of an alert: still there, people out."""
    answers.confirm(conn, alert_id, actor, at)


def reported(conn: Connection, alert_id: int, actor: str, at: datetime) -> None:
    """A situation report: an answer, a second confirmation after one, and the next report's clock starts anew."""
    answers.report(conn, alert_id, actor, at)


def declined(conn: Connection, alert_id: int, actor: str, at: datetime) -> int:
    """The team cannot go: its calls climb at once. Returns for how many grids."""
    return answers.decline(conn, alert_id, actor, at)


def call(conn: Connection, call_id: int) -> dict[str, Any]:
    """A call with its warning's turn held. Raises NotFound; Conflict when its warning has ended."""
    found = conn.execute("SELECT warning_key FROM call WHERE id = %s", (call_id,)).fetchone()
    if found is None:
        raise NotFound(f"There is no call {call_id}.", reason="call")
    warning = turn(conn, found["warning_key"])
    if warning is None or warning["state"] == "ended":
        raise Conflict("The warning has ended.", reason="ended")
    row = conn.execute("SELECT id, calling_id, warning_key, alert_id FROM call WHERE id = %s", (call_id,)).fetchone()
    assert row is not None  # noqa: S101  (calls are never deleted)
    return row


def noted(conn: Connection, call_id: int, actor: str, at: datetime, note: str, *, here: bool = True) -> None:
    """Command writes down an answer to a call; "cannot go" of a rung where nobody has the duty is only a note."""
    row = call(conn, call_id)
    if note or not here:
        conn.execute("UPDATE call SET note = %s WHERE id = %s", (note or None, call_id))
    if here:
        answers.write_down(conn, row, actor, at, note)


def closed(conn: Connection, warning_key: str, at: datetime) -> None:
    """The warning has ended: what still waits is closed."""
    turn(conn, warning_key)
    ladder = _ladder(conn, warning_key)
    if ladder is None or ladder["closed_at"] is not None:
        return
    conn.execute(sql("call_close"), {"key": warning_key})
    conn.execute("UPDATE ladder SET closed_at = %s WHERE warning_key = %s", (at, warning_key))
    settle(conn, warning_key, at)


def step(conn: Connection, at: datetime) -> int:
    """Start, climb, ask for second confirmations and reports, whatever is due by now; returns how much was done.

    Each warning is moved in a transaction of its own (a savepoint inside the caller's): one that waits for its turn, or
    cannot be moved, holds up no other. Raises the first error of those when the others are done.
    """
    done, failed = 0, None
    for row in conn.execute(sql("call_due_warnings"), {"at": at, "limit": WARNINGS}).fetchall():
        try:
            with conn.transaction():
                done += _move(conn, row["warning_key"], at)
        except psycopg.OperationalError:
            raise  # the database itself: there is nobody to go on with
        except Exception as error:
            failed = failed or error
    if failed is not None:
        raise failed
    return done


def _move(conn: Connection, warning_key: str, at: datetime) -> int:
    warning = turn(conn, warning_key)
    ladder = _ladder(conn, warning_key)
    if warning is None or warning["state"] == "ended" or ladder is None:
        # Deleted or ended by other hands: nothing of it may ring on.
        conn.execute(sql("call_close"), {"key": warning_key})
        conn.execute("UPDATE ladder SET closed_at = %s WHERE warning_key = %s", (at, warning_key))
        return 1
    done = 0
    if ladder["started_at"] is None and ladder["auto_start_at"] <= at:
        _start(conn, warning_key, "system", at)
        done = 1
    done += ringing.ring(conn, warning_key, at) + _remind(conn, warning_key, ladder, at)
    if done:
        settle(conn, warning_key, at)
    return done


def _begin(conn: Connection, warning: Mapping[str, Any], key: str, at: datetime) -> None:
    book, warning_key, level = template.book(), warning["key"], warning["level"]
    pace = book.pace(key, level)
    before = _ladder(conn, warning_key)
    if before is not None:
        key = before["template"]
        pace = book.pace(key, level) or pace
    if pace is None:
        return
    auto = book.auto_start(key, pace, warning["onset_at"], at)
    if before is None:
        conn.execute(
            "INSERT INTO ladder (warning_key, template, level, onset_at, began_at, auto_start_at) "
            "VALUES (%s, %s, %s, %s, %s, %s)",
            (warning_key, key, level, warning["onset_at"], at, auto),
        )
    else:
        # A ladder that runs goes on running; one that waits never waits longer than it did.
        auto = min(auto, before["auto_start_at"])
        conn.execute(
            "UPDATE ladder SET level = %s, onset_at = %s, auto_start_at = %s WHERE warning_key = %s",
            (level, warning["onset_at"], auto, warning_key),
        )
    started = before is not None and before["started_at"] is not None
    due_at = at if started else None
    changed = 0
    if before is not None and level < before["level"]:
        changed += conn.execute(
            sql("call_worse"), {"key": warning_key, "level": level, "at": at, "due_at": due_at}
        ).rowcount
        conn.execute("UPDATE ladder SET answered_at = NULL, confirmed_at = NULL WHERE warning_key = %s", (warning_key,))
    changed += conn.execute(
        sql("call_begin"), {"key": warning_key, "level": level, "at": at, "due_at": due_at}
    ).rowcount
    if changed:
        settle(conn, warning_key, at)


def _start(conn: Connection, warning_key: str, actor: str, at: datetime) -> None:
    first = conn.execute(
        "UPDATE ladder SET started_at = %s, started_by = %s WHERE warning_key = %s AND started_at IS NULL "
        "AND closed_at IS NULL RETURNING template",
        (at, actor, warning_key),
    ).fetchone()
    if first is None:
        return
    grids = conn.execute(
        "UPDATE calling SET due_at = %s WHERE warning_key = %s AND state = 'waiting'", (at, warning_key)
    ).rowcount
    lines.write(conn, warning_key, [lines.started(actor, grids, at)])


def _remind(conn: Connection, warning_key: str, ladder: Mapping[str, Any], at: datetime) -> int:
    pace = template.book().pace(ladder["template"], ladder["level"])
    interval_s = (pace.report_s if pace else None) or 86_400.0
    late = conn.execute(sql("call_late"), {"key": warning_key, "at": at, "interval_s": interval_s}).fetchall()
    if late:
        lines.write(conn, warning_key, lines.late(conn, late, at))
    return len(late)


def _ladder(conn: Connection, warning_key: str) -> dict[str, Any] | None:
    return conn.execute("SELECT * FROM ladder WHERE warning_key = %s", (warning_key,)).fetchone()
