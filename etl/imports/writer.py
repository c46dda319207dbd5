"""Rows of a file through the pipeline's check and store steps, some thousands in one transaction, layer by layer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

from etl.feed import Envelope, FeedSpec, Row
from etl.imports.spec import IMPORT, Skip
from etl.imports.summary import ImportSummary
from etl.pipeline import Pipeline
from etl.stores.item import Item, Reject
from onemap.core.errors import BadInput
from onemap.store.db import Connection, acting
from onemap.store.sqlfile import sql

Progress = Callable[[str], None]
BATCH = 5000
#: A larger file is landed by its digest and path alone: it stays where it is.
MAX_LANDED = 64 * 1024 * 1024


def land_file(conn: Connection, feed: FeedSpec, path: Path, actor: str) -> int:
    """Write the file as one raw record; return its id, the old one if these bytes came before."""
    found = hashlib.sha256()
    small = path.stat().st_size <= MAX_LANDED
    payload = path.read_bytes() if small else b""
    if small:
        found.update(payload)
    else:
        with path.open("rb") as stream:
            while piece := stream.read(1 << 20):
                found.update(piece)
    params = {
        "feed": feed.name,
        "digest": found.digest(),
        "source": path.name if small else str(path),
        "media_type": "" if small else "application/x-path",
        "payload": payload,
    }
    with acting(conn, actor):
        row = conn.execute(sql("ingest_raw_file"), params).fetchone()
    if row is None:
        raise BadInput(f"{path.name} could not be landed.", reason="store-failed")
    return int(row["id"])


class Writer:
    """Collects mapped rows by layer and stores each full batch; what was done is in `summary`."""

    def __init__(
        self, conn: Connection, pipeline: Pipeline, feed: FeedSpec, raw_id: int, source: str, actor: str,
        progress: Progress | None = None,
    ) -> None:  # fmt: skip
        self.summary = ImportSummary()
        self._conn, self._pipeline, self._feed = conn, pipeline, feed
        self._raw_id, self._actor, self._progress = raw_id, actor, progress
        self._context = pipeline.context(feed, Envelope(source))
        # What the caller said of the file stays with a refused row: replayed, it is read in the same way.
        said = {"datum": feed.datum, "zone": feed.zone} if feed.name == IMPORT.name else {}
        self._said = {name: value for name, value in said.items() if value != getattr(IMPORT, name)}
        self._items: dict[str, list[Item[object]]] = {}  # type: ignore[type-var]
        self._rejects: dict[str, list[Reject]] = {}

    def write(self, rows: Iterable[Row | Skip], layer: str) -> ImportSummary:
        """Take all rows; unreadable ones count for `layer`. A file that breaks midway keeps what was whole."""
        try:
            for row in rows:
                self._one(row, layer)
        except BadInput as exc:
            self._reject(layer, Row("", {}, exc), exc)
        for name in [*self._items, *self._rejects]:
            self._flush(name)
        return self.summary

    def _one(self, row: Row | Skip, layer: str) -> None:
        if isinstance(row, Skip):
            self.summary.count(row.layer).skipped += 1
            self.summary.because(row.reason)
            return
        named = row.data.get("layer")
        layer = named if isinstance(named, str) else layer
        if row.error is not None:
            self._reject(layer, row, row.error)
            return
        try:
            records = list(self._feed.mapping(row.data, self._context))
        except BadInput as exc:
            self._reject(layer, row, exc)
            return
        if self._said:
            row = Row(row.position, {**row.data, **self._said})
        held = self._items.setdefault(layer, [])
        held += [Item(self._raw_id, row, record, self._context) for record in records]
        if len(held) >= BATCH:
            self._flush(layer)

    def _reject(self, layer: str, row: Row, error: BadInput) -> None:
        held = self._rejects.setdefault(layer, [])
        held.append(Reject(self._raw_id, row, error))
        if len(held) >= BATCH:
            self._flush(layer)

    def _flush(self, layer: str) -> None:
        items, rejects = self._items.pop(layer, []), self._rejects.pop(layer, [])
        if not items and not rejects:
            return
        receipt, outcome = self._pipeline.store_items(self._conn, self._feed, items, rejects, actor=self._actor)
        count = self.summary.count(layer)
        count.taken += receipt.stored
        count.unchanged += receipt.unchanged
        count.quarantined += receipt.quarantined
        for reason, number in receipt.reasons.items():
            self.summary.because(reason, number)
        self.summary.reach(outcome.bounds)
        if self._progress is not None:
            self._progress(f"{layer} {count.taken + count.unchanged:,}")
