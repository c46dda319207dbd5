"""Proposals: balanced partitions to choose from."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from onemap.core.errors import Unavailable
from onemap.core.policy import Grant, Right
from server.auth import require
from server.plan_models import AdoptAsk, PlanDelta, Proposal, ProposalAsk

router = APIRouter(prefix="/plans", tags=["proposals"])

Seer = Annotated[Grant, Depends(require(Right.PLANS_SEE))]
Planner = Annotated[Grant, Depends(require(Right.PLANS_EDIT))]
Approver = Annotated[Grant, Depends(require(Right.PLANS_APPROVE))]
_SOON = "This door is not open yet."


@router.get("/{key}/proposals", responses={200: {"model": list[Proposal]}})
def listed(key: str, request: Request, grant: Seer) -> Response:
    """Proposals of a plan, newest first, without their grids."""
    raise Unavailable(_SOON)


@router.post("/{key}/proposals", responses={202: {"model": Proposal}}, status_code=202)
def asked(key: str, ask: ProposalAsk, request: Request, grant: Planner) -> Response:
    """Ask for proposals; the answer comes by the `plan` event."""
    raise Unavailable(_SOON)


@router.get("/{key}/proposals/{number}", responses={200: {"model": Proposal}})
def one(key: str, number: int, request: Request, grant: Seer) -> Response:
    """A proposal with its options."""
    raise Unavailable(_SOON)


@router.delete("/{key}/proposals/{number}", status_code=204)
def cancelled(key: str, number: int, request: Request, grant: Planner) -> Response:
    """Cancel one that waits or runs."""
    raise Unavailable(_SOON)


@router.post("/{key}/proposals/{number}/adopt", responses={200: {"model": PlanDelta}})
def adopted(key: str, number: int, ask: AdoptAsk, request: Request, grant: Planner) -> Response:
    """Take an option as one edit."""
    raise Unavailable(_SOON)
