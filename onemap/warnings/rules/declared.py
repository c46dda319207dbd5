"""Rules in files: the shipped ones beside this module, and those of the data folder, which take their place by key."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from onemap.core.errors import BadInput, SetupError
from onemap.warnings.rules.spec import Rule, parse

SHIPPED = Path(__file__).parent / "declared"
_LARGEST = 256 * 1024


@dataclass(frozen=True)
class Declared:
    """A rule of a file, and whether the file switches it on where it is new."""

    rule: Rule
    enabled: bool
    path: Path


def load(home: Path | None = None) -> list[Declared]:
    """The rules of all files, in key order. Raises SetupError that names the file and the fault."""
    found: dict[str, Declared] = {}
    for folder in (SHIPPED, home / "rules" if home else None):
        for path in sorted(folder.glob("*.toml")) if folder else ():
            one = read(path)
            found[one.rule.key] = one
    return [found[key] for key in sorted(found)]


def read(path: Path) -> Declared:
    """The rule of one file. Raises SetupError."""
    try:
        if path.stat().st_size > _LARGEST:
            raise SetupError(f"{path.name}: larger than any rule.", reason="rule-file")
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        enabled = data.pop("enabled", False)
        return Declared(parse(data), enabled is True, path)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SetupError(f"{path.name}: {error}", reason="rule-file") from error
    except BadInput as error:
        raise SetupError(f"{path.name}: {error.message}", reason="rule-file") from error
