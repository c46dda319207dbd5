"""Plans: branches of an edition, edited without ever tearing the coverage."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel

from onemap.core.errors import BadInput, Conflict, OnemapError
from onemap.core.policy import Grant, Right
from onemap.planning import book, log, rebase
from onemap.planning.book import Done
from onemap.planning.grounds import database
from onemap.planning.workspace import workspaces
from onemap.store.db import Connection, acting
from server import plan_answer
from server.answer import Json
from server.auth import require
from server.plan_file_models import Unmatched
from server.plan_files import agreed_of
from server.plan_models import (
    EditAsk,
    Plan,
    PlanChange,
    PlanDelta,
    PlanEdit,
    PlanMake,
    PlanMap,
    RebaseAsk,
    Replayed,
    VersionAsk,
)
from server.state import state_of

router = APIRouter(prefix="/plans", tags=["plans"])

Seer = Annotated[Grant, Depends(require(Right.PLANS_SEE))]
Planner = Annotated[Grant, Depends(require(Right.PLANS_EDIT))]


@router.get("", responses={200: {"model": list[Plan]}})
def listed(request: Request, grant: Seer, limit: Annotated[int, Query(ge=1, le=1000)] = 300) -> Response:
    """Plans, newest first."""
    with state_of(request).reading() as conn:
        return Json(book.listed(conn, area=grant.area_wkb, limit=limit))


@router.post("", responses={201: {"model": Plan}, 409: {"model": Unmatched}}, status_code=201)
def made(ask: PlanMake, request: Request, grant: Planner) -> Response:
    """Open a plan; nothing on the live map changes."""
    with state_of(request).acting(grant) as conn:
        if ask.copy_of is not None:
            made = book.copy_plan(conn, ask.copy_of, ask.name, grant.subject, note=ask.note, area=grant.area_wkb)
        else:
            made = book.open_plan(
                conn,
                ask.name,
                grant.subject,
                note=ask.note,
                base=ask.base,
                scope=ask.scope,
                area=grant.area_wkb,
                agreed=agreed_of(ask.accept_repairs, ask.tolerance_m),
            )
        return Json(made, 201)


@router.get("/{key}", responses={200: {"model": Plan}})
def one(key: str, request: Request, grant: Seer) -> Response:
    """One plan."""
    with state_of(request).reading() as conn:
        return Json(book.plan(conn, key, area=grant.area_wkb))


@router.patch("/{key}", responses={200: {"model": Plan}})
def renamed(key: str, ask: PlanChange, request: Request, grant: Planner) -> Response:
    """Rename a plan, or choose its workload model."""
    with state_of(request).acting(grant) as conn:
        changes = ask.model_dump(exclude_none=True)
        return Json(book.change(conn, key, grant.subject, area=grant.area_wkb, **changes))


@router.delete("/{key}", status_code=204)
def discarded(key: str, request: Request, grant: Planner) -> Response:
    """Discard a draft; its history stays."""
    with state_of(request).acting(grant) as conn:
        book.discard(conn, key, grant.subject, area=grant.area_wkb)
        return Response(status_code=204)


@router.get("/{key}/map", responses={200: {"model": PlanMap}})
def drawn(key: str, request: Request, grant: Seer) -> Response:
    """Everything of a plan that is drawn."""
    with state_of(request).reading() as conn:
        plan = book.plan(conn, key, area=grant.area_wkb)
        return Json(plan_answer.whole(conn, plan, workspaces.refreshed(conn, plan), grant.subject))


@router.post("/{key}/edits", responses={200: {"model": PlanDelta}})
def edited(key: str, ask: EditAsk, request: Request, grant: Planner) -> Response:
    """Apply an edit: saved when answered. The answer leads from the version that was asked on to the new one."""
    with _timed(request, ask.operation.op), _work(request, grant) as work:
        operation = _plain(ask.operation)
        return work(book.edit(work.conn, key, ask.version, operation, grant.subject, area=grant.area_wkb))


@router.post("/{key}/try", responses={200: {"model": PlanDelta}})
def tried(key: str, ask: EditAsk, request: Request, grant: Planner) -> Response:
    """What an edit would do, without doing it."""
    with _timed(request, "try"), state_of(request).reading() as conn:
        operation = _plain(ask.operation)
        done = book.edit(conn, key, ask.version, operation, grant.subject, area=grant.area_wkb, dry=True)
        return Json(plan_answer.difference(conn, done, grant.subject))


@router.post("/{key}/undo", responses={200: {"model": PlanDelta}})
def undone(key: str, ask: VersionAsk, request: Request, grant: Planner) -> Response:
    """Undo the asker's last edit."""
    with _timed(request, "undo"), _work(request, grant) as work:
        return work(book.undo(work.conn, key, ask.version, grant.subject, area=grant.area_wkb))


