"""Every feed of the map. A new one is one file here and one line in FEEDS."""

from __future__ import annotations

from etl.feed import FeedSpec
from etl.feeds import cap, drone, fix, geohazard, incident, iot

FEEDS: tuple[FeedSpec, ...] = (
    iot.FEED,
    geohazard.FEED,
    incident.FEED,
    drone.FEED,
    fix.FEED,
    cap.FEED,
)

BY_NAME: dict[str, FeedSpec] = {feed.name: feed for feed in FEEDS}
