"""CAP of others as claims: a message raises, changes or ends the warning of its chain, or is kept and does nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import shapely
from lxml import etree

from onemap.core.clock import now
from onemap.core.errors import BadInput
from onemap.core.settings import CaseSettings
from onemap.store.db import Connection
from onemap.store.sqlfile import sql
from onemap.warnings import lifecycle, place
from onemap.warnings.telling import signing, words
from onemap.warnings.telling.identity import identity
from onemap.warnings.telling.reading import Info, Message, preferred

#: A message that names no end holds so long.
HOLDS = timedelta(hours=24)
TEXT_CHARACTERS, NAME_CHARACTERS, ACTION_CHARACTERS = 500, 60, 1000
_ENDS: dict[str, lifecycle.EndReason] = {"cancelled": "cancelled", "ended": "ended", "expired": "expired"}
_COLOURS = {"红": 1, "red": 1, "橙": 2, "orange": 2, "黄": 3, "yellow": 3, "蓝": 4, "blue": 4}


@dataclass
class Imported:
    """What became of a message. `stored` is false for one that came before."""

    identifier: str
    status: str
    msg_type: str
    stored: bool = True
    warnings: list[str] = field(default_factory=list)
    note: str = ""


def take(
    conn: Connection, message: Message, root: etree._Element, clocks: CaseSettings,
    *, raw_id: int | None = None, at: datetime | None = None,
) -> Imported:  # fmt: skip
    """Take a message that was read, in the caller's transaction. The same message again changes nothing.

    Raises BadInput: reason "signature" for a broken one, "references" for one that speaks for another sender, "place"
    for one whose area is neither drawn nor known by its code.
    """
    at = at or now()
    done = Imported(message.identifier, message.status, message.msg_type)
    known = conn.execute(sql("cap_known"), _named(message)).fetchone()
    if known is not None:
        done.stored, done.note = False, "The same message came before."
        return done
    signature = signing.check(root, identity().home)
    if any(sender != message.sender for sender, _, _ in message.references):
        raise BadInput("The message speaks of messages of another sender.", reason="references")
    subject = _subject(conn, message)
    lifecycle.lock(conn, [subject])
    act = _act(conn, message, subject, at)
    zone = _zone(conn, preferred(message.infos)) if act == "claim" else None
    written = conn.execute(
        sql("cap_write"),
        {**_named(message), "status": message.status, "msg_type": message.msg_type, "subject": subject,
         "signature": signature, "raw_id": raw_id},
    ).rowcount  # fmt: skip
    if not written:
        done.stored, done.note = False, "The same message came before."
        return done
    claimant = f"cap:{message.sender}"
    reason = _ENDS.get(act)
    if reason is not None:
        outcome = lifecycle.release(
            conn, subject, claimant, reason, clocks, at=at,
            text_zh=f"{message.sender} 解除预警", text_en=f"Ended by {message.sender}",
        )  # fmt: skip
        done.warnings = [outcome.warning_key] if outcome.warning_key else []
        done.note = "The warning of its chain has ended." if done.warnings else "It ends a warning that is not open."
    elif act == "claim" and zone is not None:
        if not _in_city(conn, zone):
            done.note = "Its area lies outside the city."
        else:
            said = _claim(message, subject, claimant, zone, signature)
            outcome = lifecycle.claim(conn, said, clocks, at=at)
            done.warnings = [outcome.warning_key] if outcome.warning_key else []
            done.note = {"valid": "Signed.", "trusted": "Signed by a trusted key."}.get(signature, "Unsigned.")
    else:
        done.note = act
    conn.execute(sql("cap_noted"), {**_named(message), "stored": bool(done.warnings), "note": done.note})
    return done


def _named(message: Message) -> dict[str, Any]:
    return {"sender": message.sender, "identifier": message.identifier, "sent": message.sent_text}


def _subject(conn: Connection, message: Message) -> str:
    """The chain it belongs to: that of a known message it names, else named after the first it names, else new."""
    for sender, identifier, sent in message.references:
        row = conn.execute(sql("cap_known"), {"sender": sender, "identifier": identifier, "sent": sent}).fetchone()
        if row is not None:
            return str(row["subject"])
    first = message.references[0][1] if message.references else message.identifier
    return f"cap:{message.sender}:{first}"


def _act(conn: Connection, message: Message, subject: str, at: datetime) -> str:
    """What to do: claim, cancelled, ended, expired, or in words why nothing."""
    if message.status != "Actual":
        return f"Its status is {message.status}: it is kept, and no warning is raised."
    if message.msg_type in ("Ack", "Error"):
        return f"A message of type {message.msg_type} raises nothing."
    own = conn.execute("SELECT 1 FROM message WHERE identifier = %s", (message.identifier,)).fetchone()
    if own is not None:
        return "It is a message of our own."
    newer = conn.execute(sql("cap_newer"), {"subject": subject, "sent": message.sent}).fetchone()
    if newer is not None:
        return "A newer message of its chain came before it."
    if message.msg_type == "Cancel":
        return "cancelled"
    info = preferred(message.infos)
    if "AllClear" in info.responses:
        return "ended"
    if _until(message, info) <= at:
        return "expired"
    return "claim"


def _until(message: Message, info: Info) -> datetime:
    return info.expires or (info.onset or info.effective or message.sent) + HOLDS


def _zone(conn: Connection, info: Info) -> bytes:
    if info.wkbs:
        return place.union(info.wkbs)
    rows = conn.execute(
        "SELECT st_asbinary(geom) AS wkb FROM area WHERE code = ANY(%s)", (info.geocodes[:200],)
    ).fetchall()
    if not rows:
        raise BadInput(
            "The area of the message is neither drawn nor known by its code: it cannot be put on the map.",
            reason="place",
        )
    return place.union(bytes(row["wkb"]) for row in rows)


def _in_city(conn: Connection, zone: bytes) -> bool:
    row = conn.execute("SELECT bounds FROM city LIMIT 1").fetchone()
    return row is None or bool(shapely.intersects(shapely.from_wkb(zone), shapely.box(*row["bounds"])))


def _claim(message: Message, subject: str, claimant: str, zone: bytes, signature: str) -> lifecycle.Claim:
    info = preferred(message.infos)
    english = next((one for one in message.infos if one.language.lower().startswith("en")), info)
    who = info.sender_name or message.sender
    return lifecycle.Claim(
        subject=subject,
        claimant=claimant,
        level=_level(info),
        source="cap",
        kind=words.kind_from(info.categories, f"{info.event} {english.event}"),
        cause={
            "text_zh": f"{who}：{info.headline or info.event}"[:TEXT_CHARACTERS],
            "text_en": f"{who}: {english.headline or english.event}"[:TEXT_CHARACTERS],
            "description": info.description[:TEXT_CHARACTERS],
            "sender": message.sender,
            "identifier": message.identifier,
            "sent": message.sent.astimezone(UTC).isoformat(),
            "signature": signature,
            "urgency": info.urgency,
            "severity": info.severity,
            "certainty": info.certainty,
        },
        at=message.sent,
        name=(info.headline or info.event)[:NAME_CHARACTERS],
        geom_wkb=zone,
        onset_at=info.onset,
        valid_until=_until(message, info),
        actions=info.instruction[:ACTION_CHARACTERS] or None,
    )


def _level(info: Info) -> int:
    """The level by the colour that the message names, else by its severity."""
    for name, value in info.parameters.items():
        if any(word in name.lower() for word in ("colour", "color", "颜色", "级别", "level")):
            for colour, level in _COLOURS.items():
                if colour in value.lower():
                    return level
    return words.LEVEL_OF[info.severity]
