"""Figures of grids over a range, as the door tells them: cut to what a table shows, or as a CSV with every row."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from onemap.planning.exchange.write import Written

#: What a spreadsheet would take for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def cut(found: Mapping[str, Any], limit: int) -> dict[str, Any]:
    """The first rows of each period, and how many more there are."""
    periods = [
        {**period, "rows": period["rows"][:limit], "more": max(0, len(period["rows"]) - limit)}
        for period in found["periods"]
    ]
    return {**found, "periods": periods}


def as_csv(found: Mapping[str, Any], name: str) -> Written:
    """Every row of every period. Spreadsheets are told that it is UTF-8, and are given no formulas."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    keys = [one["key"] for one in found["measures"]]
    writer.writerow(["from", "to", "edition", "grid", "name", "community_code", *keys, "as_of_today"])
    for period in found["periods"]:
        span = [period["start"].isoformat(), period["stop"].isoformat(), _plain(period["edition"])]
        for row in period["rows"]:
            said = [_plain(row[column] or "") for column in ("grid", "name", "community_code")]
            figures = (f"{row['figures'][key]:.10g}" for key in keys)
            writer.writerow([*span, *said, *figures, " ".join(period["as_of_today"])])
    return Written(b"\xef\xbb\xbf" + text.getvalue().encode(), f"{name}.csv", "text/csv; charset=utf-8")


def _plain(value: str) -> str:
    return "'" + value if value.startswith(_FORMULA) else value
