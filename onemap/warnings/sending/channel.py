"""Channels as staff declare them: added, changed, taken out of use, tried; what is secret is written and never read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from onemap.core.errors import BadInput, Conflict, NotFound
from onemap.store.db import Connection
from onemap.store.sqlfile import sql
from onemap.warnings.sending import circuit
from onemap.warnings.sending.adapter import Way
from onemap.warnings.sending.channels import BY_KIND
from onemap.warnings.timeline import plain

State = Literal["ok", "idle", "failing", "open", "off"]
_SPAN = re.compile(r"(\d{1,2})-(\d{1,2})")
_SHOWN = (
    "id", "team_key", "team_name", "kind", "title", "rank", "wait_s", "worst_level", "hours", "enabled", "queued",
    "oldest_queued_at", "dead", "last_ok_at", "last_error",
)  # fmt: skip


@dataclass(frozen=True)
class Spec:
    """A channel as it is asked for. An empty url or secret keeps the old one."""

    kind: str
    team_key: str | None = None
    title: str = ""
    url: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    rank: int = 1
    wait_s: float = 60.0
    worst_level: int = 4
    hours: str = "0-24"
    enabled: bool = True


def hour_bits(hours: str) -> int:
    """The hours of a day as bits: `8-18`, `22-6` over midnight, `8-12,14-18`. Raises BadInput (reason "hours")."""
    bits = 0
    for part in hours.split(","):
        found = _SPAN.fullmatch(part.strip())
        if found is None:
            raise BadInput(f"{hours[:40]!r}: hours are written 0-24, 8-18, 22-6 or 8-12,14-18.", reason="hours")
        first, end = int(found[1]), int(found[2])
        if first > 23 or end > 24 or first == end:
            raise BadInput(f"{hours[:40]!r}: hours go from 0 to 24.", reason="hours")
        span = range(first, end) if first < end else (*range(first, 24), *range(0, end))
        for hour in span:
            bits |= 1 << hour
    return bits


def channels(conn: Connection, channel_id: int | None = None) -> list[dict[str, Any]]:
    """Channels in use by team and rank, as the doors give them."""
    return [_shown(row) for row in conn.execute(sql("send_channels"), {"id": channel_id}).fetchall()]


def one(conn: Connection, channel_id: int) -> dict[str, Any]:
    """One channel. Raises NotFound."""
    found = channels(conn, channel_id)
    if not found:
        raise NotFound(f"There is no channel {channel_id}.", reason="channel")
    return found[0]


def add(conn: Connection, spec: Spec, zone: str) -> dict[str, Any]:
    """A new channel; its hours are those of `zone`. Raises BadInput."""
    if spec.kind == "live":
        raise BadInput("The live page is always there: it is not added.", reason="live")
    BY_KIND[spec.kind].check(Way(spec.kind, spec.url, spec.secret))
    row = conn.execute(
        "INSERT INTO channel (kind, url, secret) VALUES (%s, %s, %s) RETURNING id", (spec.kind, spec.url, spec.secret)
    ).fetchone()
    assert row is not None  # noqa: S101
    _write(conn, row["id"], spec, zone)
    return one(conn, row["id"])


def change(conn: Connection, channel_id: int, spec: Spec, zone: str) -> dict[str, Any]:
    """A channel as it is asked for now. Raises NotFound, BadInput, Conflict for another kind."""
    old = _locked(conn, channel_id)
    if spec.kind != old["kind"]:
        raise Conflict("A channel keeps its kind: add another one.", reason="kind")
    if spec.kind == "live":
        # Alerts always go to the live page, at once: it has a title to change and nothing else.
        conn.execute("UPDATE channel SET title = %s WHERE id = %s", (spec.title, channel_id))
        return one(conn, channel_id)
    BY_KIND[spec.kind].check(Way(spec.kind, spec.url or old["url"], spec.secret or old["secret"]))
    _write(conn, channel_id, spec, zone)
    mended(conn, channel_id)
    return one(conn, channel_id)


def mended(conn: Connection, channel_id: int) -> None:
    """The endpoint works again, or has another address: what waits goes out now."""
    conn.execute("UPDATE channel SET failures = 0, retry_at = NULL WHERE id = %s", (channel_id,))
    _hold(conn, channel_id)
    conn.execute("UPDATE delivery SET next_at = now() WHERE channel_id = %s AND state = 'queued'", (channel_id,))


def take_out(conn: Connection, channel_id: int) -> None:
    """Take a channel out of use; what waits for it becomes moot, its ledger stays. Raises NotFound, Conflict."""
    if _locked(conn, channel_id)["kind"] == "live":
        raise Conflict("The live page is always there.", reason="live")
    conn.execute("UPDATE channel SET deleted_at = now(), url = '', secret = '' WHERE id = %s", (channel_id,))
    _hold(conn, channel_id)
    conn.execute(
        "UPDATE delivery SET state = 'moot', error = 'The channel was taken out of use.' "
        "WHERE channel_id = %s AND state IN ('held', 'queued', 'sending')",
        (channel_id,),
    )


def way_of(conn: Connection, channel_id: int) -> Way:
    """What it takes to send by a channel. Raises NotFound; Conflict for the live page, which is not sent to."""
    row = conn.execute(
        "SELECT kind, url, secret FROM channel WHERE id = %s AND deleted_at IS NULL", (channel_id,)
    ).fetchone()
    if row is None:
        raise NotFound(f"There is no channel {channel_id}.", reason="channel")
    if row["kind"] == "live":
        raise Conflict("The live page is open or it is not: there is nothing to send.", reason="live")
    return Way(row["kind"], row["url"], row["secret"])


def _write(conn: Connection, channel_id: int, spec: Spec, zone: str) -> None:
    conn.execute(
        sql("send_channel_write"),
        {
            "id": channel_id, "team_key": spec.team_key or None, "title": spec.title, "url": spec.url,
            "secret": spec.secret, "rank": spec.rank, "wait_s": spec.wait_s, "worst_level": spec.worst_level,
            "hours": spec.hours, "hour_bits": hour_bits(spec.hours), "zone": zone, "enabled": spec.enabled,
        },
    )  # fmt: skip


def _locked(conn: Connection, channel_id: int) -> dict[str, Any]:
    row = conn.execute(
        "SELECT kind, url, secret FROM channel WHERE id = %s AND deleted_at IS NULL FOR NO KEY UPDATE", (channel_id,)
    ).fetchone()
    if row is None:
        raise NotFound(f"There is no channel {channel_id}.", reason="channel")
    return row


def _hold(conn: Connection, channel_id: int) -> None:
    """Lock what waits for a channel in the order of ids, as everybody does who locks several deliveries."""
    conn.execute(
        "SELECT id FROM delivery WHERE channel_id = %s AND state IN ('held', 'queued', 'sending') "
        "ORDER BY id FOR NO KEY UPDATE",
        (channel_id,),
    )


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    shown = "" if row["kind"] == "live" else BY_KIND[row["kind"]].shown(row["url"])
    out = {name: row[name] for name in _SHOWN} | {
        "url": "",
        "secret": "",
        "url_shown": shown,
        "state": _state(row),
        "retry_at": row["retry_at"] if row["failures"] else None,
    }
    return plain(out)


def _state(row: Mapping[str, Any]) -> State:
    if not row["enabled"]:
        return "off"
    if row["kind"] == "live":
        return "ok"
    if row["failures"] >= circuit.OPEN_AFTER:
        return "open" if row["waiting"] else "failing"
    if row["failures"]:
        return "failing"
    return "ok" if row["last_ok_at"] else "idle"
