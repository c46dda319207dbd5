"""Which HTTP status each error has, and how errors are told: RFC 9457 problem details."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import psycopg
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from shapely.geometry import mapping
from starlette.exceptions import HTTPException

from onemap.core import errors
from onemap.fences.ground import NoGround
from onemap.planning.coverage import NotACoverage, Refused, Stale
from onemap.planning.mending import CannotMend, Unmended
from onemap.planning.parting import NoParting
from onemap.planning.propose.service import Torn
from onemap.planning.propose.start import Infeasible
from onemap.planning.replay import Clash

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 2

#: The one table: class → (status, title). A test wants every class of the family in it.
STATUS: dict[type[errors.OnemapError], tuple[int, str]] = {
    errors.OnemapError: (500, "Something went wrong"),
    errors.BadInput: (400, "The input cannot be used"),
    errors.BadCoordinate: (400, "The position cannot be used"),
    errors.BadGeometry: (400, "The geometry cannot be used"),
    errors.BadTime: (400, "The time cannot be used"),
    errors.BadCode: (400, "The code is not valid"),
    errors.NotSignedIn: (401, "Sign in first"),
    errors.Forbidden: (403, "Not allowed"),
    errors.NotFound: (404, "Not found"),
    errors.Conflict: (409, "Not possible in the present state"),
    errors.TooLarge: (413, "Too large"),
    errors.TooManyRequests: (429, "Too many requests"),
    errors.Unavailable: (503, "Not available now"),
    errors.FeedUnavailable: (503, "The feed's source does not answer"),
    errors.FeedMalformed: (400, "The payload is not what the feed's format says"),
    errors.FeedRefused: (502, "The feed's source refuses us"),
    errors.SetupError: (500, "The server lacks something"),
}

_TITLES = {404: ("not-found", "Not found"), 405: ("method-not-allowed", "Method not allowed")}
_UNAVAILABLE = "A part that this needs does not answer now; try again in a moment."


class RateLimited(errors.TooManyRequests):
    """A bound of one asker is reached; `retry_after_s` says how long it lasts."""

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


STATUS[RateLimited] = STATUS[errors.TooManyRequests]
STATUS[NoGround] = STATUS[errors.NotFound]
STATUS |= dict.fromkeys((Refused, NotACoverage, CannotMend, NoParting, Infeasible, Torn), STATUS[errors.BadInput])
STATUS |= dict.fromkeys((Stale, Clash, Unmended), STATUS[errors.Conflict])


def status_of(error: type[errors.OnemapError]) -> tuple[int, str]:
    """The status and title of an error class: its own, or its nearest ancestor's."""
    return next(STATUS[base] for base in error.__mro__ if base in STATUS)


def problem(
    request_id: str, status: int, code: str, title: str, detail: str = "", *, reason: str = "", **more: Any
) -> Response:
    """A problem document. `detail` is for people and never holds what an unknown exception said."""
    body: dict[str, Any] = {"type": f"urn:onemap:problem:{code}", "title": title, "status": status, "code": code}
    if detail:
        body["detail"] = detail
    if reason and reason != code:
        body["reason"] = reason
    body["request_id"] = request_id
    body |= more
    headers = {"Cache-Control": "no-store"}
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="onemap"'
    if status == 503:
        headers["Retry-After"] = str(RETRY_AFTER_S)
    return Response(json.dumps(body, ensure_ascii=False), status, headers, MEDIA_TYPE)


def unexpected(request_id: str) -> Response:
    """What an exception that nobody foresaw looks like from outside."""
    return problem(request_id, 500, "internal", "Something went wrong", "It is in the log under this request id.")


def request_id_of(request: Request) -> str:
    """The id that the middleware gave this request."""
    return str(getattr(request.state, "request_id", ""))


def install(app: FastAPI) -> None:
    """Put the handlers on an application."""
    app.add_exception_handler(errors.OnemapError, _expected)
    app.add_exception_handler(psycopg.OperationalError, _database_away)
    app.add_exception_handler(psycopg.InterfaceError, _database_away)
    app.add_exception_handler(psycopg.DataError, _bad_value)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


def answer(request_id: str, error: errors.OnemapError) -> Response:
    """The problem document of an expected error."""
    status, title = status_of(type(error))
    # From 500 on the message speaks to whoever runs the server (paths, commands): the log has it, not the asker.
    detail = error.message if status < 500 else _UNAVAILABLE if status == 503 else ""
    where = getattr(error, "where", None)  # the place that it is about
    more = {} if where is None else {"where": mapping(where)}
    more |= getattr(error, "members", {})  # what there is to decide on, or to put right
    response = problem(request_id, status, error.code, title, detail, reason=error.reason, **more)
    if isinstance(error, RateLimited):
        response.headers["Retry-After"] = str(error.retry_after_s)
    return response


async def _expected(request: Request, error: Exception) -> Response:
    assert isinstance(error, errors.OnemapError)  # noqa: S101  (registered for this class)
    request.state.problem = f"{error.code}: {error.message}"
    return answer(request_id_of(request), error)


async def _database_away(request: Request, error: Exception) -> Response:
    # Connection lost, pool empty for too long, statement over its time: all of them pass, none says anything useful.
    request.state.problem = f"database: {type(error).__name__}: {error}".strip()
    return answer(request_id_of(request), errors.Unavailable("database"))


async def _bad_value(request: Request, error: Exception) -> Response:
    # A number out of the column's range, a NUL in a text: the asker's value reached the database and it said no.
    request.state.problem = f"value: {error}".strip()
    return answer(request_id_of(request), errors.BadInput("A value is out of range or not valid text."))


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    found: Sequence[Any] = error.errors()
    listed = [{"in": ".".join(str(part) for part in one["loc"]), "message": one["msg"]} for one in found[:20]]
    detail = "; ".join(f"{one['in']}: {one['message']}" for one in listed[:3])
    status, title = STATUS[errors.BadInput]
    return problem(request_id_of(request), status, "bad-input", title, detail, errors=listed)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    if isinstance(error.__cause__, errors.OnemapError):  # a body too large, found while the framework parsed it
        return answer(request_id_of(request), error.__cause__)
    code, title = _TITLES.get(error.status_code, ("http", str(error.detail)))
    response = problem(request_id_of(request), error.status_code, code, title)
    response.headers.update(error.headers or {})
    return response
