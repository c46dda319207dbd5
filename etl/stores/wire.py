"""Arrays of numbers and instants in PostgreSQL's binary form, made by numpy in one go.

A driver turns a list into an array element by element; for tens of thousands of readings that costs more than
storing them. Source: array_recv in PostgreSQL's src/backend/utils/adt/arrayfuncs.c: dimensions, has-nulls flag and
element type as int32, then length and lower bound, then each element behind its length, all big-endian.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from psycopg.abc import Buffer
from psycopg.adapt import Dumper
from psycopg.pq import Format

from onemap.store.db import Connection

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # PostgreSQL's own
_UNIX_2000_US = 946_684_800_000_000


class _Array:
    """Eight-byte values on their way to the server."""

    element_oid = 0

    def __init__(self, values: npt.NDArray[Any]) -> None:
        self.values = values

    def wire(self) -> bytes:
        """The array as the server receives it."""
        head = np.array([1, 0, self.element_oid, len(self.values), 1], dtype=">i4")
        body = np.empty(len(self.values), dtype=[("size", ">i4"), ("value", ">i8")])
        body["size"] = 8
        body["value"] = self.values
        return head.tobytes() + body.tobytes()


class BigInts(_Array):
    """bigint[]."""

    element_oid = 20


class Floats(_Array):
    """double precision[]: their bits travel as they are."""

    element_oid = 701


class Instants(_Array):
    """timestamptz[]: microseconds since 2000."""

    element_oid = 1184


def bigints(values: Sequence[int]) -> BigInts:
    """Return integers as bigint[]."""
    return BigInts(np.array(values, dtype=np.int64))


def floats(values: Sequence[float]) -> Floats:
    """Return floats as double precision[]."""
    return Floats(np.array(values, dtype=np.float64).view(np.int64))


def instants(values: Sequence[datetime]) -> Instants:
    """Return aware datetimes as timestamptz[], to the microsecond."""
    since = [value - _EPOCH for value in values]
    return Instants(
        np.array([(d.days * 86_400 + d.seconds) * 1_000_000 + d.microseconds for d in since], dtype=np.int64)
    )


class _WireDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: Any) -> Buffer:
        found: bytes = obj.wire()
        return found


class _BigIntsDumper(_WireDumper):
    oid = 1016


class _FloatsDumper(_WireDumper):
    oid = 1022


class _InstantsDumper(_WireDumper):
    oid = 1185


def register(conn: Connection) -> None:
    """Teach a connection these arrays."""
    conn.adapters.register_dumper(BigInts, _BigIntsDumper)
    conn.adapters.register_dumper(Floats, _FloatsDumper)
    conn.adapters.register_dumper(Instants, _InstantsDumper)
