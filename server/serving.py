"""Granian in this process, on this event loop: a process that is killed leaves no child behind that holds the port."""

from __future__ import annotations

from fastapi import FastAPI
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.embed import Server
from starlette.types import Receive, Scope, Send

#: Where a request's scope keeps the server's own `send`, past every layer of the application.
STRAIGHT = "onemap.send"
#: More live streams than the hub ever gives out; it refuses the next one with a word.
STREAMS = 2048


class Serving:
    """The application on its address, from `run` until `stop`."""

    def __init__(self, app: FastAPI, *, host: str, port: int) -> None:
        self._app = app
        self._server = Server(
            self._request,
            address=host,
            port=port,
            interface=Interfaces.ASGI,
            websockets=False,
            # Granian takes no more requests at once than its backpressure, and a live stream is a request that never
            # ends: with the default of 128, as many open screens would shut the door to everybody else.
            backlog=1024,
            backpressure=STREAMS + 1024,
            log_access=False,
            log_level=LogLevels.error,
        )

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[STRAIGHT] = send
        await self._app(scope, receive, send)

    async def run(self) -> None:
        """Serve until `stop` is called."""
        await self._server.serve()

    def stop(self) -> None:
        """End the live streams, then the server. Called on the event loop.

        Granian waits for answers that are under way; a live stream would be under way for ever.
        """
        self._app.state.onemap.live.end_streams()
        self._server.stop()  # type: ignore[no-untyped-call]
