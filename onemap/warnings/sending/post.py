"""The HTTP side of sending: one POST within limits, no redirects, and no exception whatever the endpoint does."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx

from onemap.core.errors import BadInput

CONNECT_S, READ_S = 5.0, 10.0
#: An endpoint that trickles its answer meets this bound; the limits above are only between two bytes.
ANSWER_S = 15.0
ANSWER_BYTES = 64 * 1024
LONGEST_RETRY_AFTER_S = 3600.0


@dataclass(frozen=True)
class Reply:
    """What came back: a status, or 0 with the error when there was no answer; the beginning of the body."""

    status: int
    error: str = ""
    retry_after_s: float | None = None
    body: bytes = field(default=b"", repr=False)


class Post:
    """Connections that are kept for the next letter. Any number of threads may share one."""

    def __init__(self, *, connections: int = 256, read_s: float = READ_S) -> None:
        # Environment proxies are left aside: alerts go where the operator said, and nowhere else.
        self._client = httpx.Client(
            timeout=httpx.Timeout(read_s, connect=min(CONNECT_S, read_s)),
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=64, keepalive_expiry=20),
            follow_redirects=False,
            trust_env=False,
        )

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Send one request. No answer, a refused connection or a redirect comes back as a Reply, never as an error."""
        try:
            with self._client.stream("POST", url, headers={"User-Agent": "onemap", **headers}, content=body) as answer:
                until, kept = time.monotonic() + ANSWER_S, b""
                for chunk in answer.iter_bytes():
                    kept += chunk
                    if time.monotonic() > until or len(kept) > ANSWER_BYTES:
                        break
                error = "" if answer.is_success else f"HTTP {answer.status_code}"
                if answer.is_redirect:
                    error += ": the endpoint redirects; alerts are not sent elsewhere"
                return Reply(answer.status_code, error, _retry_after(answer.headers.get("retry-after")), kept)
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError, ValueError) as error:
            return Reply(0, f"{type(error).__name__}: {error}"[:500])

    def close(self) -> None:
        """Close the kept connections."""
        self._client.close()


def check_url(url: str) -> None:
    """Whether letters may be posted there. Raises BadInput (reason "url")."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise BadInput("This is no URL.", reason="url") from None
    if parts.scheme not in ("http", "https") or not host:
        raise BadInput("An http or https URL with a host is needed.", reason="url")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return
    # Gateways live on private networks and on this machine; a link-local address is a cloud's own metadata service.
    if address.is_link_local or address.is_multicast or address.is_unspecified:
        raise BadInput("Nothing is sent to link-local, multicast or unspecified addresses.", reason="url")


def shown_url(url: str) -> str:
    """Scheme, host and port: tokens stand in paths and queries."""
    parts = urlsplit(url)
    host = parts.hostname or "?"
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}{port}{'/…' if parts.path.strip('/') or parts.query else ''}"


def _retry_after(value: str | None) -> float | None:
    """Seconds of a Retry-After header (RFC 9110, 10.2.3), an hour at most; None for anything that is none."""
    if not value:
        return None
    try:
        wait_s = float(value) if value.isdigit() else (_date(value) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return None
    return min(max(wait_s, 0.0), LONGEST_RETRY_AFTER_S)


def _date(value: str) -> datetime:
    found = parsedate_to_datetime(value)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
