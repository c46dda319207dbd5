"""`onemap terrain`: derivatives, water and zonal statistics as files, for planners and notebooks."""

from __future__ import annotations

import csv
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from onemap.core.cell import hex_of
from onemap.core.errors import BadInput
from onemap.core.settings import Settings

terrain = typer.Typer(no_args_is_help=True, help="Terrain: derivatives of elevation models, statistics of cells.")
CONSOLE = Console(highlight=False, soft_wrap=True, stderr=True)

Dem = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="An elevation model with a coordinate system.")]
Target = Annotated[Path, typer.Argument(help="The GeoTIFF to write, one band a product.")]


@terrain.command()
def derive(
    dem: Dem,
    target: Target,
    product: Annotated[list[str], typer.Option(help="slope, aspect, curvature, relief, tpi, … (repeat)")],
    edges: Annotated[bool, typer.Option(help="Also along the edge and beside gaps, as -compute_edges.")] = False,
    radius: Annotated[float, typer.Option(help="Radius of relief in metres.")] = 250.0,
) -> None:
    """Derivatives of an elevation model of any size."""
    from onemap.terrain.derive import derive_file

    with CONSOLE.status(dem.name):
        derive_file(dem, target, product, edges=edges, radius_m=radius)
    CONSOLE.print(f"{target}: {', '.join(product)}")


@terrain.command()
def water(dem: Dem, target: Target) -> None:
    """What drains through each pixel (m²) and its wetness, two bands; a large model is averaged first."""
    from onemap.terrain.flow import flow_file

    with CONSOLE.status(dem.name):
        flow_file(dem, target)
    CONSOLE.print(f"{target}: area_m2, wetness")


@terrain.command()
def zonal(
    raster: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A raster of numbers.")],
    res: Annotated[int, typer.Option(help="Resolution of the cells.")] = 9,
    out: Annotated[Path | None, typer.Option(help="The CSV to write; none: standard output.")] = None,
) -> None:
    """Statistics of a raster in every H3 cell that it meets, exact by area, as CSV."""
    from onemap.terrain import factors
    from onemap.terrain import zonal as engine

    if not 0 <= res <= 15:
        raise BadInput(f"{res} is not an H3 resolution (0 to 15).", reason="resolution")
    with CONSOLE.status(raster.name):
        cells = factors.cells_at(raster, res)
        found = engine.zonal(raster, cells)
    names = ("count", "mean", "std", "min", "max", "sum", "area_m2", "known")
    columns = [getattr(found, name).tolist() for name in names]
    with out.open("w", newline="", encoding="utf-8") if out else nullcontext(sys.stdout) as file:
        writer = csv.writer(file)
        writer.writerow(("cell", *names))
        for cell, *row in zip(cells.tolist(), *columns, strict=True):
            if row[0] > 0:
                writer.writerow((hex_of(cell), *row))


@terrain.command()
def cells() -> None:
    """Make the ground of every cell anew if what it follows from has changed, as the worker does."""
    from onemap.store.cluster import Cluster
    from onemap.store.db import connect, dsn_of
    from onemap.terrain.cells import refresh

    settings = Settings()
    if not settings.database_url:
        Cluster(settings.home_path).start()
    with (
        connect(dsn_of(settings), autocommit=True, statement_timeout_s=600) as conn,
        CONSOLE.status("computing"),
    ):
        done = refresh(conn, settings.home_path)
    CONSOLE.print(f"{done} cells" if done else "nothing has changed")
