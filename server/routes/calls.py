"""Call and confirm: ladders of warnings, rosters, hand-over."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from onemap.core.errors import Unavailable
from onemap.core.policy import Grant, Right
from server.auth import Signed, require
from server.call_models import Board, Call, CallAnswer, Duty, GridPaint, HandOver, Ladder, Roster, RosterOf, Template
from server.models import Alert

router = APIRouter(tags=["calls"])

Commander = Annotated[Grant, Depends(require(Right.WARNINGS_STEER))]
Listener = Annotated[Grant, Depends(require(Right.ALERTS_ALL))]
Responder = Annotated[Grant, Depends(require(Right.ALERTS_OWN, Right.WARNINGS_STEER))]
RosterEditor = Annotated[Grant, Depends(require(Right.ROSTERS_EDIT))]
Identifier = Annotated[int, Path(ge=1, lt=2**63)]


@router.get("/calls/board", responses={200: {"model": Board}})
def board(request: Request, grant: Listener) -> Response:
    """How the calls of all open warnings stand, the loudest first."""
    raise Unavailable("This door is being built.")


@router.get("/calls/grids", responses={200: {"model": GridPaint}})
def grids(request: Request, grant: Listener) -> Response:
    """Grids with an open calling, for painting the map."""
    raise Unavailable("This door is being built.")


@router.get("/calls/templates", responses={200: {"model": list[Template]}})
def templates(request: Request, grant: Listener) -> Response:
    """How warnings are called out, by level."""
    raise Unavailable("This door is being built.")


@router.post("/calls/{call_id}/answer", responses={200: {"model": Call}})
def answer(call_id: Identifier, given: CallAnswer, request: Request, grant: Commander) -> Response:
    """Write down an answer that came by radio or telephone."""
    raise Unavailable("This door is being built.")


@router.post("/alerts/{alert_id}/decline", responses={200: {"model": Alert}})
def decline(alert_id: Identifier, request: Request, grant: Responder) -> Response:
    """The team cannot go: the ladder climbs at once."""
    raise Unavailable("This door is being built.")


@router.post("/alerts/{alert_id}/confirm-again", responses={200: {"model": Alert}})
def confirm_again(alert_id: Identifier, request: Request, grant: Responder) -> Response:
    """The second confirmation: still there, people out. Again: the same."""
    raise Unavailable("This door is being built.")


@router.get("/ladders", responses={200: {"model": Ladder}})
def ladder(
    request: Request, grant: Signed, warning: Annotated[str, Query(description="Key of the warning.")]
) -> Response:
    """Call and confirm of one warning."""
    raise Unavailable("This door is being built.")


@router.post("/ladders/start", responses={200: {"model": Ladder}})
def start(request: Request, grant: Commander, warning: Annotated[str, Query()]) -> Response:
    """Start the ladder of a warning now. Again: the same."""
    raise Unavailable("This door is being built.")


@router.get("/rosters", responses={200: {"model": Roster}})
def rosters(
    request: Request,
    grant: Listener,
    at: Annotated[datetime | None, Query(description="Empty is now.")] = None,
    parent: Annotated[str | None, Query(description="Only organisations directly under this code.")] = None,
) -> Response:
    """Organisations with who is on duty."""
    raise Unavailable("This door is being built.")


@router.get("/rosters/{code}", responses={200: {"model": RosterOf}})
def roster(code: str, request: Request, grant: Listener) -> Response:
    """One organisation's duties, the next seven days as they come out, hand-overs."""
    raise Unavailable("This door is being built.")


@router.put("/rosters/{code}", responses={200: {"model": RosterOf}})
def put_roster(code: str, duties: list[Duty], request: Request, grant: RosterEditor) -> Response:
    """Replace an organisation's duties. Two first ranks at one hour are refused."""
    raise Unavailable("This door is being built.")


@router.post("/rosters/{code}/hand-over", responses={200: {"model": RosterOf}})
def hand_over(code: str, given: HandOver, request: Request, grant: RosterEditor) -> Response:
    """Hand the duty over until its end: open calls go with it."""
    raise Unavailable("This door is being built.")
