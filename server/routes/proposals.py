"""Proposals: balanced partitions to choose from."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from onemap.core.policy import Grant, Right
from onemap.planning import book
from onemap.planning.grounds import database
from onemap.planning.propose import desk, service
from onemap.planning.workspace import workspaces
from server import plan_answer
from server.answer import Json
from server.auth import require
from server.plan_models import PlanDelta
from server.proposal_models import AdoptAsk, Proposal, ProposalAsk
from server.state import state_of

router = APIRouter(prefix="/plans", tags=["proposals"])

Seer = Annotated[Grant, Depends(require(Right.PLANS_SEE))]
Planner = Annotated[Grant, Depends(require(Right.PLANS_EDIT))]
Number = Annotated[int, Path(ge=1, le=2**62)]


@router.get("/{key}/proposals", responses={200: {"model": list[Proposal]}})
def listed(key: str, request: Request, grant: Seer) -> Response:
    """Proposals of a plan, newest first, without their grids."""
    with state_of(request).reading() as conn:
        book.plan(conn, key, area=grant.area_wkb)
        return Json([one | {"today": None} for one in desk.listed(conn, key)])


@router.post("/{key}/proposals", responses={202: {"model": Proposal}}, status_code=202)
def asked(key: str, ask: ProposalAsk, request: Request, grant: Planner) -> Response:
    """Ask for proposals; the answer comes by the `plan` event."""
    with state_of(request).acting(grant) as conn:
        return Json(service.ask(conn, key, ask.model_dump(), grant.subject, area=grant.area_wkb), 202)


@router.get("/{key}/proposals/{number}", responses={200: {"model": Proposal}})
def one(key: str, number: Number, request: Request, grant: Seer) -> Response:
    """A proposal with its options."""
    with state_of(request).reading() as conn:
        book.plan(conn, key, area=grant.area_wkb)
        return Json(desk.one(conn, key, number))


@router.delete("/{key}/proposals/{number}", status_code=204)
def cancelled(key: str, number: Number, request: Request, grant: Planner) -> Response:
    """Cancel one that waits or runs."""
    with state_of(request).acting(grant) as conn:
        book.plan(conn, key, area=grant.area_wkb)
        desk.cancel(conn, key, number, grant.subject)
        return Response(status_code=204)


@router.post("/{key}/proposals/{number}/adopt", responses={200: {"model": PlanDelta}})
def adopted(key: str, number: Number, ask: AdoptAsk, request: Request, grant: Planner) -> Response:
    """Take an option as one edit, on the version that it was made for; later edits beside it stay.

    409 (reason `conflict`) when another edit has changed the same grids since.
    """
    here = state_of(request)
    with here.acting(grant) as conn:
        place = database(conn)
        done = service.adopt(
            conn, key, number, ask.option, set(ask.grids), grant.subject, seen=ask.version, area=grant.area_wkb
        )
        answer = Json(plan_answer.difference(conn, done, grant.subject))
    workspaces.keep(place, done.workspace)
    return answer
