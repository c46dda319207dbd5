"""The delivery ledger and its channels: the operator's page, and receipts of gateways."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from onemap.core.errors import Forbidden, NotFound
from onemap.core.policy import Grant, Right
from onemap.layers import BY_NAME
from onemap.store.db import Connection
from onemap.store.within import keys_within
from onemap.warnings.sending import channel as ways
from onemap.warnings.sending import ledger, receipt
from onemap.warnings.sending.adapter import Letter
from onemap.warnings.sending.channels import BY_KIND
from onemap.warnings.sending.post import Post
from server.answer import Json
from server.auth import require
from server.delivery_models import (
    Channel,
    ChannelSpec,
    Delivery,
    DeliveryState,
    DeliverySummary,
    ReceiptIn,
    Seen,
    TestSent,
)
from server.state import state_of

router = APIRouter(tags=["deliveries"])

Reader = Annotated[Grant, Depends(require(Right.LEDGER_SEE))]
Operator = Annotated[Grant, Depends(require(Right.CHANNELS_EDIT))]
Identifier = Annotated[int, Path(ge=1, lt=2**63)]
RECEIPT_BYTES = 16 * 1024
_RECEIPT_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": ReceiptIn.model_json_schema()}},
    }
}


@router.get("/deliveries/summary", responses={200: {"model": DeliverySummary}})
def summary(request: Request, grant: Reader) -> Response:
    """States, backlog, dead letters, and how every channel is."""
    with state_of(request).reading() as conn:
        told = ledger.summary(conn, area_wkb=grant.area_wkb)
        return Json(told | {"channels": _mine(conn, ways.channels(conn), grant)})


@router.get("/deliveries", responses={200: {"model": list[Delivery]}})
def listed(
    request: Request,
    grant: Reader,
    state: Annotated[DeliveryState | None, Query()] = None,
    channel: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
    alert: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
    warning: Annotated[str | None, Query(max_length=200)] = None,
    before: Annotated[int | None, Query(ge=1, lt=2**63, description="Only ids below this, for the next page.")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """The ledger, newest first."""
    with state_of(request).reading() as conn:
        found = ledger.deliveries(
            conn, area_wkb=grant.area_wkb, limit=limit,
            state=state, channel=channel, alert=alert, warning=warning, before=before,
        )  # fmt: skip
    return Json(found)


@router.post("/deliveries/{delivery_id}/retry", responses={200: {"model": Delivery}})
def retry(delivery_id: Identifier, request: Request, grant: Operator) -> Response:
    """Queue a dead delivery again, for another 48 hours."""
    with state_of(request).acting(grant) as conn:
        if not ledger.deliveries(conn, area_wkb=grant.area_wkb, id=delivery_id):
            raise NotFound(f"There is no delivery {delivery_id}.", reason="delivery")
        return Json(ledger.retry(conn, delivery_id))


@router.post("/deliveries/seen", responses={200: {"model": Seen}})
def seen(
    request: Request,
    grant: Reader,
    through: Annotated[int, Query(ge=1, lt=2**63, description="Id of the newest dead letter on the page.")],
) -> Response:
    """Dead letters up to this one have been seen: they no longer count as unseen."""
    with state_of(request).acting(grant) as conn:
        return Json({"seen": ledger.seen(conn, through, area_wkb=grant.area_wkb)})


@router.post("/deliveries/receipts", responses={200: {"model": Delivery}}, openapi_extra=_RECEIPT_BODY)
async def receipt_in(request: Request) -> Response:
    """A gateway's receipt: body as ReceiptIn, signed with the channel's secret as our messages are. Open door."""
    # The bytes are what is signed: they are parsed only after that.
    body = await request.body()
    stamp = request.headers.get("x-onemap-timestamp", "")
    signature = request.headers.get("x-onemap-signature", "")
    return await run_in_threadpool(_receipt, request, body, stamp, signature)


def _receipt(request: Request, body: bytes, stamp: str, signature: str) -> Response:
    given = receipt.parse(body, ReceiptIn.model_validate_json, most=RECEIPT_BYTES)
    with state_of(request).sync_pool.connection() as conn, conn.transaction():
        receipt.check(conn, given.idempotency_key, body, stamp, signature, at=time.time())
        found = receipt.take(conn, given.idempotency_key, given.state, given.at or datetime.now(UTC), given.note)
        return Json(found)


@router.get("/channels", responses={200: {"model": list[Channel]}})
def channels(request: Request, grant: Reader) -> Response:
    """All channels by team and rank, with their state; nothing secret."""
    with state_of(request).reading() as conn:
        return Json(_mine(conn, ways.channels(conn), grant))


@router.post("/channels", responses={201: {"model": Channel}}, status_code=201)
def added(spec: ChannelSpec, request: Request, grant: Operator) -> Response:
    """Add a channel."""
    state = state_of(request)
    with state.acting(grant) as conn:
        _may(conn, grant, spec.team_key)
        return Json(ways.add(conn, ways.Spec(**spec.model_dump()), state.settings.zone), 201)


@router.put("/channels/{channel_id}", responses={200: {"model": Channel}})
def changed(channel_id: Identifier, spec: ChannelSpec, request: Request, grant: Operator) -> Response:
    """Change a channel; an empty url or secret keeps the old one."""
    state = state_of(request)
    with state.acting(grant) as conn:
        _may(conn, grant, spec.team_key, channel_id)
        return Json(ways.change(conn, channel_id, ways.Spec(**spec.model_dump()), state.settings.zone))


@router.delete("/channels/{channel_id}", status_code=204)
def deleted(channel_id: Identifier, request: Request, grant: Operator) -> Response:
    """Take a channel out of use; its ledger stays."""
    with state_of(request).acting(grant) as conn:
        _may(conn, grant, None, channel_id)
        ways.take_out(conn, channel_id)
    return Response(status_code=204)


@router.post("/channels/{channel_id}/test", responses={200: {"model": TestSent}})
def tested(channel_id: Identifier, request: Request, grant: Operator) -> Response:
    """Send a test message now, marked as such."""
    with state_of(request).acting(grant) as conn:
        _may(conn, grant, None, channel_id)
        way, letter = ways.way_of(conn, channel_id), Letter.of_test(ways.one(conn, channel_id))
    # No transaction is open while an endpoint is slow.
    post = Post(connections=1)
    began = time.monotonic()
    try:
        answer = BY_KIND[way.kind].send(way, letter, post)
    finally:
        post.close()
    if answer.ok:
        with state_of(request).acting(grant) as conn:
            ways.mended(conn, channel_id)
    took_ms = round((time.monotonic() - began) * 1000, 1)
    return Json({"ok": answer.ok, "status": answer.status, "error": answer.error, "took_ms": took_ms})


def _mine(conn: Connection, found: list[dict[str, Any]], grant: Grant) -> list[dict[str, Any]]:
    """The channels of teams that the asker sees, and those of all teams."""
    named = [one["team_key"] for one in found if one["team_key"] is not None]
    teams = keys_within(conn, BY_NAME["team"], named, grant)
    # A team that is not on the map (yet) lies in no area.
    return [
        one
        for one in found
        if one["team_key"] is None or grant.area_wkb is None or one["team_key"] in teams
    ]  # fmt: skip


def _may(conn: Connection, grant: Grant, team_key: str | None, channel_id: int | None = None) -> None:
    """Who is bound to an area changes channels of teams in it, and none of all teams. Raises Forbidden, NotFound."""
    if channel_id is not None:
        found = ways.one(conn, channel_id)
        if not _mine(conn, [found], grant):
            raise NotFound(f"There is no channel {channel_id}.", reason="channel")
        if grant.area_wkb is not None and found["team_key"] is None:
            raise Forbidden("A channel of all teams is not bound to your area.", reason="area")
    if grant.area_wkb is None:
        return
    if channel_id is None and team_key is None:
        raise Forbidden("A channel of all teams is not bound to your area.", reason="area")
    if team_key is not None and not keys_within(conn, BY_NAME["team"], [team_key], grant):
        raise Forbidden("This team is not in your area.", reason="area")


__all__ = ["ReceiptIn", "router"]
