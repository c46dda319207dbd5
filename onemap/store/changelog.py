"""The change log read in an order that no late commit can break, and the positions of those who follow it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, ClassVar

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
    log_events(conn, layer, [(key, note)])


def log_events(conn: Connection, layer: str, events: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    """As `log_event`, for several in one statement, in their order."""
    conn.execute(
        "WITH told AS (INSERT INTO change_log (layer, op, key, note) SELECT %s, 'E', key, note "
        "FROM unnest(%s::text[], %s::jsonb[]) WITH ORDINALITY AS e (key, note, n) ORDER BY n) "
        "SELECT pg_notify(%s, '')",
        (layer, [key for key, _ in events], [Jsonb(dict(note)) for _, note in events], CHANNEL),
    )


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


@dataclass
class Mark:
    """How far a live reader has come: everything up to `base`, and of some later transactions up to a sequence.

    A transaction that commits while an older one still runs is not final in the log's order. Engines wait for the older
    one; a screen should not, so the live stream takes such changes early and remembers which. Written
    `xid-seq` or `xid-seq+xid.seq,xid.seq...`: what a client sends back to resume exactly there.
    """

    base: Position
    early: dict[int, int] = field(default_factory=dict)

    MAX_WRITTEN: ClassVar[int] = 64  # transactions written out; one left out is sent again after a reconnect, none lost

    def __str__(self) -> str:
        if not self.early:
            return str(self.base)
        newest = islice(reversed(self.early.items()), self.MAX_WRITTEN)
        return f"{self.base}+{','.join(f'{xid}.{seq}' for xid, seq in newest)}"

    @classmethod
    def parse(cls, text: str) -> Mark | None:
        """The mark that `str` wrote, or None for anything else."""
        written, plus, rest = text.partition("+")
        base = Position.parse(written)
        if base is None or len(text) > 4096:
            return None
        early: dict[int, int] = {}
        for part in rest.split(",") if plus else ():
            one = Position.parse(part.replace(".", "-", 1))
            if one is None:
                return None
            early[one.xid] = one.seq
        return cls(base, early)

    def covers(self, position: Position) -> bool:
        """Whether that change has been seen."""
        return position <= self.base or self.early.get(position.xid, -1) >= position.seq

    def see(self, position: Position, *, final: Position) -> None:
        """Note one more change, in the log's order; it is final when it does not lie after `final`."""
        if position <= final:
            self.base = max(self.base, position)
        else:
            self.early.pop(position.xid, None)  # the newest stands last
            self.early[position.xid] = position.seq

    def settle(self, final: Position) -> None:
        """Note that everything up to `final` has been seen."""
        self.base = max(self.base, final)
        self.early = {xid: seq for xid, seq in self.early.items() if xid > self.base.xid}

    def copy(self) -> Mark:
        """The same mark, to go on by itself."""
        return Mark(self.base, dict(self.early))


@dataclass(frozen=True)
class Reach:
    """What waits for a reader who resumes: `waiting` is counted up to a limit."""

    waiting: int
    held: bool
    ahead: bool


async def read_visible_async(
    conn: AsyncConnection, mark: Mark, after: Position, *, layers: Collection[str], limit: int
) -> list[Change]:
    """Committed changes of these layers after a position that the mark does not cover, in order: early ones too."""
    cursor = await conn.execute(
        sql("change_visible"),
        {
            "xid": after.xid,
            "seq": after.seq,
            "early_xids": list(mark.early.keys()),
            "early_seqs": list(mark.early.values()),
            "layers": list(layers),
            "limit": limit,
        },
    )
    return [_change(row) for row in await cursor.fetchall()]


async def reach_async(conn: AsyncConnection, after: Position, *, layers: Collection[str], limit: int) -> Reach:
    """What waits of these layers for a reader who resumes after a position."""
    asked = {"xid": after.xid, "seq": after.seq, "layers": list(layers), "limit": limit}
    cursor = await conn.execute(sql("change_reach"), asked)
    row = await cursor.fetchone()
    assert row is not None  # noqa: S101
    return Reach(row["waiting"], row["held"], row["ahead"])
