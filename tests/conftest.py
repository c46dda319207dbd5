"""Shared ground of all tests: a private PostGIS cluster, one migrated template, a database for each module."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from onemap.core.settings import Settings
from onemap.layers import LAYERS
from onemap.store.cluster import Cluster
from onemap.store.db import Connection, connect
from onemap.store.migrate import migrate

ROOT = Path(__file__).resolve().parent.parent
HOME = Path(os.environ.get("ONEMAP_TEST_HOME", ROOT / ".onemap" / "test")).resolve()
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
TEMPLATE = "onemap_template"

# The gate draws the same examples each time, so that a change is judged by what it changed; `make explore` draws new
# ones, and what it finds becomes an @example beside its mend.
settings.register_profile("gate", derandomize=True, deadline=None)
settings.register_profile(
    "explore", deadline=None, database=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("ONEMAP_EXAMPLES", "gate"))


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A cluster of this worker's own.

    One for all would not do: followers of the change log wait for every older transaction of the whole cluster, and
    another worker's test may keep one open.
    """
    found = Cluster(HOME / WORKER)
    found.start()
    yield found
    found.stop()


@pytest.fixture(scope="session")
def template(cluster: Cluster) -> str:
    """A migrated, empty database to copy: made anew in each run."""
    cluster.drop_database(TEMPLATE)
    cluster.ensure_database(TEMPLATE)
    migrate(cluster.dsn(TEMPLATE), LAYERS)
    return TEMPLATE


@contextmanager
def fresh_database(cluster: Cluster, template: str, name: str) -> Iterator[str]:
    """A copy of the template under that name; dropped at the end."""
    cluster.drop_database(name)
    cluster.ensure_database(name, template=template)
    try:
        yield cluster.dsn(name)
    finally:
        cluster.drop_database(name)


@pytest.fixture(scope="module")
def dsn(cluster: Cluster, template: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database of this module's own: what it commits, no other module sees."""
    stem = request.module.__name__.rpartition(".")[2]
    with fresh_database(cluster, template, f"t_{stem}"[:60]) as found:
        yield found


@pytest.fixture
def conn(dsn: str) -> Iterator[Connection]:
    """A connection whose work is rolled back after the test."""
    connection = connect(dsn)
    try:
        yield connection
    finally:
        connection.rollback()
        connection.close()


@pytest.fixture
def committed(dsn: str) -> Iterator[Connection]:
    """An autocommit connection: what it writes stays for the module."""
    connection = connect(dsn, autocommit=True)
    try:
        yield connection
    finally:
        connection.close()


@pytest.fixture
def settings(tmp_path: Path, dsn: str) -> Settings:
    """Settings of an application over this module's database and a data folder of this test's own."""
    return Settings(home=tmp_path / "home", database_url=dsn, secret_key="test-secret-key-of-no-account")  # type: ignore[arg-type]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say why a run with skips fails."""
    skipped = terminalreporter.stats.get("skipped", [])
    if skipped:
        terminalreporter.write_line(f"{len(skipped)} skipped: a skipped test fails the run", red=True)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """A skipped test is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and reporter.stats.get("skipped") and exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
