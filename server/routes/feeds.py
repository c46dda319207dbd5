"""Feeds: how they are, what is pushed into them, and what could not be taken."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from etl import status
from etl.feeds import BY_NAME as FEEDS
from etl.pipeline import Receipt
from onemap.core.errors import Forbidden, NotFound
from onemap.core.policy import Grant, Right
from onemap.store.sqlfile import sql
from server import models, sight
from server.answer import Json
from server.auth import Signed, require
from server.state import State, state_of

router = APIRouter(tags=["feeds"])

Operator = Annotated[Grant, Depends(require(Right.QUARANTINE))]
_BYTES = {"requestBody": {"required": True, "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}}


@router.get("/feeds", responses={200: {"model": list[models.FeedStatus]}})
def feeds(request: Request, grant: Annotated[Grant, Depends(require(Right.FEEDS_SEE))]) -> Response:
    """How every feed is: its age, counts (null for who may not know exact counts) and last error."""
    with state_of(request).reading() as conn:
        return Json([sight.feed_for(one, grant) for one in status.feed_status(conn)])


@router.post("/feeds/{feed}", responses={200: {"model": models.Receipt}}, openapi_extra=_BYTES)
async def push(feed: str, request: Request, grant: Signed) -> Response:
    """Take bytes into a feed. What is answered here is committed; what could not be read is in quarantine.

    For operators, and for API keys that name the feed. The same bytes again change nothing.
    """
    spec = FEEDS.get(feed)
    if not (grant.can(Right.FEEDS_PUSH) or feed in grant.feeds):
        raise Forbidden("This asker may not push into that feed.")
    if spec is None or not spec.pushed:
        raise NotFound(f"There is no feed {feed[:60]!r} that takes pushed data.", reason="feed")
    body = await request.body()
    media_type = request.headers.get("content-type", "")[:200]
    receipt = await run_in_threadpool(_receive, state_of(request), feed, body, media_type, grant)
    return Json(_receipt(receipt))


@router.get("/quarantine", responses={200: {"model": list[models.Quarantined]}})
def quarantine(
    request: Request,
    _: Operator,
    feed: Annotated[str | None, Query(description="Of this feed alone.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """Records that could not be taken and were not replayed yet, newest first, each with its reason."""
    with state_of(request).reading() as conn:
        return Json(conn.execute(sql("quarantine_list"), {"feed": feed, "limit": limit}).fetchall())


@router.post("/quarantine/{quarantine_id}/replay", responses={200: {"model": models.Receipt}})
def replay(quarantine_id: Annotated[int, Path(ge=1, lt=2**63)], request: Request, grant: Operator) -> Response:
    """Run a record again through the present mapping and checks."""
    state = state_of(request)
    with state.sync_pool.connection() as conn:
        return Json(_receipt(state.pipeline.replay(conn, quarantine_id, grant.subject)))


def _receive(state: State, feed: str, body: bytes, media_type: str, grant: Grant) -> Receipt:
    with state.sync_pool.connection() as conn:
        return state.pipeline.receive(
            conn, FEEDS[feed], body, source=f"push:{grant.subject}", media_type=media_type, actor=grant.subject
        )


def _receipt(receipt: Receipt) -> dict[str, Any]:
    return {name: getattr(receipt, name) for name in models.Receipt.model_fields}
