"""Who tells: division and organisation in the identifiers, the sender's name, the zone of times, where the key lies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from onemap.core.settings import TellingSettings


@dataclass(frozen=True)
class Identity:
    """The teller of one installation."""

    zone: ZoneInfo
    home: Path | None  # of the signing key; None: a key of this process alone
    given: TellingSettings


_used: list[Identity] = []


def use(home: Path | None, zone: str, given: TellingSettings) -> Identity:
    """Set who tells, once at the start of a process."""
    found = Identity(ZoneInfo(zone), home, given)
    _used[:] = [found]
    return found


def identity() -> Identity:
    """Who tells in this process: what `use` set, or a nameless teller in the default zone."""
    return _used[0] if _used else use(None, "Asia/Shanghai", TellingSettings())
