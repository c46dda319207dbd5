"""The catalogue of managed parts 部件 and matters 事项 as versioned data: what an incident's five-digit code means.

The same five digits exist for a part and for a matter (matters 01-05 mirror the parts), so the key holds the kind. A
city adds rows of its own in `catalogue.csv` of its data home, read once at start by every process that knows classes;
departments and time limits are not in the standard.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass, field, replace
from functools import cached_property, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Literal, cast

from onemap.core.errors import BadCode, BadInput, SetupError

Kind = Literal["part", "matter"]

#: The file of a city's own rows in its data home.
OWN = "catalogue.csv"
COLUMNS = ("kind", "code", "major_class", "name")
#: A city may leave these out, or single fields of them empty: the Chinese names stand for them.
ENGLISH = ("major_class_en", "name_en")
_KINDS = {"part": "部件", "matter": "事项"}
_FILES = {"gbt47678.5-2026": "gbt47678_5-2026.csv"}
_DEFAULT = "gbt47678.5-2026"


@dataclass(frozen=True, slots=True)
class Entry:
    """One class of parts or matters; `code` is 2 digits major + 3 minor. English names are never empty once loaded."""

    kind: Kind
    code: str
    major_class: str
    name: str
    major_class_en: str = ""
    name_en: str = ""

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

    def __hash__(self) -> int:
        return hash(self.digest)

    @cached_property
    def digest(self) -> str:
        """Changes with any row."""
        told = repr((self.version, [astuple(entry) for entry in self.entries]))
        return hashlib.sha256(told.encode()).hexdigest()[:16]

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

    def majors(self, kind: Kind) -> dict[str, tuple[str, str]]:
        """Return major class code → its name in Chinese and in English, in order."""
        return {entry.major: (entry.major_class, entry.major_class_en) for entry in self.entries if entry.kind == kind}

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

    Raises BadInput (reason "catalogue") for an unknown version; SetupError (reason "catalogue-file") with file, line
    and what is allowed for a local file that cannot be read, has other columns, holds a malformed row, gives a code or
    a name that is taken, or calls a major class otherwise.
    """
    version = version or _DEFAULT
    if version not in _FILES:
        raise _unknown(version)
    entries = _shipped(version)
    if extension is not None:
        entries = (*entries, *_added(entries, extension))
    return _assembled(version, entries)


_used: dict[str, Catalogue] = {}


def use(home: Path | None) -> Catalogue:
    """Read the shipped catalogue and the data home's own rows, once at start, for this process. Raises SetupError."""
    own = None if home is None else home / OWN
    extension = own if own is not None and own.exists() else None
    _used.update({version: load_catalogue(version, extension) for version in _FILES})
    return _used[_DEFAULT]


def current(version: str | None = None) -> Catalogue:
    """Return a version (the default one if None) as this process has it: with what `use` read, or as shipped.

    Raises BadInput (reason "catalogue") for an unknown version.
    """
    if not _used:
        use(None)
    version = version or _DEFAULT
    if version not in _used:
        raise _unknown(version)
    return _used[version]


@lru_cache(maxsize=8)
def _shipped(version: str) -> tuple[Entry, ...]:
    text = (files("onemap.core") / "catalogues" / _FILES[version]).read_text("utf-8")
    return tuple(entry for _, entry in _rows(text, _FILES[version]))


def _unknown(version: str) -> BadInput:
    return BadInput(f"No catalogue {version[:60]!r}; known: {', '.join(_FILES)}.", reason="catalogue")


