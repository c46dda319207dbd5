"""What became final since the follower last looked: fixes and edits, by transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from psycopg import sql as pg

from onemap.fences.declare import ASSETS
from onemap.fences.memory import FIX, Array
from onemap.store.db import Connection
from onemap.store.sqlfile import sql

#: Layers whose edits change fences, movers, or what a fence's ground is derived from.
LAYERS = ("geofence", "grid", "hazard_zone", *ASSETS)
#: Fixes in one go; a transaction is never cut.
BATCH = 100_000
_PG_EPOCH_S = 946_684_800.0
_COPY_HEADER = 19
_RAW = np.dtype(
    [
        ("columns", ">i2"), ("l0", ">i4"), ("mover", ">i8"), ("l1", ">i4"), ("xid", ">i8"), ("l2", ">i4"),
        ("at", ">i8"), ("l3", ">i4"), ("lon", ">f8"), ("l4", ">i4"), ("lat", ">f8"), ("l5", ">i4"), ("alt", ">f8"),
        ("l6", ">i4"), ("accuracy", ">f8"),
    ]
)  # fmt: skip


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
    query = pg.SQL(sql("fence_fixes")).format(after=pg.Literal(str(after)), upto=pg.Literal(str(upto)))
    with conn.cursor() as cursor, cursor.copy(pg.SQL("COPY ({}) TO STDOUT (FORMAT BINARY)").format(query)) as copy:
        data = b"".join(bytes(part) for part in copy)
    # No column is null, so that all rows have one length; the last two bytes say that no more come.
    raw = np.frombuffer(data, _RAW, (len(data) - _COPY_HEADER - 2) // _RAW.itemsize, _COPY_HEADER)
    fixes = np.empty(len(raw), FIX)
    fixes["mover"], fixes["xid"] = raw["mover"], raw["xid"]
    fixes["at_s"] = raw["at"] / 1e6 + _PG_EPOCH_S
    fixes["lon"], fixes["lat"], fixes["altitude_m"] = raw["lon"], raw["lat"], raw["alt"]
    fixes["accuracy_m"] = raw["accuracy"]
    return fixes


def fence_rows(conn: Connection, ids: list[int] | None = None) -> list[dict[str, Any]]:
    """Declared fences as they stand, all or some."""
    return conn.execute(sql("fence_rows"), {"ids": ids}).fetchall()


def mover_rows(conn: Connection, ids: list[int] | None = None) -> list[dict[str, Any]]:
    """Movers with where they stand, all or some."""
    return conn.execute(sql("fence_movers"), {"ids": ids}).fetchall()
