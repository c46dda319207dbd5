"""Tables that are no map layer: change log, raw records, readings, warnings' ledger, accounts. Engines' are beside."""

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
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from onemap.store import (
    call_tables,
    delivery_tables,
    drill_tables,
    edition_tables,
    fence_tables,
    forecast_tables,
    heat_tables,
    message_tables,
    plan_tables,
    proposal_tables,
    repair_tables,
    risk_tables,
    rule_tables,
    terrain_tables,
    trend_tables,
)
from onemap.store.schema import Xid8, geometry, metadata, timestamp

change_log = Table(
    "change_log",
    metadata,
    Column("seq", BigInteger, Identity(always=True), nullable=False),
    Column("xid", Xid8(), nullable=False, server_default=text("pg_current_xact_id()")),
    timestamp("at", nullable=False, server_default=text("clock_timestamp()")),
    Column("layer", Text, nullable=False),
    Column("op", Text, nullable=False),  # I, U, D; E for an event that is no feature (note says which)
    Column("fid", BigInteger),
    Column("key", Text),
    Column("h3", BigInteger),
    Column("west", Double),
    Column("south", Double),
    Column("east", Double),
    Column("north", Double),
    Column("note", JSONB),
    postgresql_partition_by="RANGE (at)",
)
Index("ix_change_log_position", change_log.c.xid, change_log.c.seq)
Index("ix_change_log_layer", change_log.c.layer, change_log.c.xid)

consumer = Table(
    "consumer",
    metadata,
    Column("name", Text, primary_key=True),
    Column("xid", Xid8(), nullable=False),
    Column("seq", BigInteger, nullable=False),
    timestamp("at", nullable=False, server_default=text("now()")),
)

