"""The ledger of alerts: who was told what, what they answered, every step on the timeline and the change log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from onemap.core.clock import now
from onemap.core.errors import BadInput, Conflict, Forbidden, NotFound
from onemap.store.db import Connection, acting
from onemap.store.sqlfile import sql
from onemap.warnings.calling import service as calling
from onemap.warnings.calling.standing import turn_of_alert
from onemap.warnings.sending.ledger import moot
from onemap.warnings.timeline import alerts_of, announce, plain, query, record

STATES = ("queued", "delivered", "acknowledged", "arrived", "resolved")
#: The column that holds when each state was reached.
REACHED = {
    "delivered": "delivered_at",
    "acknowledged": "acknowledged_at",
    "arrived": "arrived_at",
    "resolved": "resolved_at",
}
NOTE_CHARACTERS = 2000
ACTOR_DELIVERY = "delivery"


def alerts(
    conn: Connection,
    *,
    team_key: str | None = None,
    state: str | None = None,
    warning_key: str | None = None,
    limit: int = 500,
) -> list[dict[str, Any]]:
    """Alerts, newest first, as the doors give them: times are ISO 8601 text. Raises BadInput for an unknown state."""
    if state is not None and state not in STATES:
        raise BadInput(f"{state[:40]!r} is no state of an alert: {', '.join(STATES)}.", reason="state")
    return query(conn, team=team_key, state=state, warning=warning_key, limit=limit)


def acknowledge(
    conn: Connection, alert_id: int, actor: str, team_key: str | None = None, *, at: datetime | None = None
) -> dict[str, Any]:
    """The team has read it and goes. Again: the same. Raises NotFound; Forbidden for another team's alert."""
    return _advance(conn, alert_id, "acknowledged", actor, team_key, at=at)


def arrive(
    conn: Connection, alert_id: int, actor: str, team_key: str | None = None, *, at: datetime | None = None
) -> dict[str, Any]:
    """The team is on site. Again: the same. Errors as in `acknowledge`."""
    return _advance(conn, alert_id, "arrived", actor, team_key, at=at)


def resolve(conn: Connection, alert_id: int, actor: str, team_key: str | None = None) -> dict[str, Any]:
    """The work is done. Again: the same. Errors as in `acknowledge`; Conflict when nobody has been on site yet."""
    return _advance(conn, alert_id, "resolved", actor, team_key)


def decline(
    conn: Connection, alert_id: int, actor: str, team_key: str | None = None, *, at: datetime | None = None
) -> dict[str, Any]:
    """The team cannot go: the ladder climbs at once. Again: the same.

    Errors as in `acknowledge`; Conflict when the team is on site.
    """
    with acting(conn, actor):
        turn_of_alert(conn, alert_id)
        alert = _locked(conn, alert_id, team_key)
        if alert["arrived_at"] is not None or alert["resolved_at"] is not None:
            raise Conflict("The team has been on site: it reports instead of declining.", reason="on-site")
        if alert["declined_at"] is None:
            at = at or now()
            conn.execute("UPDATE alert SET declined_at = %s WHERE id = %s", (at, alert_id))
            if not calling.declined(conn, alert_id, actor, at):
                record(conn, alert["warning_key"], "declined", actor, f"{alert['team_name']}无法前往",
                       f"{alert['team_name']} cannot go", alert_id=alert_id, at=at)  # fmt: skip
            announce(conn, [alert_id])
        return alerts_of(conn, [alert_id])[0]


def confirm_again(
    conn: Connection, alert_id: int, actor: str, team_key: str | None = None, *, at: datetime | None = None
) -> dict[str, Any]:
    """The second confirmation: still there, people out. Again: the same.

    Errors as in `acknowledge`; Conflict when nothing was acknowledged yet.
    """
    with acting(conn, actor):
        turn_of_alert(conn, alert_id)
        alert = _locked(conn, alert_id, team_key)
        if alert["acknowledged_at"] is None:
            raise Conflict("Acknowledge the alert first.", reason="not-acknowledged")
        at = at or now()
        calling.confirmed(conn, alert_id, actor, at)
        moot(conn, [alert_id], "answered")
        if conn.execute("UPDATE alert SET second_at = %s WHERE id = %s AND second_at IS NULL", (at, alert_id)).rowcount:
            announce(conn, [alert_id])
        return alerts_of(conn, [alert_id])[0]


