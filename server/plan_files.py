"""Files of grids at the door: the form that brings one, previews that wait for their confirmation, the answer."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from fastapi import Request, Response
from starlette.datastructures import UploadFile

from onemap.core.errors import BadInput, NotFound, TooLarge, TooManyRequests
from onemap.planning.exchange.look import MAX_TOLERANCE_M, TOLERANCE_M
from onemap.planning.exchange.service import Preview
from onemap.planning.exchange.spec import MAX_BYTES
from onemap.planning.exchange.telling import repairs_told, texts_told
from onemap.planning.exchange.write import Written
from onemap.planning.mending import Agreed

#: A file and the fields beside it; the file alone has MAX_BYTES.
FORM_BYTES = MAX_BYTES + 64 * 1024
_WAIT_S = 30 * 60.0
_KEEP = 6
_AT_ONCE, _ROOM_S = 2, 20.0

FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "At most 64 MB."},
                        "edition": {"type": "string", "description": "Beside which edition; none: the one in force."},
                        "datum": {
                            "type": "string",
                            "description": "WGS-84, CGCS2000, GCJ-02, BD-09 or EPSG:n; none: what the file says.",
                        },
                        "encoding": {"type": "string", "description": "Of the attribute table; none: found out."},
                        "layer": {"type": "string", "description": "Of a file with several layers."},
                        "tolerance_m": {
                            "type": "number",
                            "default": TOLERANCE_M,
                            "maximum": MAX_TOLERANCE_M,
                            "description": "How wide a gap or overlap may be, to be mended as a sliver.",
                        },
                        "accept_repairs": {
                            "type": "string",
                            "description": "Where the edition's own grids do not match: the token of its repairs.",
                        },
                    },
                }
            }
        },
    }
}
_FIELDS = ("edition", "datum", "encoding", "layer", "tolerance_m", "accept_repairs")
_FIELD_CHARS = 200


@dataclass(frozen=True)
class Brought:
    """What a form brought: the file's bytes and name, and the fields that were filled in."""

    data: bytes
    name: str
    fields: Mapping[str, str]

    @property
    def tolerance_m(self) -> float:
        """How wide a sliver may be. Raises BadInput for what is no number."""
        try:
            return float(self.fields.get("tolerance_m", TOLERANCE_M))
        except ValueError as exc:
            raise BadInput("容差须为数字 · The tolerance is a number.", reason="tolerance") from exc


async def read_form(request: Request) -> Brought:
    """Read a multipart form with a file. Raises BadInput, TooLarge."""
    async with request.form(max_files=1, max_fields=8, max_part_size=4096) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise BadInput("请选择文件 · Choose a file.", reason="file")
        fields: dict[str, str] = {}
        for name in _FIELDS:
            value = form.get(name)
            if isinstance(value, str) and value.strip():
                if len(value) > _FIELD_CHARS or "\0" in value:
                    raise BadInput(f"{name} 太长 · {name} is too long.", reason=name)
                fields[name] = value.strip()
        data = await file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise TooLarge("文件超过 64 MB · The file is larger than 64 MB.", reason="too-large")
        return Brought(data, (file.filename or "grids")[:120], fields)


def agreed_of(token: str | None, tolerance_m: float | None) -> Agreed | None:
    """What a planner says to the repairs of an edition whose grids do not match; None: nothing."""
    if token is None and tolerance_m is None:
        return None
    return Agreed(token, TOLERANCE_M if tolerance_m is None else tolerance_m)


@dataclass
class Previews:
    """Previews that wait for a decision: a few, for half an hour, each for the post alone that looked."""

    _kept: OrderedDict[str, tuple[str, float, Preview]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _room: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(_AT_ONCE))

    def keep(self, subject: str, found: Preview) -> str:
        """Keep a preview; return the token that asks for it again."""
        token = secrets.token_urlsafe(24)
        with self._lock:
            self._drop_old()
            self._kept[token] = (subject, time.monotonic() + _WAIT_S, found)
            while len(self._kept) > _KEEP:
                self._kept.popitem(last=False)
        return token

    def get(self, subject: str, token: str) -> Preview:
        """The preview. Raises NotFound when it is not there any more, or another's."""
        with self._lock:
            self._drop_old()
            kept = self._kept.get(token)
        if kept is None or kept[0] != subject:
            raise NotFound("预览已过期,请重新上传 · The preview has run out; send the file again.", reason="preview")
        return kept[2]

    def forget(self, token: str) -> None:
        """A plan was made of it."""
        with self._lock:
            self._kept.pop(token, None)

    @contextmanager
    def looking(self) -> Iterator[None]:
        """While a file is looked at: that fills a core for seconds, so few at once. Raises TooManyRequests."""
        if not self._room.acquire(timeout=_ROOM_S):
            raise TooManyRequests("正在处理其他文件,请稍后再试 · Other files are being looked at; try again soon.")
        try:
            yield
        finally:
            self._room.release()

    def _drop_old(self) -> None:
        now = time.monotonic()
        for token in [token for token, (_, until, _) in self._kept.items() if until < now]:
            del self._kept[token]


def answer(token: str, found: Preview) -> dict[str, Any]:
    """A preview in the shape of the door; see `plan_file_models.ImportPreview`."""
    look = found.look
    findings = look.findings
    return {
        "token": token,
        "file": look.file.name,
        "grids": len(look.drawn),
        "columns": dict(look.columns),
        "columns_found": list(look.file.columns),
        "repairs": repairs_told(findings.repairs),
        "unlisted": findings.unlisted,
        "repaired_m2": round(findings.repaired_m2, 4),
        "problems": texts_told(findings.problems),
        "notes": texts_told(findings.notes),
        "datum": look.file.datum,
        "edition": found.edition,
        "bounds": list(look.bounds),
    }


def sent(written: Written) -> Response:
    """A written file as an answer. Names are in the header as UTF-8, and as ASCII for what cannot read that."""
    plain = written.name.encode("ascii", "ignore").decode() or "grids"
    headers = {
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(written.name)}",
        "Cache-Control": "no-store",
    }
    return Response(written.data, media_type=written.media_type, headers=headers)
