"""How each feed does: what came, how old it is, and since when it is silent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from etl.feed import FeedSpec
from etl.feeds import FEEDS
from onemap.store import changelog
from onemap.store.db import Connection, acting
from onemap.store.sqlfile import sql

State = Literal["ok", "late", "stale", "idle"]
_COUNTS = ("received", "stored", "unchanged", "duplicates", "quarantined")


def feed_status(
    conn: Connection, feeds: Sequence[FeedSpec] = FEEDS, *, now: datetime | None = None
) -> list[dict[str, Any]]:
    """Return for each feed its title, state, age in seconds, counters and present error, in the feeds' order."""
    at = now or datetime.now(UTC)
    rows = {row["feed"]: row for row in conn.execute(sql("ingest_feed_status")).fetchall()}
    return [_status(feed, rows.get(feed.name), at) for feed in feeds]


def state_of(feed: FeedSpec, age_s: float | None) -> State:
    """Idle before the first payload; then late after twice its interval, stale after its own limit."""
    if age_s is None:
        return "idle"
    if feed.stale_after_s is not None and age_s > feed.stale_after_s:
        return "stale"
    if feed.expected_every_s is not None and age_s > 2 * feed.expected_every_s:
        return "late"
    return "ok"


def record_error(conn: Connection, feed: FeedSpec, error: str | None) -> None:
    """Enter that a feed's source fails, or with None that it works again, and tell it to open maps."""
    with acting(conn, f"feed:{feed.name}"):
        conn.execute(sql("ingest_feed_error"), {"feed": feed.name, "error": error})
        found = feed_status(conn, [feed])[0]
        changelog.log_event(conn, "feed", feed.name, found)


def record_seen(conn: Connection, feed: FeedSpec) -> None:
    """Enter that a feed's source answered and had nothing new: silence of that kind is no age."""
    counts = dict.fromkeys(_COUNTS, 0)
    with acting(conn, f"feed:{feed.name}"):
        conn.execute(sql("ingest_feed_state"), {"feed": feed.name, "source_at": None, **counts})


def _status(feed: FeedSpec, row: dict[str, Any] | None, now: datetime) -> dict[str, Any]:
    last = row["last_at"] if row is not None else None
    age_s = None if last is None else max(0.0, (now - last).total_seconds())
    return {
        "name": feed.name,
        "title": {"zh": feed.title.zh, "en": feed.title.en},
        "state": state_of(feed, age_s),
        "last_at": None if last is None else last.isoformat(),
        "last_source_at": row["last_source_at"].isoformat() if row is not None and row["last_source_at"] else None,
        "age_s": None if age_s is None else round(age_s, 1),
        **{name: 0 if row is None else row[name] for name in _COUNTS},
        "error": None if row is None else row["error"],
    }
