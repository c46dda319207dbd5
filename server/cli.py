"""The command line: the only place where settings are built and the parts are put together."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import psycopg
import typer
from rich.console import Console
from rich.status import Status
from rich.table import Table

from onemap.core.errors import OnemapError, SetupError
from onemap.core.policy import Role
from onemap.core.settings import Settings
from onemap.store.cluster import Cluster
from server.heat_cli import heat
from server.plan_cli import plan
from server.plan_figures_cli import commands as plan_figures
from server.plan_files_cli import commands as plan_files
from server.plan_replay_cli import commands as plan_replay
from server.rules_cli import rules
from server.terrain_cli import terrain

if TYPE_CHECKING:
    from server.serving import Serving

app = typer.Typer(no_args_is_help=True, add_completion=False, help="One map (一张图).", pretty_exceptions_enable=False)
db = typer.Typer(no_args_is_help=True, help="The private database cluster and its schema.")
admin = typer.Typer(no_args_is_help=True, help="Accounts of duty posts and keys of other systems.")
app.add_typer(db, name="db")
app.add_typer(admin, name="admin")
app.add_typer(heat, name="heat")
for commands in (plan_figures, plan_files, plan_replay):
    plan.add_typer(commands)
app.add_typer(plan, name="plan")
app.add_typer(rules, name="rules")
app.add_typer(terrain, name="terrain")
CONSOLE = Console(highlight=False, soft_wrap=True)


def _settings() -> Settings:
    return Settings()


def _ready_database(settings: Settings) -> str:
    """Start the private cluster if that is ours to do, and migrate. Returns the connection string."""
    from onemap.layers import LAYERS
    from onemap.store.db import dsn_of
    from onemap.store.migrate import migrate

    if not settings.database_url:
        cluster = Cluster(settings.home_path)
        cluster.start()
        cluster.ensure_database()
    dsn = dsn_of(settings)
    migrate(dsn, LAYERS)
    return dsn


@app.command()
def demo(
    port: Annotated[int, typer.Option(help="Port of the server.")] = 8000,
    scenario: Annotated[str, typer.Option(help="ordinary or rainstorm")] = "rainstorm",
    scale: Annotated[int, typer.Option(help="Buildings of the demo city, up to 175000.")] = 12000,
    speed: Annotated[float, typer.Option(help="How fast the scenario plays.")] = 1.0,
    no_simulator: Annotated[bool, typer.Option(help="Leave the feeds silent.")] = False,
) -> None:
    """Bring up the live one map of the demo city, and keep it up until Ctrl-C."""
    from server.demo import run_demo

    settings = _settings().model_copy(update={"port": port})
    run_demo(settings, scenario=scenario, scale=scale, speed=speed, simulate=not no_simulator)


@app.command()
def up() -> None:
    """A real start on the private cluster: asks for an administrator the first time, then serves until Ctrl-C."""
    from onemap.core import catalogue
    from server.installation import run_installation

    settings = _settings()
    catalogue.use(settings.home_path)  # told here, and not by children that start again and again
    run_installation(settings, _ready_database(settings))


@app.command()
def serve() -> None:
    """The server alone (the database is there and migrated)."""
    import uvloop

    from server.app import create_app
    from server.logging import configure
    from server.secret import with_secrets
    from server.serving import Serving

    settings = with_secrets(_settings())
    configure(settings)
    _require_account(settings)
    serving = Serving(create_app(settings), host=settings.host, port=settings.port)
    # What is built by now stays; a collection that walks through all of it would hold every stream up.
    gc.collect()
    gc.freeze()
    # An alert to a thousand screens makes some ten thousand objects: by Python's 700 that is a collection after every
    # few screens.
    gc.set_threshold(50_000, 20, 50)
    # A thousand streams are a thousand wakes at once, and uvloop's are cheaper than asyncio's own.
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(serving))


async def _serve(serving: Serving) -> None:
    import signal

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, serving.stop)
    await serving.run()


def _require_account(settings: Settings) -> None:
    from onemap.store.db import connect, dsn_of

    with connect(dsn_of(settings)) as conn:
        row = conn.execute("SELECT EXISTS (SELECT 1 FROM account WHERE enabled) AS yes").fetchone()
    if not row or not row["yes"]:
        raise SetupError(
            "There is no account yet. Type: onemap admin create-account LOGIN --role operator", reason="no-account"
        )


@app.command()
def worker() -> None:
    """The worker alone: feeds, engines, deliveries."""
    from server.logging import configure
    from server.secret import with_secrets
    from server.supervisor import stop_on_signals
    from server.worker import run_worker

    settings = with_secrets(_settings())
    configure(settings)
    run_worker(settings, stop_on_signals())


@app.command()
def down(remove: Annotated[bool, typer.Option(help="Delete the data folder as well.")] = False) -> None:
    """Stop the private cluster of the data folder."""
    import shutil

    home = _settings().home_path
    cluster = Cluster(home)
    if remove:
        cluster.remove()
        shutil.rmtree(home, ignore_errors=True)
    else:
        cluster.stop()


@db.command("start")
def db_start() -> None:
    """Make and start the private cluster, and migrate."""
    CONSOLE.print(_ready_database(_settings()))


@db.command("stop")
def db_stop() -> None:
    """Stop the private cluster."""
    Cluster(_settings().home_path).stop()


@db.command("status")
def db_status() -> None:
    """Say whether the private cluster runs, and how to connect."""
    cluster = Cluster(_settings().home_path)
    CONSOLE.print(f"{'running' if cluster.running() else 'stopped'}  psql '{cluster.dsn()}'")


@db.command("dsn")
def db_dsn() -> None:
    """Print the connection string, for psql and pg_dump."""
    from onemap.store.db import dsn_of

    print(dsn_of(_settings()))


@db.command("reset-followers")
def db_reset_followers() -> None:
    """After a restore from another cluster: forget the followers' positions and rebuild what they keep."""
    from onemap.core import catalogue
    from onemap.heat import service as heat
    from onemap.heat.hazard import declared
    from onemap.store.changelog import advance, consumer_position, head
    from onemap.store.db import connect

    settings = _settings()
    catalogue.use(settings.home_path)
    risks = [one.name for one in declared.use(settings.home_path, settings.zone).surfaces]
    with connect(_ready_database(settings), statement_timeout_s=3600) as conn:
        conn.execute("DELETE FROM change_log")
        # Positions that were followed in the other cluster would seem to lie ahead in this one.
        conn.execute("UPDATE fix SET xid = '3' WHERE xid > pg_current_xact_id()")
        for row in conn.execute("SELECT name FROM consumer").fetchall():
            consumer_position(conn, row["name"])
            advance(conn, row["name"], head(conn))
        for surface in heat.surfaces():
            if surface.name not in risks[1:]:  # one pass computes all risks
                heat.rebuild(conn, surface.name)
        conn.commit()
    CONSOLE.print("followers start anew")


