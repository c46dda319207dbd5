"""Messages as an Atom 1.0 feed (RFC 4287) whose entries link the signed CAP messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from lxml import etree

from onemap.warnings.telling.cap import printable

ATOM = "http://www.w3.org/2005/Atom"


def document(messages: Sequence[Mapping[str, Any]], base_url: str, zone: ZoneInfo) -> bytes:
    """The feed of messages as `messages.listed` gives them, newest first; `base_url` ends with a slash."""
    names: Any = {None: ATOM}
    feed = etree.Element(f"{{{ATOM}}}feed", nsmap=names)
    newest = messages[0]["sent"] if messages else datetime(2000, 1, 1, tzinfo=UTC).isoformat()
    _put(feed, "id", f"{base_url}warnings/atom")
    _put(feed, "title", "预警信息 Warnings")
    _put(feed, "updated", _when(newest, zone))
    _put(_child(feed, "author"), "name", "onemap")
    _child(feed, "link", rel="self", type="application/atom+xml", href=f"{base_url}warnings/atom")
    for one in messages:
        entry = _child(feed, "entry")
        href = f"{base_url}{one['cap'].lstrip('/')}"
        _put(entry, "id", f"urn:onemap:cap:{one['identifier']}")
        _put(entry, "title", one["title"])
        _put(entry, "updated", _when(one["sent"], zone))
        _put(entry, "published", _when(one["sent"], zone))
        _child(entry, "link", rel="alternate", type="application/cap+xml", href=href)
        _child(entry, "category", term=one["msg_type"], scheme="urn:oasis:names:tc:emergency:cap:1.2#msgType")
        _child(entry, "category", term=one["status"], scheme="urn:oasis:names:tc:emergency:cap:1.2#status")
        _put(entry, "summary", one["text"])
    return etree.tostring(feed, xml_declaration=True, encoding="UTF-8")


def _when(text: str, zone: ZoneInfo) -> str:
    return datetime.fromisoformat(text).astimezone(zone).isoformat(timespec="seconds")


def _child(parent: etree._Element, name: str, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{ATOM}}}{name}", {key: printable(value) for key, value in attributes.items()})


def _put(parent: etree._Element, name: str, text: str) -> None:
    _child(parent, name).text = printable(text)
