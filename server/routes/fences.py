"""Fences: declared, tried, in force; what happened at them and who is inside."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from onemap.core.errors import Unavailable
from onemap.core.policy import Grant, Right
from server.auth import Signed, require
from server.fence_models import Fence, FenceEvent, FencePreview, FenceSpec, Inside

router = APIRouter(prefix="/fences", tags=["fences"])

Editor = Annotated[Grant, Depends(require(Right.FENCES_EDIT))]


@router.get("", responses={200: {"model": list[Fence]}})
def listed(request: Request, grant: Signed) -> Response:
    """All fences that the asker may see, by name."""
    raise Unavailable("This door is being built.")


@router.post("", responses={201: {"model": Fence}}, status_code=201)
def created(spec: FenceSpec, request: Request, grant: Editor) -> Response:
    """Make a fence. It is in force within milliseconds; what is inside already raises what `on_create` says, once."""
    raise Unavailable("This door is being built.")


@router.post("/preview", responses={200: {"model": FencePreview}})
def preview(spec: FenceSpec, request: Request, grant: Editor) -> Response:
    """What a fence would hold, without making it."""
    raise Unavailable("This door is being built.")


@router.get("/events", responses={200: {"model": list[FenceEvent]}})
def events(
    request: Request,
    grant: Signed,
    fence: Annotated[str | None, Query()] = None,
    since: Annotated[datetime | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """What happened at fences, newest first."""
    raise Unavailable("This door is being built.")


@router.get("/{key:path}/inside", responses={200: {"model": list[Inside]}})
def inside(key: str, request: Request, grant: Signed) -> Response:
    """Objects at a fence that are not simply outside."""
    raise Unavailable("This door is being built.")


@router.get("/{key:path}", responses={200: {"model": Fence}})
def one(key: str, request: Request, grant: Signed) -> Response:
    """One fence."""
    raise Unavailable("This door is being built.")


@router.put("/{key:path}", responses={200: {"model": Fence}})
def changed(key: str, spec: FenceSpec, request: Request, grant: Editor) -> Response:
    """Change a fence."""
    raise Unavailable("This door is being built.")


@router.delete("/{key:path}", status_code=204)
def deleted(key: str, request: Request, grant: Editor) -> Response:
    """Take a fence away; its events stay."""
    raise Unavailable("This door is being built.")
