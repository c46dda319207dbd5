"""The live stream (Server-Sent Events): every change as it is committed, resumable by Last-Event-ID."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import StreamingResponse

from onemap.core.errors import BadInput, NotFound, NotSignedIn
from onemap.store.account import Asker
from onemap.store.changelog import Mark
from server.auth import current_asker
from server.state import State, state_of

router = APIRouter(tags=["live"])

_EVENTS = """A stream of events. `change`: {"layer","op":"upsert"|"delete","key","id","at","feature":GeoJSON|null};
`alert`: an alert in its new state (a team hears its own, command all); `feed`: a feed's status when its state changes;
`heat`: {"surface","at"} when a surface's values changed, at most once a second each;
`reset`: load everything anew, what follows is complete again. The id of an event is where to resume after it."""


@router.get(
    "/live",
    response_class=StreamingResponse,
    responses={200: {"description": _EVENTS, "content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def live(
    request: Request,
    asker: Annotated[Asker, Depends(current_asker)],
    layers: Annotated[str | None, Query(description="Layers, comma separated; none: every live layer.")] = None,
    last_event_id: Annotated[str | None, Header(description="The id of the last event that was seen.")] = None,
) -> StreamingResponse:
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

    return StreamingResponse(
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
