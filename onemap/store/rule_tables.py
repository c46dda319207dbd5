"""Tables of rules: as they stand, as they were, and what their levels remember of each subject."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Integer, PrimaryKeyConstraint, SmallInteger, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from onemap.store.schema import metadata, timestamp

rule = Table(
    "rule",
    metadata,
    Column("key", Text, primary_key=True),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("spec", JSONB, nullable=False),
    Column("origin", Text, nullable=False),  # file, page
    Column("enabled", Boolean, nullable=False, server_default=text("false")),
    timestamp("changed_at", nullable=False),
    Column("changed_by", Text, nullable=False),
    timestamp("dry_run_at"),  # of this version
    timestamp("last_run_at"),
    timestamp("frontier_at"),  # source time up to which subjects at rest have been weighed
)

rule_version = Table(
    "rule_version",
    metadata,
    Column("key", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("spec", JSONB),  # empty: deleted
    timestamp("changed_at", nullable=False),
    Column("changed_by", Text, nullable=False),
    PrimaryKeyConstraint("key", "version", name="pk_rule_version"),
)

rule_state = Table(
    "rule_state",
    metadata,
    Column("rule_key", Text, nullable=False),
    Column("subject", Text, nullable=False),
    timestamp("last_at", nullable=False),  # source time up to which this subject has been weighed
    Column("level", SmallInteger),  # the worst raised; empty: at rest
    Column("levels", JSONB, nullable=False),  # of each level: since, met, raised
    PrimaryKeyConstraint("rule_key", "subject", name="pk_rule_state"),
)

feed_heard = Table(
    "feed_heard",
    metadata,
    Column("feed", Text, nullable=False),
    timestamp("minute", nullable=False),  # in which the feed was heard of, for rules tried against the past
    PrimaryKeyConstraint("feed", "minute", name="pk_feed_heard"),
)
