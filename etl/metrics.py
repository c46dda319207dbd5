"""What the feeds count, for Prometheus."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

RECORDS = Counter("onemap_feed_records_total", "Records by what became of them.", ["feed", "result"])
LATENCY = Histogram(
    "onemap_feed_latency_seconds",
    "From a source's own time to the commit that stored it.",
    ["feed"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600, 86400),
)
BATCH = Histogram("onemap_feed_batch_seconds", "Length of one transaction of a feed.", ["feed"])
TRANSPORT = Counter("onemap_transport_events_total", "What a transport met.", ["transport", "event"])
UP = Gauge("onemap_transport_up", "Whether a transport's source answers.", ["transport"])
