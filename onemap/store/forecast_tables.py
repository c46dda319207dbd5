"""Tables of forecasts: the expected counts of each cell, and how good such forecasts were."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Double, Integer, PrimaryKeyConstraint, SmallInteger, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from onemap.store.schema import metadata, timestamp

heat_forecast = Table(
    "heat_forecast",
    metadata,
    Column("category", Text, nullable=False),  # '' is all of them together
    Column("horizon", Text, nullable=False),
    Column("cell", BigInteger, nullable=False),
    Column("res", SmallInteger, nullable=False),
    Column("mean", Double, nullable=False),  # expected events: the sum of the parts
    Column("parts", ARRAY(Double), nullable=False),  # own, raised by distance and age, knock-on, rhythm
    Column("events", ARRAY(Integer), nullable=False),  # known events by distance and age
    timestamp("made_at", nullable=False),  # the hour it starts from
    PrimaryKeyConstraint("category", "horizon", "cell", name="pk_heat_forecast"),
)

heat_backtest = Table(
    "heat_backtest",
    metadata,
    Column("category", Text, nullable=False),
    timestamp("run", nullable=False),
    Column("horizon", Text, nullable=False),
    Column("shown", Boolean, nullable=False),  # better than counting
    Column("verdict", JSONB, nullable=False),
    Column("told", JSONB, nullable=False),  # scores, curves, calibration, nights
    Column("about", JSONB, nullable=False),  # of the run: periods, resolution, the process fitted
    PrimaryKeyConstraint("category", "run", "horizon", name="pk_heat_backtest"),
)
