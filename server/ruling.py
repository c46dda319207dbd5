"""What rules know of the rest of the house: feeds and their limits, heat surfaces, files; and their worker loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import numpy as np
import structlog
from prometheus_client import Counter, Gauge

from etl.feeds import FEEDS
from onemap.core.cell import cells_of
from onemap.core.settings import Settings
from onemap.heat import service as heat
from onemap.heat.ask import Ask
from onemap.store.db import Connection
from onemap.warnings.rules import book, declared
from onemap.warnings.rules.around import Around, Doubles, FeedLimits
from onemap.warnings.rules.follow import Follower

log = structlog.get_logger(__name__)

WATCHED = Gauge("onemap_rules", "Rules that are on, their subjects, those raised and with unknown inputs.", ["what"])
CHANGES = Counter("onemap_rules_changes_total", "Changes of a subject's level by a rule.")
#: Cells at which rules ask heat: about a tenth of a square kilometre.
_RES = 9


def around(zone: str) -> Around:
    """The feeds, surfaces and city clock that rules may name."""
    feeds = {
        feed.name: FeedLimits(feed.title.zh, feed.title.en, feed.expected_every_s, feed.stale_after_s) for feed in FEEDS
    }

    def heat_at(
        conn: Connection,
        surface: str,
        window: str,
        categories: Sequence[str],
        lon: Doubles,
        lat: Doubles,
        instants: Sequence[datetime],
    ) -> Doubles:
        return _heat(conn, zone, surface, window, categories, lon, lat, instants)

    return Around(zone, feeds, frozenset(spec.name for spec in heat.surfaces()), heat_at)


def _heat(
    conn: Connection,
    zone: str,
    surface: str,
    window: str,
    categories: Sequence[str],
    lon: Doubles,
    lat: Doubles,
    instants: Sequence[datetime],
) -> Doubles:
    """A surface's values at places; of a surface that keeps no past only the last instant is known."""
    spec = next(one for one in heat.surfaces() if one.name == surface)
    out = np.full((len(instants), len(lon)), np.nan)
    placed = np.flatnonzero(~np.isnan(lon))
    if not len(placed):
        return out
    res = min(_RES, spec.finest)
    wanted = cells_of(lon[placed], lat[placed], res)
    margin = 0.01
    box = (
        float(lon[placed].min()) - margin,
        float(lat[placed].min()) - margin,
        float(lon[placed].max()) + margin,
        float(lat[placed].max()) + margin,
    )
    for k, at in enumerate(instants):
        if not spec.windows and k + 1 < len(instants):
            continue
        ask = Ask(surface, window or "24h", tuple(categories), now=at if spec.windows else None, zone=zone)
        found = heat.cells(conn, ask, res, box)
        order = np.argsort(found.cells)
        cells, values = found.cells[order], found.values[order]
        where = np.searchsorted(cells, wanted).clip(max=max(0, len(cells) - 1))
        there = cells[where] == wanted if len(cells) else np.zeros(len(wanted), bool)
        out[k, placed] = np.where(there, values[where] if len(cells) else 0.0, 0.0)
    return out


def sync(conn: Connection, settings: Settings) -> int:
    """Bring the rules of files into the book. Raises SetupError for a file that is no rule."""
    return book.sync(conn, declared.load(settings.home_path), settings.cases)


def follower(settings: Settings) -> Callable[[Connection], int]:
    """The step of the worker loop `rules`: files first, once, then the rules that are on."""
    follow = Follower(around(settings.zone), settings.cases)
    synced = False

    def step(conn: Connection) -> int:
        nonlocal synced
        if not synced:
            log.info("rules of files", changed=sync(conn, settings))
        done = follow.step(conn)
        synced = True
        CHANGES.inc(done)
        for what, number in follow.watched().items():
            WATCHED.labels(what).set(number)
        return done

    return step
