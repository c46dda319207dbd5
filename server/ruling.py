"""What rules know of the rest of the house: the feeds there are with their limits, and the heat surfaces."""

from __future__ import annotations

from etl.feeds import FEEDS
from onemap.heat import service as heat
from onemap.warnings.rules.around import Around, FeedLimits


def around(zone: str) -> Around:
    """The feeds, surfaces and city clock that rules may name."""
    feeds = {
        feed.name: FeedLimits(feed.title.zh, feed.title.en, feed.expected_every_s, feed.stale_after_s) for feed in FEEDS
    }
    return Around(zone, feeds, frozenset(spec.name for spec in heat.surfaces()))
