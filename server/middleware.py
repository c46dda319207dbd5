"""What every request passes: an id, log, counts, security headers, a bound on its body, a net for the unforeseen."""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
import time
from typing import Any

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from onemap.core.errors import TooLarge
from onemap.core.settings import Settings
from server.errors import answer, unexpected
from server.metrics import Metrics
from server.plan_files import FORM_BYTES

access = structlog.get_logger("onemap.access")

CSP = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; worker-src 'self' blob:; "
    "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(self)",
}
BODY_BYTES = 1024 * 1024
_DRAIN_BYTES = 16 * 1024 * 1024
_DRAIN_S = 5.0
REPORT_BYTES = 6 * 1024 * 1024  # a photo of 5 MB, the note and the form around them
_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
# Tiles and health checks come by the thousand: they are in the metrics, and in the log when it is set to debug.
_QUIET = ("/tiles/", "/health", "/metrics", "/assets/")


class Edge:
    """The outermost layer of the application; what it answers itself has the same headers as everything else."""

    def __init__(self, app: ASGIApp, *, settings: Settings, metrics: Metrics) -> None:
        self._app = app
        self._settings = settings
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if _GIVEN_ID.fullmatch(given) else secrets.token_hex(8)
        # Not the dict the server shares between requests: what one request notes is its own.
        scope["state"] = {**scope.get("state", {}), "request_id": request_id}
        began = time.perf_counter()
        status = 0
        first_byte_s = 0.0

        async def sending(message: Message) -> None:
            nonlocal status, first_byte_s
            if message["type"] == "http.response.start":
                status = message["status"]
                first_byte_s = time.perf_counter() - began
                out = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    out.setdefault(name, value)
                out["X-Request-Id"] = request_id
            await send(message)

        try:
            try:
                receiving = self._bounded(scope, headers, receive)
                await self._app(scope, receiving, sending)
            except TooLarge as error:
                if status:
                    raise
                await _drain(receive)
                await answer(request_id, error)(scope, receive, sending)
        except Exception:
            access.exception("unexpected error", request_id=request_id, path=scope["path"])
            if status:
                raise  # the answer has begun: only breaking it off tells the client
            await unexpected(request_id)(scope, receive, sending)
        finally:
            self._note(scope, status, first_byte_s, time.perf_counter() - began)

    def _bounded(self, scope: Scope, headers: Headers, receive: Receive) -> Receive:
        limit = self._limit(scope)
        length = headers.get("content-length", "0")
        if length.isdigit() and int(length) > limit:
            raise TooLarge(f"This door takes {limit} bytes at most.")
        taken = 0

        async def receiving() -> Message:
            nonlocal taken
            message = await receive()
            if message["type"] == "http.request":
                taken += len(message.get("body", b""))
                if taken > limit:
                    raise TooLarge(f"This door takes {limit} bytes at most.")
            return message

        return receiving

    def _limit(self, scope: Scope) -> int:
        path: str = scope["path"]
        if path.startswith("/feeds/"):
            return self._settings.feeds.max_payload_bytes
        if path.startswith("/alerts/") and path.endswith("/report"):
            return REPORT_BYTES
        if path == "/plan-imports":
            return FORM_BYTES
        return BODY_BYTES

    def _note(self, scope: Scope, status: int, first_byte_s: float, whole_s: float) -> None:
        route = scope.get("route")
        template = getattr(route, "path", "") or "unknown"
        self._metrics.requests.labels(scope["method"], template, str(status)).inc()
        self._metrics.seconds.labels(template).observe(first_byte_s)
        state: dict[str, Any] = scope["state"]
        path: str = scope["path"]
        # The path without its query: nothing that was typed into a form, no key and no token is ever in the log.
        write = access.debug if status < 400 and path.startswith(_QUIET) else access.info
        write(
            "request",
            method=scope["method"],
            path=path,
            status=status,
            ms=round(whole_s * 1000, 1),
            subject=state.get("subject", ""),
            problem=state.get("problem", ""),
            request_id=state["request_id"],
        )


async def _drain(receive: Receive) -> None:
    """Let a body that is refused run out, within bounds: cut off while it sends, a client never reads the answer."""
    taken = 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_DRAIN_S):
            while taken < _DRAIN_BYTES:
                message = await receive()
                if message["type"] != "http.request" or not message.get("more_body", False):
                    return
                taken += len(message.get("body", b""))
