"""Tables of proposals: the question, how far the worker is with it, and the options that came of it."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from onemap.store.plan_tables import plan
from onemap.store.schema import metadata, timestamp

proposal = Table(
    "proposal",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("plan_key", Text, ForeignKey(plan.c.key), nullable=False, index=True),
    Column("version", Integer, nullable=False),  # of the plan: its grids are what the options part anew
    Column("state", Text, nullable=False, server_default=text("'queued'")),  # running, done, failed, cancelled
    Column("progress", Double, nullable=False, server_default=text("0")),  # 0 to 1
    Column("asked", JSONB, nullable=False),
    Column("seconds_asked", Double, nullable=False),  # of search: short ones do not wait for long ones
    Column("asked_by", Text, nullable=False),
    timestamp("asked_at", nullable=False, server_default=text("clock_timestamp()")),
    timestamp("started_at"),
    timestamp("ended_at"),
    timestamp("beat_at"),  # the worker's last sign; long silent, it is taken up again
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("error_zh", Text),
    Column("error_en", Text),
    Column("units", Integer),  # how many blocks, buildings or cells
    Column("today", JSONB),  # the plan as it is, by the same figures
)
Index("ix_proposal_waiting", proposal.c.state, postgresql_where=text("state IN ('queued', 'running')"))

#: What the options part: the ground of the units (a WKB collection) and each one's grid at that version.
proposal_ground = Table(
    "proposal_ground",
    metadata,
    Column("proposal_id", BigInteger, ForeignKey(proposal.c.id, ondelete="CASCADE"), primary_key=True),
    Column("wkb", LargeBinary, nullable=False),
    Column("grids", JSONB, nullable=False),
)

proposal_option = Table(
    "proposal_option",
    metadata,
    Column("proposal_id", BigInteger, ForeignKey(proposal.c.id, ondelete="CASCADE"), nullable=False),
    Column("index", Integer, nullable=False),
    Column("shown", JSONB, nullable=False),  # as the door tells it
    Column("grids", JSONB, nullable=False),  # each unit's grid
    PrimaryKeyConstraint("proposal_id", "index", name="pk_proposal_option"),
)
