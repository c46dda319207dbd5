"""Alerts: what a team is called to, and what it answers; photos of its reports."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from onemap.core.errors import BadInput, NotFound, TooLarge
from onemap.core.policy import Grant, Right
from onemap.store.db import Connection
from onemap.warnings import service as warnings
from server import sight
from server.answer import Json
from server.attachments import owner_of
from server.auth import require
from server.models import Alert, AlertState
from server.state import State, state_of

router = APIRouter(tags=["alerts"])

PHOTO_BYTES = 5 * 1024 * 1024
_NOTE_BYTES = 64 * 1024
_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "note": {"type": "string", "maxLength": 2000},
                        "photo": {"type": "string", "format": "binary", "description": "JPEG or PNG, 5 MB at most"},
                    },
                }
            }
        },
    }
}

AlertId = Annotated[int, Path(ge=1, lt=2**63)]
Listener = Annotated[Grant, Depends(require(Right.ALERTS_OWN, Right.ALERTS_ALL))]
#: A team answers for itself; command may answer for a team that calls in by radio.
Responder = Annotated[Grant, Depends(require(Right.ALERTS_OWN, Right.WARNINGS_STEER))]


@router.get("/alerts", responses={200: {"model": list[Alert]}})
def listed(
    request: Request,
    grant: Listener,
    state: Annotated[AlertState | None, Query()] = None,
    warning: Annotated[str | None, Query(description="Of this warning alone.")] = None,
) -> Response:
    """Alerts, newest first: a team its own, command all."""
    team = None if grant.can(Right.ALERTS_ALL) else grant.team_key
    with state_of(request).reading() as conn:
        found = warnings.alerts(conn, team_key=team, state=state, warning_key=warning)
    return Json(sight.alerts_for(found, grant))


@router.post("/alerts/{alert_id}/acknowledge", responses={200: {"model": Alert}})
def acknowledge(alert_id: AlertId, request: Request, grant: Responder) -> Response:
    """The team has read it and goes. Again: the same."""
    return _answer(request, grant, alert_id, warnings.acknowledge)


@router.post("/alerts/{alert_id}/arrive", responses={200: {"model": Alert}})
def arrive(alert_id: AlertId, request: Request, grant: Responder) -> Response:
    """The team is on site. Again: the same."""
    return _answer(request, grant, alert_id, warnings.arrive)


@router.post("/alerts/{alert_id}/resolve", responses={200: {"model": Alert}})
def resolve(alert_id: AlertId, request: Request, grant: Responder) -> Response:
    """The work is done. Again: the same; not possible before somebody was on site."""
    return _answer(request, grant, alert_id, warnings.resolve)


@router.post("/alerts/{alert_id}/report", responses={200: {"model": Alert}}, openapi_extra=_FORM)
async def report(alert_id: AlertId, request: Request, grant: Responder) -> Response:
    """Add a report with a note, a photo or both. The same report again is one report."""
    # The form is read here and not by the framework: it would read the whole body before it asks who sends it.
    async with request.form(max_files=1, max_fields=8, max_part_size=_NOTE_BYTES) as form:
        note, photo = form.get("note") or "", form.get("photo")
        if not isinstance(note, str):
            raise BadInput("The note is text.", reason="note")
        body = b""
        if isinstance(photo, UploadFile):
            body = await photo.read(PHOTO_BYTES + 1)
        elif photo:
            raise BadInput("The photo is a file.", reason="photo-kind")
    if len(body) > PHOTO_BYTES:
        raise TooLarge("A photo has 5 MB at most.", reason="photo-size")
    return await run_in_threadpool(_report, state_of(request), grant, alert_id, note, body)


@router.get(
    "/attachments/{name}",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}, "image/png": {}}, "description": "The photo"}},
)
def attachment(name: str, request: Request, grant: Listener) -> Response:
    """A photo of a report, for those who may see its alert."""
    state = state_of(request)
    with state.reading() as conn:
        owner = owner_of(conn, name)
    if not grant.can(Right.ALERTS_ALL) and owner != grant.team_key:
        raise NotFound("There is no such photo.", reason="attachment")
    body, media_type = state.attachments.read(name)
    headers = {
        "Cache-Control": "private, max-age=86400, immutable",
        "Content-Disposition": f'inline; filename="{name}"',
        # Whatever a file may pretend to be, here it is a picture and nothing that runs.
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return Response(body, headers=headers, media_type=media_type)


def _report(state: State, grant: Grant, alert_id: int, note: str, photo: bytes) -> Response:
    with state.acting(grant) as conn:
        name = state.attachments.keep(alert_id, photo) if photo else None
        return Json(warnings.report(conn, alert_id, grant.subject, _team(grant), note, name))


def _answer(
    request: Request, grant: Grant, alert_id: int, work: Callable[[Connection, int, str, str | None], dict[str, Any]]
) -> Response:
    with state_of(request).acting(grant) as conn:
        return Json(work(conn, alert_id, grant.subject, _team(grant)))


def _team(grant: Grant) -> str | None:
    """The team that the asker answers for; None for command, which may answer for every team."""
    return None if grant.can(Right.WARNINGS_STEER) else grant.team_key
