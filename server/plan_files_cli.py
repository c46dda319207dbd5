"""`onemap plan export` and `onemap plan import`: grids in files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from onemap.core.errors import BadInput
from onemap.core.policy import SYSTEM, Right
from onemap.core.words import many
from server.plan_cli import CONSOLE, By, opened, post
from server.repairs_cli import agreed_to, print_repairs

commands = typer.Typer()

_FORMS = {".geojson": "geojson", ".json": "geojson", ".gpkg": "gpkg", ".zip": "shp"}


@commands.command()
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
    with opened() as (_, conn), conn.transaction():
        if edition:
            layer = layers.BY_NAME["grid"]
            made = service.export_edition(conn, layer, SYSTEM, what, format=form, encoding=encoding)
        else:
            made = service.export_plan(conn, what, format=form, encoding=encoding)
    out.write_bytes(made.data)
    CONSOLE.print(f"{out}: {len(made.data):,} bytes")


@commands.command("import")
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
    accept_repairs: Annotated[
        bool, typer.Option("--accept-repairs", help="Agree to those of the edition, too, where its grids do not match.")
    ] = False,
) -> None:
    """Make a plan of a file of grids: what would be mended is shown first."""
    from onemap.planning import grounds
    from onemap.planning.exchange import service
    from onemap.planning.exchange.read import read_grids
    from onemap.planning.exchange.spec import MAX_BYTES, refused
    from onemap.planning.mending import Agreed, Unmended
    from onemap.store.db import acting

    if file.stat().st_size > MAX_BYTES:
        raise refused("too-large", "文件超过 64 MB", "the file is larger than 64 MB")
    read = read_grids(file.read_bytes(), file.name, datum=datum, encoding=encoding, layer=layer)
    with opened() as (_, conn):
        area = post(conn, by, Right.PLANS_EDIT).area_wkb

        def look() -> service.Preview:
            with conn.transaction():
                return service.preview(conn, read, edition=edition, tolerance_m=tolerance_m, area=area)

        try:
            found = look()
        except Unmended as asked:
            if area is not None:
                raise
            agreed = Agreed(agreed_to(CONSOLE, asked, accept_repairs))
            with acting(conn, by):
                grounds.agree(conn, asked.mend.edition, agreed, by)
            found = look()
        _print_preview(found)
        if found.look.findings.problems:
            raise typer.Exit(1)
        mends = found.look.findings.repaired_m2 > 0
        if mends and not yes and not typer.confirm("接受修补? Agree to the repairs?"):
            raise typer.Exit(1)
        with acting(conn, by):
            made = service.make_plan(conn, found, name, by, accept_repairs=True, area=area)
    print(made["key"])


def _print_preview(found: object) -> None:
    from onemap.planning.exchange.service import Preview

    assert isinstance(found, Preview)  # noqa: S101
    look, findings = found.look, found.look.findings
    CONSOLE.print(
        f"{look.file.name}: {many(len(look.drawn), 'grid')} in {look.file.datum}, "
        f"in the place of {len(look.gone)} of {found.edition}"
    )
    for note in findings.notes:
        CONSOLE.print(f"  {note.zh}  {note.en}")
    print_repairs(CONSOLE, findings)
    for problem in findings.problems:
        CONSOLE.print(f"[red]{problem.zh}  {problem.en}[/]")
