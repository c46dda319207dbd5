"""Notices to a team: what changed of its grids, until somebody of it has acknowledged that."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from onemap.core.policy import Grant, Right
from server import grid_notices
from server.answer import Json
from server.auth import require
from server.edition_models import GridNotice
from server.state import state_of

router = APIRouter(prefix="/notices", tags=["notices"])

Own = Annotated[Grant, Depends(require(Right.ALERTS_OWN))]
Number = Annotated[int, Path(ge=1, lt=2**63)]


@router.get("", responses={200: {"model": list[GridNotice]}})
def listed(request: Request, grant: Own) -> Response:
    """The team's notices, newest first: all that wait to be acknowledged, and the rest of the last weeks."""
    with state_of(request).reading() as conn:
        return Json(grid_notices.own(conn, grant.team_key))


@router.post("/{notice}/acknowledge", responses={200: {"model": GridNotice}})
def acknowledged(notice: Number, request: Request, grant: Own) -> Response:
    """The team has read it. Again: the same."""
    with state_of(request).acting(grant) as conn:
        return Json(grid_notices.seen(conn, notice, grant.team_key))
