"""Tables of warnings' claims, of what was told of them, and of CAP that came in."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Identity,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from onemap.store.schema import geometry, metadata, timestamp

claim = Table(
    "claim",
    metadata,
    Column("subject", Text, nullable=False),
    Column("claimant", Text, nullable=False),
    Column("drill_key", Text, nullable=False, server_default=text("''")),  # '' is the real world
    Column("warning_key", Text),  # empty: command ended the warning, and the claim holds nothing up until it rises
    Column("join_key", Text),
    Column("level", SmallInteger, nullable=False),
    Column("source", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("cause", JSONB, nullable=False),
    timestamp("at", nullable=False),
    timestamp("since"),
    Column("name", Text, nullable=False),
    Column("geom", geometry("MultiPolygon"), nullable=False),
    Column("hazard_key", Text),
    Column("rule_key", Text),
    timestamp("onset_at"),
    timestamp("valid_until"),
    Column("actions", Text),
    PrimaryKeyConstraint("subject", "claimant", "drill_key", name="pk_claim"),
)
Index("ix_claim_warning", claim.c.warning_key)
Index("ix_claim_join", claim.c.join_key, postgresql_where=text("join_key IS NOT NULL"))
Index("ix_claim_valid", claim.c.valid_until, postgresql_where=text("valid_until IS NOT NULL"))

message = Table(
    "message",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("identifier", Text, nullable=False, unique=True),
    Column("warning_key", Text, nullable=False),
    Column("what", Text, nullable=False),  # alert, update, upgrade, downgrade, cancel, expire
    Column("msg_type", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("sender", Text, nullable=False),
    timestamp("sent", nullable=False),
    timestamp("expires", nullable=False),
    Column("level", SmallInteger, nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("refs", ARRAY(Text), nullable=False),
    Column("sha256", Text, nullable=False),
    Column("cap", LargeBinary, nullable=False),  # the signed bytes, as they were issued
)
Index("ix_message_warning", message.c.warning_key, message.c.id)
Index("ix_message_sent", message.c.sent)

cap_received = Table(
    "cap_received",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("sender", Text, nullable=False),
    Column("identifier", Text, nullable=False),
    Column("sent", Text, nullable=False),  # as written: references repeat it letter by letter
    Column("status", Text, nullable=False),
    Column("msg_type", Text, nullable=False),
    Column("subject", Text, nullable=False),  # cap:<sender>:<identifier of the first>
    Column("signature", Text, nullable=False),  # none, weak, valid, trusted
    Column("stored", Boolean, nullable=False),
    Column("note", Text, nullable=False, server_default=text("''")),
    Column("raw_id", BigInteger),
    timestamp("at", nullable=False, server_default=text("now()")),
    UniqueConstraint("sender", "identifier", "sent"),
)
Index("ix_cap_received_subject", cap_received.c.subject)
