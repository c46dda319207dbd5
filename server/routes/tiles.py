"""Tiles: vector tiles of the layers and their TileJSON. Thin: what is in a tile is the tiles package's business."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.routing import APIRoute

from onemap import layers
from onemap.core.errors import BadInput, NotFound
from onemap.core.policy import Grant
from onemap.store import extent
from onemap.store.layer import LayerSpec
from onemap.store.policy_sql import View, view
from onemap.store.when import parse_instant
from onemap.terrain.service import dems_async
from server.answer import Json
from server.auth import Signed, current_asker
from server.state import State, state_of
from tiles.cache import Tile
from tiles.grid import TileId
from tiles.terrain import TerrainSource
from tiles.tilejson import tilejson
from tiles.vector import MAX_POINTS, VectorSource

router = APIRouter(tags=["tiles"])


class TileRoute(APIRoute):
    """A tile's route: described like every other, and served without the framework's way of filling in parameters.

    A screen asks for fifty tiles at once, and that way costs more than the rest of ours together.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Path parameters as texts, the grant, and `datetime`: all that a tile takes."""
        endpoint = self.endpoint

        async def handle(request: Request) -> Response:
            grant = (await current_asker(request)).grant
            asked = request.query_params.get("datetime")
            response: Response = await endpoint(**request.path_params, request=request, grant=grant, datetime=asked)
            return response

        return handle


fast = APIRouter(tags=["tiles"], route_class=TileRoute)

MVT = "application/vnd.mapbox-vector-tile"
#: A browser may keep a tile, and asks each time whether it is still true: the answer is then a 304 without a body.
CACHING = {"Cache-Control": "private, no-cache", "Vary": "Accept-Encoding, Authorization, Cookie"}
_NUMBER = re.compile(r"[0-9]{1,8}")
_TILE = {
    200: {"content": {MVT: {"schema": {"type": "string", "format": "binary"}}}, "description": "The tile, gzip"},
    204: {"description": "Nothing is in this tile"},
    304: {"description": "The tile named by If-None-Match is still true"},
}

Instant = Annotated[str | None, Query(alias="datetime", description="RFC 3339 instant: the layer as of then")]


def layer_of(name: str) -> LayerSpec:
    """The layer of that name. Raises NotFound."""
    found = layers.BY_NAME.get(name)
    if found is None:
        raise NotFound(f"There is no layer {name[:60]}.")
    return found


def view_of(state: State, grant: Grant, name: str) -> View:
    """The layer as this grant sees it. Raises NotFound, for a hidden layer too."""
    return view(layer_of(name), grant, floor=state.settings.small_count_floor)


def tile_id(z: str, x: str, y: str) -> TileId:
    """The tile of three texts. Raises BadInput."""
    if not all(_NUMBER.fullmatch(part) for part in (z, x, y)):
        raise BadInput("A tile is named by three numbers: zoom, column, row.", reason="tile")
    return TileId(int(z), int(x), int(y))


@router.get("/tiles/{layer}.json", response_class=Response)
async def layer_tilejson(layer: str, request: Request, grant: Signed) -> Response:
    """TileJSON 3.0.0 of a layer, with the attributes that the asker may see."""
    state = state_of(request)
    seen = view_of(state, grant, layer)
    async with state.pool.connection() as conn:
        bounds = await extent.city_bounds(conn, grant)
    template = f"{str(request.base_url).rstrip('/')}/tiles/{layer}/{{z}}/{{x}}/{{y}}.mvt"
    return Json(tilejson(seen, template, bounds), headers=CACHING)


@fast.get("/tiles/{layer}/{z}/{x}/{y}.mvt", response_class=Response, responses=_TILE)  # type: ignore[arg-type]
async def layer_tile(
    layer: str, z: str, x: str, y: str, request: Request, grant: Signed, datetime: Instant = None
) -> Response:
    """One vector tile of a layer, as it is now or as of an instant."""
    state = state_of(request)
    number = tile_id(z, x, y)
    instant = None if datetime is None else parse_instant(datetime)
    source = VectorSource(state.pool, view_of(state, grant, layer), instant)
    return answer(request, await state.tiles.fetch(source, number), MVT)


@router.get("/tiles/terrain/{z}/{x}/{y}.png", response_class=Response)
async def terrain_tile(z: str, x: str, y: str, request: Request, _: Signed) -> Response:
    """Heights as terrarium pixels (256 px PNG). Raises NotFound where no elevation model has a height."""
    state = state_of(request)
    number = tile_id(z, x, y)
    async with state.pool.connection() as conn:
        source = TerrainSource(tuple(await dems_async(conn, state.settings.home_path)))
    tile = await state.tiles.fetch(source, number)
    if not tile.body:
        # Not 204: an empty answer is no image, and a map client would try to decode it.
        raise NotFound("No elevation is known there.")
    return answer(request, tile, "image/png")


def answer(request: Request, tile: Tile, media_type: str) -> Response:
    """A tile as a response: 304 when the asker has it, 204 when it is empty, gzip unless it is not understood."""
    if not tile.body:
        return Response(status_code=204, headers=CACHING)
    zipped = not tile.packed and "gzip" in request.headers.get("accept-encoding", "")
    # Two encodings of one tile are two representations, and a strong ETag names one.
    etag = f'"{tile.etag}-gz"' if zipped else f'"{tile.etag}"'
    headers = {**CACHING, "ETag": etag}
    if tile.limited:
        headers["OneMap-Limited"] = str(MAX_POINTS)
    if has(request, etag):
        return Response(status_code=304, headers=headers)
    if zipped:
        headers["Content-Encoding"] = "gzip"
        return Response(tile.body, headers=headers, media_type=media_type)
    body = tile.body if tile.packed else gzip.decompress(tile.body)
    return Response(body, headers=headers, media_type=media_type)


def has(request: Request, etag: str) -> bool:
    """Whether If-None-Match names this representation. A proxy may have made our strong tag a weak one."""
    given = request.headers.get("if-none-match")
    if given is None:
        return False
    return any(part.strip() in ("*", etag, f"W/{etag}") for part in given.split(","))
