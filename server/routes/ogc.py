"""OGC API Features, part 1: landing page, conformance, collections, items, by GeoJSON alone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Query, Request, Response

from onemap import layers
from onemap.core import clock
from onemap.core.errors import BadInput, NotFound
from onemap.core.policy import Grant
from onemap.store import extent, query
from onemap.store.layer import LayerSpec
from onemap.store.query import MAX_LIMIT, FeatureQuery, parse_bbox
from onemap.store.when import parse_when
from server.answer import Json
from server.auth import Signed
from server.routes.tiles import CACHING, view_of
from server.state import state_of

router = APIRouter(prefix="/ogc", tags=["ogc"])

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
GEOJSON = "application/geo+json"
OPENAPI = "application/vnd.oai.openapi+json;version=3.1"
TILEJSON = "application/json"
DEFAULT_LIMIT = 100

#: What is truly there. Not `oas30`: the description of this API is OpenAPI 3.1.
CONFORMANCE = (
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/landing-page",
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/json",
    "http://www.opengis.net/spec/ogcapi-common-2/1.0/conf/collections",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
)
_FEATURES = {200: {"content": {GEOJSON: {"schema": {"type": "object"}}}, "description": "GeoJSON"}}
_OWN = frozenset({"bbox", "datetime", "limit", "cursor"})


@router.get("", response_class=Response)
@router.get("/", response_class=Response, include_in_schema=False)
async def landing(request: Request, _: Signed) -> Response:
    """Where everything is."""
    base = _base(request)
    return Json(
        {
            "title": "One map 一张图",
            "description": "The layers of the one map as features.",
            "links": [
                _link(f"{base}/ogc", "self", "application/json", "This document"),
                _link(f"{base}/openapi.json", "service-desc", OPENAPI, "The API's description"),
                _link(f"{base}/ogc/conformance", "conformance", "application/json", "Conformance classes"),
                _link(f"{base}/ogc/collections", "data", "application/json", "The collections"),
            ],
        },
        headers=CACHING,
    )


@router.get("/conformance", response_class=Response)
async def conformance(_: Signed) -> Response:
    """The conformance classes that hold."""
    return Json({"conformsTo": list(CONFORMANCE)}, headers=CACHING)


@router.get("/collections", response_class=Response)
async def collections(request: Request, grant: Signed) -> Response:
    """The layers that the asker may see."""
    base = _base(request)
    seen = [layer for layer in layers.LAYERS if grant.sees_layer(layer.name, layer.roles)]
    extents = await _extents(request, seen, grant)
    return Json(
        {
            "links": [_link(f"{base}/ogc/collections", "self", "application/json", "This document")],
            "collections": [_collection(base, layer, extents.get(layer.name)) for layer in seen],
        },
        headers=CACHING,
    )


@router.get("/collections/{layer}", response_class=Response)
async def collection(layer: str, request: Request, grant: Signed) -> Response:
    """One layer."""
    spec = view_of(state_of(request), grant, layer).layer
    extents = await _extents(request, [spec], grant)
    return Json(_collection(_base(request), spec, extents.get(layer)), headers=CACHING)


@router.get("/collections/{layer}/items", response_class=Response, responses=_FEATURES)  # type: ignore[arg-type]
async def items(
    layer: str,
    request: Request,
    grant: Signed,
    bbox: str | None = Query(None, description="west,south,east,north in degrees; west > east crosses 180"),
    datetime: str | None = Query(None, description="An instant: as of then. An interval a/b: events in it."),
    limit: str | None = Query(None, description=f"Features a page, 1 to {MAX_LIMIT}"),
    cursor: str | None = Query(None, description="From the link to the next page"),
) -> Response:
    """A page of features. Any attribute's name is a parameter too: `status=open` gives those alone."""
    state = state_of(request)
    view_of(state, grant, layer)
    asked = FeatureQuery(
        bbox=None if bbox is None else parse_bbox(bbox),
        when=parse_when(datetime),
        filters=_filters(request),
        limit=_limit(limit),
        cursor=cursor,
    )
    async with state.pool.connection() as conn:
        page = await query.features(conn, layers.BY_NAME[layer], grant, asked, floor=state.settings.small_count_floor)
    here = f"{_base(request)}/ogc/collections/{layer}"
    given = dict(request.query_params)
    links = [_link(_with(f"{here}/items", given), "self", GEOJSON, "This page")]
    if page.cursor is not None:
        links.append(_link(_with(f"{here}/items", {**given, "cursor": page.cursor}), "next", GEOJSON, "The next page"))
    links.append(_link(here, "collection", "application/json", "The collection"))
    return _geojson(
        f'{{"type":"FeatureCollection","timeStamp":"{_now()}","numberReturned":{len(page.features)},'
        f'"links":{json.dumps(links, ensure_ascii=False)},"features":[{",".join(page.features)}]}}'
    )


