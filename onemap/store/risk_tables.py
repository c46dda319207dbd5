"""Tables of the risk surfaces: scores with their parts by chunk of cells, and what they were computed from."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, Integer, LargeBinary, PrimaryKeyConstraint, SmallInteger, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from onemap.store.schema import metadata, timestamp


def _chunk_columns() -> list[Column[object]]:
    return [
        Column("surface", Text, nullable=False),
        Column("chunk", BigInteger, nullable=False),  # the cell of resolution 8 whose cells these are
        Column("cells", ARRAY(BigInteger), nullable=False),  # at the finest risk resolution, ascending
        Column("score", ARRAY(Double), nullable=False),  # of each cell
        Column("factors", LargeBinary, nullable=False),  # float64 (3, cells): exposure, vulnerability, coping
        Column("sources", JSONB, nullable=False),  # what the parts come from, in their order
        Column("parts", LargeBinary, nullable=False),  # records: source u2, cell u2, hazard f4, measure f4
    ]


risk_chunk = Table(
    "risk_chunk",
    metadata,
    *_chunk_columns(),
    Column("worst", Double, nullable=False),  # the greatest score, for coarser cells
    Column("digest", LargeBinary, nullable=False),  # of all of it: what did not change is not written again
    timestamp("at", nullable=False),
    PrimaryKeyConstraint("surface", "chunk", name="pk_risk_chunk"),
)

risk_past = Table(
    "risk_past",
    metadata,
    timestamp("hour", nullable=False),
    *_chunk_columns(),
    PrimaryKeyConstraint("surface", "chunk", "hour", name="pk_risk_past"),
)

# What readings add at present: the difference to the next look says which places are concerned.
risk_excess = Table(
    "risk_excess",
    metadata,
    Column("surface", Text, nullable=False),
    Column("term", SmallInteger, nullable=False),
    Column("hazard_key", Text, nullable=False),  # empty: the sensor stands for itself
    Column("sensor_key", Text, nullable=False),
    Column("factor", Double, nullable=False),
    Column("said", Double, nullable=False),
    Column("west", Double, nullable=False),
    Column("south", Double, nullable=False),
    Column("east", Double, nullable=False),
    Column("north", Double, nullable=False),
    PrimaryKeyConstraint("surface", "term", "hazard_key", "sensor_key", name="pk_risk_excess"),
)

risk_rain = Table(
    "risk_rain",
    metadata,
    Column("sensor_key", Text, nullable=False),
    timestamp("hour", nullable=False),
    Column("mm", Double, nullable=False),
    PrimaryKeyConstraint("sensor_key", "hour", name="pk_risk_rain"),
)

# One row: what concerns the whole city (hour, teams, rain), as the scores were computed with it.
risk_state = Table(
    "risk_state",
    metadata,
    Column("id", Integer, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("inputs", JSONB, nullable=False),
    timestamp("at", nullable=False),
    PrimaryKeyConstraint("id", name="pk_risk_state"),
)
