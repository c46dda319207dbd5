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
from onemap.core.policy import SYSTEM, Grant, Right
from onemap.core.settings import Settings
from onemap.store.db import Connection

plan = typer.Typer(no_args_is_help=True, help="Plans of the grids: open, edit, check, files, review, publish.")
CONSOLE = Console(highlight=False, soft_wrap=True)
_MAX_OPERATIONS = 5000

Key = Annotated[str, typer.Argument(help="The plan's key; see: onemap plan list")]
By = Annotated[str, typer.Option("--by", help="Login of the duty post that does it; its rights count.")]
Note = Annotated[str, typer.Option(help="A remark that is kept with it.")]


@contextmanager
def _database() -> Iterator[tuple[Settings, Connection]]:
    from onemap.planning import workspace
    from onemap.store.cluster import Cluster
    from onemap.store.db import connect, dsn_of

    settings = Settings()
    workspace.use(settings.home_path)
    if not settings.database_url:
        Cluster(settings.home_path).start()
    with connect(dsn_of(settings), autocommit=True, statement_timeout_s=600) as conn:
        yield settings, conn


def _post(conn: Connection, login: str, right: Right) -> Grant:
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

    with _database() as (settings, conn):
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

    with _database() as (settings, conn):
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
) -> None:
    """Open a plan; nothing on the live map changes."""
    from onemap.planning import book
    from onemap.store.db import acting

    with _database() as (_, conn):
        grant = _post(conn, by, Right.PLANS_EDIT)
        with acting(conn, by):
            made = book.open_plan(conn, name, by, base=base, scope=scope, note=note, area=grant.area_wkb)
    print(made["key"])


