"""Tables of the counted surfaces: what was counted of each feature, how that changed, and how it was counted."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    text,
)

from onemap.store.schema import Xid8, metadata, timestamp

heat_event = Table(
    "heat_event",
    metadata,
    Column("surface", Text, nullable=False),
    Column("fid", BigInteger, nullable=False),
    Column("cell", BigInteger, nullable=False),
    timestamp("hour", nullable=False),
    Column("category", Text, nullable=False),
    Column("source", Text, nullable=False, server_default=text("''")),
    Column("severity", SmallInteger, nullable=False, server_default=text("0")),
    Column("n", Integer, nullable=False),
    PrimaryKeyConstraint("surface", "fid", name="pk_heat_event"),
)
Index("ix_heat_event_cell", heat_event.c.surface, heat_event.c.cell)
Index("ix_heat_event_hour", heat_event.c.surface, heat_event.c.hour)

#: Every change of `heat_event` as signed numbers: what is summed in memory follows these. Kept for days.
heat_change = Table(
    "heat_change",
    metadata,
    Column("surface", Text, nullable=False),
    Column("seq", BigInteger, Identity(always=True), nullable=False),
    Column("xid", Xid8(), nullable=False, server_default=text("pg_current_xact_id()")),
    timestamp("at", nullable=False, server_default=text("clock_timestamp()")),
    Column("fid", BigInteger, nullable=False),
    Column("cell", BigInteger, nullable=False),
    timestamp("hour", nullable=False),
    Column("category", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("severity", SmallInteger, nullable=False),
    Column("n", Integer, nullable=False),  # negative: what is counted no longer
    PrimaryKeyConstraint("seq", name="pk_heat_change"),
)
Index("ix_heat_change_xid", heat_change.c.surface, heat_change.c.xid)

heat_state = Table(
    "heat_state",
    metadata,
    Column("surface", Text, nullable=False),
    Column("version", SmallInteger, nullable=False),  # of the rule by which features are counted
    Column("epoch", Integer, nullable=False, server_default=text("0")),  # one more at each rebuild
    Column("floor", Xid8(), nullable=False, server_default=text("'0'")),  # changes of older transactions are gone
    PrimaryKeyConstraint("surface", name="pk_heat_state"),
)
