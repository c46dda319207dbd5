"""`onemap plan rebase`, `merge`, `reject`, `withdraw`: a plan carried elsewhere, and taken back."""

from __future__ import annotations

from typing import Annotated

import typer

from onemap.core.policy import Right
from onemap.core.words import many
from server.plan_cli import CONSOLE, AcceptRepairs, By, Key, Tolerance, opened, post
from server.repairs_cli import asked_once

commands = typer.Typer()

Skip = Annotated[
    list[int] | None,
    typer.Option("--skip", help="Leave out the edit of that number; once for each.", show_default=False),
]


def _told(key: str, found: object) -> None:
    """What came of a replay. Exits with 1 where edits do not fit: nothing was changed then."""
    from onemap.planning.rebase import Replay

    assert isinstance(found, Replay)  # noqa: S101  (of the two callers below)
    for misfit in found.misfits:
        CONSOLE.print(
            f"[yellow]{misfit.version:>5}[/]  {misfit.entry.by}  {misfit.entry.zh}  {misfit.entry.en}\n"
            f"       {misfit.zh}  {misfit.en}  {' '.join(misfit.grids)}"
        )
        for lost in misfit.became:
            heirs = ", ".join(f"{heir.grid} {heir.name} ({heir.share:.0%})" for heir in lost.into)
            CONSOLE.print(f"       {lost.grid} → {heirs or 'of no grid now'}")
    if found.misfits:
        leave = " ".join(f"--skip {misfit.version}" for misfit in found.misfits)
        CONSOLE.print(
            f"{many(found.applied, 'edit fits', 'edits fit')}, {len(found.misfits)} do not: nothing was changed. "
            f"To go on: {leave}"
        )
        raise typer.Exit(1)
    CONSOLE.print(f"{key}: {many(found.applied, 'edit')}, version {found.version}")


@commands.command()
def rebase(
    key: Key,
    by: By,
    onto: Annotated[str | None, typer.Option(help="Edition; none: the one in force.")] = None,
    skip: Skip = None,
    accept_repairs: AcceptRepairs = False,
    tolerance_m: Tolerance = 5.0,
) -> None:
    """Do a plan's edits again on another edition, which becomes its base. What must be mended of it is asked for."""
    from onemap.planning import book
    from onemap.planning import rebase as again
    from onemap.planning.mending import Agreed
    from onemap.store.db import acting

    with opened() as (_, conn):
        area = post(conn, by, Right.PLANS_EDIT).area_wkb

        def run(agreed: Agreed) -> again.Replay:
            with acting(conn, by):
                version = book.plan(conn, key, area=area)["version"]
                return again.rebase(conn, key, version, by, onto=onto, skip=skip or (), area=area, agreed=agreed)

        found = asked_once(CONSOLE, run, accept_repairs, tolerance_m)
    _told(key, found)


@commands.command()
def merge(
    key: Key,
    other: Annotated[str, typer.Argument(help="The plan whose edits are taken over; of the same edition.")],
    by: By,
    skip: Skip = None,
) -> None:
    """Take over what another plan has done, as one edit that can be undone."""
    from onemap.planning import book
    from onemap.planning import rebase as again
    from onemap.store.db import acting

    with opened() as (_, conn):
        area = post(conn, by, Right.PLANS_EDIT).area_wkb
        with acting(conn, by):
            version = book.plan(conn, key, area=area)["version"]
            found = again.merge(conn, key, version, other, by, skip=skip or (), area=area)
    _told(key, found)


@commands.command()
def reject(key: Key, by: By, note: Annotated[str, typer.Option(help="Why; it is kept and shown.")]) -> None:
    """Send a plan back to be edited again, with the reason."""
    from onemap.planning import review
    from onemap.store.db import acting

    with opened() as (_, conn):
        area = post(conn, by, Right.PLANS_APPROVE).area_wkb
        with acting(conn, by):
            done = review.decide(conn, key, "reject", note, by, area=area)
    CONSOLE.print(f"{key}: {done['state']}")


@commands.command()
def withdraw(key: Key, by: By) -> None:
    """Take a plan back that was handed in and is not decided."""
    from onemap.planning import review
    from onemap.store.db import acting

    with opened() as (_, conn):
        area = post(conn, by, Right.PLANS_EDIT).area_wkb
        with acting(conn, by):
            done = review.withdraw(conn, key, by, area=area)
    CONSOLE.print(f"{key}: {done['state']}")
