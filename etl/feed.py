"""What a feed says of itself, and the records its mapping gives: everything the pipeline needs, and nothing it does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, TypeAlias

from shapely.geometry.base import BaseGeometry

from onemap.core.clock import parse_time
from onemap.core.datum import DatumRef, parse_datum
from onemap.core.errors import BadInput
from onemap.core.settings import CaseSettings
from onemap.store.db import Connection
from onemap.store.feature import FeatureRow
from onemap.store.layer import Text
from onemap.warnings.telling.reading import Message

# Clocks of devices without a battery wake up on 1970-01-01 or 2000-01-01: neither is a time to store.
EARLIEST = datetime(2000, 1, 2, tzinfo=UTC)
#: A feed's zone: the one of the settings, for sources that write local time.
LOCAL = "local"


@dataclass(frozen=True, slots=True)
class FeatureRecord:
    """A feature in its feed's datum: a shape, a GeoJSON geometry object, an (x, y) position, or None to keep the place.

    `at` is the source's own time, for the feed's age; None where the source gives none.
    """

    layer: str
    key: str
    geom: BaseGeometry | Mapping[str, Any] | tuple[float, float] | None
    attributes: Mapping[str, Any]
    at: datetime | None = None


class ObservationRecord(NamedTuple):
    """One reading in the datastream's unit; `at` is aware."""

    datastream: str
    at: datetime
    value: float


@dataclass(frozen=True, slots=True)
class FixRecord:
    """One position of a mover, in its feed's datum; altitude in metres, heading clockwise from north."""

    mover: str
    at: datetime
    lon: float
    lat: float
    altitude_m: float | None = None
    heading_deg: float | None = None
    speed_mps: float | None = None
    accuracy_m: float | None = None
    battery_pct: float | None = None


@dataclass(frozen=True, slots=True)
class BulletinRecord:
    """One geologic-hazard bulletin: level 1 (red) to 4 (blue) for areas, between two instants."""

    key: str
    level: int
    area_codes: tuple[str, ...]
    issued_at: datetime
    valid_until: datetime | None
    text: str


@dataclass(frozen=True, slots=True)
class CapRecord:
    """One CAP message that was read and found sound, with its XML; `at` is when it was sent."""

    message: Message
    root: Any
    at: datetime


Record: TypeAlias = FeatureRecord | ObservationRecord | FixRecord | BulletinRecord | CapRecord


class Row(NamedTuple):
    """One piece of a payload: where it stands in it, and what it says, or why it cannot be read."""

    position: str
    data: Mapping[str, Any]
    error: BadInput | None = None


@dataclass(frozen=True, slots=True)
class Envelope:
    """What is known of a payload besides its bytes."""

    source: str
    media_type: str = ""
    received_at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class Context:
    """What a mapping may lean on: whence the payload came, and how its feed writes times.

    `zone` is the feed's own, None where it must give offsets; `local` is the city's, for days without an hour.
    """

    envelope: Envelope
    zone: str | None = None
    future_s: float = 300.0
    earliest: datetime = EARLIEST
    local: str | None = None

    def time(self, value: str | int | float, *, form: str | None = None, future: bool = False) -> datetime:
        """Return the instant; BadTime as `parse_time`, with the feed's zone and tolerance. `future`: any is allowed."""
        # The form that machines write is read straight away; whatever else it is, the careful way says what.
        if form is None and type(value) is str and len(value) >= 20 and value[10] == "T" and value[4] == "-":
            try:
                plain = datetime.fromisoformat(value)
            except ValueError:
                plain = EARLIEST
            if plain.tzinfo is not None and self.earliest < plain <= self.envelope.received_at:
                return plain.astimezone(UTC)
        return parse_time(
            value,
            self.zone,
            form=form,
            at=self.envelope.received_at,
            future_s=None if future else self.future_s,
            earliest=self.earliest,
        )


Format: TypeAlias = Callable[[bytes, Envelope], Iterator[Row]]
MapRow: TypeAlias = Callable[[Mapping[str, Any], Context], Iterable[Record]]
Enrich: TypeAlias = Callable[[Connection, Sequence[FeatureRow], CaseSettings], Sequence[FeatureRow]]


@dataclass(frozen=True)
class FeedSpec:
    """One feed. Transports, doors, status, quarantine and contract tests follow from it."""

    name: str
    title: Text
    format: Format
    mapping: MapRow
    datum: str = "WGS-84"
    zone: str = ""  # "" refuses times without offset; LOCAL reads them in the settings' zone; or an IANA name
    topics: tuple[str, ...] = ()  # MQTT subscriptions
    pushed: bool = False  # taken at the HTTP door
    pulled: bool = False  # fetched by URL
    dropped: bool = False  # taken from the watched folder
    expected_every_s: float | None = None  # None: comes when it comes, so it is never late
    stale_after_s: float | None = None
    oldest_s: float | None = None  # None: back to EARLIEST
    keyed_by_source: bool = False  # the topic says what the payload is about: equal bytes elsewhere are another record
    enrich: Enrich | None = None

    @property
    def datum_ref(self) -> DatumRef:
        """The declared datum."""
        return parse_datum(self.datum)

    def context(self, envelope: Envelope, zone: str, future_s: float) -> Context:
        """The context of one payload, under the settings' zone and tolerance."""
        earliest = EARLIEST
        if self.oldest_s is not None:
            earliest = max(EARLIEST, envelope.received_at - timedelta(seconds=self.oldest_s))
        return Context(envelope, (zone if self.zone == LOCAL else self.zone) or None, future_s, earliest, zone)
