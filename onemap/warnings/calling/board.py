"""What is seen of calls: one warning's ladder, the board of all, the grids to paint."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from onemap.core.errors import NotFound
from onemap.store.db import Connection
from onemap.store.sqlfile import sql
from onemap.warnings.calling import template
from onemap.warnings.calling.ladder import OPEN, loudest

GRIDS, CALLS, WORST = 5_000, 2_000, 20
_DONE = {"forecast": "began_at", "warn": "started_at", "call": "answered_at", "confirm": "confirmed_at"}
_OWN = ("id", "warning_key", "level", "drill")


def ladder(conn: Connection, warning_key: str, *, team: str | None = None) -> dict[str, Any]:
    """Call and confirm of one warning; of one team alone if it is named: its own calls, and the grids they are about.

    A warning without a ladder (before its first step, or not called out) is state `none`.
    """
    row = conn.execute("SELECT * FROM ladder WHERE warning_key = %s", (warning_key,)).fetchone()
    asked = {"key": warning_key, "keys": None, "limit": GRIDS}
    grids = [dict(one) for one in conn.execute(sql("call_grids"), asked).fetchall()]
    waiting = [one for one in grids if one["state"] in OPEN]
    calls = conn.execute(sql("call_calls"), {"key": warning_key, "id": None, "limit": CALLS}).fetchall()
    shown = grids
    if team is not None:
        calls = [call for call in calls if call["team_key"] == team]
        mine = {call["grid_code"] for call in calls}
        shown = [one for one in grids if one["grid_code"] in mine]
    return {
        "warning_key": warning_key,
        "template": row["template"] if row else "",
        "state": loudest([one["state"] for one in grids]) if row else "none",
        "auto_start_at": row["auto_start_at"] if row and row["started_at"] is None else None,
        "started_at": row["started_at"] if row else None,
        "onset_at": row["onset_at"] if row else None,
        "phases": _phases(row) if row else [],
        "grids": [plain(one) for one in shown],
        "calls": [dict(call) for call in calls],
        "grids_waiting": len(waiting),
        "residents_waiting": sum(one["residents"] or 0 for one in waiting),
        "households_waiting": sum(one["households"] or 0 for one in waiting),
    }


def call(conn: Connection, warning_key: str, call_id: int) -> dict[str, Any]:
    """One call of a warning, as its ladder has it. Raises NotFound."""
    row = conn.execute(sql("call_calls"), {"key": warning_key, "id": call_id, "limit": 1}).fetchone()
    if row is None:
        raise NotFound(f"There is no call {call_id}.", reason="call")
    return dict(row)


def board(conn: Connection, area_wkb: bytes | None = None) -> dict[str, Any]:
    """How the calls of all open warnings stand in an area (none: everywhere); the list has drills too, marked."""
    counts = {row["state"]: row for row in conn.execute(sql("call_board"), {"area": area_wkb}).fetchall()}
    waiting = [row for state, row in counts.items() if state in OPEN]
    shown = conn.execute(sql("call_paint"), {"area": area_wkb, "limit": GRIDS}).fetchall()
    loud = ("unanswered", "calling", "waiting", "answered", "confirmed")
    far = datetime.max.replace(tzinfo=template.book().zone)
    shown.sort(key=lambda row: (loud.index(row["state"]), row["deadline_at"] or far, row["level"], row["grid_code"]))
    return {
        **{state: counts[state]["grids"] if state in counts else 0 for state in loud},
        "residents_waiting": sum(row["residents"] or 0 for row in waiting),
        "households_waiting": sum(row["households"] or 0 for row in waiting),
        "oldest_waiting_at": min((row["oldest"] for row in waiting), default=None),
        "worst": [_without(row, "geometry") for row in shown[:WORST]],
    }


def paint(conn: Connection, area_wkb: bytes | None = None) -> dict[str, Any]:
    """Grids with an open calling as GeoJSON, with what is known of each as properties."""
    features = []
    for row in conn.execute(sql("call_paint"), {"area": area_wkb, "limit": GRIDS}).fetchall():
        geometry = json.loads(row["geometry"])
        features.append({"type": "Feature", "geometry": geometry, "properties": _without(row, "geometry")})
    return {"type": "FeatureCollection", "features": features}


def templates() -> list[dict[str, Any]]:
    """The templates of this installation, with the paces that the settings leave."""
    book = template.book()
    found = []
    for one in book.templates:
        levels = []
        for level in (1, 2, 3, 4):
            pace = book.pace(one.key, level)
            if pace is not None:
                first = ("grid", "community", "street", "district").index(pace.first)
                levels.append(
                    {"level": level, "start_s": pace.start_s, "answer_s": pace.answer_s[first],
                     "second_s": pace.second_s, "report_s": pace.report_s, "first_rung": pace.first}
                )  # fmt: skip
        found.append(
            {
                "key": one.key,
                "title": one.title.model_dump(),
                "phases": [{"name": p.name, "title": p.title.model_dump(), "before_h": p.before_h} for p in one.phases],
                "levels": levels,
                "kinds": list(one.kinds),
            }
        )
    return found


def plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """A grid as the doors give it."""
    return _without(row, *_OWN)


def _phases(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    if row["onset_at"] is None:
        return []
    return [
        {
            "name": phase.name,
            "title": phase.title.model_dump(),
            "due_at": row["onset_at"] - timedelta(hours=phase.before_h),
            "done_at": row[_DONE[phase.name]],
        }
        for phase in template.book().named(row["template"]).phases
    ]


def _without(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}
