"""CAP 1.2 of others, read with suspicion: bytes → a checked message, or a refusal that says why.

Before a parser sees it, the text is decoded by its declared encoding and refused when a document type stands in its
prolog: entities, external files and expansions all begin there. Then the order, presence and values of the schema are
checked by our own rules, so that the reason is one that a person understands.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lxml import etree

from onemap.core.errors import BadInput
from onemap.warnings.telling.cap import CAP
from onemap.warnings.telling.shape import circle, polygon
from onemap.warnings.telling.signing import DSIG

MAX_BYTES = 2 * 1024 * 1024
MAX_ELEMENTS = 20_000
MAX_DEPTH = 12
MAX_CHARACTERS = 20_000
#: Names may be long, but they go into keys and logs.
MAX_NAME = 300
_ENCODING = re.compile(rb"^\s*<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._\-]{1,40})[\"']")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_PROLOG = re.compile(r"\s+|<\?.*?\?>|<!--.*?-->", re.DOTALL)
_WHEN = re.compile(r"\d\d\d\d-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d", re.ASCII)
_REFERENCE = re.compile(r"([^,\s]+),([^,\s]+),([^,\s]+)")
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))

#: The schema's sequences: name, required, repeated.
ALERT = (
    ("identifier", True, False), ("sender", True, False), ("sent", True, False), ("status", True, False),
    ("msgType", True, False), ("source", False, False), ("scope", True, False), ("restriction", False, False),
    ("addresses", False, False), ("code", False, True), ("note", False, False), ("references", False, False),
    ("incidents", False, False), ("info", False, True),
)  # fmt: skip
INFO = (
    ("language", False, False), ("category", True, True), ("event", True, False), ("responseType", False, True),
    ("urgency", True, False), ("severity", True, False), ("certainty", True, False), ("audience", False, False),
    ("eventCode", False, True), ("effective", False, False), ("onset", False, False), ("expires", False, False),
    ("senderName", False, False), ("headline", False, False), ("description", False, False),
    ("instruction", False, False), ("web", False, False), ("contact", False, False), ("parameter", False, True),
    ("resource", False, True), ("area", False, True),
)  # fmt: skip
AREA = (
    ("areaDesc", True, False), ("polygon", False, True), ("circle", False, True), ("geocode", False, True),
    ("altitude", False, False), ("ceiling", False, False),
)  # fmt: skip
RESOURCE = (
    ("resourceDesc", True, False), ("mimeType", True, False), ("size", False, False), ("uri", False, False),
    ("derefUri", False, False), ("digest", False, False),
)  # fmt: skip
PAIR = (("valueName", True, False), ("value", True, False))
SEQUENCES = {
    "alert": ALERT, "info": INFO, "area": AREA, "resource": RESOURCE, "eventCode": PAIR, "parameter": PAIR,
    "geocode": PAIR,
}  # fmt: skip
VALUES = {
    "status": ("Actual", "Exercise", "System", "Test", "Draft"),
    "msgType": ("Alert", "Update", "Cancel", "Ack", "Error"),
    "scope": ("Public", "Restricted", "Private"),
    "category": ("Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "CBRNE",
                 "Other"),
    "responseType": ("Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear", "None"),
    "urgency": ("Immediate", "Expected", "Future", "Past", "Unknown"),
    "severity": ("Extreme", "Severe", "Moderate", "Minor", "Unknown"),
    "certainty": ("Observed", "Likely", "Possible", "Unlikely", "Unknown"),
}  # fmt: skip
TIMES = frozenset({"sent", "effective", "onset", "expires"})


@dataclass(frozen=True)
class Info:
    """One info: what is said, in one language, for its areas."""

    language: str
    categories: list[str]
    event: str
    urgency: str
    severity: str
    certainty: str
    responses: list[str]
    effective: datetime | None
    onset: datetime | None
    expires: datetime | None
    sender_name: str
    headline: str
    description: str
    instruction: str
    parameters: dict[str, str]
    area_names: list[str]
    wkbs: list[bytes]
    geocodes: list[str]


@dataclass(frozen=True)
class Message:
    """A CAP message that was read and found sound."""

    identifier: str
    sender: str
    sent: datetime
    sent_text: str
    status: str
    msg_type: str
    scope: str
    note: str
    references: list[tuple[str, str, str]]
    infos: list[Info] = field(default_factory=list)


def text_of(payload: bytes) -> str:
    """The payload as text without a declaration, once it is known to be harmless XML; errors as `parsed`."""
    parsed(payload)
    return _DECLARATION.sub("", _text(payload), count=1)


def parsed(payload: bytes) -> etree._Element:
    """The root of a payload's XML. Raises BadInput: reasons size, encoding, dtd, xml, depth."""
    if len(payload) > MAX_BYTES:
        raise BadInput(f"A CAP message has at most {MAX_BYTES} bytes; {len(payload)} came.", reason="size")
    text = _text(payload)
    if _doctype(text):
        raise BadInput(
            "The message declares a document type; entities and external files are never taken.", reason="dtd"
        )
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False,
        remove_comments=False, encoding="utf-8",
    )  # fmt: skip
    try:
        root = etree.fromstring(_DECLARATION.sub("", text, count=1).encode("utf-8"), parser)
    except (etree.XMLSyntaxError, ValueError) as exc:
        raise BadInput(f"The payload is no XML: {str(exc)[:200]}", reason="xml") from exc
    if root.getroottree().docinfo.internalDTD is not None:
        raise BadInput("The message declares a document type.", reason="dtd")
    _bounded(root)
    return root


