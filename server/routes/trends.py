"""Demand trends of grids, and whether a measure helped.

Both tell exact counts, of grids and of any area somebody draws: they are for those who may know exact counts.
"""

from __future__ import annotations

import json
from typing import Annotated

import shapely
from fastapi import APIRouter, Depends, Query, Request, Response
from shapely.geometry.base import BaseGeometry

from onemap.core import clock
from onemap.core.errors import BadInput, NotFound
from onemap.core.policy import Grant, Right
from onemap.heat.ask import Ask
from onemap.heat.evidence import demand, intervention
from onemap.heat.evidence.intervention import Measure
from onemap.heat.surface import surface as surface_named
from onemap.layers import BY_NAME
from onemap.store.db import Connection
from server.answer import Json
from server.auth import require
from server.routes.tiles import CACHING
from server.state import state_of
from server.trend_models import Effect, GridArea, Question, Shape, Trend, Trends
from tiles.heat import asked

router = APIRouter(tags=["trends"])

Exact = Annotated[Grant, Depends(require(Right.EXACT_COUNTS))]
Category = Annotated[str, Query(description="A category of incidents; none: all of them")]


@router.get("/heat/trends", responses={200: {"model": Trends}})
def trends(request: Request, grant: Exact, category: Category = "") -> Response:
    """What every grid will ask for in the next days, and whether it is going up or down."""
    _seen(grant, category)
    with state_of(request).reading() as conn:
        return Json(demand.overview(conn, category, grant.area_wkb), headers=CACHING)


@router.get("/heat/trends/{grid_code}", responses={200: {"model": Trend}})
def trend(grid_code: str, request: Request, grant: Exact, category: Category = "") -> Response:
    """One grid: its days, what was fitted, what is expected with its intervals."""
    _seen(grant, category)
    if "\0" in grid_code:
        raise BadInput("A code holds no zero byte.", reason="grid")
    with state_of(request).reading() as conn:
        return Json(demand.one(conn, category, grid_code, grant.area_wkb), headers=CACHING)


@router.post("/heat/{surface}/effect", responses={200: {"model": Effect}})
def effect(surface: str, question: Question, request: Request, grant: Exact) -> Response:
    """Before and after a measure, beside comparable cells: the change, its interval, and what speaks against it."""
    state = state_of(request)
    spec = surface_named(surface)
    if spec.kind != "density":
        raise NotFound(f"{surface} counts nothing.", reason="surface")
    asked(grant, Ask(surface, categories=(question.category,) if question.category else (), zone=state.settings.zone))
    with state.reading() as conn:
        measure = Measure(
            _area(conn, question, grant), question.start, question.days, question.before_days, question.category or None
        )
        return Json(
            intervention.answer(
                conn,
                measure,
                now=clock.now(),
                zone=state.settings.zone,
                surface=surface,
                within_wkb=grant.area_wkb,
                domains=state.hotspots.domains,
            )
        )


def _seen(grant: Grant, category: str) -> None:
    """Raise NotFound unless grids and incidents are the asker's to see, BadInput for an unknown category."""
    asked(grant, Ask("incidents", categories=(category,) if category else ()))
    if not grant.sees_layer("grid", BY_NAME["grid"].roles):
        raise NotFound("There are no trends.", reason="surface")


def _area(conn: Connection, question: Question, grant: Grant) -> BaseGeometry:
    given = question.area
    if isinstance(given, Shape):
        try:
            area = shapely.from_geojson(json.dumps(given.model_dump()))
        except (shapely.errors.GEOSException, ValueError, TypeError) as error:
            raise BadInput("The area is no GeoJSON polygon.", reason="area") from error
    else:
        code = {"grid": given.grid} if isinstance(given, GridArea) else {"area": given.area}
        layer = "grid" if isinstance(given, GridArea) else "area"
        if "\0" in next(iter(code.values())) or not grant.sees_layer(layer, BY_NAME[layer].roles):
            raise NotFound("There is no such area.", reason="area")
        area = intervention.area_of(conn, **code)
    if grant.area_wkb is not None and not shapely.covers(shapely.from_wkb(grant.area_wkb), area):
        raise NotFound("There is no such area.", reason="area")
    return area
