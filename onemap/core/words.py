"""English counts in messages: one grid, two grids."""

from __future__ import annotations


def many(n: int, one: str, more: str | None = None) -> str:
    """The count with its noun: `1 grid`, `2 grids`, `0 grids`; `more` where the plural is not made with an s."""
    return f"{n} {one if abs(n) == 1 else more or one + 's'}"
