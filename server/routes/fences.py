"""Fences: declared, tried, in force; what happened at them and who is inside."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import shapely
from fastapi import APIRouter, Depends, Query, Request, Response
from shapely.geometry.base import BaseGeometry

from onemap.core import clock
from onemap.core.errors import Forbidden, NotFound
from onemap.core.policy import Grant, Right
from onemap.fences import service as fences
from onemap.layers import BY_NAME
from onemap.store.db import Connection
from onemap.store.policy_sql import view
from onemap.store.within import keys_within
from server import sight
from server.answer import Json
from server.auth import Signed, require
from server.fence_models import Fence, FenceEvent, FencePreview, FenceSpec, Inside
from server.state import state_of

router = APIRouter(prefix="/fences", tags=["fences"])

Editor = Annotated[Grant, Depends(require(Right.FENCES_EDIT))]
_LAYER = BY_NAME["geofence"]


@router.get("", responses={200: {"model": list[Fence]}})
def listed(request: Request, grant: Signed, limit: Annotated[int, Query(ge=1, le=5000)] = 1000) -> Response:
    """All fences that the asker may see, by name."""
    here = state_of(request)
    view(_LAYER, grant)
    with here.reading() as conn:
        return Json(fences.listed(conn, clock.zone_of(here.settings.zone), area=grant.area_wkb, limit=limit))


@router.post("", responses={201: {"model": Fence}}, status_code=201)
def created(spec: FenceSpec, request: Request, grant: Editor) -> Response:
    """Make a fence. It is in force within milliseconds; what is inside already raises what `on_create` says, once."""
    here = state_of(request)
    view(_LAYER, grant)
    with here.acting(grant) as conn:
        said = _said(conn, spec, grant)
        _, ground = fences.prepared(conn, said)
        _own(grant, ground)
        key = fences.make(conn, said, ground)
        return Json(fences.one(conn, key, clock.zone_of(here.settings.zone)), 201)


@router.post("/preview", responses={200: {"model": FencePreview}})
def preview(spec: FenceSpec, request: Request, grant: Editor) -> Response:
    """What a fence would hold, without making it."""
    here = state_of(request)
    view(_LAYER, grant)
    with here.reading() as conn:
        said = _said(conn, spec, grant)
        found = fences.preview(conn, said, area=grant.area_wkb, movers=sight.sees(grant, "mover"))
        counts = sight.attributes_of(
            {name: found[name] for name in ("households", "residents")}, "building", grant,
            here.settings.small_count_floor,
        )  # fmt: skip
        return Json({**found, **counts})


@router.get("/events", responses={200: {"model": list[FenceEvent]}})
def events(
    request: Request,
    grant: Signed,
    fence: Annotated[str | None, Query(max_length=200)] = None,
    since: Annotated[datetime | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """What happened at fences, newest first."""
    here = state_of(request)
    view(_LAYER, grant)
    with here.reading() as conn:
        found = fences.events(conn, fence=fence, since=_aware(since), area=grant.area_wkb, limit=limit)
        return Json([_seen(event, grant) for event in found])


@router.get("/{key:path}/inside", responses={200: {"model": list[Inside]}})
def inside(key: str, request: Request, grant: Signed) -> Response:
    """Objects at a fence that are not simply outside."""
    here = state_of(request)
    view(_LAYER, grant)
    with here.reading() as conn:
        found = fences.inside(conn, key, area=grant.area_wkb)
        return Json(found if sight.sees(grant, "mover") else [])


@router.get("/{key:path}", responses={200: {"model": Fence}})
def one(key: str, request: Request, grant: Signed) -> Response:
    """One fence."""
    here = state_of(request)
    view(_LAYER, grant)
    with here.reading() as conn:
        return Json(fences.one(conn, key, clock.zone_of(here.settings.zone), area=grant.area_wkb))


@router.put("/{key:path}", responses={200: {"model": Fence}})
def changed(key: str, spec: FenceSpec, request: Request, grant: Editor) -> Response:
    """Change a fence."""
    here = state_of(request)
    view(_LAYER, grant)
    with here.acting(grant) as conn:
        _own_fence(conn, key, grant)
        said = _said(conn, spec, grant)
        _, ground = fences.prepared(conn, said)
        _own(grant, ground)
        fences.change(conn, key, said, ground)
        return Json(fences.one(conn, key, clock.zone_of(here.settings.zone)))


@router.delete("/{key:path}", status_code=204)
def deleted(key: str, request: Request, grant: Editor) -> Response:
    """Take a fence away; its events stay."""
    here = state_of(request)
    view(_LAYER, grant)
    with here.acting(grant) as conn:
        _own_fence(conn, key, grant)
        fences.remove(conn, key)
        return Response(status_code=204)


def _said(conn: Connection, spec: FenceSpec, grant: Grant) -> dict[str, Any]:
    """The declaration as it is stored; what it names has to be the asker's to see. Raises NotFound."""
    source = spec.source
    layer = {"buffer": source.layer, "mover": "mover", "hazard_zone": "hazard"}.get(source.type)
    if layer in BY_NAME and source.key is not None and not keys_within(conn, BY_NAME[layer], [source.key], grant):
        raise NotFound(f"There is no {layer} {source.key}.", reason="source")
    return spec.model_dump(mode="json")


def _own(grant: Grant, ground: BaseGeometry) -> None:
    """A post with an area makes fences inside it."""
    if grant.area_wkb is not None and not shapely.covers(shapely.from_wkb(grant.area_wkb), ground):
        raise Forbidden("The fence reaches beyond your area.", reason="area")


def _own_fence(conn: Connection, key: str, grant: Grant) -> None:
    if grant.area_wkb is None:
        return
    if not keys_within(conn, _LAYER, [key], grant):
        raise NotFound("There is no such fence.", reason="fence")
    row = conn.execute("SELECT st_asbinary(geom) AS wkb FROM geofence WHERE key = %s", (key,)).fetchone()
    if row is not None:
        standing: Any = shapely.from_wkb(row["wkb"])
        _own(grant, standing)


def _seen(event: dict[str, Any], grant: Grant) -> dict[str, Any]:
    """An event as the asker sees it: who was there is the movers' layer's to say."""
    if sight.sees(grant, "mover"):
        return event
    return {**event, **dict.fromkeys(("mover_key", "mover_name", "lon", "lat"))}


def _aware(at: datetime | None) -> datetime | None:
    return at if at is None or at.tzinfo is not None else at.replace(tzinfo=clock.now().tzinfo)
