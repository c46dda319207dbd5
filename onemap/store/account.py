"""Accounts of duty posts, their sessions, and the API keys of other systems: the only file that reads or writes them.

Nothing here can be turned back into a credential: passwords are argon2 hashes, session tokens and API keys are kept as
digests. A change that takes something away is announced on ACCESS_CHANNEL, so that every server process forgets what it
remembered of it at once.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from psycopg import errors
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from onemap.core.errors import BadInput, Conflict, NotFound
from onemap.core.policy import Grant, Role
from onemap.store.db import AsyncConnection, Connection
from onemap.store.sqlfile import sql

ACCESS_CHANNEL = "onemap_access"
KEY_PREFIX = "omk_"
MIN_PASSWORD = 8
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{1,62}")


@dataclass(frozen=True)
class Asker:
    """Who stands at a door: what they may see, how they are called, and until when that holds (None: no end)."""

    grant: Grant
    title: str
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Credential:
    """What a sign-in is checked against."""

    login: str
    password_hash: str
    enabled: bool


@lru_cache(maxsize=1)
def _hasher() -> PasswordHash:
    # 19 MiB, two passes (OWASP's floor for argon2id): some 30 ms, so a shift change of fifty posts signs in at once.
    return PasswordHash((Argon2Hasher(time_cost=2, memory_cost=19456, parallelism=1),))


@lru_cache(maxsize=1)
def _nobody() -> str:
    return _hasher().hash(secrets.token_urlsafe(24))


def verify_password(password: str, credential: Credential | None) -> bool:
    """Whether the password opens this account; an unknown login costs the same time as a wrong password."""
    known = _hasher().verify(password, credential.password_hash if credential else _nobody())
    return known and credential is not None and credential.enabled


def create_account(
    conn: Connection, login: str, title: str, role: Role | str, password: str, team_key: str | None = None
) -> None:
    """Make an account of a duty post. Raises BadInput for what cannot be one, Conflict for a login that is taken."""
    if _LOGIN.fullmatch(login) is None:
        raise BadInput("A login is 2 to 63 of a-z, 0-9, dot, dash and underscore, and begins with a letter or digit.")
    checked = _role(role)
    if (checked is Role.TEAM) != (team_key is not None):
        raise BadInput("An account of role team names its team, and no other role does.")
    try:
        with conn.transaction():
            conn.execute(
                "INSERT INTO account (login, title, role, team_key, password_hash) VALUES (%s, %s, %s, %s, %s)",
                (login, title, checked.value, team_key, _hash(password)),
            )
    except errors.UniqueViolation:
        raise Conflict(f"The login {login} is taken.") from None


def set_password(conn: Connection, login: str, password: str) -> None:
    """Give an account a new password and end its sessions. Raises NotFound, BadInput."""
    done = conn.execute("UPDATE account SET password_hash = %s WHERE login = %s", (_hash(password), login))
    _found(done.rowcount, f"account {login}")
    conn.execute("DELETE FROM session WHERE login = %s", (login,))
    _announce(conn)


def enable_account(conn: Connection, login: str, *, enabled: bool) -> None:
    """Open or close an account; closing ends its sessions. Raises NotFound."""
    done = conn.execute("UPDATE account SET enabled = %s WHERE login = %s", (enabled, login))
    _found(done.rowcount, f"account {login}")
    if not enabled:
        conn.execute("DELETE FROM session WHERE login = %s", (login,))
    _announce(conn)


def limit_account(conn: Connection, login: str, area_wkb: bytes | None) -> None:
    """Hold an account to a WGS-84 multipolygon, or to none. Raises NotFound."""
    done = conn.execute("UPDATE account SET area = st_geomfromwkb(%s, 4326) WHERE login = %s", (area_wkb, login))
    _found(done.rowcount, f"account {login}")
    _announce(conn)


def list_accounts(conn: Connection) -> list[dict[str, Any]]:
    """Accounts by login, without their hashes: login, title, role, team_key, enabled, created_at."""
    return conn.execute(
        "SELECT login, title, role, team_key, enabled, created_at FROM account ORDER BY login"
    ).fetchall()


def credential(conn: Connection, login: str) -> Credential | None:
    """What a sign-in of that login is checked against, or None."""
    row = conn.execute("SELECT login, password_hash, enabled FROM account WHERE login = %s", (login,)).fetchone()
    return None if row is None else Credential(**row)


def grant_of(conn: Connection, login: str) -> Grant | None:
    """What an enabled account may do; None for one that is not there. For the command line."""
    row = conn.execute(
        "SELECT login, role, st_asbinary(area) AS area, team_key FROM account WHERE login = %s AND enabled", (login,)
    ).fetchone()
    if row is None:
        return None
    return Grant(subject=row["login"], role=Role(row["role"]), area_wkb=_bytes(row["area"]), team_key=row["team_key"])


def open_session(conn: Connection, login: str, token_hash: bytes, expires_at: datetime) -> None:
    """Write a session, and drop those that have run out."""
    conn.execute("DELETE FROM session WHERE expires_at < now()")
    conn.execute(
        "INSERT INTO session (token_hash, login, expires_at) VALUES (%s, %s, %s)", (token_hash, login, expires_at)
    )


def close_session(conn: Connection, token_hash: bytes) -> bool:
    """End a session everywhere. Returns whether there was one."""
    ended = conn.execute("DELETE FROM session WHERE token_hash = %s", (token_hash,)).rowcount > 0
    _announce(conn)
    return ended


def session_asker(conn: Connection, token_hash: bytes) -> Asker | None:
    """Who holds that session, if it is open and its account enabled."""
    row = conn.execute(sql("session_asker"), {"token_hash": token_hash}).fetchone()
    return None if row is None else _of_session(row)


async def session_asker_async(conn: AsyncConnection, token_hash: bytes) -> Asker | None:
    """As `session_asker`, for the doors."""
    row = await (await conn.execute(sql("session_asker"), {"token_hash": token_hash})).fetchone()
    return None if row is None else _of_session(row)


def key_digest(plaintext: str) -> bytes:
    """What is kept of an API key: 32 random bytes need no salt and no slow hash."""
    return hashlib.sha256(plaintext.encode()).digest()


def create_api_key(
    conn: Connection,
    name: str,
    role: Role | str = Role.VIEWER,
    layers: Sequence[str] | None = None,
    feeds: Sequence[str] = (),
    *,
    area_wkb: bytes | None = None,
    expires_at: datetime | None = None,
) -> str:
    """Make a key and return it: this is the only time that it can be read. `layers` None: every layer of its role.

    Raises BadInput, or Conflict for a name that is taken.
    """
    if not name.strip():
        raise BadInput("An API key needs a name: history shows it.")
    plaintext = KEY_PREFIX + secrets.token_urlsafe(32)
    try:
        with conn.transaction():
            conn.execute(
                "INSERT INTO api_key (name, key_hash, role, layers, feeds, area, expires_at) "
                "VALUES (%s, %s, %s, %s, %s, st_geomfromwkb(%s, 4326), %s)",
                (
                    name,
                    key_digest(plaintext),
                    _role(role).value,
                    None if layers is None else list(layers),
                    list(feeds),
                    area_wkb,
                    expires_at,
                ),
            )
    except errors.UniqueViolation:
        raise Conflict(f"There is an API key named {name}.") from None
    return plaintext


def enable_api_key(conn: Connection, name: str, *, enabled: bool) -> None:
    """Open or close a key. Raises NotFound."""
    done = conn.execute("UPDATE api_key SET enabled = %s WHERE name = %s", (enabled, name))
    _found(done.rowcount, f"API key {name}")
    _announce(conn)


def list_api_keys(conn: Connection) -> list[dict[str, Any]]:
    """Keys by name: name, role, layers, feeds, limited (to an area), enabled, created_at, expires_at."""
    return conn.execute(
        "SELECT name, role, layers, feeds, area IS NOT NULL AS limited, enabled, created_at, expires_at "
        "FROM api_key ORDER BY name"
    ).fetchall()


def key_asker(conn: Connection, digest: bytes) -> Asker | None:
    """Whose key that is, if it is enabled and has not run out."""
    row = conn.execute(sql("key_asker"), {"key_hash": digest}).fetchone()
    return None if row is None else _of_key(row)


async def key_asker_async(conn: AsyncConnection, digest: bytes) -> Asker | None:
    """As `key_asker`, for the doors."""
    row = await (await conn.execute(sql("key_asker"), {"key_hash": digest})).fetchone()
    return None if row is None else _of_key(row)


def _of_session(row: Mapping[str, Any]) -> Asker:
    grant = Grant(subject=row["login"], role=Role(row["role"]), area_wkb=_bytes(row["area"]), team_key=row["team_key"])
    return Asker(grant, row["title"], row["expires_at"])


def _of_key(row: Mapping[str, Any]) -> Asker:
    grant = Grant(
        subject=row["name"],
        role=Role(row["role"]),
        layers=None if row["layers"] is None else frozenset(row["layers"]),
        area_wkb=_bytes(row["area"]),
        feeds=frozenset(row["feeds"]),
        key_only=True,
    )
    return Asker(grant, row["name"], row["expires_at"])


def _bytes(value: Any) -> bytes | None:
    return None if value is None else bytes(value)


def _role(role: Role | str) -> Role:
    try:
        return Role(role)
    except ValueError:
        raise BadInput(f"There is no role {role!r}; there are {', '.join(Role)}.") from None


def _hash(password: str) -> str:
    if len(password) < MIN_PASSWORD:
        raise BadInput(f"A password has {MIN_PASSWORD} characters or more.")
    return _hasher().hash(password)


def _found(count: int, what: str) -> None:
    if not count:
        raise NotFound(f"There is no {what}.")


def _announce(conn: Connection) -> None:
    conn.execute("SELECT pg_notify(%s, '')", (ACCESS_CHANNEL,))
