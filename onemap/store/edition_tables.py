"""Tables of editions: what was published when, what became of each grid, review of plans, who was told."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from onemap.store.schema import metadata, timestamp

edition = Table(
    "edition",
    metadata,
    Column("name", Text, primary_key=True),
    Column("title", Text, nullable=False, server_default=text("''")),
    Column("base", Text),  # the edition it was drawn from
    Column("plan_key", Text),
    Column("grids", Integer, nullable=False),
    Column("published_by", Text),
    timestamp("published_at"),
)

# When an edition was in force; one that is put back in force has several periods. At most one has no end.
edition_period = Table(
    "edition_period",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("edition", Text, ForeignKey(edition.c.name), nullable=False, index=True),
    timestamp("valid_from"),  # none: since ever
    timestamp("valid_to"),
)
Index("ix_edition_period_from", edition_period.c.valid_from)

# One line for each pair of grids that share ground, from the base to the edition that was drawn from it.
grid_lineage = Table(
    "grid_lineage",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("edition", Text, ForeignKey(edition.c.name), nullable=False),
    Column("code", Text),  # none: the grid before was retired without a successor
    Column("base", Text, nullable=False),
    Column("code_before", Text),  # none: on ground where no grid was
    Column("relation", Text, nullable=False),  # same, changed, split, merged, new, retired
    Column("share", Double, nullable=False),  # of the later grid's area that came from the earlier
    Column("share_before", Double, nullable=False),  # of the earlier grid's area that went to the later
    Index("ix_grid_lineage_code", "edition", "code"),
    Index("ix_grid_lineage_before", "base", "code_before"),
    Index("ix_grid_lineage_redrawn", "code", postgresql_where=text("relation <> 'same'")),
)

edition_publication = Table(
    "edition_publication",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("plan_key", Text, nullable=False, index=True),
    Column("version", Integer, nullable=False),  # of the plan that was approved
    Column("edition", Text, nullable=False),
    Column("title", Text, nullable=False, server_default=text("''")),
    Column("previous", Text),
    Column("state", Text, nullable=False),  # scheduled, published, rolled_back, cancelled
    timestamp("effective_at", nullable=False),
    Column("asked_by", Text, nullable=False),
    timestamp("asked_at", nullable=False, server_default=text("now()")),
    timestamp("published_at"),
    timestamp("rolled_back_at"),
    Column("seconds", Double),
    Column("grids", Integer, nullable=False, server_default=text("0")),
    Column("moved", JSONB, nullable=False, server_default=text("'{}'")),  # rows by layer
    Column("notified", Integer, nullable=False, server_default=text("0")),
    Column("carried", JSONB, nullable=False, server_default=text("'{}'")),  # rosters and fences, before and after
    Column("problem", Text),  # why a scheduled one could not be done
    timestamp("settled_at"),  # rows that others wrote meanwhile were looked at again
    CheckConstraint("state IN ('scheduled', 'published', 'rolled_back', 'cancelled')", name="state"),
)
Index(
    "ux_edition_publication_waiting",
    edition_publication.c.plan_key,
    unique=True,
    postgresql_where=text("state = 'scheduled'"),
)

plan_comment = Table(
    "plan_comment",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("plan_key", Text, nullable=False, index=True),
    Column("text", Text, nullable=False),
    Column("by", Text, nullable=False),
    timestamp("written_at", nullable=False, server_default=text("now()")),
    Column("version", Integer, nullable=False),
    Column("lon", Double),
    Column("lat", Double),
    Column("grid", Text),
    Column("reply_to", BigInteger),
    Column("resolved", Boolean, nullable=False, server_default=text("false")),
    Column("resolved_by", Text),
)

# What was decided, and why: the plan itself only knows the last of it.
plan_decision = Table(
    "plan_decision",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("plan_key", Text, nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("what", Text, nullable=False),  # submit, withdraw, approve, reject, publish, schedule, cancel, rollback
    Column("by", Text, nullable=False),
    timestamp("at", nullable=False, server_default=text("now()")),
    Column("note", Text, nullable=False, server_default=text("''")),
    timestamp("effective_at"),  # of a schedule: the time that was set
)

# What a team was told of its grids. Its letter goes out by the team's channels as `alert_id`.
grid_notice = Table(
    "grid_notice",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("publication_id", BigInteger, ForeignKey(edition_publication.c.id), nullable=False, index=True),
    Column("edition", Text, nullable=False),
    Column("team_key", Text, nullable=False, index=True),
    Column("text_zh", Text, nullable=False),
    Column("text_en", Text, nullable=False),
    Column("gains", JSONB, nullable=False),
    Column("loses", JSONB, nullable=False),
    timestamp("at", nullable=False, server_default=text("now()")),
    Column("alert_id", BigInteger),
    timestamp("seen_at"),  # by whoever of the team came first
    Column("back", Boolean, nullable=False, server_default=text("false")),  # of a roll-back
    Column("title", Text, nullable=False, server_default=text("''")),  # of the edition
    Index("ix_grid_notice_unseen", "team_key", postgresql_where=text("seen_at IS NULL")),
)
