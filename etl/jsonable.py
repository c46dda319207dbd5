"""A refused record as JSON that PostgreSQL can keep: whatever it holds, and never without end."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

MAX_RECORD = 64 * 1024
_DEPTH = 40


def jsonable(value: Any, depth: int = 0) -> Any:
    """Return the value in JSON types: no NaN, no NUL, no lone surrogates, no nesting without end."""
    if depth > _DEPTH:
        return "…"
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {_text(str(name)): jsonable(member, depth + 1) for name, member in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [jsonable(member, depth + 1) for member in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, BaseGeometry):
        return json.loads(shapely.to_geojson(value)) if not value.has_m else {"wkt": shapely.to_wkt(value)}
    return _text(str(value))


def record_json(record: Mapping[str, Any]) -> str:
    """Return the record as JSON text; one larger than `MAX_RECORD` is shown by its beginning, the raw record has it."""
    text = json.dumps(jsonable(record), ensure_ascii=False)
    if len(text) <= MAX_RECORD:
        return text
    return json.dumps({"_truncated": text[:2000]}, ensure_ascii=False)


def _text(value: str) -> str:
    return value.replace("\x00", "\\0").encode("utf-8", "backslashreplace").decode()
