"""Published counts: what askers without exact counts get of a density surface, and all they get.

Everything published is a sum of atoms. An atom is one resolution-8 cell on one closed day of the city in one category;
its published value is its count rounded at random, but always the same way, to a multiple of the floor f: f * (n // f),
and f more with probability (n mod f) / f, decided by keyed BLAKE2 of the atom's name. So the mean is right, asking
again gives the same, zooms add up exactly, overlapping windows and categories differ by whole atoms, and a late record
moves an atom up or not at all. The unit of the randomness is the atom, never the question: nothing can be averaged away
(Fraser and Wooton 2005, "A proposed method for confidentialising tabular output to protect against differencing").

The atoms stand in a table of their own, which the doors read and which holds no exact count. A day is written when it
is closed, and again when late records come for it; it keeps the floor it was first published with.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from onemap.core.cell import Cells, area_km2, boundaries, child_range, hex_of, parent, parents, resolution
from onemap.core.clock import BEIJING, zone_of
from onemap.core.errors import BadInput
from onemap.heat.ask import Ask
from onemap.heat.surface import surface
from onemap.heat.window import Box, HeatCells, inside, parse, ranges
from onemap.store import changelog
from onemap.store.db import Connection
from onemap.store.sqlfile import sql

#: The finest cell that is ever shown: 0.7 km2.
RES = 8
#: A day is closed so long after its midnight, so that the last records of its evening are in.
GRACE = timedelta(hours=2)
#: Late records are looked for this often; what was being committed at the last look is looked at again.
REVISE_EVERY, _OVERLAP = timedelta(minutes=10), timedelta(minutes=15)
#: Days that one transaction of a publication covers.
_CHUNK_DAYS = 31
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Atom:
    """The name of one published number."""

    surface: str
    cell: int
    day: date
    category: str


def rounded(n: int, floor: int, secret: bytes, atom: Atom) -> int:
    """The published value of an atom that counts n: a multiple of `floor`, unbiased, never falling while n grows."""
    whole, rest = divmod(n, floor)
    if rest == 0:
        return n
    name = f"{atom.surface}|{atom.cell:x}|{atom.day.isoformat()}|{atom.category}".encode()
    draw = int.from_bytes(hashlib.blake2b(name, key=secret, digest_size=8).digest(), "big")
    # The draw lies in [0, floor): one threshold a name, so that more events never round to less.
    return floor * (whole + ((draw * floor) >> 64 < rest))


def event_layer(surface_name: str) -> str:
    """The name under which a new publication of a surface stands in the change log."""
    return f"published.{surface_name}"


# -- publishing --------------------------------------------------------------------------------------------------------


def last_closed(now: datetime, zone: str = BEIJING) -> date:
    """The last day of the city that is closed at an instant."""
    return (now - GRACE).astimezone(zone_of(zone)).date() - _DAY


def publish(
    conn: Connection, *, floor: int, now: datetime, zone: str = BEIJING, surface_name: str = "incidents"
) -> int:
    """Publish what is closed and not published yet, and late records of older days; returns days looked at.

    Makes its own transactions, one for a month of days at most, on a connection that commits by itself; atoms of
    different days have nothing to do with each other.
    """
    end = last_closed(now, zone)
    row = conn.execute(sql("published_state"), {"surface": surface_name}).fetchone()
    assert row is not None  # noqa: S101  (an outer join from one row)
    if row["through"] is None or row["through"] < end or row["published_epoch"] != row["epoch"]:
        spans = list(_chunks(conn, surface_name, end, zone))
    elif now - row["at"] >= REVISE_EVERY:
        given = {"surface": surface_name, "zone": zone, "since": row["at"] - _OVERLAP, "end": end}
        spans = [(late["day"], late["day"]) for late in conn.execute(sql("published_late"), given).fetchall()]
    else:
        return 0
    _secret(conn, surface_name)
    changed = row["through"] != end
    for span in spans:
        with conn.transaction():
            changed |= _publish_days(conn, surface_name, span, floor=floor, zone=zone) > 0
    with conn.transaction():
        conn.execute(
            "UPDATE publication SET through = %s, at = %s, epoch = %s WHERE surface = %s",
            (end, now, row["epoch"], surface_name),
        )
        if changed:
            changelog.log_event(conn, event_layer(surface_name), surface_name, {"surface": surface_name})
    return len(spans)


def _secret(conn: Connection, surface_name: str) -> bytes:
    """The key of the rounding. With another key the same counts would be rounded again, and two roundings tell more."""
    conn.execute(
        "INSERT INTO publication (surface, secret) VALUES (%s, %s) ON CONFLICT DO NOTHING",
        (surface_name, secrets.token_bytes(32)),
    )
    row = conn.execute("SELECT secret FROM publication WHERE surface = %s", (surface_name,)).fetchone()
    assert row is not None  # noqa: S101  (just made)
    return bytes(row["secret"])


def _chunks(conn: Connection, surface_name: str, end: date, zone: str) -> Iterator[tuple[date, date]]:
    row = conn.execute(sql("published_first"), {"surface": surface_name, "zone": zone}).fetchone()
    start: date | None = row["day"] if row else None
    while start is not None and start <= end:
        stop = min(start + (_CHUNK_DAYS - 1) * _DAY, end)
        yield start, stop
        start = stop + _DAY


def _publish_days(conn: Connection, surface_name: str, days: tuple[date, date], *, floor: int, zone: str) -> int:
    secret = _secret(conn, surface_name)
    floors = {
        row["day"]: row["floor"]
        for row in conn.execute(
            "SELECT day, floor FROM published_day WHERE surface = %s AND day BETWEEN %s AND %s", (surface_name, *days)
        ).fetchall()
    }
    wanted: dict[tuple[date, int, str], int] = {}
    first, last = (_midnight(day, zone) for day in (days[0], days[1] + _DAY))
    given = {"surface": surface_name, "from": first, "to": last, "zone": zone, **_masks()}
    for row in conn.execute(sql("published_exact"), given).fetchall():
        atom = Atom(surface_name, row["cell"], row["day"], row["category"])
        if value := rounded(row["n"], floors.get(atom.day, floor), secret, atom):
            wanted[atom.day, atom.cell, atom.category] = value
    stored = {
        (row["day"], row["cell"], row["category"]): row["n"]
        for row in conn.execute(
            "SELECT day, cell, category, n FROM published_count WHERE surface = %s AND day BETWEEN %s AND %s",
            (surface_name, *days),
        ).fetchall()
    }
    changed = {name: n for name, n in wanted.items() if stored.get(name) != n}
    gone = stored.keys() - wanted.keys()
    _write(conn, surface_name, changed, gone)
    fresh = [days[0] + n * _DAY for n in range((days[1] - days[0]).days + 1) if days[0] + n * _DAY not in floors]
    conn.execute(
        "INSERT INTO published_day (surface, day, floor) SELECT %s, day, %s FROM unnest(%s::date[]) AS d (day) "
        "ON CONFLICT DO NOTHING",
        (surface_name, floor, fresh),
    )
    return len(changed) + len(gone)


def _write(
    conn: Connection, surface_name: str, changed: dict[tuple[date, int, str], int], gone: set[tuple[date, int, str]]
) -> None:
    for statement, names in (("published_delete", sorted(gone)), ("published_write", sorted(changed))):
        if names:
            days, cells, categories = (list(column) for column in zip(*names, strict=True))
            given: dict[str, Any] = {"surface": surface_name, "days": days, "cells": cells, "categories": categories}
            if statement == "published_write":
                given["ns"] = [changed[name] for name in names]
            conn.execute(sql(statement), given)


def _masks() -> dict[str, int]:
    """The bits that make the parent at RES of a cell: the resolution's four, and the unused digits."""
    return {"keep": ~(0xF << 52), "put": RES << 52 | (1 << 3 * (15 - RES)) - 1}


