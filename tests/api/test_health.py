"""The open health door and the static page."""

from __future__ import annotations

from pathlib import Path

import httpx
from fastapi import FastAPI

from onemap.store.db import Connection
from server import models
from server.errors import install
from server.static import NOT_BUILT, static_router
from tests.api.conftest import Running, wait_until


def health(server: Running) -> models.Health:
    with server.client() as client:
        return models.Health.model_validate(client.get("/health").json())


def test_health_tells_what_works_and_no_account_of_a_real_city(server: Running, committed: Connection) -> None:
    found = health(server)
    assert found.database and found.live and found.status == "degraded" and found.worker_age_s is None
    assert not found.demo and found.demo_accounts == []
    committed.execute("INSERT INTO consumer (name, xid, seq) VALUES ('worker', '0', 0)")
    wait_until(lambda: health(server).status == "ok")
    committed.execute("UPDATE consumer SET at = now() - interval '1 min' WHERE name = 'worker'")
    wait_until(lambda: health(server).status == "degraded")
    late = health(server).worker_age_s
    assert late is not None and 55 < late < 90


def test_health_of_a_demo_offers_its_accounts(server: Running, committed: Connection) -> None:
    committed.execute(
        "INSERT INTO city (name, bounds, center, zoom, demo) VALUES ('c', '{1,2,3,4}', '{1,2}', 12, true)"
    )
    found = wait_until(lambda: one if (one := health(server)).demo else None)
    assert [one.login for one in found.demo_accounts] == ["command", "team", "planner", "operator", "viewer"]
    assert found.demo_accounts[0].password == "demo-command"


async def ask(app: FastAPI, path: str, **headers: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test") as client:
        return await client.get(path, headers=headers)


def page_of(folder: Path) -> FastAPI:
    app = FastAPI(openapi_url=None)
    install(app)
    app.include_router(static_router(folder))
    return app


async def test_a_page_that_is_not_built_says_so(tmp_path: Path) -> None:
    response = await ask(page_of(tmp_path / "none"), "/")
    assert response.status_code == 503 and response.text == NOT_BUILT and "make setup" in response.text


async def test_the_page_is_asked_for_anew_and_its_hashed_files_are_kept(tmp_path: Path) -> None:
    (tmp_path / "dist" / "assets").mkdir(parents=True)
    page, script = tmp_path / "dist" / "index.html", tmp_path / "dist" / "assets" / "main-1a2b3c.js"
    page.write_text("<!doctype html><title>一张图</title>")
    script.write_text("console.log('x');" * 500)
    (tmp_path / "secret.txt").write_text("no")
    app = page_of(tmp_path / "dist")
    first = await ask(app, "/")
    assert first.headers["cache-control"] == "no-cache" and "一张图" in first.text
    assert first.headers["content-type"] == "text/html; charset=utf-8"
    assert (await ask(app, "/", **{"If-None-Match": first.headers["etag"]})).status_code == 304
    page.write_text("<!doctype html><title>new</title>")
    assert "new" in (await ask(app, "/", **{"If-None-Match": first.headers["etag"]})).text
    file = await ask(app, "/assets/main-1a2b3c.js", **{"Accept-Encoding": "gzip"})
    assert "immutable" in file.headers["cache-control"] and file.headers["content-encoding"] == "gzip"
    assert file.headers["content-type"].startswith("text/javascript") and file.text == script.read_text()
    plain = await ask(app, "/assets/main-1a2b3c.js", **{"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    for path in ("/../secret.txt", "/..%2Fsecret.txt", "/assets/../../secret.txt", "/assets", "/none.js", "/%00"):
        assert (await ask(app, path)).status_code == 404, path
