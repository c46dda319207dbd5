"""Whether the parts answer, what they count, and the description of every door."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Any

import psycopg
from fastapi import APIRouter, Depends, Request, Response

from onemap.core.policy import Grant, Right
from onemap.store.db import AsyncConnection
from onemap.store.sqlfile import sql
from server.answer import Json
from server.auth import Signed, require
from server.models import Health
from server.state import State, state_of

router = APIRouter(tags=["health"])

#: A worker that has not moved its heartbeat for this long is told as missing.
WORKER_LATE_S = 20.0
_ANSWER_S = 2.0
_KEEP_S = 1.0


@router.get("/health", responses={200: {"model": Health}, 503: {"model": Health}})
async def health(request: Request) -> Response:
    """Open to everybody; asked of the database once a second at most, however many ask."""
    state = state_of(request)
    async with state.health_lock:
        kept = state.health
        if kept is None or kept[0] < time.monotonic():
            kept = (time.monotonic() + _KEEP_S, await _look(state))
            state.health = kept
    body = kept[1]
    return Json({"version": request.app.version, **body}, 503 if body["status"] == "down" else 200)


async def _look(state: State) -> dict[str, Any]:
    found: dict[str, Any] = {
        "status": "down",
        "database": False,
        "live": state.live.connected,
        "heat": state.heat.cubes.ready,
        "worker_age_s": None,
        "demo": False,
        "demo_accounts": [],
    }
    try:
        async with asyncio.timeout(_ANSWER_S), state.pool.connection(timeout=_ANSWER_S) as conn:
            found |= await _ask(conn)
    except (psycopg.Error, TimeoutError):
        return found
    age = found["worker_age_s"]
    well = state.live.connected and age is not None and age < WORKER_LATE_S
    return {**found, "database": True, "status": "ok" if well else "degraded"}


async def _ask(conn: AsyncConnection) -> dict[str, Any]:
    row = await (await conn.execute(sql("health"))).fetchone()
    found = dict(row or {})
    if found.get("demo"):
        accounts = await (await conn.execute(sql("demo_accounts"))).fetchall()
        # Everybody knows these: they exist in a demo's data folder alone, and the sign-in page offers them.
        found["demo_accounts"] = [{**one, "password": f"demo-{one['role']}"} for one in accounts]
    return found


@router.get("/metrics", response_class=Response)
async def metrics(request: Request, _: Annotated[Grant, Depends(require(Right.METRICS))]) -> Response:
    """Measures in the prometheus text form."""
    state = state_of(request)
    async with state.pool.connection() as conn:
        await state.measure(conn)
    return Response(state.metrics.text(), headers={"Cache-Control": "no-store"}, media_type="text/plain; version=0.0.4")


@router.get("/openapi.json", include_in_schema=False)
async def openapi(request: Request, _: Signed) -> Response:
    """The description of every door."""
    return Json(request.app.openapi())
