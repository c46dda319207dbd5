"""Reading one field of a foreign record: the type and range it must have, or a sentence that says what is wrong."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from onemap.core.errors import BadInput

MAX_TEXT = 10_000
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def present(record: Mapping[str, Any], *names: str) -> Any:
    """Return the first of the named fields that holds something, or None."""
    for name in names:
        value = record.get(name)
        if value is not None and value != "":
            return value
    return None


def needed(record: Mapping[str, Any], *names: str) -> Any:
    """As `present`, but its absence is BadInput (reason "missing")."""
    value = record.get(names[0])
    if value is None or value == "":
        value = present(record, *names[1:])
    if value is None:
        raise BadInput(f"The field {names[0]!r} is missing.", reason="missing")
    return value


def number(value: Any, name: str, *, low: float = -math.inf, high: float = math.inf) -> float:
    """Return a finite float within [low, high]; BadInput with reason "not-finite", "number" or "range"."""
    try:
        if isinstance(value, bool):
            raise TypeError
        found = float(value)
    except (TypeError, ValueError, OverflowError) as exc:
        raise BadInput(f"{name} is {_shown(value)}, which is no number.", reason="number") from exc
    if not math.isfinite(found):
        raise BadInput(f"{name} is {found}, which is no finite number.", reason="not-finite")
    if not low <= found <= high:
        raise BadInput(f"{name} is {found:g}; it must lie between {low:g} and {high:g}.", reason="range")
    return found


def optional(value: Any, name: str, *, low: float = -math.inf, high: float = math.inf) -> float | None:
    """As `number`, with None and "" as None."""
    return None if value is None or value == "" else number(value, name, low=low, high=high)


def integer(value: Any, name: str, *, low: int | None = None, high: int | None = None) -> int:
    """Return a whole number; 3.0 and "3" are taken, 3.5 is not (reason "number")."""
    found = number(value, name, low=-math.inf if low is None else low, high=math.inf if high is None else high)
    if not found.is_integer():
        raise BadInput(f"{name} is {found:g}; a whole number is wanted.", reason="number")
    return int(found)


def text(value: Any, name: str, *, longest: int = MAX_TEXT) -> str:
    """Return trimmed text without NUL; BadInput with reason "text" for another type or too much of it."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise BadInput(f"{name} is {_shown(value)}; text is wanted.", reason="text")
    found = str(value).strip()
    if "\x00" in found:
        raise BadInput(f"{name} holds a NUL character.", reason="text")
    if len(found) > longest:
        raise BadInput(f"{name} has {len(found)} characters; at most {longest} are taken.", reason="text")
    try:
        found.isascii() or found.encode("utf-8")
    except UnicodeEncodeError as exc:
        raise BadInput(f"{name} holds bytes that are no text in any encoding tried.", reason="encoding") from exc
    return found


def key(value: Any, name: str = "key") -> str:
    """Return a key: 1 to 200 characters, nothing that breaks a topic, a URL or a log line."""
    found = text(value, name, longest=200)
    if not found or _CONTROL.search(found):
        raise BadInput(f"{name} is empty or holds control characters.", reason="key")
    return found


def heading(value: Any, name: str = "heading") -> float | None:
    """Return a heading in [0, 360); sources also write -180..180."""
    found = optional(value, name, low=-360.0, high=360.0)
    return None if found is None else found % 360.0


def _shown(value: Any) -> str:
    return repr(value)[:60]
