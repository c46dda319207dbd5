"""Tables of plans: a branch of an edition, its edits, the coverage it starts from."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from onemap.store.schema import metadata, timestamp

plan = Table(
    "plan",
    metadata,
    Column("key", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("note", Text, nullable=False, server_default=text("''")),
    Column("base", Text, nullable=False),  # edition that it branches off
    Column("scope", Text),  # code of an area; none: the whole city
    Column("scope_name", Text),
    Column("model", Text, nullable=False),  # workload model
    # draft, submitted, approved, published, rolled_back, discarded; a rejected one is a draft again
    Column("state", Text, nullable=False, server_default=text("'draft'")),
    Column("version", Integer, nullable=False, server_default=text("0")),  # of the newest row of plan_edit
    Column("edits", Integer, nullable=False, server_default=text("0")),  # that count now
    Column("copy_of", Text),  # the plan that it was branched off
    Column("created_by", Text, nullable=False),
    timestamp("created_at", nullable=False, server_default=text("clock_timestamp()")),
    timestamp("changed_at", nullable=False, server_default=text("clock_timestamp()")),
    Column("submitted_by", Text),
    timestamp("submitted_at"),
    Column("decided_by", Text),
    timestamp("decided_at"),
    timestamp("effective_at"),
    Column("edition", Text),  # that it became
)
Index("ix_plan_changed_at", plan.c.changed_at)
Index("ix_plan_state", plan.c.state)

#: The log: one row a version. Applied to the newest ground below them, the deltas give the plan as it stands.
plan_edit = Table(
    "plan_edit",
    metadata,
    Column("plan_key", Text, ForeignKey(plan.c.key), nullable=False),
    Column("version", Integer, nullable=False),
    timestamp("at", nullable=False, server_default=text("clock_timestamp()")),
    Column("by", Text, nullable=False),
    Column("kind", Text, nullable=False),  # edit, undo, redo, rebase, merge, adopt, import
    Column("op", Text),  # split, merge, move …: what was asked for
    Column("operation", JSONB),  # as it was asked for
    Column("text_zh", Text, nullable=False),
    Column("text_en", Text, nullable=False),
    Column("grids", ARRAY(Text), nullable=False),  # whose border or attributes it changed
    Column("delta", LargeBinary),  # none: the coverage was replaced, and the ground of this version holds it
    Column("counts", Boolean, nullable=False, server_default=text("true")),  # not undone, not left out
    Column("of", Integer),  # an undo or redo: the version of the edit that it undoes or does again
    Column("undone", Integer),  # version of the undo that it is undone by now
    PrimaryKeyConstraint("plan_key", "version", name="pk_plan_edit"),
)
Index("ix_plan_edit_by", plan_edit.c.plan_key, plan_edit.c.by, plan_edit.c.version)

#: The whole coverage at a version: of the start, of a rebase, and now and then between, so that a log is short to read.
plan_ground = Table(
    "plan_ground",
    metadata,
    Column("plan_key", Text, ForeignKey(plan.c.key), nullable=False),
    Column("version", Integer, nullable=False),
    Column("coverage", LargeBinary, nullable=False),
    PrimaryKeyConstraint("plan_key", "version", name="pk_plan_ground"),
)
