"""Who stands at the door: sessions in a cookie, API keys as bearer tokens, and what each may do.

A grant is remembered for GRANT_TTL_S, because a screen of tiles asks for it fifty times a second. Whatever takes a
right away announces it on `account.ACCESS_CHANNEL`; the live hub hears that and forgets every grant at once, in every
process. Only while one has lost its LISTEN connection does a revoked credential work on, for the TTL at most.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from threading import Lock
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from psycopg_pool import AsyncConnectionPool

from onemap.core.errors import Forbidden, NotSignedIn
from onemap.core.policy import Grant, Right
from onemap.store import account
from onemap.store.account import Asker
from onemap.store.db import AsyncConnection
from server.errors import RateLimited

COOKIE = "onemap_session"
GRANT_TTL_S = 5.0
_KEEP = 4096
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def new_token() -> str:
    """A session token: 32 random bytes, known to the browser alone."""
    return secrets.token_urlsafe(32)


def token_digest(secret: bytes, token: str) -> bytes:
    """What is stored of a session token. Keyed, so that a new secret ends every session."""
    return hmac.new(secret, token.encode(), hashlib.sha256).digest()


class Grants:
    """Who each credential is, remembered for a short time and forgotten when something is taken away."""

    def __init__(
        self, pool: AsyncConnectionPool[AsyncConnection], secret: bytes, *, ttl_s: float = GRANT_TTL_S
    ) -> None:
        self._pool = pool
        self._secret = secret
        self._ttl_s = ttl_s
        self._known: OrderedDict[bytes, tuple[Asker, float]] = OrderedDict()
        self._asking: dict[tuple[bytes, int], asyncio.Task[Asker | None]] = {}
        self._epoch = 0

    async def session(self, token: str) -> Asker | None:
        """Who holds this session."""
        return await self._find(token_digest(self._secret, token), account.session_asker_async)

    async def key(self, plaintext: str) -> Asker | None:
        """Whose API key this is."""
        return await self._find(account.key_digest(plaintext), account.key_asker_async)

    def forget(self) -> None:
        """Ask the database again for everybody."""
        self._epoch += 1
        self._known.clear()

    async def _find(
        self, digest: bytes, look: Callable[[AsyncConnection, bytes], Awaitable[Asker | None]]
    ) -> Asker | None:
        now = time.monotonic()
        found = self._known.get(digest)
        if found is not None and found[1] > now:
            return found[0]
        # A wall of screens with one sign-in, all asking again at once, is one question to the database.
        flight = (digest, self._epoch)
        asking = self._asking.get(flight)
        if asking is None:
            asking = self._asking[flight] = asyncio.get_running_loop().create_task(self._ask(digest, look))
            asking.add_done_callback(lambda _: self._asking.pop(flight, None))
        return await asyncio.shield(asking)

    async def _ask(
        self, digest: bytes, look: Callable[[AsyncConnection, bytes], Awaitable[Asker | None]]
    ) -> Asker | None:
        epoch = self._epoch
        async with self._pool.connection() as conn:
            asker = await look(conn, digest)
        if asker is None:
            self._known.pop(digest, None)
        elif epoch == self._epoch:  # else something was taken away while we asked
            self._known[digest] = (asker, time.monotonic() + self._ttl_s)
            self._known.move_to_end(digest)
            if len(self._known) > _KEEP:
                self._known.popitem(last=False)
        return asker


class Limiter:
    """Failed sign-ins of the last minute, for each login at each address, each address, and each login.

    In the memory of one process and bounded: who is pushed out was quiet for longest. The bound on a login alone is
    wide, because a narrow one would let anybody lock a duty post out.
    """

    WINDOW_S = 60.0
    BOUNDS = (("pair", 5), ("address", 60), ("login", 60))

    def __init__(self, *, keep: int = 10_000, clock: Callable[[], float] = time.monotonic) -> None:
        self._keep = keep
        self._clock = clock
        self._lock = Lock()
        self._failed: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()

    def check(self, login: str, address: str) -> None:
        """Raise RateLimited when a bound is reached."""
        now = self._clock()
        with self._lock:
            for name, bound in self.BOUNDS:
                times = self._failed.get(_counter(name, login, address))
                while times and times[0] <= now - self.WINDOW_S:
                    times.popleft()
                if times and len(times) >= bound:
                    wait = int(times[0] + self.WINDOW_S - now) + 1
                    raise RateLimited("Too many failed sign-ins; wait a moment.", retry_after_s=wait)

    def failed(self, login: str, address: str) -> None:
        """Count a failure."""
        now = self._clock()
        with self._lock:
            for name, bound in self.BOUNDS:
                counter = _counter(name, login, address)
                times = self._failed.setdefault(counter, deque(maxlen=bound))
                times.append(now)
                self._failed.move_to_end(counter)
            while len(self._failed) > self._keep:
                self._failed.popitem(last=False)

    def succeeded(self, login: str, address: str) -> None:
        """Forget the failures of this login at this address."""
        with self._lock:
            self._failed.pop(_counter("pair", login, address), None)


def _counter(name: str, login: str, address: str) -> tuple[str, str]:
    # A login as long as the sender likes would be memory as large as they like.
    short = hashlib.blake2b(login.encode(), digest_size=12).hexdigest()
    return name, {"pair": f"{short}@{address}", "address": address, "login": short}[name]


async def current_asker(request: Request) -> Asker:
    """Who asks, by bearer token or session cookie. Raises NotSignedIn; Forbidden for a request from another site."""
    grants: Grants = request.app.state.onemap.grants
    asker: Asker | None = None
    header = request.headers.get("authorization")
    if header is not None:
        scheme, _, token = header.partition(" ")
        if scheme.lower() == "bearer" and token.startswith(account.KEY_PREFIX):
            asker = await grants.key(token.strip())
    elif cookie := request.cookies.get(COOKIE):
        same_origin(request)
        asker = await grants.session(cookie)
    if asker is None:
        raise NotSignedIn("This door needs a sign-in or an API key.")
    request.state.subject = asker.grant.subject
    return asker


async def current_grant(asker: Annotated[Asker, Depends(current_asker)]) -> Grant:
    """What the asker may see and do."""
    return asker.grant


def require(*rights: Right) -> Callable[[Grant], Awaitable[Grant]]:
    """A dependency: the grant of an asker who has one of these rights. Raises Forbidden otherwise."""

    async def check(grant: Annotated[Grant, Depends(current_grant)]) -> Grant:
        if not any(grant.can(right) for right in rights):
            raise Forbidden(f"This needs the right {' or '.join(rights)}.")
        return grant

    return check


def same_origin(request: Request) -> None:
    """Refuse a state-changing request that a browser sends on behalf of another site. Raises Forbidden.

    The cookie is SameSite=Strict already; this holds where a sibling domain counts as the same site. Browsers always
    send Origin with such requests, other clients may leave it out.
    """
    if request.method in _SAFE:
        return
    origin = request.headers.get("origin")
    if origin is not None:
        if urlsplit(origin).netloc.lower() != request.headers.get("host", "").lower():
            raise Forbidden("This request comes from another site.", reason="cross-site")
    elif request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden("This request comes from another site.", reason="cross-site")


Signed = Annotated[Grant, Depends(current_grant)]
