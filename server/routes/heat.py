"""Heat: tiles of a surface, what its colours mean, and what one cell is made of."""

from __future__ import annotations

from typing import Annotated, Any

import shapely
from fastapi import APIRouter, Query, Request, Response

from onemap import layers
from onemap.core.cell import boundary, cell_from_hex
from onemap.core.errors import NotFound
from onemap.core.policy import INSIDE, Grant, Right
from onemap.heat import published, service
from onemap.heat.surface import surface as surface_named
from onemap.store.db import Connection
from onemap.store.layer import LayerSpec
from onemap.store.query import visible_keys
from server.answer import Json
from server.asking import Asking
from server.auth import Signed
from server.routes.tiles import CACHING, MVT, answer, tile_id
from server.state import state_of
from tiles.heat import Asked, HeatSource, asked, cells, res_at

router = APIRouter(tags=["heat"])

#: Counts of people that may stand in what an engine says of a part.
_PEOPLE = frozenset(
    attribute.name for layer in layers.LAYERS for attribute in layer.attributes if attribute.small_counts
)


@router.get("/tiles/heat/{surface}/{z}/{x}/{y}.mvt", response_class=Response)
async def heat_tile(surface: str, z: str, x: str, y: str, request: Request, grant: Signed, ask: Asking) -> Response:
    """H3 cells as polygons with `cell`, `value` and `rank` (0..1 among all cells of the surface at that size)."""
    state = state_of(request)
    number = tile_id(z, x, y)
    what = asked(grant, ask)
    if not what.published:
        await state.heat.catch_up(surface)
    return answer(request, await state.tiles.fetch(HeatSource(state.heat, what), number), MVT)


@router.get("/heat/{surface}/legend", response_class=Response)
def legend(
    surface: str,
    request: Request,
    grant: Signed,
    ask: Asking,
    z: Annotated[float, Query(ge=0, le=30, description="Zoom of the map")] = 12.0,
) -> Response:
    """What the colours mean at a zoom: {res, unit, breaks, cell_km2}."""
    what = asked(grant, ask)
    spec = surface_named(surface)
    with state_of(request).reading() as conn:
        res = res_at(what, z)
        if what.published:
            found = published.legend(conn, what.ask, res)
        else:
            found = service.legend(conn, what.ask, res)
        if (what.area_wkb is not None or what.published) and not spec.breaks:
            found["breaks"] = service.quantiles(cells(conn, what, res, None).values)
    return Json(found, headers=CACHING)


@router.get("/heat/{surface}/cells/{cell}", response_class=Response)
def explain(surface: str, cell: str, request: Request, grant: Signed, ask: Asking) -> Response:
    """What a cell is made of; the parts sum to its value."""
    what = asked(grant, ask)
    index = cell_from_hex(cell)
    if what.published:
        index = published.cell_of(index)
    _inside(what, index)
    with state_of(request).reading() as conn:
        if what.published:
            return Json(published.explain(conn, what.ask, index), headers=CACHING)
        found = service.explain(conn, what.ask, index)
        found["parts"] = _told(conn, grant, found["parts"])
    return Json(found, headers=CACHING)


def _inside(what: Asked, index: int) -> None:
    """Raise NotFound for a cell that does not lie whole in the asker's area, as in the tiles."""
    if what.area_wkb is not None and not shapely.contains(shapely.from_wkb(what.area_wkb), boundary(index)):
        raise NotFound("There is no such cell.")


def _told(conn: Connection, grant: Grant, parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The parts without what the asker may not see: hidden sources keep their value alone, so that the sum holds."""
    by_layer: dict[str, set[str]] = {}
    for part in parts:
        by_layer.setdefault(part["source_layer"], set()).add(part["source_key"] or "")
    seen = {name: visible_keys(conn, layers.BY_NAME[name], grant, sorted(keys)) for name, keys in by_layer.items()}
    people = Right.EXACT_COUNTS in grant.rights and grant.role in INSIDE
    return [
        _shown(part, layers.BY_NAME[part["source_layer"]], grant, people=people)
        if part["source_key"] is None or part["source_key"] in seen[part["source_layer"]]
        else {**part, "source_key": None, "name": "", "detail": {}}
        for part in parts
    ]


def _shown(part: dict[str, Any], layer: LayerSpec, grant: Grant, *, people: bool) -> dict[str, Any]:
    """A part whose detail holds no attribute that is hidden from the asker's role, and for the public no counts."""
    hidden = {attribute.name for attribute in layer.attributes if grant.role not in attribute.roles}
    if not people:
        hidden |= _PEOPLE
    return {**part, "detail": {name: value for name, value in part["detail"].items() if name not in hidden}}