# -- reading -----------------------------------------------------------------------------------------------------------


def res_of(res: int) -> int:
    """The resolution that is answered instead of an asked one: never finer than the atoms."""
    return min(res, RES)


def through(conn: Connection, surface_name: str) -> date | None:
    """The last published day of a surface; None before its first publication."""
    row = conn.execute("SELECT through FROM publication WHERE surface = %s", (surface_name,)).fetchone()
    return row["through"] if row else None


def cell_of(cell: int) -> int:
    """The cell that is answered instead of an asked one: a finer cell's atom."""
    return parent(cell, RES) if resolution(cell) > RES else cell


def asked(ask: Ask) -> Ask:
    """The question that is answered instead: whole closed days, no smoothing, no fading.

    Raises BadInput (reason "not-published") for a question about sources or severities: atoms do not know them, and an
    answer that ignored them would be wrong.
    """
    if ask.sources or ask.severities or ask.weight != "count":
        raise BadInput("Published counts are not told apart by source or severity.", reason="not-published")
    return replace(ask, smooth=0, half_life_h=None, now=None)


def whole(window: str) -> bool:
    """Whether a window asks for whole days, and so is answered with what it says. Raises BadInput as `parse`."""
    wanted = parse(window)
    return wanted.span is None and (wanted.length_h or 0) % 24 == 0 and (wanted.first, wanted.last) == (0, 24)


