"""Positions of movers: every fix is kept, the mover stands at its newest one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from etl import checks
from etl.feed import FixRecord
from etl.stores.item import Item, Outcome, Reject
from onemap.core.cell import cells_of
from onemap.core.datum import DatumRef
from onemap.core.errors import BadInput
from onemap.store.db import Connection
from onemap.store.partition import Partitions
from onemap.store.sqlfile import sql

Key = tuple[int, datetime]
Placed = tuple[Item[FixRecord], float, float]


def store(
    conn: Connection, items: Sequence[Item[FixRecord]], datum: DatumRef, partitions: Partitions, feed: str
) -> Outcome:
    """Store fixes and move each mover whose newest fix is among them; a late fix is kept and moves nothing."""
    outcome = Outcome()
    rows = conn.execute(sql("ingest_mover_lock"), {"keys": sorted({item.record.mover for item in items})}).fetchall()
    movers: dict[str, int] = {row["key"]: row["id"] for row in rows}
    first: dict[Key, Placed] = {}
    again: list[tuple[Key, Placed]] = []
    for item in items:
        mover = movers.get(item.record.mover)
        try:
            if mover is None:
                raise BadInput(
                    f"No mover {item.record.mover!r} is registered; register it, then replay.", reason="unknown-key"
                )
            placed = (item, *checks.position(item.record, datum))
        except BadInput as exc:
            outcome.rejects.append(Reject(item.raw_id, item.row, exc))
            continue
        key = (mover, item.record.at)
        if key in first:
            again.append((key, placed))
        else:
            first[key] = placed
    if not first:
        return outcome
    partitions.ensure(conn, "fix", {at for _, at in first})
    fresh = _insert(conn, first)
    outcome.stored = len(fresh)
    known = {key: _place(first[key]) for key in fresh} | _places(conn, [key for key in first if key not in fresh])
    for key, placed in [*((k, p) for k, p in first.items() if k not in fresh), *again]:
        if known[key] == _place(placed):
            outcome.unchanged += 1
        else:
            outcome.rejects.append(Reject(placed[0].raw_id, placed[0].row, _conflict(placed[0].record)))
    for mover, at in fresh:
        outcome.movers.add(mover)
        outcome.saw(at)
    _move(conn, {key: first[key] for key in fresh}, datum, feed)
    return outcome


def _place(placed: Placed) -> tuple[float, float]:
    return placed[1], placed[2]


def _insert(conn: Connection, first: Mapping[Key, Placed]) -> set[Key]:
    records = [item.record for item, _, _ in first.values()]
    lons, lats = [lon for _, lon, _ in first.values()], [lat for _, _, lat in first.values()]
    rows = conn.execute(
        sql("ingest_fix"),
        {
            "movers": [mover for mover, _ in first],
            "ats": [at for _, at in first],
            "lons": lons,
            "lats": lats,
            "altitudes": [record.altitude_m for record in records],
            "cells": cells_of(lons, lats).tolist(),
            "headings": [record.heading_deg for record in records],
            "speeds": [record.speed_mps for record in records],
            "accuracies": [record.accuracy_m for record in records],
            "batteries": [record.battery_pct for record in records],
            "raws": [item.raw_id for item, _, _ in first.values()],
        },
    ).fetchall()
    return {(row["mover_id"], row["at"]) for row in rows}


def _places(conn: Connection, keys: Sequence[Key]) -> dict[Key, tuple[float, float]]:
    if not keys:
        return {}
    params = {"movers": [mover for mover, _ in keys], "ats": [at for _, at in keys]}
    rows = conn.execute(sql("ingest_fix_places"), params).fetchall()
    return {(row["mover_id"], row["at"]): (row["lon"], row["lat"]) for row in rows}


def _move(conn: Connection, fresh: Mapping[Key, Placed], datum: DatumRef, feed: str) -> None:
    newest: dict[int, Placed] = {}
    for mover, at in sorted(fresh, key=lambda key: key[1]):
        newest[mover] = fresh[(mover, at)]
    ids = sorted(newest)
    records = [newest[mover][0].record for mover in ids]
    lons, lats = [newest[mover][1] for mover in ids], [newest[mover][2] for mover in ids]
    conn.execute(
        sql("ingest_mover_latest"),
        {
            "ids": ids,
            "ats": [record.at for record in records],
            "lons": lons,
            "lats": lats,
            "cells": cells_of(lons, lats).tolist(),
            "altitudes": [record.altitude_m for record in records],
            "headings": [record.heading_deg for record in records],
            "speeds": [record.speed_mps for record in records],
            "accuracies": [record.accuracy_m for record in records],
            "batteries": [record.battery_pct for record in records],
            "feed": feed,
            "datum": datum.label,
        },
    )


def _conflict(record: FixRecord) -> BadInput:
    return BadInput(
        f"Mover {record.mover} already has another position at {record.at:%Y-%m-%dT%H:%M:%S.%fZ}.", reason="conflict"
    )