def read(payload: bytes) -> tuple[Message, etree._Element]:
    """The message of a payload, with its XML for the check of its signature.

    Raises BadInput; reasons besides those of `parsed`: root, element, order, missing, repeated, value, time, length,
    references, polygon, circle, number.
    """
    root = parsed(payload)
    if root.tag != f"{{{CAP}}}alert":
        raise BadInput(f"The root is {str(root.tag)[:100]}, not a CAP 1.2 alert.", reason="root")
    _sequence(root)
    given = _fields(root)
    message = Message(
        identifier=_name(given["identifier"][0], "identifier"),
        sender=_name(given["sender"][0], "sender"),
        sent=_time(given["sent"][0]),
        sent_text=given["sent"][0].strip(),
        status=given["status"][0].strip(),
        msg_type=given["msgType"][0].strip(),
        scope=given["scope"][0].strip(),
        note=_first(given, "note"),
        references=_references(_first(given, "references")),
        infos=[_info(info) for info in root.findall(f"{{{CAP}}}info")],
    )
    if message.msg_type in ("Update", "Cancel", "Ack", "Error") and not message.references:
        raise BadInput(f"A message of type {message.msg_type} must name the messages it is about.", reason="references")
    if message.msg_type in ("Alert", "Update") and not message.infos:
        raise BadInput(f"A message of type {message.msg_type} needs an info.", reason="missing")
    return message, root


def _text(payload: bytes) -> str:
    encoding = next((name for mark, name in _BOMS if payload.startswith(mark)), None)
    if encoding is None:
        declared = _ENCODING.match(payload[:400])
        encoding = declared[1].decode("ascii") if declared else "utf-8"
    try:
        name = codecs.lookup(encoding).name
        if name in ("gb2312", "gbk"):
            encoding = "gb18030"  # what says it is the smaller set often is the larger one
        text = payload.decode(encoding)
    except (LookupError, UnicodeDecodeError, ValueError) as exc:
        raise BadInput(f"The bytes are no {encoding} text.", reason="encoding") from exc
    if "\x00" in text:
        raise BadInput("The bytes are no text.", reason="encoding")
    return text.removeprefix("\ufeff")


def _doctype(text: str) -> bool:
    """Whether a document type stands before the root element."""
    at = 0
    while found := _PROLOG.match(text, at):
        at = found.end()
    return text[at : at + 9].upper() == "<!DOCTYPE"


def _bounded(root: etree._Element) -> None:
    number = 0
    stack: list[tuple[etree._Element, int]] = [(root, 1)]
    while stack:
        element, depth = stack.pop()
        number += 1
        if depth > MAX_DEPTH or number > MAX_ELEMENTS:
            raise BadInput("The message is nested too deep or has too many elements.", reason="depth")
        stack += [(child, depth + 1) for child in element]


def _sequence(element: etree._Element) -> None:
    """Check an element's children against the schema's sequence, and theirs in turn."""
    name = etree.QName(element).localname
    sequence = SEQUENCES.get(name)
    if sequence is None:
        if any(_is_element(child) for child in element):
            raise BadInput(f"{name} holds elements where it holds text.", reason="element")
        _value(name, element.text or "")
        return
    order = {one[0]: number for number, one in enumerate(sequence)}
    repeated = {one[0] for one in sequence if one[2]}
    seen: set[str] = set()
    last = -1
    signed = False
    for child in element:
        if not _is_element(child):
            continue
        qualified = etree.QName(child)
        if name == "alert" and qualified.namespace == DSIG:
            signed = True
            continue
        if qualified.namespace != CAP or qualified.localname not in order:
            raise BadInput(f"{name} may not hold {str(child.tag)[:100]}.", reason="element")
        place = order[qualified.localname]
        if place < last or signed:
            raise BadInput(f"{qualified.localname} stands too late in {name}: the order is fixed.", reason="order")
        if qualified.localname in seen and qualified.localname not in repeated:
            raise BadInput(f"{qualified.localname} stands twice in {name}.", reason="repeated")
        seen.add(qualified.localname)
        last = place
        _sequence(child)
    for wanted, required, _ in sequence:
        if required and wanted not in seen:
            raise BadInput(f"{name} has no {wanted}.", reason="missing")


