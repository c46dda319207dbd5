"""The worker: feeds come in, engines follow the change log, deliveries go out. One thread for each loop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

import psycopg
import structlog
from prometheus_client import Counter, Gauge, Histogram, start_http_server

from etl.feeds import FEEDS
from etl.pipeline import Pipeline
from etl.transports import transports_of
from onemap.core import catalogue, clock
from onemap.core.settings import Settings
from onemap.heat import service as heat
from onemap.heat.count import published
from onemap.heat.evidence import demand
from onemap.heat.hazard import declared
from onemap.heat.prediction import nightly
from onemap.planning import book, publish, workspace
from onemap.planning.propose import service as proposals
from onemap.store import housekeeping
from onemap.store.changelog import CHANNEL
from onemap.store.db import Connection, connect, dsn_of
from onemap.terrain import cells as ground
from onemap.tracks import service as tracks
from onemap.warnings import upkeep
from onemap.warnings.calling import service as calling
from onemap.warnings.calling import template
from onemap.warnings.drills import service as drills
from onemap.warnings.sending.sender import Sender
from onemap.warnings.telling import identity as telling
from server import grid_notices, ruling
from server.fence_warnings import FenceLoop

log = structlog.get_logger(__name__)

STEPS = Counter("onemap_worker_steps_total", "Rounds of a worker loop that did something.", ["loop"])
ERRORS = Counter("onemap_worker_errors_total", "Rounds of a worker loop that failed and will be tried again.", ["loop"])
ATTEMPTS = Counter("onemap_delivery_attempts_total", "Attempts to send an alert.", ["kind", "result"])
SENDING = Histogram("onemap_delivery_seconds", "Length of an attempt to send an alert.", ["kind"])
FORECASTS = Gauge("onemap_forecast_categories", "Categories forecast in the last night.")
SECONDS = Histogram("onemap_worker_step_seconds", "Length of a round of a worker loop.", ["loop"])


@dataclass(frozen=True)
class Loop:
    """A step over a connection, done again until it finds nothing; then it waits to be woken, `rest_s` at most.

    `pause_s` is the least time between two rounds: work that is dear and may lag a little is not done at every change.
    """

    name: str
    step: Callable[[Connection], int]
    rest_s: float
    pause_s: float = 0.0
    woken: bool = True
    wakes: Callable[[threading.Event], None] | None = None  # given the event by which the step's own threads wake it
    transacted: bool = True  # False: the step makes its own transactions, because it waits for others in between


def loops(settings: Settings) -> tuple[Loop, ...]:
    """Every loop of the worker; a new engine is one line here."""
    sender = Sender(observe=_attempted)
    return (
        Loop("heat", heat.follow, rest_s=1.0, pause_s=0.5),
        Loop("trends", lambda conn: _trends(conn, settings), rest_s=600.0, woken=False),
        Loop("publish", lambda conn: _publish(conn, settings), rest_s=60.0, woken=False, transacted=False),
        Loop("risk", heat.refresh_risk, rest_s=1.0, pause_s=0.3),
        Loop(
            "terrain", lambda conn: ground.refresh(conn, settings.home_path), 10.0, 20.0, woken=False, transacted=False
        ),
        Loop("forecast", lambda conn: _forecast(conn, settings), rest_s=60.0, woken=False, transacted=False),
        Loop("tracks", tracks.follow, rest_s=5.0, pause_s=5.0),
        Loop("deliveries", sender.step, rest_s=0.5, pause_s=0.01, wakes=sender.wakes, transacted=False),
        Loop("warnings", lambda conn: upkeep.step(conn, settings.cases), rest_s=1.0, pause_s=0.5),
        Loop(
            "drills",
            lambda conn: drills.step(conn, clock.now(), settings.cases, ruling.around(settings.zone)),
            rest_s=0.5,
            woken=False,
        ),
        Loop("calls", lambda conn: calling.step(conn, clock.now()), rest_s=0.5, pause_s=0.05, transacted=False),
        Loop("fences", FenceLoop(settings).step, rest_s=0.5, transacted=False),
        Loop("rules", ruling.follower(settings), rest_s=1.0, pause_s=0.05),
        Loop("editions", _editions, rest_s=1.0, woken=False, transacted=False),
        Loop("plans", book.step, rest_s=30.0, woken=False),
        # Two lanes: a question of seconds does not wait for one of minutes.
        Loop("proposals", lambda conn: proposals.step(conn), rest_s=1.0, transacted=False),
        Loop("proposals-long", lambda conn: proposals.step(conn, short=False), rest_s=2.0, transacted=False),
        Loop("heartbeat", _heartbeat, rest_s=5.0, woken=False),
        Loop("housekeeping", lambda conn: housekeeping.tidy(conn, settings), rest_s=600.0, woken=False),
    )


def run_worker(settings: Settings, stop: threading.Event) -> None:
    """Run every transport and loop until `stop` is set; then end them within seconds."""
    catalogue.use(settings.home_path)
    declared.use(settings.home_path, settings.zone)
    workspace.use(settings.home_path)
    template.use(settings)
    telling.use(settings.home_path / "telling", settings.zone, settings.telling)
    if settings.worker_metrics_port:
        start_http_server(settings.worker_metrics_port, addr=settings.host)
    dsn = dsn_of(settings)
    wake = Wake()
    threads = [threading.Thread(target=_listen, args=(dsn, wake, stop), name="listen", daemon=True)]
    for loop in loops(settings):
        threads.append(
            threading.Thread(target=_run_loop, args=(loop, dsn, wake.subscribe(), stop), name=loop.name, daemon=True)
        )
    pipeline = Pipeline(settings)
    for transport in transports_of(settings, FEEDS, pipeline):
        threads.append(threading.Thread(target=transport.run, args=(stop,), name=transport.name, daemon=True))
    for thread in threads:
        thread.start()
    log.info("worker started", threads=[thread.name for thread in threads])
    stop.wait()
    deadline = time.monotonic() + 8
    for thread in threads:
        thread.join(timeout=max(0.1, deadline - time.monotonic()))
    log.info("worker stopped")


class Wake:
    """Tells every loop that the change log has grown."""

    def __init__(self) -> None:
        self._events: list[threading.Event] = []

    def subscribe(self) -> threading.Event:
        """An event of one loop's own, set at every wake."""
        event = threading.Event()
        self._events.append(event)
        return event

    def all(self) -> None:
        """Wake everybody."""
        for event in self._events:
            event.set()


