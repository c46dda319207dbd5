"""Sign in, sign out, who am I."""

from __future__ import annotations

from datetime import timedelta
from threading import BoundedSemaphore
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from onemap.core import clock
from onemap.core.errors import NotSignedIn
from onemap.store import account
from onemap.store.account import Asker
from server.answer import Json
from server.auth import COOKIE, current_asker, new_token, same_origin, token_digest
from server.models import Account, SignIn
from server.state import State, state_of

router = APIRouter(prefix="/auth", tags=["auth"])

# Each check of a password takes a core for some 30 ms and 19 MiB: a flood of them must not take the map's.
_HASHING = BoundedSemaphore(2)


@router.post("/sign-in", responses={200: {"model": Account}})
def sign_in(form: SignIn, request: Request) -> Response:
    """Open a session. The cookie is the only place where its token is."""
    same_origin(request)
    state = state_of(request)
    login = form.login.strip().lower()
    address = request.client.host if request.client else ""
    state.limiter.check(login, address)
    token = new_token()
    asker = _open(state, login, form.password, token)
    if asker is None:
        state.limiter.failed(login, address)
        state.metrics.sign_ins.labels("refused").inc()
        raise NotSignedIn("Login or password is wrong.", reason="wrong-credentials")
    state.limiter.succeeded(login, address)
    state.metrics.sign_ins.labels("ok").inc()
    response = Json(_account(asker))
    response.set_cookie(
        COOKIE,
        token,
        max_age=state.settings.session_hours * 3600,
        httponly=True,
        samesite="strict",
        secure=state.settings.secure_cookies,
        path="/",
    )
    return response


def _open(state: State, login: str, password: str, token: str) -> Asker | None:
    with state.reading() as conn:
        found = account.credential(conn, login)
    with _HASHING:  # no connection is held while we wait and count
        if not account.verify_password(password, found):
            return None
    digest = token_digest(state.secret, token)
    with state.sync_pool.connection() as conn:
        account.open_session(conn, login, digest, clock.now() + timedelta(hours=state.settings.session_hours))
        return account.session_asker(conn, digest)


@router.post("/sign-out", status_code=204, response_class=Response)
def sign_out(request: Request, _: Annotated[Asker, Depends(current_asker)]) -> Response:
    """End this session, in every process at once."""
    state = state_of(request)
    token = request.cookies.get(COOKIE)
    if token:
        with state.sync_pool.connection() as conn:
            account.close_session(conn, token_digest(state.secret, token))
        state.grants.forget()
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict", secure=state.settings.secure_cookies)
    return response


@router.get("/me", responses={200: {"model": Account}})
async def me(asker: Annotated[Asker, Depends(current_asker)]) -> Response:
    """The duty post that is signed in, or the key's name, and what it can do."""
    return Json(_account(asker))


def _account(asker: Asker) -> dict[str, object]:
    grant = asker.grant
    return {
        "login": grant.subject,
        "title": asker.title,
        "role": grant.role,
        "team_key": grant.team_key,
        "can": sorted(grant.rights),
    }
