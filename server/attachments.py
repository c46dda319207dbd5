"""Photos of reports in the data folder, under names that nobody can guess and that say nothing."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from pathlib import Path

from onemap.core.errors import NotFound
from onemap.store.db import Connection
from onemap.store.sqlfile import sql
from server.photo import clean

NAME = re.compile(r"[0-9a-f]{40}\.(jpg|png)")
MEDIA_TYPES = {"jpg": "image/jpeg", "png": "image/png"}


class Attachments:
    """The folder `attachments` of one data folder."""

    def __init__(self, home: Path, secret: bytes) -> None:
        self._folder = home / "attachments"
        self._secret = secret

    def keep(self, alert_id: int, photo: bytes) -> str:
        """Write a photo without its metadata; return its name. Raises BadInput for what is no photo.

        The name follows from the alert, the picture and our secret: the same report sent twice is one file and one
        line. It is on the disk before the report that names it is committed; without a report it is never served.
        """
        body, extension = clean(photo)
        name = hmac.new(self._secret, f"{alert_id}:".encode() + body, hashlib.sha256).hexdigest()[:40] + f".{extension}"
        path = self._folder / name
        if not path.exists():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            fresh = path.with_name(f".{name}.{os.urandom(6).hex()}")
            with fresh.open("xb") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
        return name

    def read(self, name: str) -> tuple[bytes, str]:
        """A photo and its media type. Raises NotFound."""
        path = self._folder / name
        if NAME.fullmatch(name) is None or not path.is_file():
            raise _unknown()
        return path.read_bytes(), MEDIA_TYPES[name.rpartition(".")[2]]


def owner_of(conn: Connection, name: str) -> str:
    """The team whose report a photo belongs to. Raises NotFound."""
    row = conn.execute(sql("attachment_owner"), {"name": name}).fetchone()
    if row is None:
        raise _unknown()
    return str(row["team_key"])


def _unknown() -> NotFound:
    return NotFound("There is no such photo.", reason="attachment")
