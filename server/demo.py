"""`onemap demo`: the live one map of the demo city, from nothing, in one data folder."""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
from rich.console import Console

from demo.city import build
from etl.importer import import_city
from onemap.core import catalogue
from onemap.core.errors import Conflict, SetupError, Unavailable
from onemap.core.policy import Role
from onemap.core.settings import Settings
from onemap.heat import service as heat
from onemap.heat.hazard import declared
from onemap.layers import LAYERS
from onemap.store import account
from onemap.store.cluster import Cluster
from onemap.store.db import Connection, acting, connect
from onemap.store.migrate import migrate
from onemap.warnings.calling.desk import put as put_duties
from onemap.warnings.calling.roster import Duty
from onemap.warnings.rules import book
from onemap.warnings.rules.dryrun import dry_run
from server import broker, ruling
from server.ports import HeldPort
from server.secret import folder_secrets, remember
from server.supervisor import Supervisor, python, stop_on_signals

CONSOLE = Console(highlight=False, soft_wrap=True)
DEMO_ACCOUNTS = (
    ("command", "指挥席", Role.COMMAND),
    ("planner", "网格规划席", Role.PLANNER),
    ("operator", "运维席", Role.OPERATOR),
    ("viewer", "观摩席", Role.VIEWER),
)
#: Share of alerts that the simulated teams leave unanswered.
SILENT = "ONEMAP_DEMO_SILENT"
#: Deadlines that a visitor can wait for, where nothing else is set: a minute a rung, ten to the second confirmation.
_CALLS = {
    "ONEMAP_CALLS__ANSWER_S": "60",
    "ONEMAP_CALLS__AGAIN_S": "60",
    "ONEMAP_CALLS__SECOND_S": "600",
    "ONEMAP_CALLS__REPORT_S": "900",
}
_MARK = "demo-folder"
#: Rules that are on in the demo: what its thresholds, each on one reading, cannot say.
RULES = ("geohazard-rain-crack", "feed-silent")
_WAIT_S = 60.0
_END_S = 10.0


def run_demo(settings: Settings, *, scenario: str, scale: int, speed: float, simulate: bool = True) -> None:
    """Bring the demo up and keep it up until Ctrl-C. Raises SetupError when the folder belongs to something else."""
    home = settings.home_path
    if settings.database_url:
        raise SetupError("The demo runs on a cluster of its own: unset ONEMAP_DATABASE_URL.", reason="demo-database")
    stop = stop_on_signals()
    with _only_one(home):
        ports = _ports(home, settings)  # before the city is made: a port that is taken is told at once
        cluster = Cluster(home)
        _say("数据库 / database")
        cluster.start()
        try:
            first = prepare(settings, cluster, scale=scale)
            _serve(settings, cluster, ports, stop, scenario=scenario, speed=speed, first=first, simulate=simulate)
        finally:
            _say("停止 / stopping")
            cluster.stop()


def prepare(settings: Settings, cluster: Cluster, *, scale: int) -> bool:
    """Migrate, and seed the city if the folder has none. Returns whether this was the first time."""
    home = settings.home_path
    catalogue.use(home)  # before anything is made: a file that cannot be used is told at once
    cluster.ensure_database()
    migrate(cluster.dsn(), LAYERS)
    mark = home / _MARK
    with connect(cluster.dsn()) as conn:
        taken = conn.execute("SELECT EXISTS (SELECT 1 FROM account) AS yes").fetchone()
        if not mark.exists() and taken and taken["yes"]:
            raise SetupError(
                f"{home} holds a real installation; the demo makes accounts that everybody knows and will not do so "
                "there. Type: ONEMAP_HOME=/another/folder make demo",
                reason="not-demo",
            )
        # Said in the transaction that ends the seeding: an interrupted one starts over, and changes nothing twice.
        seeded = conn.execute("SELECT EXISTS (SELECT 1 FROM city WHERE demo) AS yes").fetchone()
    mark.touch()
    if seeded and seeded["yes"]:
        return False
    _seed(settings, cluster, scale=scale)
    return True