@db.command("migrate")
def db_migrate() -> None:
    """Bring the schema to the newest version."""
    _ready_database(_settings())
    CONSOLE.print("migrated")


@db.command("prepare")
def db_prepare() -> None:
    """Migrate, and make the first account from ONEMAP_ADMIN_LOGIN and ONEMAP_ADMIN_PASSWORD if there is none."""
    from server.installation import ask_for_administrator

    ask_for_administrator(_ready_database(_settings()))
    CONSOLE.print("prepared")


@admin.command("create-account")
def create_account(
    login: str,
    role: Annotated[Role, typer.Option(help="What the duty post may do.")],
    title: Annotated[str, typer.Option(help="The duty post's title.")] = "",
    team: Annotated[str, typer.Option(help="Key of the team, for role team.")] = "",
    password: Annotated[
        str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True, envvar="ONEMAP_NEW_PASSWORD")
    ] = "",
) -> None:
    """Create the account of a duty post (never of a person by name)."""
    from onemap.store import account
    from onemap.store.db import acting, connect, dsn_of

    with connect(dsn_of(_settings())) as conn, acting(conn, "admin"):
        account.create_account(conn, login, title or login, role, password, team_key=team or None)
    CONSOLE.print(f"created {login} ({role})")


@admin.command("create-key")
def create_key(
    name: str,
    role: Annotated[Role, typer.Option(help="What the key may see.")] = Role.VIEWER,
    layer: Annotated[list[str] | None, typer.Option(help="Only these layers (repeat); none: all of the role.")] = None,
    feed: Annotated[list[str] | None, typer.Option(help="Feeds it may push (repeat).")] = None,
) -> None:
    """Create an API key for another system; it is shown once."""
    from onemap.store import account
    from onemap.store.db import acting, connect, dsn_of

    with connect(dsn_of(_settings())) as conn, acting(conn, "admin"):
        key = account.create_api_key(conn, name, role, layers=layer, feeds=feed or [])
    CONSOLE.print(key)


