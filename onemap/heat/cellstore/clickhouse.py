"""Cold counts in ClickHouse: one SQL text, sent over HTTP to a server or to an engine in the process.

Rows are signed differences with the number of their batch; a batch counts once `heat_cold_batch` names it, so rows of a
writer that died halfway are never seen, and are swept before the next batch takes their number.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import numpy as np

from onemap.core.errors import FeedRefused, FeedUnavailable
from onemap.heat.cellstore.question import Counted, Position, Question
from onemap.heat.count.events import Events

#: Takes a statement with `{name:Type}` parameters and their values in ClickHouse's text form; returns the answer.
Send = Callable[[str, Mapping[str, str]], bytes]

_ROWS_PER_INSERT = 100_000
_ANSWER = np.dtype([("cell", "<i8"), ("n", "<i8")])

TABLES = (
    """CREATE TABLE IF NOT EXISTS heat_cold (
  surface LowCardinality(String), cell Int64, hour Int32, category LowCardinality(String),
  source LowCardinality(String), severity Int8, n Int32, batch UInt64
) ENGINE = MergeTree ORDER BY (surface, cell, hour)""",
    """CREATE TABLE IF NOT EXISTS heat_cold_batch (
  surface String, batch UInt64, first UInt64, epoch Int64, snapshot String
) ENGINE = MergeTree ORDER BY (surface, batch)""",
)

# The tuple is (0, 0) before the first batch, whose number is 1.
COUNTS = """WITH (
  SELECT argMax((first, batch), batch) FROM heat_cold_batch WHERE surface = {surface:String}
) AS valid
SELECT bitOr(bitAnd(cell, {keep:Int64}), {head:Int64}) AS parent, sum(toInt64(n)) AS total
FROM heat_cold
WHERE surface = {surface:String} AND batch BETWEEN valid.1 AND valid.2
  AND cell BETWEEN {low:Int64} AND {high:Int64} AND hour >= {first:Int32} AND hour < {last:Int32}
  AND arrayExists((low, high) -> cell BETWEEN low AND high, {lows:Array(Int64)}, {highs:Array(Int64)})
  AND arrayExists((since, until) -> hour >= since AND hour < until, {froms:Array(Int32)}, {tos:Array(Int32)})
  AND (empty({categories:Array(String)}) OR has({categories:Array(String)}, category))
  AND (empty({sources:Array(String)}) OR has({sources:Array(String)}, source))
  AND (empty({severities:Array(Int8)}) OR has({severities:Array(Int8)}, severity))
