"""`onemap rules`: the rules of the map from the command line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from onemap.core.settings import Settings
from onemap.store.db import Connection
from onemap.warnings.rules.spec import Rule

rules = typer.Typer(no_args_is_help=True, help="Warning rules: list, check files, try against the past, switch.")
CONSOLE = Console(highlight=False, soft_wrap=True)

Key = Annotated[str, typer.Argument(help="The rule's key, or a .toml file.")]


@contextmanager
def _database() -> Iterator[tuple[Settings, Connection]]:
    from onemap.store.cluster import Cluster
    from onemap.store.db import connect, dsn_of
    from server.ruling import sync

    settings = Settings()
    if not settings.database_url:
        Cluster(settings.home_path).start()
    with connect(dsn_of(settings), statement_timeout_s=600) as conn:
        sync(conn, settings)
        yield settings, conn
        conn.commit()


@rules.command("list")
def list_() -> None:
    """The rules that there are, those that are on first."""
    from onemap.warnings.rules import book

    with _database() as (_, conn):
        table = Table("key", "on", "scope", "title", "version", "tried", "open", "problems")
        for one in book.listed(conn):
            tried = f"{one['dry_run_at']:%Y-%m-%d %H:%M}" if one["dry_run_at"] else "-"
            table.add_row(
                one["key"],
                "on" if one["enabled"] else "off",
                one["scope"],
                f"{one['title']['zh']} {one['title']['en']}",
                f"{one['version']} ({one['origin']})",
                tried,
                str(one["open_warnings"]),
                str(len(one["problems"])),
            )
        CONSOLE.print(table)


@rules.command()
def check(paths: Annotated[list[Path] | None, typer.Argument(help="Files; none: all rules of files.")] = None) -> None:
    """What is wrong with rules in files; no database is needed."""
    from onemap.warnings.rules import declared
    from onemap.warnings.rules.check import problems_of
    from server.ruling import around

    settings = Settings()
    known = around(settings.zone)
    found = [declared.read(path) for path in paths] if paths else declared.load(settings.home_path)
    bad = 0
    for one in found:
        problems = problems_of(one.rule, feeds=frozenset(known.feeds), surfaces=known.surfaces)
        bad += len(problems)
        CONSOLE.print(f"{one.path.name}: {'ok' if not problems else ''}")
        for problem in problems:
            place = f" column {problem.column}" if problem.column else ""
            CONSOLE.print(f"  [red]{problem.where}{place}: {problem.message}[/]")
    if bad:
        raise typer.Exit(1)


@rules.command("dry-run")
def dry_run(
    rule: Key,
    days: Annotated[float, typer.Option(help="How far back.")] = 30.0,
    subject: Annotated[str | None, typer.Option(help="Only this object, such as hazard:h12.")] = None,
) -> None:
    """The warnings that a rule would have raised in the past days; nobody is told."""
    from onemap.warnings.rules import book
    from onemap.warnings.rules.dryrun import dry_run as tried
    from server.ruling import around

    with _database() as (settings, conn):
        spec = _rule(conn, rule)
        found = tried(conn, spec, around(settings.zone), days=days, subject=subject)
        version = book.version_like(conn, spec)
        if version is not None and subject is None:
            book.tried(conn, spec.key, version)
    table = Table("subject", "name", "worst", "raised", "ended", "values")
    for one in found["warnings"]:
        ended = f"{one['ended_at']:%Y-%m-%d %H:%M}" if one["ended_at"] else "open"
        values = ", ".join(f"{name} {'?' if v is None else f'{v:.4g}'}" for name, v in one["values"].items())
        table.add_row(one["subject"], one["name"], str(one["level"]), f"{one['raised_at']:%m-%d %H:%M}", ended, values)
    CONSOLE.print(table)
    CONSOLE.print(
        f"{len(found['warnings'])} warnings ({found['by_level']}) of {found['subjects']} objects, "
        f"{found['evaluated']} instants in {found['took_ms']:.0f} ms{', truncated' if found['truncated'] else ''}"
    )


def _rule(conn: Connection, text: str) -> Rule:
    from onemap.warnings.rules import book, declared

    return declared.read(Path(text)).rule if text.endswith(".toml") else book.rule_of(conn, text)[0]


@rules.command()
def switch(
    key: Annotated[str, typer.Argument(help="The rule's key.")],
    on: Annotated[bool, typer.Option("--on/--off", help="Switch on, once this version was tried, or off.")] = True,
) -> None:
    """Switch a rule on or off."""
    from onemap.warnings.rules import book

    with _database() as (settings, conn):
        one = book.switch(conn, key, on, "command-line", settings.cases)
        CONSOLE.print(f"{key}: {'on' if one['enabled'] else 'off'}")
