"""A feed fetched by URL at intervals: conditional, bounded, with back-off, and given up when refused for good."""

from __future__ import annotations

import random
import threading
import time

import httpx
import structlog

from etl import metrics
from etl.feed import FeedSpec
from etl.pipeline import Pipeline, Receipt
from etl.status import record_error, record_seen
from etl.transports.outage import Outage
from etl.transports.store import Store
from onemap.core.errors import FeedRefused, FeedUnavailable, TooLarge
from onemap.core.settings import Settings
from onemap.store.db import dsn_of

log = structlog.get_logger(__name__)

_LIMIT = httpx.Timeout(10.0, connect=5.0)
_WHOLE_S = 60.0
_REFUSALS = frozenset({401, 403, 410})
# A refusal is asked again now and then: keys are renewed and services come back, but nobody is hammered.
_REFUSED_S = 600.0


class PullTransport:
    """Pulls one feed from one URL."""

    def __init__(
        self,
        settings: Settings,
        feed: FeedSpec,
        pipeline: Pipeline,
        *,
        url: str,
        every_s: float,
        refused_s: float = _REFUSED_S,
    ) -> None:
        self._feed, self._pipeline, self._url = feed, pipeline, url
        self._every_s, self._refused_s = every_s, refused_s
        self._bytes = settings.feeds.max_payload_bytes
        self._outage = Outage(self.name, first_s=min(1.0, every_s))
        self._store = Store(dsn_of(settings), self.name)
        self._etag: str | None = None
        self._modified: str | None = None

    @property
    def name(self) -> str:
        """A name for logs and metrics."""
        return f"pull.{self._feed.name}"

    def run(self, stop: threading.Event) -> None:
        """Pull until `stop`."""
        with httpx.Client(timeout=_LIMIT, follow_redirects=True, max_redirects=3) as client:
            while not stop.is_set():
                wait_s = self._every_s * random.uniform(0.95, 1.05)  # noqa: S311
                try:
                    self.pull(client, stop)
                    if self._outage.worked():
                        self._tell(None, stop)
                except FeedRefused as exc:
                    self._failed(exc.message, stop)
                    wait_s = self._refused_s
                except (FeedUnavailable, TooLarge) as exc:
                    self._failed(exc.message, stop)
                    wait_s = self._outage.wait_s
                stop.wait(wait_s)
        self._store.close()

    def pull(self, client: httpx.Client, stop: threading.Event) -> Receipt | None:
        """Fetch once and take what is new; None when there is nothing new.

        Raises FeedUnavailable, FeedRefused, TooLarge.
        """
        fetched = self._fetch(client)
        if fetched is None:
            metrics.TRANSPORT.labels(self.name, "not-modified").inc()
            self._store.until_done(lambda conn: record_seen(conn, self._feed), stop)
            return None
        body, response = fetched
        media = response.headers.get("content-type", "")
        receipt = self._store.until_done(
            lambda conn: self._pipeline.receive(conn, self._feed, body, source=self._url, media_type=media), stop
        )
        if receipt is not None:
            # Only what has been committed may be called "seen" in the next request.
            self._etag = response.headers.get("etag")
            self._modified = response.headers.get("last-modified")
            metrics.TRANSPORT.labels(self.name, "payload").inc()
        return receipt

    def _fetch(self, client: httpx.Client) -> tuple[bytes, httpx.Response] | None:
        headers = {"accept": "application/json, */*;q=0.1"}
        if self._etag:
            headers["if-none-match"] = self._etag
        elif self._modified:
            headers["if-modified-since"] = self._modified
        until = time.monotonic() + _WHOLE_S
        try:
            with client.stream("GET", self._url, headers=headers) as response:
                if response.status_code == 304:
                    return None
                if response.status_code in _REFUSALS:
                    raise FeedRefused(f"The source answers {response.status_code}; is its address and key right?")
                if response.status_code != 200:
                    raise FeedUnavailable(f"The source answers {response.status_code}.")
                body = bytearray()
                for piece in response.iter_bytes():
                    body += piece
                    if len(body) > self._bytes:
                        raise TooLarge(f"The source sends more than {self._bytes} bytes.")
                    if time.monotonic() > until:
                        raise FeedUnavailable(f"The source sends for more than {_WHOLE_S:g} s.")
                return bytes(body), response
        except httpx.InvalidURL as exc:
            raise FeedRefused(f"The address of the feed is none: {exc}.") from exc
        except httpx.HTTPError as exc:
            raise FeedUnavailable(f"The source does not answer: {type(exc).__name__} {exc}".strip()) from exc

    def _failed(self, error: str, stop: threading.Event) -> None:
        if self._outage.failed(error):
            self._tell(error, stop)

    def _tell(self, error: str | None, stop: threading.Event) -> None:
        """Enter the outage, or its end, in the feed's state: the map shows it."""
        self._store.until_done(lambda conn: record_error(conn, self._feed, error), stop)
