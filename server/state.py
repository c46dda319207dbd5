"""What one application holds: settings, pools, the live hub, what it remembers. Nothing of it is global."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import structlog
from fastapi import Request
from psycopg_pool import AsyncConnectionPool, ConnectionPool

from etl import status
from etl.pipeline import Pipeline
from onemap.core.policy import Grant
from onemap.core.settings import Settings
from onemap.heat.hotspot.hotspots import HotSpots
from onemap.layers import LAYERS
from onemap.store.db import AsyncConnection, Connection, acting, dsn_of, open_pool, open_sync_pool
from onemap.store.sqlfile import sql
from onemap.warnings import service as warnings
from server.attachments import Attachments
from server.auth import Grants, Limiter
from server.live import Hub
from server.metrics import Metrics
from server.plan_files import Previews
from server.secret import folder_secrets
from server.turns import Turns
from tiles.heat import Heat
from tiles.service import Tiles

log = structlog.get_logger(__name__)

CLOSE_S = 5.0


@dataclass
class State:
    """The parts of one application, by `request.app.state.onemap`."""

    settings: Settings
    dsn: str
    secret: bytes
    pool: AsyncConnectionPool[AsyncConnection]  # tiles, features, live: autocommit
    sync_pool: ConnectionPool[Connection]  # engines and feeds in `def` endpoints: transactions
    metrics: Metrics
    grants: Grants
    limiter: Limiter
    tiles: Tiles
    heat: Heat
    hotspots: HotSpots
    live: Hub
    pipeline: Pipeline
    attachments: Attachments
    previews: Previews = field(default_factory=Previews)
    searches: Turns = field(default_factory=Turns)
    health_lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    health: tuple[float, dict[str, Any]] | None = None  # until when (monotonic), what was found

    @classmethod
    def build(cls, settings: Settings) -> State:
        """Put the parts together; nothing is opened yet."""
        dsn = dsn_of(settings)
        secret = (settings.secret_key.get_secret_value() or folder_secrets(settings.home_path)["secret_key"]).encode()
        pool = open_pool(dsn, size=settings.pool_size)
        sync_pool = open_sync_pool(dsn, size=settings.pool_size)
        metrics = Metrics()
        grants = Grants(pool, secret)
        ledger = _Ledger(sync_pool)
        heat = Heat(pool, sync_pool)
        live = Hub(
            dsn,
            pool,
            LAYERS,
            metrics,
            queue=settings.live_queue,
            floor=settings.small_count_floor,
            on_access=grants.forget,
            waiting_alerts=ledger.waiting_alerts,
            mark_delivered=ledger.mark_delivered,
            feed_status=ledger.feed_status,
        )
        return cls(
            settings=settings,
            dsn=dsn,
            secret=secret,
            pool=pool,
            sync_pool=sync_pool,
            metrics=metrics,
            grants=grants,
            limiter=Limiter(),
            tiles=Tiles.build(pool, settings.tile_cache_mb),
            heat=heat,
            hotspots=HotSpots(sync_pool, heat.cubes.by_surface),
            live=live,
            pipeline=Pipeline(settings),
            attachments=Attachments(settings.home_path, secret),
        )

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Open everything, and close it in the opposite order, each part within its time."""
        # Pools fill in the background: a server that starts while the database restarts answers 503, then works.
        await self.pool.open()
        self.sync_pool.open()
        self.live.start()
        self.heat.cubes.start()
        self.hotspots.start()
        try:
            yield
        finally:
            await asyncio.to_thread(self.hotspots.stop)
            await asyncio.to_thread(self.heat.cubes.stop)
            await self.live.stop(CLOSE_S)
            await asyncio.to_thread(self.sync_pool.close, CLOSE_S)
            await self.pool.close(CLOSE_S)

    @contextmanager
    def acting(self, grant: Grant) -> Iterator[Connection]:
        """One transaction in which history and change log name the asker; committed when the block ends well."""
        with self.sync_pool.connection() as conn, acting(conn, grant.subject):
            yield conn

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One transaction that changes nothing."""
        with self.sync_pool.connection() as conn, conn.transaction():
            conn.execute("SET TRANSACTION READ ONLY")
            yield conn

    async def measure(self, conn: AsyncConnection) -> None:
        """Put what is in the database and the pools into the metrics."""
        metrics = self.metrics
        for name, pool in (("async", self.pool), ("sync", self.sync_pool)):
            stats = pool.get_stats()
            for what in ("pool_size", "pool_available", "requests_waiting"):
                metrics.database.labels(name, what).set(stats.get(what, 0))
        for result, number in asdict(self.tiles.counts).items():
            metrics.tiles.labels(result).set(number)
        metrics.tile_bytes.set(self.tiles.cache.bytes)
        for surface, cube in self.heat.cubes.by_surface.items():
            metrics.cube_bytes.labels(surface).set(cube.nbytes)
            metrics.cube_load.labels(surface).set(cube.loaded_s)
        gauges = {
            "consumer": metrics.follower_behind,
            "delivery": metrics.deliveries,
            "delivery_age": metrics.delivery_age,
            "delivery_dead": metrics.delivery_dead,
            "channel": metrics.channels,
        }
        for gauge in list(gauges.values())[1:]:
            gauge.clear()  # what there is none of any more is not told as it was
        for row in await (await conn.execute(sql("measures"))).fetchall():
            labels = (row["name"], row["state"]) if row["state"] else (row["name"],)
            gauges[row["what"]].labels(*labels).set(row["value"])
        for row in await (await conn.execute(sql("call_measures"))).fetchall():
            if row["what"] == "answer_s":
                metrics.answer_seconds.labels(row["name"]).set(row["value"])
                continue
            metrics.calls.labels(row["name"]).set(row["value"])
            if row["name"] == "unanswered":
                metrics.calls_unanswered.set(row["value"])
        for feed in await asyncio.to_thread(_Ledger(self.sync_pool).feed_status):
            if feed["age_s"] is not None:
                metrics.feed_age.labels(feed["name"]).set(feed["age_s"])
            for what in ("received", "stored", "duplicates", "quarantined"):
                metrics.feed_counts.labels(feed["name"], what).set(feed[what])


@dataclass(frozen=True)
class _Ledger:
    """What the live hub asks of the engines and feeds, in transactions of its own."""

    pool: ConnectionPool[Connection]

    def waiting_alerts(self, team_key: str) -> list[dict[str, Any]]:
        """Alerts of a team that no stream has carried yet, oldest first."""
        with self.pool.connection() as conn:
            return warnings.alerts(conn, team_key=team_key, state="queued")[::-1]

    def mark_delivered(self, alert_ids: list[int]) -> None:
        """Write that these alerts went out on their team's own stream, each by itself: none holds another one up."""
        with self.pool.connection() as conn:
            for alert_id in alert_ids:
                with acting(conn, "live"):
                    warnings.mark_delivered(conn, [alert_id], channel="live")
                conn.commit()

    def feed_status(self) -> list[dict[str, Any]]:
        """How every feed is."""
        with self.pool.connection() as conn:
            return status.feed_status(conn)


def state_of(request: Request) -> State:
    """The state of the application that serves this request."""
    state: State = request.app.state.onemap
    return state