# A key may hold slashes (a grid's is "<edition>/<code>").
@router.get("/collections/{layer}/items/{key:path}", response_class=Response, responses=_FEATURES)  # type: ignore[arg-type]
async def item(
    layer: str,
    key: str,
    request: Request,
    grant: Signed,
    datetime: str | None = Query(None, description="An instant: the feature as of then"),
) -> Response:
    """One feature by its key."""
    state = state_of(request)
    view_of(state, grant, layer)
    unknown = set(request.query_params) - {"datetime"}
    if unknown:
        raise BadInput(f"{sorted(unknown)[0][:60]!r} is not a parameter of this door.", reason="unknown-parameter")
    async with state.pool.connection() as conn:
        found = await query.feature(
            conn,
            layers.BY_NAME[layer],
            grant,
            key,
            when=parse_when(datetime),
            floor=state.settings.small_count_floor,
        )
    if found is None:
        raise NotFound(f"There is no {layer} {key[:80]}.")
    here = f"{_base(request)}/ogc/collections/{layer}"
    links = [
        _link(
            _with(f"{here}/items/{quote(key, safe='')}", dict(request.query_params)), "self", GEOJSON, "This feature"
        ),
        _link(here, "collection", "application/json", "The collection"),
    ]
    return _geojson(f'{found[:-1]},"links":{json.dumps(links, ensure_ascii=False)}}}')


def _filters(request: Request) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name in found:
            raise BadInput(f"{name[:60]!r} is given twice.", reason="parameter-twice")
        found[name] = value
    return {name: value for name, value in found.items() if name not in _OWN}


def _limit(text: str | None) -> int:
    """More than the most is the most, as the standard has it; anything that is no number from 1 up is wrong."""
    if text is None:
        return DEFAULT_LIMIT
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) >= 1):
        raise BadInput("limit is a whole number from 1 up.", reason="limit")
    return min(int(text), MAX_LIMIT)


async def _extents(request: Request, seen: list[LayerSpec], grant: Grant) -> dict[str, extent.Bounds]:
    async with state_of(request).pool.connection() as conn:
        return await extent.layer_extents(conn, seen, grant)


def _collection(base: str, layer: LayerSpec, bounds: extent.Bounds | None) -> dict[str, Any]:
    here = f"{base}/ogc/collections/{layer.name}"
    found: dict[str, Any] = {
        "id": layer.name,
        "title": f"{layer.title.zh} {layer.title.en}",
        "description": layer.title.en,
        "itemType": "feature",
        "crs": [CRS84],
        "links": [
            _link(here, "self", "application/json", "This collection"),
            _link(f"{here}/items", "items", GEOJSON, "Its features"),
            _link(f"{base}/tiles/{layer.name}.json", "describedby", TILEJSON, "Its vector tiles (TileJSON)"),
        ],
    }
    extents: dict[str, Any] = {
        "temporal": {
            "interval": [[None, None]],
            "trs": "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian",
        }
    }
    if bounds is not None:
        extents["spatial"] = {"bbox": [list(bounds)], "crs": CRS84}
    found["extent"] = extents
    return found


def _geojson(text: str) -> Response:
    return Response(text, headers={**CACHING, "Content-Crs": f"<{CRS84}>"}, media_type=GEOJSON)


def _base(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _link(href: str, rel: str, media_type: str, title: str) -> dict[str, str]:
    return {"href": href, "rel": rel, "type": media_type, "title": title}


def _with(url: str, params: Mapping[str, str] | Iterable[tuple[str, str]]) -> str:
    text = urlencode(dict(params))
    return f"{url}?{text}" if text else url


def _now() -> str:
    return clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