@plan.command()
def show(key: Key) -> None:
    """A plan: its state, its balance, its history."""
    from onemap.planning import book, log
    from onemap.planning.workspace import workspaces

    with _database() as (settings, conn), conn.transaction():
        one = book.plan(conn, key)
        work = workspaces.refreshed(conn, one)
        CONSOLE.print(
            f"{one['name']}  {one['state']}  base {one['base']}  version {one['version']}  "
            f"{len(work.cov.faces)} grids  {len(work.problems.errors)} errors"
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
    from server.plan_models import Operation

    try:
        content = json.loads(file.read_bytes())
        asked = content if isinstance(content, list) else [content]
        operations = TypeAdapter(list[Operation]).validate_python(asked[: _MAX_OPERATIONS + 1])
    except (ValueError, ValidationError) as exc:
        raise BadInput(f"{file.name} 不是操作文件 · {file.name} holds no operations: {exc}", reason="file") from exc
    if len(operations) > _MAX_OPERATIONS:
        raise BadInput(f"最多 {_MAX_OPERATIONS} 个操作 · At most {_MAX_OPERATIONS} operations.", reason="file")
    with _database() as (_, conn):
        grant = _post(conn, by, Right.PLANS_EDIT)
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

    with _database() as (_, conn), conn.transaction():
        work = workspaces.refreshed(conn, book.plan(conn, key))
        found, errors = work.problems.all, len(work.problems.errors)
    for problem in found:
        colour = "red" if problem.severity == "error" else "yellow"
        CONSOLE.print(f"[{colour}]{problem.severity:<8}[/]{problem.rule:<14}{problem.grid}  {problem.zh}  {problem.en}")
    CONSOLE.print(f"{len(found)} problems, {errors} errors")
    if errors:
        raise typer.Exit(1)


_FORMS = {".geojson": "geojson", ".json": "geojson", ".gpkg": "gpkg", ".zip": "shp"}


@plan.command()
def export(
    what: Annotated[str, typer.Argument(help="A plan's key, or with --edition an edition's name.")],
    out: Annotated[Path, typer.Argument(help="File to write: .geojson, .gpkg or .zip (Shapefile).")],
    edition: Annotated[bool, typer.Option("--edition", help="It is an edition.")] = False,
    encoding: Annotated[str, typer.Option(help="Of a Shapefile's table: utf-8 or gbk.")] = "utf-8",
) -> None:
    """Write a plan or an edition into a file."""
    from onemap import layers
    from onemap.planning.exchange import service

    form = _FORMS.get(out.suffix.lower())
    if form is None:
        raise BadInput(f"{out.name}: .geojson, .gpkg, .zip", reason="format")
    with _database() as (_, conn), conn.transaction():
        if edition:
            layer = layers.BY_NAME["grid"]
            made = service.export_edition(conn, layer, SYSTEM, what, format=form, encoding=encoding)
        else:
            made = service.export_plan(conn, what, format=form, encoding=encoding)
    out.write_bytes(made.data)
    CONSOLE.print(f"{out}: {len(made.data):,} bytes")


@plan.command("import")
def import_(
    file: Annotated[Path, typer.Argument(exists=True, help="GeoJSON, GeoPackage or zipped Shapefile.")],
    name: Annotated[str, typer.Argument(help="What the plan is called.")],
    by: By,
    edition: Annotated[str | None, typer.Option(help="Beside which edition; none: the one in force.")] = None,
    datum: Annotated[str | None, typer.Option(help="WGS84, CGCS2000, GCJ02, BD09 or EPSG:n.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Of the attribute table; none: found out.")] = None,
    layer: Annotated[str | None, typer.Option(help="Of a file with several layers.")] = None,
    tolerance_m: Annotated[float, typer.Option(help="How wide a sliver may be, to be mended.")] = 5.0,
    yes: Annotated[bool, typer.Option("--yes", help="Agree to the repairs without being asked.")] = False,
) -> None:
    """Make a plan of a file of grids: what would be mended is shown first."""
    from onemap.planning.exchange import service
    from onemap.planning.exchange.read import read_grids
    from onemap.planning.exchange.spec import MAX_BYTES, refused
    from onemap.store.db import acting

    if file.stat().st_size > MAX_BYTES:
        raise refused("too-large", "文件超过 64 MB", "the file is larger than 64 MB")
    read = read_grids(file.read_bytes(), file.name, datum=datum, encoding=encoding, layer=layer)
    with _database() as (_, conn):
        if _post(conn, by, Right.PLANS_EDIT).area_wkb is not None:
            raise Forbidden("导入网格须有全市的编制权限 · Importing needs the right to plan in the whole city.")
        with conn.transaction():
            found = service.preview(conn, read, edition=edition, tolerance_m=tolerance_m)
        _print_preview(found)
        if found.look.findings.problems:
            raise typer.Exit(1)
        mends = found.look.findings.repaired_m2 > 0
        if mends and not yes and not typer.confirm("接受修补? Agree to the repairs?"):
            raise typer.Exit(1)
        with acting(conn, by):
            made = service.make_plan(conn, found, name, by, accept_repairs=True)
    print(made["key"])


def _print_preview(found: object) -> None:
    from onemap.planning.exchange.service import Preview

    assert isinstance(found, Preview)  # noqa: S101
    look, findings = found.look, found.look.findings
    CONSOLE.print(
        f"{look.file.name}: {len(look.drawn)} grids in {look.file.datum}, "
        f"in the place of {len(look.gone)} of {found.edition}"
    )
    for note in findings.notes:
        CONSOLE.print(f"  {note.zh}  {note.en}")
    if findings.repairs:
        table = Table("repair", "m²", "grids", "to", title="repairs", title_justify="left")
        for repair in findings.repairs[:40]:
            table.add_row(repair.kind, f"{repair.area_m2:.2f}", ", ".join(repair.grids[:4]), repair.to or "-")
        CONSOLE.print(table)
        CONSOLE.print(f"{len(findings.repairs)} repairs, {findings.repaired_m2:.1f} m²")
    for problem in findings.problems:
        CONSOLE.print(f"[red]{problem.zh}  {problem.en}[/]")


@plan.command()
def submit(key: Key, by: By, note: Note = "") -> None:
    """Hand a plan in for review."""
    from onemap.planning import book, review
    from onemap.store.db import acting

    with _database() as (_, conn):
        area = _post(conn, by, Right.PLANS_EDIT).area_wkb
        with acting(conn, by):
            version = book.plan(conn, key, area=area)["version"]
            done = review.submit(conn, key, version, note, by, area=area)
    CONSOLE.print(f"{key}: {done['state']}")


@plan.command()
def approve(key: Key, by: By, note: Note = "") -> None:
    """Approve a plan; never by the post that drew it."""
    from onemap.planning import review
    from onemap.store.db import acting

    with _database() as (_, conn):
        area = _post(conn, by, Right.PLANS_APPROVE).area_wkb
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

    with _database() as (_, conn):
        area = _post(conn, by, Right.PLANS_APPROVE).area_wkb
        when = None if at is None else parse_instant(at)
        done = publishing.publish(conn, key, edition, title, when, by, clock.now(), tell=grid_notices.tell, area=area)
    _print_publication(done)


@plan.command()
def rollback(key: Key, by: By, note: Note = "") -> None:
    """Put the edition before a published plan's back in force."""
    from onemap.planning import publish as publishing
    from server import grid_notices

    with _database() as (_, conn):
        area = _post(conn, by, Right.PLANS_APPROVE).area_wkb
        done = publishing.rollback(conn, key, note, by, tell=grid_notices.tell, area=area)
    _print_publication(done)


def _print_publication(done: dict[str, Any]) -> None:
    moved = ", ".join(f"{layer} {number}" for layer, number in cast("dict[str, int]", done["moved"]).items()) or "-"
    CONSOLE.print(
        f"{done['plan']}: {done['state']}  edition {done['edition']}  before {done['previous'] or '-'}  "
        f"{done['grids']} grids  moved {moved}  told {done['notified']} teams"
    )
