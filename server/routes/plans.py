"""Plans: branches of an edition, edited without ever tearing the coverage."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from onemap.core.errors import Unavailable
from onemap.core.policy import Grant, Right
from server.auth import require
from server.plan_models import (
    EditAsk,
    Plan,
    PlanChange,
    PlanDelta,
    PlanEdit,
    PlanMake,
    PlanMap,
    RebaseAsk,
    Replayed,
    VersionAsk,
)

router = APIRouter(prefix="/plans", tags=["plans"])

Seer = Annotated[Grant, Depends(require(Right.PLANS_SEE))]
Planner = Annotated[Grant, Depends(require(Right.PLANS_EDIT))]
Approver = Annotated[Grant, Depends(require(Right.PLANS_APPROVE))]
_SOON = "This door is not open yet."


@router.get("", responses={200: {"model": list[Plan]}})
def listed(request: Request, grant: Seer) -> Response:
    """Plans, newest first."""
    raise Unavailable(_SOON)


@router.post("", responses={201: {"model": Plan}}, status_code=201)
def made(ask: PlanMake, request: Request, grant: Planner) -> Response:
    """Open a plan; nothing on the live map changes."""
    raise Unavailable(_SOON)


@router.get("/{key}", responses={200: {"model": Plan}})
def one(key: str, request: Request, grant: Seer) -> Response:
    """One plan."""
    raise Unavailable(_SOON)


@router.patch("/{key}", responses={200: {"model": Plan}})
def renamed(key: str, ask: PlanChange, request: Request, grant: Planner) -> Response:
    """Rename a plan, or choose its workload model."""
    raise Unavailable(_SOON)


@router.delete("/{key}", status_code=204)
def discarded(key: str, request: Request, grant: Planner) -> Response:
    """Discard a draft; its history stays."""
    raise Unavailable(_SOON)


@router.get("/{key}/map", responses={200: {"model": PlanMap}})
def drawn(key: str, request: Request, grant: Seer) -> Response:
    """Everything of a plan that is drawn."""
    raise Unavailable(_SOON)


@router.post("/{key}/edits", responses={200: {"model": PlanDelta}})
def edited(key: str, ask: EditAsk, request: Request, grant: Planner) -> Response:
    """Apply an edit: saved when answered."""
    raise Unavailable(_SOON)


@router.post("/{key}/try", responses={200: {"model": PlanDelta}})
def tried(key: str, ask: EditAsk, request: Request, grant: Planner) -> Response:
    """What an edit would do, without doing it."""
    raise Unavailable(_SOON)


@router.post("/{key}/undo", responses={200: {"model": PlanDelta}})
def undone(key: str, ask: VersionAsk, request: Request, grant: Planner) -> Response:
    """Undo the asker's last edit."""
    raise Unavailable(_SOON)


@router.post("/{key}/redo", responses={200: {"model": PlanDelta}})
def redone(key: str, ask: VersionAsk, request: Request, grant: Planner) -> Response:
    """Do the asker's last undone edit again."""
    raise Unavailable(_SOON)


@router.get("/{key}/edits", responses={200: {"model": list[PlanEdit]}})
def edits(key: str, request: Request, grant: Seer) -> Response:
    """The history of a plan, newest first."""
    raise Unavailable(_SOON)


@router.get("/{key}/since/{version}", responses={200: {"model": PlanDelta}})
def since(key: str, version: str, request: Request, grant: Seer) -> Response:
    """What others changed since a version, as one delta; 409 (reason `reload`) when the map must be loaded anew."""
    raise Unavailable(_SOON)


@router.post("/{key}/rebase", responses={200: {"model": Replayed}})
def rebased(key: str, ask: RebaseAsk, request: Request, grant: Planner) -> Response:
    """Replay the edits on a newer edition."""
    raise Unavailable(_SOON)


@router.post("/{key}/merge", responses={200: {"model": Replayed}})
def merged(key: str, ask: RebaseAsk, request: Request, grant: Planner) -> Response:
    """Replay another plan's edits on this one."""
    raise Unavailable(_SOON)


@router.get("/{key}/blocks", responses={200: {"model": dict}})
def blocks(key: str, request: Request, grant: Seer) -> Response:
    """Street blocks, buildings or cells of a grid, to paint with: GeoJSON."""
    raise Unavailable(_SOON)
