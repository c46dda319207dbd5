"""`onemap plan`: plans and editions from the command line, by the same services as the doors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, cast
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table

from onemap.core.errors import BadInput, Forbidden, NotFound
from onemap.core.policy import Grant, Right
from onemap.core.settings import Settings
from onemap.core.words import many
from onemap.store.db import Connection
from server.repairs_cli import asked_once

plan = typer.Typer(no_args_is_help=True, help="Plans of the grids: open, edit, check, files, review, publish.")
CONSOLE = Console(highlight=False, soft_wrap=True)
_MAX_OPERATIONS = 5000

Key = Annotated[str, typer.Argument(help="The plan's key; see: onemap plan list")]
By = Annotated[str, typer.Option("--by", help="Login of the duty post that does it; its rights count.")]
AcceptRepairs = Annotated[
    bool,
    typer.Option("--accept-repairs", help="Agree to the repairs of grids that do not match without being asked."),
]
Tolerance = Annotated[float, typer.Option(help="How wide a sliver may be, to be mended.")]
Note = Annotated[str, typer.Option(help="A remark that is kept with it.")]


@contextmanager
def opened() -> Iterator[tuple[Settings, Connection]]:
    """The settings, and a connection outside of any transaction to a database that is up."""
    from onemap.planning import workspace
    from onemap.store.cluster import Cluster
    from onemap.store.db import connect, dsn_of

    settings = Settings()
    workspace.use(settings.home_path)
    if not settings.database_url:
        Cluster(settings.home_path).start()
    with connect(dsn_of(settings), autocommit=True, statement_timeout_s=600) as conn:
        yield settings, conn


def post(conn: Connection, login: str, right: Right) -> Grant:
    """The grant of a duty post. Raises NotFound, Forbidden: the command line is no way round the rights."""
    from onemap.store import account

    found = account.grant_of(conn, login)
    if found is None:
        raise NotFound(f"没有账号 {login[:64]} · There is no account {login[:64]}.", reason="account")
    if not found.can(right):
        raise Forbidden(f"账号 {login} 没有权限 {right} · {login} has not the right {right}.")
    return found


@plan.command("list")
def list_(limit: Annotated[int, typer.Option(min=1, max=1000)] = 100) -> None:
    """Plans, newest change first."""
    from onemap.planning import book

    with opened() as (settings, conn):
        table = Table("key", "name", "base", "scope", "state", "version", "edits", "changed", "by")
        for one in book.listed(conn, limit=limit):
            changed = f"{one['changed_at'].astimezone(ZoneInfo(settings.zone)):%Y-%m-%d %H:%M}"
            state = f"{one['state']}{' (behind)' if one['behind'] else ''}"
            table.add_row(
                one["key"], one["name"], one["base"], one["scope_name"] or "-", state, str(one["version"]),
                str(one["edits"]), changed, one["created_by"],
            )  # fmt: skip
    CONSOLE.print(table)


@plan.command()
def editions() -> None:
    """Editions of the grids, newest first."""
    from onemap.planning import editions as found

    with opened() as (settings, conn):
        table = Table("edition", "title", "in force", "grids", "base", "plan", "periods")
        for one in found.listed(conn):
            periods = "; ".join(
                " – ".join(
                    f"{at.astimezone(ZoneInfo(settings.zone)):%Y-%m-%d %H:%M}" if at else "…" for at in _ends(period)
                )
                for period in one["periods"]
            )
            table.add_row(
                one["name"], one["title"], "yes" if one["current"] else "", str(one["grids"]), one["base"] or "-",
                one["plan_key"] or "-", periods,
            )  # fmt: skip
    CONSOLE.print(table)


def _ends(period: dict[str, Any]) -> list[Any]:
    from datetime import datetime

    ends = (period["valid_from"], period["valid_to"])
    return [datetime.fromisoformat(end) if isinstance(end, str) else end for end in ends]


@plan.command("open")
def open_(
    name: Annotated[str, typer.Argument(help="What it is called.")],
    by: By,
    base: Annotated[str | None, typer.Option(help="Edition; none: the one in force.")] = None,
    scope: Annotated[str | None, typer.Option(help="Code of the area it is about; none: the whole city.")] = None,
    note: Note = "",
    accept_repairs: AcceptRepairs = False,
    tolerance_m: Tolerance = 5.0,
) -> None:
    """Open a plan; nothing on the live map changes. What must be mended of the edition first is shown and asked for."""
    from onemap.planning import book
    from onemap.planning.mending import Agreed
    from onemap.store.db import acting

    with opened() as (_, conn):
        area = post(conn, by, Right.PLANS_EDIT).area_wkb

        def make(agreed: Agreed) -> str:
            with acting(conn, by):
                made = book.open_plan(conn, name, by, base=base, scope=scope, note=note, area=area, agreed=agreed)
            return str(made["key"])

        key = asked_once(CONSOLE, make, accept_repairs, tolerance_m)
    print(key)


@plan.command()
def show(key: Key) -> None:
    """A plan: its state, its balance, its history."""
    from onemap.planning import book, log
    from onemap.planning.workspace import workspaces

    with opened() as (settings, conn), conn.transaction():
        one = book.plan(conn, key)
        work = workspaces.refreshed(conn, one)
        CONSOLE.print(
            f"{one['name']}  {one['state']}  base {one['base']}  version {one['version']}  "
            f"{many(len(work.cov.faces), 'grid')}  {many(len(work.problems.errors), 'error')}"
        )
        for entry in log.history(conn, key, limit=30):
            at = f"{entry['at'].astimezone(ZoneInfo(settings.zone)):%Y-%m-%d %H:%M}"
            mark = " " if entry["counts"] else "-"
            CONSOLE.print(
                f"{mark}{entry['version']:>5}  {at}  {entry['by']}  {entry['text']['zh']}  {entry['text']['en']}"
            )


@plan.command()
def edit(
    key: Key,
    file: Annotated[Path, typer.Argument(exists=True, help="JSON: one operation of the API, or a list of them.")],
    by: By,
    dry_run: Annotated[bool, typer.Option(help="Only see whether they can be done.")] = False,
) -> None:
    """Apply operations of a file, each an edit of its own; all of them or none."""
    from pydantic import TypeAdapter, ValidationError

    from onemap.planning import book
    from onemap.planning.grounds import database
    from onemap.planning.workspace import workspaces
    from onemap.store.db import acting
    from server.plan_operation_models import Operation

    try:
        content = json.loads(file.read_bytes())
        asked = content if isinstance(content, list) else [content]
        operations = TypeAdapter(list[Operation]).validate_python(asked[: _MAX_OPERATIONS + 1])
    except (ValueError, ValidationError) as exc:
        raise BadInput(f"{file.name} 不是操作文件 · {file.name} holds no operations: {exc}", reason="file") from exc
    if len(operations) > _MAX_OPERATIONS:
        raise BadInput(f"最多 {_MAX_OPERATIONS} 个操作 · At most {_MAX_OPERATIONS} operations.", reason="file")
    with opened() as (_, conn):
        grant = post(conn, by, Right.PLANS_EDIT)
        try:
            with acting(conn, by):
                for operation in operations:
                    version = book.plan(conn, key, area=grant.area_wkb)["version"]
                    plain = operation.model_dump(exclude_none=True)
                    done = book.edit(conn, key, version, plain, by, area=grant.area_wkb)
                    workspaces.keep(database(conn), done.workspace)
                    CONSOLE.print(f"{done.workspace.version:>5}  {done.zh}  {done.en}")
                if dry_run:
                    raise typer.Abort
        except typer.Abort:
            CONSOLE.print("dry run: nothing was kept")


@plan.command()
def check(key: Key) -> None:
    """What the rules have against a plan; with an error it cannot be submitted."""
    from onemap.planning import book
    from onemap.planning.workspace import workspaces

    with opened() as (_, conn), conn.transaction():
        work = workspaces.refreshed(conn, book.plan(conn, key))
        found, errors = work.problems.told(work.cov, work.labels), len(work.problems.errors)
    for problem in found:
        colour = "red" if problem.severity == "error" else "yellow"
        CONSOLE.print(f"[{colour}]{problem.severity:<8}[/]{problem.rule:<14}{problem.grid}  {problem.zh}  {problem.en}")
    CONSOLE.print(f"{many(len(found), 'problem')}, {many(errors, 'error')}")
    if errors:
        raise typer.Exit(1)


@plan.command()
def submit(key: Key, by: By, note: Note = "") -> None:
    """Hand a plan in for review."""
    from onemap.planning import book, review
    from onemap.store.db import acting

    with opened() as (_, conn):
        area = post(conn, by, Right.PLANS_EDIT).area_wkb
        with acting(conn, by):
            version = book.plan(conn, key, area=area)["version"]
            done = review.submit(conn, key, version, note, by, area=area)
    CONSOLE.print(f"{key}: {done['state']}")


@plan.command()
def approve(key: Key, by: By, note: Note = "") -> None:
    """Approve a plan; never by the post that drew it."""
    from onemap.planning import review
    from onemap.store.db import acting

    with opened() as (_, conn):
        area = post(conn, by, Right.PLANS_APPROVE).area_wkb
        with acting(conn, by):
            done = review.decide(conn, key, "approve", note, by, area=area)
    CONSOLE.print(f"{key}: {done['state']}")


@plan.command()
def publish(
    key: Key,
    edition: Annotated[str, typer.Argument(help="Name of the edition that it becomes.")],
    by: By,
    title: Annotated[str, typer.Option(help="The edition's title.")] = "",
    at: Annotated[str | None, typer.Option(help="When it takes effect, with its offset; none: now.")] = None,
) -> None:
    """Publish an approved plan, now or at a time."""
    from onemap.core import clock
    from onemap.planning import publish as publishing
    from onemap.store.when import parse_instant
    from server import grid_notices

    with opened() as (_, conn):
        area = post(conn, by, Right.PLANS_APPROVE).area_wkb
        when = None if at is None else parse_instant(at)
        done = publishing.publish(conn, key, edition, title, when, by, clock.now(), tell=grid_notices.tell, area=area)
    _print_publication(done)


@plan.command()
def rollback(key: Key, by: By, note: Note = "") -> None:
    """Put the edition before a published plan's back in force."""
    from onemap.planning import publish as publishing
    from server import grid_notices

    with opened() as (_, conn):
        area = post(conn, by, Right.PLANS_APPROVE).area_wkb
        done = publishing.rollback(conn, key, note, by, tell=grid_notices.tell, area=area)
    _print_publication(done)


def _print_publication(done: dict[str, Any]) -> None:
    moved = ", ".join(f"{layer} {number}" for layer, number in cast("dict[str, int]", done["moved"]).items()) or "-"
    CONSOLE.print(
        f"{done['plan']}: {done['state']}  edition {done['edition']}  before {done['previous'] or '-'}  "
        f"{many(done['grids'], 'grid')}  moved {moved}  told {many(done['notified'], 'team')}"
    )
