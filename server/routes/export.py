"""Surfaces as files for notebooks and other systems."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from onemap.core.errors import BadInput
from onemap.store.query import parse_bbox, split_bbox
from server.asking import Asking
from server.auth import Signed
from server.extract import DEFAULT_RES, written
from server.state import state_of
from tiles.heat import asked

router = APIRouter(tags=["heat"])


@router.get("/heat/{surface}/export", response_class=Response)
async def export(
    surface: str,
    request: Request,
    grant: Signed,
    ask: Asking,
    format: Annotated[str, Query(description="csv, geojson, geoparquet, geotiff or html")] = "geojson",
    res: Annotated[int, Query(ge=0, le=15, description="H3 resolution; surfaces end at their finest")] = DEFAULT_RES,
    bbox: Annotated[str | None, Query(description="west,south,east,north in degrees; none: everywhere")] = None,
) -> Response:
    """The cells of a surface with their ids, values and outlines, as the asker sees it on the map."""
    what = asked(grant, ask)
    boxes = [] if bbox is None else split_bbox(parse_bbox(bbox))
    if len(boxes) > 1:
        raise BadInput("A file holds one side of the antimeridian.", reason="export-antimeridian")
    state = state_of(request)
    if not what.published:
        await state.heat.catch_up(surface)

    def cut() -> tuple[bytes, str, str]:
        with state.reading() as conn:
            return written(conn, grant, what, format, res, boxes[0] if boxes else None, state.heat.view(what))

    data, name, media_type = await asyncio.to_thread(cut)
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(data, media_type=media_type, headers=headers)
