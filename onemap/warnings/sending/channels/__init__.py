"""Kinds of channels: one file each, and one line here."""

from __future__ import annotations

from onemap.warnings.sending.adapter import Adapter
from onemap.warnings.sending.channels import by_apprise, gateway, robot, webhook

ADAPTERS: tuple[Adapter, ...] = (
    webhook.ADAPTER,
    gateway.ADAPTER,
    robot.ADAPTER,
    by_apprise.ADAPTER,
)
BY_KIND: dict[str, Adapter] = {kind: adapter for adapter in ADAPTERS for kind in adapter.kinds}
