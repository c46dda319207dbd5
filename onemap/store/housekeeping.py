"""What keeps the store in bounds: partitions made ahead, old ones dropped, old raw records and sessions deleted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from psycopg import sql

from onemap.core.settings import Settings
from onemap.store.db import Connection
from onemap.store.migrate import PARTITIONED
from onemap.store.schema import SCHEMA
from onemap.store.sqlfile import sql as read

#: Days that a change stays readable for followers; a consumer further behind than this rebuilds.
CHANGE_LOG_KEEP_DAYS = 14
#: Days that differences of the counted surfaces stay for those who keep sums; who was away longer loads anew.
HEAT_CHANGE_KEEP_DAYS = 2
_BATCH = 5000


def tidy(conn: Connection, settings: Settings) -> int:
    """One round, inside the caller's transaction. Returns how many things were made, dropped or deleted."""
    now = datetime.now(UTC)
    done = 0
    for table, step in PARTITIONED.items():
        for ahead in range(0, 8):
            row = conn.execute(
                "SELECT onemap.ensure_partition(%s, %s, %s) AS made", (table, step, now + timedelta(days=ahead))
            ).fetchone()
            done += bool(row and row["made"])
    done += _drop_old_days(conn, "change_log", now - timedelta(days=CHANGE_LOG_KEEP_DAYS))
    # Batches keep the transaction short; the next round takes the rest. A record in quarantine is kept until replayed.
    done += conn.execute(
        "DELETE FROM raw_record WHERE id IN (SELECT r.id FROM raw_record r WHERE r.received_at < %s AND NOT EXISTS "
        "(SELECT 1 FROM quarantine q WHERE q.raw_id = r.id) ORDER BY r.received_at LIMIT %s)",
        (now - timedelta(days=settings.raw_keep_days), _BATCH),
    ).rowcount
    done += conn.execute(
        "DELETE FROM fence_event WHERE id IN (SELECT id FROM fence_event WHERE at < %s ORDER BY at LIMIT %s)",
        (now - timedelta(days=settings.fence_event_keep_days), _BATCH),
    ).rowcount
    forgotten = conn.execute(
        read("heat_change_forget"), {"before": now - timedelta(days=HEAT_CHANGE_KEEP_DAYS), "limit": 20 * _BATCH}
    ).fetchone()
    done += forgotten["gone"] if forgotten else 0
    done += conn.execute("DELETE FROM session WHERE expires_at < %s", (now,)).rowcount
    return done


def _drop_old_days(conn: Connection, table: str, before: datetime) -> int:
    """Drop whole daily partitions that end before an instant, but none that a consumer has still to read."""
    rows = conn.execute(
        "SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
        "WHERE i.inhparent = to_regclass(%s) AND c.relname ~ '_p[0-9]{8}$' ORDER BY 1",
        (f"{SCHEMA}.{table}",),
    ).fetchall()
    dropped = 0
    for row in rows:
        day = datetime.strptime(row["name"][-8:], "%Y%m%d").replace(tzinfo=UTC)
        if day + timedelta(days=1) > before:
            break
        ident = sql.Identifier(SCHEMA, row["name"])
        waiting = conn.execute(
            sql.SQL(
                "SELECT 1 FROM {} l JOIN consumer c ON c.name <> 'worker' AND (l.xid, l.seq) > (c.xid, c.seq) LIMIT 1"
            ).format(ident)
        ).fetchone()
        if waiting:
            break
        conn.execute("SET LOCAL lock_timeout = '2s'")
        conn.execute(sql.SQL("DROP TABLE {}").format(ident))
        dropped += 1
    return dropped
