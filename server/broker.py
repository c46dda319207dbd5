"""A private Mosquitto for one data folder: loopback only, passwords only, queues on disk."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from onemap.core.errors import SetupError

WORKER = "onemap"
SIMULATOR = "simulator"


def program() -> str:
    """The path of mosquitto, which Debian keeps outside a user's PATH."""
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise SetupError("Mosquitto is not installed. Type: apt-get install mosquitto", reason="no-mosquitto")
    return found


def write_config(folder: Path, port: int, passwords: dict[str, str]) -> Path:
    """Write the broker's configuration, access list and password file. Returns the configuration's path."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    users = folder / "passwords"
    users.unlink(missing_ok=True)
    users.touch(mode=0o600)
    tool = shutil.which("mosquitto_passwd") or shutil.which("mosquitto_passwd", path="/usr/bin:/usr/sbin")
    if tool is None:
        raise SetupError("mosquitto_passwd is not installed. Type: apt-get install mosquitto", reason="no-mosquitto")
    for user, password in passwords.items():
        subprocess.run([tool, "-b", str(users), user, password], check=True, capture_output=True, timeout=20)
    access = folder / "access"
    access.write_text(
        f"user {WORKER}\ntopic readwrite #\n\nuser {SIMULATOR}\ntopic write onemap/#\ntopic write thing/product/#\n"
    )
    access.chmod(0o600)
    config = folder / "mosquitto.conf"
    lines = [
        f"listener {port} 127.0.0.1",
        "allow_anonymous false",
        f"password_file {users}",
        f"acl_file {access}",
        "persistence true",
        f"persistence_location {folder}/",
        "autosave_interval 10",
        # A worker that is away must find what was published meanwhile: about an hour of a busy district.
        "max_queued_messages 500000",
        "max_inflight_messages 500",
        "persistent_client_expiration 14d",
        "log_dest stderr",
        "log_type error",
        "log_type warning",
        "log_type notice",
    ]
    if os.geteuid() == 0:
        # Otherwise it becomes the `mosquitto` user, which cannot enter a 0700 home.
        lines.append("user root")
    config.write_text("\n".join(lines) + "\n")
    return config
