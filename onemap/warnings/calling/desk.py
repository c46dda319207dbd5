"""Rosters as they are kept at the desk: looked at, replaced, handed over."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from onemap.core.errors import BadInput, Conflict, NotFound
from onemap.store.db import Connection
from onemap.store.sqlfile import sql
from onemap.warnings import alerting
from onemap.warnings.calling import lines, roster, template
from onemap.warnings.calling.duties import Rosters, load
from onemap.warnings.calling.ladder import RUNGS
from onemap.warnings.calling.ringing import pace_of
from onemap.warnings.calling.roster import Duty, Piece
from onemap.warnings.calling.standing import settle, turn_alone

ORGANISATIONS, DUTIES, HAND_OVERS = 5_000, 200, 50
AHEAD = timedelta(days=7)


def organisations(
    conn: Connection, at: datetime, *, parent: str | None = None, code: str | None = None, area_wkb: bytes | None = None
) -> list[dict[str, Any]]:
    """Organisations with who has the duty at `at`: all, those directly under a code, or one."""
    asked = {"at": at, "parent": parent, "code": code, "area": area_wkb, "limit": ORGANISATIONS}
    rows = conn.execute(sql("call_organisations"), asked).fetchall()
    rosters = load(conn, [row["code"] for row in rows], at, template.book().zone)
    teams = [duty.team_key for row in rows for duty in rosters.on_duty(row["code"], at)]
    names = lines.names_of(conn, teams)
    return [_organisation(row, rosters, names, at) for row in rows]


def one(conn: Connection, code: str, at: datetime, area_wkb: bytes | None = None) -> dict[str, Any]:
    """One organisation's duties, the next seven days as they come out, its hand-overs. Raises NotFound."""
    found = organisations(conn, at, code=code, area_wkb=area_wkb)
    if not found:
        raise NotFound("There is no such grid or area.", reason="organisation")
    duties = conn.execute(
        "SELECT id, team_key, rank, kind, weekdays, hours, starts_at, ends_at FROM duty WHERE org_code = %s "
        "AND (kind = 'weekly' OR ends_at > %s) ORDER BY kind, rank, starts_at, id",
        (code, at - AHEAD),
    ).fetchall()
    overs = conn.execute(
        "SELECT at, until, from_team, to_team, note, by, open_warnings FROM duty_hand_over WHERE org_code = %s "
        "ORDER BY id DESC LIMIT %s",
        (code, HAND_OVERS),
    ).fetchall()
    days = _pieces(load(conn, [code], at, template.book().zone), code, at, at + AHEAD)
    names = lines.names_of(conn, [*(row["team_key"] for row in duties), *(piece.team_key for piece in days)])
    return {
        "organisation": found[0],
        "duties": [dict(row) | {"team_name": names[row["team_key"]]} for row in duties],
        "days": [
            {"team_key": piece.team_key, "team_name": names[piece.team_key], "rank": piece.rank,
             "source": piece.source, "from": piece.start, "to": piece.end}
            for piece in days
        ],
        "hand_overs": [dict(row) for row in overs],
    }  # fmt: skip


def replace(conn: Connection, code: str, duties: Sequence[Duty]) -> None:
    """Replace an organisation's duties. Raises BadInput for what makes no roster, Conflict for two first ranks.

    Whoever is being called stays called: the next rung is asked of the new roster.
    """
    if len(duties) > DUTIES:
        raise BadInput(f"A roster has {DUTIES} duties at most.", reason="too-many-duties")
    for duty in duties:
        _check(duty)
    known = {
        row["key"]
        for row in conn.execute(
            "SELECT key FROM team WHERE key = ANY(%s)", (sorted({duty.team_key for duty in duties}),)
        ).fetchall()
    }
    for duty in duties:
        if duty.team_key not in known:
            raise BadInput(f"There is no team {duty.team_key[:40]!r}.", reason="team")
    both = roster.clash(duties)
    if both is not None:
        raise Conflict(
            f"{both[0].team_key} and {both[1].team_key} have the first rank at one hour.", reason="two-first-ranks"
        )
    conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('onemap.duty:' || %s, 0))", (code,))
    conn.execute("DELETE FROM duty WHERE org_code = %s", (code,))
    put(conn, [(code, duty) for duty in duties])


def put(conn: Connection, duties: Sequence[tuple[str, Duty]]) -> None:
    """Write duties of several organisations as they are: an import checks them before."""
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO duty (org_code, team_key, rank, kind, weekdays, hours, starts_at, ends_at) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            [
                (code, d.team_key, d.rank, d.kind, sorted(set(d.weekdays)), d.hours, d.starts_at, d.ends_at)
                for code, d in duties
            ],
        )


def hand_over(conn: Connection, code: str, from_team: str, to_team: str, note: str, actor: str, at: datetime) -> int:
    """Hand a team's duty over until its end; open calls go with it, with an alert. Returns how many warnings that are.

    Raises NotFound for the organisation, BadInput for the team, Conflict when `from_team` does not have the duty.
    """
    if not organisations(conn, at, code=code):
        raise NotFound("There is no such grid or area.", reason="organisation")
    if from_team == to_team:
        raise BadInput("A duty is handed over to another team.", reason="same-team")
    if conn.execute("SELECT 1 FROM team WHERE key = %s", (to_team,)).fetchone() is None:
        raise BadInput(f"There is no team {to_team[:40]!r}.", reason="team")
    conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('onemap.duty:' || %s, 0))", (code,))
    rosters = load(conn, [code], at, template.book().zone)
    if from_team not in {duty.team_key for duty in rosters.on_duty(code, at)}:
        raise Conflict(f"{from_team[:40]} does not have the duty now.", reason="not-on-duty")
    until = _until(rosters, code, from_team, at) or at + roster.ENDLESS
    keys = [
        row["warning_key"]
        for row in conn.execute(
            "SELECT DISTINCT warning_key FROM call WHERE org_code = %s AND team_key = %s "
            "AND state IN ('calling', 'answered') ORDER BY 1",
            (code, from_team),
        ).fetchall()
    ]
    for key in keys:
        turn_alone(conn, key)
    alerting.hold(conn, keys)
    rows = conn.execute(sql("call_hand_over_calls"), {"org": code, "team": from_team}).fetchall()
    by_warning: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        by_warning[row["warning_key"]].append(row)
    conn.execute(
        "INSERT INTO duty_hand_over (org_code, from_team, to_team, at, until, note, by, open_warnings) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        (code, from_team, to_team, at, until, note, actor, len(by_warning)),
    )
    for key, own in sorted(by_warning.items()):
        _take_along(conn, key, own, code, from_team, to_team, actor, at)
    return len(by_warning)