@app.command("import")
def import_(
    paths: Annotated[list[Path], typer.Argument(help="Files to take in.", exists=True)],
    layer: Annotated[
        str | None, typer.Option(help="The layer, where the file does not say; landcover: a raster of codes.")
    ] = None,
    datum: Annotated[str | None, typer.Option(help="WGS84, CGCS2000, GCJ02, BD09 or EPSG:n.")] = None,
    zone: Annotated[str | None, typer.Option(help="Time zone of times without one, e.g. Asia/Shanghai.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Encoding of the text, where it is not recognised: gbk.")] = None,
) -> None:
    """Take in OSM extracts, GeoJSON, GeoPackage, Shapefile, CSV, GPX, KML and GeoTIFF files."""
    from etl.importer import import_file, move_map
    from onemap.core import catalogue

    settings = _settings()
    catalogue.use(settings.home_path)
    dsn = _ready_database(settings)
    refused = 0
    for path in paths:
        with CONSOLE.status(f"{path.name} …") as status:
            try:
                summary = import_file(
                    dsn,
                    path,
                    layer=layer,
                    datum=datum,
                    zone=zone,
                    encoding=encoding,
                    actor="import",
                    home=settings.home_path,
                    progress=_teller(status, path.name),
                )
            except OnemapError as error:
                refused += 1
                CONSOLE.print(f"[red]{path.name}: {error.message}[/]")
                continue
        _print_summary(path, summary)
        if moved := move_map(dsn, summary, path.name.split(".")[0]):
            CONSOLE.print(f"  地图移到 / the map opens at: {moved}")
    if refused:
        raise typer.Exit(1)


def _teller(status: Status, name: str) -> Callable[[str], None]:
    return lambda text: status.update(f"{name}: {text}")


def _print_summary(path: Path, summary: object) -> None:
    from etl.importer import ImportSummary

    assert isinstance(summary, ImportSummary)  # noqa: S101
    table = Table("layer", "taken", "unchanged", "skipped", "quarantined", title=str(path), title_justify="left")
    for name, row in sorted(summary.layers.items()):
        table.add_row(name, str(row.taken), str(row.unchanged), str(row.skipped), str(row.quarantined))
    CONSOLE.print(table)
    for reason, number in sorted(summary.reasons.items(), key=lambda item: -item[1]):
        CONSOLE.print(f"  {number:>8}  {reason}")
    if summary.ignored:
        CONSOLE.print(f"  未用的列 / columns not used: {', '.join(summary.ignored)}", markup=False)
    if summary.bounds:
        west, south, east, north = summary.bounds
        CONSOLE.print(f"  {west:.5f} {south:.5f} {east:.5f} {north:.5f}")


@app.command()
def docs(folder: Annotated[Path, typer.Option(help="Where to write.")] = Path("docs/reference")) -> None:
    """Generate the reference pages: settings, layers, feeds, errors, OpenAPI."""
    from server.reference import write_reference

    write_reference(folder)
    CONSOLE.print(f"wrote {folder}")


def _keep_kernels() -> None:
    """Keep compiled kernels beside their source, or in the data folder where the source is not ours to write."""
    if not os.access(Path(__file__).resolve().parent.parent / "onemap", os.W_OK):
        os.environ.setdefault("NUMBA_CACHE_DIR", str(_settings().home_path / "kernels"))


def main() -> None:
    """Run the command line; expected errors are one line, not a stack trace."""
    _keep_kernels()
    try:
        app()
    except OnemapError as error:
        CONSOLE.print(error.message, style="red", markup=False)
        sys.exit(1)
    except psycopg.OperationalError as error:
        CONSOLE.print(f"[red]The database does not answer: {str(error).strip()}[/]")
        sys.exit(1)
    except KeyboardInterrupt:
        os._exit(130)


if __name__ == "__main__":
    main()
