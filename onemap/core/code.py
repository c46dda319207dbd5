"""Identifiers of the field, parsed strictly: unit grids, areas, cameras, parts, matters, addresses.

Digits and capital letters are ASCII only: full-width digits look right and match nothing in another system. Positions
come from GB/T 2260 divisions, the 6 + 3 + 3 + 3 unit-grid rule and GB/T 28181 rule A; which division or type values
exist is data, not checked here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from onemap.core.errors import BadCode

Level = Literal["province", "city", "district", "street", "community"]

_GRID = re.compile(r"[0-9A-Z]{15}")
_COMMUNITY = re.compile(r"[0-9A-Z]{12}")
_ADDRESS = re.compile(r"([a-z][a-z0-9_.-]{0,31}):([^\s\x00-\x1f\x7f]{1,128})")


@dataclass(frozen=True, slots=True, order=True)
class GridCode:
    """A unit grid 单元网格: 6 division + 3 street + 3 community + 3 sequence; letters may occur."""

    text: str

    @property
    def division(self) -> str:
        """Return the county-level division, 6 characters."""
        return self.text[:6]

    @property
    def sequence(self) -> str:
        """Return the sequence inside the community, 3 characters."""
        return self.text[12:]

    @property
    def street_code(self) -> str:
        """Return the area code of the street, 12 characters."""
        return self.text[:9] + "000"

    @property
    def community_code(self) -> str:
        """Return the area code of the community, 12 characters."""
        return self.text[:12]

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, order=True)
class AreaCode:
    """An administrative area: 6 division + 3 street + 3 community, the lower ones 000; province … community."""

    text: str

    @property
    def level(self) -> Level:
        """Return the level, read from the trailing zeros."""
        if self.text[9:] != "000":
            return "community"
        if self.text[6:9] != "000":
            return "street"
        if self.text[4:6] != "00":
            return "district"
        return "city" if self.text[2:4] != "00" else "province"

    @property
    def parent(self) -> AreaCode | None:
        """Return the area one level up, None for a province."""
        kept = {"community": 9, "street": 6, "district": 4, "city": 2, "province": 0}[self.level]
        return AreaCode(self.text[:kept].ljust(12, "0")) if kept else None

    @property
    def ancestors(self) -> tuple[AreaCode, ...]:
        """Return parent, grandparent … province."""
        above = self.parent
        return () if above is None else (above, *above.ancestors)

    def contains(self, other: AreaCode | GridCode) -> bool:
        """Return whether the other code lies in this area (or is this area)."""
        kept = {"community": 12, "street": 9, "district": 6, "city": 4, "province": 2}[self.level]
        return other.text[:kept] == self.text[:kept]

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, order=True)
class CameraCode:
    """A GB/T 28181 device, rule A: 8 centre + 2 industry + 3 type + 1 network + 6 serial."""

    text: str

    @property
    def centre(self) -> str:
        """Return the monitoring centre, 8 digits: a division code padded with 0."""
        return self.text[:8]

    @property
    def industry(self) -> str:
        """Return the industry, 2 digits."""
        return self.text[8:10]

    @property
    def type(self) -> str:
        """Return the device type, 3 digits."""
        return self.text[10:13]

    @property
    def network(self) -> str:
        """Return the network id, 1 digit."""
        return self.text[13:14]

    @property
    def serial(self) -> str:
        """Return the serial, 6 digits."""
        return self.text[14:]

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, order=True)
class PartId:
    """One managed part 管理部件 (an instance): 6 division + 2 major + 3 minor + 6 sequence."""

    text: str

    @property
    def division(self) -> str:
        """Return the division, 6 digits."""
        return self.text[:6]

    @property
    def class_code(self) -> str:
        """Return the catalogue code of the part, 5 digits."""
        return self.text[6:11]

    @property
    def sequence(self) -> str:
        """Return the sequence, 6 digits."""
        return self.text[11:]

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, order=True)
class MatterCode:
    """A managed matter 管理事项 in a division (a class, not one case): 6 division + 2 major + 3 minor."""

    text: str

    @property
    def division(self) -> str:
        """Return the division, 6 digits."""
        return self.text[:6]

    @property
    def class_code(self) -> str:
        """Return the catalogue code of the matter, 5 digits."""
        return self.text[6:]

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, order=True)
class AddressCode:
    """A building's address code: opaque, and only unique inside its namespace. Cities code addresses differently."""

    namespace: str
    code: str

    def __str__(self) -> str:
        return f"{self.namespace}:{self.code}"