def _listen(dsn: str, wake: Wake, stop: threading.Event) -> None:
    """Hold a LISTEN connection; while there is none, the loops' own rests keep the work going."""
    failures = 0
    while not stop.is_set():
        try:
            with connect(dsn, autocommit=True, statement_timeout_s=0) as conn:
                conn.execute(f"LISTEN {CHANNEL}")
                failures = 0
                wake.all()
                while not stop.is_set():
                    for _ in conn.notifies(timeout=1.0, stop_after=1):
                        wake.all()
        except psycopg.Error as error:
            failures += 1
            if failures == 1:
                log.warning("listening interrupted", error=str(error).strip())
            stop.wait(min(5.0, 0.1 * 2**failures))


def _run_loop(loop: Loop, dsn: str, woken: threading.Event, stop: threading.Event) -> None:
    failures = 0
    if loop.wakes is not None:
        loop.wakes(woken)
    while not stop.is_set():
        try:
            with connect(dsn, autocommit=True) as conn:
                while not stop.is_set():
                    woken.clear()
                    began = time.monotonic()
                    with conn.transaction() if loop.transacted else nullcontext():
                        conn.execute("SELECT set_config('onemap.actor', %s, %s)", (loop.name, loop.transacted))
                        done = loop.step(conn)
                    SECONDS.labels(loop.name).observe(time.monotonic() - began)
                    if failures:
                        log.info("worker loop works again", loop=loop.name, failures=failures)
                        failures = 0
                    if done:
                        STEPS.labels(loop.name).inc()
                    if loop.pause_s:
                        stop.wait(loop.pause_s)
                    if not done:
                        _rest(loop, woken, stop)
        except Exception as error:
            # A failure of one loop is told once and tried again with back-off; the other loops go on.
            ERRORS.labels(loop.name).inc()
            failures += 1
            if failures == 1:
                log.exception("worker loop failed", loop=loop.name, error=str(error).strip())
            stop.wait(min(10.0, 0.2 * 2 ** min(failures, 6)))


def _rest(loop: Loop, woken: threading.Event, stop: threading.Event) -> None:
    """Wait for a wake or the loop's rest, in slices short enough to end quickly."""
    until = time.monotonic() + loop.rest_s
    while not stop.is_set() and (left := until - time.monotonic()) > 0:
        if loop.woken and woken.wait(min(left, 0.5)):
            return
        if not loop.woken:
            stop.wait(min(left, 0.5))


def _publish(conn: Connection, settings: Settings) -> int:
    return published.publish(conn, floor=settings.small_count_floor, now=clock.now(), zone=settings.zone)


def _forecast(conn: Connection, settings: Settings) -> int:
    """The night's forecasts, when they are due; the many short pauses leave the processor to the other loops."""
    zone = clock.zone_of(settings.zone)
    if not nightly.due(conn, clock.now(), zone):
        return 0
    done = nightly.run(conn, clock.now(), zone, pause=lambda: time.sleep(0.002))
    FORECASTS.set(len(done))
    log.info("forecasts made", categories=len(done))
    return 0


def _trends(conn: Connection, settings: Settings) -> int:
    return demand.refresh(conn, now=clock.now(), zone=settings.zone)


def _editions(conn: Connection) -> int:
    """Scheduled editions come into force at their time."""
    return publish.step(conn, clock.now(), tell=grid_notices.tell)


def _attempted(kind: str, ok: bool, seconds: float) -> None:
    ATTEMPTS.labels(kind, "taken" if ok else "failed").inc()
    SENDING.labels(kind).observe(seconds)


def _heartbeat(conn: Connection) -> int:
    conn.execute(
        "INSERT INTO consumer (name, xid, seq) VALUES ('worker', '0', 0) ON CONFLICT (name) DO UPDATE SET at = now()"
    )
    return 0


__all__: Sequence[str] = ("Loop", "loops", "run_worker")
