"""Warnings: the list, everything behind one of them, and what command does with it."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from onemap.core.errors import NotFound
from onemap.core.policy import Grant, Right
from onemap.layers import BY_NAME
from onemap.store.db import Connection
from onemap.store.policy_sql import view
from onemap.store.within import keys_within
from onemap.warnings import service as warnings
from server import sight
from server.answer import Json
from server.auth import Signed, require
from server.models import Warning, Why
from server.state import state_of

router = APIRouter(prefix="/warnings", tags=["warnings"])

Commander = Annotated[Grant, Depends(require(Right.WARNINGS_STEER))]


@router.get("", responses={200: {"model": list[Warning]}})
def listed(request: Request, grant: Signed, state: Annotated[Literal["active", "all"], Query()] = "active") -> Response:
    """Warnings, worst first: open ones, or all."""
    here = state_of(request)
    with here.reading() as conn:
        found = warnings.list_warnings(conn, state)
        return Json(sight.warnings_for(conn, found, grant, here.settings.small_count_floor))


@router.get("/{key:path}", responses={200: {"model": Why}})
def why(key: str, request: Request, grant: Signed) -> Response:
    """Why it was raised, who is threatened, who sees it, who can be there, and what was done."""
    here = state_of(request)
    view(BY_NAME["warning"], grant)
    with here.reading() as conn:
        picture = warnings.why(conn, key)
        _within(conn, key, grant)
        return Json(sight.why_for(conn, picture, grant, here.settings.small_count_floor))


@router.post("/{key:path}/confirm", responses={200: {"model": Warning}})
def confirm(key: str, request: Request, grant: Commander) -> Response:
    """Command stands by the warning. Again: the same."""
    here = state_of(request)
    with here.acting(grant) as conn:
        _within(conn, key, grant)
        return Json(sight.attributes_of(warnings.confirm(conn, key, grant.subject), "warning", grant, 0))


@router.post("/{key:path}/end", responses={200: {"model": Warning}})
def end(key: str, request: Request, grant: Commander) -> Response:
    """Command ends the warning. Again: the same."""
    here = state_of(request)
    with here.acting(grant) as conn:
        _within(conn, key, grant)
        return Json(sight.attributes_of(warnings.end(conn, key, grant.subject), "warning", grant, 0))


def _within(conn: Connection, key: str, grant: Grant) -> None:
    if not keys_within(conn, BY_NAME["warning"], [key], grant):
        raise NotFound("There is no such warning.", reason="warning")
