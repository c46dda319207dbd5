"""Moving the grids of one warning that are due: read, decide in plain data, write back in a few statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from onemap.store.db import Connection
from onemap.store.sqlfile import sql
from onemap.warnings import alerting
from onemap.warnings.calling import lines, template
from onemap.warnings.calling.answers import take
from onemap.warnings.calling.duties import chains
from onemap.warnings.calling.ladder import Made, Pace, Standing, climb, move
from onemap.warnings.calling.lines import Line

ORG = {"grid": "grid_code", "community": "community_code", "street": "street_code", "district": "district_code"}


@dataclass(frozen=True, slots=True)
class Ring:
    """One step of one grid that was decided."""

    row: Mapping[str, Any]
    before: Standing
    after: Standing
    made: Sequence[Made]


def ring(conn: Connection, warning_key: str, at: datetime) -> int:
    """Move every grid of a warning that is due; returns how many. The warning's turn is the caller's."""
    rows = conn.execute(sql("call_due"), {"key": warning_key, "at": at}).fetchall()
    return _ring(conn, warning_key, rows, at, "silent")


def climb_now(conn: Connection, warning_key: str, ids: Sequence[int], at: datetime) -> int:
    """Climb from calls that were declined, before their deadline."""
    rows = conn.execute(sql("call_of"), {"ids": list(ids)}).fetchall()
    return _ring(conn, warning_key, rows, at, "declined")


def _ring(conn: Connection, warning_key: str, rows: Sequence[Mapping[str, Any]], at: datetime, ended_as: str) -> int:
    if not rows:
        return 0
    pace = pace_of(conn, warning_key)
    rings: list[Ring] = []
    for row, chain in zip(rows, chains(conn, rows, at, template.book().zone), strict=True):
        before = standing_of(row)
        after, made = (move if ended_as == "silent" else climb)(before, chain, pace, at)
        rings.append(Ring(row, before, after, made))
    ended = [one.row["id"] for one in rings if one.before.state in ("calling", "unanswered") and one.before.rung]
    conn.execute(sql("call_silent"), {"ids": ended, "state": ended_as})
    names = lines.names_of(conn, [team for one in rings for team in (one.before.team, one.after.team)])
    if ended_as == "silent":
        lines.write(conn, warning_key, _silences(rings, names, at))
    _write(conn, rings, at)
    alerts = _alert(conn, warning_key, rings, at)
    _calls(conn, warning_key, rings, {team: alert["id"] for team, alert in alerts.items()}, at)
    lines.write(conn, warning_key, _calls_told(rings, alerts, names, at))
    _answered_before(conn, warning_key, rings, alerts, at)
    return len(rings)


def pace_of(conn: Connection, warning_key: str) -> Pace:
    """The pace of a warning's ladder at its present level."""
    row = conn.execute("SELECT template, level FROM ladder WHERE warning_key = %s", (warning_key,)).fetchone()
    assert row is not None  # noqa: S101  (a calling has a ladder)
    book = template.book()
    found = book.pace(row["template"], row["level"]) or book.pace(book.of_kind(None).key, row["level"])
    # A template that has lost this level since, and no other has it: the mildest there is.
    found = found or next((p for p in (book.pace("default", n) for n in (4, 3, 2, 1)) if p), None)
    assert found is not None  # noqa: S101  (the template for everything names at least one level)
    return found


def standing_of(row: Mapping[str, Any]) -> Standing:
    """A row as the ladder takes it."""
    return Standing(
        row["state"], row["rung"], row["team_key"], frozenset(row["called"] or ()), row["round"], row["due_at"],
        row["second"],
    )  # fmt: skip


def _write(conn: Connection, rings: Sequence[Ring], at: datetime) -> None:
    conn.execute(
        sql("call_stand"),
        {
            "at": at,
            "id": [one.row["id"] for one in rings],
            "state": [one.after.state for one in rings],
            "second": [one.after.second for one in rings],
            "rung": [one.after.rung for one in rings],
            "team_key": [one.after.team for one in rings],
            "called": [" ".join(sorted(one.after.called)) for one in rings],
            "round": [one.after.round for one in rings],
            "due_at": [one.after.due_at for one in rings],
            "fresh": [any(made.team for made in one.made) for one in rings],
        },
    )


