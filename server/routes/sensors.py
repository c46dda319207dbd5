"""Readings along time: one sensor's series, and the last hours of the whole map."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from onemap.core import clock
from onemap.core.errors import NotFound
from onemap.heat.ask import Ask
from onemap.heat.count import published
from onemap.heat.surface import surface
from onemap.layers import BY_NAME
from onemap.store import feature, series
from onemap.store.policy_sql import view
from onemap.store.within import keys_within
from server import sight
from server.answer import Json
from server.auth import Signed
from server.models import Series, Timeline
from server.state import state_of
from tiles.heat import is_published

router = APIRouter(tags=["sensors"])

Hours = Annotated[float, Query(gt=0, le=168, description="How far back.")]
# A source's clock may run a little ahead of ours.
_AHEAD = timedelta(minutes=5)


@router.get("/sensors/{key:path}/series", responses={200: {"model": list[Series]}})
def sensor_series(key: str, request: Request, grant: Signed, hours: Hours = 6) -> Response:
    """The readings of a sensor's datastreams, oldest first."""
    layer = BY_NAME["sensor"]
    view(layer, grant)
    now = clock.now()
    with state_of(request).reading() as conn:
        if feature.find(conn, layer, key) is None or not keys_within(conn, layer, [key], grant):
            raise NotFound("There is no such sensor.", reason="sensor")
        return Json(series.sensor_series(conn, key, now - timedelta(hours=hours), now + _AHEAD))


@router.get("/timeline", responses={200: {"model": Timeline}})
def timeline(request: Request, grant: Signed, hours: Hours = 6) -> Response:
    """Rain, incidents and warnings of the last hours in buckets; published counts by day instead of exact ones."""
    seen = frozenset(name for name in ("sensor", "incident", "warning") if sight.sees(grant, name))
    state = state_of(request)
    now, span = clock.now(), timedelta(hours=hours)
    with state.reading() as conn:
        found = series.timeline(conn, now, span, grant, seen)
        if is_published(grant, surface("incidents")):
            ask = Ask("incidents", zone=state.settings.zone)
            found["incidents_by_day"] = published.timeline(conn, ask, now - span, now, grant.area_wkb)
        return Json(found)
