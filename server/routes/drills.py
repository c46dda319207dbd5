"""Drills: scenarios against the real rules and rosters, as Exercise at every door and channel."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from onemap.core.errors import Unavailable
from onemap.core.policy import Grant, Right
from server.auth import require
from server.call_models import Drill, DrillStart, Scenario

router = APIRouter(prefix="/drills", tags=["drills"])

Commander = Annotated[Grant, Depends(require(Right.DRILLS))]
Listener = Annotated[Grant, Depends(require(Right.ALERTS_ALL))]


@router.get("/scenarios", responses={200: {"model": list[Scenario]}})
def scenarios(request: Request, grant: Listener) -> Response:
    """Scenarios that can be run."""
    raise Unavailable("This door is being built.")


@router.get("", responses={200: {"model": list[Drill]}})
def listed(request: Request, grant: Listener) -> Response:
    """Drills, newest first, with their scores."""
    raise Unavailable("This door is being built.")


@router.post("", responses={201: {"model": Drill}}, status_code=201)
def started(ask: DrillStart, request: Request, grant: Commander) -> Response:
    """Start a drill; one runs at a time."""
    raise Unavailable("This door is being built.")


@router.get("/{key}", responses={200: {"model": Drill}})
def one(key: str, request: Request, grant: Listener) -> Response:
    """One drill with its score so far."""
    raise Unavailable("This door is being built.")


@router.post("/{key}/stop", responses={200: {"model": Drill}})
def stopped(key: str, request: Request, grant: Commander) -> Response:
    """Stop a drill: its warnings are cancelled, its score is kept."""
    raise Unavailable("This door is being built.")
