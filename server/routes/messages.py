"""Warnings told to other systems: CAP 1.2, Atom, GeoJSON; CAP that comes in; warnings raised and withdrawn by hand."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from onemap.core.errors import Unavailable
from onemap.core.policy import Grant, Right
from server.auth import Signed, require
from server.delivery_models import Cancel, Episode, Imported, Message, Raise
from server.models import Warning

router = APIRouter(prefix="/warnings", tags=["warnings"])

Commander = Annotated[Grant, Depends(require(Right.WARNINGS_STEER))]
Pusher = Annotated[Grant, Depends(require(Right.FEEDS_PUSH))]


@router.post("", responses={201: {"model": Warning}}, status_code=201)
def raised(given: Raise, request: Request, grant: Commander) -> Response:
    """Raise a warning by hand."""
    raise Unavailable("This door is being built.")


@router.get("/atom", response_class=Response, responses={200: {"content": {"application/atom+xml": {}}}})
def atom(request: Request, grant: Signed) -> Response:
    """Messages of the last 30 days, newest first, as an Atom feed that links the CAP messages."""
    raise Unavailable("This door is being built.")


@router.get("/geojson", response_class=Response, responses={200: {"content": {"application/geo+json": {}}}})
def geojson(request: Request, grant: Signed) -> Response:
    """Open warnings as GeoJSON features with identifier, level, colour, times."""
    raise Unavailable("This door is being built.")


@router.get("/episodes", responses={200: {"model": list[Episode]}})
def episodes(request: Request, grant: Signed) -> Response:
    """Open warnings joined by storm: one banner each, worst first."""
    raise Unavailable("This door is being built.")


@router.get("/messages", responses={200: {"model": list[Message]}})
def messages(
    request: Request,
    grant: Signed,
    warning: Annotated[str | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """What was told, newest first."""
    raise Unavailable("This door is being built.")


@router.get(
    "/messages/{identifier}", response_class=Response, responses={200: {"content": {"application/cap+xml": {}}}}
)
def message(identifier: str, request: Request, grant: Signed) -> Response:
    """One signed CAP 1.2 message, byte for byte as it was issued."""
    raise Unavailable("This door is being built.")


@router.post("/cap", responses={200: {"model": Imported}})
async def received(request: Request, grant: Pusher) -> Response:
    """Take a CAP 1.2 message in. What cannot be taken is refused with its reason, and kept in quarantine."""
    raise Unavailable("This door is being built.")


@router.post("/{key:path}/cancel", responses={200: {"model": Warning}})
def cancelled(key: str, given: Cancel, request: Request, grant: Commander) -> Response:
    """Withdraw a warning: it was wrong, or is over; everybody who was told is told so."""
    raise Unavailable("This door is being built.")
