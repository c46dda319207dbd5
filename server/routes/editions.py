"""Editions of the grids, their files and lineage."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from onemap import layers
from onemap.core.errors import BadInput, NotFound
from onemap.core.policy import Grant, Right
from onemap.planning import editions, grounds, mending
from onemap.planning import lineage as lineages
from onemap.planning.exchange import service as files
from onemap.planning.exchange.read import read_grids
from onemap.planning.exchange.write import Encoding, Format
from server import plan_files
from server.answer import Json
from server.auth import Signed, require
from server.edition_models import Edition, Lineage
from server.plan_file_models import EditionRepairs, ImportConfirm, ImportPreview
from server.plan_models import Plan
from server.state import State, state_of

router = APIRouter(tags=["editions"])

Seer = Annotated[Grant, Depends(require(Right.PLANS_SEE))]
Planner = Annotated[Grant, Depends(require(Right.PLANS_EDIT))]
Approver = Annotated[Grant, Depends(require(Right.PLANS_APPROVE))]
Form = Annotated[Format, Query(description="geojson, gpkg, or shp (zipped)")]
Chars = Annotated[Encoding, Query(description="Of a Shapefile's table; its .cpg says it.")]
_FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {}}, "description": "The file"},
}


@router.get("/editions", responses={200: {"model": list[Edition]}})
def listed(request: Request, grant: Signed) -> Response:
    """Editions, newest first."""
    _sees_grids(grant)
    with state_of(request).reading() as conn:
        return Json(editions.listed(conn))


@router.get("/editions/{name}/export", response_class=Response, responses=_FILE)
def exported(name: str, request: Request, grant: Signed, format: Form = "gpkg", encoding: Chars = "utf-8") -> Response:
    """An edition as a file: GeoJSON, GeoPackage, Shapefile (zipped; UTF-8 or GBK)."""
    with state_of(request).reading() as conn:
        made = files.export_edition(conn, layers.BY_NAME["grid"], grant, name, format=format, encoding=encoding)
    return plan_files.sent(made)


@router.get("/editions/{name}/repairs", responses={200: {"model": list[EditionRepairs]}})
def repairs(name: str, request: Request, grant: Seer) -> Response:
    """Who agreed to which repairs of an edition whose grids did not match, the newest first."""
    if "\0" in name:
        raise BadInput("A name holds no zero byte.", reason="edition")
    with state_of(request).reading() as conn:
        return Json(mending.kept_of(conn, name))


@router.get("/editions/{name}/grids/{code}/lineage", responses={200: {"model": Lineage}})
def lineage(name: str, code: str, request: Request, grant: Signed) -> Response:
    """Where a grid came from and what became of it."""
    _sees_grids(grant)
    if "\0" in name + code:
        raise BadInput("A code holds no zero byte.", reason="code")
    with state_of(request).reading() as conn:
        if not editions.holds(conn, name, code, grant.area_wkb):
            raise NotFound("没有这个网格 · There is no such grid.", reason="grid")
        return Json(lineages.of(conn, name, code))


@router.get("/plans/{key}/export", response_class=Response, responses=_FILE)
def plan_exported(
    key: str, request: Request, grant: Seer, format: Form = "gpkg", encoding: Chars = "utf-8"
) -> Response:
    """A plan as a file."""
    with state_of(request).reading() as conn:
        made = files.export_plan(conn, key, format=format, encoding=encoding, area=grant.area_wkb)
    return plan_files.sent(made)


@router.post("/plan-imports", responses={200: {"model": ImportPreview}}, openapi_extra=plan_files.FORM)
async def previewed(request: Request, grant: Planner) -> Response:
    """Look at a file of grids before a plan is made of it: GeoJSON, GeoPackage, Shapefile (zipped)."""
    # The form is read here and not by the framework: it would read the whole body before it asks who sends it.
    brought = await plan_files.read_form(request)
    return Json(await run_in_threadpool(_previewed, state_of(request), grant, brought))


def _previewed(state: State, grant: Grant, brought: plan_files.Brought) -> dict[str, Any]:
    said, tolerance_m = brought.fields, brought.tolerance_m
    with state.previews.looking():
        file = read_grids(
            brought.data,
            brought.name,
            datum=said.get("datum"),
            encoding=said.get("encoding"),
            layer=said.get("layer"),
        )
        if "accept_repairs" in said:
            with state.acting(grant) as conn:
                edition = said.get("edition") or grounds.edition_in_force(conn)
                agreed = mending.Agreed(said["accept_repairs"])
                grounds.agree(conn, edition, agreed, grant.subject, area=grant.area_wkb)
        with state.reading() as conn:
            found = files.preview(conn, file, edition=said.get("edition"), tolerance_m=tolerance_m, area=grant.area_wkb)
    return plan_files.answer(state.previews.keep(grant.subject, found), found)


@router.post("/plan-imports/confirm", responses={201: {"model": Plan}}, status_code=201)
def imported(ask: ImportConfirm, request: Request, grant: Planner) -> Response:
    """Make a plan of a previewed file."""
    state = state_of(request)
    found = state.previews.get(grant.subject, ask.token)
    with state.acting(grant) as conn:
        made = files.make_plan(
            conn, found, ask.name, grant.subject, accept_repairs=ask.accept_repairs, area=grant.area_wkb
        )
    state.previews.forget(ask.token)
    return Json(made, 201)


def _sees_grids(grant: Grant) -> None:
    """Raise NotFound unless grids are the asker's to see."""
    if not grant.sees_layer("grid", layers.BY_NAME["grid"].roles):
        raise NotFound("There is no layer of grids.", reason="layer")
