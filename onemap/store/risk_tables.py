"""Tables of the risk surfaces: the parts that a cell's score is the sum of."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, Index, PrimaryKeyConstraint, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from onemap.store.schema import metadata, timestamp

risk_part = Table(
    "risk_part",
    metadata,
    Column("cell", BigInteger, nullable=False),  # at the finest risk resolution
    Column("source_layer", Text, nullable=False),
    Column("source_key", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("value", Double, nullable=False),
    Column("detail", JSONB, nullable=False),
    timestamp("at", nullable=False, server_default=text("now()")),
    PrimaryKeyConstraint("cell", "source_layer", "source_key", "kind", name="pk_risk_part"),
)
Index("ix_risk_part_source", risk_part.c.source_layer, risk_part.c.source_key)
