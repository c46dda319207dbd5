"""What a managed part must be, from a feed as from a file: code, class and name tell of one thing.

The catalogue is that of `onemap.core.catalogue`, kind "part"; times are days on the city's calendar.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from etl import coding, fields
from etl.feed import Context
from onemap.core.code import parse_part_id
from onemap.core.errors import BadCode, BadInput

#: Lamps and hydrants may be older than any device that sends readings, and than the epoch of computers.
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
_DAY = re.compile(r"[0-9]{8}")


def class_code(text: str) -> str:
    """Return the five digits of a part's class; BadCode (reason "unknown-class") if the catalogue has none such."""
    code = text.strip().zfill(5)  # spreadsheets drop the leading zero
    if not coding.catalogue().has("part", code):
        raise BadCode(f"The catalogue has no class of parts {text[:40]!r}.", reason="unknown-class")
    return code


def settle(values: dict[str, Any], *, placed: bool) -> None:
    """Complete a part's typed columns in place: its class from its code or its name, its name from its class.

    `placed`: the record says where the part is, so it is the whole of it; else what it leaves out stays as it stands.
    BadCode: reason "class-differs" where code and class contradict each other, "unknown-class" for a code of no class.
    """
    code, given = values.get("code"), values.get("class_code")
    if code is not None:
        told = parse_part_id(code).class_code
        if given is not None and given != told:
            raise BadCode(f"The part {code} is of class {told} by its code, but says {given}.", reason="class-differs")
        given = values["class_code"] = class_code(told)
    name = values.get("name")
    if given is None and name is not None:
        found = coding.catalogue().find(name, "part")
        if found:
            given = values["class_code"] = found[0].code
    if placed and name is None and given is not None:
        values["name"] = coding.catalogue().get("part", given).name


def day(value: Any, context: Context, *, name: str) -> datetime:
    """Return the instant of a part's date: YYYYMMDD, or a time that names no zone, is read on the city's clock.

    BadInput, as `Context.time`.
    """
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    text = value.isoformat() if isinstance(value, datetime) else fields.text(value, name, longest=200)
    if _DAY.fullmatch(text):
        text = f"{text[:4]}-{text[4:6]}-{text[6:]}"
    try:
        return replace(context, zone=context.zone or context.local, earliest=EARLIEST).time(text)
    except BadInput as exc:
        raise BadInput(f"{name}: {exc.message}", reason=exc.reason) from exc
