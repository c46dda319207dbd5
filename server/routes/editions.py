"""Editions of the grids, their files and lineage."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from onemap.core.errors import Unavailable
from onemap.core.policy import Grant, Right
from server.auth import Signed, require
from server.plan_models import Edition, ImportConfirm, ImportPreview, Lineage, Plan

router = APIRouter(tags=["editions"])

Seer = Annotated[Grant, Depends(require(Right.PLANS_SEE))]
Planner = Annotated[Grant, Depends(require(Right.PLANS_EDIT))]
Approver = Annotated[Grant, Depends(require(Right.PLANS_APPROVE))]
_SOON = "This door is not open yet."


@router.get("/editions", responses={200: {"model": list[Edition]}})
def listed(request: Request, grant: Signed) -> Response:
    """Editions, newest first."""
    raise Unavailable(_SOON)


@router.get("/editions/{name}/export")
def exported(name: str, request: Request, grant: Signed) -> Response:
    """An edition as a file: GeoJSON, GeoPackage, Shapefile (zipped; UTF-8 or GBK)."""
    raise Unavailable(_SOON)


@router.get("/editions/{name}/grids/{code}/lineage", responses={200: {"model": Lineage}})
def lineage(name: str, code: str, request: Request, grant: Signed) -> Response:
    """Where a grid came from and what became of it."""
    raise Unavailable(_SOON)


@router.get("/plans/{key}/export")
def plan_exported(key: str, request: Request, grant: Seer) -> Response:
    """A plan as a file."""
    raise Unavailable(_SOON)


@router.post("/plan-imports", responses={200: {"model": ImportPreview}})
def previewed(request: Request, grant: Planner) -> Response:
    """Look at a file of grids before a plan is made of it: GeoJSON, GeoPackage, Shapefile (zipped)."""
    raise Unavailable(_SOON)


@router.post("/plan-imports/confirm", responses={201: {"model": Plan}}, status_code=201)
def imported(ask: ImportConfirm, request: Request, grant: Planner) -> Response:
    """Make a plan of a previewed file."""
    raise Unavailable(_SOON)
