"""Secrets of one data folder: made at random the first time, in a file that only its owner reads."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from pathlib import Path

from pydantic import SecretStr

from onemap.core.settings import MqttSettings, Settings

NAMES = ("secret_key", "mqtt_worker", "mqtt_simulator")


def folder_secrets(home: Path) -> dict[str, str]:
    """The secrets of a data folder; those that are missing are made and kept. Safe when two processes start at once."""
    home.mkdir(parents=True, exist_ok=True)
    path = home / "secrets.json"
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(handle, "r+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        text = file.read()
        found: dict[str, str] = json.loads(text) if text else {}
        missing = [name for name in NAMES if name not in found]
        if missing:
            found.update({name: secrets.token_urlsafe(32) for name in missing})
            file.seek(0)
            file.truncate()
            json.dump(found, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
    return found


def remember(home: Path, name: str, value: str) -> None:
    """Keep one more secret in the data folder."""
    found = folder_secrets(home) | {name: value}
    path = home / "secrets.json"
    fresh = path.with_suffix(".new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(found, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def with_secrets(settings: Settings) -> Settings:
    """Settings in which the data folder's own secrets stand where none were given."""
    found = folder_secrets(settings.home_path)
    mqtt = settings.mqtt
    if mqtt.host and not mqtt.password.get_secret_value():
        mqtt = MqttSettings(**{**mqtt.model_dump(), "password": SecretStr(found["mqtt_worker"])})
    key = settings.secret_key if settings.secret_key.get_secret_value() else SecretStr(found["secret_key"])
    return settings.model_copy(update={"secret_key": key, "mqtt": mqtt})
