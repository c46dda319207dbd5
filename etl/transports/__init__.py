"""How bytes get here. Every transport acknowledges, moves or forgets only what has been committed."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Protocol

from etl.feed import FeedSpec
from etl.pipeline import Pipeline
from etl.transports.drop import DropTransport
from etl.transports.mqtt import MqttTransport
from etl.transports.pull import PullTransport
from onemap.core.settings import Settings


class Transport(Protocol):
    """Something that runs in a thread of the worker until it is told to stop."""

    @property
    def name(self) -> str:
        """A name for logs and metrics."""
        ...

    def run(self, stop: threading.Event) -> None:
        """Take in payloads until `stop` is set; what fails is tried again, nothing ends this but `stop`."""
        ...


def transports_of(settings: Settings, feeds: Sequence[FeedSpec], pipeline: Pipeline) -> list[Transport]:
    """Return the transports that the settings turn on, for the feeds that use them."""
    found: list[Transport] = []
    subscribed = [feed for feed in feeds if feed.topics]
    if settings.mqtt.host and subscribed:
        found.append(MqttTransport(settings, subscribed, pipeline))
    pulled = {
        "geohazard": (settings.feeds.geohazard_url, settings.feeds.geohazard_every_s),
        "cap": (settings.feeds.cap_url, settings.feeds.cap_every_s),
    }
    for feed in feeds:
        url, every_s = pulled.get(feed.name, ("", 0.0))
        if feed.pulled and url:
            found.append(PullTransport(settings, feed, pipeline, url=url, every_s=every_s))
        if feed.dropped and settings.feeds.drop_folder is not None:
            found.append(DropTransport(settings, feed, pipeline, folder=settings.feeds.drop_folder))
    return found


__all__ = ["DropTransport", "MqttTransport", "PullTransport", "Transport", "transports_of"]
