"""JSON: one object, an array of them, or named arrays inside one object; of half a file, the whole members."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from etl.feed import Envelope, Format, Row
from etl.formats.encoding import decode_strict
from onemap.core.errors import FeedMalformed

_DECODER = json.JSONDecoder()
_BLANK = re.compile(r"[\s,]*")


def loads(text: str) -> Any:
    """Parse JSON; FeedMalformed (reason "json") with the place where it breaks, also for nesting without end."""
    try:
        return json.loads(text)
    except RecursionError as exc:
        raise FeedMalformed("The JSON is nested too deeply.", reason="json") from exc
    except ValueError as exc:
        raise FeedMalformed(f"The payload is not JSON: {exc}.", reason="json") from exc


def read(payload: bytes, envelope: Envelope) -> Iterator[Row]:
    """Yield each object of an array, or the one object."""
    text = decode_strict(payload)
    try:
        data = loads(text)
    except FeedMalformed as exc:
        start = text.find("[")
        if start < 0 or text[:start].strip():
            raise
        yield from salvage(text, start, "", exc)
        return
    yield from _members(data, "")


def sections(*names: str) -> Format:
    """Build a format that reads named arrays of one object; each row gets `_section`, the array it came from."""

    def read_sections(payload: bytes, envelope: Envelope) -> Iterator[Row]:
        data = loads(decode_strict(payload))
        if not isinstance(data, dict) or not any(name in data for name in names):
            raise FeedMalformed(f"An object with {' or '.join(names)} is wanted.", reason="json")
        for name in names:
            found = data.get(name, [])
            if not isinstance(found, list):
                yield Row(name, {}, FeedMalformed(f"{name} is not an array.", reason="json"))
                continue
            for row in _members(found, name):
                yield Row(row.position, {**row.data, "_section": name}, row.error)

    return read_sections


def salvage(text: str, start: int, label: str, broken: FeedMalformed) -> Iterator[Row]:
    """Yield the whole members of the array that opens at `start`, then the break itself as an unreadable row."""
    at, count = start + 1, 0
    while True:
        blank = _BLANK.match(text, at)
        at = blank.end() if blank else at
        try:
            member, at = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            break
        yield _row(member, f"{label}[{count}]")
        count += 1
    if count == 0:
        raise broken
    yield Row(f"{label}[{count}]", {"rest": text[at : at + 2000]}, broken)


def _members(data: Any, label: str) -> Iterator[Row]:
    if isinstance(data, list):
        for at, member in enumerate(data):
            yield _row(member, f"{label}[{at}]")
    else:
        yield _row(data, label)


def _row(member: Any, position: str) -> Row:
    if isinstance(member, Mapping):
        return Row(position, member)
    return Row(position, {"value": member}, FeedMalformed("An object is wanted here.", reason="json"))
