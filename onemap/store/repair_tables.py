"""Table of repairs: who agreed to which repairs of which edition, with the ground that plans start from since."""

from __future__ import annotations

from sqlalchemy import ARRAY, Column, Double, LargeBinary, PrimaryKeyConstraint, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from onemap.store.schema import metadata, timestamp

edition_repair = Table(
    "edition_repair",
    metadata,
    Column("edition", Text, nullable=False),
    Column("digest", Text, nullable=False),  # of the grids' rows: others ask anew
    Column("token", Text, nullable=False),  # of the repairs
    Column("tolerance_m", Double, nullable=False),
    Column("accepted_by", Text, nullable=False),
    timestamp("accepted_at", nullable=False, server_default=text("clock_timestamp()")),
    Column("told", JSONB, nullable=False),  # as it was shown
    Column("ids", ARRAY(Text), nullable=False),  # of the grids, in the order of the ground
    Column("ground", LargeBinary, nullable=False),  # their shapes: a WKB collection
    PrimaryKeyConstraint("edition", "digest", name="pk_edition_repair"),
)
