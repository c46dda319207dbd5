"""Tables of the terrain engine: what the ground is like in each cell, and what that was computed from."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, Integer, PrimaryKeyConstraint, SmallInteger, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from onemap.store.schema import metadata, timestamp

terrain_cell = Table(
    "terrain_cell",
    metadata,
    Column("res", SmallInteger, nullable=False),  # 11, coarser where an elevation model would give too many cells
    Column("cell", BigInteger, nullable=False),
    Column("elevation_m", Double, nullable=False),
    Column("slope_deg", Double, nullable=False),
    Column("slope_max_deg", Double, nullable=False),
    Column("aspect_deg", Double),  # clockwise from north, downhill; NULL on flat ground
    Column("curvature", Double),  # 1/m, above zero on ridges
    Column("relief_m", Double),
    Column("wetness", Double),
    Column("flow_log", Double),  # log10 of the square metres that drain through
    Column("exposure", Double),  # 0 covered to 1 bare; NULL where no land cover is known
    Column("landcover", Text),
    Column("susceptibility", Double),
    Column("raster", Text, nullable=False),
    timestamp("at", nullable=False, server_default=text("now()")),
    PrimaryKeyConstraint("res", "cell", name="pk_terrain_cell"),
)

#: One row: what the cells were last computed from, and by which model of landslide susceptibility.
terrain_run = Table(
    "terrain_run",
    metadata,
    Column("id", Integer, primary_key=True, server_default=text("1")),
    Column("inputs", Text, nullable=False),
    Column("cells", Integer, nullable=False),
    Column("model", JSONB, nullable=False),
    timestamp("at", nullable=False, server_default=text("now()")),
)
