"""Every layer filled with samples, and the doors opened to every role and key."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import shapely
from fastapi import FastAPI
from shapely.geometry import MultiPolygon, box
from starlette.testclient import TestClient

from onemap.core.policy import Role
from onemap.core.settings import Settings
from onemap.layers import LAYERS
from onemap.store import account, feature
from onemap.store.db import connect
from server.app import create_app
from server.auth import COOKIE, token_digest
from tests.contract import samples

SECRET = b"contract-tests-of-no-account"
HOURS_END_S = 30

#: The south-west corner of the samples: three columns and two rows of them.
AREA = MultiPolygon(
    [
        box(
            samples.WEST - samples.STEP / 4,
            samples.SOUTH - samples.STEP / 4,
            samples.WEST + samples.STEP * 2.9,
            samples.SOUTH + samples.STEP * 1.9,
        )
    ]
)


@pytest.fixture
def one_hour() -> None:
    """Counts go by whole hours: a test that compares two answers does not begin in the last seconds of one."""
    left = 3600 - time.time() % 3600
    if left < HOURS_END_S:
        threading.Event().wait(left)


@pytest.fixture(scope="module")
def filled(dsn: str) -> str:
    """The module's database with 25 features in every layer."""
    with connect(dsn) as conn:
        for layer in LAYERS:
            feature.upsert(conn, layer, samples.rows(layer), feed="samples")
        conn.execute("INSERT INTO city (name, name_en, bounds, center, zoom) VALUES ('样城', 'Sample', %s, %s, 13)", (
            [106.4, 29.5, 106.7, 29.8], [106.5, 29.6]))  # fmt: skip
    with connect(dsn, autocommit=True) as conn:
        conn.execute("ANALYZE")
    return dsn


@pytest.fixture(scope="module")
def app(filled: str, tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    home = tmp_path_factory.mktemp("home")
    return create_app(Settings(database_url=filled, home=home, secret_key=SECRET.decode(), tile_cache_mb=16))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def browser(app: FastAPI) -> Iterator[TestClient]:
    """A client with no credentials."""
    with TestClient(app) as client:
        yield client


@pytest.fixture(scope="module")
def signed(browser: TestClient, filled: str) -> dict[str, dict[str, str]]:
    """Headers of every kind of asker: the five roles, a role with an area, and keys limited to layers and area."""
    headers: dict[str, dict[str, str]] = {}
    area = shapely.to_wkb(AREA)
    with connect(filled, autocommit=True) as conn:
        for role in Role:
            for name, wkb in ((role.value, None), (f"{role.value} in area", area)):
                login = name.replace(" ", "-")
                team = "team-0" if role is Role.TEAM else None
                account.create_account(conn, login, login, role, "a-password-of-no-one", team_key=team)
                account.limit_account(conn, login, wkb)
                until = datetime.now(UTC) + timedelta(hours=1)
                account.open_session(conn, login, token_digest(SECRET, login), until)
                headers[name] = {"Cookie": f"{COOKIE}={login}"}
        keys = {
            "key": account.create_api_key(conn, "k-all", Role.COMMAND),
            "key two layers": account.create_api_key(conn, "k-two", Role.COMMAND, layers=["camera", "building"]),
            "key in area": account.create_api_key(conn, "k-area", Role.VIEWER, area_wkb=area),
            "key two layers in area": account.create_api_key(
                conn, "k-both", Role.COMMAND, layers=["camera", "building"], area_wkb=area
            ),
        }
    headers |= {name: {"Authorization": f"Bearer {key}"} for name, key in keys.items()}
    return headers


@pytest.fixture
def get(browser: TestClient, signed: dict[str, dict[str, str]]) -> Callable[..., object]:
    """`get(path, who, **headers)`: fetch a door as somebody."""

    def fetch(path: str, who: str = "command", **headers: str) -> object:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return browser.get(path, headers={**signed[who], **given})

    return fetch
