"""Review of plans: impact, comments, decision, publication."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from onemap.core.errors import Unavailable
from onemap.core.policy import Grant, Right
from server.auth import require
from server.plan_models import Comment, CommentMake, DecideAsk, Impact, Plan, Publication, PublishAsk, SubmitAsk

router = APIRouter(prefix="/plans", tags=["review"])

Seer = Annotated[Grant, Depends(require(Right.PLANS_SEE))]
Planner = Annotated[Grant, Depends(require(Right.PLANS_EDIT))]
Approver = Annotated[Grant, Depends(require(Right.PLANS_APPROVE))]
_SOON = "This door is not open yet."


@router.get("/{key}/impact", responses={200: {"model": Impact}})
def impact(key: str, request: Request, grant: Seer) -> Response:
    """What publishing would change."""
    raise Unavailable(_SOON)


@router.get("/{key}/report")
def report(key: str, request: Request, grant: Seer) -> Response:
    """The impact as a page to print, which works offline: HTML."""
    raise Unavailable(_SOON)


@router.get("/{key}/comments", responses={200: {"model": list[Comment]}})
def comments(key: str, request: Request, grant: Seer) -> Response:
    """Remarks, oldest first."""
    raise Unavailable(_SOON)


@router.post("/{key}/comments", responses={201: {"model": Comment}}, status_code=201)
def commented(key: str, ask: CommentMake, request: Request, grant: Seer) -> Response:
    """Write a remark."""
    raise Unavailable(_SOON)


@router.post("/{key}/comments/{comment}/resolve", responses={200: {"model": Comment}})
def resolved(key: str, comment: int, request: Request, grant: Seer) -> Response:
    """Settle a remark."""
    raise Unavailable(_SOON)


@router.post("/{key}/submit", responses={200: {"model": Plan}})
def submitted(key: str, ask: SubmitAsk, request: Request, grant: Planner) -> Response:
    """Hand in for review; the plan cannot be edited until it is decided."""
    raise Unavailable(_SOON)


@router.post("/{key}/withdraw", responses={200: {"model": Plan}})
def withdrawn(key: str, request: Request, grant: Planner) -> Response:
    """Take a submitted plan back to draft."""
    raise Unavailable(_SOON)


@router.post("/{key}/approve", responses={200: {"model": Plan}})
def approved(key: str, ask: DecideAsk, request: Request, grant: Approver) -> Response:
    """Approve; never by the one who submitted."""
    raise Unavailable(_SOON)


@router.post("/{key}/reject", responses={200: {"model": Plan}})
def rejected(key: str, ask: DecideAsk, request: Request, grant: Approver) -> Response:
    """Reject, with a reason; the plan is a draft again."""
    raise Unavailable(_SOON)


@router.post("/{key}/publish", responses={200: {"model": Publication}})
def published(key: str, ask: PublishAsk, request: Request, grant: Approver) -> Response:
    """Publish an approved plan as an edition."""
    raise Unavailable(_SOON)


@router.post("/{key}/rollback", responses={200: {"model": Publication}})
def rolled_back(key: str, ask: DecideAsk, request: Request, grant: Approver) -> Response:
    """Put the edition before it back in force."""
    raise Unavailable(_SOON)
