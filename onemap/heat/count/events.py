"""Counted events as columns: millions of rows out of `heat_event` into arrays, by blocks in binary."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
from psycopg import sql as pg

from onemap.core.cell import Cells
from onemap.heat.surface import FINEST
from onemap.heat.window import Box, inside_mask, ranges
from onemap.store.db import Connection
from onemap.store.sqlfile import sql

#: PostgreSQL counts microseconds from here, in hours since 1970.
_PG_EPOCH_H = 262_968
_MICROSECONDS_H = 3_600_000_000
_BLOCK = 200_000
_LONG, _SHORT = np.dtype([("length", ">i4"), ("value", ">i8")]), np.dtype([("length", ">i4"), ("value", ">i4")])
_ARRAY_HEADER = 20  # of an array's binary form: dimensions, nulls, type, length, first index


@dataclass(frozen=True)
class Events:
    """Counted events in columns of one length; `category` and `source` index the tuples beside them.

    `cell` int64 at the finest resolution, `hour` int32 since 1970-01-01 UTC, `category` and `source` int16, `severity`
    int8 (1-4, 0 unknown), `n` int32 how often each counts, `fid` int64 of the feature.
    """

    cell: Cells
    hour: npt.NDArray[np.int32]
    category: npt.NDArray[np.int16]
    source: npt.NDArray[np.int16]
    severity: npt.NDArray[np.int8]
    n: npt.NDArray[np.int32]
    fid: npt.NDArray[np.int64]
    categories: tuple[str, ...]
    sources: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.cell)

    def taken(self, which: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> Events:
        """The events that a mask or an index picks."""
        return Events(
            self.cell[which], self.hour[which], self.category[which], self.source[which], self.severity[which],
            self.n[which], self.fid[which], self.categories, self.sources,
        )  # fmt: skip


def load(
    conn: Connection,
    surface: str = "incidents",
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    box: Box | None = None,
) -> Events:
    """The counted events of a surface by feature id: from `start` to before `end`, in cells that touch the box.

    About a million rows a second. Many statements: who needs one state of the table reads in a REPEATABLE READ
    transaction.
    """
    blocks, pairs = [], _Pairs()
    limits = _limits(start, end, box)
    after = -1
    while True:
        query = pg.SQL(sql("heat_load")).format(
            surface=surface, after=pg.Literal(after), limits=limits, limit=pg.Literal(_BLOCK)
        )
        block = _block(conn, query, pairs)
        if not len(block):
            break
        after = int(block["fid"][-1])
        blocks.append(block if box is None else block[inside_mask(block["cell"], box, FINEST)])
        if len(block) < _BLOCK:
            break
    return _joined(blocks, pairs)


class _Pairs:
    """Codes of the pairs of category and source, given as they come."""

    def __init__(self) -> None:
        self.codes: dict[tuple[str, str], int] = {}

    def of(self, pairs: bytes, hashes: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
        """The code of each hash, by a JSON array of pairs and their hashes. Raises RuntimeError if two are alike."""
        named = sorted((int(text), category, source) for category, source, text in json.loads(pairs))
        keys = np.array([key for key, _, _ in named], np.int64)
        if len(np.unique(keys)) < len(keys):
            raise RuntimeError("two pairs of category and source have one hash")
        codes = [self.codes.setdefault((category, source), len(self.codes)) for _, category, source in named]
        return np.array(codes, np.int32)[np.searchsorted(keys, hashes)]


_COLUMNS = np.dtype([("fid", "i8"), ("cell", "i8"), ("hour", "i4"), ("pair", "i4"), ("severity", "i1"), ("n", "i4")])


def _block(conn: Connection, query: pg.Composed, pairs: _Pairs) -> npt.NDArray[np.void]:
    """One block of events, by feature id."""
    result = conn.execute(query, binary=True).pgresult
    named = result.get_value(0, 0) if result is not None else None
    if result is None or named is None:
        return np.empty(0, _COLUMNS)
    # Read from the result itself: as Python lists these would take a hundred times the memory.
    fid, cell, hour, pair, counted = (_array(result.get_value(0, at)) for at in range(1, 6))
    found = np.empty(len(fid), _COLUMNS)
    found["fid"], found["cell"], found["n"] = fid, cell, counted >> 3
    found["hour"] = hour // _MICROSECONDS_H + _PG_EPOCH_H
    found["pair"] = pairs.of(named, pair)
    found["severity"] = counted & 7
    return found[np.argsort(fid, kind="stable")]


def _array(raw: bytes | None) -> npt.NDArray[np.int64]:
    """A one-dimensional array of integers without nulls out of its binary form."""
    assert raw is not None  # noqa: S101  (columns are not null)
    count = int.from_bytes(raw[12:16], "big")
    width = (len(raw) - _ARRAY_HEADER) // count
    form = _LONG if width == _LONG.itemsize else _SHORT
    return np.frombuffer(raw, form, count, _ARRAY_HEADER)["value"].astype(np.int64)


def _joined(blocks: list[npt.NDArray[np.void]], pairs: _Pairs) -> Events:
    rows = np.concatenate([np.empty(0, _COLUMNS), *blocks])
    categories = tuple(sorted({category for category, _ in pairs.codes}))
    sources = tuple(sorted({source for _, source in pairs.codes}))
    category = np.array([categories.index(one) for one, _ in pairs.codes], np.int16)
    source = np.array([sources.index(one) for _, one in pairs.codes], np.int16)
    return Events(
        np.ascontiguousarray(rows["cell"]), np.ascontiguousarray(rows["hour"]), category[rows["pair"]],
        source[rows["pair"]], np.ascontiguousarray(rows["severity"]), np.ascontiguousarray(rows["n"]),
        np.ascontiguousarray(rows["fid"]), categories, sources,
    )  # fmt: skip


def _limits(start: datetime | None, end: datetime | None, box: Box | None) -> pg.Composed:
    limits = []
    if start is not None:
        limits.append(pg.SQL("AND e.hour >= {}").format(start))
    if end is not None:
        limits.append(pg.SQL("AND e.hour < {}").format(end))
    if box is not None and (spans := ranges(box, FINEST, FINEST)) is not None:
        between = [pg.SQL("e.cell BETWEEN {} AND {}").format(*span) for span in zip(*spans, strict=True)]
        limits.append(pg.SQL("AND ({})").format(pg.SQL(" OR ").join(between)))
    return pg.SQL(" ").join(limits)
