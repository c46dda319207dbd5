"""JSON answers of the doors: compact, UTF-8 as it is, times as ISO 8601 in UTC."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from fastapi import Response


def dumps(content: Any) -> str:
    """Compact JSON of plain data, datetimes and decimals. Raises ValueError for NaN, TypeError for anything else."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_plain)


class Json(Response):
    """A JSON answer that no cache keeps, unless the headers say otherwise."""

    media_type = "application/json"

    def __init__(self, content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(dumps(content), status, {"Cache-Control": "no-store", **(headers or {})})


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat() if value.tzinfo else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
