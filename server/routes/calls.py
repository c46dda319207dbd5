"""Call and confirm: ladders of warnings, rosters, hand-over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from onemap.core.clock import now
from onemap.core.errors import BadInput, NotFound
from onemap.core.policy import INSIDE, Grant, Right
from onemap.layers import BY_NAME
from onemap.store.db import Connection
from onemap.store.policy_sql import view
from onemap.store.within import keys_within
from onemap.warnings import ledger as alerts
from onemap.warnings.calling import board as boards
from onemap.warnings.calling import desk, service
from onemap.warnings.calling import roster as hours
from server import sight
from server.answer import Json
from server.auth import Signed, require
from server.call_models import Board, Call, CallAnswer, Duty, GridPaint, HandOver, Ladder, Roster, RosterOf, Template
from server.models import Alert
from server.state import state_of

router = APIRouter(tags=["calls"])

Commander = Annotated[Grant, Depends(require(Right.WARNINGS_STEER))]
Listener = Annotated[Grant, Depends(require(Right.ALERTS_ALL))]
Responder = Annotated[Grant, Depends(require(Right.ALERTS_OWN, Right.WARNINGS_STEER))]
RosterEditor = Annotated[Grant, Depends(require(Right.ROSTERS_EDIT))]
Identifier = Annotated[int, Path(ge=1, lt=2**63)]
Code = Annotated[str, Path(max_length=40)]
_COUNTS = ("households", "residents", "households_waiting", "residents_waiting")


@router.get("/calls/board", responses={200: {"model": Board}})
def board(request: Request, grant: Listener) -> Response:
    """How the calls of all open warnings stand, the loudest first."""
    with state_of(request).reading() as conn:
        found = boards.board(conn, grant.area_wkb)
    return Json(_counted(found, grant) | {"worst": [_counted(one, grant) for one in found["worst"]]})


@router.get("/calls/grids", responses={200: {"model": GridPaint}})
def grids(request: Request, grant: Listener) -> Response:
    """Grids with an open calling, for painting the map."""
    view(BY_NAME["grid"], grant)
    with state_of(request).reading() as conn:
        found = boards.paint(conn, grant.area_wkb)
    for feature in found["features"]:
        feature["properties"] = _counted(feature["properties"], grant)
    return Json(found)


@router.get("/calls/templates", responses={200: {"model": list[Template]}})
def templates(request: Request, grant: Listener) -> Response:
    """How warnings are called out, by level."""
    return Json(boards.templates())


@router.post("/calls/{call_id}/answer", responses={200: {"model": Call}})
def answer(call_id: Identifier, given: CallAnswer, request: Request, grant: Commander) -> Response:
    """Write down an answer that came by radio or telephone."""
    with state_of(request).acting(grant) as conn:
        _within(conn, service.call(conn, call_id)["warning_key"], grant)
        key = alerts.answer_call(conn, call_id, grant.subject, here=given.answer == "here", note=given.note.strip())
        return Json(boards.call(conn, key, call_id))


@router.post("/alerts/{alert_id}/decline", responses={200: {"model": Alert}})
def decline(alert_id: Identifier, request: Request, grant: Responder) -> Response:
    """The team cannot go: the ladder climbs at once."""
    with state_of(request).acting(grant) as conn:
        return Json(alerts.decline(conn, alert_id, grant.subject, _team(grant)))


@router.post("/alerts/{alert_id}/confirm-again", responses={200: {"model": Alert}})
def confirm_again(alert_id: Identifier, request: Request, grant: Responder) -> Response:
    """The second confirmation: still there, people out. Again: the same."""
    with state_of(request).acting(grant) as conn:
        return Json(alerts.confirm_again(conn, alert_id, grant.subject, _team(grant)))


@router.get("/ladders", responses={200: {"model": Ladder}})
def ladder(
    request: Request, grant: Signed, warning: Annotated[str, Query(description="Key of the warning.", max_length=200)]
) -> Response:
    """Call and confirm of one warning: all of it for command and operators, its own part for a team."""
    with state_of(request).reading() as conn:
        _within(conn, warning, grant)
        return Json(_ladder(conn, warning, grant))


@router.post("/ladders/start", responses={200: {"model": Ladder}})
def start(request: Request, grant: Commander, warning: Annotated[str, Query(max_length=200)]) -> Response:
    """Start the ladder of a warning now. Again: the same."""
    with state_of(request).acting(grant) as conn:
        _within(conn, warning, grant)
        service.start(conn, warning, grant.subject, now())
        return Json(_ladder(conn, warning, grant))


@router.get("/rosters", responses={200: {"model": Roster}})
def rosters(
    request: Request,
    grant: Listener,
    at: Annotated[datetime | None, Query(description="Empty is now.")] = None,
    parent: Annotated[
        str | None, Query(description="Only organisations directly under this code.", max_length=40)
    ] = None,
) -> Response:
    """Organisations with who is on duty."""
    if at is not None and at.tzinfo is None:
        raise BadInput("The instant has an offset, such as +08:00.", reason="no-zone")
    when = now() if at is None else at.astimezone(UTC)
    with state_of(request).reading() as conn:
        found = desk.organisations(conn, when, parent=parent, area_wkb=grant.area_wkb)
    return Json({"at": when, "organisations": found})


@router.get("/rosters/{code}", responses={200: {"model": RosterOf}})
def roster(code: Code, request: Request, grant: Listener) -> Response:
    """One organisation's duties, the next seven days as they come out, hand-overs."""
    with state_of(request).reading() as conn:
        return Json(desk.one(conn, code, now(), grant.area_wkb))