raw_record = Table(
    "raw_record",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("feed", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    timestamp("received_at", nullable=False, server_default=text("now()")),
    Column("source", Text, nullable=False),  # topic, file name or URL
    Column("media_type", Text, nullable=False, server_default=text("''")),
    Column("payload", LargeBinary, nullable=False),
    UniqueConstraint("feed", "digest"),
)
Index("ix_raw_record_received_at", raw_record.c.received_at)

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("feed", Text, nullable=False),
    Column("raw_id", BigInteger, ForeignKey(raw_record.c.id), nullable=False),
    Column("position", Text, nullable=False, server_default=text("''")),  # row, line or member inside the raw record
    Column("reason", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("record", JSONB),
    timestamp("at", nullable=False, server_default=text("now()")),
    timestamp("replayed_at"),
    UniqueConstraint("raw_id", "position", "reason"),
)
Index("ix_quarantine_feed", quarantine.c.feed, quarantine.c.at)

feed_state = Table(
    "feed_state",
    metadata,
    Column("feed", Text, primary_key=True),
    timestamp("last_at"),
    timestamp("last_source_at"),
    Column("received", BigInteger, nullable=False, server_default=text("0")),
    Column("stored", BigInteger, nullable=False, server_default=text("0")),
    Column("unchanged", BigInteger, nullable=False, server_default=text("0")),
    Column("duplicates", BigInteger, nullable=False, server_default=text("0")),
    Column("quarantined", BigInteger, nullable=False, server_default=text("0")),
    Column("error", Text),
    timestamp("error_at"),
)

datastream = Table(
    "datastream",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("sensor_key", Text, nullable=False, index=True),
    Column("property", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("last_value", Double),
    timestamp("last_at"),
)

observation = Table(
    "observation",
    metadata,
    Column("datastream_id", BigInteger, nullable=False),
    timestamp("at", nullable=False),
    Column("value", Double, nullable=False),
    timestamp("received_at", nullable=False, server_default=text("now()")),
    Column("raw_id", BigInteger),
    PrimaryKeyConstraint("datastream_id", "at", name="pk_observation"),
    postgresql_partition_by="RANGE (at)",
)

threshold = Table(
    "threshold",
    metadata,
    Column("key", Text, primary_key=True),
    Column("datastream_key", Text, nullable=False, index=True),
    Column("hazard_key", Text, nullable=False),
    Column("level", SmallInteger, nullable=False),
    Column("op", Text, nullable=False, server_default=text("'>='")),
    Column("enter", Double, nullable=False),
    Column("leave", Double, nullable=False),
    Column("hold_s", Double, nullable=False, server_default=text("0")),
)

threshold_state = Table(
    "threshold_state",
    metadata,
    Column("threshold_key", Text, primary_key=True),
    timestamp("last_at", nullable=False),
    Column("last_value", Double, nullable=False),
    timestamp("since"),  # the reading that first met `enter` in this run
    Column("raised", Boolean, nullable=False, server_default=text("false")),
)

fix = Table(
    "fix",
    metadata,
    Column("mover_id", BigInteger, nullable=False),
    timestamp("at", nullable=False),
    Column("geom", geometry("POINTZ"), nullable=False),
    Column("h3", BigInteger, nullable=False),
    Column("heading_deg", Double),
    Column("speed_mps", Double),
    Column("accuracy_m", Double),
    Column("battery_pct", Double),
    timestamp("received_at", nullable=False, server_default=text("now()")),
    Column("raw_id", BigInteger),
    Column("xid", Xid8(), nullable=False, server_default=text("pg_current_xact_id()")),  # fixes are followed by it
    PrimaryKeyConstraint("mover_id", "at", name="pk_fix"),
    postgresql_partition_by="RANGE (at)",
)
Index("ix_fix_geom", fix.c.geom, postgresql_using="gist")
Index("ix_fix_xid", fix.c.xid)

bulletin = Table(
    "bulletin",
    metadata,
    Column("key", Text, primary_key=True),
    Column("level", SmallInteger, nullable=False),
    Column("area_codes", ARRAY(Text), nullable=False),
    timestamp("issued_at", nullable=False),
    timestamp("valid_until"),
    Column("text", Text, nullable=False),
    Column("raw_id", BigInteger),
)

alert = Table(
    "alert",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("warning_key", Text, nullable=False, index=True),
    Column("team_key", Text, nullable=False, index=True),
    Column("level", SmallInteger, nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("state", Text, nullable=False, server_default=text("'queued'")),
    timestamp("created_at", nullable=False, server_default=text("now()")),
    timestamp("delivered_at"),
    timestamp("acknowledged_at"),
    Column("acknowledged_by", Text),
    timestamp("arrived_at"),
    timestamp("resolved_at"),
    timestamp("due_on_site_at", nullable=False),
    timestamp("due_resolved_at", nullable=False),
    timestamp("due_followup_at", nullable=False),
    Column("origin", Text, nullable=False, server_default=text("'fence'")),  # fence: by its area; call: by a ladder
    timestamp("declined_at"),
    timestamp("answer_due_at"),
    timestamp("second_due_at"),
    timestamp("second_at"),
    timestamp("report_due_at"),
    Column("drill", Boolean, nullable=False, server_default=text("false")),
    UniqueConstraint("warning_key", "team_key", "level"),
)

alert_event = Table(
    "alert_event",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("warning_key", Text, nullable=False, index=True),
    Column("alert_id", BigInteger, ForeignKey(alert.c.id)),
    timestamp("at", nullable=False, server_default=text("now()")),
    Column("kind", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("text_zh", Text, nullable=False, server_default=text("''")),
    Column("text_en", Text, nullable=False, server_default=text("''")),
    Column("attachment", Text),
)

account = Table(
    "account",
    metadata,
    Column("login", Text, primary_key=True),  # a duty post, not a person
    Column("title", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("team_key", Text),
    Column("password_hash", Text, nullable=False),
    Column("enabled", Boolean, nullable=False, server_default=text("true")),
    Column("area", geometry("MULTIPOLYGON")),
    timestamp("created_at", nullable=False, server_default=text("now()")),
)

session = Table(
    "session",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("login", Text, ForeignKey(account.c.login, ondelete="CASCADE"), nullable=False),
    timestamp("created_at", nullable=False, server_default=text("now()")),
    timestamp("expires_at", nullable=False),
)

api_key = Table(
    "api_key",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("key_hash", LargeBinary, nullable=False, unique=True),
    Column("role", Text, nullable=False, server_default=text("'viewer'")),
    Column("layers", ARRAY(Text)),  # NULL: every layer of its role
    Column("feeds", ARRAY(Text), nullable=False, server_default=text("'{}'")),  # feeds it may push
    Column("area", geometry("MULTIPOLYGON")),
    Column("enabled", Boolean, nullable=False, server_default=text("true")),
    timestamp("created_at", nullable=False, server_default=text("now()")),
    timestamp("expires_at"),
)

raster = Table(
    "raster",
    metadata,
    Column("name", Text, primary_key=True),
    Column("kind", Text, nullable=False),  # dem
    Column("path", Text, nullable=False),  # relative to the data folder
    Column("bounds", geometry("POLYGON"), nullable=False),
    Column("info", JSONB, nullable=False),
    timestamp("added_at", nullable=False, server_default=text("now()")),
)

city = Table(
    "city",
    metadata,
    Column("id", Integer, primary_key=True, server_default=text("1")),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False, server_default=text("''")),
    Column("bounds", ARRAY(Double), nullable=False),
    Column("center", ARRAY(Double), nullable=False),
    Column("zoom", Double, nullable=False),
    Column("edition", Text, nullable=False, server_default=text("''")),
    Column("demo", Boolean, nullable=False, server_default=text("false")),
)

#: Modules whose tables belong to the engines; importing this module brings all of them into the metadata.
ENGINES = (
    call_tables,
    delivery_tables,
    drill_tables,
    edition_tables,
    fence_tables,
    forecast_tables,
    heat_tables,
    message_tables,
    plan_tables,
    proposal_tables,
    repair_tables,
    risk_tables,
    rule_tables,
    terrain_tables,
    trend_tables,
)