def _alert(conn: Connection, warning_key: str, rings: Sequence[Ring], at: datetime) -> dict[str, dict[str, Any]]:
    """One alert for each team that is called, with its deadline; one that it has already is asked anew."""
    due: dict[str, datetime] = {}
    asked: dict[str, datetime] = {}
    for one in rings:
        for made in one.made:
            if made.team is not None and one.after.due_at is not None:
                due[made.team] = max(one.after.due_at, due.get(made.team, one.after.due_at))
                asked[made.team] = max(one.row["asked_at"], asked.get(made.team, one.row["asked_at"]))
                if one.after.second:
                    asked[made.team] = at
    if not due:
        return {}
    ids = alerting.alert_teams(conn, warning_key, list(due), template.book().cases, origin="call", at=at, told=False)
    found = {row["team_key"]: row for row in conn.execute(sql("call_alerts"), {"ids": list(ids.values())}).fetchall()}
    again = [bool(found[team]["acknowledged_at"] and found[team]["acknowledged_at"] < asked[team]) for team in ids]
    conn.execute(
        sql("call_alert_asked"),
        {"ids": list(ids.values()), "due_at": [due[team] for team in ids], "again": again},
    )
    alerting.ring(conn, list(ids.values()), again=_called_before(conn, rings, ids))
    return found


def _called_before(conn: Connection, rings: Sequence[Ring], alerts: Mapping[str, int]) -> list[int]:
    """The alerts that have called for the same grid before: another round, or a second confirmation that is missing."""
    pairs = [(alerts[made.team], one.row["id"]) for one in rings for made in one.made if made.team]
    rows = conn.execute(
        "SELECT DISTINCT c.alert_id FROM unnest(%s::bigint[], %s::bigint[]) AS n (alert_id, calling_id) "
        "JOIN call c USING (alert_id, calling_id) ORDER BY 1",
        ([alert for alert, _ in pairs], [grid for _, grid in pairs]),
    ).fetchall()
    return [row["alert_id"] for row in rows]


def _calls(conn: Connection, warning_key: str, rings: Sequence[Ring], alerts: Mapping[str, int], at: datetime) -> None:
    made = [(one, step) for one in rings for step in one.made if step.team or one.after.round <= 1]
    if not made:
        return
    conn.execute(
        sql("call_make"),
        {
            "key": warning_key,
            "at": at,
            "calling_id": [one.row["id"] for one, _ in made],
            "alert_id": [alerts.get(step.team or "") for _, step in made],
            "rung": [step.rung for _, step in made],
            "org_code": [one.row[ORG[step.rung]] or "" for one, step in made],
            "team_key": [step.team for _, step in made],
            "rank": [step.rank for _, step in made],
            "level": [one.row["level"] for one, _ in made],
            "round": [one.after.round for one, _ in made],
            "state": ["calling" if step.team else "no_duty" for _, step in made],
            "deadline_at": [one.after.due_at if step.team else at for one, step in made],
            "note": [None for _ in made],
        },
    )


def _silences(rings: Sequence[Ring], names: Mapping[str, str], at: datetime) -> list[Line]:
    silent: dict[tuple[str, str], list[str]] = defaultdict(list)
    missing: dict[str, list[str]] = defaultdict(list)
    for one in rings:
        if one.before.state == "answered":
            missing[names.get(one.before.team or "", one.row["answered_by"] or "")].append(one.row["grid_name"])
        elif one.before.rung and one.before.team:
            silent[one.before.rung, names[one.before.team]].append(one.row["grid_name"])
    found = [lines.silent(team, rung, grids, at) for (rung, team), grids in sorted(silent.items())]
    return found + [lines.second_missing(team, grids, at) for team, grids in sorted(missing.items())]


def _calls_told(
    rings: Sequence[Ring], alerts: Mapping[str, Mapping[str, Any]], names: Mapping[str, str], at: datetime
) -> list[Line]:
    nobody: dict[str, list[str]] = defaultdict(list)
    called: dict[tuple[str, str, int, int, bool], list[Ring]] = defaultdict(list)
    for one in rings:
        for made in one.made:
            if made.team is not None:
                called[made.team, made.rung, made.rank, one.after.round, one.after.second].append(one)
            elif one.after.round <= 1:  # said once: later rounds only repeat it
                nobody[made.rung].append(one.row["grid_name"])
    found = [lines.no_duty(rung, grids, at) for rung, grids in nobody.items()]
    for (team, rung, rank, round_, again), own in sorted(called.items()):
        due = own[0].after.due_at
        assert due is not None  # noqa: S101  (a call has a deadline)
        grids = [one.row["grid_name"] for one in own]
        found.append(lines.called(names[team], rung, rank, grids, due, round_, alerts[team]["id"], at, again=again))
    return found


def _answered_before(
    conn: Connection,
    warning_key: str,
    rings: Sequence[Ring],
    alerts: Mapping[str, Mapping[str, Any]],
    at: datetime,
) -> None:
    """A team that acknowledged the warning at this level before it was called has answered already."""
    done: dict[str, list[int]] = defaultdict(list)
    for one in rings:
        team = one.after.team
        if team is None or team not in alerts or one.after.second or not any(made.team for made in one.made):
            continue
        said = alerts[team]["acknowledged_at"]
        if said is not None and said >= one.row["asked_at"]:
            done[team].append(one.row["id"])
    for team, ids in done.items():
        take(conn, warning_key, ids, alerts[team]["id"], alerts[team]["acknowledged_by"] or team, at)
