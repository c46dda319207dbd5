"""The change log read in an order that no late commit can break, and the positions of those who follow it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from onemap.store.db import AsyncConnection, Connection
from onemap.store.sqlfile import sql

CHANNEL = "onemap_change"


@dataclass(frozen=True, order=True)
class Position:
    """A place in the log: everything up to it has been seen. Written `xid-seq`."""

    xid: int
    seq: int

    def __str__(self) -> str:
        return f"{self.xid}-{self.seq}"

    @classmethod
    def parse(cls, text: str) -> Position | None:
        """The position that `str` wrote, or None for anything else."""
        xid, dash, seq = text.partition("-")
        if not (dash and xid.isascii() and xid.isdigit() and seq.isascii() and seq.isdigit()):
            return None
        if len(xid) > 19 or len(seq) > 19 or int(seq) >= 2**63 or int(xid) >= 2**63:
            return None
        return cls(int(xid), int(seq))


@dataclass(frozen=True)
class Change:
    """One row of the log. `op` is I, U or D for a feature, E for an event that is none (`note` says which)."""

    position: Position
    at: datetime
    layer: str
    op: str
    fid: int | None
    key: str | None
    h3: int | None
    bbox: tuple[float, float, float, float] | None
    note: Any


def read(conn: Connection, after: Position, *, limit: int = 1000) -> list[Change]:
    """The next changes after a position, oldest first, at most `limit`."""
    rows = conn.execute(sql("change_read"), {"xid": after.xid, "seq": after.seq, "limit": limit}).fetchall()
    return [_change(row) for row in rows]


async def read_async(conn: AsyncConnection, after: Position, *, limit: int = 1000) -> list[Change]:
    """As `read`, for the doors."""
    cursor = await conn.execute(sql("change_read"), {"xid": after.xid, "seq": after.seq, "limit": limit})
    return [_change(row) for row in await cursor.fetchall()]


def head(conn: Connection) -> Position:
    """The newest position that is safe to start after: what is before it is final."""
    row = conn.execute(sql("change_head")).fetchone()
    assert row is not None  # noqa: S101  (the query has no FROM: it gives one row)
    return Position(row["xid"], row["seq"])


async def head_async(conn: AsyncConnection) -> Position:
    """As `head`, for the doors."""
    row = await (await conn.execute(sql("change_head"))).fetchone()
    assert row is not None  # noqa: S101
    return Position(row["xid"], row["seq"])


def log_event(conn: Connection, layer: str, key: str, note: Mapping[str, Any]) -> None:
    """Write an event that is no feature (an alert's state, a feed's) into the log, in the caller's transaction."""
    conn.execute(
        "INSERT INTO change_log (layer, op, key, note) VALUES (%s, 'E', %s, %s)", (layer, key, Jsonb(dict(note)))
    )
    conn.execute("SELECT pg_notify(%s, '')", (CHANNEL,))


def consumer_position(conn: Connection, name: str, *, start: Position | None = None) -> Position:
    """Where a consumer stands, locked for the caller's transaction; a new one starts at `start` or the log's beginning.

    Two workers with one consumer name take turns: the row lock lasts until the transaction that advances it commits.
    """
    first = start or Position(0, 0)
    conn.execute(
        "INSERT INTO consumer (name, xid, seq) VALUES (%s, %s::text::xid8, %s) ON CONFLICT DO NOTHING",
        (name, first.xid, first.seq),
    )
    row = conn.execute(
        "SELECT xid::text::bigint AS xid, seq FROM consumer WHERE name = %s FOR UPDATE", (name,)
    ).fetchone()
    assert row is not None  # noqa: S101
    return Position(row["xid"], row["seq"])


def advance(conn: Connection, name: str, to: Position) -> None:
    """Write a consumer's new position: in the same transaction as what it decided."""
    conn.execute(
        "UPDATE consumer SET xid = %s::text::xid8, seq = %s, at = now() WHERE name = %s", (to.xid, to.seq, name)
    )


def _change(row: Mapping[str, Any]) -> Change:
    box = None if row["west"] is None else (row["west"], row["south"], row["east"], row["north"])
    return Change(
        Position(row["xid"], row["seq"]), row["at"], row["layer"], row["op"], row["fid"], row["key"], row["h3"], box,
        row["note"],
    )  # fmt: skip
