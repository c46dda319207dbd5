"""Tables of drills: which scenario ran, how far it is, what it claimed, and its score."""

from __future__ import annotations

from sqlalchemy import Column, Double, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from onemap.store.schema import metadata, timestamp

drill = Table(
    "drill",
    metadata,
    Column("key", Text, primary_key=True),
    Column("scenario", Text, nullable=False),
    Column("title_zh", Text, nullable=False),
    Column("title_en", Text, nullable=False),
    Column("state", Text, nullable=False),  # running, ended, stopped
    timestamp("started_at", nullable=False),
    Column("started_by", Text, nullable=False),
    timestamp("ended_at"),
    Column("speed", Double, nullable=False),
    Column("length_s", Double, nullable=False),  # of the scenario, before the speed
    Column("note", Text, nullable=False, server_default=text("''")),
    Column("position", Integer, nullable=False, server_default=text("0")),  # steps done
    Column("steps", JSONB, nullable=False),  # as declared, with the points of this city filled in
    Column("readings", JSONB, nullable=False, server_default=text("'[]'")),  # [datastream, at, value], made up
    Column("claims", JSONB, nullable=False, server_default=text("'{}'")),  # claimant → [subject, level]
    Column("score", JSONB),  # once it has ended
)
#: One drill at a time: two would share the teams that are scored.
Index("ux_drill_running", drill.c.state, unique=True, postgresql_where=text("state = 'running'"))