def _seed(settings: Settings, cluster: Cluster, *, scale: int) -> None:
    home = settings.home_path
    folder = home / "city"
    if not (folder / "city.json").exists():
        with CONSOLE.status(f"演示城区：{scale} 栋建筑 / building the demo city") as status:
            this_hour = datetime.now(ZoneInfo("Asia/Shanghai")).replace(minute=0, second=0, microsecond=0)
            build(
                folder,
                scale=scale,
                anchor=this_hour,
                progress=lambda text, share: status.update(f"演示城区：{text} {share:.0%}"),
            )
    with CONSOLE.status("入库 / importing through the pipeline") as status:
        import_city(settings, folder, progress=lambda text: status.update(f"入库：{text}"))
    declared.use(settings.home_path, settings.zone)
    with CONSOLE.status("热力与风险 / heat and risk"), connect(cluster.dsn(), autocommit=True) as conn:
        for step in (heat.follow, heat.refresh_risk):
            working = True
            while working:
                with conn.transaction():
                    working = step(conn) > 0
    with connect(cluster.dsn()) as conn, acting(conn, "demo"):
        conn.execute("UPDATE city SET demo = true")
        _rosters(folder, conn)
        _rules(settings, conn)
        _accounts(settings, conn)


def _rules(settings: Settings, conn: Connection) -> None:
    """Try the demo's rules against its past and switch them on; the others wait for somebody to do so."""
    ruling.sync(conn, settings)
    for key in RULES:
        rule, version = book.rule_of(conn, key)
        dry_run(conn, rule, ruling.around(settings.zone), days=7)
        book.tried(conn, key, version)
        book.switch(conn, key, True, "demo", settings.cases)


def _rosters(folder: Path, conn: Connection) -> None:
    if conn.execute("SELECT 1 FROM duty LIMIT 1").fetchone():
        return
    rows = json.loads((folder / "rosters.json").read_text(encoding="utf-8"))
    put_duties(
        conn,
        [
            (row["org_code"], Duty(row["team_key"], row["rank"], "weekly", tuple(row["weekdays"]), row["hours"]))
            for row in rows
        ],
    )


def _accounts(settings: Settings, conn: Connection) -> None:
    known = {row["login"] for row in conn.execute("SELECT login FROM account").fetchall()}
    for login, title, role in DEMO_ACCOUNTS:
        if login not in known:
            account.create_account(conn, login, title, role, f"demo-{login}")
    # A post signs in under its team's key: team01 to team30, and the duty desks watch-<code>.
    for team in conn.execute("SELECT key, name FROM team ORDER BY key").fetchall():
        if team["key"] not in known:
            account.create_account(conn, team["key"], team["name"], Role.TEAM, "demo-team", team_key=team["key"])
    if not conn.execute("SELECT 1 FROM api_key WHERE name = 'simulator'").fetchone():
        key = account.create_api_key(conn, "simulator", Role.VIEWER, layers=[], feeds=["incident", "iot", "geohazard"])
        remember(settings.home_path, "simulator_api_key", key)