def _added(shipped: tuple[Entry, ...], path: Path) -> Iterator[Entry]:
    """The rows of a city's own file, each held against what is there before it."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        raise _refused(
            str(path),
            "不能按 UTF-8 读取，请另存为 UTF-8 编码的 CSV",
            f"cannot be read; save it as CSV in UTF-8 ({exc})",
        ) from exc
    there = _There()
    for entry in shipped:
        there.take(entry)
    rows = list(_rows(text, str(path)))
    for line, entry in rows:
        there.hold(entry, f"{path}:{line}")
        there.take(entry)
    for _, entry in rows:
        english = there.english.get((entry.kind, entry.major), entry.major_class)
        yield replace(entry, major_class_en=english, name_en=entry.name_en or entry.name)


class _There:
    """What is taken: codes and names within a kind, and what major classes are called."""

    def __init__(self) -> None:
        self.codes: dict[tuple[Kind, str], Entry] = {}
        self.names: dict[tuple[Kind, str], Entry] = {}
        self.majors: dict[tuple[Kind, str], str] = {}
        self.english: dict[tuple[Kind, str], str] = {}

    def take(self, entry: Entry) -> None:
        """Note what an entry takes; the first row that names a major class names it for all."""
        self.codes[entry.kind, entry.code] = self.names[entry.kind, entry.name] = entry
        self.majors.setdefault((entry.kind, entry.major), entry.major_class)
        if entry.major_class_en:
            self.english.setdefault((entry.kind, entry.major), entry.major_class_en)

    def hold(self, entry: Entry, where: str) -> None:
        """Refuse an entry that takes what is another's."""
        kind = _KINDS[entry.kind]
        if other := self.codes.get((entry.kind, entry.code)):
            raise _refused(
                where,
                f"code：{kind} {entry.code} 已是“{other.name}”，请用没有用过的代码",
                f"code: {entry.kind} {entry.code} is {other.name} already; take one that is free",
            )
        if other := self.names.get((entry.kind, entry.name)):
            raise _refused(
                where,
                f"name：“{entry.name}”已是{kind} {other.code} 的名称，一个名称只能指一类",
                f"name: {entry.name} is the name of {entry.kind} {other.code} already; a name stands for one class",
            )
        for column, given, known in (
            ("major_class", entry.major_class, self.majors.get((entry.kind, entry.major))),
            ("major_class_en", entry.major_class_en, self.english.get((entry.kind, entry.major))),
        ):
            if given and known and given != known:
                raise _refused(
                    where,
                    f"{column}：{kind}大类 {entry.major} 名为“{known}”，这里写成“{given}”",
                    f"{column}: major class {entry.major} of {entry.kind}s is called {known}, not {given}",
                )


def _rows(text: str, source: str) -> Iterable[tuple[int, Entry]]:
    """The rows with their lines; of a row only its own form is looked at."""
    reader = csv.DictReader(io.StringIO(text), strict=True)
    try:
        _headed(reader.fieldnames or (), source)
        for row in reader:
            if any((value or "") if isinstance(value, str) else value for value in row.values()):
                yield reader.line_num, _entry(row, f"{source}:{reader.line_num}")
    except csv.Error as exc:
        raise _refused(f"{source}:{reader.reader.line_num}", "不是合格的 CSV", f"not proper CSV: {exc}") from exc


def _headed(names: Iterable[str], source: str) -> None:
    found = [name.strip() for name in names]
    allowed = (*COLUMNS, *ENGLISH)
    if missing := [name for name in COLUMNS if name not in found]:
        raise _refused(
            f"{source}:1",
            f"缺少列 {', '.join(missing)}；必须有 {', '.join(COLUMNS)}，可有 {', '.join(ENGLISH)}",
            f"lacks the column {', '.join(missing)}; needed are {', '.join(COLUMNS)}, allowed {', '.join(ENGLISH)}",
        )
    if other := [name for name in found if name not in allowed] or (found if len(set(found)) < len(found) else []):
        raise _refused(
            f"{source}:1",
            f"列 {', '.join(other)} 不认识或重复；可用的列 {', '.join(allowed)}",
            f"there is no such column, or it is given twice: {', '.join(other)}; allowed are {', '.join(allowed)}",
        )


def _entry(row: Mapping[str | None, str | list[str] | None], where: str) -> Entry:
    if None in row:
        raise _refused(where, "字段比表头的列多（名称里有逗号要加引号）", "more fields than columns; quote a comma")
    told = {str(column).strip(): str(value or "").strip() for column, value in row.items()}
    kind, code = told["kind"], told["code"]
    if kind not in _KINDS:
        raise _refused(
            where,
            f"kind：“{kind[:40]}”，只能是 part（部件）或 matter（事项）",
            f"kind: {kind[:40]!r}; part or matter is allowed",
        )
    if not (len(code) == 5 and code.isascii() and code.isdigit()) or code.startswith("00"):
        raise _refused(
            where,
            f"code：“{code[:40]}”，应为五位数字：两位大类（01 至 99）加三位小类（电子表格会丢掉开头的 0）",
            f"code: {code[:40]!r}; five digits are allowed, two of the major class (01 to 99) and three of its own"
            " (a spreadsheet drops a leading zero)",
        )
    for column in ("major_class", "name"):
        if not told[column]:
            raise _refused(where, f"{column}：不能为空", f"{column}: must not be empty")
    english = {column: told.get(column, "") for column in ENGLISH}
    return Entry(cast(Kind, kind), code, told["major_class"], told["name"], **english)


def _refused(where: str, zh: str, en: str) -> SetupError:
    return SetupError(f"{where}: {zh} · {en}.", reason="catalogue-file")


def _assembled(version: str, entries: tuple[Entry, ...]) -> Catalogue:
    by_key = {(entry.kind, entry.code): entry for entry in entries}
    by_name: dict[str, tuple[Entry, ...]] = {}
    for entry in entries:
        by_name[entry.name] = (*by_name.get(entry.name, ()), entry)
    ordered = tuple(sorted(entries, key=lambda entry: (entry.kind != "part", entry.code)))
    return Catalogue(version, ordered, by_key, by_name)