@router.post("/{key}/redo", responses={200: {"model": PlanDelta}})
def redone(key: str, ask: VersionAsk, request: Request, grant: Planner) -> Response:
    """Do the asker's last undone edit again."""
    with _timed(request, "redo"), _work(request, grant) as work:
        return work(book.redo(work.conn, key, ask.version, grant.subject, area=grant.area_wkb))


@router.get("/{key}/edits", responses={200: {"model": list[PlanEdit]}})
def edits(
    key: str,
    request: Request,
    grant: Seer,
    limit: Annotated[int, Query(ge=1, le=2000)] = 500,
    before: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> Response:
    """The history of a plan, newest first."""
    with state_of(request).reading() as conn:
        book.plan(conn, key, area=grant.area_wkb)
        return Json(log.history(conn, key, limit=limit, before=before))


@router.get("/{key}/since/{version}", responses={200: {"model": PlanDelta}})
def since(key: str, version: str, request: Request, grant: Seer) -> Response:
    """What others changed since a version, as one delta; 409 (reason `reload`) when the map must be loaded anew."""
    if not (version.isascii() and version.isdigit() and len(version) <= 9):
        raise BadInput("版本是一个整数 · A version is a whole number.", reason="version")
    with state_of(request).reading() as conn:
        done = book.since(conn, key, int(version), area=grant.area_wkb)
        return Json(plan_answer.difference(conn, done, grant.subject))


@router.post("/{key}/rebase", responses={200: {"model": Replayed}, 409: {"model": Unmatched}})
def rebased(key: str, ask: RebaseAsk, request: Request, grant: Planner) -> Response:
    """Replay the edits on a newer edition."""
    with _timed(request, "rebase"), state_of(request).acting(grant) as conn:
        agreed = agreed_of(ask.accept_repairs, ask.tolerance_m)
        found = rebase.rebase(
            conn,
            key,
            ask.version,
            grant.subject,
            onto=ask.onto,
            skip=ask.skip,
            area=grant.area_wkb,
            agreed=agreed,
        )
        return Json(plan_answer.replayed(found))


@router.post("/{key}/merge", responses={200: {"model": Replayed}})
def merged(key: str, ask: RebaseAsk, request: Request, grant: Planner) -> Response:
    """Replay another plan's edits on this one."""
    if ask.other is None:
        raise BadInput("请选择要合并的方案 · Name the plan to merge.", reason="other")
    with _timed(request, "merge"), state_of(request).acting(grant) as conn:
        found = rebase.merge(conn, key, ask.version, ask.other, grant.subject, skip=ask.skip, area=grant.area_wkb)
        return Json(plan_answer.replayed(found))


@router.get("/{key}/blocks", responses={200: {"model": dict}})
def blocks(
    key: str,
    request: Request,
    grant: Seer,
    grid: Annotated[str, Query(min_length=1, max_length=64)],
    kind: Annotated[Literal["buildings", "blocks", "cells"], Query()] = "blocks",
    resolution: Annotated[int, Query(ge=8, le=12)] = 11,
) -> Response:
    """Street blocks, buildings or cells of a grid, to paint with: GeoJSON."""
    with state_of(request).reading() as conn:
        plan = book.plan(conn, key, area=grant.area_wkb)
        return Json(plan_answer.paint(workspaces.get(conn, plan, exact=False), grid, kind, resolution))


class _Work:
    """One edit's transaction; called with what was done it makes the answer."""

    def __init__(self, conn: Connection, by: str) -> None:
        self.conn = conn
        self.by = by
        self.place = database(conn)
        self.done: Done | None = None

    def __call__(self, done: Done) -> Response:
        self.done = done
        return Json(plan_answer.difference(self.conn, done, self.by))


@contextmanager
def _work(request: Request, grant: Grant) -> Iterator[_Work]:
    """A transaction that saves an edit; once it is committed, the plan in memory moves on with it."""
    here = state_of(request)
    # Statements whose answer nobody needs yet go out with the next one's: an edit makes three trips instead of ten.
    with here.sync_pool.connection() as conn, conn.pipeline(), acting(conn, grant.subject):
        work = _Work(conn, grant.subject)
        yield work
    if work.done is not None:
        workspaces.keep(work.place, work.done.workspace)


@contextmanager
def _timed(request: Request, op: str) -> Iterator[None]:
    """Count an edit's time, and what it came to."""
    metrics, began = state_of(request).metrics, time.perf_counter()
    result = "failed"
    try:
        yield
        result = "done"
    except Conflict:
        result = "conflict"
        raise
    except OnemapError:
        result = "refused"
        raise
    finally:
        metrics.plan_edits.labels(op, result).inc()
        metrics.plan_edit_seconds.labels(op).observe(time.perf_counter() - began)
        metrics.plan_workspaces.set(len(workspaces))


def _plain(operation: BaseModel) -> dict[str, Any]:
    return operation.model_dump(exclude_none=True)