def _take_along(
    conn: Connection, warning_key: str, rows: Sequence[Mapping[str, Any]], code: str, from_team: str, to_team: str,
    actor: str, at: datetime,
) -> None:  # fmt: skip
    """The new team gets an alert; calls that still ring, ring with it; of answered grids it knows and may report."""
    ids = alerting.alert_teams(conn, warning_key, [to_team], template.book().cases, origin="call", at=at, told=False)
    alert_id, pace = ids[to_team], pace_of(conn, warning_key)
    names = lines.names_of(conn, [from_team, to_team])
    ringing = [row for row in rows if row["state"] in ("calling", "unanswered")]
    due = at + timedelta(seconds=max(pace.answer_s[RUNGS.index(row["rung"])] for row in rows))
    conn.execute(
        "UPDATE call SET state = 'closed', note = %s WHERE id = ANY(%s) AND state = 'calling'",
        (f"交接给{names[to_team]}", [row["call_id"] for row in ringing]),
    )
    conn.execute(
        "UPDATE calling SET team_key = %s, called = array_append(called, %s), due_at = %s, called_at = %s "
        "WHERE id = ANY(%s)",
        (to_team, to_team, due, at, [row["id"] for row in ringing]),
    )
    conn.execute(
        sql("call_make"),
        {
            "key": warning_key,
            "at": at,
            "calling_id": [row["id"] for row in rows],
            "alert_id": [alert_id for _ in rows],
            "rung": [row["rung"] for row in rows],
            "org_code": [code for _ in rows],
            "team_key": [to_team for _ in rows],
            "rank": [row["rank"] for row in rows],
            "level": [row["level"] for row in rows],
            "round": [row["round"] for row in rows],
            "state": ["calling" if row in ringing else "closed" for row in rows],
            "deadline_at": [due if row in ringing else at for row in rows],
            "note": [f"由{names[from_team]}交接" for _ in rows],
        },
    )
    if ringing:
        conn.execute("UPDATE alert SET answer_due_at = %s WHERE id = %s", (due, alert_id))
    alerting.ring(conn, [alert_id])
    org = conn.execute(sql("call_organisations"), {"at": at, "parent": None, "code": code, "area": None, "limit": 1})
    found = org.fetchone()
    told = lines.handed_over(
        found["name"] if found else code, names[from_team], names[to_team],
        sorted({row["grid_name"] for row in rows}), alert_id, actor, at,
    )  # fmt: skip
    lines.write(conn, warning_key, [told])
    settle(conn, warning_key, at)


def _check(duty: Duty) -> None:
    if duty.kind == "weekly":
        roster.minutes_of(duty.hours)
        if any(not 0 <= day <= 6 for day in duty.weekdays):
            raise BadInput("Weekdays go from 0 (Monday) to 6.", reason="weekdays")
        return
    if duty.starts_at is None or duty.ends_at is None:
        raise BadInput("A shift has a start and an end.", reason="shift")
    if duty.starts_at.tzinfo is None or duty.ends_at.tzinfo is None:
        raise BadInput("A shift's times have an offset.", reason="no-zone")
    if not timedelta(0) < duty.ends_at - duty.starts_at <= roster.LONGEST_SHIFT:
        raise BadInput("A shift ends after it starts, within 31 days.", reason="shift")


def _organisation(row: Mapping[str, Any], rosters: Rosters, names: Mapping[str, str], at: datetime) -> dict[str, Any]:
    code = row["code"]
    now = rosters.on_duty(code, at)
    found = _pieces(rosters, code, at, at + AHEAD)
    changes = [mark for piece in found for mark in (piece.start, piece.end) if at < mark < at + AHEAD]
    return {
        "code": code,
        "name": row["name"],
        "rung": row["rung"],
        "parent_code": row["parent_code"],
        "on_duty": [
            {"team_key": duty.team_key, "team_name": names[duty.team_key], "rank": duty.rank,
             "until": _until(rosters, code, duty.team_key, at), "source": duty.source}
            for duty in now
        ],
        "next_change_at": min(changes, default=None),
        "gap": not now,
        "waiting_calls": row["waiting_calls"],
    }  # fmt: skip


def _pieces(rosters: Rosters, code: str, start: datetime, end: datetime) -> list[Piece]:
    return roster.pieces(
        rosters.duties.get(code, ()), rosters.hand_overs.get(code, ()), start, end, rosters.zone,
        own_team=rosters.own.get(code),
    )  # fmt: skip


def _until(rosters: Rosters, code: str, team: str, at: datetime) -> datetime | None:
    """The end of a team's present duty; none when it has none within seven days."""
    end, far = at, at + AHEAD
    for piece in _pieces(rosters, code, at, far):
        if piece.team_key == team and piece.start <= end < piece.end:
            end = piece.end
    return end if end < far else None