def _is_element(node: Any) -> bool:
    """Whether a node is an element: comments and instructions have a function for a tag."""
    return isinstance(node.tag, str)


def _value(name: str, text: str) -> None:
    if len(text) > MAX_CHARACTERS and name != "derefUri":
        raise BadInput(f"{name} is longer than {MAX_CHARACTERS} characters.", reason="length")
    if name in VALUES and text.strip() not in VALUES[name]:
        raise BadInput(f"{text.strip()[:60]!r} is no {name}: {', '.join(VALUES[name])}.", reason="value")
    if name in TIMES:
        _time(text)
    if name in ("altitude", "ceiling"):
        try:
            float(text)
        except ValueError as exc:
            raise BadInput(f"{text[:60]!r} is no {name} in feet.", reason="number") from exc


def _time(text: str) -> datetime:
    text = text.strip()
    if not _WHEN.fullmatch(text):
        raise BadInput(f"{text[:60]!r} is no CAP time: an offset such as +08:00 is needed, never Z.", reason="time")
    try:
        return datetime.fromisoformat(text)
    except ValueError as exc:
        raise BadInput(f"{text[:60]!r} is no time.", reason="time") from exc


def _name(text: str, what: str) -> str:
    text = text.strip()
    if not text or len(text) > MAX_NAME or re.search(r"[\s,<&]", text):
        raise BadInput(
            f"The {what} must have 1 to {MAX_NAME} characters, without blanks, commas, < and &.", reason=what
        )
    return text


def _references(text: str) -> list[tuple[str, str, str]]:
    found = []
    for one in text.split():
        parts = _REFERENCE.fullmatch(one)
        if parts is None:
            raise BadInput(f"{one[:100]!r} is no reference: sender,identifier,sent.", reason="references")
        _time(parts[3])
        found.append((parts[1], parts[2], parts[3]))
    return found[:500]


def _fields(element: etree._Element) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for child in element:
        if _is_element(child):
            found.setdefault(etree.QName(child).localname, []).append(child.text or "")
    return found


def _first(given: dict[str, list[str]], name: str) -> str:
    return given.get(name, [""])[0].strip()


def _pairs(element: etree._Element, name: str) -> list[tuple[str, str]]:
    found = []
    for pair in element.findall(f"{{{CAP}}}{name}"):
        fields = _fields(pair)
        found.append((_first(fields, "valueName"), _first(fields, "value")))
    return found


def _info(element: etree._Element) -> Info:
    given = _fields(element)
    areas = element.findall(f"{{{CAP}}}area")
    shapes: list[bytes] = []
    for area in areas:
        fields = _fields(area)
        shapes += [polygon(text) for text in fields.get("polygon", [])]
        shapes += [circle(text) for text in fields.get("circle", [])]

    def time(name: str) -> datetime | None:
        return _time(given[name][0]) if given.get(name) else None

    return Info(
        language=_first(given, "language") or "en-US",
        categories=[one.strip() for one in given["category"]],
        event=_first(given, "event"),
        urgency=_first(given, "urgency"),
        severity=_first(given, "severity"),
        certainty=_first(given, "certainty"),
        responses=[one.strip() for one in given.get("responseType", [])],
        effective=time("effective"),
        onset=time("onset"),
        expires=time("expires"),
        sender_name=_first(given, "senderName"),
        headline=_first(given, "headline"),
        description=_first(given, "description"),
        instruction=_first(given, "instruction"),
        parameters=dict(_pairs(element, "parameter")),
        area_names=[_first(_fields(area), "areaDesc") for area in areas],
        wkbs=shapes,
        geocodes=[value for area in areas for _, value in _pairs(area, "geocode")],
    )


def preferred(infos: Sequence[Info]) -> Info:
    """The info to show: Chinese first, then English, then the first."""
    for start in ("zh", "en"):
        for one in infos:
            if one.language.lower().startswith(start):
                return one
    return infos[0]


def summary(message: Message) -> dict[str, Any]:
    """What a quarantined or listed message is recognised by."""
    return {"identifier": message.identifier, "sender": message.sender, "sent": message.sent_text,
            "status": message.status, "msgType": message.msg_type}  # fmt: skip
