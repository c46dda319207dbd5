"""Alembic's environment: online only, one transaction for each revision, with lock and statement limits."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import context

import onemap.layers  # noqa: F401  (tables of the layers join the metadata)
from onemap.store import tables  # noqa: F401
from onemap.store.migrate import engine_of
from onemap.store.schema import SCHEMA, metadata


def include_object(thing: Any, name: str | None, kind: str, reflected: bool, _compare_to: Any) -> bool:
    """Leave out partitions (made on demand) and anything outside our schema."""
    if kind == "table":
        return thing.schema == SCHEMA and not (reflected and "_p2" in (name or "")) and name != "change_log_default"
    if kind == "index" and reflected:
        return "_p2" not in (thing.table.name or "")
    return True


def run() -> None:
    """Upgrade over one connection."""
    engine = engine_of(context.config.attributes["dsn"])
    with engine.connect() as conn:
        conn.execute(sa.text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
        conn.execute(sa.text("CREATE EXTENSION IF NOT EXISTS postgis SCHEMA public"))
        conn.execute(sa.text("SET lock_timeout = '10s'"))
        conn.execute(sa.text("SET statement_timeout = '30min'"))
        conn.commit()
        context.configure(
            connection=conn,
            target_metadata=metadata,
            version_table_schema=SCHEMA,
            include_schemas=True,
            include_object=include_object,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
