"""Bring a cold store up to what is counted, by the same change rows that every follower of a surface reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from onemap.heat.cellstore.postgres import EPOCH
from onemap.heat.cellstore.question import ColdStore, Position
from onemap.heat.count.events import Events, load
from onemap.store.db import Connection
from onemap.store.sqlfile import sql

#: Nothing is visible in it that a follower could have read.
_BEGINNING = "1:1:"


def feed(conn: Connection, store: ColdStore, surface: str, *, name: str = "cold") -> int:
    """Take over all that became visible since the store's position; returns how many rows were written.

    Loads anew when the surface was counted anew, or its changes since then are kept no longer. `name` tells stores
    apart: one feeder at a time feeds each, another returns 0. The connection must be outside of any transaction.
    """
    key = f"cellstore:{name}:{surface}"
    # A lock of the session, taken before the transaction: the snapshot must be younger than the position it follows.
    with conn.transaction():
        row = conn.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0)) AS mine", (key,)).fetchone()
    if row is None or not row["mine"]:
        return 0
    try:
        with conn.transaction():
            conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            return _follow(conn, store, surface)
    finally:
        with conn.transaction():
            conn.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", (key,))


def _follow(conn: Connection, store: ColdStore, surface: str) -> int:
    was = store.position(surface)
    given = {"surface": surface, "snapshot": was.snapshot if was else _BEGINNING}
    stand = conn.execute(sql("heat_stand"), given).fetchone()
    assert stand is not None  # noqa: S101  (an aggregate gives one row)
    now = Position(stand["epoch"], stand["snapshot"])
    if was is None or was.epoch != now.epoch or not stand["whole"]:
        events = load(conn, surface)
        store.replace(surface, events, now)
        return len(events)
    events = of_rows(conn.execute(sql("heat_change_read"), given).fetchall())
    if len(events):
        store.append(surface, events, now)
    return len(events)


def of_rows(rows: Sequence[dict[str, Any]]) -> Events:
    """Change rows as columns; `n` is negative in what is counted no longer."""
    categories, sources = (tuple(sorted({row[name] for row in rows})) for name in ("category", "source"))
    code = {name: at for at, name in enumerate(categories)}
    source = {name: at for at, name in enumerate(sources)}
    return Events(
        np.array([row["cell"] for row in rows], np.int64),
        np.array([(row["hour"] - EPOCH).total_seconds() // 3600 for row in rows], np.int32),
        np.array([code[row["category"]] for row in rows], np.int16),
        np.array([source[row["source"]] for row in rows], np.int16),
        np.array([row["severity"] for row in rows], np.int8),
        np.array([row["n"] for row in rows], np.int32),
        np.array([row["fid"] for row in rows], np.int64),
        categories,
        sources,
    )
