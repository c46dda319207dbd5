"""Tables of call and confirm: who has the duty, and the ladder of each warning, grid by grid, call by call."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from onemap.store.schema import metadata, timestamp

duty = Table(
    "duty",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("org_code", Text, nullable=False, index=True),  # of a grid or an area
    Column("team_key", Text, nullable=False),
    Column("rank", SmallInteger, nullable=False),  # 1 is called first
    Column("kind", Text, nullable=False),  # weekly, shift
    Column("weekdays", ARRAY(SmallInteger), nullable=False, server_default=text("'{}'")),  # 0 is Monday; empty: all
    Column("hours", Text, nullable=False, server_default=text("'0-24'")),  # local, such as 20-8 over midnight
    timestamp("starts_at"),
    timestamp("ends_at"),
)

duty_hand_over = Table(
    "duty_hand_over",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("org_code", Text, nullable=False, index=True),
    Column("from_team", Text, nullable=False),
    Column("to_team", Text, nullable=False),
    timestamp("at", nullable=False),
    timestamp("until", nullable=False),  # the end of the duty that was handed over
    Column("note", Text, nullable=False, server_default=text("''")),
    Column("by", Text, nullable=False),  # the post that wrote it down
    Column("open_warnings", Integer, nullable=False, server_default=text("0")),
)

# One a warning: when it starts, and how far it has come.
ladder = Table(
    "ladder",
    metadata,
    Column("warning_key", Text, primary_key=True),
    Column("template", Text, nullable=False),
    Column("level", SmallInteger, nullable=False),
    timestamp("onset_at"),
    timestamp("began_at", nullable=False),
    timestamp("auto_start_at", nullable=False),
    timestamp("started_at"),
    Column("started_by", Text),
    timestamp("answered_at"),  # every grid has an answer
    timestamp("confirmed_at"),  # and a second one
    timestamp("closed_at"),
)
Index("ix_ladder_due", ladder.c.auto_start_at, postgresql_where=text("started_at IS NULL AND closed_at IS NULL"))

# One for each grid that a warning's zone meets.
calling = Table(
    "calling",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("warning_key", Text, nullable=False),
    Column("grid_code", Text, nullable=False),  # of an area where no grid is; empty where nothing is
    Column("grid_name", Text, nullable=False),
    Column("community_code", Text),
    Column("street_code", Text),
    Column("district_code", Text),
    Column("households", Integer),
    Column("residents", Integer),
    Column("level", SmallInteger, nullable=False),  # that is asked for: answers to a milder one do not count
    Column("state", Text, nullable=False, server_default=text("'waiting'")),
    Column("second", Boolean, nullable=False, server_default=text("false")),  # called again: a confirmation is missing
    Column("rung", Text),
    Column("team_key", Text),  # being called, or who answered
    Column("called", ARRAY(Text), nullable=False, server_default=text("'{}'")),  # in this round
    Column("round", Integer, nullable=False, server_default=text("0")),
    timestamp("asked_at", nullable=False),  # answers before this were to something else
    timestamp("called_at"),
    timestamp("due_at"),  # when the ladder has to move on
    timestamp("answered_at"),
    Column("answered_by", Text),  # a post
    timestamp("second_due_at"),
    timestamp("second_at"),
    timestamp("report_due_at"),
    timestamp("remind_at"),  # when the timeline says that a report is late
    Index("ux_calling_warning_grid", "warning_key", "grid_code", unique=True),
)
Index("ix_calling_due", calling.c.due_at, postgresql_where=text("due_at IS NOT NULL"))
Index("ix_calling_remind", calling.c.remind_at, postgresql_where=text("remind_at IS NOT NULL"))
Index("ix_calling_open", calling.c.grid_code, postgresql_where=text("state <> 'closed'"))


call = Table(
    "call",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("calling_id", BigInteger, ForeignKey(calling.c.id), nullable=False, index=True),
    Column("warning_key", Text, nullable=False, index=True),
    Column("alert_id", BigInteger, index=True),  # none: nobody had the duty
    Column("rung", Text, nullable=False),
    Column("org_code", Text, nullable=False),
    Column("team_key", Text),
    Column("rank", SmallInteger, nullable=False),
    Column("level", SmallInteger, nullable=False),
    Column("round", Integer, nullable=False),
    Column("state", Text, nullable=False),  # calling, answered, silent, declined, no_duty, closed
    timestamp("called_at", nullable=False),
    timestamp("deadline_at", nullable=False),
    timestamp("answered_at"),
    Column("note", Text),
)
