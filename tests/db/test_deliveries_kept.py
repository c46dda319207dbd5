"""What the ledger held before it had channels is carried over; the worker's loop sends on its own threads' wake."""

from __future__ import annotations

import threading
from contextlib import closing

from alembic import command

from onemap.core.settings import Settings
from onemap.store.cluster import Cluster
from onemap.store.db import Connection, connect
from onemap.store.migrate import alembic_config
from onemap.warnings.sending import channel
from onemap.warnings.sending.channel import Spec
from server.worker import Wake, _run_loop, loops
from tests.api.conftest import wait_until
from tests.db import warnings_ground as ground
from tests.db.endpoints import Endpoint


def test_old_webhooks_and_their_deliveries_become_channels(cluster: Cluster) -> None:
    name = "t_deliveries_old"
    cluster.drop_database(name)
    cluster.ensure_database(name)
    try:
        config = alembic_config(cluster.dsn(name))
        command.upgrade(config, "0011")
        with connect(cluster.dsn(name)) as conn:
            for url, team, enabled in (("http://a", "t1", True), ("http://b", None, False)):
                conn.execute(
                    "INSERT INTO webhook (url, secret, team_key, enabled) VALUES (%s, 's', %s, %s)",
                    (url, team, enabled),
                )
            conn.execute(
                "INSERT INTO alert (warning_key, team_key, level, title, text, due_on_site_at, due_resolved_at, "
                "due_followup_at) VALUES ('w', 't1', 2, 't', 'x', now(), now(), now())"
            )
            conn.execute(
                "INSERT INTO delivery (alert_id, channel, webhook_id, idempotency_key, state, attempts) VALUES "
                "(1, 'live', NULL, 'alert-1-live', 'delivered', 1), "
                "(1, 'webhook', 1, 'alert-1-webhook-1', 'queued', 3), "
                "(1, 'webhook', 2, 'alert-1-webhook-2', 'dead', 9)"
            )
        command.upgrade(config, "0012")
        with connect(cluster.dsn(name)) as conn:
            found = conn.execute(
                "SELECT d.kind, d.idempotency_key, d.state, d.attempts, c.kind AS of, c.url, c.team_key, c.enabled "
                "FROM delivery d JOIN channel c ON c.id = d.channel_id ORDER BY d.id"
            ).fetchall()
        assert [tuple(row.values()) for row in found] == [
            ("live", "alert-1-live", "delivered", 1, "live", "", None, True),
            ("webhook", "alert-1-webhook-1", "queued", 3, "webhook", "http://a", "t1", True),
            ("webhook", "alert-1-webhook-2", "dead", 9, "webhook", "http://b", None, False),
        ]
    finally:
        cluster.drop_database(name)


def test_the_workers_loop_sends_what_is_committed(settings: Settings, committed: Connection, dsn: str) -> None:
    loop = next(one for one in loops(settings) if one.name == "deliveries")
    wake, stop = Wake(), threading.Event()
    thread = threading.Thread(target=_run_loop, args=(loop, dsn, wake.subscribe(), stop), daemon=True)
    with closing(Endpoint()) as endpoint:
        with committed.transaction():
            ground.slope(committed)
            ground.teams(committed)
            spec = Spec("webhook", url=f"{endpoint.url}/ok", secret="a-secret-of-no-use")
            channel.add(committed, spec, "Asia/Shanghai")
        thread.start()
        try:
            for level, value in enumerate((11.0, 21.0, 31.0)):
                with committed.transaction():
                    ground.feed(committed, (value, level))
            wait_until(lambda: len(endpoint.seen) == 6, timeout_s=30)
            states = "SELECT DISTINCT state FROM delivery WHERE kind = 'webhook'"
            wait_until(lambda: committed.execute(states).fetchall() == [{"state": "delivered"}], timeout_s=30)
        finally:
            stop.set()
            thread.join(10)
