"""The delivery ledger and its channels: the operator's page, and receipts of gateways."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from onemap.core.errors import Unavailable
from onemap.core.policy import Grant, Right
from server.auth import require
from server.delivery_models import (
    Channel,
    ChannelSpec,
    Delivery,
    DeliveryState,
    DeliverySummary,
    ReceiptIn,
    TestSent,
)

router = APIRouter(tags=["deliveries"])

Reader = Annotated[Grant, Depends(require(Right.LEDGER_SEE))]
Operator = Annotated[Grant, Depends(require(Right.CHANNELS_EDIT))]
Identifier = Annotated[int, Path(ge=1, lt=2**63)]


@router.get("/deliveries/summary", responses={200: {"model": DeliverySummary}})
def summary(request: Request, grant: Reader) -> Response:
    """States, backlog, dead letters, and how every channel is."""
    raise Unavailable("This door is being built.")


@router.get("/deliveries", responses={200: {"model": list[Delivery]}})
def listed(
    request: Request,
    grant: Reader,
    state: Annotated[DeliveryState | None, Query()] = None,
    channel: Annotated[int | None, Query()] = None,
    alert: Annotated[int | None, Query()] = None,
    warning: Annotated[str | None, Query()] = None,
    before: Annotated[int | None, Query(description="Only ids below this, for the next page.")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """The ledger, newest first."""
    raise Unavailable("This door is being built.")


@router.post("/deliveries/{delivery_id}/retry", responses={200: {"model": Delivery}})
def retry(delivery_id: Identifier, request: Request, grant: Operator) -> Response:
    """Queue a dead delivery again, for another 48 hours."""
    raise Unavailable("This door is being built.")


@router.post("/deliveries/receipts", responses={200: {"model": Delivery}})
async def receipt(request: Request) -> Response:
    """A gateway's receipt: body as ReceiptIn, signed with the channel's secret as our messages are. Open door."""
    raise Unavailable("This door is being built.")


@router.get("/channels", responses={200: {"model": list[Channel]}})
def channels(request: Request, grant: Reader) -> Response:
    """All channels by team and rank, with their state; nothing secret."""
    raise Unavailable("This door is being built.")


@router.post("/channels", responses={201: {"model": Channel}}, status_code=201)
def added(spec: ChannelSpec, request: Request, grant: Operator) -> Response:
    """Add a channel."""
    raise Unavailable("This door is being built.")


@router.put("/channels/{channel_id}", responses={200: {"model": Channel}})
def changed(channel_id: Identifier, spec: ChannelSpec, request: Request, grant: Operator) -> Response:
    """Change a channel; an empty url or secret keeps the old one."""
    raise Unavailable("This door is being built.")


@router.delete("/channels/{channel_id}", status_code=204)
def deleted(channel_id: Identifier, request: Request, grant: Operator) -> Response:
    """Take a channel out of use; its ledger stays."""
    raise Unavailable("This door is being built.")


@router.post("/channels/{channel_id}/test", responses={200: {"model": TestSent}})
def tested(channel_id: Identifier, request: Request, grant: Operator) -> Response:
    """Send a test message now, marked as such."""
    raise Unavailable("This door is being built.")


__all__ = ["ReceiptIn", "router"]