def days(conn: Connection, ask: Ask) -> list[date]:
    """The published days that a window touches, ascending: each counts whole. "Now" is the end of the last of them."""
    end = through(conn, ask.surface)
    return [] if end is None else touched(ask.window, ask.zone, end)


def touched(window: str, zone: str, end: date) -> list[date]:
    """The days up to `end` that a window touches when it ends with `end`, ascending. Raises BadInput as `parse`."""
    wanted = parse(window, zone)
    back = -(-wanted.shift_h // 24)
    if wanted.span is None:
        assert wanted.length_h is not None  # noqa: S101  (one of the two is there)
        last = end - back * _DAY
        first = last - (-(-wanted.length_h // 24) - 1) * _DAY
    else:
        own = zone_of(zone)
        first = wanted.span[0].astimezone(own).date() - back * _DAY
        last = (wanted.span[1] - timedelta(microseconds=1)).astimezone(own).date() - back * _DAY
    found = {first + n * _DAY for n in range((last - first).days + 1)}
    found = {day for day in found if day.weekday() in wanted.days}
    if wanted.last > 24:  # its hours past midnight are the next day's
        found |= {day + _DAY for day in found}
    return sorted(day for day in found if day <= end)


def cells(conn: Connection, ask: Ask, res: int, box: Box | None = None) -> HeatCells:
    """Published counts of the cells at `res_of(res)` that touch the box (None is everywhere); ascending, positive."""
    res = res_of(res)
    ask = asked(ask)
    spans = ranges(box, res, RES) if box else None
    lo, hi = spans if spans is not None else ([0], [2**63 - 1])
    given = {"surface": ask.surface, "days": days(conn, ask), "categories": list(ask.categories), "lo": lo, "hi": hi}
    rows = conn.execute(sql("published_cells"), given).fetchall()
    own = np.fromiter((row["cell"] for row in rows), np.int64, len(rows))
    values = np.fromiter((row["n"] for row in rows), np.float64, len(rows))
    up, where = np.unique(parents(own, res), return_inverse=True)
    found = HeatCells(up, np.asarray(np.bincount(where, values, len(up)), np.float64))
    return inside(found, box, res) if box else found


def explain(conn: Connection, ask: Ask, cell: int) -> dict[str, Any]:
    """What is published of a cell: {cell, res, value, unit, parts, published}; one part a category, they sum to it.

    A cell finer than the atoms is answered with the cell of the atoms that holds it.
    """
    cell = cell_of(cell)
    ask = asked(ask)
    spec = surface(ask.surface)
    listed = days(conn, ask)
    rows = conn.execute(sql("published_explain"), _within(ask, cell, listed)).fetchall()
    at = _midnight(listed[-1] + _DAY, ask.zone).isoformat() if listed else None
    parts = [
        {
            "source_layer": spec.made_of[0],
            "source_key": None,
            "name": spec.categories[row["category"]].zh if row["category"] in spec.categories else row["category"],
            "kind": row["category"],
            "value": float(row["n"]),
            "detail": {"days": len(listed)},
            "at": at,
        }
        for row in rows
    ]
    return {
        "cell": hex_of(cell),
        "res": resolution(cell),
        "unit": spec.unit.zh,
        "value": float(sum(row["n"] for row in rows)),
        "parts": parts,
        "published": True,
    }


def history(conn: Connection, ask: Ask, cell: int, span: int) -> list[tuple[str, float]]:
    """The last `span` published days of a cell (its atoms' cell when finer): [midnight of the day, count]."""
    cell = cell_of(cell)
    end = through(conn, ask.surface)
    if end is None:
        return []
    listed = [end - (span - 1 - n) * _DAY for n in range(span)]
    ask = asked(ask)
    rows = conn.execute(sql("published_history"), _within(ask, cell, listed)).fetchall()
    known = {row["day"]: float(row["n"]) for row in rows}
    return [(_midnight(day, ask.zone).isoformat(), known.get(day, 0.0)) for day in listed]


def legend(conn: Connection, ask: Ask, res: int) -> dict[str, Any]:
    """What a legend says without its breaks: {res, unit, breaks, cell_km2, from, to, window, published}."""
    told = {"res": res, "unit": surface(ask.surface).unit.zh, "breaks": [], "cell_km2": area_km2(res)}
    return told | period(conn, ask) | {"published": True}


def period(conn: Connection, ask: Ask) -> dict[str, Any]:
    """The window that is really answered: {from, to, window{zh, en}}; None and words alone before a publication."""
    listed = days(conn, asked(ask))
    if not listed:
        return {"from": None, "to": None, "window": {"zh": "尚未公布", "en": "not published yet"}}
    last, number = listed[-1].isoformat(), len(listed)
    return {
        "from": _midnight(listed[0], ask.zone).isoformat(),
        "to": _midnight(listed[-1] + _DAY, ask.zone).isoformat(),
        "window": {"zh": f"{number} 个整日，至 {last}", "en": f"{number} whole days to {last}"},
    }


def timeline(
    conn: Connection, ask: Ask, start: datetime, end: datetime, area_wkb: bytes | None
) -> list[tuple[str, int]]:
    """[midnight, count] of the published days that lie whole between two instants, over the cells whole in the area."""
    zone = zone_of(ask.zone)
    last = min(end.astimezone(zone).date() - _DAY, through(conn, ask.surface) or date.min)
    first = start.astimezone(zone).date()
    if _midnight(first, ask.zone) < start:
        first += _DAY
    listed = [first + n * _DAY for n in range((last - first).days + 1)]
    rows = conn.execute(sql("published_days"), {"surface": ask.surface, "days": listed}).fetchall()
    mine = whole_in(np.array([row["cell"] for row in rows], np.int64), area_wkb)
    found = dict.fromkeys(listed, 0)
    for row in (row for row, counts in zip(rows, mine, strict=True) if counts):
        found[row["day"]] += row["n"]
    return [(_midnight(day, ask.zone).isoformat(), n) for day, n in found.items()]


def whole_in(found: Cells, area_wkb: bytes | None) -> npt.NDArray[np.bool_]:
    """Which of the cells lie whole in an area (WGS-84 WKB; None: everywhere)."""
    if area_wkb is None or not len(found):
        return np.ones(len(found), np.bool_)
    area = shapely.from_wkb(area_wkb)
    shapely.prepare(area)
    return np.asarray(shapely.contains(area, boundaries(found)), np.bool_)


def _within(ask: Ask, cell: int, listed: list[date]) -> dict[str, Any]:
    lo, hi = child_range(cell, RES) if resolution(cell) < RES else (cell, cell)
    return {"surface": ask.surface, "days": listed, "categories": list(ask.categories), "lo": lo, "hi": hi}


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone_of(zone)).astimezone(UTC)