def _serve(
    settings: Settings,
    cluster: Cluster,
    ports: dict[str, HeldPort],
    stop: threading.Event,
    *,
    scenario: str,
    speed: float,
    first: bool,
    simulate: bool,
) -> None:
    home = settings.home_path
    secrets = folder_secrets(home)
    mqtt, geohazard = ports["mqtt"].number, ports["geohazard"].number
    config = broker.write_config(
        home / "broker",
        mqtt,
        {broker.WORKER: secrets["mqtt_worker"], broker.SIMULATOR: secrets["mqtt_simulator"]},
    )
    environment = {
        "ONEMAP_HOME": str(home),
        "ONEMAP_HOST": settings.host,
        "ONEMAP_PORT": str(settings.port),
        "ONEMAP_MQTT__HOST": "127.0.0.1",
        "ONEMAP_MQTT__PORT": str(mqtt),
        "ONEMAP_FEEDS__GEOHAZARD_URL": f"http://127.0.0.1:{geohazard}/geohazard.json",
        "ONEMAP_FEEDS__DROP_FOLDER": str(home / "drop"),
        **{name: os.environ.get(name, value) for name, value in _CALLS.items()},
        "PYTHONPATH": os.pathsep.join([str(_root()), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep),
    }
    (home / "drop").mkdir(exist_ok=True)
    supervisor = Supervisor(home / "log", on_event=lambda text: CONSOLE.print(f"  [yellow]{text}[/]"))
    try:
        _say("消息代理、服务、工作进程 / broker, server, worker")
        supervisor.add("broker", [broker.program(), "-c", str(config)])
        supervisor.add("server", python("-m", "server.cli", "serve"), environment)
        supervisor.add("worker", python("-m", "server.cli", "worker"), environment)
        url = f"http://{settings.host}:{settings.port}"
        _wait_healthy(url, supervisor, stop)
        if simulate and not stop.is_set():
            command = ["-m", "demo.simulator", "--url", url, "--mqtt-host", "127.0.0.1"]
            command += ["--mqtt-port", str(mqtt), "--mqtt-user", broker.SIMULATOR]
            command += ["--city", str(home / "city"), "--scenario", scenario, "--speed", str(speed)]
            command += ["--serve-port", str(geohazard), "--journal", str(home / "log" / "journal.jsonl")]
            command += ["--silent", os.environ.get(SILENT, "0.3")]
            supervisor.add(
                "simulator",
                python(*command),
                environment
                | {
                    "ONEMAP_SIM_API_KEY": secrets.get("simulator_api_key", ""),
                    "ONEMAP_SIM_MQTT_PASSWORD": secrets["mqtt_simulator"],
                },
            )
        if not stop.is_set():
            _welcome(url, home, scenario, mqtt, first=first)
        supervisor.watch(stop, each=lambda: _keep_cluster(cluster))
    finally:
        supervisor.stop()


def _keep_cluster(cluster: Cluster) -> None:
    """Start the cluster again if somebody killed it: what was committed is there."""
    pid_file = cluster.data.resolve() / "postmaster.pid"
    try:
        pid = int(pid_file.read_text().split()[0])
        os.kill(pid, 0)
    except (OSError, ValueError, IndexError):
        CONSOLE.print("  [yellow]数据库退出，正在重启 / the cluster ended, restarting[/]")
        try:
            cluster.start()
        except Unavailable as error:
            CONSOLE.print(f"  [red]{error.message}[/]")


def _wait_healthy(url: str, supervisor: Supervisor, stop: threading.Event) -> None:
    deadline = time.monotonic() + _WAIT_S
    while not stop.is_set():
        for child in supervisor.children:
            if child.process is not None and child.process.poll() is not None:
                tail = (supervisor.log_folder / f"{child.name}.log").read_text(errors="replace")[-1500:]
                raise Unavailable(f"{child.name} ended at once:\n{tail}")
        try:
            if httpx.get(f"{url}/health", timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        if time.monotonic() > deadline:
            raise Unavailable(f"The server does not answer at {url}; see {supervisor.log_folder}/server.log")
        stop.wait(0.1)


def _welcome(url: str, home: Path, scenario: str, mqtt_port: int, *, first: bool) -> None:
    CONSOLE.print()
    CONSOLE.print(f"  [bold]云岭区 一张图 / One map[/]   [bold cyan]{url}[/]")
    CONSOLE.print()
    CONSOLE.print("  账号 / accounts   " + "  ".join(f"{login} / demo-{login}" for login, _, _ in DEMO_ACCOUNTS))
    CONSOLE.print("  队伍 / teams      team01 … team30 / demo-team")
    CONSOLE.print(f"  场景 / scenario   {scenario}      数据 / data   {home}      MQTT 127.0.0.1:{mqtt_port}")
    CONSOLE.print()
    CONSOLE.print("  先试 / try first")
    CONSOLE.print(
        "   1. 用 command 登录，等两三分钟：暴雨起，裂缝计越限，横幅出现 / sign in as command, wait for the banner"
    )
    CONSOLE.print("   2. 点「看原因」，再点「确认」 / open the why panel, confirm")
    CONSOLE.print("   3. 手机宽度用 team01 登录，确认收到 / sign in as team01 at phone width, acknowledge")
    CONSOLE.print("   4. bin/onemap import 你的文件 / your own OSM, GeoJSON, CSV, GPX, GeoTIFF")
    CONSOLE.print()
    CONSOLE.print("  Ctrl-C 停止，数据保留 / stops everything, keeps the data")


def _ports(home: Path, settings: Settings) -> dict[str, HeldPort]:
    """The server's, the broker's and the simulator's ports, held for this start.

    The last two are remembered, and changed when somebody else took them. Raises Conflict when the first is taken.
    """
    path = home / "ports.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    # After a kill -9 of the last start its children may listen for a moment longer.
    deadline = time.monotonic() + _END_S if known else 0.0
    server = HeldPort(settings.port, deadline=deadline)
    if server.number != settings.port:
        raise Conflict(f"Port {settings.port} is taken. Type: make demo PORT={settings.port + 1}", reason="port")
    ports = {
        "mqtt": HeldPort(known.get("mqtt", settings.port + 1883), deadline=deadline),
        "geohazard": HeldPort(known.get("geohazard", settings.port + 1884), deadline=deadline),
    }
    path.write_text(json.dumps({name: port.number for name, port in ports.items()}))
    return {"server": server, **ports}


@contextmanager
def _only_one(home: Path) -> Iterator[None]:
    """One demo for each data folder at a time."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "demo.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(f"A demo is running already on {home}.", reason="running") from None
        yield


def _root() -> Path:
    return Path(__file__).resolve().parent.parent


def _say(text: str) -> None:
    CONSOLE.print(f"[dim]·[/] {text}")
