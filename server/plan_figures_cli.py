"""`onemap plan figures`: figures of grids over a range, as a table or a CSV."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table

from onemap.core.policy import Right
from onemap.core.words import many
from server import grid_statistics
from server.plan_cli import CONSOLE, By, opened, post

commands = typer.Typer()

_WIDTH = 160
Start = Annotated[str, typer.Option("--from", help="From this instant on, with its offset.")]
Stop = Annotated[str | None, typer.Option("--to", help="Until before this instant; none: now.")]


@commands.command()
def figures(
    start: Start,
    by: By,
    stop: Stop = None,
    edition: Annotated[
        str | None, typer.Option(help="Count all by it; none: by the one in force at each time.")
    ] = None,
    scope: Annotated[str | None, typer.Option(help="Code of an area; none: the whole city.")] = None,
    csv: Annotated[
        Path | None, typer.Option(help="File to write, with every row; none: a table of the largest.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Rows of each period in the table.")] = 20,
) -> None:
    """Cases, buildings, households and the like of each grid over a range."""
    from onemap.core import clock
    from onemap.planning import statistics
    from onemap.store.when import parse_instant

    until = clock.now() if stop is None else parse_instant(stop)
    with opened() as (settings, conn):
        area = post(conn, by, Right.PLANS_SEE).area_wkb
        with conn.transaction():
            asked = statistics.Asked(parse_instant(start), until, edition, scope, area)
            found = statistics.of_range(conn, asked)
    if csv is not None:
        made = grid_statistics.as_csv(found, csv.stem)
        csv.write_bytes(made.data)
        CONSOLE.print(f"{csv}: {len(made.data):,} bytes")
        return
    zone = ZoneInfo(settings.zone)
    for period in grid_statistics.cut(found, limit)["periods"]:
        _print_period(period, found["measures"], zone)


def _print_period(period: Mapping[str, Any], measures: list[Mapping[str, Any]], zone: ZoneInfo) -> None:
    """A table of a period, its sums first."""
    keys = [one["key"] for one in measures]
    start, stop = (f"{period[end].astimezone(zone):%Y-%m-%d %H:%M}" for end in ("start", "stop"))
    table = Table(box=None, title=f"{period['edition'] or '-'}  {start} – {stop}", title_justify="left")
    for name in ("grid", "name"):
        table.add_column(name, no_wrap=True)
    for key in keys:
        table.add_column(key, justify="right", no_wrap=True)
    table.add_row("all", many(period["grids"], "grid"), *(f"{period['total'][key]:,.0f}" for key in keys))
    for row in period["rows"]:
        table.add_row(row["grid"], row["name"], *(f"{row['figures'][key]:,.0f}" for key in keys))
    # Figures that were cut off to fit a narrow window would be other figures.
    Console(width=max(CONSOLE.width, _WIDTH), soft_wrap=True).print(table)
    if period["more"]:
        CONSOLE.print(f"{period['more']} more grids: --csv FILE has all")
    late = [one for one in measures if one["key"] in period["as_of_today"]]
    for one in late:
        CONSOLE.print(f"{one['key']}: as of today; known since {one['since'].astimezone(zone):%Y-%m-%d %H:%M}")
