"""Tables of the heat surfaces: what was counted, and the counts."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, PrimaryKeyConstraint, SmallInteger, Table, Text

from onemap.store.schema import metadata, timestamp

heat_event = Table(
    "heat_event",
    metadata,
    Column("surface", Text, nullable=False),
    Column("fid", BigInteger, nullable=False),
    Column("cell", BigInteger, nullable=False),
    timestamp("hour", nullable=False),
    Column("category", Text, nullable=False),
    Column("n", Integer, nullable=False),
    PrimaryKeyConstraint("surface", "fid", name="pk_heat_event"),
)

heat_rollup = Table(
    "heat_rollup",
    metadata,
    Column("surface", Text, nullable=False),
    Column("res", SmallInteger, nullable=False),
    timestamp("hour", nullable=False),
    Column("cell", BigInteger, nullable=False),
    Column("category", Text, nullable=False),
    Column("n", Integer, nullable=False),
    PrimaryKeyConstraint("surface", "res", "cell", "hour", "category", name="pk_heat_rollup"),
)
Index("ix_heat_rollup_hour", heat_rollup.c.surface, heat_rollup.c.res, heat_rollup.c.hour)
