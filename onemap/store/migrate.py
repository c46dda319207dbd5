"""Bring a database to the newest schema: Alembic revisions, then the tables of layers that no revision knows yet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from onemap.store import tables
from onemap.store.layer import LayerSpec
from onemap.store.schema import SCHEMA, metadata
from onemap.store.sqlfile import sql

_LOCK = 7_205_759_403
PARTITIONED = {"change_log": "day", "fix": "day", "observation": "month"}


def engine_of(dsn: str) -> sa.Engine:
    """A SQLAlchemy engine over psycopg for a libpq connection string."""
    return sa.create_engine(
        "postgresql+psycopg://",
        # The user may be called like our schema: with "$user" in the path that schema would be the default one, and
        # reflection would no longer name it.
        creator=lambda: psycopg.connect(dsn, connect_timeout=10, options="-c search_path=public -c timezone=UTC"),
        poolclass=sa.NullPool,
    )


def alembic_config(dsn: str) -> Config:
    """Alembic's configuration without a file: the scripts are inside the package."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["dsn"] = dsn
    return config


def migrate(dsn: str, layers: Sequence[LayerSpec]) -> None:
    """Migrate to head, make what new layers lack, put the triggers on, make the next days' partitions.

    Two starts at once wait for each other on an advisory lock. Raises sqlalchemy's errors.
    """
    engine = engine_of(dsn)
    with engine.connect() as guard:
        guard.execute(sa.text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
        try:
            command.upgrade(alembic_config(dsn), "head")
            with engine.begin() as conn:
                conn.execute(sa.text("SET LOCAL lock_timeout = '10s'"))
                _add_missing_layers(conn, layers)
                _put_functions(conn, layers)
                ensure_partitions(conn)
        finally:
            guard.execute(sa.text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})
            guard.commit()
    engine.dispose()


def _add_missing_layers(conn: sa.Connection, layers: Sequence[LayerSpec]) -> None:
    existing = set(sa.inspect(conn).get_table_names(schema=SCHEMA))
    for layer in layers:
        for name in (layer.name, f"{layer.name}_history"):
            if name not in existing:
                metadata.tables[f"{SCHEMA}.{name}"].create(conn)


def _put_functions(conn: sa.Connection, layers: Sequence[LayerSpec]) -> None:
    conn.exec_driver_sql(sql("track").replace("%", "%%"))
    for layer in layers:
        # Re-creating a trigger takes a lock on its table; only do it when the definition is new.
        wanted = "volatile {" + ",".join(layer.volatile) + "}"
        have = conn.execute(
            sa.text(
                "SELECT obj_description(oid, 'pg_trigger') FROM pg_trigger "
                "WHERE tgname = 'stamp' AND tgrelid = to_regclass(:table)"
            ),
            {"table": f"{SCHEMA}.{layer.name}"},
        ).scalar()
        if have != wanted:
            conn.execute(
                sa.text("SELECT onemap.track_layer(:layer, cast(:cols AS text[]))"),
                {"layer": layer.name, "cols": list(layer.volatile)},
            )


def ensure_partitions(conn: sa.Connection | Any, *, days_ahead: int = 7) -> None:
    """Make the partitions of today and the next days, so that no insert waits for one."""
    now = datetime.now(UTC)
    for table, step in PARTITIONED.items():
        for ahead in range(-1, days_ahead + 1):
            conn.execute(
                sa.text("SELECT onemap.ensure_partition(:t, :s, :at)"),
                {"t": table, "s": step, "at": now + timedelta(days=ahead)},
            )


__all__ = ["PARTITIONED", "alembic_config", "engine_of", "ensure_partitions", "migrate", "tables"]
