"""What a counted cell is made of: its incidents, how fresh and how firm the number is, and what it was before.

Sums come from the cube where there is one, else from the events by SQL; the newest incidents are always read from the
database, where their names are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from onemap.core.cell import Floats, child_range, resolution
from onemap.core.clock import now as present
from onemap.core.clock import zone_of
from onemap.core.errors import BadInput
from onemap.heat.ask import Ask
from onemap.heat.count.cube import View
from onemap.heat.count.density import LAYER, parameters
from onemap.heat.surface import FINEST, surface
from onemap.heat.window import at_hour, hour_of, parse
from onemap.store.db import Connection
from onemap.store.sqlfile import sql

#: Parts named one by one; the rest is summed up, so that parts still add up to the cell.
PARTS = 200
#: News older than this is told as stale.
STALE = timedelta(hours=72)
#: Categories told of what changed since yesterday, the greatest changes first.
_MOST_CHANGES = 8
_HISTORY_DAYS = {"day": 1100, "hour": 31}

_NONE = (0.0, 0.0)
Kinds = Mapping[str, tuple[float, float]]


def explain(conn: Connection, ask: Ask, cell: int, view: View | None = None) -> dict[str, Any]:
    """{value, parts, sources, confidence, confidence_why, yesterday} of a cell over a window; parts sum to the value.

    The value is that of the cell itself, before any smoothing. `yesterday` is the same window a day earlier, None for
    one of fixed dates.
    """
    kinds = _kinds(conn, ask, cell, view)
    value = math.fsum(worth for _, worth in kinds.values())
    events = sum(number for number, _ in kinds.values())
    sources = [_source(conn, ask)]
    return {
        "value": value,
        "parts": _parts(conn, ask, cell, value, events),
        "sources": sources,
        **_confidence(events, stale=any(source["stale"] for source in sources)),
        "yesterday": _yesterday(conn, ask, cell, kinds, view),
    }


def _kinds(conn: Connection, ask: Ask, cell: int, view: View | None) -> Kinds:
    """How many events of each category there are and what they are worth."""
    if view is not None:
        return view.by_category(ask, cell)
    asked = parameters(ask)
    if asked is None:
        return {}
    rows = conn.execute(sql("heat_kinds"), {**asked, **_range(cell)}).fetchall()
    return {row["category"]: (row["events"], row["value"]) for row in rows}


def _range(cell: int) -> dict[str, int]:
    lo, hi = child_range(cell, FINEST) if resolution(cell) < FINEST else (cell, cell)
    return {"lo": lo, "hi": hi}


def _parts(conn: Connection, ask: Ask, cell: int, value: float, events: float) -> list[dict[str, Any]]:
    """The incidents, newest first; past the first ones as one sum."""
    asked = parameters(ask)
    if asked is None or not events:
        return []
    rows = conn.execute(sql("heat_explain"), {**asked, **_range(cell), "limit": PARTS}).fetchall()
    parts = [
        {
            "source_layer": LAYER,
            "source_key": row["key"],
            "name": row["name"],
            "kind": row["category"],
            "value": row["value"],
            "detail": {name: row[name] for name in ("severity", "status", "source")},
            "at": row["at"].isoformat(),
        }
        for row in rows
    ]
    left = round(events) - len(rows)
    if rows and left > 0:
        rest = value - math.fsum(row["value"] for row in rows)
        parts.append(
            {
                "source_layer": LAYER, "source_key": None, "name": f"更早的 {left} 起", "kind": "rest",
                "value": rest, "detail": {}, "at": rows[-1]["at"].isoformat(),
            }
        )  # fmt: skip
    return parts


def _source(conn: Connection, ask: Ask) -> dict[str, Any]:
    row = conn.execute("SELECT max(hour) AS hour FROM heat_event WHERE surface = %s", (ask.surface,)).fetchone()
    newest: datetime | None = row["hour"] if row else None
    age = None if newest is None else max(0.0, (present() - newest).total_seconds())
    return {
        "layer": LAYER,
        "name": {"zh": "事件", "en": "Incidents"},
        "newest_at": newest.isoformat() if newest else None,
        "age_s": age,
        "stale": age is None or age > STALE.total_seconds(),
    }


def _confidence(events: float, *, stale: bool) -> dict[str, Any]:
    """How firm a count is: 1 - 1/√n, what chance alone leaves of it (Poisson), less when no news comes any more."""
    if events <= 0:
        return {"confidence": None, "confidence_why": None}
    chance = 1.0 / math.sqrt(events)
    zh = f"{events:.0f} 起：仅偶然因素就可使其变动约 {100 * chance:.0f} %"
    en = f"{events:.0f} incidents: chance alone moves that by about {100 * chance:.0f} %"
    if stale:
        zh, en = f"{zh}；超过 72 小时没有新事件", f"{en}; nothing new for more than 72 h"
    return {
        "confidence": round(max(0.0, 1.0 - chance) * (0.7 if stale else 1.0), 3),
        "confidence_why": {"zh": zh, "en": en},
    }


def _yesterday(conn: Connection, ask: Ask, cell: int, kinds: Kinds, view: View | None) -> dict[str, Any] | None:
    """The same question a day ago: its value, and the categories that changed most."""
    if parse(ask.window, ask.zone).span is not None:
        return None
    before = _kinds(conn, replace(ask, now=ask.at() - timedelta(days=1)), cell, view)
    value = math.fsum(worth for _, worth in before.values())
    names = surface(ask.surface).categories
    both = [(name, before.get(name, _NONE)[1], kinds.get(name, _NONE)[1]) for name in before.keys() | kinds.keys()]
    moved = sorted(both, key=lambda one: (-abs(one[2] - one[1]), one[0]))
    changed = [
        {
            "source_layer": LAYER,
            "source_key": None,
            "name": names[name].zh if name in names else name,
            "before": old,
            "after": new,
        }
        for name, old, new in moved[:_MOST_CHANGES]
        if abs(new - old) > 1e-9
    ]
    now = math.fsum(worth for _, worth in kinds.values())
    return {"value": value, "delta": now - value, "changed": changed}


def edges(ask: Ask, days: int, step: str) -> list[int]:
    """The hours between which a history counts: ends of the city's days or of hours, up to the present one.

    Raises BadInput (reason "step" or "days").
    """
    if step not in _HISTORY_DAYS:
        raise BadInput("A history goes by hour or day.", reason="step")
    if not 1 <= days <= _HISTORY_DAYS[step]:
        raise BadInput(f"A history by {step} goes back 1 to {_HISTORY_DAYS[step]} days.", reason="days")
    end = hour_of(ask.at()) + 1
    if step == "hour":
        return list(range(end - 24 * days, end + 1))
    zone = zone_of(ask.zone)
    today = ask.at().astimezone(zone).replace(hour=0)
    return [hour_of((today - timedelta(days=back)).astimezone(zone)) for back in range(days - 1, -1, -1)] + [end]


def history(
    conn: Connection, ask: Ask, cell: int, hours: Sequence[int], view: View | None = None
) -> list[tuple[str, float]]:
    """What happened in a cell between each two of some ascending hours: [start, sum], by the question's filters."""
    sums = view.history(ask, cell, hours) if view is not None else _history(conn, ask, cell, hours)
    return [(at_hour(hour).isoformat(), round(value, 6)) for hour, value in zip(hours[:-1], sums.tolist(), strict=True)]


def _history(conn: Connection, ask: Ask, cell: int, hours: Sequence[int]) -> Floats:
    asked = parameters(replace(ask, window="1h", half_life_h=None))
    given = {**(asked or {}), **_range(cell), "edges": list(hours), "from": at_hour(hours[0]), "to": at_hour(hours[-1])}
    sums = np.zeros(len(hours) - 1)
    for row in conn.execute(sql("heat_history"), given).fetchall():
        sums[row["at"]] = row["value"]
    return sums
