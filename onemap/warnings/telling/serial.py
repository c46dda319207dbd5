"""The 31 characters of a warning's number: ZZZZZZDDDUUUXX_YYYYMMDDhhmmss_N.

Six digits of the division (GB/T 2260), three of the organisation, three of its own, two of extension, Beijing time of
entry, a serial of one digit. The first ten messages of a second have extension 00 and serials 0-9; the next ten have
extension 01, and so on: a thousand in a second. After that the number takes the next second that has room.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from onemap.core.clock import BEIJING
from onemap.core.errors import BadInput

SHAPE = re.compile(r"(\d{6})(\d{3})(\d{3})(\d{2})_(\d{14})_(\d)", re.ASCII)
A_SECOND = 1000


def identifier(division: str, organisation: str, internal: str, at: datetime, slot: int) -> str:
    """The number of the `slot`-th message (from 0) of a second. Raises BadInput (reason "identifier") for bad parts."""
    at, slot = at + timedelta(seconds=slot // A_SECOND), slot % A_SECOND
    stamp = at.astimezone(ZoneInfo(BEIJING)).strftime("%Y%m%d%H%M%S")
    found = f"{division}{organisation}{internal}{slot // 10:02d}_{stamp}_{slot % 10}"
    if not SHAPE.fullmatch(found):
        raise BadInput(f"{found[:60]!r} is no warning number.", reason="identifier")
    return found
