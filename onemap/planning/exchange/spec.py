"""What the reading, mending and writing of grid files share: bounds, texts, what was found in a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from shapely.geometry.base import BaseGeometry

from onemap.core.errors import BadInput
from onemap.store.layer import Text

Shapes = npt.NDArray[np.object_]
RepairKind = Literal["gap", "overlap", "invalid", "outside", "joined"]

#: A city's grids with all their columns stay far below these; what does not is no file of grids.
MAX_BYTES = 64 * 1024 * 1024
MAX_GRIDS = 20_000
MAX_VERTICES = 3_000_000
#: Repairs that are listed, the largest; all of them are counted.
LISTED = 500


def refused(reason: str, zh: str, en: str) -> BadInput:
    """The error of a file that is not taken, in both languages: each of them a sentence."""
    return BadInput(f"{zh} · {en[:1].upper()}{en[1:]}", reason=reason)


def bounded(count: int) -> None:
    """Refuse a file of more grids than any city has."""
    if count > MAX_GRIDS:
        raise refused(
            "too-large",
            f"网格有 {count} 个,最多 {MAX_GRIDS} 个",
            f"there are {count} grids, at most {MAX_GRIDS} are taken",
        )


@dataclass(frozen=True)
class GridFile:
    """A file of grids as read: rows of attributes, shapes in WGS-84 degrees, what the reader had to say about it.

    `shapes[i]` belongs to `rows[i]`; `places[i]` says where in the file it stood. Shapes may still be invalid, overlap
    or leave gaps; they are polygons or multipolygons for certain.
    """

    name: str
    rows: Sequence[Mapping[str, Any]]
    shapes: Shapes
    datum: str
    columns: tuple[str, ...]
    notes: tuple[Text, ...] = ()


@dataclass(frozen=True)
class Repair:
    """A piece of ground that was mended: what it was, how large, between which grids, whose it is now."""

    kind: RepairKind
    area_m2: float
    grids: tuple[str, ...]
    to: str | None
    where: BaseGeometry


@dataclass
class Findings:
    """What is told before a file becomes a plan: repairs to agree to, problems that forbid it, notes."""

    repairs: list[Repair] = field(default_factory=list)
    problems: list[Text] = field(default_factory=list)
    notes: list[Text] = field(default_factory=list)
    repaired_m2: float = 0.0
    #: Repairs beside the listed ones, dust left out.
    unlisted: int = 0
    #: Where problems are, of those that have a place.
    places: list[BaseGeometry] = field(default_factory=list)

    def problem(self, zh: str, en: str, *, where: BaseGeometry | None = None) -> None:
        """Add what must be put right in the file itself."""
        self.problems.append(Text(zh, en))
        if where is not None:
            self.places.append(where)

    def note(self, zh: str, en: str) -> None:
        """Add what is good to know."""
        self.notes.append(Text(zh, en))

    @property
    def count(self) -> int:
        """Repairs in all, listed or not."""
        return len(self.repairs) + self.unlisted

    def cut(self) -> None:
        """Once everything was found: list the largest repairs and say how many more there are."""
        self.repairs.sort(key=lambda repair: -repair.area_m2)
        more = len(self.repairs) - LISTED
        if more > 0:
            self.unlisted += more
            self.note(f"另有 {more} 处较小的修补未列出", f"{more} smaller repairs are not listed.")
            del self.repairs[LISTED:]

    def add(self, more: Findings) -> None:
        """Add what another look found."""
        self.repairs += more.repairs
        self.problems += more.problems
        self.notes += more.notes
        self.repaired_m2 += more.repaired_m2
        self.unlisted += more.unlisted
        self.places += more.places
