"""Hot spots: significant and emerging cells of a surface, as outlines."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from onemap.core.cell import cell_from_hex, resolution
from onemap.core.errors import BadInput
from onemap.core.policy import Grant
from onemap.heat.ask import Ask
from onemap.heat.count import published
from onemap.heat.hotspot.hotspot_answer import Kind, cell, features
from onemap.heat.hotspot.hotspot_question import FINEST, Question
from onemap.heat.surface import COARSEST, surface
from onemap.store.query import parse_bbox
from server.answer import dumps
from server.asking import Asking
from server.auth import Signed
from server.hotspot_models import HotSpotCell, HotSpots
from server.routes.tiles import CACHING, has
from server.state import State, state_of
from tiles.heat import asked, res_at

router = APIRouter(tags=["hotspots"])

#: Steps of a space-time cube when none are asked for.
STEPS = 12

Res = Annotated[
    int | None, Query(ge=COARSEST, le=FINEST, description="H3 resolution; none: that of the zoom, coarser if need be")
]
Zoom = Annotated[float, Query(ge=0, le=30, description="Zoom of the map, where no resolution is given")]
Rings = Annotated[int, Query(ge=1, le=2, description="Rings of the neighbourhood")]
Least = Annotated[float, Query(ge=0.9, le=0.99, description="Least confidence: 1 - false discovery rate")]
Steps = Annotated[int, Query(ge=4, le=60, description="Steps of an emerging hot spot, each of the window's length")]


@router.get("/heat/{surface}/hotspots", responses={200: {"model": HotSpots}, 304: {"description": "Still true"}})
async def hotspots(
    surface: str,
    request: Request,
    grant: Signed,
    ask: Asking,
    res: Res = None,
    z: Zoom = 12.0,
    kind: Kind = "gi",
    least: Least = 0.95,
    rings: Rings = 1,
    steps: Steps = STEPS,
    bbox: Annotated[
        str | None, Query(description="west,south,east,north: outlines that meet it; tested is all")
    ] = None,
) -> Response:
    """Outlines of the cells where counts stand together higher or lower than chance would put them, one a class.

    `kind=emerging` tells where they are new, growing or fading. Smoothing is left out: it would make neighbours alike.
    """
    state = state_of(request)
    frame = None if bbox is None else parse_bbox(bbox)
    question = _question(grant, ask, res, z, rings, least)
    question = replace(question, steps=steps) if kind == "emerging" else replace(question, alpha=Question.alpha)
    await _catch_up(state, question)

    def work() -> str:
        fitting = question if res is not None else state.hotspots.fitting(question)
        with state.hotspots.held(fitting) as kept:
            return dumps(features(kept, least=least, bbox=frame))

    return _answer(request, await asyncio.to_thread(work))


@router.get(
    "/heat/{surface}/hotspots/cells/{cell_id}",
    responses={200: {"model": HotSpotCell}, 304: {"description": "Still true"}},
)
async def hotspot_cell(
    surface: str,
    cell_id: str,
    request: Request,
    grant: Signed,
    ask: Asking,
    least: Least = 0.95,
    rings: Rings = 1,
    steps: Steps = STEPS,
) -> Response:
    """One cell's figures: z, p, q and class over the window, and over `steps` windows of its length."""
    state = state_of(request)
    index = cell_from_hex(cell_id)
    question = _question(grant, ask, resolution(index), 0.0, rings, least)

    def work() -> str:
        try:
            told: dict[str, Any] = cell(state.hotspots, question, index, steps=steps if _has_steps(surface) else 0)
        except BadInput as problem:
            if problem.reason not in ("cube-size", "window", "not-published"):
                raise
            told = cell(state.hotspots, question, index, steps=0)  # a question that has no steps still has its cell
        return dumps(told)

    await _catch_up(state, question)
    return _answer(request, await asyncio.to_thread(work))


def _question(grant: Grant, ask: Ask, res: int | None, zoom: float, rings: int, least: float) -> Question:
    """The question as this asker may put it. Raises NotFound for a hidden surface, BadInput."""
    what = asked(grant, replace(ask, smooth=0))
    finest = published.res_of(FINEST) if what.published else FINEST
    if res is not None and res > finest:
        raise BadInput(f"Hot spots are found at resolutions {COARSEST} to {finest}.", reason="resolution")
    chosen = res if res is not None else max(COARSEST, min(finest, res_at(what, zoom)))
    return Question(
        what.ask, chosen, rings, alpha=round(1.0 - least, 6), area_wkb=what.area_wkb, published=what.published
    )


def _has_steps(name: str) -> bool:
    return surface(name).kind == "density"


async def _catch_up(state: State, question: Question) -> None:
    if not question.published:
        await state.heat.catch_up(question.ask.surface)


def _answer(request: Request, body: str) -> Response:
    """JSON with an ETag, weak since the body may be compressed on its way, or 304 for who has it."""
    etag = f'"{hashlib.blake2b(body.encode(), digest_size=16).hexdigest()}"'
    headers = {**CACHING, "ETag": f"W/{etag}"}
    if has(request, etag):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")
