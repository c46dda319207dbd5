"""The incident surface: counts by cell, hour and category that follow the change log exactly."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from onemap.core.cell import child_range, resolution
from onemap.heat.ring import smooth as smoothed
from onemap.heat.rollup import Event, deltas, event_of
from onemap.heat.surface import FINEST
from onemap.heat.window import Box, HeatCells, heat_cells, hours, inside, radius_m, ranges, widened
from onemap.store import changelog
from onemap.store.db import Connection
from onemap.store.sqlfile import sql

SURFACE, CONSUMER, LAYER = "incidents", "heat", "incident"
_CHUNK = 5000
#: Parts named one by one; the rest is summed up, so that parts still add up to the cell.
PARTS = 200


def follow(conn: Connection, *, limit: int = 5000) -> int:
    """Bring the rollup up to the change log, in one transaction with the position; returns changes seen, 0 at the end.

    Each changed incident is read as it stands and compared with what was counted of it. So late data, updates, deletes,
    several changes at once and the same change again all end in the exact count.
    """
    with conn.transaction():
        position = changelog.consumer_position(conn, CONSUMER)
        changes = changelog.read(conn, position, limit=limit)
        if not changes:
            return 0
        fids = sorted({change.fid for change in changes if change.layer == LAYER and change.fid is not None})
        if fids and (moved := count(conn, fids)):
            changelog.log_event(conn, f"heat.{SURFACE}", SURFACE, {"surface": SURFACE, "events": moved})
        changelog.advance(conn, CONSUMER, changes[-1].position)
        return len(changes)


def count(conn: Connection, fids: Sequence[int]) -> int:
    """Count these incidents as they stand now instead of as they were counted; returns how many of them differ."""
    now = {
        row["id"]: event_of(row["id"], row["h3"], row["at"], row["kind"], row["code"])
        for row in conn.execute(sql("heat_incidents"), {"fids": list(fids)}).fetchall()
    }
    was = {
        row["fid"]: Event(**row)
        for row in conn.execute(sql("heat_events"), {"surface": SURFACE, "fids": list(fids)}).fetchall()
    }
    differing = [fid for fid in now.keys() | was.keys() if now.get(fid) != was.get(fid)]
    if not differing:
        return 0
    gone = [fid for fid in differing if fid not in now]
    if gone:
        conn.execute("DELETE FROM heat_event WHERE surface = %s AND fid = ANY(%s)", (SURFACE, gone))
    written = [now[fid] for fid in sorted(differing) if fid in now]
    if written:
        conn.execute(
            sql("heat_events_write"),
            {
                "surface": SURFACE,
                "fids": [event.fid for event in written],
                "cells": [event.cell for event in written],
                "hours": [event.hour for event in written],
                "categories": [event.category for event in written],
                "ns": [event.n for event in written],
            },
        )
    _add(conn, [was[fid] for fid in differing if fid in was], written)
    return len(differing)


def _add(conn: Connection, before: Sequence[Event], after: Sequence[Event]) -> None:
    changes = deltas(before, after)
    if not changes:
        return
    slots = list(changes)
    given: dict[str, Any] = {
        "surface": SURFACE,
        "res": [slot.res for slot in slots],
        "hours": [slot.hour for slot in slots],
        "cells": [slot.cell for slot in slots],
        "categories": [slot.category for slot in slots],
        "ns": list(changes.values()),
    }
    conn.execute(sql("heat_rollup_add"), given)
    if before:
        conn.execute(sql("heat_rollup_sweep"), given)


def rebuild(conn: Connection) -> int:
    """Count everything anew; returns how many incidents there are. Ends in the same rows as `follow`."""
    with conn.transaction():
        changelog.consumer_position(conn, CONSUMER)  # its lock keeps the follower away
        conn.execute("DELETE FROM heat_event WHERE surface = %s", (SURFACE,))
        conn.execute("DELETE FROM heat_rollup WHERE surface = %s", (SURFACE,))
        fids = [row["id"] for row in conn.execute("SELECT id FROM incident ORDER BY id").fetchall()]
        for start in range(0, len(fids), _CHUNK):
            count(conn, fids[start : start + _CHUNK])
        changelog.log_event(conn, f"heat.{SURFACE}", SURFACE, {"surface": SURFACE, "events": len(fids)})
        return len(fids)


def cells(
    conn: Connection, res: int, box: Box | None, *, category: str | None, window: str, smooth: int, now: datetime
) -> HeatCells:
    """The sum of the window in every cell at `res` that touches the box, spread over `smooth` rings."""
    first, last = hours(window, now)
    given: dict[str, Any] = {"surface": SURFACE, "res": res, "from": first, "to": last, "category": category}
    # What lies up to `smooth` rings outside the box is spread into it; a ring is two inner radii wide.
    spans = ranges(widened(box, 2.0 * smooth * radius_m(res)), res, res) if box else None
    if spans is None:
        found = heat_cells(conn.execute(sql("heat_cells_all"), given).fetchall())
    else:
        found = heat_cells(conn.execute(sql("heat_cells"), {**given, "lo": spans[0], "hi": spans[1]}).fetchall())
    if smooth:
        found = HeatCells(*smoothed(found.cells, found.values, smooth))
    return inside(found, box, res) if box else found


def explain(conn: Connection, cell: int, *, category: str | None, window: str, now: datetime) -> list[dict[str, Any]]:
    """The incidents counted in a cell over a window, newest first; past the first ones as one sum."""
    first, last = hours(window, now)
    lo, hi = child_range(cell, FINEST) if resolution(cell) < FINEST else (cell, cell)
    rows = conn.execute(
        sql("heat_explain"),
        {"surface": SURFACE, "lo": lo, "hi": hi, "from": first, "to": last, "category": category},
    ).fetchall()
    parts = [
        {
            "source_layer": LAYER,
            "source_key": row["key"],
            "name": row["name"],
            "kind": row["category"],
            "value": float(row["n"]),
            "detail": {name: row[name] for name in ("severity", "status", "source")},
            "at": row["at"].isoformat(),
        }
        for row in rows[:PARTS]
    ]
    rest = rows[PARTS:]
    if rest:
        parts.append(
            {
                "source_layer": LAYER,
                "source_key": None,
                "name": f"更早的 {len(rest)} 起",
                "kind": "rest",
                "value": float(sum(row["n"] for row in rest)),
                "detail": {},
                "at": rest[0]["at"].isoformat(),
            }
        )
    return parts