def parse_grid_code(text: str) -> GridCode:
    """Return the grid code; BadCode with reason "length" or "characters" otherwise. Surrounding blanks are dropped."""
    value = text.strip()
    if _GRID.fullmatch(value) is None:
        raise _bad(value, 15, "Grid code", "capital letters and digits")
    return GridCode(value)


def next_grid_code(community_code: str, taken: Iterable[str]) -> GridCode:
    """Return the grid code after the largest sequence taken in the community (12 characters).

    Gaps are not filled: a retired code still names its grid in history. BadCode (reason "sequence-full") after 999.
    """
    if _COMMUNITY.fullmatch(community_code) is None:
        raise _bad(community_code, 12, "Community code", "capital letters and digits")
    tails = (code[12:] for code in taken if len(code) == 15 and code.startswith(community_code))
    last = max((int(tail) for tail in tails if tail.isascii() and tail.isdigit()), default=0)
    if last >= 999:
        raise BadCode(f"Community {community_code} has used all 999 grid numbers.", reason="sequence-full")
    return GridCode(f"{community_code}{last + 1:03d}")


def parse_area_code(text: str) -> AreaCode:
    """Return the area code: 12 digits, or the 6 of a division and the 9 of a street, which are padded.

    BadCode with reason "length", "characters", or "hierarchy" when a level is 00 while a lower one is not.
    """
    value = text.strip()
    padded = value.ljust(12, "0") if len(value) in (6, 9) else value
    _digits(padded, 12, "Area code")
    levels = (padded[:2], padded[2:4], padded[4:6], padded[6:9], padded[9:12])
    used = [int(part) > 0 for part in levels]
    if not used[0] or used != sorted(used, reverse=True):
        raise BadCode(f"Area code {padded} has an empty level above a used one.", reason="hierarchy")
    return AreaCode(padded)


def parse_camera_code(text: str) -> CameraCode:
    """Return the 20-digit device code; BadCode with reason "length" or "characters" otherwise."""
    return CameraCode(_digits(text.strip(), 20, "Camera code"))


def parse_part_id(text: str) -> PartId:
    """Return the 17-digit part identifier; BadCode with reason "length" or "characters" otherwise."""
    return PartId(_digits(text.strip(), 17, "Part identifier"))


def parse_matter_code(text: str) -> MatterCode:
    """Return the 11-digit matter code; BadCode with reason "length" or "characters" otherwise."""
    return MatterCode(_digits(text.strip(), 11, "Matter code"))


def parse_address_code(text: str) -> AddressCode:
    """Return the namespaced address code "ns:code"; BadCode with reason "namespace" otherwise."""
    found = _ADDRESS.fullmatch(text.strip())
    if found is None:
        raise BadCode(f"Address code {text[:60]!r} is not of the form namespace:code.", reason="namespace")
    return AddressCode(found[1], found[2])


def _digits(value: str, length: int, what: str) -> str:
    if len(value) != length or not (value.isascii() and value.isdigit()):
        raise _bad(value, length, what, "digits")
    return value


def _bad(value: str, length: int, what: str, alphabet: str) -> BadCode:
    if len(value) != length:
        return BadCode(f"{what} {value[:40]!r} has {len(value)} characters, not {length}.", reason="length")
    return BadCode(f"{what} {value!r} may hold only {alphabet}.", reason="characters")
