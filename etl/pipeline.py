"""The way of a payload: land, parse, map, check or quarantine, store, log; one transaction, committed on return.

Who calls this acknowledges to his sender only afterwards. When the database does not answer, the caller gets the
exception and acknowledges nothing; everything else that can go wrong with a payload ends in quarantine.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

import psycopg
import structlog
from psycopg.pq import TransactionStatus

from etl import metrics
from etl.feed import (
    BulletinRecord,
    CapRecord,
    Context,
    Envelope,
    FeatureRecord,
    FeedSpec,
    FixRecord,
    ObservationRecord,
    Record,
    Row,
)
from etl.feeds import BY_NAME as FEEDS
from etl.imports.spec import IMPORT, import_spec
from etl.jsonable import record_json
from etl.stores import bulletin, cap, feature, fix, observation
from etl.stores.item import Item, Outcome, Reject
from onemap.core.errors import BadInput, NotFound, TooLarge
from onemap.core.settings import CaseSettings, Settings
from onemap.layers import BY_NAME as LAYERS
from onemap.store.db import Connection, acting
from onemap.store.layer import LayerSpec
from onemap.store.partition import Partitions
from onemap.store.sqlfile import sql
from onemap.warnings import service as warnings
from onemap.warnings.service import Reading

log = structlog.get_logger(__name__)
R = TypeVar("R", bound=Record)
_ATTEMPTS = 4
_COUNTED = ("received", "stored", "unchanged", "duplicates", "quarantined")


@dataclass(frozen=True, slots=True)
class Payload:
    """Bytes as a transport got them: `source` is a topic, file name, URL or key's name."""

    body: bytes
    source: str
    media_type: str = ""


@dataclass
class Receipt:
    """What became of payloads: received = stored + unchanged + duplicates + quarantined, counted in records.

    A payload that came before counts as one duplicate, one that cannot be read at all as one quarantined.
    """

    raw_id: int | None = None
    received: int = 0
    stored: int = 0
    unchanged: int = 0
    duplicates: int = 0
    quarantined: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    newest: datetime | None = None  # the newest source time stored

    def add(self, other: Receipt) -> None:
        """Take another receipt's counts into this one; the raw record is the last one's."""
        self.raw_id = other.raw_id or self.raw_id
        for name in _COUNTED:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for reason, number in other.reasons.items():
            self.reasons[reason] = self.reasons.get(reason, 0) + number


@dataclass(frozen=True)
class Hooks:
    """Engines that decide in the transaction that stores their cause."""

    readings: Callable[[Connection, Sequence[Reading], CaseSettings], object] = warnings.evaluate
    fixes: Callable[[Connection, Sequence[int], datetime], object] = warnings.on_fixes


@dataclass
class _Batch:
    """Mapped records by kind, with what was refused on the way."""

    features: list[Item[FeatureRecord]] = field(default_factory=list)
    observations: list[Item[ObservationRecord]] = field(default_factory=list)
    fixes: list[Item[FixRecord]] = field(default_factory=list)
    bulletins: list[Item[BulletinRecord]] = field(default_factory=list)
    caps: list[Item[CapRecord]] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    ignored: int = 0

    def put(self, item: Item[Any]) -> None:
        """Sort one record in."""
        kind = type(item.record)
        if kind is ObservationRecord:
            self.observations.append(item)
        elif kind is FixRecord:
            self.fixes.append(item)
        elif kind is FeatureRecord:
            self.features.append(item)
        elif kind is CapRecord:
            self.caps.append(item)
        else:
            self.bulletins.append(item)


