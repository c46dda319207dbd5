"""A warning as a CAP 1.2 message: elements in the schema's order, times with their offset, one info a language.

Schema: OASIS CAP-v1.2.xsd. Nothing that only insiders may know goes in: no counts of residents, no teams.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from lxml import etree
from shapely import MultiPolygon

from onemap.warnings import wording
from onemap.warnings.telling import words

CAP = "urn:oasis:names:tc:emergency:cap:1.2"
MsgType = Literal["Alert", "Update", "Cancel"]
Status = Literal["Actual", "Exercise", "Test"]
_UNPRINTABLE = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Area:
    """An administrative area that the zone meets."""

    code: str
    name: str


@dataclass(frozen=True)
class Telling:
    """Everything one message says."""

    identifier: str
    sender: str
    sent: datetime
    status: Status
    msg_type: MsgType
    what: str
    references: Sequence[str]
    zone: ZoneInfo
    warning_key: str
    kind: str
    source: str | None
    level: int
    title: str
    name: str
    text_zh: str
    text_en: str
    actions: str | None
    cause: dict[str, Any]
    effective: datetime
    onset: datetime | None
    expires: datetime
    sender_name: str
    polygons: MultiPolygon
    drill_key: str | None = None
    note: str = ""
    web: str = ""
    areas: Sequence[Area] = field(default=())

    @property
    def over(self) -> bool:
        """Whether it says that the danger is over."""
        return self.msg_type == "Cancel"


def alert(told: Telling) -> etree._Element:
    """The message without its signature."""
    names: Any = {None: CAP}
    root = etree.Element(f"{{{CAP}}}alert", nsmap=names)
    _put(root, "identifier", told.identifier)
    _put(root, "sender", told.sender)
    _put(root, "sent", when(told.sent, told.zone))
    _put(root, "status", told.status)
    _put(root, "msgType", told.msg_type)
    _put(root, "scope", "Public")
    note = "；".join(one for one in (f"演练 {told.drill_key}" if told.drill_key else "", told.note) if one)
    if note:
        _put(root, "note", note)
    if told.references:
        _put(root, "references", " ".join(told.references))
    _info(root, told, english=False)
    _info(root, told, english=True)
    return root


def when(at: datetime, zone: ZoneInfo) -> str:
    """A time as CAP wants it: seconds, numeric offset, never Z."""
    return at.astimezone(zone).replace(microsecond=0).isoformat()


def reference(sender: str, identifier: str, sent: str) -> str:
    """How a later message names an earlier one."""
    return f"{sender},{identifier},{sent}"


def _info(root: etree._Element, told: Telling, *, english: bool) -> None:
    info = etree.SubElement(root, f"{{{CAP}}}info")
    _put(info, "language", "en" if english else "zh-CN")
    _put(info, "category", words.kind_of(told.kind).category)
    _put(info, "event", words.event(told.kind, english=english))
    for response in ("AllClear",) if told.over else words.RESPONSES[told.level]:
        _put(info, "responseType", response)
    _put(info, "urgency", words.urgency(told.level, told.sent, told.onset, over=told.over))
    _put(info, "severity", words.SEVERITY[told.level])
    _put(info, "certainty", words.certainty(told.source, told.sent, told.onset, told.cause))
    _pair(info, "eventCode", "onemap:kind", told.kind)
    _put(info, "effective", when(told.effective, told.zone))
    if told.onset is not None:
        _put(info, "onset", when(told.onset, told.zone))
    _put(info, "expires", when(told.expires, told.zone))
    _put(info, "senderName", told.sender_name)
    _put(info, "headline", _headline(told, english=english))
    _put(info, "description", _marked(told, told.text_en if english else told.text_zh, english=english))
    instruction = words.OVER if told.over else words.INSTRUCTIONS[told.level]
    _put(info, "instruction", instruction[1] if english else (not told.over and told.actions) or instruction[0])
    if told.web:
        _put(info, "web", told.web)
    zh, en = words.COLOURS[told.level]
    _pair(info, "parameter", "level", words.ROMAN[told.level])
    _pair(info, "parameter", "colour", en if english else zh)
    _pair(info, "parameter", "onemap:warning", told.warning_key)
    _pair(info, "parameter", "onemap:what", told.what)
    _area(info, told)


def _area(info: etree._Element, told: Telling) -> None:
    area = etree.SubElement(info, f"{{{CAP}}}area")
    _put(area, "areaDesc", "、".join([told.name, *(one.name for one in told.areas[:8])]))
    for polygon in told.polygons.geoms:
        _put(area, "polygon", " ".join(f"{_number(y)},{_number(x)}" for x, y in polygon.exterior.coords))
    for one in told.areas:
        _pair(area, "geocode", "GB/T 2260" if len(one.code) <= 6 else "GB/T 10114", one.code)


def _headline(told: Telling, *, english: bool) -> str:
    if english:
        kind = words.kind_of(told.kind).en
        state = {"cancel": "ended", "expire": "expired"}.get(told.what, "warning")
        text = f"{wording.level_en(told.level).capitalize()} {kind.lower()} {state}: {told.name}"
    else:
        text = told.title + ("（已解除）" if told.over else "")
    return _marked(told, text, english=english)


def _marked(told: Telling, text: str, *, english: bool) -> str:
    if told.status == "Actual":
        return text
    return f"[EXERCISE] {text}" if english else wording.marked(text, drill=True)


def _number(degrees: float) -> str:
    return f"{degrees:.7f}".rstrip("0").rstrip(".")


def _put(parent: etree._Element, name: str, text: str) -> None:
    etree.SubElement(parent, f"{{{CAP}}}{name}").text = printable(text)


def _pair(parent: etree._Element, name: str, key: str, value: str) -> None:
    pair = etree.SubElement(parent, f"{{{CAP}}}{name}")
    _put(pair, "valueName", key)
    _put(pair, "value", value)


def printable(text: str) -> str:
    """The text without what XML cannot hold; a name from a feed may hold anything."""
    return _UNPRINTABLE.sub("", text)