GROUP BY parent HAVING total != 0 ORDER BY parent
FORMAT RowBinary"""

_LAST = """SELECT batch, first, epoch, snapshot FROM heat_cold_batch WHERE surface = {surface:String}
ORDER BY batch DESC LIMIT 1 FORMAT JSONCompactEachRow"""


class ClickHouseStore:
    """A cold store over anything that runs ClickHouse SQL; makes its tables when they are missing."""

    def __init__(self, send: Send) -> None:
        self._send = send
        for statement in TABLES:
            send(statement, {})

    def position(self, surface: str) -> Position | None:
        """How far the surface has been followed; None before the first load."""
        last = self._last(surface)
        return Position(int(last[2]), last[3]) if last else None

    def append(self, surface: str, events: Events, position: Position) -> None:
        """Add signed differences and move the position, both or neither."""
        last = self._last(surface)
        batch, first = (int(last[0]) + 1, int(last[1])) if last else (1, 1)
        self._put(surface, batch, first, events, position)

    def replace(self, surface: str, events: Events, position: Position) -> None:
        """Put these events in the place of all there are, with the position, both or neither."""
        last = self._last(surface)
        batch = int(last[0]) + 1 if last else 1
        self._put(surface, batch, batch, events, position)
        self._sweep(surface, "batch <", batch)

    def counts(self, question: Question) -> Counted:
        """Sum what is counted by cell at the question's resolution."""
        spans = question.spans
        if not len(question.hours) or not spans:
            return Counted(np.empty(0, np.int64), np.empty(0, np.int64))
        lows, highs = ([span[side] for span in spans] for side in (0, 1))
        given = {
            "surface": text(question.surface), "keep": str(question.keep), "head": str(question.head),
            "low": str(min(lows)), "high": str(max(highs)), "lows": str(lows), "highs": str(highs),
            "first": str(question.hours[0, 0]), "last": str(question.hours[-1, 1]),
            "froms": str(question.hours[:, 0].tolist()), "tos": str(question.hours[:, 1].tolist()),
            "categories": texts(question.categories), "sources": texts(question.sources),
            "severities": str(list(question.severities)),
        }  # fmt: skip
        rows = np.frombuffer(self._send(COUNTS, given), _ANSWER)
        return Counted(rows["cell"].astype(np.int64), rows["n"].astype(np.int64))

    def _last(self, surface: str) -> list[Any] | None:
        found = self._send(_LAST, {"surface": text(surface)})
        return json.loads(found) if found.strip() else None

    def _put(self, surface: str, batch: int, first: int, events: Events, position: Position) -> None:
        self._sweep(surface, "batch >=", batch)
        for start in range(0, len(events), _ROWS_PER_INSERT):
            part = events.taken(np.arange(start, min(start + _ROWS_PER_INSERT, len(events))))
            rows = zip(
                part.cell.tolist(), part.hour.tolist(), part.category.tolist(), part.source.tolist(),
                part.severity.tolist(), part.n.tolist(), strict=True,
            )  # fmt: skip
            self._insert("heat_cold", [
                [surface, cell, hour, events.categories[category], events.sources[source], severity, n, batch]
                for cell, hour, category, source, severity, n in rows
            ])  # fmt: skip
        self._insert("heat_cold_batch", [[surface, batch, first, position.epoch, position.snapshot]])

    def _insert(self, table: str, rows: list[list[Any]]) -> None:
        lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
        self._send(f"INSERT INTO {table} FORMAT JSONCompactEachRow\n{lines}", {})

    def _sweep(self, surface: str, which: str, batch: int) -> None:
        """Remove rows by batch, if there are any: a mutation rewrites parts."""
        given = {"surface": text(surface), "batch": str(batch)}
        where = f"surface = {{surface:String}} AND {which} {{batch:UInt64}}"
        if int(self._send(f"SELECT count() FROM heat_cold WHERE {where} FORMAT TSV", given)):  # noqa: S608
            self._send(f"ALTER TABLE heat_cold DELETE WHERE {where} SETTINGS mutations_sync = 1", given)


def text(value: str) -> str:
    """A string as a parameter's value: backslash escapes."""
    return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


def texts(values: tuple[str, ...]) -> str:
    """An array of strings as a parameter's value."""
    quoted = (value.replace("\\", "\\\\").replace("'", "\\'") for value in values)
    return "[" + ", ".join(f"'{value}'" for value in quoted) + "]"


def over_http(client: httpx.Client, url: str) -> Send:
    """Send statements to a server's HTTP interface; the client brings credentials, database and time limits.

    Raises FeedUnavailable when it cannot be reached or is too busy, FeedRefused when it refuses the statement.
    """

    def send(statement: str, parameters: Mapping[str, str]) -> bytes:
        given = {f"param_{name}": value for name, value in parameters.items()}
        try:
            answer = client.post(url, params=given, content=statement.encode())
        except httpx.HTTPError as error:
            raise FeedUnavailable(f"The cell store does not answer: {type(error).__name__}.") from error
        if answer.status_code >= 500 or answer.status_code == 429:
            raise FeedUnavailable(f"The cell store answers {answer.status_code}.")
        if answer.status_code != 200:
            raise FeedRefused(f"The cell store refuses a statement with {answer.status_code}.")
        return answer.content

    return send


def embedded(session: Any) -> Send:
    """Send statements to an engine in this process: a connection of `chdb.connect`, which the caller brings."""

    def send(statement: str, parameters: Mapping[str, str]) -> bytes:
        answer: bytes = session.query(statement, "TSV", params=dict(parameters)).bytes()
        return answer

    return send