def answer_call(
    conn: Connection, call_id: int, actor: str, *, here: bool, note: str = "", at: datetime | None = None
) -> str:
    """Write down what a team said by radio or telephone, or that somebody else stands by; returns the warning's key.

    Raises NotFound; Conflict when the warning has ended.
    """
    with acting(conn, actor):
        at = at or now()
        call = calling.call(conn, call_id)
        if call["alert_id"] is not None and not here:
            decline(conn, call["alert_id"], actor, at=at)
        elif call["alert_id"] is not None:
            calling.noted(conn, call_id, actor, at, note)
            acknowledge(conn, call["alert_id"], actor, at=at)
        else:
            calling.noted(conn, call_id, actor, at, note, here=here)
        return str(call["warning_key"])


def report(
    conn: Connection, alert_id: int, actor: str, team_key: str | None, note: str, attachment: str | None = None,
    *, at: datetime | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Add a team's report to the timeline; the same report again (a phone that sends twice) is one line.

    `attachment` is the name the server keeps a photo under. Raises BadInput for an empty or overlong report, and
    errors as in `acknowledge`.
    """
    note = note.strip()
    if not note and not attachment:
        raise BadInput("A report needs a note or a photo.", reason="empty-report")
    if len(note) > NOTE_CHARACTERS:
        raise BadInput(f"The note is longer than {NOTE_CHARACTERS} characters.", reason="long-note")
    with acting(conn, actor):
        turn_of_alert(conn, alert_id)
        alert = _locked(conn, alert_id, team_key)
        zh, en = f"{alert['team_name']}上报：{note or '现场照片'}", f"{alert['team_name']} reports: {note or 'photo'}"
        same = conn.execute(
            "SELECT 1 FROM alert_event WHERE alert_id = %s AND kind = 'report' AND text_zh = %s "
            "AND attachment IS NOT DISTINCT FROM %s",
            (alert_id, zh, attachment),
        ).fetchone()
        if same is None:
            at = at or now()
            record(conn, alert["warning_key"], "report", actor, zh, en, alert_id=alert_id, at=at, attachment=attachment)
            calling.reported(conn, alert_id, actor, at)
            announce(conn, [alert_id])
        return alerts_of(conn, [alert_id])[0]


def on_fixes(conn: Connection, mover_ids: Sequence[int], at: datetime) -> list[int]:
    """After movers' positions were stored: alerts of teams that have come into their warning's zone are arrived at.

    Once is once: a position that jitters over the zone's edge changes nothing more. Returns the alerts concerned.
    """
    if not mover_ids:
        return []
    found = conn.execute(sql("warn_arrivals"), {"movers": list(mover_ids)}).fetchall()
    for row in found:
        arrive(conn, row["id"], "position", at=at)
    return [row["id"] for row in found]


def mark_delivered(conn: Connection, alert_ids: Sequence[int], channel: str = "live") -> int:
    """Alerts that went out on a channel: their deliveries are settled. Returns how many became delivered."""
    if not alert_ids:
        return 0
    with conn.transaction():
        at = now()
        # Alerts before their deliveries, as everybody who answers or calls takes them: else two would wait in a circle.
        conn.execute("SELECT FROM alert WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", (list(alert_ids),))
        done = conn.execute(sql("warn_delivered"), {"ids": list(alert_ids), "channel": channel, "at": at}).fetchall()
        return sum(delivered(conn, alert_id, channel, at) for alert_id in sorted({row["alert_id"] for row in done}))


def delivered(conn: Connection, alert_id: int, channel: str, at: datetime) -> bool:
    """Note that an alert has reached its team; only the first channel to do so changes the alert."""
    alert = _locked(conn, alert_id, None)
    zh, en = {"live": ("在线推送", "live stream")}.get(channel, ("接口推送", channel))
    record(conn, alert["warning_key"], "delivered", ACTOR_DELIVERY, f"已送达{alert['team_name']}（{zh}）",
           f"Delivered to {alert['team_name']} ({en})", alert_id=alert_id, at=at)  # fmt: skip
    if alert["delivered_at"] is not None:
        return False
    _write(conn, alert, {"delivered_at": at}, "delivered", None)
    announce(conn, [alert_id])
    return True


_DONE: dict[str, tuple[str, str]] = {
    "acknowledged": ("已确认接警", "acknowledged"),
    "arrived": ("已到场", "on site"),
    "resolved": ("处置完成", "resolved"),
}


def _advance(
    conn: Connection, alert_id: int, to: str, actor: str, team_key: str | None, *, at: datetime | None = None
) -> dict[str, Any]:
    with acting(conn, actor):
        if actor != "position":
            turn_of_alert(conn, alert_id)
        alert = _locked(conn, alert_id, team_key)
        if alert[REACHED[to]] is None:
            if to == "resolved" and alert["arrived_at"] is None:
                raise Conflict("Nobody has been on site yet: report the arrival first.", reason="not-on-site")
            at = at or now()
            changes = {REACHED[to]: at}
            # An answer proves that the alert was received. A position does not prove that anyone has read it.
            if alert["delivered_at"] is None and actor != "position":
                changes["delivered_at"] = at
            if to == "resolved" and alert["acknowledged_at"] is None:
                changes["acknowledged_at"] = at
            if to == "arrived" and actor != "position" and alert["acknowledged_at"] is None:
                changes["acknowledged_at"] = at
            _write(conn, alert, changes, to, actor if "acknowledged_at" in changes else None)
            zh, en = _DONE[to]
            by_zh, by_en = ("（定位进入威胁区）", " (position inside the zone)") if actor == "position" else ("", "")
            record(conn, alert["warning_key"], to, actor, f"{alert['team_name']}{zh}{by_zh}",
                   f"{alert['team_name']} {en}{by_en}", alert_id=alert_id, at=at)  # fmt: skip
            # A position is no answer: it says where a device is, not that anyone has read the alert.
            if actor != "position":
                said = calling.answered if to == "acknowledged" else calling.confirmed
                said(conn, alert_id, actor, at)
                moot(conn, [alert_id], "answered")
            announce(conn, [alert_id])
        return alerts_of(conn, [alert_id])[0]


def _write(
    conn: Connection, alert: Mapping[str, Any], changes: Mapping[str, datetime], to: str, acknowledged_by: str | None
) -> None:
    # The state is the furthest step reached: a late acknowledgement does not take a team off the site again.
    state = max(alert["state"], to, key=STATES.index)
    columns = {column: changes.get(column, alert[column]) for column in REACHED.values()}
    conn.execute(
        sql("warn_alert_write"), {"id": alert["id"], "state": state, "acknowledged_by": acknowledged_by, **columns}
    )


def _locked(conn: Connection, alert_id: int, team_key: str | None) -> dict[str, Any]:
    alert = conn.execute(sql("warn_alert_lock"), {"id": alert_id}).fetchone()
    if alert is None:
        raise NotFound(f"There is no alert {alert_id}.", reason="alert")
    if team_key is not None and alert["team_key"] != team_key:
        raise Forbidden("This alert is another team's.", reason="other-team")
    return alert


__all__ = [
    "acknowledge",
    "alerts",
    "alerts_of",
    "announce",
    "answer_call",
    "arrive",
    "confirm_again",
    "decline",
    "delivered",
    "mark_delivered",
    "on_fixes",
    "plain",
    "record",
    "report",
    "resolve",
]
