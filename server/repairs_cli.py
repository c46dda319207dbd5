"""Repairs as the command line shows them: of a file of grids, and of an edition whose grids do not match."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from onemap.core.words import many

if TYPE_CHECKING:
    from onemap.planning.exchange.spec import Findings
    from onemap.planning.mending import Agreed, Unmended

_LINES = 40
T = TypeVar("T")


def print_repairs(console: Console, findings: Findings) -> None:
    """The largest repairs, and what all of them come to."""
    if not findings.repairs:
        return
    table = Table("repair", "m²", "grids", "to", title="repairs", title_justify="left")
    for repair in findings.repairs[:_LINES]:
        table.add_row(repair.kind, f"{repair.area_m2:.2f}", ", ".join(repair.grids[:4]), repair.to or "-")
    console.print(table)
    console.print(f"{many(findings.count, 'repair')}, {findings.repaired_m2:.1f} m²")


def agreed_to(console: Console, asked: Unmended, accept: bool) -> str:
    """Show the repairs of an edition; the token of those that were agreed to. Raises Exit when they were not."""
    console.print(asked.message)
    print_repairs(console, asked.mend.findings)
    if not accept and not typer.confirm("接受修补? Agree to the repairs?"):
        raise typer.Exit(1)
    return asked.mend.token


def asked_once(console: Console, run: Callable[[Agreed], T], accept: bool, tolerance_m: float) -> T:
    """Do what needs an edition's grids to match; where they do not, show the repairs, ask, and do it with them."""
    from onemap.planning.mending import Agreed, Unmended

    try:
        return run(Agreed(None, tolerance_m))
    except Unmended as asked:
        return run(Agreed(agreed_to(console, asked, accept), tolerance_m))
