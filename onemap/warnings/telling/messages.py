"""Messages: a warning as it was told at one instant, signed, numbered, chained to those before, and never changed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Literal

import shapely
import structlog

from onemap.core.errors import NotFound
from onemap.store.db import Connection
from onemap.store.sqlfile import sql
from onemap.warnings import wording
from onemap.warnings.telling import cap, serial, signing
from onemap.warnings.telling.identity import Identity, identity
from onemap.warnings.telling.simplify import simplified
from onemap.warnings.timeline import plain, record

log = structlog.get_logger(__name__)

Told = Literal["alert", "update", "upgrade", "downgrade", "cancel", "expire"]
MSG_TYPE: dict[str, cap.MsgType] = {
    "alert": "Alert", "update": "Update", "upgrade": "Update", "downgrade": "Update", "cancel": "Cancel",
    "expire": "Cancel",
}  # fmt: skip
#: How long a message holds that names no end of its own, and one that ends a warning.
HOLDS, ENDED_HOLDS = timedelta(hours=24), timedelta(hours=1)
#: A warning that stands longer than was told is told again this long before.
AHEAD = timedelta(minutes=10)
#: A chain names its first message and the newest ones.
REFERENCES = 30


def issue(conn: Connection, warning_key: str, what: Told, at: datetime, note: str = "") -> str | None:
    """Tell a warning as it stands now; returns the identifier. In the caller's transaction.

    None where nothing was told: nobody is told of the end of what he was never told. A warning that cannot be put into
    words stands all the same: the fault is noted on its timeline, and `retell` tries again.
    """
    facts = conn.execute(sql("message_facts"), {"key": warning_key}).fetchone()
    if facts is None:
        return None
    earlier = facts["earlier"]
    if not earlier:
        if MSG_TYPE[what] == "Cancel":
            return None
        what = "alert"
    elif what == "alert":
        what = "update"
    teller = identity()
    try:
        draft = _telling(facts, what, at, note, teller)
    except Exception as error:
        log.exception("warning cannot be told", warning=warning_key)
        record(conn, warning_key, "untold", "telling", f"预警信息生成失败（{type(error).__name__}），稍后重试",
               f"The message could not be made ({type(error).__name__}): tried again", at=at)  # fmt: skip
        return None
    return _write(conn, draft, facts, teller)


def retell(conn: Connection, at: datetime) -> int:
    """Tell again what is told for too short a time, and what was never told; returns how many."""
    done = 0
    for row in conn.execute(sql("message_due"), {"soon": at + AHEAD}).fetchall():
        held = conn.execute(
            "SELECT 1 FROM warning WHERE key = %s AND state <> 'ended' FOR UPDATE SKIP LOCKED", (row["key"],)
        )
        if held.fetchone() is not None:
            done += issue(conn, row["key"], "alert" if row["untold"] else "update", at) is not None
    return done


def listed(
    conn: Connection, *, warning_key: str | None = None, since: datetime | None = None, limit: int = 100
) -> list[dict[str, Any]]:
    """What was told, newest first, as doors give it."""
    rows = conn.execute(sql("message_list"), {"warning": warning_key, "since": since, "limit": limit}).fetchall()
    return [plain(row) | {"cap": f"/warnings/messages/{row['identifier']}"} for row in rows]


def message(conn: Connection, identifier: str) -> dict[str, Any]:
    """One message with its bytes (`cap`). Raises NotFound."""
    row = conn.execute("SELECT * FROM message WHERE identifier = %s", (identifier,)).fetchone()
    if row is None:
        raise NotFound("There is no such message.", reason="message")
    return row


def chain_faults(told: Sequence[Mapping[str, Any]]) -> list[str]:
    """What is wrong with a warning's messages, oldest first: each must name those before it, letter by letter."""
    faults: list[str] = []
    before: list[str] = []
    for number, one in enumerate(told):
        wanted = _chosen(before)
        if (one["msg_type"] == "Alert") != (number == 0):
            faults.append(f"{one['identifier']}: {one['msg_type']} stands at place {number + 1}")
        if list(one["refs"]) != wanted:
            faults.append(f"{one['identifier']}: references are {one['refs']}, not {wanted}")
        if number and told[number - 1]["msg_type"] == "Cancel":
            faults.append(f"{one['identifier']}: told after the end")
        before.append(cap.reference(one["sender"], one["identifier"], cap.when(one["sent"], identity().zone)))
    return faults