class Pipeline:
    """Takes payloads of any feed. One instance serves many threads, each with a connection of its own."""

    def __init__(
        self,
        settings: Settings,
        *,
        layers: Mapping[str, LayerSpec] = LAYERS,
        feeds: Mapping[str, FeedSpec] | None = None,
        hooks: Hooks | None = None,
    ) -> None:
        self.settings = settings
        self.feeds: Mapping[str, FeedSpec] = feeds or {**FEEDS, IMPORT.name: IMPORT}
        self._layers = layers
        self._hooks = hooks or Hooks()
        self._partitions = Partitions()

    def receive(
        self, conn: Connection, feed: FeedSpec, payload: bytes, *, source: str, media_type: str = "", actor: str = ""
    ) -> Receipt:
        """Take one payload in a transaction of its own. `conn` must not be inside one.

        Raises TooLarge, and psycopg's OperationalError or InterfaceError when the database does not answer: then
        nothing was taken, and the sender must send again.
        """
        return self.receive_many(conn, feed, [Payload(payload, source, media_type)], actor=actor)

    def receive_many(
        self, conn: Connection, feed: FeedSpec, payloads: Sequence[Payload], *, actor: str = ""
    ) -> Receipt:
        """Take several payloads in one transaction; if one of them poisons it, take them one by one.

        Errors as `receive`.
        """
        limit = self.settings.feeds.max_payload_bytes
        for payload in payloads:
            if len(payload.body) > limit:
                raise TooLarge(f"A payload of {len(payload.body)} bytes came; at most {limit} are taken.")
        if conn.info.transaction_status != TransactionStatus.IDLE:
            raise psycopg.ProgrammingError("the pipeline commits: give it a connection outside a transaction")
        total = Receipt()
        if not payloads:
            return total
        actor = actor or f"feed:{feed.name}"
        try:
            return self._attempt(conn, feed, actor, lambda: self._take(conn, feed, payloads))
        except (psycopg.OperationalError, psycopg.InterfaceError) as exc:
            # A batch too large for the statement limit is not the database being away: smaller ones may pass.
            if not isinstance(exc, psycopg.errors.QueryCanceled) or len(payloads) == 1:
                raise
        except Exception:
            if len(payloads) == 1:
                return self._take_alone(conn, feed, payloads[0], actor)
            log.exception("batch failed; taking its payloads one by one", feed=feed.name, payloads=len(payloads))
        for payload in payloads:
            total.add(self._take_alone(conn, feed, payload, actor))
        return total

    def store_items(
        self, conn: Connection, feed: FeedSpec, items: Iterable[Item[Any]], rejects: Sequence[Reject], *, actor: str
    ) -> tuple[Receipt, Outcome]:
        """Check and store records that an import has mapped itself, in one transaction with their quarantine.

        The raw record they came from has landed before. Errors as `receive`.
        """
        batch = _Batch(rejects=list(rejects))
        for item in items:
            batch.put(item)
        outcomes: list[Outcome] = []

        def work() -> Receipt:
            outcomes.append(self._store(conn, feed, batch))
            receipt = self._settle(conn, feed, outcomes[-1])
            self._count(conn, feed, receipt, outcomes[-1].newest)
            return receipt

        return self._attempt(conn, feed, actor, work), outcomes[-1]

    def land(self, conn: Connection, feed: FeedSpec, payloads: Sequence[Payload]) -> dict[bytes, int]:
        """Write raw records in the caller's transaction; return digest → id of those that are new."""
        rows = conn.execute(
            sql("ingest_raw"),
            {
                "feed": feed.name,
                "digests": [digest(feed, payload) for payload in payloads],
                "sources": [payload.source.replace("\x00", "") for payload in payloads],
                "media_types": [payload.media_type.replace("\x00", "") for payload in payloads],
                "payloads": [payload.body for payload in payloads],
            },
        ).fetchall()
        return {bytes(row["digest"]): row["id"] for row in rows}

    def replay(self, conn: Connection, quarantine_id: int, actor: str) -> Receipt:
        """Run a quarantined record again through the present mapping and checks; what is stored now is marked so.

        Raises NotFound for an unknown id or feed. What is refused again stays in quarantine.
        """
        row = conn.execute(sql("ingest_replay_read"), {"id": quarantine_id}).fetchone()
        conn.rollback()
        feed = self.feeds.get(row["feed"]) if row is not None else None
        if row is None or feed is None:
            raise NotFound(f"There is no quarantined record {quarantine_id} of a known feed.")
        envelope = Envelope(row["source"], row["media_type"])
        if feed.name == IMPORT.name and row["record"] is not None:
            feed = import_spec(row["record"].get("datum") or feed.datum, row["record"].get("zone"))

        def work() -> Receipt:
            batch = _Batch()
            for piece in self._pieces(feed, row, envelope):
                self._map(feed, row["raw_id"], piece, self.context(feed, envelope), batch)
            outcome = self._store(conn, feed, batch)
            receipt = self._settle(conn, feed, outcome)
            if not receipt.quarantined:
                conn.execute(sql("ingest_replay_mark"), {"id": quarantine_id})
            self._count(conn, feed, receipt, outcome.newest)
            receipt.raw_id = row["raw_id"]
            return receipt

        return self._attempt(conn, feed, actor, work)

    def _pieces(self, feed: FeedSpec, row: Mapping[str, Any], envelope: Envelope) -> list[Row]:
        """The rows to run again: the one at the record's position, or all of a payload that could not be read."""
        if feed.name == IMPORT.name and row["record"] is not None:
            return [Row(row["position"], row["record"])]
        pieces: list[Row] = []
        try:
            for piece in feed.format(bytes(row["payload"]), envelope):
                pieces.append(piece)
        except BadInput as exc:
            pieces.append(Row("", {}, exc))
        if row["reason"] == "store-failed" or (not row["position"] and row["record"] is None):
            return pieces
        return [piece for piece in pieces if piece.position == row["position"]] or pieces

    def _attempt(self, conn: Connection, feed: FeedSpec, actor: str, work: Callable[[], Receipt]) -> Receipt:
        """Run the work in one transaction, again when it lost a deadlock; count only what was committed."""
        began = time.perf_counter()
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                with acting(conn, actor):
                    receipt = work()
                break
            except (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure):
                if attempt == _ATTEMPTS:
                    raise
                log.info("deadlock; once more", feed=feed.name, attempt=attempt)
        metrics.BATCH.labels(feed.name).observe(time.perf_counter() - began)
        for name in _COUNTED[1:]:
            metrics.RECORDS.labels(feed.name, name).inc(getattr(receipt, name))
        committed = datetime.now(UTC)
        latency = metrics.LATENCY.labels(feed.name)
        if receipt.newest is not None:
            latency.observe(max(0.0, (committed - receipt.newest).total_seconds()))
        return receipt

    def _take(self, conn: Connection, feed: FeedSpec, payloads: Sequence[Payload]) -> Receipt:
        fresh = self.land(conn, feed, payloads)
        batch, duplicates, last = _Batch(), 0, None
        for payload in payloads:
            # Twice in one batch is a duplicate too: the first one takes the id.
            raw_id = fresh.pop(digest(feed, payload), None)
            if raw_id is None:
                duplicates += 1
                continue
            last = raw_id
            self._parse(feed, raw_id, payload, batch)
        outcome = self._store(conn, feed, batch)
        receipt = self._settle(conn, feed, outcome)
        receipt.raw_id, receipt.duplicates = last, duplicates
        receipt.received += duplicates
        self._count(conn, feed, receipt, outcome.newest)
        receipt.newest = outcome.newest
        return receipt

    def _take_alone(self, conn: Connection, feed: FeedSpec, payload: Payload, actor: str) -> Receipt:
        """Take one payload; if even alone it cannot be stored, keep it whole in quarantine."""
        try:
            return self._attempt(conn, feed, actor, lambda: self._take(conn, feed, [payload]))
        except (psycopg.OperationalError, psycopg.InterfaceError):
            raise
        except Exception as exc:
            log.exception("payload cannot be stored; quarantined whole", feed=feed.name, source=payload.source)
            error = BadInput(
                f"The payload was understood but could not be stored ({type(exc).__name__}); it is kept for replay.",
                reason="store-failed",
            )

        def work() -> Receipt:
            fresh = self.land(conn, feed, [payload])
            receipt = Receipt(received=1, duplicates=0 if fresh else 1)
            if fresh:
                raw_id = next(iter(fresh.values()))
                receipt = self._settle(conn, feed, Outcome(rejects=[Reject(raw_id, Row("", {}), error)]))
                receipt.raw_id = raw_id
            self._count(conn, feed, receipt, None)
            return receipt

        return self._attempt(conn, feed, actor, work)

    def _parse(self, feed: FeedSpec, raw_id: int, payload: Payload, batch: _Batch) -> None:
        """Rows of a payload, mapped. Of a payload that breaks midway, the rows before the break are kept."""
        envelope = Envelope(payload.source, payload.media_type)
        context = self.context(feed, envelope)
        try:
            for row in feed.format(payload.body, envelope):
                self._map(feed, raw_id, row, context, batch)
        except BadInput as exc:
            batch.rejects.append(Reject(raw_id, Row("", {}), exc))
        except Exception:
            log.exception("format failed", feed=feed.name, source=payload.source)
            error = BadInput("The payload breaks its format in a way nobody foresaw.", reason="format-failed")
            batch.rejects.append(Reject(raw_id, Row("", {}), error))

    def _map(self, feed: FeedSpec, raw_id: int, row: Row, context: Context, batch: _Batch) -> None:
        if row.error is not None:
            batch.rejects.append(Reject(raw_id, row, row.error))
            return
        try:
            records = list(feed.mapping(row.data, context))
        except BadInput as exc:
            batch.rejects.append(Reject(raw_id, row, exc))
            return
        except Exception:
            log.exception("mapping failed", feed=feed.name, position=row.position)
            error = BadInput("The record has a shape that the feed's mapping does not know.", reason="mapping-failed")
            batch.rejects.append(Reject(raw_id, row, error))
            return
        batch.ignored += not records
        for record in records:
            batch.put(Item(raw_id, row, record, context))

    def context(self, feed: FeedSpec, envelope: Envelope) -> Context:
        """The context in which one payload's rows are mapped."""
        return feed.context(envelope, self.settings.feeds.zone, self.settings.feeds.future_tolerance_s)

    def _store(self, conn: Connection, feed: FeedSpec, batch: _Batch) -> Outcome:
        outcome = Outcome(unchanged=batch.ignored, rejects=list(batch.rejects))
        if batch.features:
            outcome.add(feature.store(conn, batch.features, feed, self._layers, self.settings.cases))
        if batch.bulletins:
            outcome.add(bulletin.store(conn, batch.bulletins))
        if batch.caps:
            outcome.add(cap.store(conn, batch.caps, self.settings.cases))
        if batch.observations:
            outcome.add(observation.store(conn, batch.observations, self._partitions))
        if batch.fixes:
            outcome.add(fix.store(conn, batch.fixes, feed.datum_ref, self._partitions, feed.name))
        if outcome.readings:
            self._hooks.readings(conn, outcome.readings, self.settings.cases)
        if outcome.movers:
            self._hooks.fixes(conn, sorted(outcome.movers), outcome.newest or datetime.now(UTC))
        return outcome

    def _settle(self, conn: Connection, feed: FeedSpec, outcome: Outcome) -> Receipt:
        """Write the quarantine and make the receipt."""
        rejects = {(r.raw_id, r.row.position, r.error.reason): r for r in outcome.rejects}
        if rejects:
            found = list(rejects.values())
            conn.execute(
                sql("ingest_quarantine"),
                {
                    "feed": feed.name,
                    "raws": [r.raw_id for r in found],
                    "positions": [r.row.position for r in found],
                    "reasons": [r.error.reason for r in found],
                    "messages": [r.error.message.replace("\x00", "") for r in found],
                    "records": [record_json(r.row.data) if r.row.data else None for r in found],
                },
            )
        receipt = Receipt(
            received=outcome.stored + outcome.unchanged + len(outcome.rejects),
            stored=outcome.stored,
            unchanged=outcome.unchanged,
            quarantined=len(outcome.rejects),
        )
        for reject in outcome.rejects:
            receipt.reasons[reject.error.reason] = receipt.reasons.get(reject.error.reason, 0) + 1
        return receipt

    def _count(self, conn: Connection, feed: FeedSpec, receipt: Receipt, newest: datetime | None) -> None:
        counts = {name: getattr(receipt, name) for name in _COUNTED}
        conn.execute(sql("ingest_feed_state"), {"feed": feed.name, "source_at": newest, **counts})


def digest(feed: FeedSpec, payload: Payload) -> bytes:
    """Return what makes a payload the same one: its bytes, and its topic where the topic says what it is about."""
    found = hashlib.sha256()
    if feed.keyed_by_source:
        found.update(payload.source.encode("utf-8", "replace") + b"\x00")
    found.update(payload.body)
    return found.digest()
