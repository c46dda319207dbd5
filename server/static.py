"""The web map's built files, from memory: compressed once, hashed names cached for ever, the page itself never."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, Request, Response

from onemap.core.errors import NotFound

DIST = Path(__file__).resolve().parent.parent / "webmap" / "dist"
_COMPRESSIBLE = ("text/", "application/javascript", "application/json", "image/svg+xml", "application/manifest+json")
_TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".webmanifest": "application/manifest+json"}

NOT_BUILT = """<!doctype html>
<html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>一张图 · One map</title>
<body style="font: 16px/1.7 system-ui, sans-serif; max-width: 40em; margin: 15vh auto; padding: 0 1em">
<h1>一张图</h1>
<p>服务已启动，但网页地图尚未构建。请在工程目录运行 <code>make setup</code>，然后刷新本页。</p>
<p lang="en">The server runs, but the web map is not built yet. Type <code>make setup</code> and reload.</p>
</body></html>
"""


@dataclass(frozen=True)
class Asset:
    """One file as it is sent."""

    body: bytes
    zipped: bytes | None
    etag: str
    media_type: str


class Assets:
    """The files of a folder, read when first asked for, and again when they have changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, tuple[tuple[int, int], Asset]] = {}

    def get(self, name: str) -> Asset | None:
        """The asset of that relative path, or None. A path that leaves the folder is none."""
        path = (self._folder / name).resolve()
        if not path.is_relative_to(self._folder.resolve()) or not path.is_file():
            return None
        stat = path.stat()
        stamp = (stat.st_mtime_ns, stat.st_size)
        found = self._known.get(name)
        if found is not None and found[0] == stamp:
            return found[1]
        asset = _load(path)
        self._known[name] = (stamp, asset)
        return asset


def _load(path: Path) -> Asset:
    body = path.read_bytes()
    media_type = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    zipped = None
    if media_type.startswith(_COMPRESSIBLE) and len(body) > 1024:
        zipped = gzip.compress(body, 9, mtime=0)
    etag = f'"{hashlib.sha256(body).hexdigest()[:24]}"'
    if media_type.startswith("text/"):
        media_type += "; charset=utf-8"
    return Asset(body, zipped, etag, media_type)


def respond(asset: Asset, request_headers: Mapping[str, str], *, immutable: bool) -> Response:
    """The asset as an answer: 304 when the client has it, compressed when it may be."""
    headers = {
        "ETag": asset.etag,
        "Vary": "Accept-Encoding",
        "Cache-Control": "public, max-age=31536000, immutable" if immutable else "no-cache",
    }
    if asset.etag in request_headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    body = asset.body
    if asset.zipped is not None and "gzip" in request_headers.get("accept-encoding", ""):
        body = asset.zipped
        headers["Content-Encoding"] = "gzip"
    return Response(body, headers=headers, media_type=asset.media_type)


def static_router(folder: Path = DIST) -> APIRouter:
    """The page and its files. Included last: it takes every path that is nobody else's."""
    router = APIRouter()
    assets = Assets(folder)

    @router.get("/", include_in_schema=False)
    def page(request: Request) -> Response:
        asset = assets.get("index.html")
        if asset is None:
            return Response(NOT_BUILT, 503, {"Cache-Control": "no-store"}, "text/html; charset=utf-8")
        return respond(asset, request.headers, immutable=False)

    @router.get("/{path:path}", include_in_schema=False)
    def file(path: str, request: Request) -> Response:
        asset = assets.get(path) if path and "\0" not in path else None
        if asset is None:
            raise NotFound("There is nothing at this address.")
        return respond(asset, request.headers, immutable=path.startswith("assets/"))

    return router
