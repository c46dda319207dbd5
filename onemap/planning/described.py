"""Grids that stay on their ground and are called otherwise, or are another team's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from onemap.core.errors import BadCode
from onemap.planning import codes
from onemap.planning.coverage import Coverage
from onemap.planning.editions import Grid
from onemap.planning.lineage import Line
from onemap.store.db import Connection

#: Shares from which on two grids are on the same ground.
_SAME = 0.999


def codes_given(conn: Connection, whole: Coverage) -> dict[str, str]:
    """The codes of a plan's grids once it is published; without those that a full community cannot give."""
    try:
        return codes.published(whole, codes.ever(conn))
    except BadCode:  # publishing will say so
        return {face: str(it.props["code"]) for face, it in whole.faces.items() if it.props.get("code")}


def described(
    before: Sequence[Grid], after: Sequence[Grid], lines: Sequence[Line], given: Mapping[str, str],
    teams: Mapping[str, str], label: Callable[[str], str],
) -> list[dict[str, Any]]:  # fmt: skip
    """What each such grid was and will be: code, name, kind, special use, team (by its name in `teams`).

    `given`: the codes that grids of a plan get, by their id.
    """
    was = {grid.code: grid for grid in before}
    # A grid of another id on the very same ground is the same grid with another code.
    whole = {
        line.code: line.code_before
        for line in lines
        if line.code and line.code_before and min(line.share, line.share_before) >= _SAME
    }
    rows = []
    for grid in sorted(after, key=lambda one: one.code):
        old = was.get(grid.code) or was.get(whole.get(grid.code) or "")
        if old is None:
            continue
        told = (
            ("code", old.code, given.get(grid.code, grid.code)),
            ("name", _name(old), _name(grid)),
            ("kind", old.kind, grid.kind),
            ("special", old.special, grid.special),
            ("team", _team(old, teams), _team(grid, teams)),
        )
        changes = [{"what": what, "before": one, "after": other} for what, one, other in told if one != other]
        if changes:
            rows.append({"grid": grid.code, "label": label(grid.code), "changes": changes})
    return rows


def _name(grid: Grid) -> str | None:
    """A grid's own name; one without is called by its code."""
    return grid.name if grid.name and grid.name != grid.code else None


def _team(grid: Grid, teams: Mapping[str, str]) -> str | None:
    return teams.get(grid.team_key, grid.team_key) if grid.team_key else None