def _telling(facts: Mapping[str, Any], what: str, at: datetime, note: str, teller: Identity) -> cap.Telling:
    earlier = [(sender, number, datetime.fromisoformat(sent)) for sender, number, sent in facts["earlier"]]
    sent = max([at, *(one[2] for one in earlier)]).replace(microsecond=0)
    division = teller.given.division or facts["division"] or "000000"
    cause = facts["cause"] or {}
    msg_type = MSG_TYPE[what]
    expires = facts["valid_until"] or sent + HOLDS
    if msg_type == "Cancel":
        expires = sent + ENDED_HOLDS
    why_zh, why_en = wording.why_zh(cause), wording.why_en(cause)
    if msg_type == "Cancel" and note:
        why_zh, why_en = note, f"{wording.ENDS['expired' if what == 'expire' else 'ended'][1]} ({why_en})"
    areas = [cap.Area(code, name) for code, name in facts["areas"]]
    return cap.Telling(
        identifier=serial.identifier(division, teller.given.organisation, teller.given.internal, sent, 0),
        sender=teller.given.sender or f"onemap.{division}",
        sent=sent,
        status="Exercise" if facts["drill"] else "Actual",
        msg_type=msg_type,
        what=what,
        references=_chosen([cap.reference(one, number, cap.when(then, teller.zone)) for one, number, then in earlier]),
        zone=teller.zone,
        warning_key=facts["key"],
        kind=facts["kind"] or "other",
        source=facts["source"],
        level=facts["level"],
        title=facts["title"],
        name=facts["title"].partition(" · ")[2] or facts["title"],
        text_zh=why_zh,
        text_en=why_en,
        actions=facts["actions"],
        cause=cause,
        effective=sent,
        onset=facts["onset_at"],
        expires=max(expires, sent + timedelta(seconds=1)),
        sender_name=teller.given.sender_name or f"{facts['city'] or ''}城市安全一张图",
        polygons=simplified(shapely.from_wkb(bytes(facts["wkb"]))),
        drill_key=facts["drill_key"] if facts["drill"] else None,
        web=teller.given.public_url,
        areas=areas,
    )


def _chosen(references: Sequence[str]) -> list[str]:
    if len(references) <= REFERENCES:
        return list(references)
    return [references[0], *references[-(REFERENCES - 1) :]]


def _write(conn: Connection, draft: cap.Telling, facts: Mapping[str, Any], teller: Identity) -> str:
    """Number, sign and keep the message.

    The number is taken by an advisory lock on it until the transaction ends: whoever finds it locked takes the next one
    without waiting, and whoever comes after the commit meets the row itself and takes the next one too.
    """
    prefix = draft.identifier[:12]
    row = conn.execute("SELECT count(*) AS n FROM message WHERE sent = %s", (draft.sent,)).fetchone()
    first = int(row["n"]) if row else 0
    while True:
        asked = {"first": first, "second": f"{prefix}{int(draft.sent.timestamp())}"}
        found = conn.execute(sql("message_slot"), asked).fetchone()
        first = found["slot"] if found else first + serial.A_SECOND
        number = serial.identifier(prefix[:6], prefix[6:9], prefix[9:12], draft.sent, first)
        first += 1
        told = replace(draft, identifier=number)
        body = signing.signed(cap.alert(told), teller.home)
        written = conn.execute(
            sql("message_write"),
            {
                "identifier": number, "warning": told.warning_key, "what": told.what, "msg_type": told.msg_type,
                "status": told.status, "sender": told.sender, "sent": told.sent, "expires": told.expires,
                "level": told.level, "title": wording.marked(told.title, drill=bool(facts["drill"])),
                "text": told.text_zh, "refs": list(told.references), "sha256": hashlib.sha256(body).hexdigest(),
                "cap": body,
            },
        ).rowcount  # fmt: skip
        if written:
            conn.execute("UPDATE warning SET identifier = %s WHERE key = %s", (number, told.warning_key))
            return number
