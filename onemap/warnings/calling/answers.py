"""What teams say to a call: here, confirmed again, reported, cannot go. Each answers all grids it was called for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from onemap.store.db import Connection
from onemap.store.sqlfile import sql
from onemap.warnings import alerting
from onemap.warnings.calling import ladder, lines, template
from onemap.warnings.calling.ladder import OPEN
from onemap.warnings.calling.standing import settle, turn_of_alert


def answer(conn: Connection, alert_id: int, actor: str, at: datetime, note: str = "") -> int:
    """An alert was answered: the grids it was called for are, if nobody has answered for them. Returns how many."""
    return _say(conn, alert_id, actor, at, confirming=False, note=note)


def confirm(conn: Connection, alert_id: int, actor: str, at: datetime) -> int:
    """As `answer`; grids that were answered for before are confirmed a second time."""
    return _say(conn, alert_id, actor, at, confirming=True)


def report(conn: Connection, alert_id: int, actor: str, at: datetime) -> None:
    """A situation report: it answers or confirms, and the next one is due an interval later."""
    confirm(conn, alert_id, actor, at)
    warning = conn.execute("SELECT warning_key FROM alert WHERE id = %s", (alert_id,)).fetchone()
    grids = [row for row in _of_alert(conn, alert_id) if row["state"] in ladder.ANSWERED]
    if not grids or warning is None:
        return
    pace = _pace(conn, warning["warning_key"])
    due = at + timedelta(seconds=pace.report_s) if pace and pace.report_s else None
    ids = [row["id"] for row in grids]
    conn.execute("UPDATE calling SET report_due_at = %s, remind_at = %s WHERE id = ANY(%s)", (due, due, ids))
    conn.execute("UPDATE alert SET report_due_at = %s WHERE id = %s", (due, alert_id))
    settle(conn, warning["warning_key"], at)


def decline(conn: Connection, alert_id: int, actor: str, at: datetime) -> int:
    """The team cannot go: where it is the one being called, the next is called at once. Returns how many grids."""
    from onemap.warnings.calling.ringing import climb_now  # ringing answers for teams that spoke before: a circle

    turn_of_alert(conn, alert_id)
    rows = conn.execute(
        "SELECT g.id, g.grid_name, g.warning_key, g.team_key FROM call c JOIN calling g ON g.id = c.calling_id "
        "WHERE c.alert_id = %s AND c.state = 'calling' AND g.state IN ('calling', 'unanswered') "
        "AND g.team_key = c.team_key ORDER BY g.id",
        (alert_id,),
    ).fetchall()
    if not rows:
        return 0
    key, team = rows[0]["warning_key"], rows[0]["team_key"]
    name = lines.names_of(conn, [team])[team]
    lines.write(conn, key, [lines.declined(name, [row["grid_name"] for row in rows], alert_id, actor, at)])
    climb_now(conn, key, [row["id"] for row in rows], at)
    settle(conn, key, at)
    return len(rows)


def write_down(conn: Connection, call: Mapping[str, Any], actor: str, at: datetime, note: str) -> None:
    """Command says that a call has its answer, by radio or telephone, from its team or from somebody who stands by."""
    if call["alert_id"] is not None:
        confirming = conn.execute(
            "SELECT FROM alert WHERE id = %s AND acknowledged_at IS NOT NULL", (call["alert_id"],)
        ).fetchone()
        _say(conn, call["alert_id"], actor, at, confirming=confirming is not None, note=note)
        return
    row = conn.execute("SELECT state FROM calling WHERE id = %s", (call["calling_id"],)).fetchone()
    if row is not None and row["state"] in OPEN:
        take(conn, call["warning_key"], [call["calling_id"]], None, actor, at, note=note)
        settle(conn, call["warning_key"], at)


def take(
    conn: Connection, warning_key: str, ids: Sequence[int], alert_id: int | None, actor: str, at: datetime,
    *, note: str = "", confirming: bool = False,
) -> None:  # fmt: skip
    """Write that grids which are being called have their answer, and let everybody else's call rest."""
    rows = conn.execute(sql("call_of"), {"ids": list(ids)}).fetchall()
    if not rows:
        return
    row = conn.execute("SELECT template, onset_at FROM ladder WHERE warning_key = %s", (warning_key,)).fetchone() or {
        "template": "default",
        "onset_at": None,
    }
    pace, book = _pace(conn, warning_key), template.book()
    second = book.second_due(row["template"], pace, row["onset_at"], at) if pace else None
    report_at = at + timedelta(seconds=pace.report_s) if pace and pace.report_s else None
    team, rungs = _speaker(conn, rows, alert_id)
    # Who is asked a second time and answers by confirming has done both.
    both = [confirming and grid["second"] for grid in rows]
    conn.execute(
        sql("call_answered"),
        {
            "ids": [grid["id"] for grid in rows],
            "states": ["confirmed" if done else "answered" for done in both],
            "rungs": [rungs.get(grid["id"]) for grid in rows],
            "due_at": [None if done else second for done in both],
            "team": team,
            "alert": alert_id,
            "actor": actor,
            "at": at,
            "report_at": report_at,
            "note": note or None,
        },
    )
    names = [grid["grid_name"] for grid in rows]
    name = lines.names_of(conn, [team]).get(team or "", actor)
    once = None if all(both) else second
    if alert_id is not None:
        conn.execute(
            "UPDATE alert SET second_due_at = %s, second_at = %s, report_due_at = %s WHERE id = %s",
            (once, at if all(both) else None, report_at, alert_id),
        )
    told = [] if all(both) else [lines.answered(name, names, once, alert_id, actor, at, note)]
    if any(both):
        told.append(lines.confirmed(name, names, alert_id, actor, at))
    lines.write(conn, warning_key, told)
    rest = conn.execute(sql("call_rest"), {"key": warning_key, "alert": alert_id or 0}).fetchall()
    alerting.rest(conn, [one["id"] for one in rest], "answered")


