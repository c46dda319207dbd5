"""Hot and hard SQL lives in `.sql` files with named parameters; this reads them once."""

from __future__ import annotations

from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "sql"


@cache
def sql(name: str) -> str:
    """The text of `sql/<name>.sql`. Raises FileNotFoundError for a name that is not there."""
    return (FOLDER / f"{name}.sql").read_text(encoding="utf-8")
