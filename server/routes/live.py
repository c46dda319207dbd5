"""The live stream (Server-Sent Events): every change as it is committed, resumable by Last-Event-ID."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from onemap.core.errors import BadInput, NotFound, NotSignedIn
from onemap.store.account import Asker
from onemap.store.changelog import Mark
from server.auth import current_asker
from server.serving import STRAIGHT
from server.state import State, state_of

router = APIRouter(tags=["live"])


class Stream(StreamingResponse):
    """A stream that a task of its own sends, straight to the server.

    Starlette's own resumes through every layer of the application at every chunk, for every screen: with a thousand
    screens that is most of the way from a commit to the last of them. The head and the first chunk pass the layers.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the stream ends or the client has left."""
        chunks = aiter(self.body_iterator)
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        first = await anext(chunks, b"")
        await send({"type": "http.response.body", "body": first, "more_body": True})
        straight: Send = scope.get(STRAIGHT, send)

        async def send_all() -> None:
            async for chunk in chunks:
                await straight({"type": "http.response.body", "body": chunk, "more_body": True})
            await straight({"type": "http.response.body", "body": b"", "more_body": False})

        async def watch() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass

        tasks = asyncio.create_task(send_all()), asyncio.create_task(watch())
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            sent, _ = await asyncio.gather(*tasks, return_exceptions=True)
            if isinstance(chunks, AsyncGenerator):
                await chunks.aclose()
        if isinstance(sent, Exception):
            raise sent


_EVENTS = """A stream of events. `change`: {"layer","op":"upsert"|"delete","key","id","at","feature":GeoJSON|null};
`alert`: an alert in its new state (a team hears its own, command all); `feed`: a feed's status when its state changes;
`heat`: {"surface","at"} when a surface's values changed, at most once a second each;
`reset`: load everything anew, what follows is complete again. The id of an event is where to resume after it."""


@router.get(
    "/live",
    response_class=Stream,
    responses={200: {"description": _EVENTS, "content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def live(
    request: Request,
    asker: Annotated[Asker, Depends(current_asker)],
    layers: Annotated[str | None, Query(description="Layers, comma separated; none: every live layer.")] = None,
    last_event_id: Annotated[str | None, Header(description="The id of the last event that was seen.")] = None,
) -> Response:
    """Changes of the asked layers, alerts, feeds and surfaces, as they are committed."""
    state = state_of(request)
    wanted = _layers(state, asker, layers)
    after = None
    if last_event_id:
        after = Mark.parse(last_event_id)
        if after is None:
            raise BadInput("Last-Event-ID is not one of ours.", reason="last-event-id")

    async def recheck() -> Asker | None:
        try:
            return await current_asker(request)
        except NotSignedIn:
            return None

    return Stream(
        state.live.stream(asker, wanted, after, recheck),
        media_type="text/event-stream",
        # No proxy may keep, compress or hold back what is sent.
        headers={"Cache-Control": "no-cache, no-store, no-transform", "X-Accel-Buffering": "no"},
    )


def _layers(state: State, asker: Asker, text: str | None) -> frozenset[str]:
    visible = state.live.visible_layers(asker.grant)
    if text is None:
        return visible
    wanted = frozenset(name for name in text.split(",") if name)
    # A layer that is not streamed, not there, or not the asker's to see: one answer for all three.
    for name in sorted(wanted - visible):
        raise NotFound(f"There is no live layer {name[:60]!r}.")
    return wanted