@router.put("/rosters/{code}", responses={200: {"model": RosterOf}})
def put_roster(code: Code, duties: list[Duty], request: Request, grant: RosterEditor) -> Response:
    """Replace an organisation's duties. Two first ranks at one hour are refused."""
    with state_of(request).acting(grant) as conn:
        desk.one(conn, code, now(), grant.area_wkb)
        desk.replace(conn, code, [_duty(duty) for duty in duties])
        return Json(desk.one(conn, code, now(), grant.area_wkb))


@router.post("/rosters/{code}/hand-over", responses={200: {"model": RosterOf}})
def hand_over(code: Code, given: HandOver, request: Request, grant: RosterEditor) -> Response:
    """Hand the duty over until its end: open calls go with it."""
    with state_of(request).acting(grant) as conn:
        desk.one(conn, code, now(), grant.area_wkb)
        desk.hand_over(conn, code, given.from_team, given.to_team, given.note.strip(), grant.subject, now())
        return Json(desk.one(conn, code, now(), grant.area_wkb))


def _ladder(conn: Connection, key: str, grant: Grant) -> dict[str, Any]:
    if grant.can(Right.ALERTS_ALL):
        return _shown(boards.ladder(conn, key), grant)
    if grant.can(Right.ALERTS_OWN) and grant.team_key is not None:
        return _shown(boards.ladder(conn, key, team=grant.team_key), grant)
    # Who is called and who was silent is the business of those who call and are called.
    found: dict[str, Any] = boards.ladder(conn, key) | {"grids": [], "calls": []}
    return _counted(found, grant)


def _shown(found: Mapping[str, Any], grant: Grant) -> dict[str, Any]:
    return _counted(found, grant) | {"grids": [_counted(one, grant) for one in found["grids"]]}


def _counted(row: Mapping[str, Any], grant: Grant) -> dict[str, Any]:
    """The row without counts of people for those who may not see them exactly."""
    if grant.can(Right.EXACT_COUNTS) and sight.sees(grant, "building"):
        return dict(row)
    return {name: None if name in _COUNTS else value for name, value in row.items()}


def _duty(given: Duty) -> hours.Duty:
    starts, ends = (
        when.astimezone(UTC) if when is not None and when.tzinfo else when for when in (given.starts_at, given.ends_at)
    )
    if given.kind == "weekly":
        return hours.Duty(given.team_key, given.rank, "weekly", tuple(given.weekdays), given.hours)
    return hours.Duty(given.team_key, given.rank, "shift", (), "0-24", starts, ends)


def _within(conn: Connection, key: str, grant: Grant) -> None:
    """Raises NotFound for a warning that is not the asker's to see, or whose calls are not."""
    here = conn.execute("SELECT 1 FROM warning WHERE key = %s", (key,)).fetchone() is not None
    if grant.role not in INSIDE or not here or not keys_within(conn, BY_NAME["warning"], [key], grant):
        raise NotFound("There is no such warning.", reason="warning")


def _team(grant: Grant) -> str | None:
    """The team that the asker answers for; None for command, which may answer for every team."""
    return None if grant.can(Right.WARNINGS_STEER) else grant.team_key
