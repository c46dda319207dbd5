"""The application: its routers in one explicit tuple, its parts opened and closed with it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware

from onemap.core import catalogue as classes
from onemap.core.settings import Settings
from onemap.heat.hazard import declared
from onemap.planning import workspace
from onemap.warnings.calling import template
from onemap.warnings.telling import identity as telling
from server import errors, models
from server.middleware import Edge
from server.routes import (
    alerts,
    auth,
    calls,
    catalogue,
    deliveries,
    drills,
    editions,
    export,
    feeds,
    fences,
    forecast,
    health,
    heat,
    hotspots,
    incidents,
    live,
    messages,
    notices,
    ogc,
    plans,
    proposals,
    reviews,
    rules,
    search,
    sensors,
    statistics,
    terrain,
    tiles,
    trends,
    warnings,
)
from server.state import State
from server.static import static_router

#: Every group of doors; a new one is one file in `server/routes` and one line here.
ROUTERS: tuple[APIRouter, ...] = (
    tiles.fast,  # first: routes are tried in order, and tiles come by the thousand
    auth.router,
    health.router,
    live.router,
    messages.router,  # before the warnings' own doors, whose paths take every key
    warnings.router,
    alerts.router,
    notices.router,
    calls.router,
    deliveries.router,
    rules.router,
    fences.router,
    drills.router,
    statistics.router,
    editions.router,  # before the plans, whose paths it shares
    plans.router,
    proposals.router,
    reviews.router,
    incidents.router,
    sensors.router,
    feeds.router,
    catalogue.router,
    search.router,
    hotspots.router,
    forecast.router,
    trends.router,
    export.router,
    heat.router,
    terrain.router,
    tiles.router,
    ogc.router,
)

#: Doors that answer without an account or a key, besides the static page.
OPEN_DOORS = frozenset({"/health", "/auth/sign-in", "/deliveries/receipts"})


def version() -> str:
    """The version of the application."""
    try:
        return installed_version("onemap")
    except PackageNotFoundError:
        return "0.1.0"


def create_app(settings: Settings) -> FastAPI:
    """Build the application. Nothing is opened before its lifespan begins; nothing is global but the declared surfaces.

    Raises SetupError for a file of surfaces or classes of the data home that cannot be used.
    """
    classes.use(settings.home_path)
    declared.use(settings.home_path, settings.zone)
    template.use(settings)
    workspace.use(settings.home_path)
    telling.use(settings.home_path / "telling", settings.zone, settings.telling)
    state = State.build(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with state.opened():
            yield

    app = FastAPI(
        title="One map 一张图",
        version=version(),
        lifespan=lifespan,
        openapi_url=None,  # ours asks for a sign-in, like every other door
        docs_url=None,
        redoc_url=None,
        separate_input_output_schemas=False,
    )
    app.state.onemap = state
    errors.install(app)
    for router in ROUTERS:
        app.include_router(router)
    app.include_router(static_router())
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    app.add_middleware(
        GZipMiddleware,
        minimum_size=1024,
        compresslevel=5,
        # Tiles are stored compressed; a stream must leave at once.
        exclude_content_types=(*DEFAULT_EXCLUDED_CONTENT_TYPES, "application/vnd.mapbox-vector-tile"),
    )
    app.add_middleware(Edge, settings=settings, metrics=state.metrics)
    return app


def _openapi(app: FastAPI) -> dict[str, Any]:
    """The description of every door: problems instead of the framework's own error body, and how to sign in."""
    if app.openapi_schema is not None:
        return app.openapi_schema
    schema = get_openapi(title=app.title, version=app.version, routes=app.routes, openapi_version="3.1.0")
    schemas = schema.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = models.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    problem = {
        "description": "Problem details (RFC 9457)",
        "content": {errors.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    schema["components"]["securitySchemes"] = {
        "session": {"type": "apiKey", "in": "cookie", "name": "onemap_session"},
        "key": {"type": "http", "scheme": "bearer"},
    }
    for path, methods in schema["paths"].items():
        for operation in methods.values():
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = problem
            operation["security"] = [] if path in OPEN_DOORS else [{"session": []}, {"key": []}]
    app.openapi_schema = schema
    return schema
