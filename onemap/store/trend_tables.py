"""Tables of demand trends, and of the counts that are published to everybody."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    Double,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from onemap.store.schema import metadata, timestamp

trend_run = Table(
    "trend_run",
    metadata,
    Column("category", Text, nullable=False),  # '' is all of them
    Column("day", Date, nullable=False),  # the last day that was fitted
    Column("days", Integer, nullable=False),
    Column("city", ARRAY(Double), nullable=False),
    Column("excess", Double, nullable=False),
    Column("coverage", JSONB, nullable=False),
    timestamp("at", nullable=False, server_default=text("now()")),
    PrimaryKeyConstraint("category", name="pk_trend_run"),
)

trend_grid = Table(
    "trend_grid",
    metadata,
    Column("category", Text, nullable=False),
    Column("grid_code", Text, nullable=False),
    Column("history", ARRAY(Integer), nullable=False),  # counts of the fitted days, oldest first
    Column("total_30d", Integer, nullable=False),
    Column("coefficients", ARRAY(Double), nullable=False),
    Column("alpha", Double, nullable=False),
    Column("mean", ARRAY(Double), nullable=False),
    Column("low_80", ARRAY(Integer), nullable=False),
    Column("high_80", ARRAY(Integer), nullable=False),
    Column("low_95", ARRAY(Integer), nullable=False),
    Column("high_95", ARRAY(Integer), nullable=False),
    Column("week", ARRAY(Double), nullable=False),  # mean, low and high of 80 %, of 95 %: the total of seven days
    Column("change", Double, nullable=False),
    Column("p", Double, nullable=False),
    Column("q", Double, nullable=False),
    Column("trend", Text, nullable=False),
    PrimaryKeyConstraint("category", "grid_code", name="pk_trend_grid"),
)

publication = Table(
    "publication",
    metadata,
    Column("surface", Text, nullable=False),
    Column("secret", LargeBinary, nullable=False),  # what the rounding is decided by; made at random, never changed
    Column("through", Date),  # the last day that is published
    Column("epoch", Integer, nullable=False, server_default=text("-1")),  # of the counting that was published
    timestamp("at", nullable=False, server_default=text("now()")),
    PrimaryKeyConstraint("surface", name="pk_publication"),
)

published_day = Table(
    "published_day",
    metadata,
    Column("surface", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("floor", SmallInteger, nullable=False),
    PrimaryKeyConstraint("surface", "day", name="pk_published_day"),
)

published_count = Table(
    "published_count",
    metadata,
    Column("surface", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("cell", BigInteger, nullable=False),
    Column("category", Text, nullable=False),
    Column("n", Integer, nullable=False),  # already rounded to a multiple of the day's floor
    PrimaryKeyConstraint("surface", "day", "cell", "category", name="pk_published_count"),
)
Index("ix_published_count_cell", published_count.c.surface, published_count.c.cell)
