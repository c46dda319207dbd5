"""The search: things of every layer by name, title, code or key."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from onemap.core.policy import Grant
from onemap.layers import BY_NAME, LAYERS
from onemap.store.layer import LayerSpec
from onemap.store.search import MAX_LIMIT, SearchQuery, parse_near, search, tidy
from server.answer import Json
from server.auth import Signed
from server.routes.tiles import view_of
from server.search_models import Found
from server.state import State, state_of

router = APIRouter(tags=["search"])

#: Where a thing lies is told by the first of these that has a name there.
AROUND = (BY_NAME["grid"], BY_NAME["area"])


@router.get("/search", responses={200: {"model": Found}})
async def find(
    request: Request,
    grant: Signed,
    q: Annotated[str, Query(max_length=256, description="1 to 64 characters of a name, title, code, or a whole key")],
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Things told at most")] = 20,
    layers: Annotated[str | None, Query(max_length=400, description="Names, with commas between; none: all")] = None,
    near: Annotated[str | None, Query(max_length=60, description="lon,lat: what is nearer comes first")] = None,
) -> Response:
    """Things of the asker's layers that are called so: whole names and codes, then beginnings, then parts of names.

    Capitals, full-width signs and wildcards mean nothing: `%` is a percent sign. A single character is looked for in
    small layers, and in large ones (buildings, parts, roads, incidents) among what is near.
    """
    state = state_of(request)
    asked = SearchQuery(tidy(q), limit, None if near is None else parse_near(near))
    wanted = _wanted(state, grant, layers)
    async with state.searches.turn(grant), state.pool.connection() as conn:
        page = await search(conn, wanted, grant, asked, around=AROUND)
    return Json({"q": asked.text, "items": page.items, "more": page.more})


def _wanted(state: State, grant: Grant, names: str | None) -> tuple[LayerSpec, ...]:
    """The layers that are asked for. Raises NotFound for one that is not the asker's, as if there were none."""
    if names is None:
        return LAYERS
    given = dict.fromkeys(name.strip() for name in names.split(","))
    return tuple(view_of(state, grant, name).layer for name in given)
