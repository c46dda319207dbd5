"""Drills: scenarios against the real rules and rosters, as Exercise at every door and channel."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from onemap.core import clock
from onemap.core.errors import NotFound
from onemap.core.policy import Grant, Right
from onemap.warnings.drills import service as drills
from onemap.warnings.drills.scenario import scenarios
from server.answer import Json
from server.auth import require
from server.call_models import Drill, DrillStart
from server.call_models import Scenario as ScenarioShown
from server.state import state_of

router = APIRouter(prefix="/drills", tags=["drills"])

Commander = Annotated[Grant, Depends(require(Right.DRILLS))]
Listener = Annotated[Grant, Depends(require(Right.ALERTS_ALL))]


@router.get("/scenarios", responses={200: {"model": list[ScenarioShown]}})
def known(request: Request, grant: Listener) -> Response:
    """Scenarios that can be run."""
    found = scenarios(state_of(request).settings.home_path)
    return Json(
        [
            {
                "key": one.key,
                "title": one.title.model_dump(),
                "summary": one.summary.model_dump(),
                "minutes": one.minutes,
                "steps": len(one.step),
            }
            for one in found.values()
        ]
    )


@router.get("", responses={200: {"model": list[Drill]}})
def listed(request: Request, grant: Listener) -> Response:
    """Drills, newest first, with their scores."""
    with state_of(request).reading() as conn:
        return Json(drills.listed(conn, clock.now()))


@router.post("", responses={201: {"model": Drill}}, status_code=201)
def started(ask: DrillStart, request: Request, grant: Commander) -> Response:
    """Start a drill; one runs at a time."""
    here = state_of(request)
    scenario = scenarios(here.settings.home_path).get(ask.scenario)
    if scenario is None:
        raise NotFound("There is no such scenario.", reason="scenario")
    with here.acting(grant) as conn:
        made = drills.start(conn, scenario, speed=ask.speed, actor=grant.subject, note=ask.note, now=clock.now())
        return Json(made, status=201)


@router.get("/{key}", responses={200: {"model": Drill}})
def one(key: str, request: Request, grant: Listener) -> Response:
    """One drill with its score so far."""
    with state_of(request).reading() as conn:
        return Json(drills.one(conn, key, clock.now()))


@router.post("/{key}/stop", responses={200: {"model": Drill}})
def stopped(key: str, request: Request, grant: Commander) -> Response:
    """Stop a drill: its warnings are cancelled, its score is kept."""
    here = state_of(request)
    with here.acting(grant) as conn:
        return Json(drills.stop(conn, key, clock.now(), here.settings.cases))
