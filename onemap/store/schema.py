"""How a feature table is built: the columns, indexes and history that every layer shares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from geoalchemy2 import Geometry
from sqlalchemy import (
    BigInteger,
    Column,
    Computed,
    DateTime,
    Identity,
    Index,
    MetaData,
    SmallInteger,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.types import UserDefinedType

SCHEMA = "onemap"

metadata = MetaData(
    schema=SCHEMA,
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    },
)

#: Columns that every layer has and no feed may set.
SYSTEM_COLUMNS = ("id", "geom", "geom_3857", "h3", "feed", "datum", "sys_from", "changed_by")


class Xid8(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """The type's name in DDL."""
        return "xid8"


ischema_names["xid8"] = Xid8

_ACTOR = "coalesce(nullif(current_setting('onemap.actor', true), ''), current_user)"


def timestamp(name: str, *, nullable: bool = True, **options: Any) -> Column[Any]:
    """A column of aware time: stored as UTC, always with time zone."""
    return Column(name, DateTime(timezone=True), nullable=nullable, **options)


def geometry(kind: str, srid: int = 4326) -> Geometry:
    """A PostGIS geometry type; `ZM` in the kind gives the dimension. Its index is declared by the table."""
    dimension = 4 if kind.endswith("ZM") else 3 if kind.endswith("Z") else 2
    return Geometry(kind.upper(), srid=srid, dimension=dimension, spatial_index=False)


def feature_table(
    name: str, geometry_kind: str, columns: Sequence[Column[Any]], *, volatile: Sequence[str] = ()
) -> Table:
    """Build a layer's table and its history table in the project's metadata.

    `volatile` names columns that change with every reading (a mover's speed, a sensor's last value, and `geom` where
    it moves): a change of those alone is logged and goes out live, but leaves no history row, because fixes and
    observations already hold that past.
    """
    table = Table(
        name,
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("key", Text, nullable=False, unique=True),
        Column("geom", geometry(geometry_kind), nullable=False),
        Column("geom_3857", geometry(geometry_kind, 3857), Computed("st_transform(geom, 3857)", persisted=True)),
        Column("h3", BigInteger, nullable=False),
        Column("feed", Text, nullable=False, server_default=text("'manual'")),
        Column("datum", Text, nullable=False, server_default=text("'WGS-84'")),
        timestamp("sys_from", nullable=False, server_default=text("now()")),
        Column("changed_by", Text, nullable=False, server_default=text(_ACTOR)),
        *columns,
        info={"layer": True, "volatile": tuple(volatile)},
    )
    Index(f"ix_{name}_geom", table.c.geom, postgresql_using="gist")
    Index(f"ix_{name}_geom_3857", table.c.geom_3857, postgresql_using="gist")
    Index(f"ix_{name}_h3", table.c.h3)
    _history_table(table)
    return table


def searched_index(table: Table, *columns: str) -> None:
    """Let the search find texts of a large layer by their pairs of characters instead of reading all of it.

    Each costs about 20 µs a row and text when rows come in: for layers of tens of thousands, not for small ones.
    """
    pairs = [func.onemap.grams(table.c[name]) for name in columns]
    Index(f"ix_{table.name}_searched", *pairs, postgresql_using="gin")
    table.info["searched"] = columns


def _history_table(table: Table) -> Table:
    """Old versions of a layer's rows: the same columns behind when, how and by whom the version ended."""
    copied: list[Column[Any]] = []
    for column in table.columns:
        copied.append(Column(column.name, column.type, nullable=True))
    history = Table(
        f"{table.name}_history",
        metadata,
        timestamp("sys_to", nullable=False),
        Column("sys_op", Text, nullable=False),
        Column("sys_by", Text, nullable=False),
        *copied,
        info={"history": True},
    )
    Index(f"ix_{table.name}_history_id", history.c.id, history.c.sys_to)
    Index(f"ix_{table.name}_history_geom", history.c.geom, postgresql_using="gist")
    Index(f"ix_{table.name}_history_sys", history.c.sys_to, history.c.sys_from)
    return history


def level_column(name: str = "level", *, nullable: bool = True) -> Column[Any]:
    """A warning or hazard level: 1 (I, red) is the worst, 4 (IV, blue) the mildest."""
    return Column(name, SmallInteger, nullable=nullable)
