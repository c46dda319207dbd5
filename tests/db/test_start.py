"""Starts: the schema is what the code says, the demo keeps out of real folders, a real start asks who administers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from alembic import command

from onemap.core.errors import SetupError
from onemap.core.policy import Role
from onemap.core.settings import Settings
from onemap.layers import LAYERS
from onemap.store import account
from onemap.store.cluster import Cluster
from onemap.store.db import Connection, acting, connect
from onemap.store.migrate import alembic_config, migrate
from server import demo
from server.installation import ask_for_administrator


def test_migrations_make_what_the_tables_say(dsn: str) -> None:
    migrate(dsn, LAYERS)  # again: changes nothing
    command.check(alembic_config(dsn))


def test_no_time_without_zone(conn: Connection) -> None:
    rows = conn.execute(
        "SELECT table_name, column_name FROM information_schema.columns "
        "WHERE table_schema = 'onemap' AND data_type = 'timestamp without time zone'"
    ).fetchall()
    assert rows == []


def test_checksums_are_on_and_nothing_listens_on_the_network(conn: Connection) -> None:
    assert conn.execute("SHOW data_checksums").fetchone() == {"data_checksums": "on"}
    assert conn.execute("SHOW listen_addresses").fetchone() == {"listen_addresses": ""}


def test_a_real_start_asks_for_an_administrator(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ONEMAP_ADMIN_LOGIN", raising=False)
    with pytest.raises(SetupError, match="ONEMAP_ADMIN_LOGIN"):
        ask_for_administrator(dsn)
    monkeypatch.setenv("ONEMAP_ADMIN_LOGIN", "duty-admin")
    monkeypatch.setenv("ONEMAP_ADMIN_PASSWORD", "a-long-enough-password")
    ask_for_administrator(dsn)
    monkeypatch.delenv("ONEMAP_ADMIN_PASSWORD")
    ask_for_administrator(dsn)  # there is one now
    with connect(dsn) as conn:
        found = conn.execute("SELECT login, role FROM account").fetchall()
    assert found == [{"login": "duty-admin", "role": "operator"}]


@pytest.fixture
def real(cluster: Cluster) -> Iterator[Cluster]:
    """A cluster that holds a real installation: one account, no demo mark."""
    cluster.drop_database("onemap")
    cluster.ensure_database("onemap")
    migrate(cluster.dsn(), LAYERS)
    with connect(cluster.dsn()) as conn, acting(conn, "t"):
        account.create_account(conn, "duty", "值班", Role.OPERATOR, "a-long-enough-password")
    yield cluster
    cluster.drop_database("onemap")


def test_the_demo_keeps_out_of_a_real_installation(real: Cluster) -> None:
    with pytest.raises(SetupError, match="ONEMAP_HOME"):
        demo.prepare(Settings(home=real.home), real, scale=600)
    with connect(real.dsn()) as conn:
        assert conn.execute("SELECT login FROM account").fetchall() == [{"login": "duty"}]
