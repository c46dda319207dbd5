"""Tables of the sender: ways to reach teams, and the ledger of what was to go out by them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy import text as sql_text

from onemap.store.schema import metadata, timestamp

channel = Table(
    "channel",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("team_key", Text),  # empty: alerts of all teams
    Column("kind", Text, nullable=False),  # live, webhook, dingtalk, wecom, feishu, sms, email, voice, apprise
    Column("title", Text, nullable=False, server_default=sql_text("''")),
    Column("url", Text, nullable=False, server_default=sql_text("''")),
    Column("secret", Text, nullable=False, server_default=sql_text("''")),
    Column("rank", SmallInteger, nullable=False, server_default=sql_text("1")),
    Column("wait_s", Double, nullable=False, server_default=sql_text("60")),
    Column("worst_level", SmallInteger, nullable=False, server_default=sql_text("4")),
    Column("hours", Text, nullable=False, server_default=sql_text("'0-24'")),
    Column("hour_bits", Integer, nullable=False, server_default=sql_text("16777215")),  # bit h: used in the hour h
    Column("zone", Text, nullable=False, server_default=sql_text("'Asia/Shanghai'")),  # of the hours
    Column("enabled", Boolean, nullable=False, server_default=sql_text("true")),
    timestamp("created_at", nullable=False, server_default=sql_text("now()")),
    timestamp("deleted_at"),  # taken out of use; its ledger stays
    # The lane: who sends by this channel now, until when; nobody else takes it before that.
    Column("holder", Text),
    timestamp("leased_until"),
    # The circuit: attempts that failed one after the other, and when the next may go out.
    Column("failures", Integer, nullable=False, server_default=sql_text("0")),
    timestamp("retry_at"),
    timestamp("last_ok_at"),
    Column("last_error", Text),
)
Index("uq_channel_live", channel.c.kind, unique=True, postgresql_where=sql_text("kind = 'live'"))

delivery = Table(
    "delivery",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("alert_id", BigInteger, ForeignKey("onemap.alert.id"), nullable=False),
    Column("channel_id", BigInteger, ForeignKey(channel.c.id), nullable=False),
    Column("kind", Text, nullable=False),  # of its channel, when it was made
    Column("rank", SmallInteger, nullable=False, server_default=sql_text("1")),
    Column("ring", Integer, nullable=False, server_default=sql_text("1")),  # 2: the second time that its alert rings
    # Random, not made of ids: a receiver may remember the keys of an installation that began again.
    Column("idempotency_key", Text, nullable=False, unique=True, server_default=sql_text("gen_random_uuid()::text")),
    # held, queued, sending, delivered, received, dead, moot
    Column("state", Text, nullable=False, server_default=sql_text("'queued'")),
    Column("attempts", Integer, nullable=False, server_default=sql_text("0")),
    timestamp("created_at", nullable=False, server_default=sql_text("now()")),
    timestamp("next_at", nullable=False, server_default=sql_text("now()")),  # held: released; queued: tried (again)
    timestamp("give_up_at", nullable=False, server_default=sql_text("now() + interval '48 hours'")),
    timestamp("sent_at"),  # the last time it left
    timestamp("delivered_at"),
    timestamp("received_at"),
    Column("receipt", Text),  # received, read, failed
    timestamp("seen_at"),  # a dead letter that somebody of the staff has seen
    Column("error", Text),
    UniqueConstraint("alert_id", "channel_id", "ring"),
)
Index(
    "ix_delivery_lane",
    delivery.c.channel_id,
    delivery.c.id,
    postgresql_where=sql_text("state IN ('queued', 'sending')"),
)
Index("ix_delivery_held", delivery.c.next_at, postgresql_where=sql_text("state = 'held'"))
Index("ix_delivery_dead", delivery.c.id, postgresql_where=sql_text("state = 'dead' AND seen_at IS NULL"))
Index("ix_delivery_created_at", delivery.c.created_at)
