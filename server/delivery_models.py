"""The shapes of channels, deliveries and warning messages, for the API's description; see server/models.py."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from server.models import Level, Model

ChannelKind = Literal["live", "webhook", "dingtalk", "wecom", "feishu", "sms", "email", "voice", "apprise"]
DeliveryState = Literal["held", "queued", "sending", "delivered", "received", "dead", "moot"]


class ChannelSpec(Model):
    """A way to reach a team: its duty phone, group robot or system; never a person's."""

    team_key: str | None = Field(None, description="Empty: alerts of all teams.")
    kind: ChannelKind
    title: str = Field("", max_length=100)
    url: str = Field("", max_length=2000, description="Webhook URL, or Apprise URL. Written, never read back.")
    secret: str = Field("", max_length=500, description="Signs webhooks and checks receipts. Never read back.")
    rank: int = Field(1, ge=1, le=9, description="1 goes at once, the next after wait_s without an answer.")
    wait_s: float = Field(60, ge=0, le=86_400)
    worst_level: Level = Field(4, description="Used for this level and worse ones.")
    hours: str = "0-24"
    enabled: bool = True


class Channel(ChannelSpec):
    """A channel as it stands."""

    id: int
    team_name: str | None
    url_shown: str = Field(description="Without what is secret in it.")
    state: Literal["ok", "idle", "failing", "open", "off"] = Field(
        description="open: it failed so often that only a probe goes out until retry_at."
    )
    queued: int
    oldest_queued_at: datetime | None
    dead: int
    last_ok_at: datetime | None
    last_error: str | None
    retry_at: datetime | None


class Delivery(Model):
    """One line of the ledger."""

    id: int
    alert_id: int
    warning_key: str
    team_key: str
    team_name: str | None
    level: Level
    title: str
    drill: bool
    channel_id: int | None
    kind: ChannelKind
    idempotency_key: str
    state: DeliveryState
    attempts: int
    created_at: datetime
    next_at: datetime | None
    sent_at: datetime | None
    delivered_at: datetime | None
    received_at: datetime | None = Field(description="When the receiver's receipt came.")
    receipt: str | None
    error: str | None


class DeliverySummary(Model):
    """The ledger at a glance."""

    states: dict[str, int] = Field(description="Deliveries of the last 48 hours by state.")
    backlog: int
    oldest_queued_at: datetime | None
    dead_unseen: int
    channels: list[Channel]


class Seen(Model):
    """How many dead letters were new to the staff."""

    seen: int


class ReceiptIn(Model):
    """What a gateway says later of a message it took; signed like the message was."""

    idempotency_key: str = Field(max_length=200)
    state: Literal["received", "read", "failed"]
    at: datetime | None = None
    note: str = Field("", max_length=500)


class TestSent(Model):
    """What came of a test message."""

    ok: bool
    status: int
    error: str
    took_ms: float


class Message(Model):
    """A warning as it was told at one instant; never changed after."""

    identifier: str
    warning_key: str
    what: Literal["alert", "update", "upgrade", "downgrade", "cancel", "expire"]
    msg_type: Literal["Alert", "Update", "Cancel"]
    status: Literal["Actual", "Exercise", "Test"]
    sender: str
    sent: datetime
    expires: datetime
    level: Level
    title: str
    text: str
    references: list[str]
    sha256: str
    cap: str = Field(description="Path of the signed CAP 1.2 message.")


class Episode(Model):
    """Similar warnings of one storm: one banner."""

    key: str
    kind: str
    title: str
    level: Level
    drill: bool
    began_at: datetime
    changed_at: datetime
    warnings: list[str]
    unconfirmed: int
    unanswered: int = Field(description="Warnings in which a grid has no answer on any rung.")
    households: int | None
    residents: int | None
    bbox: list[float]


class Raise(Model):
    """A warning raised by hand."""

    level: Level
    kind: str = "other"
    name: str = Field(min_length=1, max_length=80)
    text: str = Field(max_length=500)
    geometry: dict[str, Any] | None = Field(None, description="GeoJSON polygon; or one of the two below.")
    hazard_key: str | None = None
    area_code: str | None = None
    valid_h: float = Field(24, gt=0, le=240)
    onset_at: datetime | None = None
    actions: str = Field("", max_length=1000)
    drill: bool = False


class Cancel(Model):
    """Why a warning is withdrawn."""

    reason: str = Field(min_length=1, max_length=300)


class Imported(Model):
    """What became of a CAP message."""

    identifier: str
    status: str
    msg_type: str
    stored: bool
    warnings: list[str]
    note: str
