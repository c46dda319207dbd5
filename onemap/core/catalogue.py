"""The catalogue of managed parts 部件 and matters 事项 as versioned data: what an incident's five-digit code means.

The same five digits exist for a part and for a matter (matters 01-05 mirror the parts), so the key holds the kind. A
city adds its own rows with a CSV file of the same four columns; departments and time limits are not in the standard.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Literal, cast

from onemap.core.errors import BadCode, BadInput

Kind = Literal["part", "matter"]

COLUMNS = ("kind", "code", "major_class", "name")
_FILES = {"gbt47678.5-2026": "gbt47678_5-2026.csv"}
_DEFAULT = "gbt47678.5-2026"


@dataclass(frozen=True, slots=True)
class Entry:
    """One class of parts or matters; `code` is 2 digits major + 3 minor."""

    kind: Kind
    code: str
    major_class: str
    name: str

    @property
    def major(self) -> str:
        """Return the two digits of the major class."""
        return self.code[:2]


@dataclass(frozen=True)
class Catalogue:
    """One version of the catalogue with its local rows, in code order."""

    version: str
    entries: tuple[Entry, ...]
    _by_key: Mapping[tuple[Kind, str], Entry] = field(repr=False, compare=False)
    _by_name: Mapping[str, tuple[Entry, ...]] = field(repr=False, compare=False)

    def get(self, kind: Kind, code: str) -> Entry:
        """Return the entry; BadCode (reason "unknown-code") if this version has none."""
        found = self._by_key.get((kind, code))
        if found is None:
            raise BadCode(f"Catalogue {self.version} has no {kind} {code!r}.", reason="unknown-code")
        return found

    def has(self, kind: Kind, code: str) -> bool:
        """Return whether the entry exists."""
        return (kind, code) in self._by_key

    def find(self, name: str, kind: Kind | None = None) -> tuple[Entry, ...]:
        """Return the entries with exactly this name, of one kind or of both; empty if none."""
        return tuple(entry for entry in self._by_name.get(name.strip(), ()) if kind in (None, entry.kind))

    def majors(self, kind: Kind) -> dict[str, str]:
        """Return major class code → name, in order."""
        return {entry.major: entry.major_class for entry in self.entries if entry.kind == kind}

    def __len__(self) -> int:
        return len(self.entries)


def versions() -> tuple[str, ...]:
    """Return the versions shipped with the application, oldest first."""
    return tuple(_FILES)


def default_version() -> str:
    """Return the version new incidents are coded with."""
    return _DEFAULT


def load_catalogue(version: str | None = None, extension: Path | None = None) -> Catalogue:
    """Return a catalogue version (the default one if None), with the rows of a local CSV file added.

    Raises BadInput: reason "catalogue" for an unknown version, "extension" for a file that cannot be read, lacks a
    column, holds a malformed row, or gives a code that is already taken.
    """
    version = version or _DEFAULT
    if version not in _FILES:
        raise BadInput(f"No catalogue {version!r}; known: {', '.join(_FILES)}.", reason="catalogue")
    entries = _shipped(version)
    if extension is None:
        return _assembled(version, entries)
    try:
        text = extension.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        raise BadInput(f"The catalogue extension {extension} cannot be read: {exc}.", reason="extension") from exc
    return _assembled(version, (*entries, *_rows(text, str(extension))))


@lru_cache(maxsize=8)
def _shipped(version: str) -> tuple[Entry, ...]:
    text = (files("onemap.core") / "catalogues" / _FILES[version]).read_text("utf-8")
    return tuple(_rows(text, _FILES[version]))


def _rows(text: str, source: str) -> Iterable[Entry]:
    reader = csv.DictReader(io.StringIO(text))
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise BadInput(f"{source} lacks the column {', '.join(missing)}.", reason="extension")
    for row in reader:
        kind, code, major_class, name = ((row[column] or "").strip() for column in COLUMNS)
        shaped = len(code) == 5 and code.isascii() and code.isdigit()
        if kind not in ("part", "matter") or not shaped or not name or not major_class:
            raise BadInput(
                f"{source} line {reader.line_num}: kind must be part or matter, code five digits, both names given.",
                reason="extension",
            )
        yield Entry(cast(Kind, kind), code, major_class, name)


def _assembled(version: str, entries: tuple[Entry, ...]) -> Catalogue:
    by_key: dict[tuple[Kind, str], Entry] = {}
    by_name: dict[str, tuple[Entry, ...]] = {}
    for entry in entries:
        key = (entry.kind, entry.code)
        if key in by_key:
            raise BadInput(
                f"{entry.kind} {entry.code} is given twice: {by_key[key].name} and {entry.name}.", reason="extension"
            )
        by_key[key] = entry
        by_name[entry.name] = (*by_name.get(entry.name, ()), entry)
    ordered = tuple(sorted(entries, key=lambda entry: (entry.kind != "part", entry.code)))
    return Catalogue(version, ordered, by_key, by_name)
