"""Review of plans: impact, comments, decision, publication."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from onemap.core import clock
from onemap.core.policy import Grant, Right
from onemap.planning import impact as impacts
from onemap.planning import log, publish, report, review
from server import grid_notices
from server.answer import Json
from server.auth import require
from server.impact_models import Impact
from server.plan_models import Plan
from server.review_models import Comment, CommentMake, DecideAsk, PlanReview, Publication, PublishAsk, SubmitAsk
from server.state import state_of

router = APIRouter(prefix="/plans", tags=["review"])

Seer = Annotated[Grant, Depends(require(Right.PLANS_SEE))]
Planner = Annotated[Grant, Depends(require(Right.PLANS_EDIT))]
Approver = Annotated[Grant, Depends(require(Right.PLANS_APPROVE))]
#: The report works offline, and nothing in it may run or be fetched.
_REPORT = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox allow-modals",
}


@router.get("/{key}/impact", responses={200: {"model": Impact}})
def impact(key: str, request: Request, grant: Seer) -> Response:
    """What publishing would change."""
    with state_of(request).reading() as conn:
        return Json(impacts.of_plan(conn, key, clock.now(), area=grant.area_wkb))


@router.get("/{key}/report", response_class=Response, responses={200: {"content": {"text/html": {}}}})
def page(
    key: str,
    request: Request,
    grant: Seer,
    lang: Annotated[str, Query(pattern="^(zh|en)$", description="Which language stands first.")] = "zh",
) -> Response:
    """The impact as a page to print, which works offline: HTML."""
    state = state_of(request)
    with state.reading() as conn:
        made = report.of_plan(conn, key, clock.now(), lang=lang, zone=state.settings.zone, area=grant.area_wkb)
    return Response(made, media_type="text/html; charset=utf-8", headers=_REPORT)


@router.get("/{key}/review", responses={200: {"model": PlanReview}})
def steps(key: str, request: Request, grant: Seer) -> Response:
    """Every step of the review, oldest first, and what became of the last publication."""
    with state_of(request).reading() as conn:
        log.row(conn, key, area=grant.area_wkb)
        return Json({"steps": review.decisions(conn, key), "publication": publish.last(conn, key)})


@router.get("/{key}/comments", responses={200: {"model": list[Comment]}})
def comments(key: str, request: Request, grant: Seer) -> Response:
    """Remarks, oldest first."""
    with state_of(request).reading() as conn:
        return Json(review.comments(conn, key, area=grant.area_wkb))


@router.post("/{key}/comments", responses={201: {"model": Comment}}, status_code=201)
def commented(key: str, ask: CommentMake, request: Request, grant: Seer) -> Response:
    """Write a remark."""
    at = None if ask.at is None else (ask.at[0], ask.at[1])
    with state_of(request).acting(grant) as conn:
        made = review.comment(
            conn, key, ask.text, grant.subject, at=at, grid=ask.grid, reply_to=ask.reply_to, area=grant.area_wkb
        )
        return Json(made, 201)


@router.post("/{key}/comments/{comment}/resolve", responses={200: {"model": Comment}})
def resolved(key: str, comment: int, request: Request, grant: Seer) -> Response:
    """Settle a remark."""
    with state_of(request).acting(grant) as conn:
        return Json(review.resolve(conn, key, comment, grant.subject, area=grant.area_wkb))


@router.post("/{key}/submit", responses={200: {"model": Plan}})
def submitted(key: str, ask: SubmitAsk, request: Request, grant: Planner) -> Response:
    """Hand in for review; the plan cannot be edited until it is decided."""
    with state_of(request).acting(grant) as conn:
        return Json(review.submit(conn, key, ask.version, ask.note, grant.subject, area=grant.area_wkb))


@router.post("/{key}/withdraw", responses={200: {"model": Plan}})
def withdrawn(key: str, request: Request, grant: Planner) -> Response:
    """Take a submitted plan back to draft."""
    with state_of(request).acting(grant) as conn:
        return Json(review.withdraw(conn, key, grant.subject, area=grant.area_wkb))


@router.post("/{key}/approve", responses={200: {"model": Plan}})
def approved(key: str, ask: DecideAsk, request: Request, grant: Approver) -> Response:
    """Approve; never by one who drew or submitted it."""
    with state_of(request).acting(grant) as conn:
        return Json(review.decide(conn, key, "approve", ask.note, grant.subject, area=grant.area_wkb))


@router.post("/{key}/reject", responses={200: {"model": Plan}})
def rejected(key: str, ask: DecideAsk, request: Request, grant: Approver) -> Response:
    """Reject, with a reason; the plan can be edited again."""
    with state_of(request).acting(grant) as conn:
        return Json(review.decide(conn, key, "reject", ask.note, grant.subject, area=grant.area_wkb))


@router.post("/{key}/publish", responses={200: {"model": Publication}})
def published(key: str, ask: PublishAsk, request: Request, grant: Approver) -> Response:
    """Publish an approved plan as an edition, now or at a time; the same again gives the same answer."""
    with state_of(request).sync_pool.connection() as conn:
        made = publish.publish(
            conn, key, ask.edition, ask.title, ask.effective_at, grant.subject, clock.now(),
            tell=grid_notices.tell, area=grant.area_wkb,
        )  # fmt: skip
        return Json(made)


@router.post("/{key}/rollback", responses={200: {"model": Publication}})
def rolled_back(key: str, ask: DecideAsk, request: Request, grant: Approver) -> Response:
    """Put the edition before it back in force, or cancel its date; the same again gives the same answer."""
    with state_of(request).sync_pool.connection() as conn:
        made = publish.rollback(conn, key, ask.note, grant.subject, tell=grid_notices.tell, area=grant.area_wkb)
        return Json(made)
