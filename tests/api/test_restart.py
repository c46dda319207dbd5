"""The database's postmaster goes and comes back under a running server: doors say so, the stream goes on."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import shapely

from onemap.core.policy import Role
from onemap.core.settings import Settings
from onemap.layers import BY_NAME, LAYERS
from onemap.store import account, feature
from onemap.store.cluster import Cluster
from onemap.store.db import acting, connect
from onemap.store.feature import FeatureRow
from onemap.store.migrate import migrate
from tests.api.conftest import PASSWORD, Running, serving, wait_until
from tests.api.listening import listen


@pytest.fixture(scope="module")
def own_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster that this module may kill: the others' stays up."""
    home: Path = tmp_path_factory.mktemp("cluster")
    cluster = Cluster(home)
    cluster.start()
    cluster.ensure_database()
    migrate(cluster.dsn(), LAYERS)
    yield cluster
    cluster.start()
    cluster.remove()


@pytest.fixture
def running(own_cluster: Cluster, tmp_path: Path) -> Iterator[Running]:
    settings = Settings(home=tmp_path, database_url=own_cluster.dsn(), secret_key="x" * 32, pool_size=3)
    with connect(own_cluster.dsn()) as conn:
        if account.credential(conn, "command") is None:
            account.create_account(conn, "command", "t", Role.COMMAND, PASSWORD)
    with serving(settings) as found:
        yield found


def put(cluster: Cluster, key: str) -> None:
    with connect(cluster.dsn()) as conn, acting(conn, "test"):
        row = FeatureRow(key, shapely.Point(121.5, 31.2), {"title": "t"})
        feature.upsert(conn, BY_NAME["incident"], [row], feed="test")


@pytest.mark.parametrize("how", ["fast", "kill"])
def test_a_restart_of_the_cluster_costs_no_change_and_no_stream(
    running: Running, own_cluster: Cluster, how: str
) -> None:
    with listen(running, "command", layers="incident") as ears, running.client("command") as client:
        ears.started()
        put(own_cluster, f"{how}-before")
        ears.wait(lambda one: one.data["key"] == f"{how}-before")
        if how == "kill":
            os.kill(own_cluster.postmaster_pid(), signal.SIGKILL)
        else:
            own_cluster.stop()
        wait_until(lambda: not running.state.live.connected)
        down = wait_until(lambda: one if (one := client.get("/health")).status_code == 503 else None)
        assert down.json()["status"] == "down"
        running.state.pool.timeout = 0.5  # else this test waits as long as a person would
        running.state.grants.forget()
        refused = client.get("/auth/me")
        assert refused.status_code == 503 and refused.headers["retry-after"]
        own_cluster.start()
        put(own_cluster, f"{how}-after")
        began = time.monotonic()
        ears.wait(lambda one: one.data["key"] == f"{how}-after", timeout_s=60)
        assert time.monotonic() - began < 15  # it tries again each second or so, and not by the minute
        assert [change["key"] for change in ears.changes()] == [f"{how}-before", f"{how}-after"]
        wait_until(lambda: client.get("/health").status_code == 200)
        wait_until(lambda: client.get("/auth/me").status_code == 200)
