"""Counted events as columns: millions of rows out of `heat_event` into arrays, in one binary copy."""

from __future__ import annotations

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
_HEADER = 19  # of a binary copy: signature, flags, no extension

# One row of the copy: the number of columns, then each value behind its length.
_ROW = np.dtype(
    [
        ("columns", ">i2"), ("l0", ">i4"), ("fid", ">i8"), ("l1", ">i4"), ("cell", ">i8"), ("l2", ">i4"),
        ("hour", ">i8"), ("l3", ">i4"), ("category", ">i2"), ("l4", ">i4"), ("source", ">i2"), ("l5", ">i4"),
        ("severity", ">i2"), ("l6", ">i4"), ("n", ">i4"),
    ]
)  # fmt: skip


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

    Half a million rows a second and more. Copied within the caller's transaction, as its snapshot shows them.
    """
    words = conn.execute(sql("heat_words"), {"surface": surface}).fetchall()
    categories = tuple(sorted({row["category"] for row in words}))
    sources = tuple(sorted({row["source"] for row in words}))
    query = pg.SQL(sql("heat_load")).format(
        categories=list(categories), sources=list(sources), surface=surface, limits=_limits(start, end, box)
    )
    rows = _copied(conn, query)
    order = np.argsort(rows["fid"], kind="stable")
    if box is not None:
        order = order[inside_mask(rows["cell"][order].astype(np.int64), box, FINEST)]
    taken = rows[order]
    hours = taken["hour"].astype(np.int64) // _MICROSECONDS_H + _PG_EPOCH_H
    return Events(
        taken["cell"].astype(np.int64), hours.astype(np.int32), taken["category"].astype(np.int16),
        taken["source"].astype(np.int16), taken["severity"].astype(np.int8), taken["n"].astype(np.int32),
        taken["fid"].astype(np.int64), categories, sources,
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


def _copied(conn: Connection, query: pg.Composed) -> npt.NDArray[np.void]:
    """The rows of a query of fixed width, out of a binary copy."""
    with conn.cursor() as cursor, cursor.copy(pg.SQL("COPY ({}) TO STDOUT (FORMAT binary)").format(query)) as copy:
        data = bytearray()
        for block in copy:
            data += block
    # Behind the rows stands a number of columns of -1.
    count = (len(data) - _HEADER - 2) // _ROW.itemsize
    return np.frombuffer(data, _ROW, count=count, offset=_HEADER)
