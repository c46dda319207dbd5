"""`onemap heat`: surfaces from the command line, for operators and notebooks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from onemap.core.errors import BadInput
from onemap.core.settings import Settings
from onemap.heat.ask import Ask
from onemap.store.db import Connection

heat = typer.Typer(no_args_is_help=True, help="Heat surfaces: bring up to now, explain, back-test, write to files.")
CONSOLE = Console(highlight=False, soft_wrap=True)

Surface = Annotated[str, typer.Argument(help="The surface's name; see: onemap heat list")]
Window = Annotated[str, typer.Option(help="2h, 24h, 7d …, from/to; then @fri18-24; then ~1y. A forecast: its horizon.")]
Category = Annotated[list[str] | None, typer.Option(help="Only these categories (repeat).")]
Source = Annotated[list[str] | None, typer.Option(help="Only these sources (repeat).")]
Severity = Annotated[list[int] | None, typer.Option(help="Only these severities, 1 (I) to 4 (IV), 0 unknown (repeat).")]
Decay = Annotated[float | None, typer.Option(help="Half-life in hours of an exponential decay.")]
Smooth = Annotated[int, typer.Option(help="Rings of smoothing.")]
Weight = Annotated[str, typer.Option(help="count or severity")]


def _settings() -> Settings:
    """The settings, and with them what the data home declares: its classes and surfaces."""
    from onemap.core import catalogue
    from onemap.heat.hazard import declared

    settings = Settings()
    catalogue.use(settings.home_path)
    declared.use(settings.home_path, settings.zone)
    return settings


@contextmanager
def _database() -> Iterator[tuple[Settings, Connection]]:
    from onemap.store.cluster import Cluster
    from onemap.store.db import connect, dsn_of

    settings = _settings()
    if not settings.database_url:
        Cluster(settings.home_path).start()
    with connect(dsn_of(settings), statement_timeout_s=3600) as conn:
        yield settings, conn


@heat.command("list")
def list_() -> None:
    """The surfaces that there are."""
    from onemap.heat import service

    _settings()
    table = Table("name", "kind", "title", "unit", "finest", "windows")
    for spec in service.surfaces():
        windows = ", ".join(spec.windows or spec.horizons) or "as it stands"
        table.add_row(spec.name, spec.kind, f"{spec.title.zh} {spec.title.en}", spec.unit.zh, str(spec.finest), windows)
    CONSOLE.print(table)


@heat.command()
def run(
    surface: Annotated[list[str] | None, typer.Argument(help="Surfaces; none: all.")] = None,
    rebuild: Annotated[bool, typer.Option(help="Count everything anew instead of following the change log.")] = False,
) -> None:
    """Bring surfaces up to now, as the worker does."""
    from onemap.heat import service

    with _database() as (_, conn):
        together = False  # one pass over the risks computes all of them
        for spec in service.surfaces():
            if (surface and spec.name not in surface) or (spec.kind == "risk" and together):
                continue
            together = together or spec.kind == "risk"
            with CONSOLE.status(spec.name), conn.transaction():
                done = service.rebuild(conn, spec.name) if rebuild else _follow(conn, spec.kind)
            CONSOLE.print(f"{spec.name}: {done}")
        conn.commit()


def _follow(conn: Connection, kind: str) -> int:
    from onemap.heat import service

    done = 0
    if kind == "density":
        while seen := service.follow(conn):
            done += seen
    elif kind == "risk":
        done = service.refresh_risk(conn)
    return done


@heat.command()
def explain(
    surface: Surface,
    cell: Annotated[str, typer.Argument(help="The cell's 15-digit id.")],
    window: Window = "24h",
    category: Category = None,
    as_json: Annotated[bool, typer.Option("--json", help="All of it, for programs.")] = False,
) -> None:
    """What a cell is made of: its parts sum to its value."""
    from onemap.core.cell import cell_from_hex
    from onemap.heat import service
    from server.answer import dumps

    with _database() as (settings, conn):
        ask = Ask(surface, window=window, categories=tuple(sorted(category or ())), zone=settings.zone)
        found = service.explain(conn, ask, cell_from_hex(cell))
    if as_json:
        print(json.dumps(json.loads(dumps(found)), ensure_ascii=False, indent=1))
        return
    CONSOLE.print(f"{found['cell']}  r{found['res']}  {found['value']:.4g} {_words(found['unit'])}")
    table = Table("value", "layer", "name", "kind", "at")
    for part in sorted(found["parts"], key=lambda part: -abs(part["value"])):
        table.add_row(f"{part['value']:.4g}", part["source_layer"], part["name"], part["kind"], str(part["at"])[:19])
    CONSOLE.print(table)


def _words(text: Any) -> str:
    return str(text["zh"]) if isinstance(text, dict) else str(text)


@heat.command()
def backtest(
    last: Annotated[bool, typer.Option(help="Show the last one instead of running it now.")] = False,
    category: Annotated[str, typer.Option(help="A category; none: all together.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="All of it, for programs.")] = False,
) -> None:
    """Forecast the last nights from what was known before each, beside plain counting and KDE."""
    from onemap.core.clock import now, zone_of
    from onemap.heat.prediction import forecast, nightly
    from onemap.store.db import connect, dsn_of
    from server.answer import dumps

    with _database() as (settings, conn):
        if not last:
            conn.rollback()
            with CONSOLE.status("…"), connect(dsn_of(settings), autocommit=True, statement_timeout_s=3600) as own:
                _follow(own, "density")
                done = nightly.run(own, now(), zone_of(settings.zone))
            if not as_json:
                CONSOLE.print(f"{len(done)} forecasts written")
        found = forecast.last_backtest(conn, category)
    if as_json:
        print(json.dumps(json.loads(dumps(found)), ensure_ascii=False, indent=1))
        return
    table = Table("horizon", "model", "hit rate", "PAI", "PEI*", "RRI", "expected", "observed")
    for horizon, told in found["horizons"].items():
        for model in told["models"]:
            rate = next((rate for share, rate in model["hit_rate"] if share == found["share"]), None)
            figures = (rate, *(model[name] for name in ("pai", "pei", "rri", "expected", "observed")))
            table.add_row(horizon, model["title"]["zh"], *("" if one is None else f"{one:.4g}" for one in figures))
    CONSOLE.print(table)
    for horizon, told in found["horizons"].items():
        CONSOLE.print(f"{horizon}: {told['verdict']['zh']}\n{told['verdict']['en']}")


@heat.command()
def export(
    surface: Surface,
    path: Annotated[Path, typer.Argument(help="The file to write; its ending says the format unless --format does.")],
    format: Annotated[str | None, typer.Option(help="csv, geojson, geoparquet, geotiff or html")] = None,
    res: Annotated[int, typer.Option(help="H3 resolution.", min=0, max=15)] = 9,
    bbox: Annotated[str | None, typer.Option(help="west,south,east,north in degrees.")] = None,
    window: Window = "24h",
    category: Category = None,
    source: Source = None,
    severity: Severity = None,
    weight: Weight = "count",
    decay: Decay = None,
    smooth: Smooth = 0,
) -> None:
    """Write a surface to a file: cells with ids, values and outlines. An HTML page opens without a network."""
    from onemap.core.policy import SYSTEM
    from onemap.heat.export import put
    from onemap.store.query import parse_bbox
    from server.extract import written
    from tiles.heat import asked

    kind = format or _format_of(path)
    with _database() as (settings, conn):
        ask = Ask(
            surface, window, tuple(sorted(category or ())), tuple(sorted(source or ())),
            tuple(sorted(severity or ())), weight, decay, smooth, zone=settings.zone,
        )  # fmt: skip
        _follow(conn, "density")
        conn.commit()
        data, _, _ = written(conn, SYSTEM, asked(SYSTEM, ask), kind, res, parse_bbox(bbox) if bbox else None)
    CONSOLE.print(f"{path}: {put(path, data):,} bytes")


def _format_of(path: Path) -> str:
    from onemap.heat.export import FORMATS

    for name, (suffix, _) in FORMATS.items():
        if path.suffix.lower() in (suffix, {".tif": ".tiff", ".geojson": ".json", ".html": ".htm"}.get(suffix)):
            return name
    raise BadInput(f"{path.name} does not say its format: --format {'|'.join(FORMATS)}.", reason="format")
