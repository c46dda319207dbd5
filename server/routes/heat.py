"""Heat: tiles of a surface, what its colours mean, and what one cell is made of."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import numpy as np
import shapely
from fastapi import APIRouter, Query, Request, Response

from onemap import layers
from onemap.core.cell import boundary, cell_from_hex
from onemap.core.errors import BadInput, NotFound
from onemap.core.policy import INSIDE, Grant, Right
from onemap.heat import service
from onemap.heat.count import published
from onemap.heat.surface import surface as surface_named
from onemap.store.db import Connection
from onemap.store.layer import LayerSpec
from onemap.store.query import visible_keys
from server.answer import Json
from server.asking import Asking
from server.auth import Signed
from server.routes.tiles import CACHING, MVT, answer, tile_id
from server.state import State, state_of
from tiles.heat import Asked, HeatSource, asked, res_at

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
    """What the colours mean at a zoom: unit, breaks, size of a cell, exact window, kernel and its bandwidth, rule."""
    what = asked(grant, ask)
    state = state_of(request)
    with state.reading() as conn:
        res = res_at(what, z)
        stated = surface_named(surface).breaks
        values = np.empty(0) if stated else state.heat.distribution(conn, what, res, state.heat.view(what))
        found = service.legend(what.ask, res, values)
        if what.published:
            found |= {**published.legend(conn, what.ask, res), "unit": found["unit"], "breaks": found["breaks"]}
    return Json(found, headers=CACHING)


@router.get("/heat/{surface}/cells/{cell}", response_class=Response)
async def explain(surface: str, cell: str, request: Request, grant: Signed, ask: Asking) -> Response:
    """What a cell is made of: parts that sum to its value, sources with their age, confidence, what changed."""
    what = asked(grant, ask)
    index = cell_from_hex(cell)
    if what.published:
        index = published.cell_of(index)
    _inside(what, index)
    if not what.published:
        await state_of(request).heat.catch_up(surface)
    return Json(await asyncio.to_thread(_explained, state_of(request), grant, what, index), headers=CACHING)


def _explained(state: State, grant: Grant, what: Asked, index: int) -> dict[str, Any]:
    with state.reading() as conn:
        if what.published:
            unit = surface_named(what.ask.surface).unit.as_json()
            return service.NOT_KNOWN | published.explain(conn, what.ask, index) | {"unit": unit}
        found = service.explain(conn, what.ask, index, view=state.heat.view(what))
        found["parts"] = _told(conn, grant, found["parts"])
        if "factors" in found:
            found |= _about(grant, found)
        return found


@router.get("/heat/{surface}/cells/{cell}/history", response_class=Response)
def history(
    surface: str,
    cell: str,
    request: Request,
    grant: Signed,
    ask: Asking,
    days: Annotated[int, Query(ge=1, le=1100, description="Days back from now")] = 30,
    step: Annotated[str, Query(description="hour or day")] = "day",
) -> Response:
    """How a cell came to its value: [start, value] by hour or by the city's day, oldest first."""
    what = asked(grant, ask)
    index = cell_from_hex(cell)
    if what.published:
        index = published.cell_of(index)
        if step != "day":
            raise BadInput("Published counts are told by the day.", reason="step")
    _inside(what, index)
    state = state_of(request)
    with state.reading() as conn:
        if what.published:
            points = published.history(conn, what.ask, index, days)
        else:
            points = service.history(conn, what.ask, index, days=days, step=step, view=state.heat.view(what))
    unit = surface_named(surface).unit.as_json()
    return Json({"unit": unit, "step": step, "points": [list(point) for point in points]}, headers=CACHING)


def _inside(what: Asked, index: int) -> None:
    """Raise NotFound for a cell that does not lie whole in the asker's area, as in the tiles."""
    if what.area_wkb is not None and not shapely.contains(shapely.from_wkb(what.area_wkb), boundary(index)):
        raise NotFound("There is no such cell.")


def _told(conn: Connection, grant: Grant, parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The parts without what the asker may not see: hidden sources keep their value alone, so that the sum holds."""
    by_layer: dict[str, set[str]] = {}
    for part in parts:
        if part["source_layer"] not in layers.BY_NAME:
            continue  # the ground itself
        by_layer.setdefault(part["source_layer"], set()).add(part["source_key"] or "")
    seen = {name: visible_keys(conn, layers.BY_NAME[name], grant, sorted(keys)) for name, keys in by_layer.items()}
    people = Right.EXACT_COUNTS in grant.rights and grant.role in INSIDE
    return [
        _shown(part, layers.BY_NAME.get(part["source_layer"]), grant, people=people)
        if (part["source_key"] is None or part["source_key"] in seen[part["source_layer"]])
        and not (grant.area_wkb is not None and part["kind"] == "incidents")  # the nearest may lie outside
        else {**part, "source_key": None, "name": "", "detail": {}}
        for part in parts
    ]


def _about(grant: Grant, found: dict[str, Any]) -> dict[str, Any]:
    """What else is said of a risk: without the layers that the asker may not see, and for the public without counts."""

    def sees(layer: str) -> bool:
        spec = layers.BY_NAME.get(layer)
        return spec is None or grant.sees_layer(layer, spec.roles)

    exact = Right.EXACT_COUNTS in grant.rights and grant.role in INSIDE and grant.area_wkb is None
    factors = [
        {**factor, "detail": factor["detail"] if exact and all(sees(layer) for layer in factor["layers"]) else {}}
        for factor in found["factors"]
    ]
    for factor in factors:
        del factor["layers"]
    told: dict[str, Any] = {
        "factors": factors,
        "sources": [source for source in found["sources"] if sees(source["layer"])],
    }
    if found["yesterday"] is not None and grant.area_wkb is not None:
        # What lay outside the area may have changed: its value alone is told.
        told["yesterday"] = {**found["yesterday"], "changed": []}
    return told


def _shown(part: dict[str, Any], layer: LayerSpec | None, grant: Grant, *, people: bool) -> dict[str, Any]:
    """A part whose detail holds no attribute that is hidden from the asker's role, and for the public no counts."""
    hidden = {attribute.name for attribute in (layer.attributes if layer else ()) if grant.role not in attribute.roles}
    if not people:
        hidden |= _PEOPLE
    return {**part, "detail": {name: value for name, value in part["detail"].items() if name not in hidden}}
