"""The catalogue: all that the web map needs to know to draw itself, for this asker."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, Request, Response

from onemap import layers
from onemap.core.catalogue import current
from onemap.core.policy import Grant
from onemap.heat import service as heat
from onemap.heat.count import published
from onemap.heat.prediction.forecast import whether_shown
from onemap.heat.surface import SurfaceSpec
from onemap.store import extent
from onemap.store.layer import Attribute, LayerSpec, Text
from onemap.store.sqlfile import sql
from onemap.terrain.service import Dem, dems_async
from server.answer import Json
from server.auth import Signed
from server.models import Classes
from server.routes import terrain
from server.routes.tiles import CACHING, has
from server.state import state_of
from tiles.heat import is_published, shows

router = APIRouter(tags=["catalogue"])


@router.get("/catalogue", response_class=Response)
async def catalogue(request: Request, grant: Signed) -> Response:
    """City, layers with the attributes the asker may see, surfaces and terrain."""
    state = state_of(request)
    async with state.pool.connection() as conn:
        city = await extent.city(conn)
        bounds = await extent.city_bounds(conn, grant)
        dems = await dems_async(conn, state.settings.home_path)
        standing = await (await conn.execute(sql("forecast_standing"))).fetchall()
    return Json(
        {
            "city": _city(city, bounds, grant),
            "layers": [_layer(one, grant) for one in layers.LAYERS if grant.sees_layer(one.name, one.roles)],
            "surfaces": [_of(grant, one, standing) for one in heat.surfaces() if shows(grant, one)],
            "terrain": _terrain(dems),
        },
        headers=CACHING,
    )


@router.get("/catalogue/classes", response_model=Classes)
async def classes(request: Request, _: Signed, kind: Literal["part", "matter"] = "part") -> Response:
    """What five digits mean: the classes of parts or of matters, a few hundred; 304 for who has them as they are."""
    known = current()
    etag = f'"{known.digest}-{kind}"'
    headers = {**CACHING, "ETag": f"W/{etag}"}
    if has(request, etag):
        return Response(status_code=304, headers=headers)
    return Json(
        {
            "version": known.version,
            "kind": kind,
            "majors": [
                {"code": major, "title": {"zh": zh, "en": en}} for major, (zh, en) in known.majors(kind).items()
            ],
            "classes": [
                {"code": one.code, "title": {"zh": one.name, "en": one.name_en}}
                for one in known.entries
                if one.kind == kind
            ],
        },
        headers=headers,
    )


def _city(found: dict[str, Any] | None, bounds: extent.Bounds, grant: Grant) -> dict[str, Any]:
    west, south, east, north = bounds
    city = found or {"name": "", "name_en": "", "center": [0.0, 20.0], "zoom": 2.0}
    center = city["center"]
    if grant.area_wkb is not None and not (west <= center[0] <= east and south <= center[1] <= north):
        center = [(west + east) / 2.0, (south + north) / 2.0]
    return {
        "name": city["name"],
        "name_en": city["name_en"],
        "bounds": list(bounds),
        "center": center,
        "zoom": city["zoom"],
    }


def _layer(layer: LayerSpec, grant: Grant) -> dict[str, Any]:
    return {
        "name": layer.name,
        "title": _text(layer.title),
        "group": layer.group,
        "geometry": layer.geometry,
        "minzoom": layer.minzoom,
        "maxzoom": layer.maxzoom,
        "live": layer.live,
        "time": layer.time,
        "style": dict(layer.style),
        "attributes": [_attribute(one) for one in layer.visible(grant.role)],
        "tilejson": f"/tiles/{layer.name}.json",
    }


def _attribute(attribute: Attribute) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": attribute.name,
        "title": _text(attribute.title),
        "unit": attribute.unit or None,
        "kind": attribute.kind,
    }
    if attribute.values:
        found["values"] = {value: _text(title) for value, title in attribute.values.items()}
    return found


def _of(grant: Grant, surface: SurfaceSpec, standing: list[dict[str, Any]]) -> dict[str, Any]:
    """A surface as it may be asked: published counts have whole days, and neither sources nor smoothing."""
    found = _surface(surface, standing)
    if not is_published(grant, surface):
        return found
    windows = [window for window in surface.windows if published.whole(window)]
    return found | {"sources": [], "windows": windows, "smooth_max": 0, "published": True}


def _surface(surface: SurfaceSpec, standing: list[dict[str, Any]]) -> dict[str, Any]:
    shown, why = whether_shown(standing, surface.horizons) if surface.kind == "forecast" else (True, None)
    return {
        "name": surface.name,
        "kind": surface.kind,
        "title": _text(surface.title),
        "unit": _text(surface.unit),
        "categories": [{"name": name, "title": _text(title)} for name, title in surface.categories.items()],
        "sources": [{"name": name, "title": _text(title)} for name, title in surface.sources.items()],
        "windows": list(surface.windows),
        "horizons": list(surface.horizons),
        "breaks": list(surface.breaks),
        "smooth_max": surface.smooth_max,
        "rule": _text(surface.rule) if surface.rule is not None else None,
        "shown": shown,
        "why": why,
        "published": False,
    }


def _terrain(dems: list[Dem]) -> dict[str, Any] | None:
    if not dems:
        return None
    return {
        "tiles": "/tiles/terrain/{z}/{x}/{y}.png",
        "minzoom": min(dem.minzoom for dem in dems),
        "maxzoom": max(dem.maxzoom for dem in dems),
        "encoding": "terrarium",
        "bounds": [
            min(dem.bounds[0] for dem in dems),
            min(dem.bounds[1] for dem in dems),
            max(dem.bounds[2] for dem in dems),
            max(dem.bounds[3] for dem in dems),
        ],
        "products": terrain.products(),
    }


def _text(text: Text) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}
