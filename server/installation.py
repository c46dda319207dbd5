"""`onemap up`: a real start on the private cluster. No account, key or secret that anybody knows beforehand."""

from __future__ import annotations

import getpass
import os
import sys
from pathlib import Path

from rich.console import Console

from onemap.core.errors import SetupError
from onemap.core.policy import Role
from onemap.core.settings import Settings
from onemap.store import account
from onemap.store.cluster import Cluster
from onemap.store.db import acting, connect
from server import broker
from server.ports import HeldPort
from server.secret import folder_secrets
from server.supervisor import Supervisor, python, stop_on_signals

CONSOLE = Console(highlight=False, soft_wrap=True)


def run_installation(settings: Settings, dsn: str) -> None:
    """Ask for an administrator if there is none, then keep broker, server and worker up until Ctrl-C."""
    ask_for_administrator(dsn)
    stop = stop_on_signals()
    home = settings.home_path
    environment = {
        "ONEMAP_HOME": str(home),
        "PYTHONPATH": os.pathsep.join(
            [str(Path(__file__).resolve().parent.parent), os.environ.get("PYTHONPATH", "")]
        ).rstrip(os.pathsep),
    }
    supervisor = Supervisor(home / "log", on_event=CONSOLE.print)
    try:
        if not settings.mqtt.host:
            port = HeldPort(settings.port + 1883)
            secrets = folder_secrets(home)
            config = broker.write_config(
                home / "broker",
                port.number,
                {broker.WORKER: secrets["mqtt_worker"], broker.SIMULATOR: secrets["mqtt_simulator"]},
            )
            supervisor.add("broker", [broker.program(), "-c", str(config)])
            environment |= {"ONEMAP_MQTT__HOST": "127.0.0.1", "ONEMAP_MQTT__PORT": str(port.number)}
        supervisor.add("server", python("-m", "server.cli", "serve"), environment)
        supervisor.add("worker", python("-m", "server.cli", "worker"), environment)
        CONSOLE.print(f"一张图 / One map: http://{settings.host}:{settings.port}   data {home}   Ctrl-C stops")
        supervisor.watch(stop)
    finally:
        supervisor.stop()
        if not settings.database_url:
            Cluster(home).stop()


def ask_for_administrator(dsn: str) -> None:
    """Make the first account from ONEMAP_ADMIN_LOGIN and ONEMAP_ADMIN_PASSWORD, or by asking.

    Raises SetupError when there is no account, nobody to ask, and nothing given.
    """
    with connect(dsn) as conn:
        row = conn.execute("SELECT EXISTS (SELECT 1 FROM account WHERE enabled) AS yes").fetchone()
        if row and row["yes"]:
            return
        login, password = os.environ.get("ONEMAP_ADMIN_LOGIN", ""), os.environ.get("ONEMAP_ADMIN_PASSWORD", "")
        if not (login and password):
            if not sys.stdin.isatty():
                raise SetupError(
                    "There is no account yet, and nobody to ask. Set ONEMAP_ADMIN_LOGIN and ONEMAP_ADMIN_PASSWORD for "
                    "the first start, or type: bin/onemap admin create-account LOGIN --role operator",
                    reason="no-account",
                )
            CONSOLE.print("第一次启动：请为管理员席位设账号 / first start: an account for the administrator's post")
            login = input("login: ").strip()
            password = getpass.getpass("password: ")
            if getpass.getpass("again: ") != password:
                raise SetupError("The two passwords differ; nothing was made.", reason="password")
        with acting(conn, "setup"):
            account.create_account(conn, login, "管理员席", Role.OPERATOR, password)
