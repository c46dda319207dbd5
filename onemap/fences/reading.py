"""What became final since the follower last looked: fixes and edits, by transaction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from onemap.fences.declare import ASSETS
from onemap.fences.memory import FIX, Array
from onemap.store.db import Connection
from onemap.store.sqlfile import sql

#: Layers whose edits change fences, movers, or what a fence's ground is derived from.
LAYERS = ("geofence", "grid", "hazard_zone", *ASSETS)
#: Fixes in one go; a transaction is never cut.
BATCH = 100_000
#: Fences read at a time: a million rows at once take gigabytes.
_ROWS = 20_000
_PG_EPOCH_S = 946_684_800.0
_RAW = np.dtype(
    [(name, ">i8") for name in ("mover", "xid", "at")] + [(name, ">f8") for name in ("lon", "lat", "alt", "accuracy")]
)


@dataclass(frozen=True)
class Edit:
    """A row of the log that matters to fences."""

    xid: int
    at: datetime
    layer: str
    op: str
    fid: int
    key: str


@dataclass(frozen=True)
class News:
    """What lies between two positions: fixes (`mover` is an id) and edits, each in order; `whole`: nothing waits."""

    upto: int
    fixes: Array
    edits: list[Edit]
    whole: bool


def read(conn: Connection, after: int, *, limit: int = BATCH) -> News | None:
    """What transactions after `after` brought, as far as it is final; None when that is nothing new."""
    row = conn.execute(sql("fence_head"), {"after": after, "limit": limit}).fetchone()
    assert row is not None  # noqa: S101  (the query has no FROM: it gives one row)
    upto = row["cut"] if row["cut"] is not None else row["head"]
    if upto <= after:
        return None
    span = {"after": after, "upto": upto, "layers": list(LAYERS)}
    edits = [Edit(**one) for one in conn.execute(sql("fence_edits"), span).fetchall()]
    fixes = _fixes(conn, after, upto) if row["fixes"] else np.empty(0, FIX)
    return News(upto, fixes, edits, row["cut"] is None)


def _fixes(conn: Connection, after: int, upto: int) -> Array:
    row = conn.execute(sql("fence_fixes"), {"after": after, "upto": upto}, binary=True).fetchone()
    raw = np.frombuffer(b"" if row is None or row["fixes"] is None else row["fixes"], _RAW)
    fixes = np.empty(len(raw), FIX)
    fixes["mover"], fixes["xid"] = raw["mover"], raw["xid"]
    fixes["at_s"] = raw["at"] / 1e6 + _PG_EPOCH_S
    fixes["lon"], fixes["lat"], fixes["altitude_m"] = raw["lon"], raw["lat"], raw["alt"]
    fixes["accuracy_m"] = raw["accuracy"]
    return fixes


def fence_rows(conn: Connection, ids: list[int]) -> list[dict[str, Any]]:
    """Some declared fences as they stand."""
    return conn.execute(sql("fence_rows"), {"ids": ids}).fetchall()


def every_fence(conn: Connection) -> Iterator[list[dict[str, Any]]]:
    """All declared fences as they stand, some at a time, inside the caller's transaction."""
    with conn.cursor(name="fences") as cursor:
        cursor.execute(sql("fence_rows"), {"ids": None})
        while rows := cursor.fetchmany(_ROWS):
            yield rows


def mover_rows(conn: Connection, ids: list[int] | None = None) -> list[dict[str, Any]]:
    """Movers with where they stand, all or some."""
    return conn.execute(sql("fence_movers"), {"ids": ids}).fetchall()
