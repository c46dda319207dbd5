"""The truth: counts straight from `heat_event`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from onemap.heat.cellstore.question import Counted, Question
from onemap.store.db import Connection
from onemap.store.sqlfile import sql

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class PostgresStore:
    """A cell store over a connection of the caller's."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def counts(self, question: Question) -> Counted:
        """Sum what is counted by cell at the question's resolution."""
        spans = question.spans
        if not len(question.hours) or not spans:
            return Counted(np.empty(0, np.int64), np.empty(0, np.int64))
        starts = [EPOCH + timedelta(hours=hour) for hour in question.hours[:, 0].tolist()]
        ends = [EPOCH + timedelta(hours=hour) for hour in question.hours[:, 1].tolist()]
        lows, highs = ([span[side] for span in spans] for side in (0, 1))
        given = {
            "keep": question.keep, "head": question.head, "surface": question.surface, "first": starts[0],
            "last": ends[-1], "froms": starts, "tos": ends, "lows": lows,
            "highs": highs, "categories": list(question.categories), "sources": list(question.sources),
            "severities": list(question.severities),
        }  # fmt: skip
        rows = self._conn.execute(sql("heat_store_counts"), given).fetchall()
        cells = np.fromiter((row["cell"] for row in rows), np.int64, len(rows))
        return Counted(cells, np.fromiter((row["n"] for row in rows), np.int64, len(rows)))
