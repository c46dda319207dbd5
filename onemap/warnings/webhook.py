"""The HTTP side of a webhook: one POST with time limits, no redirects, and no exception whatever the endpoint does."""

from __future__ import annotations

import time

import httpx

from onemap.warnings.delivery import Response, WebhookRequest

TIMEOUT = httpx.Timeout(10.0, connect=5.0)
#: An endpoint that trickles its answer meets this bound; the limits above are only between two bytes.
ANSWER_S = 15.0


def send(request: WebhookRequest, *, timeout: httpx.Timeout | float = TIMEOUT) -> Response:
    """Send one request. No answer, a refused connection or a redirect comes back as a Response, never as an error."""
    try:
        # Environment proxies are left aside: alerts go where the operator said, and nowhere else.
        with (
            httpx.Client(timeout=timeout, follow_redirects=False, trust_env=False) as client,
            client.stream("POST", request.url, headers=request.headers, content=request.body) as answer,
        ):
            until = time.monotonic() + ANSWER_S
            for _ in answer.iter_raw():
                if time.monotonic() > until:
                    break
            if answer.is_redirect:
                return Response(answer.status_code, "The endpoint redirects; alerts are not sent elsewhere.")
            return Response(answer.status_code, "" if answer.is_success else f"HTTP {answer.status_code}")
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        return Response(0, f"{type(error).__name__}: {error}")
