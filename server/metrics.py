"""What the server counts of itself, in a registry of its own application's (prometheus text form)."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


class Metrics:
    """Every measure of the doors and of the live stream."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=True)
        self.requests = Counter(
            "onemap_requests_total", "Requests answered.", ["method", "route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "onemap_request_seconds", "Time to the first byte.", ["route"], buckets=_SECONDS, registry=self.registry
        )
        self.live_subscribers = Gauge("onemap_live_subscribers", "Open live streams.", registry=self.registry)
        self.live_groups = Gauge(
            "onemap_live_groups", "Different grants among the open live streams.", registry=self.registry
        )
        self.live_changes = Counter(
            "onemap_live_changes_total", "Changes read from the log.", ["layer"], registry=self.registry
        )
        self.live_sent = Counter("onemap_live_events_total", "Events queued for streams.", registry=self.registry)
        self.live_lag = Histogram(
            "onemap_live_lag_seconds",
            "From a change's statement to its event in the streams' queues.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.live_dropped = Counter(
            "onemap_live_dropped_total", "Events dropped because a stream was too slow.", registry=self.registry
        )
        self.live_resets = Counter(
            "onemap_live_resets_total", "Streams told to load anew.", ["reason"], registry=self.registry
        )
        self.live_connected = Gauge(
            "onemap_live_connected", "1 while the change log is being followed.", registry=self.registry
        )
        self.sign_ins = Counter("onemap_sign_ins_total", "Sign-ins tried.", ["result"], registry=self.registry)
        self.database = Gauge(
            "onemap_pool_connections", "Database connections of the pools.", ["pool", "state"], registry=self.registry
        )
        self.feed_age = Gauge(
            "onemap_feed_age_seconds", "Since a feed last brought something.", ["feed"], registry=self.registry
        )
        self.feed_counts = Gauge(
            "onemap_feed_records", "Records of a feed since it began.", ["feed", "what"], registry=self.registry
        )
        self.follower_behind = Gauge(
            "onemap_consumer_idle_seconds",
            "Since a consumer of the change log last moved.",
            ["consumer"],
            registry=self.registry,
        )
        self.tiles = Gauge(
            "onemap_tile_fetches", "Tile fetches since the start, by what they came to.", ["result"],
            registry=self.registry,
        )  # fmt: skip
        self.tile_bytes = Gauge("onemap_tile_cache_bytes", "Compressed tiles kept in memory.", registry=self.registry)
        self.cube_bytes = Gauge(
            "onemap_cube_bytes", "Counted events in memory, all resolutions made so far.", ["surface"],
            registry=self.registry,
        )  # fmt: skip
        self.cube_load = Gauge(
            "onemap_cube_load_seconds", "What the last load of the counted events took.", ["surface"],
            registry=self.registry,
        )  # fmt: skip
        self.deliveries = Gauge(
            "onemap_deliveries", "Deliveries of the last 48 hours and all that wait.", ["kind", "state"],
            registry=self.registry,
        )  # fmt: skip
        self.delivery_age = Gauge(
            "onemap_delivery_oldest_seconds", "Age of the oldest delivery that waits.", ["kind"], registry=self.registry
        )
        self.delivery_dead = Gauge(
            "onemap_deliveries_dead_unseen", "Dead letters that nobody has seen.", ["kind"], registry=self.registry
        )
        self.channels = Gauge("onemap_channels", "Channels by how they are.", ["kind", "state"], registry=self.registry)
        self.calls = Gauge(
            "onemap_calls", "Grids of open ladders by how they stand; drills apart.", ["state"], registry=self.registry
        )
        self.calls_unanswered = Gauge(
            "onemap_calls_unanswered", "Grids where nobody answered on any rung.", registry=self.registry
        )
        self.answer_seconds = Gauge(
            "onemap_call_answer_seconds",
            "From a call to its answer in the last day, by quantile.",
            ["quantile"],
            registry=self.registry,
        )

        self.plan_edits = Counter(
            "onemap_plan_edits_total", "Edits of plans asked for, by what they came to.", ["op", "result"],
            registry=self.registry,
        )  # fmt: skip
        self.plan_edit_seconds = Histogram(
            "onemap_plan_edit_seconds", "From an edit's arrival to its answer, saved.", ["op"], buckets=_SECONDS,
            registry=self.registry,
        )  # fmt: skip
        self.plan_workspaces = Gauge("onemap_plan_workspaces", "Plans held in memory.", registry=self.registry)

    def text(self) -> bytes:
        """The present values in the prometheus text form."""
        return generate_latest(self.registry)