def _say(conn: Connection, alert_id: int, actor: str, at: datetime, *, confirming: bool, note: str = "") -> int:
    turn_of_alert(conn, alert_id)
    rows = _of_alert(conn, alert_id)
    waiting = [row["id"] for row in rows if row["state"] in OPEN]
    again = [row for row in rows if row["state"] == "answered" and row["second_due_at"]] if confirming else []
    if not rows:
        return 0
    key = rows[0]["warning_key"]
    if waiting:
        take(conn, key, waiting, alert_id, actor, at, note=note, confirming=confirming)
    if again:
        conn.execute(
            "UPDATE calling SET state = 'confirmed', second_at = %s, due_at = NULL WHERE id = ANY(%s)",
            (at, [row["id"] for row in again]),
        )
        team = rows[0]["team_key"]
        name = lines.names_of(conn, [team]).get(team or "", actor)
        lines.write(conn, key, [lines.confirmed(name, [row["grid_name"] for row in again], alert_id, actor, at)])
        conn.execute("UPDATE alert SET second_at = %s WHERE id = %s", (at, alert_id))
    # A late answer for grids that others have answered for is kept on its calls.
    late = conn.execute(
        "UPDATE call c SET state = 'answered', answered_at = %s FROM calling g WHERE g.id = c.calling_id "
        "AND c.alert_id = %s AND c.answered_at IS NULL AND c.level = g.level AND c.state IN ('silent', 'closed')",
        (at, alert_id),
    ).rowcount
    if waiting or again or late:
        settle(conn, key, at)
    return len(waiting) + len(again)


def _of_alert(conn: Connection, alert_id: int) -> list[dict[str, Any]]:
    return conn.execute(sql("call_answerable"), {"alert": alert_id}).fetchall()


def _speaker(
    conn: Connection, rows: Sequence[Mapping[str, Any]], alert_id: int | None
) -> tuple[str | None, dict[int, str]]:
    """The team that answers, and on which rung of each grid it was called."""
    if alert_id is None:
        return None, {}
    found = conn.execute(
        "SELECT DISTINCT ON (calling_id) calling_id, team_key, rung FROM call "
        "WHERE alert_id = %s AND calling_id = ANY(%s) ORDER BY calling_id, id DESC",
        (alert_id, [row["id"] for row in rows]),
    ).fetchall()
    return (found[0]["team_key"] if found else None), {row["calling_id"]: row["rung"] for row in found}


def _pace(conn: Connection, warning_key: str) -> ladder.Pace | None:
    row = conn.execute("SELECT template, level FROM ladder WHERE warning_key = %s", (warning_key,)).fetchone()
    return template.book().pace(row["template"], row["level"]) if row else None
