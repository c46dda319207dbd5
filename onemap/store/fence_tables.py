"""Tables of fences: how objects stand to them, and what happened."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Identity,
    Index,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    text,
)

from onemap.store.schema import metadata, timestamp

#: Objects that are not plainly outside a fence. Written when the state changes, not at each fix.
fence_state = Table(
    "fence_state",
    metadata,
    Column("fence_id", BigInteger, nullable=False),
    Column("mover_id", BigInteger, nullable=False),
    # onemap.fences.machine: 1 approaching, 2 inside, 3 dwelling; below 0 in doubt.
    Column("state", SmallInteger, nullable=False),
    timestamp("since", nullable=False),  # of being approaching, or of having come in
    PrimaryKeyConstraint("fence_id", "mover_id", name="pk_fence_state"),
)
Index("ix_fence_state_mover", fence_state.c.mover_id)

#: The last believed fix of each mover by speed limit, and the unbelieved fixes since. Seconds since 1970: read in bulk.
fence_mover = Table(
    "fence_mover",
    metadata,
    Column("mover_id", BigInteger, nullable=False),
    Column("limit_mps", Double, nullable=False),
    Column("taken_s", Double, nullable=False),  # of the newest fix taken, believed or not
    Column("at_s", Double, nullable=False),
    Column("lon", Double, nullable=False),
    Column("lat", Double, nullable=False),
    Column("altitude_m", Double, nullable=False),
    Column("accuracy_m", Double, nullable=False),
    Column("run", SmallInteger, nullable=False),
    Column("doubt_s", Double, nullable=False),
    Column("doubt_lon", Double, nullable=False),
    Column("doubt_lat", Double, nullable=False),
    Column("doubt_accuracy_m", Double, nullable=False),
    PrimaryKeyConstraint("mover_id", "limit_mps", name="pk_fence_mover"),
    postgresql_with={"fillfactor": "70"},
)

#: Where a fence with a beginning or an end stands in its life: what was told of it is not told again.
fence_life = Table(
    "fence_life",
    metadata,
    Column("fence_id", BigInteger, primary_key=True, autoincrement=False),
    Column("stage", Text, nullable=False),  # scheduled, live, expired
)

#: Who was absent from a fence in a window of its duty.
fence_absence = Table(
    "fence_absence",
    metadata,
    Column("fence_id", BigInteger, nullable=False),
    Column("who", Text, nullable=False),  # mover:<key> or team:<key>
    timestamp("window_at", nullable=False),
    timestamp("since", nullable=False),
    timestamp("told_at"),
    PrimaryKeyConstraint("fence_id", "who", "window_at", name="pk_fence_absence"),
)

fence_event = Table(
    "fence_event",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("fence_id", BigInteger, nullable=False),
    Column("fence_key", Text, nullable=False),
    Column("fence_name", Text, nullable=False),
    Column("mover_id", BigInteger),
    Column("mover_key", Text),
    Column("mover_name", Text),
    Column("kind", Text, nullable=False),
    timestamp("at", nullable=False),
    timestamp("noted_at", nullable=False, server_default=text("clock_timestamp()")),
    Column("lon", Double),
    Column("lat", Double),
    Column("probability", Double),
    Column("distance_m", Double),  # to the border, negative inside
    Column("accuracy_m", Double),
    Column("value", Double),  # of the kind's own: limit of the probability, seconds, metres
    Column("because", Text, nullable=False, server_default=text("''")),  # why, where the kind alone does not say it
    Column("warning_key", Text),
)
Index("ix_fence_event_fence", fence_event.c.fence_key, fence_event.c.id)
Index("ix_fence_event_at", fence_event.c.at)
