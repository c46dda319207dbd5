"""Figures of grids over a range, by the edition in force at each time or all by one."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AwareDatetime

from onemap import layers
from onemap.core.errors import NotFound
from onemap.core.policy import Grant, Right
from onemap.planning import statistics
from server import grid_statistics, plan_files
from server.answer import Json
from server.auth import require
from server.edition_models import GridStatistics
from server.state import state_of

router = APIRouter(tags=["editions"])

Seer = Annotated[Grant, Depends(require(Right.PLANS_SEE))]


@router.get(
    "/editions/statistics",
    responses={200: {"model": GridStatistics, "content": {"text/csv": {}}}},
)
def counted(
    request: Request,
    grant: Seer,
    start: Annotated[AwareDatetime, Query(alias="from", description="From this instant on, with its offset.")],
    stop: Annotated[AwareDatetime, Query(alias="to", description="Until before this instant.")],
    edition: Annotated[
        str | None, Query(max_length=64, description="Count everything by it; none: by the one in force at each time.")
    ] = None,
    scope: Annotated[str | None, Query(max_length=20, description="Code of an area; none: the whole city.")] = None,
    limit: Annotated[int, Query(ge=1, le=20_000, description="Rows of each period (JSON).")] = 1000,
    format: Annotated[Literal["json", "csv"], Query()] = "json",
) -> Response:
    """Cases, buildings, households and the like of each grid over a range: by the edition in force at each time, or all
    by one edition.
    """
    if not grant.sees_layer("grid", layers.BY_NAME["grid"].roles):
        raise NotFound("There is no layer of grids.", reason="layer")
    asked = statistics.Asked(start, stop, edition or None, scope or None, grant.area_wkb)
    with state_of(request).reading() as conn:
        found = statistics.of_range(conn, asked)
    if format == "csv":
        days = f"{start:%Y%m%d}-{stop:%Y%m%d}"
        return plan_files.sent(grid_statistics.as_csv(found, f"grids-{edition or 'as-of'}-{days}"))
    return Json(grid_statistics.cut(found, limit))
